"""What a ``.pth`` file does when an interpreter starts (Python: site.py, ``addpackage``)."""

from __future__ import annotations

import re
from posixpath import normpath
from typing import TYPE_CHECKING

from safeinstall.facts.wheels.file_names import folded

if TYPE_CHECKING:
    from collections.abc import Mapping

_LINE_END = re.compile(r"\r\n|\r|\n")
DECLARED = re.compile(r"(?:modules\.setdefault\(|find_spec\()'([\w.]+)'", re.ASCII)
"""What such a line names the package by."""
_MODULE = re.compile(r"[\w.]+", re.ASCII)


def path_file_lines(text: str) -> list[str]:
    """Return the lines that any Python acts upon: since 3.13 a form feed ends one, too (``str.splitlines``).

    Before 3.13 a byte order mark is a part of the first line. In a comment that is not ASCII, another locale may see
    the end of a line.
    """
    readings = dict.fromkeys([text, text.removeprefix("\ufeff")])
    lines = dict.fromkeys(line for each in readings for line in (*_LINE_END.split(each), *each.splitlines()))
    return [line for line in lines if line.strip() and not (line.startswith("#") and line.isascii())]


def is_code(line: str) -> bool:
    """Whether Python runs *line*. It takes every other line for a path."""
    return line.startswith(("import ", "import\t"))


def imported_modules(line: str) -> list[str]:
    """Return the dotted names of what a line of code imports; empty if it does anything else, too."""
    names = [name.strip() for name in line.removeprefix("import").rstrip("; \t").split(",")]
    return names if all(map(_MODULE.fullmatch, names)) else []


def declared_packages(startup: Mapping[str, str]) -> set[str]:
    """Return the dotted names that the lines of setuptools declare namespaces by: a module of that name is loaded."""
    lines = [line for text in startup.values() for line in path_file_lines(text) if is_code(line)]
    return {name for line in lines for name in DECLARED.findall(line)}


def added_directory(line: str) -> str:
    """Return, folded and with its slash, the directory that a path adds to ``sys.path``; empty for the library itself.

    It is meant below the library: a path that begins elsewhere gives what no file of a wheel lies below.
    """
    path = normpath(line.rstrip().replace("\\", "/"))
    return "" if path == "." else f"{folded(path)}/"


def added_directories(startup: Mapping[str, str]) -> set[str]:
    """Return what all ``.pth`` files of a wheel add, as :func:`added_directory` does."""
    lines = [line for text in startup.values() for line in path_file_lines(text) if not is_code(line)]
    return {added_directory(line) for line in lines}
