"""The commands that an ``entry_points.txt`` declares: what every pip reads there, or nothing.

pip reads the file by importlib.metadata, before Python 3.11 by pkg_resources, and hands each command to distlib. Others
read it by configparser, as the specification has it. Where any two of them differ, or pip fails with half of the wheel
installed, the file is refused.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from safeinstall.facts.wheels.command_names import UnclearError, is_plain, landing_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

COMMAND_GROUPS = ("console_scripts", "gui_scripts")
"""In pip's order: of two commands of one name, the second replaces the first."""
_LINE_END = re.compile(r"\r?\n")
_ODD = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\ufeff]|\r(?!\n)")
"""Where some readers end a line and others do not, and a mark at the beginning that none of them passes over."""
_PATH = r"\w+(?:\.\w+)*"
_EXTRA = r"[A-Za-z0-9](?:[A-Za-z0-9_]*[A-Za-z0-9])?"
_FIRST_EXTRA = r"[A-Za-z0-9](?:[A-Za-z0-9_-]*[A-Za-z0-9])?"
_TARGET = re.compile(rf"{_PATH}:{_PATH}(?:[ \t]*\[[ \t]*{_FIRST_EXTRA}(?:,[ \t]*{_EXTRA})*[ \t]*\])?")
"""``package.module:function [extra]`` as distlib reads it: no space at the colon, a hyphen in the first extra alone."""


def read_commands(data: bytes) -> dict[str, tuple[str, str]]:
    """Return each command by the name of its file: how it is declared, and what it starts.

    Raises:
        UnclearError: two readers could see other commands, or pip fails on one.
    """
    declared: dict[str, dict[str, str]] = {}
    for group, entries in _groups(_lines(data)):
        if group in declared:
            raise UnclearError("declares the commands of one group in two places", group)
        if group in COMMAND_GROUPS:
            declared[group] = _commands(entries)
    found: dict[str, tuple[str, str]] = {}
    for group in COMMAND_GROUPS:
        for name, target in declared.get(group, {}).items():
            place = landing_name(name)
            if found.get(place, (name,))[0] != name:
                raise UnclearError("declares two commands that become one file", place)
            found[place] = name, target
    return found


def _lines(data: bytes) -> list[str]:
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise UnclearError("has an entry_points.txt that is not UTF-8", f"byte {error.start}") from error
    if odd := _ODD.search(text):
        raise UnclearError("has a character in its entry_points.txt that some readers end a line at", odd[0])
    return _LINE_END.split(text)


def _groups(lines: Iterable[str]) -> Iterator[tuple[str, list[str]]]:
    """Yield each group with its entries, indented as they are."""
    group, entries = "", list[str]()
    for line in lines:
        content = line.strip()
        if content.startswith("["):
            yield group, entries
            group, entries = _group(content), []
        elif content and not content.startswith("#"):
            if not group or "=" not in content:
                raise UnclearError("has a line in its entry_points.txt on which pip fails", content)
            entries.append(line)
    yield group, entries


def _group(content: str) -> str:
    """Return the group that a line begins. Only some readers take off spaces, or brackets within the brackets."""
    group, bare = content[1:-1], content.strip("[] \t")
    if not content.endswith("]") or bare == "DEFAULT" or (bare in COMMAND_GROUPS and bare != group):
        raise UnclearError("has a group in its entry_points.txt that is not the same to all readers", content)
    return group


def _commands(entries: Sequence[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for before, line in zip([*entries[:1], *entries], entries, strict=False):
        if _indentation(line) > _indentation(before):  # to configparser it continues that
            raise UnclearError("has a line in its entry_points.txt that is an entry only to some readers", line.strip())
        name, target = _command(line.strip())
        if name in found:
            raise UnclearError("declares a command twice", name)
        found[name] = target
    return found


def _indentation(line: str) -> int:
    return len(line) - len(line.lstrip())


def _command(content: str) -> tuple[str, str]:
    name, _, target = (part.strip() for part in content.partition("="))
    if not is_plain(name):
        raise UnclearError("declares a command without a plain name", name)
    if not _TARGET.fullmatch(target):
        raise UnclearError("declares a command that does not start a function of a module", content)
    return name, target
