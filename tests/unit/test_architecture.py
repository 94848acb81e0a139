"""The picture in docs/architecture.md is the import graph."""

from __future__ import annotations

import re
from pathlib import Path

import grimp
import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "architecture.md").read_text()
PICTURE = PAGE[PAGE.index("```mermaid") : PAGE.index("```\n", PAGE.index("```mermaid"))]
OUTSIDE, INSIDE = PICTURE.split("subgraph sources/")
MOST = 17
"""Modules of a folder, but for that of the rules, which has one for each."""


@pytest.fixture(scope="module")
def graph():
    return grimp.build_graph("safeinstall")


def drawn(text):
    return {(one, other) for one, other in re.findall(r"^\s*(\w+)(?:\[\w+\])? --> (\w+)$", text, re.MULTILINE)}


def imported(graph, part):
    """Which parts import which, a part being what *part* makes of a module's name."""
    pairs = {
        (part(module), part(other))
        for module in graph.modules
        for other in graph.find_modules_directly_imported_by(module)
    }
    return {(one, other) for one, other in pairs if one and other and one != other}


def top(module):
    names = module.split(".")
    return {"__main__": "main"}.get(names[1], names[1]) if len(names) > 1 else None


def room(module):
    names = module.split(".")
    return names[2] if names[1:2] == ["sources"] and len(names) > 2 else None


def reachable(arrows):
    found = set(arrows)
    while more := {(a, d) for a, b in found for c, d in arrows if b == c} - found:
        found |= more
    return found


@pytest.mark.parametrize(("text", "part"), [(OUTSIDE, top), (INSIDE, room)], ids=["packages", "rooms"])
def test_each_arrow_is_an_import_and_each_import_goes_along_arrows(graph, text, part):
    arrows, imports = drawn(text), imported(graph, part)
    assert arrows <= imports
    assert imports <= reachable(arrows)


@pytest.mark.parametrize(("text", "part"), [(OUTSIDE, top), (INSIDE, room)], ids=["packages", "rooms"])
def test_no_arrow_says_what_others_say(text, part):
    arrows = drawn(text)
    assert not [arrow for arrow in arrows if arrow in reachable(arrows - {arrow})]


PLACES = sorted(
    {
        place
        for row in re.findall(r"^\| [^|]+ \| ([^|]+) \|$", PAGE, re.MULTILINE)
        for place in re.findall(r"`([\w/]+(?:\.py|/))`", row)
    }
)


@pytest.mark.parametrize("place", PLACES)
def test_each_place_that_the_page_names_is_there(place):
    assert (ROOT / "safeinstall" / place).exists() or (ROOT / place).exists()


def test_the_table_of_changes_was_read():
    assert len(PLACES) > 30


def test_no_module_and_no_folder_is_too_large():
    modules = [path for path in (ROOT / "safeinstall").rglob("*.py") if "__pycache__" not in path.parts]
    assert [str(path) for path in modules if len(path.read_text().splitlines()) > 400] == []
    folders = {path.parent for path in modules if path.parent.name != "rules"}
    assert [str(folder) for folder in folders if len([*folder.glob("*.py")]) > MOST] == []
