"""Where the members of a wheel are put (binary distribution format, "Installing a wheel"; pip: install/wheel.py)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from safeinstall.facts import Layout

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

_LIBRARIES = frozenset({"purelib", "platlib"})
_SITE_PACKAGES = re.compile(r"(?:.*/)?(?:site|dist)-packages/(.+)", re.IGNORECASE)
_SCRIPTS = re.compile(r"(?:bin|scripts)/(.+)", re.IGNORECASE)
_DIST_INFO = re.compile(r"[^/]+\.dist-info/", re.IGNORECASE)
_ENTRY_POINTS = re.compile(r"[^/]+\.dist-info/entry_points\.txt")
_COMMAND_GROUPS = frozenset({"console_scripts", "gui_scripts"})


def is_read_for_layout(member: str) -> bool:
    """Whether the text of *member* says where something goes, or what runs at the start of an interpreter."""
    return _ENTRY_POINTS.fullmatch(member) is not None or member.lower().endswith(".pth")


def wheel_layout(members: Iterable[str], texts: Mapping[str, bytes]) -> Layout:
    """Return where the files of a wheel go; *texts* are those of which :func:`is_read_for_layout` holds."""
    modules, scripts, data, startup = {}, {}, [], {}
    for member in members:
        where, path = _place(member)
        if where == "scripts":
            scripts[path] = ""
        elif where == "data":
            data.append(path)
        elif not _DIST_INFO.match(path):
            modules[path] = member
            if member in texts and "/" not in path:
                startup[path] = texts[member].decode("utf-8", "replace")
    for member, text in texts.items():
        if _ENTRY_POINTS.fullmatch(member):
            scripts |= dict(_commands(text.decode("utf-8", "replace")))
    return Layout(modules=modules, scripts=scripts, data=tuple(data), startup=startup)


def _place(member: str) -> tuple[str, str]:
    """Return one of ``modules``, ``scripts`` and ``data``, and the path there."""
    top, _, rest = member.partition("/")
    if not top.endswith(".data") or not rest:
        return "modules", member
    scheme, _, path = rest.partition("/")
    if scheme in _LIBRARIES:
        return "modules", path
    if scheme != "data":
        return ("scripts", path) if scheme == "scripts" else ("data", rest)
    if match := _SITE_PACKAGES.fullmatch(path):
        return "modules", match[1]
    match = _SCRIPTS.fullmatch(path)
    return ("scripts", match[1]) if match else ("data", path)


def _commands(entry_points: str) -> Iterator[tuple[str, str]]:
    """Yield the commands of an ``entry_points.txt``, read as an INI file in which ``=`` alone separates."""
    group = ""
    for raw in entry_points.splitlines():
        line = raw.strip()
        if line.startswith("["):
            group = line.strip("[] \t")
        elif group in _COMMAND_GROUPS and "=" in line and not line.startswith(("#", ";")):
            name, _, target = line.partition("=")
            yield name.strip(), target.strip()
