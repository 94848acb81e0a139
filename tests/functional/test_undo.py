"""Whatever ends pip while it installs, the environment is as before, and one message says so."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

import pytest
from lib.gate import parametrize
from lib.sabotage import plant, sabotage, tree
from lib.shell import told

PIPS = ("23.2.1", pytest.param("26.3", marks=pytest.mark.slow))
MOMENTS = 1
"""In the gate, and the last change; ``-m slow`` tries eight and the first, ``-m exhaustive`` three hundred."""
CODES = {"SIGINT": 1, "SIGKILL": 137, "error": 2, "full": 1, "all SIGINT": 1, "one SIGTERM": 143}
"""What happens to pip, to safe-pip alone or to all; and the exit code."""


@pytest.fixture(params=PIPS)
def user(request, shell_of):
    """A user with packages of every kind installed, and a saboteur in the environment."""
    shell = shell_of(request.param)
    shell.policy("")
    script = {"entry_points": "[console_scripts]\n{0} = {0}:main\n"}
    for name, versions in {"up": ("1.0", "2.0"), "down": ("1.0", "2.0"), "fresh": ("1.0",), "last": ("1.0",)}.items():
        for number in versions:
            files = {
                f"{name}/__init__.py": f"version = {number}\n",
                f"{name}/deep/data{number}.txt": number,
                f"{name}_single.py": f"x = {number}\n",
                "shared_space/" + name + "/m.py": "",
            }
            shell.offer(name, number, files=files, entry_points=script["entry_points"].format(name))
    assert shell.install("up==1.0", "down==2.0").exit == 0
    (shell.site / "up" / "notes.txt").write_text("belongs to nobody")
    (shell.site / "fresh").mkdir()
    (shell.site / "fresh" / "__init__.py").write_text("belongs to nobody either")
    (shell.site / "fresh" / "__init__.py").chmod(0o640)
    (shell.site / "last_single.py").symlink_to("nowhere.py")
    (shell.target / "bin" / "fresh").write_text("#!/bin/sh\n")
    plant(shell.site, shell.python)
    return shell


MIXED = ("install", "up==2.0", "down==1.0", "fresh", "last")
"""An upgrade, a downgrade and two new ones, over files that belong to nobody."""


def moments(user, *argv, place, most=MOMENTS):
    """Return the numbers of the changes at which to go wrong: how many there are is counted in a run that ends well."""
    shutil.copytree(place, user.tmp / "spare", symlinks=True)
    which = (*(path.name for path in user.site.glob("pip-*")), *argv)
    if which not in COUNTED:
        COUNTED[which] = counted(user, *argv, place=place)
    count = COUNTED[which]
    first = {1} if most > MOMENTS else set()
    return sorted({*first, count, *range(1 + count // 3, count, max(1, count // most))})


COUNTED: dict[tuple[str, ...], int] = {}
"""The changes that a command makes, the same ones each time."""


def counted(user, *argv, place):
    tally = user.tmp / "tally"
    tally.touch()
    done = user.run(*argv, env=sabotage("count", 0, place, tally))
    assert (done.exit, done.err) == (0, ""), done
    assert not list(place.rglob(".safe-pip-*"))
    assert journals(user) == []
    again(user, place)
    count = tally.stat().st_size
    assert count > 20
    return count


def again(user, place):
    """Let everything be as it was."""
    shutil.rmtree(place)
    shutil.copytree(user.tmp / "spare", place, symlinks=True)


def journals(user):
    return sorted((user.tmp / "state" / "installing").glob("*"))


def expected(kind):
    code = CODES[kind]
    if " " in kind:
        return told(f"""
            safe-pip: stopped while pip was installing; what it had changed was undone
            safe-pip: nothing was installed (exit {code})
        """)
    return failed(code)


def failed(code):
    return (
        f"safe-pip: pip failed while it installed (exit {code});"
        " what it had changed was undone: the environment is as before\n"
    )


def ends(user, kind, number, *argv, place, alone=False):
    """Let *kind* happen; return how the run ended."""
    process = user.start(*argv, env=sabotage(kind, number, place, user.tmp / "tally", alone=alone))
    done = user.finish(process)
    assert user.leftovers() == []
    return done


@parametrize("kind", CODES, gate=(0, 1, 3, 5))
def test_an_installation_that_fails_is_undone(user, kind):
    fail_everywhere(user, kind, MOMENTS)


@pytest.mark.parametrize(
    "most", [pytest.param(8, marks=pytest.mark.slow), pytest.param(300, marks=pytest.mark.exhaustive)]
)
@pytest.mark.parametrize("kind", CODES)
def test_at_every_change(user, kind, most):
    fail_everywhere(user, kind, most)


def fail_everywhere(user, kind, most):
    before = tree(user.target)
    for number in moments(user, *MIXED, place=user.target, most=most):
        assert tree(user.target) == before
        done = ends(user, kind, number, *MIXED, place=user.target)
        if done.exit == 0:  # pip goes on when it cannot tidy up
            assert user.installed() == {"up": "2.0", "down": "1.0", "fresh": "1.0", "last": "1.0"}
            again(user, user.target)
            continue
        assert tree(user.target) == before, (number, done)
        assert done.exit == CODES[kind], (number, done)
        assert done.err.endswith(expected(kind)), (number, done)
        assert journals(user) == []
        receipt = user.receipts()[-1]
        assert receipt["exit_code"] == CODES[kind]
        assert receipt["aftermath"] == {"state": "undone", "complete": [], "half": [], "problem": None}
    assert user.run(*MIXED).exit == 0
    assert user.installed() == {"up": "2.0", "down": "1.0", "fresh": "1.0", "last": "1.0"}


@parametrize(("kind", "code"), [("SIGKILL", 137), ("full", 2)], gate=(0,))
def test_into_a_target_directory(user, kind, code):
    """pip installs elsewhere first, and then replaces what is there."""
    place = user.work / "lib"
    assert user.install("--target", "lib", "up==1.0").exit == 0
    (place / "up" / "notes.txt").write_text("belongs to nobody")
    (place / "fresh_single.py").write_text("belongs to nobody")
    before = tree(place)
    argv = ("install", "--target", "lib", "--upgrade", "up==2.0", "fresh")
    for number in moments(user, *argv, place=place):
        done = ends(user, kind, number, *argv, place=place)
        if done.exit == 0:
            again(user, place)
            continue
        assert done.exit == code, (number, done)
        assert tree(place) == before, (number, done)
        assert done.err.endswith(failed(code)), (number, done)


@pytest.mark.parametrize("kind", ["SIGKILL"])
@parametrize("option", ["--target", "--prefix", "--root"], gate=(0,))
def test_into_a_directory_that_pip_makes(shell, option, kind):
    """It goes, with the directories above it that pip made for it."""
    shell.policy("")
    shell.offer("fresh", "1.0", files={f"fresh/m{number}.py": "" for number in range(20)})
    plant(shell.site, shell.python)
    argv = ("install", option, shell.work / "new" / "deep" / "place", "fresh")
    before = tree(shell.tmp / "work")
    for number in (2, 3):
        done = ends(shell, kind, number, *argv, place=shell.work / "new")
        assert done.err.endswith(failed(CODES[kind])), (number, done)
        assert tree(shell.work) == before, (number, done)
        assert journals(shell) == []
    assert shell.run(*argv).exit == 0
    assert list((shell.work / "new" / "deep" / "place").rglob("fresh/m1.py"))


def test_into_the_users_own_packages(shell):
    """Not into a virtual environment: with ``--user``, where scripts and packages have one root, the user's."""
    python = getattr(sys, "_base_executable", sys.executable)
    base = shell.tmp / "base"
    shell.policy("")
    for number in ("1.0", "2.0"):
        shell.offer("up", number, entry_points="[console_scripts]\nup = up:main\n", files={f"up/m{number}.py": ""})
    shell.offer("fresh", "1.0", files={"fresh/big.bin": bytes(3_000_000)})
    shell.environ |= {"PYTHONUSERBASE": str(base), "PIP_BREAK_SYSTEM_PACKAGES": "1"}
    assert shell.run("--python", python, "install", "--user", "up==1.0").exit == 0
    before = tree(base)
    limited = "import resource, sys, runpy; resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20)); "
    run = "sys.argv[1:] = {}; runpy.run_module('safeinstall', run_name='__main__')"
    argv = ["--python", python, "install", "--user", "--no-compile", "up==2.0", "fresh"]
    shell.index.ranges = False
    shell.program = (sys.executable, "-c", limited + run.format(argv))
    assert shell.run().exit == 1
    assert tree(base) == before


LATE = 38
"""A change of the second of three packages, when its metadata is there."""
NO_HOOKS = "import sys; hasattr(sys, 'addaudithook') and delattr(sys, 'addaudithook')\n"


def test_what_cannot_be_undone_is_told_with_the_way_to_repair_it(shell):
    """With Python 3.7, which has no audit hooks."""
    shell.policy("")
    for name in ("one", "two", "three"):
        shell.offer(name, "1.0", files={f"{name}/m{number}.py": "" for number in range(9)})
    plant(shell.site, shell.python)
    (shell.site / "zz.pth").write_text(NO_HOOKS)
    argv = ("install", "--no-compile", "one", "two", "three")
    done = ends(shell, "error", LATE, *argv, place=shell.target, alone=True)
    lines = done.err.splitlines()
    assert done.exit == 2
    why = "the target's Python has no audit hooks (3.8 and later have), so no change was seen"
    assert lines[-3:] == [
        f"safe-pip: pip failed while it installed (exit 2); what it had changed could not be undone: {why}",
        "safe-pip: complete: two==1.0; half there: three==1.0",
        "safe-pip: way out: safe-pip install --ignore-installed --no-deps three==1.0",
    ]
    assert list(shell.site.glob(".safe-pip-*")) == []
    aftermath = shell.receipts()[-1]["aftermath"]
    assert (aftermath["state"], aftermath["complete"], aftermath["half"]) == ("half", ["two==1.0"], ["three==1.0"])
    recovered = shell.run("recover")
    assert recovered.exit == 1
    assert (
        "half there: three==1.0\nway out: safe-pip install --ignore-installed --no-deps three==1.0\n" in recovered.out
    )
    repaired = shell.install("--ignore-installed", "--no-deps", "three==1.0")
    assert repaired.exit == 0
    assert "half there: three==1.0" in repaired.err
    assert shell.install("one").err == ""
    assert journals(shell) == []


@pytest.fixture
def small_disk(tmp_path):
    """A file system with room for half a megabyte."""
    place = tmp_path / "disk"
    place.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=512k", "tmpfs", place], check=False).returncode:
        pytest.skip("file systems cannot be mounted here")
    yield place
    subprocess.run(["umount", "--lazy", place], check=True)


def test_a_full_disk_that_holds_the_journal_too(shell, small_disk):
    """To undo needs no room."""
    shell.policy("")
    shell.environ["SAFE_PIP_STATE_DIR"] = str(small_disk / "state")
    place = small_disk / "lib"
    for number, size in (("1.0", 100_000), ("2.0", 450_000)):
        noise = {f"up/{k}.bin": os.urandom(size // 10) for k in range(10)}
        shell.offer("up", number, files=noise)
    assert shell.install("--target", place, "up==1.0").exit == 0
    before = tree(place)
    done = shell.finish(shell.start("install", "--target", place, "--upgrade", "up==2.0"))
    assert "No space left on device" in done.err
    assert tree(place) == before
    assert done.err.endswith(failed(done.exit))
    assert not list((small_disk / "state" / "installing").iterdir())


def test_two_installations_into_one_place_come_one_after_the_other(shell):
    shell.policy("")
    for name in ("one", "two"):
        shell.offer(name, "1.0", files={f"{name}/m{n}.py": "x = 1\n" for n in range(300)})
    first, second = shell.start("install", "one"), shell.start("install", "two")
    ended = [shell.finish(each) for each in (first, second)]
    assert [(done.exit, done.err) for done in ended] == [(0, ""), (0, "")]
    assert shell.installed() == {"one": "1.0", "two": "1.0"}
    assert journals(shell) == []


ENDS_WELL = """
import os, sys
sys.addaudithook(lambda event, args: event == "open" and "app-1.0.dist-info/INSTALLER" in str(args[0]) and args[2] and os._exit(0))
"""


def test_what_is_half_there_is_no_success(shell):
    """Though pip seems to have ended well."""
    shell.policy("")
    shell.offer("app", "1.0")
    (shell.site / "sitecustomize.py").write_text(ENDS_WELL)
    done = shell.install("app")
    assert (done.exit, shell.installed()) == (1, {})
    assert done.err.endswith(failed(1))
