"""Where the members of a wheel are put (binary distribution format, "Installing a wheel"; pip: install/wheel.py)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from safeinstall.facts.values import Layout
from safeinstall.facts.wheels.command_names import UnclearError, is_plain
from safeinstall.facts.wheels.entry_points import read_commands
from safeinstall.facts.wheels.file_names import folded

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

_LIBRARIES = frozenset({"purelib", "platlib"})
_SCHEMES = _LIBRARIES | {"headers", "scripts", "data"}
_SITE_PACKAGES = frozenset({"site-packages", "dist-packages"})
_SCRIPTS = frozenset({"bin", "scripts"})
_DIST_INFO = re.compile(r"[^/]+\.dist-info/", re.IGNORECASE)
_ENTRY_POINTS = re.compile(r"[^/]+\.dist-info/entry_points\.txt")


def is_read_for_layout(member: str) -> bool:
    """Whether the text of *member* says where something goes, or what runs at the start of an interpreter."""
    return _ENTRY_POINTS.fullmatch(member) is not None or member.lower().endswith(".pth")


def wheel_layout(members: Iterable[str], texts: Mapping[str, bytes]) -> Layout:
    """Return where the files of a wheel go; *texts* are those of which :func:`is_read_for_layout` holds.

    Raises:
        UnclearError: it cannot be said of a file or a command, or pip fails to put it there.
    """
    modules, scripts, data, startup = {}, dict[str, str](), [], dict[str, str]()
    for member in members:
        where, path = _place(member)
        if where == "scripts":
            scripts[path] = ""
        elif where == "data":
            data.append(path)
            startup |= _path_file(path, member, texts)
        elif not _DIST_INFO.match(path):
            modules[path] = member
            startup |= _path_file(path, member, texts)
    for member, text in texts.items():
        if _ENTRY_POINTS.fullmatch(member):
            scripts |= _commands(text, scripts)
    return Layout(modules=modules, scripts=scripts, data=tuple(data), startup=startup)


def _path_file(path: str, member: str, texts: Mapping[str, bytes]) -> dict[str, str]:
    """Return the text of what is a ``.pth`` file at *path*, below the library or the root of the environment.

    That is a library as well: on Windows, and with ``--target`` (Python: site.py; pip: ``_handle_target_dir``).
    """
    return {path: texts[member].decode("utf-8", "replace")} if member in texts and "/" not in path else {}


def _place(member: str) -> tuple[str, str]:
    """Return one of ``modules``, ``scripts`` and ``data``, and the path there."""
    top, *rest = parts = member.split("/")
    if not {"", "."}.isdisjoint(parts):  # pip takes them out after it has looked where the file belongs
        raise UnclearError("holds a file whose path is not in its shortest form", member)
    if not top.endswith(".data"):
        return "modules", member
    scheme, *path = rest or [""]
    if scheme not in _SCHEMES or not path:
        raise UnclearError("holds a file that pip has no place for", member)
    if scheme in _LIBRARIES:
        return "modules", "/".join(path)
    if scheme == "scripts":
        return "scripts", _script(path, path, member)
    return _place_of_data(path, member) if scheme == "data" else ("data", "/".join(rest))


def _place_of_data(path: Sequence[str], member: str) -> tuple[str, str]:
    folders = [folded(part) for part in path[:-1]]
    site = max((place for place, folder in enumerate(folders, start=1) if folder in _SITE_PACKAGES), default=0)
    if site:
        return "modules", "/".join(path[site:])
    if folders and folders[0] in _SCRIPTS:
        return "scripts", _script(path[1:], path[1:2], member)
    return "data", "/".join(path)


def _script(path: Sequence[str], names: Iterable[str], member: str) -> str:
    """Return the path of a script, all *names* of which have to be plain."""
    if not all(map(is_plain, names)):
        raise UnclearError("installs a command without a plain name", member)
    return "/".join(path)


def _commands(text: bytes, scripts: Mapping[str, str]) -> dict[str, str]:
    """Return the commands of an ``entry_points.txt``. Each replaces the one of *scripts* that has its name."""
    declared = read_commands(text)
    for path, (name, _) in declared.items():
        if path in scripts and path != name:  # pip leaves out what is declared, under the name that it is declared by
            raise UnclearError("installs two commands that become one file", path)
    folders = {script.partition("/")[0] for script in scripts if "/" in script}
    if clash := folders & {*declared}:
        raise UnclearError("installs a command in place of a folder", min(clash))
    return {path: target for path, (_, target) in declared.items()}
