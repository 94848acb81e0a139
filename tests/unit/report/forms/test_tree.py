from __future__ import annotations

from safeinstall.report.forms.tree import USER, Branch, branches
from safeinstall.report.model import Requirement


def requirements(**by):
    """Map each project to who requires it; ``you`` is the user."""
    return {
        name: tuple(Requirement(by=None if who == "you" else who, text=f"{name}>=1") for who in requirers.split())
        for name, requirers in by.items()
    }


def shape(found):
    return [(branch.above, branch.name, branch.others) for branch in found]


def test_each_project_stands_once_as_near_to_the_user_as_it_can():
    found = shape(branches(requirements(app="you", lib="app deep", deep="app", far="deep lib")))
    assert found == [
        (USER, "app", ()),
        ("app", "deep", ()),
        ("app", "lib", ("deep",)),
        ("deep", "far", ("lib",)),
    ]


def test_what_the_user_also_asks_for_is_the_users():
    assert shape(branches(requirements(app="you", lib="app you"))) == [(USER, "app", ()), (USER, "lib", ("app",))]


def test_a_cycle_ends():
    assert shape(branches(requirements(one="you two", two="one"))) == [(USER, "one", ("two",)), ("one", "two", ())]


def test_what_nothing_here_leads_to_names_who_asked():
    assert list(branches(requirements(lib="app"))) == [Branch(USER, "lib", "app → lib>=1", ())]
