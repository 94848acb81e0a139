from __future__ import annotations

import venv
from pathlib import Path

import pytest
from lib.index import LocalIndex
from lib.shell import Shell, copy_environment
from lib.targets import find_pip, make_target


@pytest.fixture(scope="session")
def template(tmp_path_factory):
    """A virtual environment as ``python -m venv`` makes it."""
    folder = tmp_path_factory.mktemp("template") / "env"
    venv.create(folder, with_pip=True, symlinks=True)
    return folder


@pytest.fixture(scope="session")
def template_without_pip(tmp_path_factory):
    """A virtual environment as ``python -m venv --without-pip`` makes it."""
    folder = tmp_path_factory.mktemp("template") / "bare"
    venv.create(folder, with_pip=False, symlinks=True)
    return folder


@pytest.fixture
def index():
    with LocalIndex() as index:
        yield index


@pytest.fixture
def shell(tmp_path, template, index):
    """A user with a fresh virtual environment and an empty index."""
    target = tmp_path / "env"
    copy_environment(template, target)
    shell = Shell(tmp_path, target, index)
    yield shell
    shell.close()


@pytest.fixture
def shell_of(request, tmp_path, index):
    """Makes a user of that version of pip, in an environment that holds nothing else."""

    def make(version: str) -> Shell:
        pip = find_pip(version, Path(request.config.cache.mkdir("pips")))
        if isinstance(pip, str):
            pytest.skip(pip)
        make_target(tmp_path / "env", pip)
        shell = Shell(tmp_path, tmp_path / "env", index)
        request.addfinalizer(shell.close)
        return shell

    return make
