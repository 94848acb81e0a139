from __future__ import annotations

import io
import os
import zipfile
import zlib
from dataclasses import dataclass, field

import pytest
from lib.wheels import EPOCH, zip_archive

from safeinstall.errors import IntegrityError
from safeinstall.sources.archives.member_bytes import read_members
from safeinstall.sources.archives.members import check_layout
from safeinstall.sources.network.content_coding import STEP

LARGE = os.urandom(1000) * 1000 + b"end"


@dataclass
class Seen:
    """A visitor that keeps what it sees."""

    members: dict[str, bytes] = field(default_factory=dict)
    ended: list[str] = field(default_factory=list)
    largest: int = 0

    def begin(self, member: str) -> None:
        self.members[member] = b""
        self.now = member

    def feed(self, chunk: bytes) -> None:
        assert chunk
        self.members[self.now] += chunk
        self.largest = max(self.largest, len(chunk))

    def end(self) -> None:
        self.ended.append(self.now)


def read(data: bytes, *visitors: Seen) -> None:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        read_members("x.zip", archive, check_layout("x.zip", archive), visitors)


def stored(name: str) -> zipfile.ZipInfo:
    return zipfile.ZipInfo(name, EPOCH)


def test_all_visitors_see_all_bytes_once():
    members = {"a": b"", "b/c": LARGE, "d": b"x"}
    first, second = Seen(), Seen()
    read(zip_archive([*members.items(), (stored("e"), LARGE)]), first, second)
    assert first == second
    assert first.members == {**members, "e": LARGE}
    assert first.ended == [*first.members]
    assert first.largest == STEP


def test_what_zeros_unpack_to_comes_in_steps():
    seen = Seen()
    read(zip_archive([("zeros", bytes(10 * STEP + 1))]), seen)
    assert (seen.members["zeros"], seen.largest) == (bytes(10 * STEP + 1), STEP)


def refused(data: bytes) -> str:
    seen = Seen()
    with pytest.raises(IntegrityError) as caught:
        read(data, seen)
    assert seen.ended == []
    return caught.value.message


def with_size(data: bytes, size: int, real: int) -> bytes:
    return data.replace(real.to_bytes(4, "little"), size.to_bytes(4, "little"))


@pytest.mark.parametrize("size", [10_000, 1])
def test_another_size_than_the_directory_says(size):
    found = "more than 1" if size == 1 else "7777"
    assert refused(with_size(zip_archive([("a", b"x" * 7777)]), size, 7777)) == (
        f"x.zip holds 'a' of {found} bytes, but says that it has {size}"
    )


def test_no_more_is_unpacked_than_the_directory_says():
    """A bomb that says it is small."""
    assert "of more than 9 bytes" in refused(with_size(zip_archive([("a", bytes(1 << 26))]), 9, 1 << 26))


def test_another_checksum():
    crc = zlib.crc32(b"hello")
    data = zip_archive([(stored("a"), b"hello")]).replace(b"hello", b"jello")
    assert (
        refused(data) == f"x.zip holds 'a' with the CRC-32 {zlib.crc32(b'jello'):08x}, but says that it has {crc:08x}"
    )


def packed_as(packed: bytes, content: bytes) -> bytes:
    """Return a zip whose member ``a`` has *packed* in the place of what deflate makes of *content*."""
    data = zip_archive([(stored("a"), packed)])
    data = data.replace(zlib.crc32(packed).to_bytes(4, "little"), zlib.crc32(content).to_bytes(4, "little"))
    sizes = len(packed).to_bytes(4, "little")
    data = data.replace(sizes * 2, sizes + len(content).to_bytes(4, "little"))
    for signature, at in ((b"PK\x03\x04", 8), (b"PK\x01\x02", 10)):
        place = data.index(signature) + at
        data = data[:place] + b"\x08\x00" + data[place + 2 :]
    return data


def deflated(content: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return packer.compress(content) + packer.flush()


@pytest.mark.parametrize(
    ("packed", "reason"),
    [
        (deflated(b"hello")[:-1], "its end is missing"),
        (deflated(b"hello") + b"more", "something follows its end"),
        (b"\xff" * 20, "Error -3 while decompressing data: invalid block type"),
    ],
)
def test_what_deflate_did_not_write(packed, reason):
    assert refused(packed_as(packed, b"hello")) == f"x.zip holds 'a', which cannot be unpacked: {reason}"


def test_what_deflate_did_write():
    seen = Seen()
    read(packed_as(deflated(b"hello"), b"hello"), seen)
    assert seen.members == {"a": b"hello"}
