"""The documentation holds together as plain files, and what is written from the code is as the code is now."""

from __future__ import annotations

import re
from pathlib import Path
from runpy import run_path

import pytest

from safeinstall.policy.load import parse_policy

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
REFERENCE = run_path(str(DOCS / "make_reference.py"))["pages"]()
PAGES = sorted([*DOCS.rglob("*.md"), *ROOT.glob("*.md")])
_CODE = re.compile(r"^```.*?^```$|`[^`\n]*`", re.DOTALL | re.MULTILINE)
_LINK = re.compile(r"\]\(([^)\s]+)\)")
KEYS_WITH_DEFAULT = re.findall(
    r"^\| `([\w-]+)` \|.* \| `(.+)` \|$", (DOCS / "policy.md").read_text("utf-8"), re.MULTILINE
)


@pytest.mark.parametrize("name", REFERENCE)
def test_a_page_of_reference_is_up_to_date(name):
    written = DOCS / "reference" / name
    assert written.is_file(), "run python docs/make_reference.py"
    assert written.read_text(encoding="utf-8") == REFERENCE[name], "run python docs/make_reference.py"


@pytest.mark.parametrize(("key", "default"), KEYS_WITH_DEFAULT)
def test_a_key_of_a_policy_that_is_left_out_means_the_default(key, default):
    written, left_out = (parse_policy(text, file="", read=lambda _: None) for text in (f"{key} = {default}", ""))
    assert (written.mode, written.select, written.fail_on) == (left_out.mode, left_out.select, left_out.fail_on)


def test_which_keys_have_a_default():
    assert [key for key, _ in KEYS_WITH_DEFAULT] == ["schema", "mode", "select", "fail-on"]


def test_every_variable_and_exit_code_says_what_it_is_for():
    rows = [line for name in ("environment.md", "exit-codes.md") for line in REFERENCE[name].splitlines()]
    assert [row for row in rows if row.startswith("| ") and row.endswith("|  |") and "variable" not in row] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page):
    prose = _CODE.sub("", page.read_text(encoding="utf-8"))
    dead = [link for link in _LINK.findall(prose) if "://" not in link and not leads_somewhere(page, link)]
    assert dead == []


def leads_somewhere(page, link):
    path, _, anchor = link.partition("#")
    target = (page.parent / path).resolve() if path else page
    if not target.exists() or not target.is_relative_to(ROOT):
        return False
    return not anchor or anchor in {slug(line) for line in target.read_text(encoding="utf-8").splitlines()}


def slug(line):
    """The anchor of a heading, as repositories and mkdocs make it; of other lines, none."""
    heading = re.fullmatch(r"#+ (.*)", line)
    return re.sub(r"[^\w\- ]", "", heading[1].lower()).strip().replace(" ", "-") if heading else ""


def test_a_dead_link_is_noticed():
    page = DOCS / "index.md"
    assert leads_somewhere(page, "comparison.md#check-it")
    assert leads_somewhere(page, "../README.md")
    assert not leads_somewhere(page, "comparison.md#nowhere")
    assert not leads_somewhere(page, "nowhere.md")
    assert not leads_somewhere(page, "../../elsewhere.md")
