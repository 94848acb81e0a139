from __future__ import annotations

import hashlib
import json
import os
import subprocess

import pytest
from lib.index import LocalIndex
from lib.pins import artifact_of, pin_of
from lib.shell import copy_environment
from lib.wheels import make_sdist, make_wheel

from safeinstall.facts.artifact import Source, SourceKind
from safeinstall.plan.plan import Plan
from safeinstall.sources.files.fetch import fetch
from safeinstall.sources.files.stage import Stage, open_stage
from safeinstall.sources.network.http import HttpClient, HttpSettings

FILES = {
    "app": (*make_wheel("app", "1.0", ["Demo.Pkg>=1", "built"]), ["Demo.Pkg>=1", "built"]),
    "demo-pkg": (*make_wheel("Demo.Pkg", "1.0+local"), []),
    "built": (*make_sdist("built", "2.0"), []),
}


@pytest.fixture(scope="module")
def target(tmp_path_factory, template):
    """A virtual environment with the default interpreter's own pip."""
    folder = tmp_path_factory.mktemp("target") / "env"
    copy_environment(template, folder)
    return folder / "bin" / "python"


@pytest.fixture
def stage(tmp_path):
    """A stage with three projects, fetched from a real index."""
    with LocalIndex() as index, HttpClient(HttpSettings(retries=0, netrc=False, proxy="")) as client:
        source = Source(kind=SourceKind.INDEX, url=index.url, name="default")
        pins = []
        for filename, data, requires in FILES.values():
            index.add(filename, data, yanked="too old")
            artifact = artifact_of(filename, data, url=index.file_url(filename), source=source, yanked="too old")
            pins.append(pin_of(artifact, requires=requires))
        with open_stage(tmp_path) as opened:
            opened.publish(fetch(Plan.of(pins), client, opened.files), empty=["pip"])
            yield opened


def pip(python, stage: Stage, *arguments) -> subprocess.CompletedProcess[str]:
    kept = {key: value for key, value in os.environ.items() if not key.startswith("PIP_")}
    return subprocess.run(
        [python, "-m", "pip", *arguments, "-i", stage.index_url, "--disable-pip-version-check", "--no-cache-dir"],
        env=kept | {"PIP_CONFIG_FILE": os.devnull},
        cwd=stage.root,
        capture_output=True,
        text=True,
        check=False,
    )


def test_pip_installs_exactly_the_staged_files(target, stage, tmp_path):
    report = tmp_path / "report.json"
    done = pip(target, stage, "install", "app==1.0", "demo-pkg==1.0+local", "built==2.0", "--report", report)
    assert done.returncode == 0, done.stderr
    got = {
        item["metadata"]["name"]: item["download_info"]["archive_info"]["hashes"]["sha256"]
        for item in json.loads(report.read_text())["install"]
    }
    assert got == {
        name: hashlib.sha256(FILES[key][1]).hexdigest()
        for name, key in (("app", "app"), ("Demo.Pkg", "demo-pkg"), ("built", "built"))
    }
    assert done.stderr.count("Reason for being yanked: too old") == 3


def test_pip_refuses_a_staged_file_that_was_changed(target, stage):
    (path,) = stage.files.glob("*/demo_pkg-*")
    path.write_bytes(path.read_bytes() + b"x")
    done = pip(target, stage, "install", "--force-reinstall", "demo-pkg==1.0+local")
    assert done.returncode == 1
    assert "THESE PACKAGES DO NOT MATCH THE HASHES" in done.stderr


def test_pip_finds_nothing_else(target, stage):
    done = pip(target, stage, "install", "six")
    assert done.returncode == 1
    assert "No matching distribution found for six" in done.stderr


def test_pip_says_nothing_of_an_installed_project_without_files(target, stage):
    done = pip(target, stage, "install", "--upgrade", "pip")
    assert (done.returncode, done.stderr) == (0, "")
    assert "Requirement already satisfied: pip" in done.stdout
