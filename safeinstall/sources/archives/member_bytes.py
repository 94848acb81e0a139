"""The bytes of an archive's members: unpacked once, for all who want to see them, and found to be whole.

Whoever has to look into every member is a :class:`Visitor` of the one pass. zlib lets other threads run meanwhile, and
so do the hashes of large members.
"""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Protocol

from safeinstall.sources.archives.members import refusal, shown
from safeinstall.sources.network.content_coding import STEP

if TYPE_CHECKING:
    import tarfile
    import zipfile
    from collections.abc import Iterable, Iterator, Sequence
    from typing import IO


CHECK = 1
"""The version of what :func:`~safeinstall.sources.archives.archives.check_wheel` learns from the bytes of members. It
grows when that looks for more, so that what passed an earlier one is looked at again."""


class Visitor(Protocol):
    """Sees the members one after the other: :meth:`begin`, :meth:`feed` for each part of its bytes, :meth:`end`.

    What it raises ends the pass. A member may turn out to be damaged only after the last :meth:`feed`: then there is no
    :meth:`end`.
    """

    def begin(self, member: str) -> None:
        """The bytes of *member* follow."""
        ...

    def feed(self, chunk: bytes) -> None:
        """The next bytes of the member: never more than ``content_coding.STEP``, and never none."""
        ...

    def end(self) -> None:
        """The member is whole: its size and its CRC-32 are those that the directory of the zip says."""
        ...


def read_members(
    filename: str,
    archive: zipfile.ZipFile,
    members: Iterable[tuple[zipfile.ZipInfo, int]],
    visitors: Sequence[Visitor] = (),
) -> None:
    """Unpack *members*, which :func:`~safeinstall.sources.archives.members.check_layout` located, each once to its end.

    Raises IntegrityError at the first one that is not what the directory of the zip says.
    """
    stream = archive.fp
    assert stream is not None  # noqa: S101 - open for as long as the caller's with statement
    for info, begin in members:
        for visitor in visitors:
            visitor.begin(info.filename)
        stream.seek(begin)
        _read_member(filename, stream, info, visitors)
        for visitor in visitors:
            visitor.end()


def read_tar_members(archive: tarfile.TarFile, visitors: Sequence[Visitor]) -> None:
    """Unpack the files of *archive*, whose listing passed every check, each once to its end."""
    for info in archive.getmembers():
        stream = archive.extractfile(info) if info.isfile() else None
        if stream is None:
            continue
        for visitor in visitors:
            visitor.begin(info.name)
        while chunk := stream.read(STEP):
            for visitor in visitors:
                visitor.feed(chunk)
        for visitor in visitors:
            visitor.end()


def _read_member(filename: str, stream: IO[bytes], info: zipfile.ZipInfo, visitors: Sequence[Visitor]) -> None:
    size = crc = 0
    try:
        for chunk in _unpacked(stream, info):
            size, crc = size + len(chunk), zlib.crc32(chunk, crc)
            if size > info.file_size:
                break
            for visitor in visitors:
                visitor.feed(chunk)
    except (zlib.error, EOFError) as error:
        raise refusal(filename, f"holds {shown(info.filename)}, which cannot be unpacked: {error}") from error
    if size != info.file_size:
        found = f"more than {info.file_size}" if size > info.file_size else str(size)
        raise refusal(filename, f"holds {shown(info.filename)} of {found} bytes, but says that it has {info.file_size}")
    if crc != info.CRC:
        reason = f"holds {shown(info.filename)} with the CRC-32 {crc:08x}, but says that it has {info.CRC:08x}"
        raise refusal(filename, reason)


def _unpacked(stream: IO[bytes], info: zipfile.ZipInfo) -> Iterator[bytes]:
    """Yield the bytes of a member that begins where *stream* stands, in parts that are not empty."""
    if not info.compress_type:
        yield from _packed(stream, info.compress_size)
        return
    unpacker = zlib.decompressobj(-zlib.MAX_WBITS)
    for packed in _packed(stream, info.compress_size):
        if unpacker.eof:
            raise EOFError("something follows its end")
        rest = packed
        while chunk := unpacker.decompress(rest, STEP):
            yield chunk
            rest = unpacker.unconsumed_tail
        if unpacker.unused_data:
            raise EOFError("something follows its end")
    if not unpacker.eof:
        raise EOFError("its end is missing")


def _packed(stream: IO[bytes], left: int) -> Iterator[bytes]:
    while left:
        chunk = stream.read(min(left, STEP))
        if not chunk:
            raise EOFError("the file ends within it")
        left -= len(chunk)
        yield chunk
