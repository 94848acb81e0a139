"""Which wheels were found whole, member by member, so that the same bytes are not unpacked for that again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from safeinstall.sources.archives.member_bytes import CHECK
from safeinstall.sources.places.kept_files import read_kept, write_kept

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from safeinstall.sources.archives.archives import Contents

FROM = 1 << 16
"""Bytes of a file from which on it is remembered: a smaller one is unpacked in the time that such a look takes."""


class CheckedFiles:
    """A directory of small files, each named by the sha256 of the file that it speaks of. It may vanish at any time.

    Nothing but what :meth:`passed` wrote for the same sha256 and the same version of the check is believed.
    """

    def __init__(self, folder: Path | None) -> None:
        """Use *folder*, which is made when first needed. ``None`` remembers nothing."""
        self._folder = folder

    def passed(self, sha256: str, size: int, check: Callable[[bool], Contents]) -> Contents:
        """Return what *check* returns, told whether the file with this sha256 passed before; remember that it does now.

        *sha256* and *size* are measured, not announced.
        """
        if size < FROM:
            return check(False)  # noqa: FBT003 - the parameter has no name
        path, verdict = self._folder and self._folder / sha256[:2] / sha256[2:], f"{CHECK} {sha256}\n".encode()
        intact = path is not None and read_kept(path) == verdict
        contents = check(intact)
        if path is not None and not intact:
            write_kept(path, verdict)
        return contents
