"""Files kept by their sha256, so that the same bytes are not downloaded twice.

Never trusted: what is read here is measured like what comes from the network.
"""

from __future__ import annotations

import shutil
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from safeinstall.sources.places.kept_files import written_whole

if TYPE_CHECKING:
    from pathlib import Path

_CHUNK = 1 << 20
PART_FROM = 1 << 20
"""Bytes of a download that broke off from which on they are kept."""
PARTS = 4
"""Such beginnings that are kept: the newest."""


@dataclass(frozen=True, slots=True)
class DownloadCache:
    """A directory of files named by their sha256. Failures to read or write it are as if it were empty."""

    directory: Path

    def find(self, sha256: str) -> Path | None:
        """Return where the file is kept, if it is."""
        path = self._path(sha256)
        return path if path.is_file() else None

    def add(self, sha256: str, file: Path) -> None:
        """Keep a copy of *file*. A copy, not a link: whoever can write the cache must not reach the staged file."""
        with suppress(OSError):
            _copy(file, self._path(sha256))

    def discard(self, sha256: str) -> None:
        """Forget the file."""
        with suppress(OSError):
            self._path(sha256).unlink()

    def find_part(self, sha256: str) -> Path | None:
        """Return where the beginning of the file is kept, if it is."""
        path = self._parts / sha256
        return path if path.is_file() else None

    def keep_part(self, sha256: str, file: Path) -> None:
        """Keep *file* as the beginning of one that did not come whole, unless that would save little."""
        with suppress(OSError):
            if file.stat().st_size >= PART_FROM and not self._parts.is_symlink():  # what that leads to is not ours
                _copy(file, self._parts / sha256)
                newest_first = sorted(self._parts.iterdir(), key=lambda part: part.stat().st_mtime, reverse=True)
                for part in newest_first[PARTS:]:
                    part.unlink()

    def discard_part(self, sha256: str) -> None:
        """Forget the beginning of the file."""
        with suppress(OSError):
            (self._parts / sha256).unlink()

    @property
    def _parts(self) -> Path:
        return self.directory / "parts"

    def _path(self, sha256: str) -> Path:
        return self.directory / sha256[:2] / sha256[2:]


def _copy(file: Path, target: Path) -> None:
    """Put a copy in the place of *target*, whole or not at all."""
    with file.open("rb") as source, written_whole(target) as copy:
        shutil.copyfileobj(source, copy, _CHUNK)
