"""The shipped presets against real packages of the default index. Run with ``-m live``."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.live

DATA = Path(os.environ.get("SAFEINSTALL_TEST_DATA") or Path(__file__).parents[3] / "shared" / "data")
DUMP = DATA / "osv-pypi.zip"

CASES = [
    ("baseline", "requests flask", 0, "Would install "),
    ("baseline", "urllib3==1.26.4", 10, "  vulnerability "),
    ("baseline", "docopt", 10, "  sdists "),
    ("strict", "idna certifi", 0, "Would install "),
    ("strict", "jinja2==2.10", 10, "  vulnerability "),
    ("locked", "idna", 10, "  hashes "),
]


@pytest.mark.skipif(not DUMP.exists(), reason="there is no dump of advisories beside this checkout")
@pytest.mark.parametrize(("preset", "words", "code", "says"), CASES)
def test_a_preset_and_real_packages(tmp_path, preset, words, code, says):
    policy = tmp_path / "policy.toml"
    policy.write_text(
        f'schema = 1\nextends = "{preset}"\n[advisories]\nsources = ["{DUMP.resolve()}"]\n'
        '[evidence]\nmax-staleness = "3650d"\n'
    )
    kept = {name: value for name, value in os.environ.items() if name not in {"PIP_FIND_LINKS", "PIP_EXTRA_INDEX_URL"}}
    done = subprocess.run(
        [sys.executable, "-m", "safeinstall", "--policy", policy, "install", "--dry-run", "-I", *words.split()],
        env={**kept, "PIP_CONFIG_FILE": os.devnull}, cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == code, done.stdout + done.stderr
    assert says in done.stdout + done.stderr
