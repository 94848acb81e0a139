"""Small files of a cache, each behind the checksum of its content. Any of them may vanish or be damaged at any time."""

from __future__ import annotations

import hashlib
import os
import tempfile
from contextlib import suppress
from pathlib import Path

from safeinstall.sources.places.regular_files import read_regular
from safeinstall.sources.places.temporary import make_folder


def read_kept(path: Path) -> bytes | None:
    """Return what was kept at *path*, or ``None``: not there, not readable, or damaged."""
    try:
        checksum, _, data = read_regular(path).partition(b"\n")
    except OSError:
        return None
    return data if checksum == _sha256(data) else None


def write_kept(path: Path, data: bytes) -> None:
    """Keep *data* at *path*, whole or not at all; a cache that cannot be written keeps nothing."""
    with suppress(OSError):
        make_folder(path.parent)
        handle, temporary = tempfile.mkstemp(dir=path.parent)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(_sha256(data) + b"\n" + data)
            Path(temporary).replace(path)
        except BaseException:
            with suppress(OSError):
                Path(temporary).unlink()
            raise


def _sha256(data: bytes) -> bytes:
    return hashlib.sha256(data).hexdigest().encode()
