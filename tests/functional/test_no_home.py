"""A user without a home: a container is often run as a number that no file knows, without HOME."""

from __future__ import annotations

import shutil
import subprocess

import pytest
from lib.gate import parametrize
from lib.shell import MODULE

UID = "12345"
NAMELESS = ("unshare", "--user", f"--map-user={UID}", f"--map-group={UID}")
"""Become that number for all that asks. What the files of the tests allow stays as it is."""
COMMANDS = (
    "install app", "install --dry-run app", "download app", "wheel app", "audit", "audit -r r.txt", "doctor", "why app",
    "fix r.txt", "log", "recover", "guard install", "guard install --user", "guard status", "guard remove",
    "advisories sync", "advisories status", "provenance status", "provenance update-root", "policy show", "policy check", "policy init --output other.toml", "policy trust",
    "policy allow app --rule yanked --reason x --expires 2099-01-01", "policy explain app",
)  # fmt: skip
NEEDS_NONE = ("list", "--version", "policy schema", "policy diff baseline strict", "guard --help")
SAID = f"safe-pip: there is no home directory: HOME is not set, and no user of this system has the uid {UID}\n"
HELPS = "set HOME to a directory of this user, or SAFE_PIP_CACHE_DIR, SAFE_PIP_STATE_DIR and SAFE_PIP_CONFIG_DIR\n"
PLACES = {"SAFE_PIP_CACHE_DIR": "cache", "SAFE_PIP_STATE_DIR": "state", "SAFE_PIP_CONFIG_DIR": "config"}


@pytest.fixture
def nameless(shell):
    """A user who is nothing but a number."""
    if not shutil.which("unshare") or subprocess.run([*NAMELESS, "true"], check=False, capture_output=True).returncode:
        pytest.skip("user namespaces do not work here")
    shell.program = (*NAMELESS, *MODULE)
    for name in ("HOME", "SAFE_PIP_CACHE_DIR", "SAFE_PIP_STATE_DIR"):
        shell.environ.pop(name)
    shell.offer("app", "1.0")
    shell.write("r.txt", "app==1.0\n")
    return shell


@parametrize("half", [0, 1], gate=(0,))
def test_every_command_says_which_variables_help(nameless, half):
    nameless.write("safe-pip.toml", "schema = 1\n")
    before = nameless.snapshot()
    for command in COMMANDS[half::2]:
        done = nameless.run(*command.split())
        assert done.exit == 13, (command, done)
        assert done.err.startswith(SAID), (command, done)
        assert done.err.splitlines(keepends=True)[1] == f"safe-pip: way out: {HELPS}", (command, done)
    assert nameless.snapshot() == before
    assert sorted(path.name for path in nameless.work.iterdir()) == [
        "r.txt",
        "safe-pip.toml",
    ]  # nothing in a directory "~"


def test_what_keeps_nothing_needs_no_home(nameless):
    for command in NEEDS_NONE:
        done = nameless.run(*command.split())
        assert done.exit == 0, (command, done)


def test_with_these_variables_everything_works(nameless):
    nameless.environ |= {variable: str(nameless.tmp / name) for variable, name in PLACES.items()}
    nameless.policy("")
    assert nameless.install("app").exit == 0
    assert nameless.receipts()[0]["exit_code"] == 0
    for command in ("install --upgrade app", "audit", "why app", "fix r.txt", "recover", "log", "guard install"):
        done = nameless.run(*command.split())
        assert done.exit == 0, (command, done)
    done = nameless.run("guard", "install", "--user")
    way_out = "safe-pip: way out: set HOME to a directory of this user, or guard an environment alone\n"
    assert (done.exit, done.err) == (13, f"{SAID}{way_out}safe-pip: stopped (exit 13)\n")
    assert sorted(path.name for path in nameless.work.iterdir()) == ["policy.toml", "r.txt"]


@pytest.mark.parametrize("home", ["home", ""])
def test_a_home_that_is_no_absolute_path(nameless, home):
    done = nameless.install("app", env={"HOME": home})
    assert (done.exit, done.err.splitlines()[0]) == (
        13, f"safe-pip: there is no home directory: HOME is {home!r}, which is no absolute path",
    )  # fmt: skip


@parametrize("home", ["/proc", "/dev/null"], gate=(0,))
def test_a_home_in_which_nothing_can_be_written(nameless, home):
    nameless.policy("")
    done = nameless.install("app", env={"HOME": home})
    assert (done.exit, nameless.installed()) == (0, {"app": "1.0"}), done
    assert f"safe-pip: the receipt could not be written to {home}/.local/state/safe-pip/receipts.jsonl: " in done.err
    assert "should pip fail, what it has changed is not undone" in done.err
    done = nameless.run("doctor", env={"HOME": home})
    assert done.exit == 14
    assert f"problem  state         {home} " in done.out
