"""Each request of a judged command is one that the policy knows of: pip asks nothing by itself, and starts nothing."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from lib.index import Reply
from lib.shell import Shell
from lib.targets import find_pip, make_target

PIPS = ("23.1", "23.2.1", "24.0", "25.0", "26.0", "26.3")
IN_GATE = ("26.3",)
COMMANDS_IN_GATE = (
    "install app",
    "install --dry-run app",
    "download app",
    "wheel app",
    "install bad",
    "install nosuch",
)
APP, DEP, BAD = (f"{name}-1.0-py3-none-any.whl" for name in ("app", "dep", "bad"))
PAGES = ["/simple/app/", "/simple/dep/"]
METADATA = [f"/files/{APP}.metadata", f"/files/{DEP}.metadata"]
FILES = [f"/files/{APP}", f"/files/{DEP}"]
LOCK = """\
lock-version = "1.0"
created-by = "somebody"
[[packages]]
name = "dep"
version = "1.0"
wheels = [{{ url = "{url}", hashes = {{ sha256 = "{sha256}" }} }}]
"""
POLICY = '[rules.direct-references]\n[rules.denylist]\npackages = [{ package = "bad", reason = "it is" }]\n'
COMMANDS = {
    "install app": (0, [*PAGES, *METADATA, *FILES]),
    "install -q app": (0, [*PAGES, *METADATA, *FILES]),
    "install -vv app": (0, [*PAGES, *METADATA, *FILES]),
    "install --no-deps app": (0, ["/simple/app/", f"/files/{APP}.metadata", f"/files/{APP}"]),
    "install --report report.json app": (0, [*PAGES, *METADATA, *FILES]),
    "install --dry-run app": (0, [*PAGES, *METADATA]),
    "install --dry-run --report - -q app": (0, [*PAGES, *METADATA]),
    "download app": (0, [*PAGES, *METADATA, *FILES]),
    "wheel app": (0, [*PAGES, *METADATA, *FILES]),
    "lock app": (0, [*PAGES, *METADATA, *FILES]),
    "install bad": (10, ["/simple/bad/"]),
    "install nosuch": (1, ["/simple/nosuch/"]),
    "install -r nosuch.txt": (1, []),
    "install": (1, []),
    "install app --use-deprecated=legacy-resolver": (13, []),
    "install -r {root}/asked.txt": (0, ["/asked.txt", "/constraints.txt", *PAGES, *METADATA, *FILES]),
}
OLDEST = {"lock": "26.3"}


@pytest.fixture
def user(request, tmp_path, index):
    """Somebody whose pip has not looked for a newer one yet, and may."""
    pip = find_pip(request.param, Path(request.config.cache.mkdir("pips")))
    if isinstance(pip, str):
        pytest.skip(pip)
    make_target(tmp_path / "env", pip)
    user = Shell(tmp_path, tmp_path / "env", index, {"PIP_CONFIG_FILE": os.devnull})
    user.policy(POLICY)
    user.offer("app", "1.0", ["dep"])
    dep = user.offer("dep", "1.0")
    user.offer("bad", "1.0")
    user.offer("pip", "99.0")
    user.write("pylock.toml", LOCK.format(url=index.file_url(DEP), sha256=dep.hashes["sha256"]))
    index.reply("/asked.txt", Reply(status=200, body=b"app\n-c constraints.txt\n"))
    index.reply("/constraints.txt", Reply(status=200, body=b"dep==1.0\n"))
    yield user
    user.close()


def versions(command=COMMANDS_IN_GATE[0]):
    first, in_gate = OLDEST.get(command.partition(" ")[0], ""), IN_GATE if command in COMMANDS_IN_GATE else ()
    return [pytest.param(v, marks=() if v in in_gate else pytest.mark.slow) for v in PIPS if v >= first]


@pytest.mark.parametrize(
    ("user", "command"),
    [pytest.param(*v.values, c, marks=v.marks, id=f"{c} {v.values[0]}") for c in COMMANDS for v in versions(c)],
    indirect=["user"],
)
def test_what_is_asked_of_an_index(user, command):
    code, paths = COMMANDS[command]
    done = user.run(*command.format(root=user.index.root).split())
    assert done.exit == code, done
    assert sorted(user.index.paths()) == sorted(paths)


@pytest.mark.parametrize("user", versions(), indirect=True)
def test_what_is_asked_for_a_lock(user):
    """Its metadata is in a part of the file, or beside it."""
    assert user.run("install", "-r", "pylock.toml").exit == 0
    assert set(user.index.paths()) - {f"/files/{DEP}.metadata"} == {"/simple/dep/", f"/files/{DEP}"}


@pytest.mark.parametrize("user", versions(), indirect=True)
def test_plain_pip_looks_for_a_newer_one(user):
    """Else the tests above showed nothing."""
    assert user.pip("install", "app").exit == 0
    assert "/simple/pip/" in user.index.paths()


PROGRAMS = ("rustc", "lsb_release", "uname", "git", "hg", "svn", "bzr", "keyring")
RECORD = '#!/bin/sh\necho "$(basename "$0")" >>"$STARTED"\n'


@pytest.fixture
def recorded(user):
    """Programs that note that they were started."""
    folder = user.tmp / "programs"
    folder.mkdir()
    for name in PROGRAMS:
        (folder / name).write_text(RECORD)
        (folder / name).chmod(0o755)
    user.environ["PATH"] = f"{folder}:{user.environ['PATH']}"
    user.environ["STARTED"] = str(user.tmp / "started")
    return user


def started(user):
    file = user.tmp / "started"
    return file.read_text().split() if file.exists() else []


@pytest.mark.parametrize("user", versions(), indirect=True)
@pytest.mark.parametrize("argv", [("install", "app"), ("install", "--dry-run", "app"), ("download", "app")])
def test_no_program_is_started(recorded, argv):
    """``rustc`` may be one that a file of the working directory chooses, or fetches (rustup)."""
    assert recorded.run(*argv).exit == 0
    assert started(recorded) == []


@pytest.mark.parametrize("user", versions(), indirect=True)
def test_plain_pip_starts_some(recorded):
    assert recorded.pip("download", "app").exit == 0
    assert "rustc" in started(recorded)
