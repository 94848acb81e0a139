"""The pages of the rules are what their docstrings say now."""

from __future__ import annotations

from pathlib import Path
from runpy import run_path

import pytest

DOCS = Path(__file__).parents[3] / "docs"
PAGES = run_path(str(DOCS / "make_rules.py"))["pages"]()


@pytest.mark.parametrize("name", PAGES)
def test_the_page_is_up_to_date(name):
    written = DOCS / "rules" / name
    assert written.is_file(), "run python docs/make_rules.py"
    assert written.read_text(encoding="utf-8") == PAGES[name], "run python docs/make_rules.py"


def test_there_is_no_other_page():
    assert {path.name for path in (DOCS / "rules").iterdir()} == set(PAGES)
