"""Reading what others may have put in the place of a file: never a pipe that keeps us waiting, nor without end."""

from __future__ import annotations

import errno
import os
import stat
from typing import TYPE_CHECKING

from safeinstall.errors import SourceError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LIMIT = 64 << 20
"""Bytes, unless the caller knows better."""
_CHUNK = 1 << 20


def read_regular(path: Path, limit: int = LIMIT) -> bytes:
    """Return the bytes of the file at *path*. Raises ``OSError``, also for what is no file or larger than *limit*."""
    # Without O_NONBLOCK, opening a pipe that nobody writes to would wait for ever.
    with os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:
        mode = os.fstat(file.fileno()).st_mode
        if stat.S_ISDIR(mode):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
        if not stat.S_ISREG(mode):
            raise OSError(errno.EINVAL, "Not a regular file", str(path))
        data = file.read(limit + 1)
    if len(data) > limit:
        raise OSError(errno.EFBIG, os.strerror(errno.EFBIG), str(path))
    return data


def read_local(path: Path) -> Iterator[bytes]:
    """Yield the bytes of a regular file. Anything else, or an unreadable one, is a SourceError."""
    try:
        # Without O_NONBLOCK, opening a pipe that nobody writes to would wait for ever.
        with open(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as stream:  # noqa: PTH123
            if not stat.S_ISREG(os.fstat(stream.fileno()).st_mode):
                raise SourceError(f"{path} is not a regular file")
            while chunk := stream.read(_CHUNK):
                yield chunk
    except OSError as error:
        raise SourceError(f"{path} cannot be read: {error.strerror}") from error
