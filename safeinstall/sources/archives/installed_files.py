"""Which files an installed distribution says are its own, new or old (pip: metadata/base.py)."""

from __future__ import annotations

import csv
import posixpath
from contextlib import suppress
from typing import TYPE_CHECKING

from safeinstall.sources.places.regular_files import read_regular

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def recorded_files(info: Path) -> Iterator[str]:
    """Yield them relative to the directory that *info* is in; none where there is no readable list of them.

    That is ``RECORD``, or ``installed-files.txt`` of an old installation, which is relative to *info* itself.
    """
    with suppress(OSError, ValueError, csv.Error):
        for row in csv.reader(read_regular(info / "RECORD").decode().splitlines()):
            yield from row[:1]
        return
    with suppress(OSError, ValueError):
        for line in filter(None, read_regular(info / "installed-files.txt").decode().splitlines()):
            yield posixpath.normpath(posixpath.join(info.name, line))
