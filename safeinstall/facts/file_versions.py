"""Of which version a file is, told from its name alone."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from packaging.utils import canonicalize_name
from packaging.version import VERSION_PATTERN

from safeinstall.facts.osv import parse_version

if TYPE_CHECKING:
    from packaging.utils import NormalizedName
    from packaging.version import Version

SDIST_SUFFIXES = (
    ".tar.gz", ".zip", ".tar.bz2", ".tgz", ".tar", ".tbz", ".tar.xz", ".txz", ".tlz", ".tar.lz", ".tar.lzma",
)  # fmt: skip
_BEGINNING = re.compile(VERSION_PATTERN, re.VERBOSE | re.IGNORECASE)
_RELEASE = re.compile(r"v?(?:\d+!)?\d+(?:\.\d+)*(?!\.?\d|[a-z])", re.ASCII | re.IGNORECASE)


def split_sdist(filename: str) -> str | None:
    """Return the file name of a source distribution without its suffix, or ``None`` when it is none."""
    lower = filename.lower()
    return next((filename[: -len(s)] for s in SDIST_SUFFIXES if lower.endswith(s)), None)


def sdist_version(stem: str, name: NormalizedName) -> str | None:
    """Return what follows the project name in *stem* (pip: _extract_version_from_fragment tries every dash)."""
    for place, character in enumerate(stem):
        if character == "-" and canonicalize_name(stem[:place]) == name:
            return stem[place + 1 :]
    return None


def wheel_version(filename: str) -> str:
    """Return the version in the name of a wheel as it is written there; empty where there is none."""
    return filename.partition("-")[2].partition("-")[0]


def file_version(filename: str, name: NormalizedName, egg: str = "") -> Version | None:
    """Return the version of a file of the project *name*, whatever kind of file it is: ``demo-1.0.win32-py2.7.exe``.

    *egg* is what its address says in place of the file name, if anything. ``None``: no version can be read.
    """
    if filename.endswith(".whl"):
        return parse_version(wheel_version(filename))
    text = sdist_version(egg or split_sdist(filename) or filename, name) or ""
    return parse_version(text) or parse_version(_beginning(text.partition("-")[0]))


def _beginning(text: str) -> str:
    """Return the version that *text* begins with; of ``1.0.cygwin`` that is no release candidate."""
    found = _BEGINNING.match(text)
    if found and text[found.end() : found.end() + 1].isalpha():
        found = _RELEASE.match(text)
    return found[0] if found else ""
