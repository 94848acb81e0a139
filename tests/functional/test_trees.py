"""What an installation leaves is what pip leaves: files, modes, RECORD, compiled modules, and how those behave."""

from __future__ import annotations

import io
import marshal
import os
import struct
import sys
import zipfile
from dataclasses import replace
from importlib.util import MAGIC_NUMBER
from pathlib import Path

import pytest
from lib.both_ways import COLD, PIP, WARM, WAYS, Asked, BothWays
from lib.index import LocalIndex
from lib.targets import find_pip, find_python
from lib.trees import differences, read_tree, wrongly_compiled
from lib.wheels import make_sdist, make_wheel, zip_archive

TAG = sys.implementation.cache_tag

FAILS = '''"""A traceback leads through these lines."""


def deep(number):
    return 1 / number if number == 0 else deep(number - 1)


class Holder:
    held = deep(2)
'''
PLAIN = '''"""Documentation, which -OO leaves out."""

from __future__ import annotations

import asyncio

CONSTANTS = (1, True, 1.0, 0.0, -0.0, 1e400, 1e400 - 1e400, 1j, ..., None, b"x", "\\ud800", (1, (2,)), 1 << 80)


class Outer:
    """Likewise."""

    class Inner:
        def method(self, x: int, /, *, y=lambda: {1, 2} & frozenset({3})) -> list[int]:
            """Likewise."""
            assert x, "which -O leaves out"
            return [x for x in (1, 2) if x in {1, 2, 3}]

    async def wait(self):
        async with asyncio.Lock() as lock:
            yield lock


if __debug__:
    DEBUG = True
'''
MODULES = {
    "odd/__init__.py": "",
    "odd/plain.py": PLAIN,
    "odd/fails.py": FAILS,
    "odd/python2.py": "print 'hello'\n",
    "odd/latin.py": "# -*- coding: latin-1 -*-\nNAME = 'é'\n".encode("latin-1"),
    "odd/mislabelled.py": "# -*- coding: utf-8 -*-\nNAME = 'é'\n".encode("latin-1"),
    "odd/big5.py": "# -*- coding: big5 -*-\nNAME = '中'\n".encode("big5"),
    "odd/no_such_encoding.py": "# -*- coding: klingon -*-\n",
    "odd/bom.py": b"\xef\xbb\xbfNAME = '\xc3\xa9'\n",
    "odd/windows.py": b"def f():\r\n    return '''a\r\nb'''\r\n",
    "odd/old_mac.py": b"def f():\r    return 1\r",
    "odd/nothing_after.py": b"X = 1",
    "odd/null.py": b"X = 1\0\n",
    "odd/deep.py": f"X = {'(' * 300}1{')' * 300}\n",
    "odd/deeper.py": f"X = {'-' * 5000}1\n",
    "odd/long_number.py": f"X = {'9' * 5000}\n",
    "odd/escape.py": "X = '\\d' is 'a'\n",
    "odd/large.py": "".join(f"def f{number}(x, y={number}): return x + y\n" for number in range(2000)),
    "odd/my-script.py": "X = 1\n",
    "odd/ümlaut.py": "X = 'ü'\n",
    "odd/a b.py": "X = 1\n",
    "odd/sub.module.py": "X = 1\n",
    "odd/data.txt": b"\0" * 100_000,
    "odd/empty.bin": b"",
    "odd/without_init/inner.py": "X = 1\n",
    f"odd/__pycache__/plain.{TAG}.pyc": b"\xa7\r\r\n" + bytes(12) + b"N",
    f"odd/__pycache__/gone.{TAG}.pyc": b"\xa7\r\r\n" + bytes(12) + b"N",
    "odd/legacy.pyc": b"\xa7\r\r\n" + bytes(12) + b"N",
    "odd_single.py": "def f():\n    return 1\n",
    "odd-1.0.data/purelib/odd_pure/__init__.py": "X = 'purelib'\n",
    "odd-1.0.data/platlib/odd_plat.py": "X = 'platlib'\n",
    "odd-1.0.data/scripts/odd-script": "#!python\nprint('script')\n",
    "odd-1.0.data/scripts/odd_script.py": "#!python\nX = 'a first line that pip replaces'\n",
    "odd-1.0.data/scripts/odd_shell": "#!/bin/sh\necho\n",
    "odd-1.0.data/headers/odd.h": "int x;\n",
    "odd-1.0.data/data/share/odd/example.py": "X = 'data'\n",
}
EXECUTABLE = {"odd/plain.py", "odd/data.txt", "odd-1.0.data/data/share/odd/example.py"}
IMPORTED = [
    "odd.plain", "odd.fails", "odd.python2", "odd.latin", "odd.mislabelled", "odd.no_such_encoding", "odd.bom", "odd.windows",
    "odd.null", "odd.large", "odd.ümlaut", "odd.without_init.inner", "odd.legacy", "odd_single", "odd_pure", "odd_plat", "shared.mine",
]  # fmt: skip
ENTRY_POINTS = "[console_scripts]\nodd = odd.plain:main\n[gui_scripts]\nodd-window = odd.plain:main\n"


def odd_wheel():
    """A wheel with whatever may be strange about a member; some are executable, one is a folder, one is not packed."""
    filename, data = make_wheel("odd", "1.0", ["shared", "other"], files=MODULES, entry_points=ENTRY_POINTS)
    with zipfile.ZipFile(io.BytesIO(data)) as wheel:
        members = [(member_info(name), wheel.read(name)) for name in wheel.namelist()]
    return filename, zip_archive([(member_info("odd/folder/"), b""), *members])


def member_info(name):
    info = zipfile.ZipInfo(name)
    info.external_attr = (0o100755 if name in EXECUTABLE else 0o40700 if name.endswith("/") else 0o100640) << 16
    info.compress_type = zipfile.ZIP_STORED if name == "odd/bom.py" else zipfile.ZIP_DEFLATED
    return info


def newer_wheel():
    """The next version: modules that are new, gone, other ones, and the same ones."""
    files = {
        "odd/__init__.py": "",
        "odd/plain.py": FAILS,
        "odd/new.py": PLAIN,
        "odd_single.py": "def f():\n    return 2\n",
    }
    return make_wheel("odd", "2.0", ["shared"], files=files)


SHARED = {
    "shared": {"shared/__init__.py": "", "shared/mine.py": "X = 'of shared'\n", "shared/both.py": "X = 'the same'\n"},
    "other": {"shared/mine.py": "X = 'of other, and longer'\n", "shared/both.py": "X = 'the same'\n"},
}
"""Files of two wheels: the one that comes last has them."""


@pytest.fixture(scope="module")
def odd_index():
    with LocalIndex() as index:
        index.max_age = 600
        index.add(*odd_wheel())
        index.add(*newer_wheel())
        index.add(*make_sdist("built", "1.0", files={"built/__init__.py": PLAIN, "built/python2.py": "print 'no'\n"}))
        for name, files in SHARED.items():
            index.add(*make_wheel(name, "1.0", files=files))
        yield index


@pytest.fixture
def both_ways(request, tmp_path, odd_index):
    def make(version="26.3", base=None):
        pip = find_pip(version, Path(request.config.cache.mkdir("pips")))
        if isinstance(pip, str):
            pytest.skip(pip)
        return BothWays(tmp_path, pip, odd_index.url, base)

    return make


ODD = ("install", "odd==1.0")
INSTALLED = Asked([ODD], IMPORTED)
NEWER = ["odd.plain", "odd.new", "odd_single"]
slow = pytest.mark.slow
ASKED = {
    "plain": INSTALLED,
    "upgrade": Asked([ODD, ("install", "--upgrade", "odd")], NEWER),
    "reinstall": Asked([ODD, ("install", "--force-reinstall", "odd==1.0")], IMPORTED),
    "downgrade": Asked([("install", "odd==2.0"), ODD], IMPORTED),
    "no compilation": Asked([(*ODD, "--no-compile")], IMPORTED),
    "no compilation, then with": Asked([(*ODD, "--no-compile"), (*ODD, "--force-reinstall")], IMPORTED),
    "a source date": replace(INSTALLED, env={"SOURCE_DATE_EPOCH": "1700000000"}),
    "nothing is compiled on import": replace(INSTALLED, env={"PYTHONDONTWRITEBYTECODE": "1"}),
    "without assertions": replace(INSTALLED, env={"PYTHONOPTIMIZE": "1"}),
    "without documentation": replace(INSTALLED, env={"PYTHONOPTIMIZE": "2"}),
    "a place for what is compiled": replace(INSTALLED, env={"PYTHONPYCACHEPREFIX": "{here}/pycache"}),
    "warnings are errors": replace(INSTALLED, env={"PYTHONWARNINGS": "error::SyntaxWarning,error::DeprecationWarning:odd"}),
    "long numbers": replace(INSTALLED, env={"PYTHONINTMAXSTRDIGITS": "0"}),
    "without columns": replace(INSTALLED, env={"PYTHONNODEBUGRANGES": "1"}),
    "without a cache": Asked([(*ODD, "--no-cache-dir")], IMPORTED),
    "by its address": Asked([("install", "odd @ {root}/files/odd-1.0-py3-none-any.whl")], IMPORTED),
    "built": Asked([("install", "built")], ["built"]),
    "target": Asked([(*ODD, "--target", "lib")], IMPORTED, env={"PYTHONPATH": "{here}/work/lib"}),
    "target, again": Asked([(*ODD, "--target", "lib"), ("install", "odd", "-U", "-t", "lib")], NEWER, env={"PYTHONPATH": "{here}/work/lib"}),
    "user": Asked([(*ODD, "--user")], IMPORTED, system_site=True),
    "prefix": Asked([(*ODD, "--prefix", "{here}/prefix")]),
    "root": Asked([(*ODD, "--root", "{here}/root")]),
    "nobody else may read": replace(INSTALLED, umask=0o077),
    "a group may write": replace(INSTALLED, umask=0o002),
}  # fmt: skip
GATE = ("plain", "upgrade")


def left_alike(both, asked):
    """Install in all ways; both of safe-pip leave what pip leaves."""
    for way in WAYS:
        both.install(asked, way)
    assert both.differences(COLD) == ""
    assert both.differences(WARM) == ""


@pytest.mark.parametrize(
    "asked", [pytest.param(ASKED[name], id=name, marks=() if name in GATE else slow) for name in ASKED]
)
def test_what_is_left_behind(both_ways, odd_index, asked):
    left_alike(both_ways(), asked)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("first", "then"),
    [
        ("plain", "without documentation"), ("without documentation", "plain"), ("without assertions", "without documentation"),
        ("plain", "long numbers"), ("long numbers", "plain"), ("plain", "without columns"), ("without columns", "plain"),
        ("plain", "a source date"), ("a source date", "plain"), ("plain", "target"), ("target", "plain"),
        ("nobody else may read", "a group may write"), ("plain", "a place for what is compiled"), ("plain", "no compilation"),
    ],
)  # fmt: skip
def test_what_was_kept_of_another_installation(both_ways, first, then):
    both = both_ways()
    both.install(ASKED[first], COLD)
    for way in (PIP, WARM):
        both.install(ASKED[then], way)
    assert both.differences(WARM) == ""


MODULE = "def f(x):\n    return {x: 'one'}\n"


@pytest.fixture
def two(tmp_path):
    """The same module in two places, compiled as if it lay in one; what a test then does to the second must be told."""
    for name in ("pip", "ours"):
        folder = tmp_path / name / "a-1.0.dist-info"
        folder.mkdir(parents=True)
        (folder / "RECORD").write_text("a.py,,\nb.py,,\n")
        (tmp_path / name / "a.py").write_text(MODULE)
        put_code(tmp_path / name, MODULE)
    return tmp_path / "pip", tmp_path / "ours"


def put_code(place, text, filename="/a.py", seconds=0):
    """Compile *text* as the module's, whose header is right but for *seconds*."""
    status, compiled = (place / "a.py").stat(), place / "__pycache__" / f"a.{TAG}.pyc"
    compiled.parent.mkdir(exist_ok=True)
    header = struct.pack("<4sIII", MAGIC_NUMBER, 0, int(status.st_mtime) + seconds, status.st_size)
    compiled.write_bytes(header + marshal.dumps(compile(text, filename, "exec", dont_inherit=True)))


def told(two):
    pip, ours = ((place, read_tree(place, since=0)) for place in two)
    return differences(pip, ours, Path(sys.executable))


def test_two_trees_that_are_alike(two):
    assert told(two) == []


PYC = f"__pycache__/a.{TAG}.pyc"
CHANGES = {
    "mode": (lambda place: (place / "a.py").chmod(0o755), "a.py: mode -rwxr-xr-x, pip: -rw-r--r--"),
    "name": (lambda place: os.link(place / "a.py", place.parent / "b"), "a.py: links 2, pip: 1"),
    "age": (lambda place: os.utime(place / "a-1.0.dist-info/RECORD", (-5, -5)), "a-1.0.dist-info/RECORD: written before, pip: by the installation"),
    "more": (lambda place: (place / "b").mkdir(), "b: not there with pip"),
    "less": (lambda place: (place / PYC).unlink(), f"{PYC}: missing"),
    "order": (lambda place: (place / "a-1.0.dist-info/RECORD").write_text("b.py,,\na.py,,\n"), "a-1.0.dist-info/RECORD: the same lines in another order"),
    "line": (lambda place: (place / "a-1.0.dist-info/RECORD").write_text("a.py,,\n"), "a-1.0.dist-info/RECORD: no line b.py,,"),
    "time": (lambda place: put_code(place, MODULE, seconds=1), f"time another, size {len(MODULE)}, pip: "),
    "constant": (lambda place: put_code(place, MODULE.replace("one", "two")), f"{PYC}: <module>.co_consts 0 f.co_consts 1: 'two', pip: 'one'"),
    "filename": (lambda place: put_code(place, MODULE, "/b.py"), f"{PYC}: <module>.co_filename: '/b.py', pip: '/a.py'"),
    "line number": (lambda place: put_code(place, f"\n{MODULE}"), f"{PYC}: <module>.co_consts 0 f.co_firstlineno: 2, pip: 1"),
    "type": (lambda place: put_code(place, MODULE.replace("'one'", "b'one'")), f"{PYC}: <module>.co_consts 0 f.co_consts 1: bytes [], pip: str []"),
}  # fmt: skip


@pytest.mark.parametrize("name", CHANGES)
def test_what_differs_is_told(two, name):
    change, message = CHANGES[name]
    change(two[1])
    assert [line for line in told(two) if message in line], told(two)


def test_a_module_that_is_compiled_otherwise_is_told(tmp_path):
    module = tmp_path / "a.py"
    module.write_text(MODULE)
    (tmp_path / "b.py").write_text("print 'no more'\n")
    assert wrongly_compiled(tmp_path) == [f"{module}: not compiled"]
    put_code(tmp_path, MODULE, str(module))
    assert wrongly_compiled(tmp_path) == []
    put_code(tmp_path, MODULE.replace("one", "two"), str(module))
    (line,) = wrongly_compiled(tmp_path)
    assert line.endswith("f.co_consts 1: 'two', pip: 'one'")
    put_code(tmp_path, MODULE, str(module), seconds=1)
    (line,) = wrongly_compiled(tmp_path)
    assert "compiled with the header" in line


@pytest.mark.slow
@pytest.mark.parametrize("pip", ["23.1", "24.0", "25.0"])
@pytest.mark.parametrize("asked", ASKED.values(), ids=ASKED)
def test_with_an_older_pip(both_ways, asked, pip):
    left_alike(both_ways(pip), asked)


@pytest.mark.slow
@pytest.mark.parametrize(("python", "pip"), [("3.9", "25.0"), ("3.10", "23.1"), ("3.12", "24.0"), ("3.13", "26.3")])
@pytest.mark.parametrize("asked", ["plain", "upgrade", "without documentation", "a place for what is compiled"])
def test_with_another_python(both_ways, asked, python, pip):
    base = find_python(python)
    if isinstance(base, str):
        pytest.skip(base)
    left_alike(both_ways(pip, base), ASKED[asked])
