"""What may stand in the listing of an archive.

Whatever two readers of one archive could understand differently is refused: there is one reading, or none.
"""

from __future__ import annotations

import posixpath
import re
import stat
import struct
import zipfile
from dataclasses import dataclass
from typing import TYPE_CHECKING

from safeinstall.errors import IntegrityError

if TYPE_CHECKING:
    import tarfile
    from collections.abc import Iterable, Iterator
    from typing import IO

_DRIVE = re.compile(r"[A-Za-z]:")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]")
"""Control characters, and those that turn the direction of a line of text round."""
_LOCAL_HEADER = struct.Struct("<4s5H3I2H")
_EXTRA_FIELD = struct.Struct("<2H")
_ENCRYPTED = 0x1 | 0x40 | 0x2000
_PATCHED = 0x20
_PACKINGS = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})
"""What every Python that runs pip can unpack; ours may know more than the target's."""
_UNICODE_PATH = 0x7075
"""An extra field with another name of the member, which Python 3.13 goes by and 3.12 does not (APPNOTE.TXT, 4.6.9)."""
_STREAMED = 0x8
_UTF8 = 0x800
_IN_ZIP64 = 0xFFFFFFFF
_SHOWN = 60
"""Characters of a name that is too long."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How much an archive may ask of whoever unpacks it: far above the largest honest ones."""

    members: int = 200_000
    unpacked: int = 32 << 30
    """Bytes of all members together."""
    ratio: int = 200
    """Unpacked bytes per packed byte; looked at only beyond ``ratio_from``."""
    ratio_from: int = 256 << 20
    read: int = 32 << 20
    """Bytes of one member that is read into memory, of all small texts together, and of a zip's directory."""
    wheel: int = 1 << 20
    """Bytes of a ``WHEEL`` file."""
    path: int = 1024
    """Characters of a member's name."""
    part: int = 255
    """Bytes of each part of it: no file system takes more."""
    depth: int = 64
    """Parts."""


@dataclass(frozen=True, slots=True)
class Member:
    """One entry of a listing, whatever the kind of archive."""

    name: str
    size: int
    problem: str | None = None
    """What makes it unacceptable by its kind alone."""


def refusal(archive: str, reason: str) -> IntegrityError:
    """Return the error that says why *archive* is not opened."""
    return IntegrityError(f"{archive} {reason}", hint="do not install this file; report it to whoever publishes it")


def shown(name: str) -> str:
    """Return *name* quoted for one line of a terminal, with control characters escaped."""
    return "'" + _CONTROL.sub(lambda c: c[0].encode("unicode_escape").decode(), name) + "'"


class Metered:
    """A stream whose single reads are bounded: a tar's extended header, or a zip's directory, is read at once."""

    def __init__(self, stream: IO[bytes], filename: str, limit: int) -> None:
        """Refuse the file called *filename* when more than *limit* bytes of *stream* are asked for at once."""
        self._stream, self._archive, self._limit = stream, filename, limit
        self.seek, self.tell, self.seekable = stream.seek, stream.tell, stream.seekable
        self.last = b""
        """What was read last."""

    def read(self, size: int = -1) -> bytes:
        """Return up to *size* bytes."""
        if size > self._limit:
            raise refusal(self._archive, f"holds a header or file of more than {self._limit} bytes to be read at once")
        self.last = self._stream.read(size)
        return self.last


def check_members(archive: str, members: Iterable[Member], packed: int, limits: Limits) -> None:
    """Raise IntegrityError at the first member that no honest archive has. Reads no further than that."""
    seen: set[str] = set()
    unpacked = 0
    for count, member in enumerate(members, start=1):
        unpacked += member.size
        if problem := _problem(member) or _unwieldy(member.name, limits) or _excess(count, unpacked, packed, limits):
            raise refusal(archive, problem)
        path = posixpath.normpath(member.name)
        if path in seen:
            raise refusal(archive, f"holds {shown(member.name)} more than once")
        seen.add(path)


def zip_members(archive: zipfile.ZipFile) -> Iterator[Member]:
    """Yield the members of *archive* as its central directory lists them."""
    for info in archive.infolist():
        yield Member(info.orig_filename, info.file_size, _zip_problem(info))


def tar_members(archive: tarfile.TarFile) -> Iterator[Member]:
    """Yield the members of *archive* one by one, so that a bomb is seen before it is unpacked."""
    for info in archive:
        yield Member(info.name, info.size, _tar_problem(info))


def check_layout(filename: str, archive: zipfile.ZipFile) -> list[tuple[zipfile.ZipInfo, int]]:
    """Return the members in the order of their bytes, each with the offset at which these begin.

    Other tools read the local headers, pip the directory: a zip where they differ shows each another content.

    Raises IntegrityError unless the local headers agree with the central directory and no members overlap.
    """
    end, found = 0, []
    for info in sorted(archive.infolist(), key=lambda i: i.header_offset):
        if info.header_offset < end:
            raise refusal(filename, f"is laid out so that {shown(info.orig_filename)} overlaps another member")
        begin = info.header_offset + _local_size(filename, archive, info)
        end = begin + info.compress_size
        found.append((info, begin))
    if end > archive.start_dir:
        raise refusal(filename, "is laid out so that its last member overlaps the directory")
    return found


def _problem(member: Member) -> str | None:
    name = member.name
    if member.problem is not None:
        return f"holds {shown(name)}, {member.problem}"
    if not name:
        return "holds a member without a name"
    if _CONTROL.search(name):
        return f"holds {shown(name)}, a name with control characters"
    if name.startswith("/") or _DRIVE.match(name):
        return f"holds {shown(name)}, an absolute path"
    if "\\" in name:
        return f"holds {shown(name)}, a path with backslashes"
    if ".." in name.split("/"):
        return f"holds {shown(name)}, a path that climbs out of its directory"
    return None


def _unwieldy(name: str, limits: Limits) -> str | None:
    parts = name.split("/")
    if len(name) > limits.path or len(parts) > limits.depth:
        return f"holds {shown(name[:_SHOWN])}…, a path longer than {limits.path} characters or {limits.depth} parts"
    encoded = name.encode(errors="replace")
    if len(encoded) > limits.part and any(len(part) > limits.part for part in encoded.split(b"/")):
        return f"holds {shown(name[:_SHOWN])}…, a name longer than {limits.part} bytes"
    return None


def _excess(count: int, unpacked: int, packed: int, limits: Limits) -> str | None:
    if count > limits.members:
        return f"holds more than {limits.members} members"
    if unpacked > limits.unpacked:
        return f"unpacks to more than {limits.unpacked} bytes"
    if unpacked > limits.ratio_from and unpacked > packed * limits.ratio:
        return f"unpacks to more than {limits.ratio} times its size"
    return None


def _zip_problem(info: zipfile.ZipInfo) -> str | None:
    if info.flag_bits & _ENCRYPTED:
        return "which is encrypted"
    if info.compress_type not in _PACKINGS or info.flag_bits & _PATCHED:
        return "which is packed in another way than by deflate, which not every Python can unpack"
    if _UNICODE_PATH in _extra_fields(info.extra):
        return "which has a second name"
    kind = stat.S_IFMT(info.external_attr >> 16)
    if kind == stat.S_IFLNK:
        return "a link"
    if kind not in {0, stat.S_IFREG, stat.S_IFDIR}:
        return "a device"
    return "a directory with bytes of its own" if info.filename.endswith("/") and info.file_size else None


def _extra_fields(extra: bytes) -> Iterator[int]:
    """Yield the kinds of the fields that follow a name in the directory."""
    while len(extra) >= _EXTRA_FIELD.size:
        kind, size = _EXTRA_FIELD.unpack_from(extra)
        yield kind
        extra = extra[_EXTRA_FIELD.size + size :]


def _tar_problem(info: tarfile.TarInfo) -> str | None:
    if info.issym() or info.islnk():
        return "a link"
    return None if info.isfile() or info.isdir() else "a device"


def _local_size(filename: str, archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> int:
    """Return the bytes of the local header of *info*, having compared it with the directory."""
    stream = archive.fp
    assert stream is not None  # noqa: S101 - open for as long as the caller's with statement
    stream.seek(info.header_offset)
    header = stream.read(_LOCAL_HEADER.size)
    if len(header) < _LOCAL_HEADER.size or header[:4] != b"PK\x03\x04":
        raise refusal(filename, f"has no member where its directory says {shown(info.orig_filename)} is")
    _, _, flags, method, _, _, _, packed, unpacked, name_size, extra_size = _LOCAL_HEADER.unpack(header)
    name = stream.read(name_size).decode("utf-8" if flags & _UTF8 else "cp437", "backslashreplace")
    if name != info.orig_filename:
        raise refusal(filename, f"calls one member both {shown(info.orig_filename)} and {shown(name)}")
    if (flags & ~_STREAMED, method) != (info.flag_bits & ~_STREAMED, info.compress_type) or not (
        flags & _STREAMED or (_agree(packed, info.compress_size) and _agree(unpacked, info.file_size))
    ):
        raise refusal(filename, f"says two things about the size or packing of {shown(name)}")
    return _LOCAL_HEADER.size + int(name_size) + int(extra_size)


def _agree(local: int, central: int) -> bool:
    return local in {central, _IN_ZIP64}
