"""``pyproject.toml``: dependencies (PEP 621) and dependency groups (PEP 735) that are pinned or capped."""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING, Any

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from safeinstall.edit.entries import Entry, parse_entry

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

if TYPE_CHECKING:
    from collections.abc import Iterator

_TABLE = re.compile(r"^[ \t]*\[\[?[ \t]*([^\]\n]+?)[ \t]*\]\]?[ \t]*(?:#[^\n]*)?$", re.MULTILINE)
_HOLDS = re.compile(r"project(\s*\.\s*[\"']?optional-dependencies[\"']?)?|[\"']?dependency-groups[\"']?")
_STRING = re.compile(r"#[^\n]*|\"((?:[^\"\\\n]|\\.)*)\"|'([^'\n]*)'")


def read_requirement_texts(text: str) -> list[str]:
    """Return every requirement that *text* lists, once each, but for those on extras of the project itself.

    Raises ``ValueError`` for what is not TOML or breaks the standards.
    """
    data = tomllib.loads(text)
    project, groups = _table(data, "project"), _table(data, "dependency-groups")
    lists = [project.get("dependencies", []), *_table(project, "optional-dependencies").values(), *groups.values()]
    texts = [item for listed in lists if isinstance(listed, list) for item in listed if isinstance(item, str)]
    own = canonicalize_name(str(project.get("name", "")))
    return [found for found in dict.fromkeys(texts) if _name(found) != own]


def _table(data: dict[str, Any], key: str) -> dict[str, Any]:
    found = data.get(key, {})
    if not isinstance(found, dict):
        raise TypeError(f"[{key}] is not a table")
    return found


def _name(text: str) -> str:
    try:
        return canonicalize_name(Requirement(text).name)
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
