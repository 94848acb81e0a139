"""The HTML report in a real browser, without a network."""

from __future__ import annotations

import shutil
import subprocess

import pytest
from lib.reports import denied, passed, report

from safeinstall.report.forms import render_form

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium")


@pytest.fixture
def browse(tmp_path):
    """Open a report and return the page as it is once its script has run."""

    def open_(given, state=""):
        page = tmp_path / "report.html"
        page.write_text(render_form("html", given), encoding="utf-8")
        flags = ("--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path / 'profile'}")
        done = subprocess.run(
            [CHROMIUM, *flags, "--dump-dom", f"{page.as_uri()}#{state}"],
            check=False,
            capture_output=True,
            text=True,
            timeout=60,
        )
        return done.stdout

    return open_


def test_all_files_are_shown_and_nothing_foreign_runs(browse):
    shown = browse(report(passed()))
    assert ">3 of 3 files</output>" in shown
    assert "<script>alert" not in shown
    assert shown.count('class="node ') == 3


def test_filters_and_a_chosen_node_come_from_the_address(browse):
    assert ">1 of 3 files</output>" in browse(report(passed()), "state=hidden&rule=minimum-age")
    shown = browse(report(passed()), "name=lib")
    assert ">1 of 3 files</output>" in shown
    assert 'class="node chosen warn lit"' in shown
    assert '<svg width="632"' in shown
    assert 'class="chosen"' in shown


def test_a_refusal_is_open(browse):
    shown = browse(report(denied(), exit_code=10))
    assert 'data-rule="minimum-age yanked" open=""' in shown
