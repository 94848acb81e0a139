"""Small files of a cache, each behind the checksum of its content. Any of them may vanish or be damaged at any time."""

from __future__ import annotations

import hashlib
import os
import tempfile
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, TYPE_CHECKING

from safeinstall.sources.places.regular_files import read_regular
from safeinstall.sources.places.temporary import make_folder

if TYPE_CHECKING:
    from collections.abc import Iterator


def read_kept(path: Path) -> bytes | None:
    """Return what was kept at *path*, or ``None``: not there, not readable, or damaged."""
    try:
        checksum, _, data = read_regular(path).partition(b"\n")
    except OSError:
        return None
    return data if checksum == _sha256(data) else None


def write_kept(path: Path, data: bytes) -> None:
    """Keep *data* at *path*, whole or not at all; a cache that cannot be written keeps nothing."""
    with suppress(OSError), written_whole(path) as file:
        file.write(_sha256(data) + b"\n" + data)


@contextmanager
def written_whole(path: Path) -> Iterator[IO[bytes]]:
    """Give a file that takes the place of *path* when all is written; of an error nothing is left. Raises ``OSError``.

    Its folder is made, but never one that this run has removed (``make_folder``).
    """
    make_folder(path.parent)
    handle, part = tempfile.mkstemp(dir=path.parent, prefix=".")
    try:
        with os.fdopen(handle, "wb") as file:
            yield file
        Path(part).replace(path)
    except BaseException:
        with suppress(OSError):
            Path(part).unlink()
        raise


def _sha256(data: bytes) -> bytes:
    return hashlib.sha256(data).hexdigest().encode()
