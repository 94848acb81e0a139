from __future__ import annotations

from pathlib import Path

import pytest

from safeinstall.errors import UsageError
from safeinstall.guard.scopes import (
    SYSTEM,
    SYSTEM_CONFIGURATION,
    USER,
    edits_for,
    environment_scope,
    parse_shells,
    startup_files,
)


def test_the_same_environment_by_another_path_and_another_python_in_the_same_place(bare, tmp_path):
    (tmp_path / "link").symlink_to(bare)
    scope = environment_scope(str(bare / "bin" / "python"), bare)
    linked = environment_scope(str(tmp_path / "link" / "bin" / "python"), tmp_path / "link")
    assert (scope.key, scope.name) == (linked.key, linked.name)
    assert environment_scope("/usr/bin/python4.1", bare).key != scope.key
    assert scope.option == f"--python {bare}/bin/python"


def test_of_a_system_nothing_but_pips_configuration(environ):
    (edit,) = edits_for(SYSTEM, environ)
    assert (edit.path, edit.how, SYSTEM.option) == (SYSTEM_CONFIGURATION, "wall", "--system")


def test_of_a_user(environ, tmp_path):
    home, shims = tmp_path / "home", tmp_path / "state" / "shims"
    edits = edits_for(USER, environ, ["bash", "zsh", "fish", "pwsh"])
    assert [(edit.path, edit.how) for edit in edits] == [
        (shims / "pip", "file"),
        (shims / "pip3", "file"),
        (home / ".bashrc", "block"),
        (home / ".profile", "block"),
        (home / ".zshrc", "block"),
        (home / ".config" / "fish" / "conf.d" / "safe-pip-guard.fish", "block"),
        (home / ".config" / "powershell" / "profile.ps1", "block"),
        (home / ".config" / "pip" / "pip.conf", "wall"),
    ]
    assert edits[-2].text == f"if (-not $env:PATH.StartsWith('{shims}:')) {{ $env:PATH = '{shims}:' + $env:PATH }}\n"


def test_the_login_file_that_bash_reads(environ, tmp_path):
    home = tmp_path / "home"
    for name in (".profile", ".bash_login", ".bash_profile"):
        (home / name).touch()
        assert startup_files("bash", environ) == [home / ".bashrc", home / name]


def test_files_that_variables_move(environ):
    moved = {**environ, "ZDOTDIR": "/z", "XDG_CONFIG_HOME": "/c"}
    assert startup_files("zsh", moved) == [Path("/z/.zshrc")]
    assert startup_files("fish", moved) == [Path("/c/fish/conf.d/safe-pip-guard.fish")]


def test_shells_by_name():
    assert parse_shells("zsh, bash,") == ["zsh", "bash"]
    with pytest.raises(UsageError, match="csh is no shell that is known here"):
        parse_shells("csh")
