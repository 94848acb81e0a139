"""``pyproject.toml``: dependencies (PEP 621) and dependency groups (PEP 735) that are pinned or capped."""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from safeinstall.repair.entries import Entry, parse_entry

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_TABLE = re.compile(r"^[ \t]*\[\[?[ \t]*([^\]\n]+?)[ \t]*\]\]?[ \t]*(?:#[^\n]*)?$", re.MULTILINE)
_HOLDS = re.compile(r"project(\s*\.\s*[\"']?optional-dependencies[\"']?)?|[\"']?dependency-groups[\"']?")
_STRING = re.compile(r"#[^\n]*|\"((?:[^\"\\\n]|\\.)*)\"|'([^'\n]*)'")


def read_requirement_texts(text: str) -> list[str]:
    """Return every requirement that *text* lists, once each, but for those on extras of the project itself.

    Raises ``ValueError`` for what is not TOML or breaks the standards.
    """
    lists = _lists(text)
    listed = [item for items in (*lists.extras.values(), *lists.groups.values()) for item in items]
    texts = dict.fromkeys(item for item in listed if isinstance(item, str))
    return [text for text in texts if _requirement(text)[0] != lists.own]


def what_only_a_build_tells(text: str) -> str:
    """Return which requirements of the project *text* leaves to its build (``dynamic``, PEP 621); empty if none.

    Without ``[project]`` that is all of what is built at all; a file may be there for the settings of tools alone.
    """
    data = tomllib.loads(text)
    if "project" not in data:
        return "dependencies" if "build-system" in data else ""
    dynamic = _table(data, "project").get("dynamic")
    declared = dynamic if isinstance(dynamic, list) else []
    return " and ".join(key for key in ("dependencies", "optional-dependencies") if key in declared)


def read_parts(text: str) -> dict[str, tuple[str, ...]]:
    """Map what can be installed by itself to its requirements: ``extra cpu``, with the dependencies, and ``group dev``.

    A project without extras has ``dependencies``. Raises as :func:`read_requirement_texts`.
    """
    lists = _lists(text)
    extras = [extra for extra in lists.extras if extra] or [_DEPENDENCIES]
    parts = {f"extra {extra}" if extra else "dependencies": lists.of_extras(extra) for extra in extras}
    parts |= {f"group {group}": lists.of_group(group) for group in lists.groups}
    return {name: tuple(dict.fromkeys(texts)) for name, texts in parts.items() if texts}


_DEPENDENCIES = ""
"""Stands for the dependencies among the extras."""


@dataclass(frozen=True, slots=True)
class _Lists:
    own: str
    """The name of the project, normalised."""
    extras: dict[str, list[Any]]
    groups: dict[str, list[Any]]

    def of_extras(self, *names: str, seen: frozenset[str] = frozenset()) -> list[str]:
        """Return the dependencies and those of extras, the extras that these name in turn included."""
        wanted = [name for name in (_DEPENDENCIES, *names) if name not in seen]
        items = [item for name in wanted for item in self.extras.get(name, ())]
        return [text for item in items for text in self._of_item(item, seen | {*wanted})]

    def of_group(self, name: str, seen: frozenset[str] = frozenset()) -> list[str]:
        """Return the requirements of a dependency group, the groups that it includes included (PEP 735)."""
        if name in seen:
            return []
        found = []
        for item in self.groups.get(name, ()):
            included = _included_group(item)
            found += self._of_item(item, frozenset()) if included is None else self.of_group(included, seen | {name})
        return found

    def _of_item(self, item: object, seen: frozenset[str]) -> list[str]:
        if not isinstance(item, str):
            return []
        name, extras = _requirement(item)
        return self.of_extras(*extras, seen=seen) if name == self.own else [item]


def _lists(text: str) -> _Lists:
    data = tomllib.loads(text)
    project, groups = _table(data, "project"), _table(data, "dependency-groups")
    dependencies = (_DEPENDENCIES, project.get("dependencies", []))
    extras = _normalised(dependencies, *_table(project, "optional-dependencies").items())
    included = _normalised(*groups.items(), also=_included_group)
    if unknown := {_included_group(item) for items in included.values() for item in items} - {None, *included}:
        raise ValueError(f"a dependency group includes {min(map(str, unknown))!r}, which is none")
    if not isinstance(project.get("dynamic", []), list):
        raise TypeError("dynamic is not a list")
    return _Lists(canonicalize_name(str(project.get("name", ""))), extras, included)


def _normalised(*lists: tuple[str, Any], also: Callable[[object], object] = lambda _: None) -> dict[str, list[Any]]:
    """Return *lists* by normalised name. They hold strings, and that of which *also* tells something.

    Raises ``TypeError`` for anything else, and ``ValueError`` for two lists of one name: no requirement is passed over.
    """
    found: dict[str, list[Any]] = {}
    for name, listed in lists:
        if not isinstance(listed, list) or not all(isinstance(item, str) or also(item) is not None for item in listed):
            raise TypeError(f"{name or 'dependencies'} is not a list of requirements")
        if canonicalize_name(name) in found:
            raise ValueError(f"there are two lists called {canonicalize_name(name)!r}")
        found[canonicalize_name(name)] = listed
    return found


def _included_group(item: object) -> str | None:
    """Return which group an entry of another includes (PEP 735), if it does that."""
    included = item.get("include-group") if isinstance(item, dict) and len(item) == 1 else None
    return canonicalize_name(included) if isinstance(included, str) else None


def _table(data: dict[str, Any], key: str) -> dict[str, Any]:
    found = data.get(key, {})
    if not isinstance(found, dict):
        raise TypeError(f"[{key}] is not a table")
    return found


def _requirement(text: str) -> tuple[str, list[str]]:
    try:
        requirement = Requirement(text)
        return canonicalize_name(requirement.name), sorted(map(canonicalize_name, requirement.extras))
    except InvalidRequirement as error:
        raise ValueError(f"{text!r} is not a requirement (PEP 508)") from error


def read_pyproject(text: str) -> list[Entry]:
    """Return the entries of a ``pyproject.toml``: strings, in the tables that hold requirements, that are listed."""
    listed = frozenset(read_requirement_texts(text))
    return [entry for place, string in _strings(text) if string in listed and (entry := parse_entry(string, place))]


def _strings(text: str) -> Iterator[tuple[int, str]]:
    """Yield the strings without escapes in the tables that hold requirements. An escape only hides a string from us."""
    tables = [(0, ""), *((found.end(), found[1]) for found in _TABLE.finditer(text))]
    ends = [start for start, _ in tables[1:]] + [len(text)]
    for (start, name), end in zip(tables, ends, strict=True):
        for found in _STRING.finditer(text, start, end) if _HOLDS.fullmatch(name) else ():
            group = 1 if found[1] is not None else 2
            if found[group]:
                yield found.start(group), found[group]
