"""Changes of what a wheel holds and says of itself. Each returns what it did."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from lib.texts import (
    COMMANDS,
    FIELDS,
    INFO_DIRS,
    INFO_NAMES,
    ODD,
    PATHS,
    SECTIONS,
    SINGLE,
    TARGETS,
    encodings,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

    from lib.drafts import Wheel

    Change = Callable[[Wheel, Random], str]

CODE = "import os, pathlib; pathlib.Path(os.environ['MARK']).touch()"
BODIES = (
    b"X = 1\n", b"", b"\x00", b"def (:\n", b"# coding: nonsense\n", b"# coding: utf-16\nx\n", b"\xff\xfe", b"x = " + b"(" * 300,
    b"-" * 5000 + b"1", b"'\\N{nonsense}'", b"9" * 5000, CODE.encode(), b"\xef\xbb\xbfX = 1", b"return", b"X = 1" * 50_000,
    b"from __future__ import nonsense", b"\x0c\n", b"if 1:\n\tx\n        y\n", b"x: int = [" + b"[" * 90 + b"]" * 90 + b"]",
)  # fmt: skip
WHEEL_FIELDS: dict[str, tuple[str, ...]] = {
    "Wheel-Version": (
        "1.0", "1", "1.9", "1.x", "1.", ".1", "2.0", "0.9", "1.0.0.0", "x", "1 .0", "-1", "+1.0", "1_0.0", "\uff11.0", "1.-1", "1.0\n 2",
    ),
    "Root-Is-Purelib": ("true", "false", "TRUE", "maybe", "1", "true false"),
    "Tag": ("py3-none-any", "py2-none-any", "cp99-cp99-win32", "x", "py3-none-any.x", "--", "py3-none", "../x-none-any"),
    "Generator": ("x", "bdist_wheel 0.37"),
    "Build": ("1", "x", "1x"),
}  # fmt: skip
SCHEMES = ("purelib", "platlib", "headers", "scripts", "data", "bogus", "", ".", "..", "PURELIB", "purelib ", "include")
DATA_DIRS = ("alpha-1.0.data", "beta-1.0.data", ".data", "x.data", "alpha-1.0.DATA", "alpha.data", "neighbour-1.0.data")
DATA_PATHS = (
    "b.py", "alpha/__init__.py", "alpha", "alpha/b.py", "neighbour/__init__.py", "neighbour", "bin/alpha", "bin", "lib", "bin/neighbour",
    "bin/python", "pyvenv.cfg", "pyvenv.cfg/x", "lib/python3.11/site-packages/b.pth", "lib/python3.11/site-packages/neighbour/b.py",
    "../b", "b/../../c", "", "b/", "x/y/z", "é", "share/b", "b" * 256, "b\nc", "alpha-1.0.dist-info/METADATA", "-x", "include/b.h",
    "neighbour-1.0.dist-info/RECORD", "b.pth", "lib/python3.11", "python", "pip", "activate", "__pycache__", "alpha-script.py",
    "lib64", "lib64/b", "alpha.exe", "alpha-1.0.dist-info/RECORD", "alpha-1.0.dist-info/INSTALLER", "bin/activate/x", "lib/python3.11/x",
)  # fmt: skip


def member(wheel: Wheel, chance: Random) -> str:
    name = chance.choice(PATHS)
    wheel.members[name] = chance.choice(BODIES) if name.endswith((".py", ".pth")) else b"x"
    return f"member {name[:80]!r} ({len(name)} characters) holding {wheel.members[name][:20]!r}"


def renamed(wheel: Wheel, chance: Random) -> str:
    old, new = chance.choice(sorted(wheel.members)), chance.choice(PATHS)
    wheel.members[new] = wheel.members.pop(old)
    return f"member {old!r} renamed {new[:80]!r} ({len(new)} characters)"


def removed(wheel: Wheel, chance: Random) -> str:
    gone = chance.choice(sorted(wheel.members))
    del wheel.members[gone]
    return f"without {gone!r}"


def reordered(wheel: Wheel, chance: Random) -> str:
    names = sorted(wheel.members)
    chance.shuffle(names)
    wheel.members = {name: wheel.members[name] for name in names}
    return "members in another order"


def body(wheel: Wheel, chance: Random) -> str:
    name = chance.choice(sorted(n for n in wheel.members if not n.startswith(wheel.info)) or [*wheel.members])
    wheel.members[name] = chance.choice(BODIES)
    return f"{name!r} holds {wheel.members[name][:20]!r}"


def twins(wheel: Wheel, chance: Random) -> str:
    name = chance.choice(sorted(wheel.members))
    forms = (
        name.upper(),
        name.title(),
        f"./{name}",
        name.replace("/", "//", 1),
        f"{name}/",
        f"{name}/x",
        name.rpartition("/")[0],
    )
    other = chance.choice([form for form in forms if form not in {"", name}])
    wheel.members[other] = b"" if other.endswith("/") else b"twin"
    return f"{other!r} beside {name!r}"


def in_info(wheel: Wheel, chance: Random) -> str:
    name = f"{wheel.info}/{chance.choice(INFO_NAMES)}"
    wheel.members[name] = chance.choice([b"x", b"", b"{}", b"\xff", b"pip\n"])
    return f"member {name!r} holding {wheel.members[name]!r}"


def info_renamed(wheel: Wheel, chance: Random) -> str:
    new, old = chance.choice(INFO_DIRS), wheel.info
    wheel.members = {n.replace(f"{old}/", f"{new}/", 1): d for n, d in wheel.members.items()}
    wheel.info = new
    return f"dist-info called {new!r}"


def info_twin(wheel: Wheel, chance: Random) -> str:
    other = chance.choice(INFO_DIRS)
    names = chance.choice(
        [("METADATA",), ("METADATA", "WHEEL"), ("RECORD",), ("entry_points.txt",), ("METADATA", "RECORD")]
    )
    wheel.members |= {f"{other}/{name}": wheel.members.get(f"{wheel.info}/{name}", b"") for name in names}
    return f"a second dist-info {other!r} with {names}"


def data_file(wheel: Wheel, chance: Random) -> str:
    folder = f"{wheel.name}-{wheel.version}.data" if chance.random() < 0.6 else chance.choice(DATA_DIRS)
    name = "/".join(
        [folder, chance.choice(SCHEMES[:5] if chance.random() < 0.8 else SCHEMES), chance.choice(DATA_PATHS)]
    )
    name = chance.choice([folder, f"{folder}/x"]) if chance.random() < 0.05 else name
    wheel.members[name] = chance.choice(
        [b"x", b"", b"#!python\nx\n", b"#!pythonw", b"#!python" + b"x" * 9999, *BODIES[:4]]
    )
    return f"member {name!r} holding {wheel.members[name][:20]!r}"


def command(wheel: Wheel, chance: Random) -> str:
    name, target = chance.choice(COMMANDS), "alpha:main"
    if chance.random() < 0.5:
        name, target = ("alpha", chance.choice(TARGETS)) if chance.random() < 0.7 else (name, chance.choice(TARGETS))
    section = chance.choice(SECTIONS[:2] if chance.random() < 0.7 else SECTIONS)
    separator = chance.choice([" = ", "=", " : ", " "] if chance.random() < 0.2 else [" = "])
    text = f"[{section}]\n{name}{separator}{target}\n"
    text = (
        text
        if chance.random() < 0.8
        else chance.choice([text * 2, f"x = y\n{text}", f"{text}[x]\n{name}", f"{text} more\n", text[1:]])
    )
    wheel.members[f"{wheel.info}/entry_points.txt"] = text.encode("utf-8", "surrogateescape")
    return f"entry_points.txt {text[:150]!r}"


def pth(wheel: Wheel, chance: Random) -> str:
    name = chance.choice(
        ["alpha.pth", "alpha.PTH", "-.pth", "é.pth", "alpha-1.0.data/purelib/alpha.pth", "alpha.start"]
    )
    lines = [
        CODE,
        "..",
        "/",
        "x\x00y",
        "import nonsense",
        "\ufeffimport os",
        "import\tos",
        "#",
        LONG_LINE,
        "exec('1')",
        "neighbour",
    ]
    wheel.members[name] = chance.choice([*(line.encode() for line in lines), b"\xff\xfe", b"import os\r\n" * 9])
    return f"member {name!r} holding {wheel.members[name][:60]!r}"


LONG_LINE = "x" * 100_000


def field_of(text: bytes, fields: dict[str, tuple[str, ...]], chance: Random) -> tuple[bytes, str]:
    """Return *text*, of header fields, with one of *fields* changed, and what was done."""
    name = (
        chance.choice(sorted(fields))
        if chance.random() < 0.4
        else chance.choice(sorted(fields.keys() & {*SINGLE, *REQUIRED}))
    )
    value = chance.choice(fields[name] if chance.random() < 0.8 else ODD)
    head, blank, rest = text.partition(b"\n\n")
    lines = head.rstrip(b"\n").split(b"\n")
    mine = [line for line in lines if line.lower().startswith(f"{name.lower()}:".encode())]
    line = f"{name}: {value}".encode("utf-8", "surrogateescape")
    kind = chance.choice(["double", "first", "last", "set", "set", "set", "drop", "folded", "case"])
    if kind == "double" and mine:
        lines.append(mine[0])
    elif kind == "first":
        lines.insert(0, line)
    elif kind == "drop":
        lines = [one for one in lines if one not in mine]
    elif kind == "folded":
        lines.append(line.replace(b": ", b":\n  ", 1))
    elif kind == "case":
        lines.append(line.replace(name.encode(), chance.choice([name.upper(), name.lower()]).encode(), 1))
    else:
        lines = [*([one for one in lines if one not in mine] if kind == "set" else lines), line]
    return b"\n".join(lines) + b"\n" + blank[1:] + rest, f"{kind} {name}: {value[:80]!r} ({len(value)} characters)"


REQUIRED = ("Wheel-Version", "Root-Is-Purelib", "Requires-Dist", "Tag", "Provides-Extra", "Dynamic")


def metadata(wheel: Wheel, chance: Random) -> str:
    path = f"{wheel.info}/METADATA"
    wheel.members[path], done = field_of(wheel.members.get(path, b""), FIELDS, chance)
    return f"METADATA: {done}"


def wheel_file(wheel: Wheel, chance: Random) -> str:
    path = f"{wheel.info}/WHEEL"
    wheel.members[path], done = field_of(wheel.members.get(path, b""), WHEEL_FIELDS, chance)
    return f"WHEEL: {done}"


def encoding(wheel: Wheel, chance: Random) -> str:
    """Write one of the texts in the dist-info otherwise."""
    name = f"{wheel.info}/{chance.choice(['METADATA', 'WHEEL', 'entry_points.txt'])}"
    how, change = encodings(chance)
    wheel.members[name] = change(wheel.members.get(name, b"[console_scripts]\nalpha = alpha:main\n"))
    return f"{name!r}: {how}"


def record_row(wheel: Wheel, chance: Random) -> str:
    """Change one row of RECORD."""
    kind, place = chance.choice(sorted(ROWS)), chance.random()

    def change(rows: list[list[str]]) -> None:
        with suppress(IndexError):  # an earlier change has taken the row or the cell away
            ROWS[kind](rows, int(place * len(rows)))

    wheel.rows.append(change)
    return f"RECORD, row at {place:.2f}: {kind}"


def _put(column: int, value: str) -> Callable[[list[list[str]], int], None]:
    def put(rows: list[list[str]], at: int) -> None:
        rows[at][column] = value

    return put


def _cell(column: int, change: Callable[[str], str]) -> Callable[[list[list[str]], int], None]:
    def put(rows: list[list[str]], at: int) -> None:
        rows[at][column] = change(rows[at][column])

    return put


def _row(*cells: str) -> Callable[[list[list[str]], int], None]:
    return lambda rows, at: rows.insert(at, [*cells])


ROWS: dict[str, Callable[[list[list[str]], int], None]] = {
    "missing": lambda rows, at: rows.__delitem__(at),
    "all missing": lambda rows, at: rows.clear(),
    "doubled": lambda rows, at: rows.insert(at, [*rows[at]]),
    "doubled with another hash": lambda rows, at: rows.insert(at, [rows[at][0], "sha256=" + "A" * 43, "1"]),
    "in other order": lambda rows, at: rows.reverse(),
    "no hash": _put(1, ""),
    "wrong hash": _put(1, "sha256=" + "A" * 43),
    "hash of no length": _put(1, "sha256="),
    "hash without kind": _put(1, "A" * 43),
    "hash of unknown kind": _put(1, "nonsense=AAAA"),
    "md5": _put(1, "md5=1B2M2Y8AsgTpgAmY7PhCfg"),
    "sha1": _put(1, "sha1=2jmj7l5rSw0yVb_vlWAYkK_YBwk"),
    "sha512 that is wrong": _put(1, "sha512=" + "A" * 86),
    "shake_128": _put(1, "shake_128=AAAA"),
    "hash with padding": _cell(1, lambda h: f"{h}="),
    "hash in hexadecimal": _put(1, "sha256=" + "0" * 64),
    "hash in capitals": _cell(1, str.upper),
    "hash that is not ASCII": _put(1, "sha256=é"),
    "no size": _put(2, ""),
    "wrong size": _cell(2, lambda s: f"{s}1"),
    "negative size": _put(2, "-1"),
    "size that is no number": _put(2, "x"),
    "huge size": _put(2, "9" * 5000),
    "size in other digits": _put(2, "\u0661"),
    "size with zeros": _cell(2, lambda s: f"00{s}"),
    "size with a space": _cell(2, lambda s: f" {s}"),
    "four cells": lambda rows, at: rows[at].append("x"),
    "two cells": lambda rows, at: rows[at].pop(),
    "one cell": lambda rows, at: rows.__setitem__(at, rows[at][:1]),
    "blank row": lambda rows, at: rows.insert(at, []),
    "blank cells": _row("", "", ""),
    "of a space": _row(" ", "", ""),
    "that climbs": _row("../../../neighbour", "", ""),
    "that is absolute": _row("/etc/passwd", "", ""),
    "of the neighbour": _row("neighbour/__init__.py", "", ""),
    "of a folder": _row("alpha/", "", ""),
    "of the neighbour's command": _row("../../../bin/neighbour", "", ""),
    "of a file that is not there": _row("alpha/absent.py", "sha256=" + "A" * 43, "1"),
    "with a NUL": _row("alpha/\x00", "", ""),
    "with an escape": _row("alpha/\x1b[31m", "", ""),
    "of a long name": _row("alpha/" + "x" * 140_000, "", ""),
    "with backslashes": _cell(0, lambda n: n.replace("/", "\\")),
    "with a dot": _cell(0, lambda n: f"./{n}"),
    "with a doubled slash": _cell(0, lambda n: n.replace("/", "//")),
    "in capitals": _cell(0, str.upper),
    "with a space": _cell(0, lambda n: f"{n} "),
    "with a line end": _cell(0, lambda n: f"{n}\n"),
    "of RECORD has a hash": lambda rows, at: _put(1, "sha256=" + "A" * 43)(rows, -1 if rows else 0),
    "signatures": _row("alpha-1.0.dist-info/RECORD.jws", "", ""),
}


def record_text(wheel: Wheel, chance: Random) -> str:
    """Write RECORD otherwise."""
    ways: dict[str, Callable[[bytes], bytes]] = {
        "quoted": lambda d: (
            b"\n".join(b",".join(b'"' + c + b'"' for c in line.split(b",")) for line in d.split(b"\n")[:-1]) + b"\n"
        ),
        "an open quote": lambda d: d + b'"x',
        "a quote within": lambda d: d.replace(b",", b'",', 1),
        "semicolons": lambda d: d.replace(b",", b";"),
        "tabs": lambda d: d.replace(b",", b"\t"),
        "a line separator": lambda d: d + "a\u2028b,,\n".encode(),
        "a form feed": lambda d: d + b"a\x0cb,,\n",
        "surrogates": lambda d: d + b"\xed\xa0\x80,,\n",
        "quoted line end": lambda d: d + b'"a\nb",,\n',
        "100000 rows": lambda d: d + b"".join(b"x%d,,\n" % n for n in range(100_000)),
    }
    how, change = (
        encodings(chance) if chance.random() < 0.5 else chance.choice(sorted(ways.items(), key=lambda kv: kv[0]))
    )
    wheel.texts.append(change)
    return f"RECORD: {how}"


def no_record(wheel: Wheel, chance: Random) -> str:
    """Write an old RECORD, of the members as they are now."""
    wheel.record = wheel.true_record()
    return "RECORD is of before"


FILENAMES = (
    "alpha-1.0.0-py3-none-any.whl", "Alpha-1.0-py3-none-any.whl", "ALPHA-1.0-PY3-NONE-ANY.WHL", "alpha-2.0-py3-none-any.whl",
    "alpha-1.0-1-py3-none-any.whl", "alpha-1.0-1x-py3-none-any.whl", "alpha-1.0-x-py3-none-any.whl", "al_pha-1.0-py3-none-any.whl",
    "alpha-1.0+x-py3-none-any.whl", "alpha-1.0%2bx-py3-none-any.whl", "alpha-1!1.0-py3-none-any.whl", "alpha-v1.0-py3-none-any.whl",
    "alpha-1.0-py3.py2-none-any.whl", "alpha-1.0-py2-none-any.whl", "alpha-1.0-cp99-none-any.whl", "alpha-1.0-py3-none-any.zip",
    "alpha-1.0.whl", "alpha.whl", ".whl", "alpha-1.0-py3-none-any.whl.whl", "alpha-1.0-py3-none-any .whl", "älpha-1.0-py3-none-any.whl",
    "alpha-1.0_1-py3-none-any.whl", "alpha-1.0.post1-py3-none-any.whl", "beta-1.0-py3-none-any.whl", "alpha-01.0-py3-none-any.whl",
    "alpha-1.0-py3-none-" + "any." * 50 + "any.whl", "alpha-1-py3-none-any.whl", "a.lpha-1.0-py3-none-any.whl", "alpha-one-py3-none-any.whl",
    "alpha-1.0-py3-none-any.tar.gz", "alpha-1.0a-py3-none-any.whl", "alpha-1.0\n-py3-none-any.whl", "alpha-1.0-99999999999-py3-none-any.whl",
)  # fmt: skip


def filename(wheel: Wheel, chance: Random) -> str:
    wheel.filename = chance.choice(FILENAMES)
    return f"file called {wheel.filename!r}"


CONTENT: tuple[Change, ...] = (
    member, member, renamed, removed, reordered, body, twins, twins, in_info, info_renamed, info_twin, data_file, data_file,
    command, command, pth, metadata, metadata, metadata, metadata, wheel_file, wheel_file, encoding, encoding,
)  # fmt: skip
RECORD: tuple[Change, ...] = (record_row, record_row, record_row, record_text)
NAMES: tuple[Change, ...] = (filename,)
