"""Whether ``tests/data/startup_files.toml`` still has what popular packages run at Python's start. Run with ``-m live``.

The newest wheel of each is fetched, one by one, and judged by ``baseline`` as it lies there.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from lib.facts import evidence
from lib.policies import layered

from safeinstall.sources.archives.archives import check_wheel

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

pytestmark = pytest.mark.live

FACTS = Path(__file__).parents[1] / "data" / "startup_files.toml"
NAMES = sorted({wheel["name"] for wheel in tomllib.loads(FACTS.read_text(encoding="utf-8"))["wheel"]})
WINDOWS = ("--platform", "win_amd64", "--python-version", "3.11")
CONTENTS = next(rule for rule in layered(system='extends = "baseline"\n').rules if rule.id == "contents")


@pytest.mark.parametrize("name", NAMES)
def test_baseline_stops_the_newest_wheel_for_nothing_that_runs_when_python_starts(tmp_path, name):
    kept = {name: value for name, value in os.environ.items() if name not in {"PIP_FIND_LINKS", "PIP_EXTRA_INDEX_URL"}}
    words = ["download", "-q", "--no-deps", "--only-binary", ":all:", "-d", str(tmp_path)]
    where = WINDOWS if name == "pywin32" else ()
    done = subprocess.run(
        [sys.executable, "-m", "pip", *words, *where, name],
        env={**kept, "PIP_CONFIG_FILE": os.devnull}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    (path,) = tmp_path.iterdir()
    layout = check_wheel(path, path.name).layout
    assert layout is not None
    found = CONTENTS.check(evidence(f"{name}=={path.name.split('-')[1]}", contents=layout))
    assert [finding.message for finding in found if finding.key == "rules.contents.startup"] == []
