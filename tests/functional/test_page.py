"""The HTML report in a real browser, without a network."""

from __future__ import annotations

import re
import zlib
from contextlib import suppress
from dataclasses import replace
from itertools import pairwise

import pytest
from lib.browser import CHROMIUM, Browser
from lib.graphs import graph, tree
from lib.reports import CLAIMED, HOSTILE, RUN, VERIFIED, attested, denied, endings, passed, report

from safeinstall.facts.provenance import Attestation, Provenance, Publisher, PublisherKind, Unattested
from safeinstall.report.forms import render_form

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium")
PROJECTS = 130
"""As many as apache-airflow brings in."""
DESK, PHONE = (1280, 800), (390, 844)
NAMES = "[...document.querySelectorAll('.node[data-name]')].map(node => node.dataset.name).sort()"
LIT = "[...document.querySelectorAll('.node.lit[data-name]')].map(node => node.dataset.name).sort()"
FOLDS = "Object.fromEntries([...document.querySelectorAll('.fold')].map(fold => [fold.dataset.fold, fold.querySelector('text').textContent]))"
SHOWN = "[...document.querySelectorAll('.file')].filter(file => file.checkVisibility()).length"
VIEW = "document.getElementById('picture').getAttribute('viewBox').split(' ').map(Number)"
FOCUS = "document.activeElement.dataset.name ?? document.activeElement.dataset.fold ?? ''"
CUT_OFF = """(outer => [...document.querySelectorAll('#picture > *')].filter(one => !one.matches('.aside')).filter(one => {
  const box = one.getBoundingClientRect();
  return box.left < outer.left - 1 || box.right > outer.right + 1 || box.top < outer.top - 1 || box.bottom > outer.bottom + 1;
}).length)(document.getElementById('picture').getBoundingClientRect())"""
BESIDE = "document.documentElement.scrollWidth - innerWidth"
BOXES = """[...document.querySelectorAll('.node, .fold')].map(one => {
  const { left, right, top, bottom } = one.querySelector('rect').getBoundingClientRect();
  return [left, right, top, bottom];
})"""
LINES = "[...document.querySelectorAll('.edge')].map(line => [line.dataset.from, line.dataset.to].map(JSON.parse))"


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    with Browser(tmp_path_factory.mktemp("profile")) as browser:
        yield browser


@pytest.fixture
def browse(browser, tmp_path):
    """Open a report. When the test is over the browser must not have complained."""

    def open_(given, state="", size=DESK, **emulated):
        page = tmp_path / "report.html"
        page.write_text(render_form("html", given), encoding="utf-8")
        browser.emulate(width=size[0], height=size[1], **emulated)
        browser.open("about:blank")
        browser.open(f"{page.as_uri()}#{state}")
        return browser

    yield open_
    browser.emulate()
    assert browser.complaints == []


def count(browser):
    return browser.evaluate("document.getElementById('count').textContent")


def told(browser):
    return browser.evaluate("document.getElementById('shown').textContent")


def warned(*numbers):
    return tree(PROJECTS, told=lambda number: "!" if number in numbers else "")


def every(number):
    return tree(PROJECTS, told=lambda n: "!" if n % number == 0 else "")


def hundred():
    """As of a file of pins: the user asks for all of it."""
    return graph({f"p{number}": "you" for number in range(100)})


# --- what is drawn


def test_a_small_graph_is_drawn_whole(browse):
    page = browse(report(passed()))
    assert (page.evaluate(NAMES), page.evaluate(FOLDS)) == (["app", "lib"], {})
    assert page.evaluate(LINES) == [[[""], ["app"]], [["app"], ["lib"]]]
    assert told(page) == "2 of 2 projects are shown"


def test_a_run_that_judged_nothing(browse):
    page = browse(endings()["failed"])
    assert (told(page), count(page), page.evaluate(NAMES)) == ("no project was judged", "0 of 0 files", [])


def test_what_there_is_to_tell_is_drawn_and_the_ways_to_it(browse):
    page = browse(warned(13, 40))
    assert page.evaluate(NAMES) == ["p0", "p1", "p13", "p4", "p40"]
    assert page.evaluate(FOLDS) == {"p0": "+80", "p1": "+26", "p13": "+8", "p4": "+8", "p40": "+3"}
    assert told(page) == "5 of 130 projects are shown; + opens what is folded"


def test_all_ways_are_drawn_to_what_is_refused(browse):
    ways = {f"x{number}": "you" for number in range(20)}
    page = browse(graph(ways | {"a": "you", "b": "a", "c": "a", "✕bad": "b c d", "d": "a"}))
    assert page.evaluate(NAMES) == ["a", "b", "bad", "c", "d"]
    assert page.evaluate(FOLDS) == {"": "+20"}
    assert page.evaluate("document.querySelector('.node.deny').textContent").endswith("✕ bad 1.0")


def test_without_findings_the_rest_is_folded_below_what_the_user_asked_for(browse):
    page = browse(graph({"a": "you", "b": "you"} | {f"{one}{n}": one for one in "ab" for n in range(9)}))
    assert (page.evaluate(NAMES), page.evaluate(FOLDS)) == (["a", "b"], {"a": "+9", "b": "+9"})


def test_what_is_told_of_is_no_more_than_can_be_taken_in_and_the_refused_come_first(browse):
    page = browse(tree(PROJECTS, told=lambda number: "✕" if number == 129 else "!"))
    shown = page.evaluate(NAMES)
    assert {"p0", "p1", "p4", "p13", "p42", "p129"} < set(shown)
    assert len(shown) == 39
    assert told(page) == "39 of 130 projects are shown, 39 of 130 that are refused or warned of; + opens what is folded"


def test_a_line_that_a_longer_way_tells_too_is_left_out_until_one_of_its_ends_is_lit(browse):
    page = browse(graph({"a": "you", "b": "a c", "c": "you a"}))
    assert page.evaluate(LINES) == [[[""], ["a"]], [["a"], ["c"]], [["c"], ["b"]]]
    seen = "[...document.querySelectorAll('.aside')].filter(l => getComputedStyle(l).visibility === 'visible').map(l => l.dataset.to)"
    assert page.evaluate(seen) == []
    page.hover("[data-name=b]")
    assert page.evaluate(seen) == ['["b"]']


def test_a_loop_is_drawn_once_and_is_no_way_to_what_it_leads_back_to(browse):
    page = browse(graph({"a": "you c", "b": "a", "c": "b a", "d": "d c"}))
    assert page.evaluate(LINES) == [[[""], ["a"]], [["a"], ["b"]], [["b"], ["c"]], [["c"], ["d"]]]
    page.hover("[data-name=b]")
    assert page.evaluate(LIT) == ["a", "b", "c", "d"]
    page.hover("[data-name=a]")
    assert page.evaluate("document.querySelectorAll('.aside.lit').length") == 2  # a to c, and c back to a


def test_what_stays_installed_is_drawn(browse):
    page = browse(graph({"a": "you", "old": "a"}, kept=["old"]))
    assert page.evaluate("document.querySelector('[data-name=old]').classList.contains('kept')")
    assert (
        page.evaluate("document.querySelector('[data-name=old]').ariaLabel")
        == "old 1.0: stays installed\nrequired by a"
    )


# --- it can be read


@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
@pytest.mark.parametrize(
    "given", [report(passed()), report(denied(), exit_code=10), warned(13, 40), every(1), every(7), hundred()],
    ids=["small", "denied", "two", "all", "some", "pins"],
)  # fmt: skip
def test_nothing_is_cut_off_and_nothing_lies_on_another(browse, given, size):
    page = browse(given, size=size)
    assert (page.evaluate(CUT_OFF), page.evaluate(BESIDE)) == (0, 0)
    assert page.evaluate("document.getElementById('picture').getBoundingClientRect().height") <= size[1] * 0.73
    assert overlapping(page.evaluate(BOXES)) == []
    assert page.evaluate("scale()") > (0.6 if size == DESK else 0.5)  # labels of 12 pixels can be read


def overlapping(boxes):
    """Return the pairs of boxes that lie on each other; in a small picture their rims may."""
    placed = sorted(boxes)
    return [
        (one, other)
        for number, one in enumerate(placed)
        for other in placed[number + 1 :]
        if other[0] < one[1] - 1 and other[2] < one[3] - 1 and one[2] < other[3] - 1
    ]


def test_all_of_it_is_drawn_apart(browse):
    page = browse(every(7))
    page.click("[data-view=all]")
    assert len(page.evaluate(NAMES)) == PROJECTS
    assert (page.evaluate(CUT_OFF), page.evaluate(BESIDE), overlapping(page.evaluate(BOXES))) == (0, 0, [])
    page.click("[data-view=first]")
    assert len(page.evaluate(NAMES)) < PROJECTS


def test_it_is_fitted_again_when_the_window_changes(browse):
    page = browse(every(7))
    page.emulate(width=700, height=600)
    page.wait_for("innerWidth === 700")
    page.wait_for(f"{CUT_OFF} === 0")
    assert page.evaluate(BESIDE) == 0


def test_six_hundred_projects(browse):
    given = {f"p{n}": " ".join({f"p{n // 2}", f"p{n // 3}", f"p{n // 5}"}) if n else "you" for n in range(1, 601)}
    page = browse(graph({"p0": "you", **given}))
    assert told(page) == "1 of 601 projects are shown; + opens what is folded"
    page.click("[data-view=all]")
    assert len(page.evaluate(NAMES)) > 400
    assert page.evaluate(CUT_OFF) == 0


def test_a_dark_window_has_a_dark_page(browse):
    colours = """['body', '.node rect', '.node text'].map((one, at) =>
      getComputedStyle(document.querySelector(one))[at ? 'fill' : 'backgroundColor'])"""
    light, dark = (browse(report(passed()), dark=dark).evaluate(colours) for dark in (False, True))
    for one, other, darker in zip(light, dark, (True, True, False), strict=True):
        assert (brightness(one) > brightness(other)) is darker
    assert brightness(dark[2]) - brightness(dark[1]) > 300


def brightness(colour):
    return sum(map(int, re.findall(r"\d+", colour)[:3]))


def test_it_can_be_printed(browse):
    page = browse(every(7), dark=True)
    page.click("[data-key='+']")
    before, labels = page.evaluate(VIEW), page.evaluate("document.querySelectorAll('.node').length")
    printed = page.pdf()
    texts = sum(len(re.findall(rb"\bT[jJ]\b", text)) for text in streams(printed))
    assert texts > labels + PROJECTS  # the picture and the list of files
    assert page.evaluate(VIEW) == before


def streams(pdf):
    for match in re.finditer(rb"/FlateDecode.*?stream\r?\n(.*?)endstream", pdf, re.DOTALL):
        with suppress(zlib.error):
            yield zlib.decompressobj().decompress(match[1])


def test_without_scripts_it_is_lists_and_tables(browse):
    page = browse(graph({"a": "you", "!b": "a"}), scripts=False)
    gone = "[...document.querySelectorAll('.needs-script')].filter(one => one.checkVisibility()).length"
    assert (page.evaluate(gone), page.evaluate(SHOWN)) == (0, 2)
    page.click("#requirements summary")
    rows = "[...document.querySelectorAll('tbody tr')].map(row => row.innerText.split('\\t').join(', '))"
    assert page.evaluate(rows) == ["a, 1.0, passes, you", "b, 1.0, warned of, a"]
    page.click('.file[data-name="b"] summary')
    assert page.evaluate("document.querySelector('.file[data-name=\"b\"] dl').checkVisibility()")


# --- who built it


def test_each_box_bears_a_mark_of_who_built_it(browse):
    page = browse(attested(app=VERIFIED, lib=CLAIMED, old=Unattested()))
    boxes = "[...document.querySelectorAll('.node[data-name] text')].map(text => text.textContent)"
    assert page.evaluate(boxes) == ["app 1.0 ✓", "lib 1.0 ○", "old 1.0"]
    assert page.evaluate("document.querySelector('[data-name=app]').ariaLabel") == (
        "app 1.0: passes\nrequired by you\n"
        "built by GitHub acme/app, release.yml, environment pypi, commit 1f1f1f1f1f1f, verified"
    )
    legend = "document.getElementById('legend').innerText"
    assert {"✓ who built it is proved", "○ who built it is claimed"} <= set(page.evaluate(legend).splitlines())
    wide = """[...document.querySelectorAll('.node[data-name]')].every(node =>
      node.querySelector('rect').getBBox().width > node.querySelector('text').getBBox().width)"""
    assert page.evaluate(wide)


def test_the_way_from_commit_to_environment_is_there_without_scripts(browse):
    page = browse(attested(app=VERIFIED), scripts=False)
    page.click("#requirements summary")
    rows = "[...document.querySelectorAll('tbody tr')].map(row => row.innerText.split('\\t').join(', '))"
    built = "GitHub acme/app, release.yml, environment pypi, commit 1f1f1f1f1f1f, verified"
    assert page.evaluate(rows) == [f"app, 1.0, passes, you, {built}"]
    page.click('.file[data-name="app"] summary')
    assert page.evaluate("document.querySelector('.way').innerText").splitlines() == [
        "from commit to environment proved",
        f"commit https://forge.example/acme/app/commit/{'1f' * 20} (refs/tags/v1)",
        f"workflow GitHub acme/app, release.yml, environment pypi; {RUN}; logged 2025-11-22 12:00 UTC as number 42",
        "file app-1.0-py3-none-any.whl",
        "environment /env (Python 3.12.1)",
    ]


# --- opening and folding


def open_by_click(page, name):
    page.click(f'[data-fold="{name}"]')


def open_by_key(page, name):
    page.evaluate(f"document.querySelector('[data-fold=\"{name}\"]').focus()")
    page.press("Enter", "\r")


@pytest.mark.parametrize("act", [open_by_click, open_by_key])
def test_what_is_folded_is_opened_and_folded_again(browse, act):
    page = browse(warned(13, 40))
    before = page.evaluate(NAMES), page.evaluate(FOLDS)
    act(page, "p0")
    assert set(page.evaluate(NAMES)) - set(before[0]) == {"p2", "p3"}
    assert page.evaluate(FOLDS) == before[1] | {"p0": "\N{MINUS SIGN}", "p2": "+39", "p3": "+39"}
    assert (page.evaluate(FOCUS), page.evaluate("document.activeElement.ariaExpanded")) == ("p0", "true")
    act(page, "p2")
    act(page, "p0")
    assert (page.evaluate(NAMES), page.evaluate(FOLDS)) == before
    act(page, "p0")
    assert page.evaluate(FOLDS)["p2"] == "+39"  # what was below it is folded, too


def test_what_is_opened_stays_in_its_place_where_not_all_can_be_read_at_once(browse):
    page = browse(graph({"a": "you"} | {f"b{n}": "a" for n in range(60)} | {f"c{n}": f"b{n}" for n in range(60)}))
    place = "(b => [Math.round(b.left), Math.round(b.top)])(document.querySelector('[data-fold=a]').getBoundingClientRect())"
    page.click("[data-fold=a]")
    assert len(page.evaluate(NAMES)) == 61
    seen = page.evaluate(place)
    assert 0 < seen[0] < DESK[0]
    assert 0 < seen[1] < DESK[1]
    assert page.evaluate("scale()") >= 0.6
    page.press("0", "0")
    assert page.evaluate(CUT_OFF) == 0


def test_the_tab_key_comes_to_every_box_and_badge_in_turn(browse):
    page = browse(warned(13, 40))
    page.evaluate("document.getElementById('picture').focus()")
    seen = []
    for _ in range(10):
        page.press("Tab")
        seen.append(page.evaluate(FOCUS))
    assert seen == ["p0", "p0", "p1", "p1", "p4", "p4", "p13", "p13", "p40", "p40"]


# --- moving about


def test_it_is_zoomed_by_wheel_key_and_button_and_fitted_again(browse):
    page = browse(every(7))
    fitted = page.evaluate(VIEW)
    widths = [fitted[2]]
    page.wheel("#picture", -100, ctrl=True)
    page.wait_for(f"{VIEW}[2] < {widths[-1]}")
    widths.append(page.evaluate(VIEW)[2])
    page.evaluate("document.getElementById('picture').focus()")
    page.press("+", "+")
    widths.append(page.evaluate(VIEW)[2])
    page.click("#tools [data-key='+']")
    widths.append(page.evaluate(VIEW)[2])
    assert all(after < before for before, after in pairwise(widths))
    page.click("#tools [data-key='-']")
    assert page.evaluate(VIEW)[2] > widths[-1]
    page.click("#tools [data-key='0']")
    assert page.evaluate(VIEW) == fitted


def test_the_wheel_alone_scrolls_the_page(browse):
    page = browse(every(7))
    fitted = page.evaluate(VIEW)
    page.wheel("#picture", 200)
    page.wait_for("scrollY > 0")
    assert page.evaluate(VIEW) == fitted


def test_it_is_moved_by_the_pointer_and_by_keys(browse):
    page = browse(every(7))
    x, y, *size = page.evaluate(VIEW)
    page.drag('[data-name="p0"].node', 120, 60)
    moved = page.evaluate(VIEW)
    factor = page.evaluate("scale()")
    assert moved == pytest.approx([x - 120 / factor, y - 60 / factor, *size])
    assert count(page) == f"{PROJECTS} of {PROJECTS} files"  # to let go is no click
    page.evaluate("document.getElementById('picture').focus()")
    page.press("ArrowRight")
    page.press("ArrowDown")
    assert page.evaluate(VIEW) == pytest.approx([moved[0] + 60 / factor, moved[1] + 60 / factor, *size])


def test_what_is_focused_comes_into_view(browse):
    page = browse(warned(13, 40))
    for _ in range(9):
        page.click("#tools [data-key='+']")
    page.evaluate("document.querySelector('[data-name=p0]').focus()")
    for _ in range(8):
        page.press("Tab")
    assert page.evaluate(FOCUS) == "p40"
    outer, inner = (
        page.evaluate(f"(b => [b.left, b.right])({what}.getBoundingClientRect())")
        for what in ("document.getElementById('picture')", "document.activeElement")
    )
    assert inner[0] >= outer[0] - 1
    assert inner[1] <= outer[1] + 1


# --- the ways through a project


def test_the_ways_through_a_project_are_lit_while_the_pointer_is_there(browse):
    page = browse(warned(13, 40, 12))
    page.hover("[data-name=p13]")
    assert page.evaluate(LIT) == ["p0", "p1", "p13", "p4", "p40"]
    lit = "[...document.querySelectorAll('.edge.lit')].map(line => JSON.parse(line.dataset.to)[0]).sort()"
    assert page.evaluate(lit) == ["p0", "p1", "p13", "p4", "p40"]
    assert page.evaluate("getComputedStyle(document.querySelector('[data-name=p12]')).opacity") == "0.2"
    page.hover("h1")
    assert page.evaluate(LIT) == []
    assert page.evaluate("getComputedStyle(document.querySelector('[data-name=p12]')).opacity") == "1"


def test_they_are_lit_while_the_keyboard_is_there(browse):
    page = browse(warned(13, 40, 12))
    page.evaluate("document.getElementById('picture').focus()")
    page.press("Tab")
    page.press("Tab")
    page.press("Tab")
    assert (page.evaluate(FOCUS), page.evaluate(LIT)) == ("p3", ["p0", "p12", "p3"])


def test_a_click_keeps_them_lit_and_lists_the_files(browse):
    page = browse(warned(13, 40))
    page.click('[data-name="p4"].node')
    assert page.evaluate(LIT) == ["p0", "p1", "p13", "p4", "p40"]
    assert (count(page), page.evaluate("location.hash")) == (f"1 of {PROJECTS} files", "#name=p4")
    page.click('[data-name="p4"].node')
    assert count(page) == f"{PROJECTS} of {PROJECTS} files"
    page.hover("h1")
    assert page.evaluate(LIT) == []


def test_what_is_folded_is_shown_from_the_list_and_from_the_address(browse):
    page = browse(warned(13, 40))
    page.click('.file[data-name="p129"] summary')
    page.click('[data-ways="p129"]')
    ways = ["p0", "p1", "p129", "p13", "p4", "p42"]
    assert (page.evaluate(LIT), page.evaluate("location.hash")) == (ways, "#name=p129")
    page = browse(warned(13, 40), "name=p129")
    assert (page.evaluate(LIT), count(page), page.evaluate(CUT_OFF)) == (ways, f"1 of {PROJECTS} files", 0)


# --- the list


def test_all_files_are_listed(browse):
    page = browse(report(passed()))
    assert count(page) == "3 of 3 files"


def test_filters_come_from_the_address(browse):
    page = browse(report(passed()), "state=hidden&rule=minimum-age")
    assert count(page) == "1 of 3 files"
    page = browse(report(passed()), "name=nobody")
    assert count(page) == "3 of 3 files"


def test_a_refusal_is_open(browse):
    page = browse(report(denied(), exit_code=10))
    assert page.evaluate("document.querySelector('.file.refused').open")
    assert page.evaluate("document.querySelector('.file.refused').dataset.rule") == "minimum-age yanked"


def test_filters_are_used_by_hand(browse):
    page = browse(every(3))
    page.choose("#level", "warn")
    listed = len(range(0, PROJECTS, 3))
    assert (count(page), page.evaluate(SHOWN)) == (f"{listed} of {PROJECTS} files", listed)
    page.type("#search", "p12-1")
    assert (count(page), page.evaluate(SHOWN)) == (f"1 of {PROJECTS} files", 1)
    assert page.evaluate("location.hash") == "#search=p12-1&level=warn"
    page.choose("#level", "deny")
    assert (count(page), page.evaluate(SHOWN)) == (f"0 of {PROJECTS} files", 0)


def test_details_open_by_a_click(browse):
    page = browse(report(passed()))
    page.click('.file[data-name="app"] summary')
    assert page.evaluate("document.querySelector('.file[data-name=\"app\"]').open")


# --- nothing foreign runs


MARKUP = '"><img src=x onerror="pwned=1"><svg onload=pwned=1>'
HOSTILE_NAMES = (
    "__proto__",
    "constructor",
    "hasownproperty",
    "</script><script>pwned=1</script>",
    "you",
    MARKUP,
    HOSTILE,
)


def test_hostile_names_are_names(browse):
    """Were a name ever not checked: it is a label, in the picture, in its tool tip and in the list."""
    given = report(passed())
    pattern = next(file for file in given.files if file.name == "lib")
    publisher = Publisher(kind=PublisherKind.GITHUB, repository=MARKUP, workflow=HOSTILE)
    claim = Provenance(attestations=(Attestation(publisher=publisher, predicate_type=MARKUP),), verified=False)
    (claimed,) = attested(lib=claim).files
    pattern = replace(pattern, version=MARKUP, provenance=claimed.provenance)
    files = tuple(replace(pattern, name=name, filename=name) for name in HOSTILE_NAMES)
    page = browse(replace(given, files=(*given.having("chosen")[:1], *files)))
    assert len(page.evaluate(NAMES)) == len(HOSTILE_NAMES) + 1
    assert set(HOSTILE_NAMES[:-1]) < set(page.evaluate(NAMES))
    for number in range(len(HOSTILE_NAMES)):
        page.hover(f"#picture .node[data-name]:nth-of-type({number + 2})")
    assert page.evaluate("[document.images.length, document.scripts.length, typeof pwned]") == [0, 5, "undefined"]


def test_a_script_that_came_in_all_the_same_would_not_run(browse):
    page = browse(report(passed()))
    page.evaluate("(s => { s.textContent = 'pwned = 1'; document.body.append(s); })(document.createElement('script'))")
    assert page.evaluate("typeof pwned") == "undefined"
    page.wait_for("true")
    assert ["Content Security Policy" in complaint for complaint in page.complaints] == [True]
    page.complaints.clear()
