from __future__ import annotations

import io
import os
import random
import zipfile

import pytest
from pip._internal.operations.install import wheel

from safeinstall.sources.pip.hosted.installing import unpacking
from safeinstall.sources.pip.hosted.installing.unpacking import LARGEST, cut_paths, unpacked

NOISE = random.Random(1).randbytes(5000)


@pytest.fixture
def zipped(tmp_path):
    """Open a zip with one member, packed as it is told."""

    def make(data, kind=zipfile.ZIP_DEFLATED, name="a/b.py", extra=b"", stream=False):
        target = io.BytesIO()
        with zipfile.ZipFile(target, "w") as out:
            info = zipfile.ZipInfo(name)
            info.compress_type, info.extra = kind, extra
            if stream:
                with out.open(info, "w", force_zip64=True) as member:
                    member.write(data)
            else:
                out.writestr(info, data)
        (tmp_path / "a.zip").write_bytes(target.getvalue())
        return zipfile.ZipFile(tmp_path / "a.zip")

    return make


def read(archive):
    return unpacked(archive.fp, archive.infolist()[0])


@pytest.mark.parametrize("data", [b"", b"x", b"print(1)\n" * 10000, NOISE], ids=["empty", "one", "long", "noise"])
@pytest.mark.parametrize("kind", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
@pytest.mark.parametrize(
    "more", [{}, {"name": "ü" * 200}, {"extra": b"\x99\x99\x40\x00" + bytes(64)}, {"stream": True}]
)
def test_a_member_as_it_is(zipped, data, kind, more):
    assert read(zipped(data, kind, **more)) == data


@pytest.mark.parametrize("kind", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_what_is_packed_in_another_way_is_left_to_pip(zipped, kind):
    assert read(zipped(b"x" * 100, kind)) is None


def test_what_is_large_is_left_to_pip(zipped):
    assert read(zipped(bytes(LARGEST))) == bytes(LARGEST)
    assert read(zipped(bytes(LARGEST + 1))) is None


def test_what_has_a_long_head_is_left_to_pip(zipped):
    assert read(zipped(b"x" * 100, extra=b"\x99\x99\xf0\x03" + bytes(1008))) is None


def test_what_is_encrypted_is_left_to_pip(zipped):
    archive = zipped(b"x")
    archive.infolist()[0].flag_bits |= 1
    assert read(archive) is None


@pytest.mark.parametrize("place", [0, 38, 60, -1])
def test_what_is_damaged_is_left_to_pip(zipped, tmp_path, place):
    archive = zipped(NOISE)
    info = archive.infolist()[0]
    data = bytearray((tmp_path / "a.zip").read_bytes())
    data[place if place >= 0 else info.header_offset + 36 + info.compress_size - 1] ^= 0xFF
    (tmp_path / "a.zip").write_bytes(data)
    assert read(archive) is None


@pytest.mark.parametrize(("size", "crc"), [(-1, 0), (1, 0), (0, 1)])
def test_what_is_not_as_the_directory_says_is_left_to_pip(zipped, size, crc):
    archive = zipped(b"print(1)\n" * 50)
    info = archive.infolist()[0]
    info.file_size, info.CRC = info.file_size + size, info.CRC ^ crc
    assert read(archive) is None


PATHS = [
    "/lib/a.py",
    "/lib/a/b c.py",
    "/lib//a.py",
    "/lib/./a.py",
    "/lib/../bin/a",
    "/lib/a/../b",
    "/libx/a",
    "/bin/a",
    "/lib/",
    "lib/a",
]


@pytest.mark.parametrize("library", ["/lib", "/lib/", "/", "lib", ".", "/x/../lib", "/lib/a"])
@pytest.mark.parametrize("path", PATHS)
def test_a_path_in_record_is_pips(monkeypatch, library, path):
    pips = wheel._fs_to_record_path
    expected = pips(path, library)
    monkeypatch.setattr(wheel, "_fs_to_record_path", pips)
    cut_paths()
    assert wheel._fs_to_record_path(path, library) == expected


@pytest.mark.parametrize("mask", [0o022, 0o077, 0o002])
def test_a_new_file_has_the_mode_that_open_gives(tmp_path, mask):
    before = os.umask(mask)
    try:
        assert unpacking.write_new(str(tmp_path / "one"), b"x" * 100_000)
        (tmp_path / "other").write_bytes(b"")
    finally:
        os.umask(before)
    assert (tmp_path / "one").stat().st_mode == (tmp_path / "other").stat().st_mode
    assert (tmp_path / "one").read_bytes() == b"x" * 100_000


@pytest.mark.parametrize("make", ["file", "link", "dangling link", "directory"])
def test_what_stands_there_is_left_to_pip(tmp_path, make):
    place, other = tmp_path / "place", tmp_path / "other"
    if make == "directory":
        place.mkdir()
    elif make == "file":
        place.write_text("old")
    else:
        place.symlink_to(other)
        if make == "link":
            other.write_text("old")
    assert not unpacking.write_new(str(place), b"new")
    assert not other.exists() or other.read_text() == "old"
