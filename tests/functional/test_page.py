"""The HTML report in a real browser, without a network."""

from __future__ import annotations

from dataclasses import replace

import pytest
from lib.browser import CHROMIUM, Browser
from lib.reports import denied, passed, report

from safeinstall.report.forms import render_form
from safeinstall.report.model import Requirement

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium")
PROJECTS = 130
"""As many as apache-airflow brings in."""
LIT = "[...document.querySelectorAll('.node.lit[data-name]')].map(node => node.dataset.name).sort()"
SHOWN = "[...document.querySelectorAll('.file')].filter(file => file.checkVisibility()).length"


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    with Browser(tmp_path_factory.mktemp("profile")) as browser:
        yield browser


@pytest.fixture
def browse(browser, tmp_path):
    """Open a report. When the test is over the browser must not have complained."""

    def open_(given, state=""):
        page = tmp_path / "report.html"
        page.write_text(render_form("html", given), encoding="utf-8")
        browser.open(f"{page.as_uri()}#{state}")
        return browser

    yield open_
    assert browser.complaints == []


def count(browser):
    return browser.evaluate("document.getElementById('count').textContent")


def large():
    """A report of many projects: each requires the three that are numbered from three times its own number on."""
    given = report(passed())
    app, lib = (file for file in given.files if file.state == "chosen")
    files = [
        replace(
            lib if number % 10 == 3 else app,
            name=f"p{number}",
            filename=f"p{number}-1.0-py3-none-any.whl",
            required_by=(Requirement(by=f"p{(number - 1) // 3}" if number else None, text=f"p{number}>=1"),),
        )
        for number in range(PROJECTS)
    ]
    return replace(given, files=tuple(files))


def test_all_files_are_shown_and_nothing_foreign_runs(browse):
    page = browse(report(passed()))
    assert count(page) == "3 of 3 files"
    assert page.evaluate("document.querySelectorAll('.node').length") == 3
    assert page.evaluate("document.scripts.length") == 1


def test_filters_and_a_chosen_node_come_from_the_address(browse):
    page = browse(report(passed()), "state=hidden&rule=minimum-age")
    assert count(page) == "1 of 3 files"
    page = browse(report(passed()), "name=lib")
    assert (count(page), page.evaluate(LIT)) == ("1 of 3 files", ["app", "lib"])


def test_a_refusal_is_open(browse):
    page = browse(report(denied(), exit_code=10))
    assert page.evaluate("document.querySelector('.file.refused').open")
    assert page.evaluate("document.querySelector('.file.refused').dataset.rule") == "minimum-age yanked"


def test_a_large_graph_is_drawn_apart(browse):
    """No two nodes lie on each other, and every edge begins and ends at a node."""
    page = browse(large())
    assert count(page) == f"{PROJECTS} of {PROJECTS} files"
    places = page.evaluate("[...document.querySelectorAll('.node')].map(node => node.getAttribute('transform'))")
    assert len(set(places)) == len(places) == PROJECTS + 1
    assert page.evaluate("document.querySelectorAll('.edge').length") == PROJECTS


def test_filters_are_used_by_hand(browse):
    page = browse(large())
    page.choose("#level", "warn")
    warned = sum(number % 10 != 3 for number in range(PROJECTS))
    assert (count(page), page.evaluate(SHOWN)) == (f"{warned} of {PROJECTS} files", warned)
    page.type("#search", "p12")  # p12, p120 and so on, and what p12 requires
    assert (count(page), page.evaluate(SHOWN)) == (f"13 of {PROJECTS} files", 13)
    assert page.evaluate("location.hash") == "#search=p12&level=warn"
    page.choose("#level", "deny")
    assert (count(page), page.evaluate(SHOWN)) == (f"0 of {PROJECTS} files", 0)


def test_a_click_on_a_node_shows_what_leads_to_it_and_what_it_leads_to(browse):
    page = browse(large())
    page.click('[data-name="p4"].node')
    assert page.evaluate(LIT) == sorted(
        [
            "p0",
            "p1",
            "p4",
            "p13",
            "p14",
            "p15",
            *(f"p{number}" for number in range(40, 49)),
            *(f"p{n}" for n in range(121, 130)),
        ]
    )
    assert (count(page), page.evaluate("location.hash")) == (f"1 of {PROJECTS} files", "#name=p4")
    page.click('[data-name="p4"].node')
    assert (count(page), page.evaluate(LIT)) == (f"{PROJECTS} of {PROJECTS} files", [])


def test_details_open_by_a_click(browse):
    page = browse(report(passed()))
    page.click('.file[data-name="app"] summary')
    assert page.evaluate("document.querySelector('.file[data-name=\"app\"]').open")
