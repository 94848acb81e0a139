"""What the page is made of: a library as it was published, and scripts that write foreign text as text only."""

from __future__ import annotations

import re
from hashlib import sha256
from importlib.resources import files
from pathlib import Path

import pytest

from safeinstall.report.forms import page

PARTS = files(page)
OWN = ("graph.js", "view.js", "picture.js", "list.js")
DEPENDENCIES = (Path(__file__).parents[4] / "docs" / "dependencies.md").read_text(encoding="utf-8")


def test_the_layout_library_is_as_it_was_published_and_its_licence_lies_beside_it():
    (digest,) = re.findall(r"dagre.*?sha256 `([0-9a-f]{64})`", DEPENDENCIES, re.DOTALL)
    assert sha256((PARTS / "dagre.min.js").read_bytes()).hexdigest() == digest
    assert "Permission is hereby granted" in (PARTS / "dagre.LICENSE.txt").read_text(encoding="utf-8")


@pytest.mark.parametrize("script", page.SCRIPTS, ids=("dagre.min.js", *OWN))
def test_no_part_ends_its_own_element(script):
    assert not re.search(r"</script|<!--|\0", script, re.IGNORECASE)


@pytest.mark.parametrize("name", OWN)
def test_our_scripts_make_no_markup_and_no_code_of_text(name):
    script = (PARTS / name).read_text(encoding="utf-8")
    assert not re.search(
        r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|DOMParser|eval|Function\(|fetch|http:(?!//www\.w3\.org/2000/svg)",
        script,
    )
