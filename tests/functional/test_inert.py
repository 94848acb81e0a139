"""Nothing of a package runs before its verdict: whatever way it is named, no file of it leaves a mark."""

from __future__ import annotations

import pytest
from lib.gate import parametrize
from lib.shell import told
from lib.wheels import make_sdist, make_wheel

MARK = "import os, pathlib; pathlib.Path(os.environ['MARK']).touch()\n"
SETUP = f"{MARK}from setuptools import setup\nsetup(name='evil', version='1.0')\n"
BACKEND = f"{MARK}def build_wheel(*a, **k): raise SystemExit('built')\nprepare_metadata_for_build_wheel = build_wheel\n"
PYPROJECT = '[build-system]\nrequires = [{requires}]\nbuild-backend = "_backend"\nbackend-path = ["."]\n'
KINDS = ("setup.py", "backend", "build requirement")


def evil_sdist(kind):
    """A source distribution that leaves its mark as soon as anything is built."""
    if kind == "setup.py":
        return make_sdist("evil", "1.0", setup_py=SETUP)
    requires = '"helper"' if kind == "build requirement" else ""
    files = {"_backend.py": "import helper\n" if requires else BACKEND, "evil/__init__.py": ""}
    return make_sdist("evil", "1.0", files=files, pyproject=PYPROJECT.format(requires=requires))


@pytest.fixture(params=KINDS)
def evil(request, shell):
    """A package that must be built, on the index, as a file and as a directory; ``MARK`` tells if it ever ran."""
    shell.policy("[rules.sdists]\n[rules.direct-references]\n")
    shell.environ["MARK"] = str(shell.tmp / "mark")
    filename, data = evil_sdist(request.param)
    shell.index.add(filename, data)
    shell.offer("helper", "1.0", files={"helper.py": MARK})
    shell.write(f"files/{filename}", data)
    shell.write("tree/pyproject.toml", PYPROJECT.format(requires=""))
    shell.write("tree/_backend.py", BACKEND)
    shell.write("tree/setup.py", SETUP)
    yield shell
    assert not (shell.tmp / "mark").exists()


WAYS = {
    "named": ("evil",),
    "pinned": ("evil==1.0",),
    "URL": ("evil @ {index}/files/evil-1.0.tar.gz",),
    "bare URL": ("{index}/files/evil-1.0.tar.gz",),
    "path": ("./files/evil-1.0.tar.gz",),
    "file URL": ("evil @ file://{work}/files/evil-1.0.tar.gz",),
    "find-links": ("--no-index", "--find-links", "files", "evil"),
    "-r": ("-r", "requirements.txt"),
    "dependency": ("carrier",),
    "dependency's address": ("smuggler",),
    "-c": ("-c", "constraints.txt", "evil"),
    "no binaries": ("--no-binary", ":all:", "evil"),
}
TREES = {"tree": ("./tree",), "editable": ("-e", "./tree"), "editable in -r": ("-r", "editable.txt")}


def argv(evil, way):
    evil.write("requirements.txt", "evil\n")
    evil.write("editable.txt", "-e ./tree\n")
    evil.write("constraints.txt", f"evil @ file://{evil.work}/files/evil-1.0.tar.gz\n")
    evil.offer("carrier", "1.0", ["evil"])
    evil.offer("smuggler", "1.0", [f"evil @ file://{evil.work}/files/evil-1.0.tar.gz"])
    return [part.format(index=evil.index.root, work=evil.work) for part in way]


@pytest.mark.parametrize("evil", ["setup.py"], indirect=True)
@parametrize("way", WAYS.values(), gate=(0, 2, 4, 6, 8), ids=WAYS.keys())
def test_what_is_refused_never_ran(evil, way):
    err = evil.refuses("install", *argv(evil, way))
    assert "safe-pip: refused evil" in err


@pytest.mark.parametrize("evil", ["backend"], indirect=True)
@parametrize("way", TREES.values(), gate=(1,), ids=TREES.keys())
def test_a_tree_never_ran(evil, way):
    evil.policy('[rules.direct-references]\nlocal = "deny"\n')
    assert "safe-pip: refused " in evil.refuses("install", *argv(evil, way))


@parametrize("dry", [False, True], gate=(0,))
def test_no_kind_of_build_runs(evil, dry):
    err = evil.refuses("install", *(["--dry-run"] if dry else []), "evil")
    assert err.splitlines()[0] == "safe-pip: refused evil 1.0 (evil-1.0.tar.gz) from INDEX/simple/"


def test_a_wheel_is_taken_where_a_source_distribution_is_newer(shell):
    shell.policy("[rules.sdists]\n")
    shell.environ["MARK"] = str(shell.tmp / "mark")
    shell.index.add(*make_sdist("app", "2.0", setup_py=MARK))
    shell.index.add(*make_wheel("app", "1.0"))
    done = shell.install("app")
    assert (done.exit, shell.installed()) == (0, {"app": "1.0"})
    assert done.err == told("""
        safe-pip: app 1.0 instead of 2.0: sdists: a source distribution, which runs code of app 2.0 when built; the policy asks for wheels; way out: ask for a version that has a wheel for this Python and platform, or, if it may be built, add "app==2.0" to allow in [rules.sdists]
    """)
    assert not (shell.tmp / "mark").exists()
    assert not [path for path in shell.index.paths() if "app-2.0" in path]


def test_the_metadata_of_a_denied_file_is_never_asked_for(shell):
    """Not even on a guess, ahead of need: neither by its own file, nor by ranges, nor whole."""
    shell.policy('[rules.denylist]\npackages = [{ package = "dep>=2", reason = "ours" }]\n')
    for version in ("1.0", "2.0", "3.0"):
        shell.offer("dep", version, metadata=version != "3.0")
    shell.offer("app", "1.0", ["dep>=1", "dep[extra]"])
    shell.install("app")
    assert shell.installed() == {"app": "1.0", "dep": "1.0"}
    assert [path for path in shell.index.paths() if "dep-" in path] == [
        "/files/dep-1.0-py3-none-any.whl.metadata",
        "/files/dep-1.0-py3-none-any.whl",
    ]
