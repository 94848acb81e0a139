"""METADATA out of a wheel, on disk or at the far end of range requests."""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from contextlib import contextmanager
from typing import TYPE_CHECKING, cast

from packaging.utils import canonicalize_name

from safeinstall.errors import MetadataInvalidError
from safeinstall.sources.archives.members import Metered

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from typing import IO

    from packaging.utils import NormalizedName

TAIL = 64 * 1024
"""Bytes asked for first: mostly enough for the directory of a wheel and its METADATA, which stand at its end."""
METADATA_LIMIT = 32 * 1024 * 1024
DIRECTORY_LIMIT = 32 * 1024 * 1024
"""Bytes of the directory of a wheel."""
_HEADER = 30 + 512
"""Bytes of a local header and more than its name and extra field use to take."""
_CONTENT_RANGE = re.compile(r"bytes (\d+)-(\d+)/(\d+)")


class NoRangesError(Exception):
    """The server does not answer range requests as asked. Read the whole file instead."""


def read_wheel_metadata(file: IO[bytes] | RemoteFile, filename: str, name: NormalizedName) -> bytes:
    """Return METADATA of the only ``.dist-info`` directory, which must be of project *name* (pip: utils/wheel.py).

    Anything else, also what is no zip, is a :class:`MetadataInvalidError`.
    """
    metered = Metered(cast("IO[bytes]", file), filename, DIRECTORY_LIMIT)
    with _readable(filename), zipfile.ZipFile(cast("IO[bytes]", metered)) as archive:
        member = _member(archive, filename, name)
        if isinstance(file, RemoteFile):
            file.prefetch(member.header_offset, _HEADER + member.compress_size)
        with archive.open(member) as stream:
            data = stream.read(METADATA_LIMIT + 1)
    if len(data) > METADATA_LIMIT:
        raise MetadataInvalidError(f"{filename} holds a METADATA of more than {METADATA_LIMIT} bytes")
    return data


@contextmanager
def _readable(filename: str) -> Iterator[None]:
    try:
        yield
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, RuntimeError, OverflowError) as error:
        raise MetadataInvalidError(f"{filename} cannot be read as a wheel") from error


def _member(archive: zipfile.ZipFile, filename: str, name: NormalizedName) -> zipfile.ZipInfo:
    names = archive.namelist()
    found = sorted({top for member in names if (top := member.partition("/")[0]).endswith(".dist-info")})
    if len(found) != 1:
        raise MetadataInvalidError(f"{filename} holds {len(found)} .dist-info directories instead of one")
    if canonicalize_name(found[0].removesuffix(".dist-info").rpartition("-")[0]) != name:
        raise MetadataInvalidError(f"{filename} holds {found[0]!r}, which is of another name")
    member = f"{found[0]}/METADATA"
    if names.count(member) != 1:
        raise MetadataInvalidError(f"{filename} holds {names.count(member)} METADATA files instead of one")
    return archive.getinfo(member)


class RemoteFile(io.RawIOBase):
    """A file behind range requests, of which the pieces that were read are kept in memory."""

    def __init__(self, fetch: Callable[[str], tuple[Mapping[str, str], bytes]], size: int | None) -> None:
        """Read the tail. *fetch* sends a Range header and returns headers and body of a 206, or raises NoRangesError.

        *size* in bytes when known: not every server understands ``bytes=-N``.
        """
        self._fetch = fetch
        self._pieces: list[tuple[int, bytes]] = []
        self._position = 0
        self._size = -1
        self._size = self._request(f"bytes=-{TAIL}" if size is None else f"bytes={max(0, size - TAIL)}-{size - 1}")

    def prefetch(self, start: int, length: int) -> None:
        """Make *length* bytes from *start* available by one request, unless they are."""
        end = min(start + length, self._size)
        if start < end and self._piece(start, end) is None:
            self._request(f"bytes={start}-{end - 1}")

    def seekable(self) -> bool:
        """Return true: seeking costs nothing."""
        return True

    def readable(self) -> bool:
        """Return true."""
        return True

    def tell(self) -> int:
        """Return the position in bytes."""
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Move, as :meth:`io.IOBase.seek`."""
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._size}[whence]
        if start + offset < 0:
            raise ValueError("negative position")
        self._position = start + offset
        return self._position

    def read(self, size: int | None = -1) -> bytes:
        """Return *size* bytes, fewer only at the end."""
        start = min(self._position, self._size)
        end = self._size if size is None or size < 0 else min(start + size, self._size)
        self.prefetch(start, end - start)
        data = self._piece(start, end) or b""
        self._position = start + len(data)
        return data

    def _piece(self, start: int, end: int) -> bytes | None:
        for offset, data in self._pieces:
            if offset <= start and end <= offset + len(data):
                return data[start - offset : end - offset]
        return None

    def _request(self, wanted: str) -> int:
        headers, data = self._fetch(wanted)
        found = _CONTENT_RANGE.fullmatch(headers.get("content-range", "").strip())
        if found is None:
            raise NoRangesError
        start, last, total = map(int, found.groups())
        if len(data) != last + 1 - start or last >= total or self._size not in {-1, total}:
            raise NoRangesError
        if self._size != -1 and wanted != f"bytes={start}-{last}":
            raise NoRangesError
        self._pieces.append((start, data))
        return total
