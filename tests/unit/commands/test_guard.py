"""The commands in this process, on an environment that is made for it."""

from __future__ import annotations

import json
import stat
import venv

import pytest

from safeinstall.commands.guard import main
from safeinstall.errors import RefusedError, UsageError
from safeinstall.guard import scopes
from safeinstall.guard.installation import renew


@pytest.fixture
def environ(tmp_path, monkeypatch):
    """The active environment has no pip; home and state are below *tmp_path*."""
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    monkeypatch.setattr(scopes, "SYSTEM_CONFIGURATION", tmp_path / "etc" / "pip.conf")
    (tmp_path / "home").mkdir()
    venv.create(tmp_path / "env", with_pip=False, symlinks=True)
    return {
        "HOME": str(tmp_path / "home"),
        "PATH": "/usr/bin:/bin",
        "SAFE_PIP_STATE_DIR": str(tmp_path / "state"),
        "VIRTUAL_ENV": str(tmp_path / "env"),
    }


def everything(folder):
    return {
        str(path.relative_to(folder)): (
            path.read_bytes() if path.is_file() else None,
            stat.S_IMODE(path.stat().st_mode),
        )
        for path in folder.rglob("*")
    }


def test_there_and_back(environ, tmp_path, capsys):
    before = everything(tmp_path)
    assert main(["install", "--dry-run"], environ, None) == 0
    assert everything(tmp_path) == before
    assert main(["install"], environ, None) == 0
    (record,) = (tmp_path / "state" / "guard").iterdir()
    assert stat.S_IMODE(record.stat().st_mode) == 0o600
    during = everything(tmp_path)
    assert main(["install"], environ, None) == 0
    assert everything(tmp_path) == during
    assert main(["status"], environ, None) == 0
    capsys.readouterr()
    assert main(["remove"], environ, None) == 0
    assert capsys.readouterr().out.splitlines()[-3:] == [
        f"deletes {tmp_path}/env/bin/pip3",
        f"deletes {tmp_path}/env/bin/pip",
        f"{tmp_path}/env is no longer guarded",
    ]
    assert everything(tmp_path) == before


@pytest.mark.parametrize("scope", [["--user", "--shells", "bash,fish"], ["--system"]])
def test_a_user_and_a_system(environ, tmp_path, scope):
    (tmp_path / "home" / ".bashrc").write_text("mine")
    before = everything(tmp_path)
    assert main(["install", *scope], environ, None) == 0
    assert everything(tmp_path) != before
    assert main(["remove", scope[0]], environ, None) == 0
    assert everything(tmp_path) == before


def test_status_of_a_system(environ, tmp_path, capsys):
    """The wall is where no pip of this test looks, and the attempts get through: that is told."""
    main(["install", "--system"], environ, None)
    capsys.readouterr()
    assert main(["status", "--format", "json"], environ, None) == 14
    (row,) = json.loads(capsys.readouterr().out)
    assert [(tried["what"], tried["holds"]) for tried in row["tried"]] == [
        (f"{tmp_path}/etc/pip.conf", True),
        ("bare pip", False),
        ("bare pip, PIP_NO_INDEX=0", False),
        ("bare pip --isolated", False),
    ]


def test_nothing_recorded(environ, capsys):
    with pytest.raises(UsageError, match="nothing is recorded of a guard of this system"):
        main(["remove", "--system"], environ, None)
    assert main(["status"], environ, None) == 14
    assert capsys.readouterr().out == "nothing is guarded; safe-pip guard install --help\n"


def test_what_fails_half_way_is_taken_back(environ, tmp_path):
    (tmp_path / "home" / ".config").write_text("a file where a folder should be")
    before = everything(tmp_path)
    with pytest.raises(RefusedError, match=r"safe-pip-guard\.fish cannot be written"):
        main(["install", "--user", "--shells", "bash,fish"], environ, None)
    assert everything(tmp_path) == before


def test_a_second_installation_that_fails_leaves_the_first(environ, tmp_path):
    assert main(["install", "--user", "--shells", "bash"], environ, None) == 0
    (tmp_path / "home" / ".config" / "fish").write_text("a file where a folder should be")
    before = everything(tmp_path)
    with pytest.raises(RefusedError):
        main(["install", "--user", "--shells", "fish"], environ, None)
    assert everything(tmp_path) == before
    assert main(["remove", "--user"], environ, None) == 0


def test_a_removal_that_fails_leaves_the_guard(environ, tmp_path):
    assert main(["install"], environ, None) == 0
    pip = tmp_path / "env" / "bin" / "pip"
    pip.unlink()
    pip.mkdir()
    before = everything(tmp_path)
    with pytest.raises(RefusedError, match="cannot be read: Is a directory"):
        main(["remove"], environ, None)
    assert everything(tmp_path) == before


def test_a_guard_is_renewed_only_where_something_is_missing(environ, tmp_path):
    env = tmp_path / "env"
    python = str(env / "bin" / "python")
    assert renew(python, str(env), environ) == ""
    main(["install"], environ, None)
    assert renew(python, str(env), environ) == ""
    (env / "bin" / "pip").write_text("a new pip's")
    assert renew(python, str(env), environ) == f"pip has replaced its own files; {env} is guarded again"
    assert "safe-pip guard" in (env / "bin" / "pip").read_text()
    main(["remove"], environ, None)
    assert (env / "bin" / "pip").read_text() == "a new pip's"


def test_a_guard_that_cannot_be_renewed_is_told(environ, tmp_path):
    env = tmp_path / "env"
    main(["install"], environ, None)
    (record,) = (tmp_path / "state" / "guard").iterdir()
    record.write_text("[]")
    said = renew(str(env / "bin" / "python"), str(env), environ)
    assert said.startswith(f"the guard of {env} could not be renewed: the record of a guard cannot be read: {record}")


@pytest.mark.parametrize("argv", [[], ["instal"], ["install", "--user", "--system"], ["install", "--shells", "zsh"]])
def test_wrong_words(environ, argv):
    with pytest.raises(UsageError):
        main(argv, environ, None)
