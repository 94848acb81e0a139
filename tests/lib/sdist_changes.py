"""Changes of what a source distribution holds, and of what its build does and yields. Each returns what it did."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from lib.texts import FIELDS, PATHS, REQUIRES, encodings
from lib.wheel_changes import field_of

if TYPE_CHECKING:
    from random import Random

    from lib.drafts import Sdist

BUILD = """\
import os, pathlib
pathlib.Path(os.environ["MARK"]).touch()


def build_wheel(folder, config_settings=None, metadata_directory=None):
    name = os.fsdecode(pathlib.Path("wheel.name").read_bytes())
    pathlib.Path(folder, name).write_bytes(pathlib.Path("wheel.bin").read_bytes())
    return {answer}
"""
PREPARE = """

def prepare_metadata_for_build_wheel(folder, config_settings=None):
    import zipfile
    info = pathlib.Path(folder, {info!r})
    info.mkdir(parents=True, exist_ok=True)
    (info / "METADATA").write_bytes({metadata!r})
    return {answer}
"""
ANSWERS = (
    "name",
    "name",
    "name",
    "None",
    "'x'",
    "'../x.whl'",
    "1",
    "'alpha-2.0-py3-none-any.whl'",
    "name.encode()",
    "''",
    "'é\\udcff'",
    "'/etc'",
)
PYPROJECT = '[build-system]\nrequires = {requires}\nbuild-backend = "_backend"\nbackend-path = ["."]\n'
PROJECTS = (
    "", "[", "[build-system]\n", "[build-system]\nrequires = []\n", "[tool.x]\n", "build-system = 1\n", "\x00", "[[build-system]]\n",
    '[build-system]\nrequires = []\nbuild-backend = "_backend"\n',
    '[build-system]\nrequires = []\nbuild-backend = "_backend"\nbackend-path = [".."]\n',
    '[build-system]\nrequires = []\nbuild-backend = "_backend"\nbackend-path = ["/"]\n',
    '[build-system]\nrequires = []\nbuild-backend = "_backend"\nbackend-path = ["./x/../."]\n',
    '[build-system]\nrequires = []\nbuild-backend = "_backend"\nbackend-path = "."\n',
    '[build-system]\nrequires = []\nbuild-backend = "_backend"\nbackend-path = [1]\n',
    '[build-system]\nrequires = []\nbuild-backend = "absent"\nbackend-path = ["."]\n',
    '[build-system]\nrequires = []\nbuild-backend = "_backend:absent"\nbackend-path = ["."]\n',
    '[build-system]\nrequires = []\nbuild-backend = 1\nbackend-path = ["."]\n',
    '[build-system]\nrequires = []\nbuild-backend = ""\nbackend-path = ["."]\n',
    '[build-system]\nrequires = []\nbuild-backend = "os"\n',
    '[build-system]\nrequires = []\nbuild-backend = "setuptools.build_meta"\n',
    '[build-system]\nrequires = ["setuptools"]\nbuild-backend = "setuptools.build_meta"\n',
    '[build-system]\nbuild-backend = "_backend"\nbackend-path = ["."]\n',
    PYPROJECT.format(requires="[]") + '[project]\nname = "beta"\nversion = "9"\n',
    PYPROJECT.format(requires="[]") + '[project]\nname = "alpha"\nversion = "1.0"\ndynamic = ["version"]\n',
    PYPROJECT.format(requires="[]") + "x = 1\n" * 50_000,
    PYPROJECT.format(requires="[]") + "y = " + "[" * 2000 + "]" * 2000 + "\n",
)  # fmt: skip
HOOKS = (
    "raise SystemExit(0)", "raise SystemExit(3)", "raise KeyboardInterrupt", "os._exit(0)", "os._exit(70)", "os.abort()", "os.kill(os.getpid(), 9)",
    "raise Exception('\\x1b[31mred')", "print('x' * 1_000_000)", "print('\\x1b[31mred', flush=True)", "os.write(1, bytes(range(256)) * 9)",
    "os.close(1)", "os.close(2)", "os.close(0)", "os.chdir('/')", "os.environ.clear()", "os.umask(0o777)",
    "import shutil; os.path.exists('wheel.name') and shutil.rmtree(os.getcwd())", "import sys; sys.stdout.close()", "get_requires_for_build_wheel = 1",
    "get_requires_for_build_wheel = lambda *a: ['companion']", "get_requires_for_build_wheel = lambda *a: ['absent']",
    "get_requires_for_build_wheel = lambda *a: ['!']", "get_requires_for_build_wheel = lambda *a: None",
    "get_requires_for_build_wheel = lambda *a: [1]", "get_requires_for_build_wheel = lambda *a: 'companion'", "del build_wheel",
    "build_wheel = None", "build_wheel = lambda *a: os.kill(os.getpid(), 9)", "build_wheel = lambda *a, **k: {}['x']",
    "_build = build_wheel\ndef build_wheel(f, *a):\n    os.mkdir(os.path.join(f, 'x.whl'))\n    return 'x.whl'",
    "_build = build_wheel\ndef build_wheel(f, *a):\n    os.symlink('/etc/passwd', os.path.join(f, 'alpha-1.0-py3-none-any.whl'))\n    return 'alpha-1.0-py3-none-any.whl'",
    "_build = build_wheel\ndef build_wheel(f, *a):\n    n = _build(f)\n    open(os.path.join(f, 'y-1.0-py3-none-any.whl'), 'w').close()\n    return n",
    "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)", "import sys; sys.setrecursionlimit(10)",
)  # fmt: skip
ROOTS = (
    "alpha-1.0",
    "alpha",
    "",
    "ALPHA-1.0",
    "beta-1.0",
    "alpha-2.0",
    ".",
    "a/b",
    "é",
    "alpha-1.0 ",
    "-x",
    "x" * 200,
    "..",
)
FILENAMES = (
    "alpha-1.0.tar.gz", "alpha-1.0.zip", "alpha-1.0.tar.bz2", "alpha-1.0.tar.xz", "alpha-1.0.tgz", "alpha-1.0.tar", "alpha-1.0.tbz",
    "alpha-1.0.tar.lzma", "alpha-1.0.tar.zst", "Alpha-1.0.tar.gz", "alpha-2.0.tar.gz", "alpha-0.5.tar.gz", "alpha-1.0.0.tar.gz",
    "alpha-1.tar.gz", "alpha-v1.0.tar.gz", "alpha-1.0-1.tar.gz", "alpha.tar.gz", "alpha-one.tar.gz", "al-pha-1.0.tar.gz", "beta-1.0.tar.gz",
    "alpha-1.0+x.tar.gz", "alpha-1!1.0.tar.gz", "alpha-1.0a.tar.gz", "alpha-1.0.post1.tar.gz", "alpha-1.0.TAR.GZ", "alpha-01.0.tar.gz",
    "alpha-1.0.dev0.tar.gz", "alpha--1.0.tar.gz", "alpha-1.0 .tar.gz", "alpha_-1.0.tar.gz", "älpha-1.0.tar.gz",
)  # fmt: skip


def backend(
    info: str, metadata: bytes | None, *, answer: str = "name", prepared: str = "info.name", more: str = ""
) -> bytes:
    """Return a backend that leaves the mark, and yields what lies ready; it prepares *metadata*, unless ``None``."""
    text = BUILD.format(answer=answer) + (
        "" if metadata is None else PREPARE.format(info=info, metadata=metadata, answer=prepared)
    )
    return f"{text}\n{more}\n".encode()


def honest(sdist: Sdist) -> None:
    """Give *sdist* the backend that does what it should."""
    sdist.members["_backend.py"] = backend(sdist.built.info, None)
    sdist.members["pyproject.toml"] = PYPROJECT.format(requires="[]").encode()


def pkg_info(sdist: Sdist, chance: Random) -> str:
    sdist.members["PKG-INFO"], done = field_of(sdist.members.get("PKG-INFO", b""), FIELDS, chance)
    return f"PKG-INFO: {done}"


def pkg_info_encoding(sdist: Sdist, chance: Random) -> str:
    name = chance.choice(["PKG-INFO", "PKG-INFO", "pyproject.toml", "_backend.py"])
    how, change = encodings(chance)
    sdist.members[name] = change(sdist.members.get(name, b""))
    return f"{name}: {how}"


def prepared(sdist: Sdist, chance: Random) -> str:
    """Let the backend prepare metadata that is another's."""
    text = sdist.built.members.get(f"{sdist.built.info}/METADATA", b"")
    how, answer, info = "as built", "info.name", sdist.built.info
    kind = chance.choice(["field", "field", "field", "encoding", "answer", "info"])
    if kind == "field":
        text, how = field_of(text, FIELDS, chance)
    elif kind == "encoding":
        how, change = encodings(chance)
        text = change(text)
    elif kind == "answer":
        answer = chance.choice(["None", "'x'", "'..'", "'/etc'", "1", "''", "info", "'x.dist-info'"])
    else:
        info = chance.choice(
            ["x", "beta-1.0.dist-info", "alpha-2.0.dist-info", "../x.dist-info", "alpha-1.0.dist-info/x"]
        )
    sdist.members["_backend.py"] = backend(info, text[:100_000], prepared=answer)
    return f"prepared metadata: {kind}: {how}, in {info!r}, answering {answer}"


def pyproject(sdist: Sdist, chance: Random) -> str:
    if chance.random() < 0.3:
        requires = chance.choice(REQUIRES)
        text = PYPROJECT.format(requires="nan" if requires is None else json.dumps(requires))
    else:
        text = chance.choice(PROJECTS)
    sdist.members["pyproject.toml"] = text.encode()
    return f"pyproject.toml {text[:200]!r}"


def hook(sdist: Sdist, chance: Random) -> str:
    """Let the backend do something else."""
    more, answer = chance.choice(HOOKS), "name"
    if chance.random() < 0.3:
        more, answer = "", chance.choice(ANSWERS)
    sdist.members["_backend.py"] = backend(sdist.built.info, None, answer=answer, more=more)
    return f"backend: {more!r}, answering {answer}"


def setup_py(sdist: Sdist, chance: Random) -> str:
    """Leave the backend to a ``setup.py``."""
    gone = ["pyproject.toml", "_backend.py"] if chance.random() < 0.7 else ["_backend.py"]
    for name in gone:
        sdist.members.pop(name, None)
    sdist.members["setup.py"] = b"import os, pathlib; pathlib.Path(os.environ['MARK']).touch()\n"
    return f"setup.py, without {gone}"


def root(sdist: Sdist, chance: Random) -> str:
    sdist.root = chance.choice(ROOTS)
    return f"all in {sdist.root!r}"


def file(sdist: Sdist, chance: Random) -> str:
    name = chance.choice(
        [
            *PATHS,
            "PKG-INFO/x",
            "pkg-info",
            "setup.py",
            "setup.cfg",
            "MANIFEST",
            "os.py",
            "pip.py",
            "wheel.name",
            "tox.ini",
        ]
    )
    sdist.members[name] = b"X = 1\n"
    return f"member {name[:80]!r} ({len(name)} characters)"


def gone(sdist: Sdist, chance: Random) -> str:
    name = chance.choice(sorted(sdist.members))
    del sdist.members[name]
    return f"without {name!r}"


def filename(sdist: Sdist, chance: Random) -> str:
    sdist.filename = chance.choice(FILENAMES)
    return f"file called {sdist.filename!r}"


SOURCE = (
    pkg_info,
    pkg_info,
    pkg_info,
    pkg_info_encoding,
    prepared,
    prepared,
    pyproject,
    pyproject,
    hook,
    hook,
    setup_py,
    root,
    file,
    gone,
)
NAMES = (filename,)
