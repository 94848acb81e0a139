"""Zip archives of which every byte can be chosen: what ``zipfile`` would never write."""

from __future__ import annotations

import bz2
import lzma
import struct
import zlib
from dataclasses import dataclass, field
from typing import Any

STORED, DEFLATED, BZIP2, LZMA = 0, 8, 12, 14
UTF8, STREAMED = 0x800, 0x8
LOCAL = struct.Struct("<4s5H3I2H")
CENTRAL = struct.Struct("<4s6H3I5H2I")
END = struct.Struct("<4s4H2IH")
END64 = struct.Struct("<4sQ2H2I4Q")
LOCATOR64 = struct.Struct("<4sIQI")
FULL = 0xFFFFFFFF
DAY = (1 << 5) | 1
"""The first of January 1980, as MS-DOS wrote it."""


@dataclass
class Entry:
    """One member. What ``local`` and ``central`` hold (crc, packed, size, flags, method, name, extra, offset) is a lie."""

    name: bytes
    data: bytes
    method: int = DEFLATED
    flags: int = 0
    mode: int = 0o100644
    attributes: int | None = None
    packed: bytes | None = None
    """What stands in the archive, if not *data* as *method* packs it."""
    descriptor: str = ""
    """``signed``, ``unsigned`` or ``wrong``: sizes follow the data."""
    zip64: bool = False
    local: dict[str, Any] = field(default_factory=dict)
    central: dict[str, Any] = field(default_factory=dict)
    comment: bytes = b""


@dataclass
class Zip:
    """An archive."""

    entries: list[Entry]
    before: bytes = b""
    comment: bytes = b""
    after: bytes = b""
    zip64: bool = False
    end: dict[str, int] = field(default_factory=dict)
    """Lies of the last record: count, size, offset, disk, comment."""
    gap: bytes = b""
    """Before each member but the first."""

    def encoded(self) -> bytes:
        """Return the bytes."""
        made, directory, offset = [self.before], [], len(self.before)
        for entry in self.entries:
            local = (self.gap if directory else b"") + _local(entry)
            where = offset + (len(self.gap) if directory else 0)
            directory.append(_central(entry, where - (len(self.before) if self.end.get("relative") else 0)))
            made.append(local)
            offset += len(local)
        central = b"".join(directory)
        return b"".join([*made, central, self._end(len(central), offset), self.after])

    def _end(self, size: int, offset: int) -> bytes:
        count = len(self.entries)
        told = {"count": count, "size": size, "offset": offset, "disk": 0, "comment": len(self.comment), **self.end}
        record = b""
        if self.zip64:
            record = END64.pack(b"PK\6\6", 44, 45, 45, 0, 0, told["count"], told["count"], told["size"], told["offset"])
            record += LOCATOR64.pack(b"PK\6\7", 0, offset + size, 1)
            told |= {"count": 0xFFFF, "size": FULL, "offset": FULL}
        few = told["count"] & 0xFFFF
        return (
            record
            + END.pack(
                b"PK\5\6", told["disk"], told["disk"], few, few, told["size"], told["offset"], told["comment"] & 0xFFFF
            )
            + self.comment
        )


def packed(data: bytes, method: int) -> bytes:
    """Return *data* as *method* packs it; as it is, for a method that nobody knows."""
    if method == DEFLATED:
        deflate = zlib.compressobj(9, zlib.DEFLATED, -15)
        return deflate.compress(data) + deflate.flush()
    if method == BZIP2:
        return bz2.compress(data)
    if method == LZMA:
        filters = [{"id": lzma.FILTER_LZMA1, "dict_size": 1 << 16}]
        return struct.pack("<BBHBI", 9, 4, 5, 0x5D, 1 << 16) + lzma.compress(data, lzma.FORMAT_RAW, filters=filters)
    return data


def _facts(entry: Entry) -> dict[str, Any]:
    body = packed(entry.data, entry.method) if entry.packed is None else entry.packed
    return {
        "name": entry.name, "flags": entry.flags, "method": entry.method, "crc": zlib.crc32(entry.data),
        "packed": len(body), "size": len(entry.data), "extra": b"", "body": body,
    }  # fmt: skip


def _local(entry: Entry) -> bytes:
    told, tail = _facts(entry), b""
    if entry.descriptor:
        lie = 1 if entry.descriptor == "wrong" else 0
        tail = struct.pack("<III", told["crc"] ^ lie, told["packed"], told["size"])
        tail = (b"" if entry.descriptor == "unsigned" else b"PK\7\10") + tail
        told |= {"crc": 0, "packed": 0, "size": 0, "flags": told["flags"] | STREAMED}
    if entry.zip64:
        told |= {"extra": struct.pack("<HHQQ", 1, 16, told["size"], told["packed"]), "size": FULL, "packed": FULL}
    told |= entry.local
    head = LOCAL.pack(
        b"PK\3\4", 20, told["flags"], told["method"], 0, DAY, told["crc"], told["packed"], told["size"],
        len(told["name"]), len(told["extra"]),
    )  # fmt: skip
    return head + told["name"] + told["extra"] + told["body"] + tail


def _central(entry: Entry, offset: int) -> bytes:
    told = {**_facts(entry), "offset": offset}
    told["flags"] |= STREAMED if entry.descriptor else 0
    if entry.zip64:
        told |= {"extra": struct.pack("<HHQQ", 1, 16, told["size"], told["packed"]), "size": FULL, "packed": FULL}
    told |= entry.central
    attributes = entry.mode << 16 if entry.attributes is None else entry.attributes
    head = CENTRAL.pack(
        b"PK\1\2", 0x314, 20, told["flags"], told["method"], 0, DAY, told["crc"], told["packed"], told["size"],
        len(told["name"]), len(told["extra"]), len(entry.comment), 0, 0, attributes, told["offset"],
    )  # fmt: skip
    return head + told["name"] + told["extra"] + entry.comment
