"""Wheels and source distributions on their way: still lists of members, to be changed before they are packed."""

from __future__ import annotations

import bz2
import csv
import gzip
import io
import lzma
import tarfile
import zipfile
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from lib.wheels import urlsafe_sha256
from lib.zips import UTF8, Entry, Zip

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable


@dataclass
class Wheel:
    """A wheel; RECORD is written last, of what is there then, and changed by what ``rows`` holds."""

    name: str
    version: str
    filename: str
    members: dict[str, bytes]
    """Without RECORD."""
    info: str
    """The ``.dist-info`` directory that honest metadata is in."""
    record: bytes | None = None
    """In place of what would be true."""
    rows: list[Callable[[list[list[str]]], None]] = field(default_factory=list)
    texts: list[Callable[[bytes], bytes]] = field(default_factory=list)
    """Changes of RECORD's text."""
    entries: list[Callable[[Zip], None]] = field(default_factory=list)
    """Changes of the archive."""
    bytes_: list[Callable[[bytes], bytes]] = field(default_factory=list)
    """Changes of its bytes."""

    def true_record(self) -> bytes:
        """Return the RECORD of the members, with its changes."""
        path = f"{self.info}/RECORD"
        rows = [[n, f"sha256={urlsafe_sha256(d)}", str(len(d))] for n, d in self.members.items() if not n.endswith("/")]
        rows.append([path, "", ""])
        for change in self.rows:
            change(rows)
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerows(rows)
        return text.getvalue().encode("utf-8", "surrogateescape")

    def encoded(self) -> bytes:
        """Return the bytes of the file."""
        record = self.true_record() if self.record is None else self.record
        for change in self.texts:
            record = change(record)
        archive = Zip([entry_of(n, d) for n, d in {**self.members, f"{self.info}/RECORD": record}.items()])
        for alter in self.entries:
            alter(archive)
        data = archive.encoded()
        for change in self.bytes_:
            data = change(data)
        return data


@dataclass
class Sdist:
    """A source distribution: its members stand in ``root``."""

    name: str
    version: str
    filename: str
    members: dict[str, bytes]
    built: Wheel
    """What its build yields."""
    root: str
    infos: list[Callable[[list[tuple[tarfile.TarInfo, bytes]]], None]] = field(default_factory=list)
    """Changes of the tar."""
    entries: list[Callable[[Zip], None]] = field(default_factory=list)
    """Changes of the archive, if it is a zip."""
    tar: list[Callable[[bytes], bytes]] = field(default_factory=list)
    """Changes of the tar's bytes, before it is packed."""
    bytes_: list[Callable[[bytes], bytes]] = field(default_factory=list)
    """Changes of its bytes."""
    format: int = tarfile.PAX_FORMAT
    pack: str = ""
    """How it is packed, if not as the file name says."""

    def encoded(self) -> bytes:
        """Return the bytes of the file."""
        members = {"wheel.name": self.built.filename.encode("utf-8", "surrogateescape"), **self.members}
        members |= {"wheel.bin": self.built.encoded()}
        rooted = {f"{self.root}/{name}" if self.root else name: data for name, data in members.items()}
        kind = self.pack or self.filename.lower()
        data = self._zip(rooted) if kind.endswith(".zip") else _packed(self._tar(rooted), kind)
        for change in self.bytes_:
            data = change(data)
        return data

    def _zip(self, members: dict[str, bytes]) -> bytes:
        archive = Zip([entry_of(name, data) for name, data in members.items()])
        for alter in self.entries:
            alter(archive)
        return archive.encoded()

    def _tar(self, members: dict[str, bytes]) -> bytes:
        infos = [(tarfile.TarInfo(name), data) for name, data in members.items()]
        for info, data in infos:
            info.size = len(data)
        for alter in self.infos:
            alter(infos)
        made = b"".join(_tar_entry(info, data, self.format) for info, data in infos) + bytes(1024)
        for change in self.tar:
            made = change(made)
        return made


def entry_of(name: str, data: bytes) -> Entry:
    """Return the member of a zip."""
    raw = name.encode("utf-8", "surrogateescape")
    return Entry(raw, data, flags=0 if raw.isascii() else UTF8)


def wheel_of(name: str, version: str, file: tuple[str, bytes]) -> Wheel:
    """Take an honest wheel apart."""
    filename, data = file
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        members = {info.filename: archive.read(info) for info in archive.infolist()}
    (record,) = (member for member in members if member.endswith(".dist-info/RECORD"))
    del members[record]
    return Wheel(name, version, filename, members, record.rpartition("/")[0])


def set_size(infos: Iterable[tuple[tarfile.TarInfo, bytes]]) -> None:
    """Make the headers tell the truth."""
    for info, data in infos:
        info.size = len(data)


def _tar_entry(info: tarfile.TarInfo, data: bytes, kind: int) -> bytes:
    return info.tobuf(kind, "utf-8", "surrogateescape") + data + bytes(-len(data) % 512)


def _packed(tar: bytes, name: str) -> bytes:
    if name.endswith((".gz", ".tgz")):
        return gzip.compress(tar, 6, mtime=0)
    if name.endswith((".bz2", ".tbz")):
        return bz2.compress(tar)
    if name.endswith((".xz", ".txz")):
        return lzma.compress(tar)
    return tar
