from __future__ import annotations

import pytest

from safeinstall.sources.policies import policy_files


@pytest.fixture
def site(tmp_path, monkeypatch):
    """A machine: the folders of the system, of the user and of a project."""
    monkeypatch.setattr(policy_files, "SYSTEM_FILE", tmp_path / "etc" / "policy.toml")
    for folder in ("etc", "config", "state", "cwd"):
        (tmp_path / folder).mkdir()
    return tmp_path


@pytest.fixture
def environ(site):
    return {
        "SAFE_PIP_CONFIG_DIR": str(site / "config"),
        "SAFE_PIP_STATE_DIR": str(site / "state"),
        "SAFE_PIP_CACHE_DIR": str(site / "cache"),
    }
