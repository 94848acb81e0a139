"""The same set of files as pip, from the default index, under a policy that allows all. Run with ``-m live``."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import venv

import pytest
from lib.real_sets import SETS
from packaging.utils import canonicalize_name

pytestmark = pytest.mark.live


@pytest.fixture(scope="session")
def target(tmp_path_factory):
    """A virtual environment; ``SAFEINSTALL_LIVE_PIP`` names the version of its pip."""
    folder = tmp_path_factory.mktemp("live") / "env"
    venv.create(folder, with_pip=True)
    if wanted := os.environ.get("SAFEINSTALL_LIVE_PIP"):
        subprocess.run([folder / "bin" / "python", "-m", "pip", "install", "-q", f"pip=={wanted}"], check=True)
    return folder


def chosen(command, report, environ):
    done = subprocess.run([*command, "--report", report], env=environ, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return sorted(
        (
            canonicalize_name(item["metadata"]["name"]),
            item["metadata"]["version"],
            item["download_info"]["url"].rpartition("/")[2],
            item["download_info"]["archive_info"].get("hashes", {}).get("sha256"),
        )
        for item in json.loads(report.read_text())["install"]
    )


@pytest.mark.parametrize("words", SETS)
def test_the_same_files_as_pip(target, tmp_path, words):
    policy = tmp_path / "allow.toml"
    policy.write_text("schema = 1\n")
    environ = {**os.environ, "VIRTUAL_ENV": str(target)}
    options = ["install", "--dry-run", "-q", *words.split()]
    ours = [sys.executable, "-m", "safeinstall", "--policy", policy, *options]
    pips = [target / "bin" / "python", "-m", "pip", *options]
    assert chosen(ours, tmp_path / "ours.json", environ) == chosen(pips, tmp_path / "pip.json", environ)
