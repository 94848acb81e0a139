"""Changes of how a wheel or a source distribution is packed. Each returns what it did, or is to do when it is packed."""

from __future__ import annotations

import bz2
import gzip
import lzma
import struct
import tarfile
import zlib
from typing import TYPE_CHECKING, Any

from lib.zips import BZIP2, DEFLATED, FULL, LZMA, STORED, UTF8, Entry, packed

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

    from lib.drafts import Sdist, Wheel
    from lib.zips import Zip

    EntryChange = Callable[[Entry], object]
    Bytes = Callable[[bytes], bytes]

CUTS = (b"PK\5\6", b"PK\1\2", b"PK\3\4")
METHODS = (STORED, BZIP2, LZMA, 1, 6, 9, 93, 95, 99, 0xFFFF)
MODES = {
    "link": 0o120777, "device": 0o020644, "block device": 0o060644, "pipe": 0o010644, "socket": 0o140644, "folder": 0o040755,
    "set-user-id": 0o104755, "set-group-id": 0o102755, "no permission": 0o100000, "everybody's": 0o100777, "executable": 0o100755,
    "sticky": 0o101644, "no kind": 0o644, "unknown kind": 0o170644,
}  # fmt: skip


def _lie(where: str, key: str, value: Any) -> EntryChange:
    def change(entry: Entry) -> None:
        honest = {
            "crc": zlib.crc32(entry.data), "packed": len(packed(entry.data, entry.method)), "size": len(entry.data),
            "flags": entry.flags, "method": entry.method, "name": entry.name, "extra": b"",
        }  # fmt: skip
        told = value(honest[key]) if callable(value) else value
        for one in ("local", "central") if where == "both" else (where,):
            getattr(entry, one)[key] = told

    return change


def _set(**facts: Any) -> EntryChange:
    return lambda entry: [setattr(entry, key, value) for key, value in facts.items()]


LIES: dict[str, Any] = {
    "crc": lambda crc: crc ^ 1,
    "packed": lambda n: n + 1,
    "size": lambda n: n + 1,
    "flags": lambda f: f ^ UTF8,
    "method": lambda m: STORED if m == DEFLATED else DEFLATED,
    "name": lambda n: n.swapcase(),
    "extra": struct.pack("<HHQ", 1, 8, 5),
}
MORE: dict[str, EntryChange] = {
    "crc of nothing": _lie("both", "crc", 0),
    "size of nothing": _lie("both", "size", 0),
    "size one less": _lie("both", "size", lambda n: max(0, n - 1)),
    "size 4 GiB": _lie("both", "size", FULL),
    "size 3 GiB": _lie("both", "size", 3 << 30),
    "packed one less": _lie("both", "packed", lambda n: max(0, n - 1)),
    "packed 4 GiB": _lie("both", "packed", FULL),
    "packed of nothing": _lie("both", "packed", 0),
    "offset": _lie("central", "extra", b""),
    "encrypted": _lie("both", "flags", lambda f: f | 1),
    "strongly encrypted": _lie("both", "flags", lambda f: f | 0x41),
    "patch data": _lie("both", "flags", lambda f: f | 0x20),
    "masked": _lie("both", "flags", lambda f: f | 0x2000),
    "streamed without descriptor": _lie("both", "flags", lambda f: f | 8),
    "unknown flags": _lie("both", "flags", lambda f: f | 0x1006),
    "data cut": lambda e: setattr(e, "packed", packed(e.data, e.method)[:-3]),
    "data followed by more": lambda e: setattr(e, "packed", packed(e.data, e.method) + b"more"),
    "data two times": lambda e: setattr(e, "packed", packed(e.data, e.method) * 2),
    "data that is noise": _set(packed=b"\xff\x00noise"),
    "data of another": lambda e: setattr(e, "packed", packed(e.data.swapcase() + b"#", e.method)),
    "data of another with its crc": lambda e: setattr(e, "data", e.data.swapcase() + b"#"),
    "no data": _set(packed=b""),
    "a zlib stream": lambda e: setattr(e, "packed", zlib.compress(e.data)),
    "a bomb": _set(data=bytes(30_000_000)),
    "descriptor": _set(descriptor="signed"),
    "descriptor without signature": _set(descriptor="unsigned"),
    "descriptor that is wrong": _set(descriptor="wrong"),
    "zip64": _set(zip64=True),
    "zip64 of another size": _lie("both", "extra", struct.pack("<HHQQ", 1, 16, 1, 1)),
    "extra that is cut": _lie("both", "extra", b"\x01\x00\xff"),
    "extra that is cut in the directory": _lie("central", "extra", b"\x01\x00\xff\xff"),
    "extra of another name": _lie("central", "extra", struct.pack("<HHBI", 0x7075, 6, 1, 0) + b"x"),
    "extra of unknown kind": _lie("both", "extra", struct.pack("<HH", 0xCAFE, 4) + b"abcd"),
    "name with a NUL": lambda e: setattr(e, "name", e.name + b"\x00.txt"),
    "name without UTF-8 flag": lambda e: (setattr(e, "name", e.name + "é".encode()), setattr(e, "flags", 0)),
    "name that is no UTF-8": lambda e: (setattr(e, "name", e.name + b"\xff"), setattr(e, "flags", UTF8)),
    "name of nothing": _set(name=b""),
    "comment": _set(comment=b"PK\3\4 hello"),
    "attributes of MS-DOS": _set(attributes=0x10),
    "attributes of nothing": _set(attributes=0),
}
ENTRY: dict[str, EntryChange] = {
    **{
        f"{key} wrong in {where}": _lie(where, key, value)
        for key, value in LIES.items()
        for where in ("local", "central", "both")
    },
    **MORE,
    **{f"method {method}": _set(method=method) for method in METHODS},
    **{f"mode of a {name}": _set(mode=mode) for name, mode in MODES.items()},
}
WHOLE: dict[str, Callable[[Zip], object]] = {
    "comment": lambda z: setattr(z, "comment", b"hello"),
    "comment that looks like an end": lambda z: setattr(z, "comment", b"PK\5\6" + bytes(18)),
    "comment of 65535": lambda z: setattr(z, "comment", b"x" * 65535),
    "comment longer than told": lambda z: (setattr(z, "comment", b"x" * 9), z.end.update(comment=4)),
    "comment shorter than told": lambda z: z.end.update(comment=9),
    "trailing byte": lambda z: setattr(z, "after", b"\x00"),
    "trailing text": lambda z: setattr(z, "after", b"hello" * 99),
    "trailing zip": lambda z: setattr(z, "after", type(z)([Entry(b"x", b"y")]).encoded()),
    "leading text, offsets right": lambda z: setattr(z, "before", b"#!/bin/sh\n"),
    "leading text, offsets relative": lambda z: (setattr(z, "before", b"#!/bin/sh\n"), z.end.update(relative=1)),
    "leading zip": lambda z: setattr(z, "before", type(z)([Entry(b"x", b"y")]).encoded()),
    "gaps": lambda z: setattr(z, "gap", b"gap"),
    "zip64": lambda z: setattr(z, "zip64", True),
    "zip64, all of it": lambda z: (setattr(z, "zip64", True), [setattr(e, "zip64", True) for e in z.entries]),
    "one fewer told": lambda z: z.end.update(count=len(z.entries) - 1),
    "one more told": lambda z: z.end.update(count=len(z.entries) + 1),
    "none told": lambda z: z.end.update(count=0),
    "65535 told": lambda z: z.end.update(count=0xFFFF),
    "size of the directory": lambda z: z.end.update(size=1),
    "size of the directory 4 GiB": lambda z: z.end.update(size=FULL),
    "offset of the directory": lambda z: z.end.update(offset=1),
    "offset of the directory 4 GiB": lambda z: z.end.update(offset=FULL),
    "another disk": lambda z: z.end.update(disk=1),
    "all streamed": lambda z: [setattr(e, "descriptor", "signed") for e in z.entries],
    "all stored": lambda z: [setattr(e, "method", STORED) for e in z.entries],
    "all bzip2": lambda z: [setattr(e, "method", BZIP2) for e in z.entries],
    "all lzma": lambda z: [setattr(e, "method", LZMA) for e in z.entries],
    "all executable": lambda z: [setattr(e, "mode", 0o100755) for e in z.entries],
    "the last two at one place": lambda z: z.entries[-1].central.update(offset=0),
    "empty": lambda z: z.entries.clear(),
    "in other order": lambda z: z.entries.reverse(),
    "folders as members": lambda z: z.entries.extend(
        Entry(f"{name}/".encode(), b"", STORED, mode=0o040755)
        for name in sorted({e.name.decode("utf-8", "replace").partition("/")[0] for e in z.entries if b"/" in e.name})
    ),
    "a folder that holds data": lambda z: z.entries.append(Entry(b"alpha/x/", b"data", STORED)),
    "3000 members more": lambda z: z.entries.extend(Entry(b"alpha/x%d" % n, b"", STORED) for n in range(3000)),
}


def zip_entry(draft: Wheel | Sdist, chance: Random) -> str:
    """Change the header of one member."""
    kind, place = chance.choice(sorted(ENTRY)), chance.random()
    wanted = chance.choice([b"", b"", b"METADATA", b"WHEEL", b"RECORD", b"__init__.py"])

    def change(archive: Zip) -> None:
        found = [entry for entry in archive.entries if wanted in entry.name] or archive.entries
        if found:
            ENTRY[kind](found[int(place * len(found))])

    draft.entries.append(change)
    return f"zip, member {wanted.decode()!r} at {place:.2f}: {kind}"


def zip_double(draft: Wheel | Sdist, chance: Random) -> str:
    """Put a member into the archive a second time."""
    place, same, first = chance.random(), chance.random() < 0.5, chance.random() < 0.5

    def change(archive: Zip) -> None:
        if archive.entries:
            old = archive.entries[int(place * len(archive.entries))]
            archive.entries.insert(
                0 if first else len(archive.entries), Entry(old.name, old.data if same else b"other\n")
            )

    draft.entries.append(change)
    return f"zip: the member at {place:.2f} again, {'same' if same else 'other'} data, {'first' if first else 'last'}"


def zip_whole(draft: Wheel | Sdist, chance: Random) -> str:
    """Change the archive around its members."""
    kind = chance.choice(sorted(WHOLE))
    draft.entries.append(WHOLE[kind])
    return f"zip: {kind}"


def raw(draft: Wheel | Sdist, chance: Random) -> str:
    """Change bytes, blindly."""
    kind, place, seed = (
        chance.choice(["cut", "flip", "drop", "double", "noise", "empty", "start"]),
        chance.random(),
        chance.randbytes(4),
    )
    place = chance.choice([place, 1 - place / 20, place / 20])
    ways: dict[str, Callable[[bytes, int], bytes]] = {
        "cut": lambda d, at: d[:at],
        "flip": lambda d, at: d[:at] + bytes([d[at] ^ (seed[0] or 1)]) + d[at + 1 :],
        "drop": lambda d, at: d[:at] + d[at + 1 + seed[0] % 9 :],
        "double": lambda d, at: d[:at] + d[at : at + 40] + d[at:],
        "noise": lambda d, at: d[:at] + seed + d[at + 4 :],
        "empty": lambda d, at: b"",
        "start": lambda d, at: seed + d,
    }
    draft.bytes_.append(lambda d: ways[kind](d, int(place * len(d))) if d else d)
    return f"bytes: {kind} at {place:.4f}"


TAR_MODES = (0, 0o777, 0o4755, 0o000, 0o111, 0o7777, 0o444)
LINKS = (
    "alpha/__init__.py",
    "../../../neighbour",
    "/etc/passwd",
    "x",
    "",
    ".",
    "PKG-INFO",
    "alpha-1.0/PKG-INFO",
    "_backend.py",
)
TAR_NAMES = (
    "../x", "/x", "./alpha-1.0/x", "alpha-1.0/../x", "alpha-1.0/./x", "alpha-1.0//x", "alpha-1.0\\x", "C:/x", "alpha-1.0/x\ny",
    "alpha-1.0/x\x1by", "alpha-1.0/\udcff", "alpha-1.0/é", "alpha-1.0/" + "x" * 256, "alpha-1.0/" + "x/" * 70 + "y", "x", "beta-1.0/x",
    "alpha-1.0", "", ".", "..", "ALPHA-1.0/x", "alpha-1.0/PKG-INFO/x", "alpha-1.0/pkg-info", "alpha-1.0/alpha", "alpha-1.0/setup.py/x",
    "alpha-1.0/\u202ex", "alpha-1.0/" + "x" * 150, "pax_global_header", "alpha-1.0/x:y", "alpha-1.0/CON", "alpha-1.0/.git/config",
    "alpha-1.0/pip/__init__.py", "alpha-1.0/os.py", "alpha-1.0/re.py", "alpha-1.0/pip.conf", "alpha-1.0/.pth", "alpha-1.0/sitecustomize.py",
    "alpha-1.0/alpha.egg-info/PKG-INFO", "alpha-1.0/build/x", "alpha-1.0/dist/x.whl", "alpha-1.0/pylock.toml", "alpha-1.0/x.dist-info/METADATA",
)  # fmt: skip
TAR_TYPES = {
    "symlink": tarfile.SYMTYPE, "hard link": tarfile.LNKTYPE, "device": tarfile.CHRTYPE, "block device": tarfile.BLKTYPE,
    "pipe": tarfile.FIFOTYPE, "folder": tarfile.DIRTYPE, "contiguous": tarfile.CONTTYPE, "sparse": tarfile.GNUTYPE_SPARSE,
    "unknown": b"Z", "old": tarfile.AREGTYPE, "volume": b"V",
}  # fmt: skip
PAX = (
    {"path": "../x"}, {"path": "alpha-1.0/PKG-INFO"}, {"path": ""}, {"path": "x\x00y"}, {"size": "1"}, {"size": "99999999999"},
    {"size": "-1"}, {"size": "x"}, {"mtime": "x"}, {"mtime": "nan"}, {"mtime": "1e999"}, {"uid": "-1"}, {"uname": "root\n"},
    {"linkpath": "/etc/passwd"}, {"GNU.sparse.major": "1", "GNU.sparse.minor": "0", "GNU.sparse.name": "../x"}, {"comment": "x" * 99999},
    {"GNU.sparse.map": "0,x"}, {"GNU.sparse.size": "x"}, {"hdrcharset": "BINARY"}, {"hdrcharset": "x"}, {"": "x"}, {"SCHILY.xattr.x": "y"},
    {"path": "alpha-1.0/é"}, {"path": "alpha-1.0/" + "x" * 99999}, {"GNU.sparse.numblocks": "99999999"}, {"atime": "9" * 500},
)  # fmt: skip


def tar_member(sdist: Sdist, chance: Random) -> str:
    """Add a member to the tar, or change what one is."""
    kind, name = chance.choice(sorted(TAR_TYPES)), chance.choice(TAR_NAMES)
    link, mode, place = chance.choice(LINKS), chance.choice(TAR_MODES), chance.random()
    how = chance.choice(["new", "new of a kind", "kind", "mode", "renamed", "doubled", "time"])
    when = chance.choice([0, -1, 1 << 33, 1 << 40, 1e18])

    def change(infos: list[tuple[tarfile.TarInfo, bytes]]) -> None:
        info, data = infos[int(place * len(infos))]
        if how.startswith("new"):
            info, data = tarfile.TarInfo(name), b"X = 1\n"
            info.size = len(data)
            infos.append((info, data))
        if how.endswith("kind"):
            info.type, info.linkname = TAR_TYPES[kind], link
            info.size = 0 if kind in {"symlink", "hard link", "folder"} else info.size
            infos[:] = [(i, b"" if i is info and not info.size else d) for i, d in infos]
        if how == "mode":
            info.mode = mode
        if how == "renamed":
            info.name = name
        if how == "time":
            info.mtime = when
        if how == "doubled":
            again = tarfile.TarInfo(info.name)
            again.size = 6
            infos.append((again, b"again\n"))

    sdist.infos.append(change)
    return f"tar: {how}, at {place:.2f}, {name[:60]!r}, {kind} to {link!r}, mode {mode:o}, time {when}"


def tar_pax(sdist: Sdist, chance: Random) -> str:
    """Give a member extended headers."""
    headers, place = chance.choice(PAX), chance.random()

    def change(infos: list[tuple[tarfile.TarInfo, bytes]]) -> None:
        infos[int(place * len(infos))][0].pax_headers = dict(headers)

    sdist.infos.append(change)
    return f"tar: extended header { {k: v[:40] for k, v in headers.items()} } at {place:.2f}"


def tar_global(sdist: Sdist, chance: Random) -> str:
    """Begin with a global extended header."""
    headers = chance.choice(PAX)
    sdist.tar.append(lambda d: _tobuf_global(dict(headers)) + d)
    return f"tar: global header { {k: v[:40] for k, v in headers.items()} }"


def _tobuf_global(headers: dict[str, str]) -> bytes:
    return tarfile.TarInfo.create_pax_global_header(headers)


def tar_bytes(sdist: Sdist, chance: Random) -> str:
    """Change the tar before it is compressed."""
    ways: dict[str, Bytes] = {
        "checksum": lambda d: d[:148] + b"0000000\x00" + d[156:],
        "size that is no number": lambda d: d[:124] + b"x" * 12 + d[136:],
        "size that is negative": lambda d: d[:124] + b"\xff" * 12 + d[136:],
        "size of 8 TiB": lambda d: _summed(d[:124] + b"\x80" + bytes(4) + b"\x08" + bytes(6) + d[136:]),
        "size too large": lambda d: _summed(d[:124] + b"00077777777\x00" + d[136:]),
        "no end": lambda d: d[:-1024],
        "cut": lambda d: d[: len(d) - 1024 - 300],
        "blocks of zeros first": lambda d: bytes(1024) + d,
        "one block of zeros first": lambda d: bytes(512) + d,
        "another tar behind": lambda d: d + d,
        "noise behind": lambda d: d + b"noise" * 200,
        "empty": lambda _: b"",
        "zeros": lambda _: bytes(10240),
        "a bomb": lambda d: d + bytes(60_000_000),
    }
    how = chance.choice(sorted(ways))
    sdist.tar.append(ways[how])
    return f"tar: {how}"


def _summed(data: bytes) -> bytes:
    total = sum(data[:148]) + 8 * 32 + sum(data[156:512])
    return data[:148] + b"%06o\x00 " % total + data[156:]


def tar_format(sdist: Sdist, chance: Random) -> str:
    """Write it as another tar."""
    sdist.format = chance.choice([tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT])
    return f"tar of format {sdist.format}"


def tar_pack(sdist: Sdist, chance: Random) -> str:
    """Pack it as another kind of archive than its name says."""
    sdist.pack = chance.choice([".zip", ".tar", ".tar.bz2", ".tar.xz", ".tar.gz"])
    return f"packed as {sdist.pack}"


def packing(sdist: Sdist, chance: Random) -> str:
    """Change the compressed bytes."""
    ways: dict[str, Bytes] = {
        "wrong CRC of gzip": lambda d: d[:-8] + bytes(4) + d[-4:],
        "wrong size of gzip": lambda d: d[:-4] + b"\xff" * 4,
        "no trailer": lambda d: d[:-8],
        "half a trailer": lambda d: d[:-5],
        "two members": lambda d: d + gzip.compress(b"more"),
        "an empty member behind": lambda d: d + gzip.compress(b""),
        "zeros behind": lambda d: d + bytes(99),
        "noise behind": lambda d: d + b"noise",
        "a name that climbs": lambda d: d[:3] + b"\x08" + d[4:10] + b"../../x\x00" + d[10:],
        "reserved flags": lambda d: d[:3] + b"\xe0" + d[4:],
        "method": lambda d: d[:2] + b"\x07" + d[3:],
        "packed twice": gzip.compress,
        "bz2 of it": bz2.compress,
        "xz of it": lzma.compress,
        "page of an error": lambda _: b"<html><body>404</body></html>",
    }
    how = chance.choice(sorted(ways))
    sdist.bytes_.append(ways[how])
    return f"compression: {how}"


ZIP = (zip_entry, zip_entry, zip_entry, zip_double, zip_whole, raw)
TAR = (tar_member, tar_member, tar_member, tar_pax, tar_global, tar_bytes, tar_format, tar_pack, packing, packing, raw)
