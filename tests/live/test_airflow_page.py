"""The HTML report of a large installation from the default index, in a browser. Run with ``-m live``.

With ``SAFEINSTALL_SCREENSHOTS=FOLDER`` it also takes the pictures that ``docs/reports.md`` shows.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from lib.browser import CHROMIUM, Browser

pytestmark = [pytest.mark.live, pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium")]

POLICY = """\
schema = 1
mode = "audit"
[rules.minimum-age]
minimum = "14d"
[rules.licenses]
allow = ["MIT", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "PSF-2.0", "ISC", "0BSD"]
"""


def test_the_page_of_apache_airflow(tmp_path):
    (tmp_path / "policy.toml").write_text(POLICY)
    kept = {name: value for name, value in os.environ.items() if name not in {"PIP_FIND_LINKS", "PIP_EXTRA_INDEX_URL"}}
    done = subprocess.run(
        [
            sys.executable, "-m", "safeinstall", "--policy", "policy.toml", "install", "--dry-run", "-I", "-q",
            "apache-airflow", "--policy-report", "html=report.html", "--policy-report", "json=report.json",
        ],
        env={**kept, "PIP_CONFIG_FILE": os.devnull}, cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    files = json.loads((tmp_path / "report.json").read_text())["files"]
    warned = sum(file["level"] == "warn" for file in files)
    assert len(files) > 100
    assert (tmp_path / "report.html").stat().st_size < 1_000_000
    with Browser(tmp_path / "profile") as page:
        page.emulate(width=1280, height=800)
        page.open((tmp_path / "report.html").as_uri())
        assert page.evaluate("document.getElementById('count').textContent") == f"{len(files)} of {len(files)} files"
        shown = page.evaluate("document.querySelectorAll('.node').length")
        assert min(warned, 6) <= shown <= 40
        assert page.evaluate("scale()") > 0.6
        photograph(page, "report.png")
        page.emulate(width=1280, height=800, dark=True)
        page.open("about:blank")
        page.open((tmp_path / "report.html").as_uri() + "#name=idna")
        assert page.evaluate("document.querySelector('.node.lit[data-name=apache-airflow]') !== null")
        assert page.evaluate("document.getElementById('count').textContent") == f"1 of {len(files)} files"
        photograph(page, "report-way.png")
        page.click("[data-view=all]")
        assert page.evaluate("document.querySelectorAll('.node').length") == len(files) + 1
        assert page.complaints == []


def photograph(page, name):
    if folder := os.environ.get("SAFEINSTALL_SCREENSHOTS"):
        (Path(folder) / name).write_bytes(page.screenshot())
