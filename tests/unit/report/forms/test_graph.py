from __future__ import annotations

from lib.graphs import graph
from lib.reports import denied, endings, passed, report

from safeinstall.facts.finding import Level
from safeinstall.report.chains import chains
from safeinstall.report.forms.graph import USER, Node, nodes_of
from safeinstall.report.model import Requirement


def by(name, text):
    return Requirement(by=name, text=text)


def test_each_project_of_the_outcome_and_who_requires_it():
    assert nodes_of(report(passed())) == (
        Node("app", "1.0", "chosen", Level.WARN, (USER,)),
        Node("lib", "1.0", "chosen", Level.ALLOW, ("app",)),
    )


def test_a_refused_project_and_what_leads_to_it():
    assert nodes_of(report(denied(), exit_code=10)) == (
        Node("app", "", "asking", Level.ALLOW, (USER,)),
        Node("lib", "1.0", "refused", Level.DENY, ("app",)),
    )


def test_what_stays_installed_is_there():
    (_, old) = nodes_of(graph({"app": "you", "old": "app you"}, kept=["old"]))
    assert old == Node("old", "1.0", "kept", Level.ALLOW, ("app", USER))


def test_a_run_that_judged_nothing_has_none():
    assert nodes_of(endings()["failed"]) == ()


def test_chains_come_shortest_first_and_loops_end():
    required_by = {
        "lib": (by("a", "lib>1"), by("b", "lib>2")),
        "a": (by("b", "a"), by("lib", "a[x]")),
        "b": (by(None, "b"), by("a", "b<9")),
    }
    assert chains("lib", required_by, most=9) == [("b", "lib>2"), ("b", "a", "lib>1")]
    assert chains("lib", required_by, most=1) == [("b", "lib>2")]
    assert chains("other", required_by, most=9) == []


def test_of_a_large_graph_some_chains_are_found():
    layers = [[f"p{depth}-{number}" for number in range(9)] for depth in range(9)]
    required_by = {
        name: tuple(by(above, name) for above in layers[depth - 1]) if depth else (by(None, name),)
        for depth, names in enumerate(layers)
        for name in names
    }
    assert len(chains("p8-0", required_by, most=5)) <= 5
