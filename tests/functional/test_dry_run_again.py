"""A dry run that is repeated need not start pip: while all that pip read is unchanged, it would say the same."""

from __future__ import annotations

import os
import subprocess
import time

import pytest
from lib.gate import parametrize
from lib.wheels import make_wheel

from safeinstall.errors import RefusedError
from safeinstall.sources.pip.descriptions import LONGEST, RecalledPip, recall
from safeinstall.sources.pip.host import HostedPip

WORDS = ("install", "--dry-run", "-r", "requirements.txt")


@pytest.fixture(autouse=True)
def wanted(shell, monkeypatch):
    shell.index.max_age = 60
    shell.offer("app", "1.0", ["dep"])
    shell.offer("dep", "1.0")
    shell.write("requirements.txt", "app\n")
    monkeypatch.chdir(shell.work)


def remembered(shell, words=WORDS):
    return recall(words, shell.environ)


def test_the_second_run_says_the_same(shell):
    first = shell.run(*WORDS)
    assert isinstance(remembered(shell), RecalledPip)
    assert shell.run(*WORDS) == first
    assert first.out == "Would install app-1.0 dep-1.0\n"
    assert len(shell.index.requests) == len(set(shell.index.paths()))  # nor was the index asked again


def test_a_policy_that_came_meanwhile_denies(shell):
    shell.run(*WORDS)
    shell.policy('[rules.denylist]\npackages = [{ package = "dep", reason = "ours" }]\n')
    assert shell.run(*WORDS).exit == 10


def loaded(shell, *words):
    """What safe-pip imports; pip, which it starts, does not tell."""
    traced = (shell.program[0], "-X", "importtime", *shell.program[1:])
    done = subprocess.run(
        [*traced, *words], cwd=shell.work, env=shell.environ, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return {line.rpartition("|")[2].strip() for line in done.stderr.splitlines() if line.startswith("import time:")}


@parametrize("words", [("--help",), ("install", "--help"), ("list",), WORDS], gate=(1, 3))
def test_neither_help_nor_another_command_nor_a_repeated_dry_run_loads_what_speaks_http(shell, words):
    shell.run(*WORDS)
    assert not {"httpx", "http.client", "ssl", "urllib.request"} & loaded(shell, *words)


def edit_requirements(shell):
    shell.write("requirements.txt", "app<2\n")


def configure(shell):
    (shell.target / "pip.conf").write_text("[global]\nindex-url = https://packages.example/simple\n")


def configure_user(shell):
    place = shell.home / ".config" / "pip"
    place.mkdir(parents=True)
    (place / "pip.conf").write_text("[install]\npre = true\n")


def install_something(shell):
    (shell.site / "dep-0.5.dist-info").mkdir()


def point_elsewhere(shell):
    (shell.site / "more.pth").write_text(f"{shell.home}\n")


def write_netrc(shell):
    (shell.home / ".netrc").write_text("machine packages.example login me password secret\n")


def set_variable(shell):
    shell.environ["PIP_PRE"] = "1"


def write_configuration(shell):
    (shell.tmp / "later.conf").write_text("[install]\npre = true\n")


def replace_pip(shell):
    init = shell.site / "pip" / "__init__.py"
    text = init.read_text()
    init.unlink()
    init.write_text(text)


@parametrize(
    "change",
    [
        edit_requirements,
        configure,
        configure_user,
        install_something,
        point_elsewhere,
        write_netrc,
        set_variable,
        replace_pip,
        write_configuration,
    ],
    gate=(0, 1, 3, 7),
)
def test_whatever_pip_would_read_otherwise_starts_it(shell, change):
    shell.environ["PIP_CONFIG_FILE"] = str(shell.tmp / "later.conf")  # nothing is there
    shell.run(*WORDS)
    assert remembered(shell)
    change(shell)
    assert remembered(shell) is None


def test_nor_is_it_believed_when_the_user_gets_a_place_for_packages(shell):
    """Python does not look into a place that is not there."""
    configuration = shell.target / "pyvenv.cfg"
    text = configuration.read_text().replace("packages = false", "packages = true")
    configuration.unlink()
    configuration.write_text(text)
    shell.run(*WORDS)
    assert remembered(shell)
    place = shell.home / ".local" / "lib" / shell.site.parent.name / "site-packages"
    (place / "app-1.0.dist-info").mkdir(parents=True)
    (place / "app-1.0.dist-info" / "METADATA").write_text("Metadata-Version: 2.1\nName: app\nVersion: 1.0\n")
    assert remembered(shell) is None


def test_no_description_is_believed_for_long(shell):
    shell.run(*WORDS)
    (kept,) = [path for path in (shell.tmp / "cache" / "descriptions").rglob("*") if path.is_file()]
    long_ago = time.time() - LONGEST - 1
    os.utime(kept, (long_ago, long_ago))
    assert remembered(shell) is None


def test_a_damaged_description_is_none(shell):
    shell.run(*WORDS)
    (kept,) = [path for path in (shell.tmp / "cache" / "descriptions").rglob("*") if path.is_file()]
    kept.write_bytes(kept.read_bytes()[:-1])
    assert remembered(shell) is None
    assert shell.run(*WORDS).out == "Would install app-1.0 dep-1.0\n"


@parametrize(
    "words",
    [
        ("install", "--dry-run", "-v", "app"),
        ("install", "--dry-run", "--uploaded-prior-to", "P1D", "app"),
        ("install", "--dry-run", "./app-1.0-py3-none-any.whl"),
        ("install", "app"),
    ],
    gate=(0, 2),
)
def test_what_may_mean_something_else_the_next_time_is_not_remembered(shell, words):
    name, data = make_wheel("app", "1.0")
    shell.write(name, data)
    shell.run(*words)
    assert remembered(shell, words) is None


def test_a_password_is_not_written(shell):
    shell.environ["PIP_INDEX_URL"] = shell.index.url.replace("//", "//me:secret@")
    assert shell.run(*WORDS).exit == 0
    assert remembered(shell) is None
    kept = [path for path in (shell.tmp / "cache").rglob("*") if path.is_file()]
    assert kept
    assert not [path for path in kept if b"secret" in path.read_bytes()]


def test_what_needs_pip_after_all_starts_it(shell):
    """With nothing to install it is pip that says so."""
    assert shell.install("app").exit == 0
    first = shell.run(*WORDS)
    assert "Requirement already satisfied: app" in first.out
    assert remembered(shell)
    assert shell.run(*WORDS) == first


def test_a_pip_that_says_something_else_than_was_remembered_is_not_let_go_on(shell):
    shell.run(*WORDS)
    found = remembered(shell)
    changed = RecalledPip({**found.said, "args": ["other"]}, lambda: HostedPip.start(WORDS, shell.environ))
    with changed, pytest.raises(RefusedError, match=r"^pip's configuration changed during this run$"):
        changed.proceed({}, lambda *_: False)


def test_a_python_that_tells_nobody_what_it_reads_is_asked_each_time(shell):
    """Python 3.7 has no audit hooks (PEP 578)."""
    (shell.site / "zz.pth").write_text("import sys; hasattr(sys, 'addaudithook') and delattr(sys, 'addaudithook')\n")
    assert shell.run(*WORDS).out == "Would install app-1.0 dep-1.0\n"
    assert remembered(shell) is None
    assert not (shell.tmp / "state" / "expected").exists()
