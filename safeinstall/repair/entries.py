"""One requirement in a file, and where it stands."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from safeinstall.repair.specifiers import is_editable, respecify

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from packaging.specifiers import SpecifierSet
    from packaging.utils import NormalizedName
    from packaging.version import Version

    from safeinstall.ports import ListedFile

_NAMED = re.compile(r"\s*[A-Za-z0-9][A-Za-z0-9._-]*\s*(?:\[[^\]\n]*\])?\s*\(?")


@dataclass(frozen=True, slots=True)
class Span:
    """A part of a text."""

    start: int
    end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A pinned or capped requirement, and what of the text speaks of its version."""

    name: NormalizedName
    specifier: SpecifierSet
    text: str
    """The requirement as written."""
    where: Span
    """Of the specifier."""
    hashes: Span | None = None
    """From the first ``--hash`` to the last; ``None`` when its files are not held to any."""
    separator: str = " "
    """What stands between two hashes."""


@dataclass(frozen=True, slots=True)
class Change:
    """A version that a project moves to, and those of its files of which the index publishes a sha256."""

    version: Version
    files: tuple[ListedFile, ...] = ()

    @property
    def hashes(self) -> tuple[str, ...]:
        """The sha256 of each file, in hex digits, sorted."""
        return tuple(sorted({file.hashes["sha256"] for file in self.files}))


def parse_entry(text: str, offset: int) -> Entry | None:
    """Return the entry of the requirement *text*, which stands at *offset*; ``None`` for one that is not editable."""
    try:
        requirement = Requirement(text.strip())
    except InvalidRequirement:
        return None
    named = _NAMED.match(text)
    if requirement.url or named is None or not is_editable(requirement.specifier):
        return None
    end = re.search(r"\s*(?:\)|;|$)", text[named.end() :])
    where = Span(offset + named.end(), offset + named.end() + (end.start() if end else 0))
    name = canonicalize_name(requirement.name)
    return Entry(name=name, specifier=requirement.specifier, text=text.strip(), where=where)


def edit(text: str, entries: Iterable[Entry], changes: Mapping[NormalizedName, Change]) -> str:
    """Return *text* with the versions and hashes of *changes*, and everything else as it was."""
    replaced = [part for entry in entries if entry.name in changes for part in _parts(text, entry, changes[entry.name])]
    for where, new in sorted(replaced, key=lambda part: part[0].start, reverse=True):
        text = text[: where.start] + new + text[where.end :]
    return text


def _parts(text: str, entry: Entry, change: Change) -> Sequence[tuple[Span, str]]:
    new = respecify(text[entry.where.start : entry.where.end], change.version)
    if entry.hashes is None:
        return [(entry.where, new)]
    hashes = entry.separator.join(f"--hash=sha256:{digest}" for digest in change.hashes)
    return [(entry.where, new), (entry.hashes, hashes)]
