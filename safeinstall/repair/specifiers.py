"""The smallest change of a specifier that lets another version in."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from packaging.specifiers import InvalidSpecifier, Specifier, SpecifierSet
from packaging.version import Version

if TYPE_CHECKING:
    from collections.abc import Callable

PINS = frozenset({"==", "===", "~=", "<", "<="})
"""The operators that keep newer versions out."""
_CLAUSE = re.compile(r"(===|==|~=|!=|<=|>=|<|>)(\s*)([^\s,;()]+)")


def is_editable(specifier: SpecifierSet) -> bool:
    """Whether *specifier* is pinned or capped: only then is it what keeps a better version out."""
    return any(clause.operator in PINS for clause in specifier)


def respecify(text: str, version: Version) -> str:
    """Return the specifier *text* with each clause that keeps *version* out changed to let it in.

    A pin names the new version; a bound moves just past it, with as many numbers as it had. Spaces and the clauses that
    let *version* in stay.
    """
    return _CLAUSE.sub(lambda found: _clause(found[1], found[2], found[3], version), text)


def _clause(operator: str, space: str, old: str, version: Version) -> str:
    if _admits(f"{operator}{old}", version) and not _is_pin(operator, old):
        return f"{operator}{space}{old}"
    return f"{operator}{space}{_MOVED[operator](old, version)}"


def _is_pin(operator: str, old: str) -> bool:
    return operator in {"==", "==="} and not old.endswith(".*")


def _admits(clause: str, version: Version) -> bool:
    try:
        return Specifier(clause).contains(version, prereleases=True)
    except InvalidSpecifier:
        return False


def _pinned(old: str, version: Version) -> str:
    return f"{_cut(version, old.count('.'))}.*" if old.endswith(".*") else str(version)


def _cut(version: Version, length: int) -> str:
    """Return the first *length* numbers of *version*, zeros added."""
    numbers = [*version.release, *([0] * length)][:length]
    epoch = f"{version.epoch}!" if version.epoch else ""
    return epoch + ".".join(map(str, numbers))


def _compatible(old: str, version: Version) -> str:
    return _cut(version, max(2, len(Version(old).release)))


def _above(old: str, version: Version) -> str:
    """Return the lowest bound above *version* that has as many numbers as *old*, trailing zeros aside."""
    written = len(Version(old).release)
    meant = len(str(old).rstrip("0").rstrip(".").split(".")) if written > 1 else 1
    numbers = list(map(int, _cut(version, meant).rpartition("!")[2].split(".")))
    numbers[-1] += 1
    epoch = f"{version.epoch}!" if version.epoch else ""
    return epoch + ".".join(map(str, [*numbers, *([0] * (written - meant))]))


def _itself(_: str, version: Version) -> str:
    return str(version)


def _kept(old: str, _: Version) -> str:
    """``!=`` and ``>`` speak of versions that somebody ruled out: the choice is not ours to take back."""
    return old


_MOVED: dict[str, Callable[[str, Version], str]] = {
    "==": _pinned,
    "===": _itself,
    "~=": _compatible,
    "<": _above,
    "<=": _itself,
    ">=": _itself,
    "!=": _kept,
    ">": _kept,
}
