from __future__ import annotations

import venv

import pytest


@pytest.fixture
def environ(tmp_path, monkeypatch):
    """A user whose home and state are below *tmp_path*, with the shells of this machine."""
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    (tmp_path / "home").mkdir()
    return {"HOME": str(tmp_path / "home"), "SAFE_PIP_STATE_DIR": str(tmp_path / "state"), "PATH": "/usr/bin:/bin"}


@pytest.fixture
def bare(tmp_path):
    """A virtual environment without pip."""
    venv.create(tmp_path / "env", with_pip=False, symlinks=True)
    return tmp_path / "env"
