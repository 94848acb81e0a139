from __future__ import annotations

import venv

import pytest
from lib.index import LocalIndex
from lib.shell import Shell, copy_environment


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
