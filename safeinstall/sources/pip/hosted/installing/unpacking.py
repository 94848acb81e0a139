"""Put the members of a staged wheel in their places with less work than pip's: in one read and one write for each.

pip's way (operations/install/wheel.py, ``ZipBackedFile.save``) goes through a file object for each member. What does
not fit in here, because it is large, packed in another way, or something stands in its place, goes pip's way.
"""

from __future__ import annotations

import os
import zlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import BinaryIO
    from zipfile import ZipInfo

LARGEST = 4 << 20
"""Bytes of a member, packed and unpacked, that are held in memory at once."""
HEADER, SLACK = 30, 256
"""Bytes of a local header before the name, and what is read beyond the packed bytes for its extra field."""
LOCAL = b"PK\x03\x04"
ENCRYPTED = 1
STORED, DEFLATED = 0, 8
NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)


def hasten_unpacking(below, placed, saved):
    """Let pip save the members of wheels *below* this directory in our way, and tell *saved* of each, as pip calls it.

    *saved* gets the path of the wheel, the member, and the path of the file. Of what is *placed* already
    (:class:`~placing.Placing`), pip makes no directories, so that those of the wheel can come as a whole.
    """
    from pip._internal.operations.install import wheel
    from pip._internal.utils.misc import ensure_dir
    from pip._internal.utils.unpacking import set_extracted_file_to_default_mode_plus_executable, zip_item_is_executable

    save, install, folders = wheel.ZipBackedFile.save, wheel._install_wheel, {}

    def save_member(self):
        path, info = self._zip_file.filename, self._getinfo()
        if path.startswith(below) and placed.put(self.src_record_path, self.dest_path):
            finish(self, info)
            return
        data = unpacked(self._zip_file.fp, info) if path.startswith(below) else None
        folder = os.path.dirname(self.dest_path)
        if folder not in folders.setdefault(path, set()):
            ensure_dir(folder)
            folders[path].add(folder)
        if data is None or not write_new(self.dest_path, data):
            save(self)
            saved(path, self.src_record_path, self.dest_path)
        else:
            finish(self, info)

    def finish(self, info):
        self.written = True  # pip 26.3
        if zip_item_is_executable(info):
            set_extracted_file_to_default_mode_plus_executable(self.dest_path)
        saved(self._zip_file.filename, self.src_record_path, self.dest_path)

    def install_wheel(*args, **kwargs):
        if kwargs.get("wheel_path", "").startswith(below):
            placed.take(kwargs["wheel_path"], getattr(kwargs.get("scheme"), "purelib", ""))
        try:
            return install(*args, **kwargs)
        finally:
            placed.leave()

    wheel.ZipBackedFile.save, wheel._install_wheel = save_member, install_wheel
    wheel.ensure_dir = lambda path: None if placed.members else ensure_dir(path)
    read_once(below)
    cut_paths()


def cut_paths():
    """Work out the path in RECORD of a file below the library by cutting: pip makes two absolute paths for each."""
    from pip._internal.operations.install import wheel

    work_out = wheel._fs_to_record_path

    def fs_to_record_path(path, lib_dir):
        begin = lib_dir + os.sep
        if path.startswith(begin) and os.path.normpath(path) == path and os.path.normpath(lib_dir) == lib_dir:
            return path[len(begin) :].replace(os.sep, "/")
        return work_out(path, lib_dir)

    wheel._fs_to_record_path = fs_to_record_path


def read_once(below):
    """Read the metadata of a wheel *below* this directory once: pip does so to prepare it, and again to install it."""
    from pip._internal.distributions import wheel as prepared
    from pip._internal.operations.install import wheel

    read, known = wheel.get_wheel_distribution, {}

    def get_wheel_distribution(found, name):
        if not found.location.startswith(below):
            return read(found, name)
        if (found.location, name) not in known:
            known[found.location, name] = read(found, name)
        return known[found.location, name]

    wheel.get_wheel_distribution = prepared.get_wheel_distribution = get_wheel_distribution


def unpacked(stream: BinaryIO, info: ZipInfo) -> bytes | None:
    """Return the bytes of a member of the zip that *stream* reads, ``None`` where pip has to look itself."""
    if max(info.compress_size, info.file_size) > LARGEST or info.flag_bits & ENCRYPTED:
        return None
    size = HEADER + len(info.orig_filename.encode()) + SLACK + info.compress_size
    data = os.pread(stream.fileno(), size, info.header_offset)
    begin = HEADER + int.from_bytes(data[26:28], "little") + int.from_bytes(data[28:30], "little")
    packed = data[begin : begin + info.compress_size]
    if data[:4] != LOCAL or len(packed) != info.compress_size:
        return None
    try:
        found = inflated(packed, info.compress_type, info.file_size)
    except zlib.error:
        return None
    whole = found is not None and len(found) == info.file_size and zlib.crc32(found) == info.CRC
    return found if whole else None


def inflated(packed, kind, size):
    """Return what is *packed*, of about *size* bytes, ``None`` if that is by no way that we know."""
    if kind == STORED:
        return packed
    if kind != DEFLATED:
        return None
    unpacker = zlib.decompressobj(-zlib.MAX_WBITS)
    return unpacker.decompress(packed, size + 1)


def write_new(path: str, data: bytes) -> bool:
    """Write *data* to *path* as pip would, if nothing is in its place; whether it was."""
    try:
        file = os.open(path, NEW, 0o666)
    except FileExistsError:
        return False
    try:
        rest = memoryview(data)
        while rest:
            rest = rest[os.write(file, rest) :]
    finally:
        os.close(file)
    return True
