from __future__ import annotations

from lib.reports import denied, passed, report

from safeinstall.report.chains import chains
from safeinstall.report.forms.graph import lay_out
from safeinstall.report.model import Requirement


def by(name, text):
    return Requirement(by=name, text=text)


def test_a_column_for_each_distance_from_the_user():
    graph = lay_out(report(passed()))
    assert [(node.label, node.column) for node in sorted(graph.nodes, key=lambda node: node.column)] == [
        ("you", 0),
        ("app 1.0", 1),
        ("lib 1.0", 2),
    ]
    assert set(graph.edges) == {("", "app"), ("app", "lib")}


def test_what_is_refused_stands_there_alone_if_its_requirer_was_never_chosen():
    graph = lay_out(report(denied(), exit_code=10))
    assert {(node.name, node.state, node.level) for node in graph.nodes} == {
        ("", "user", "allow"),
        ("lib", "refused", "deny"),
    }
    assert graph.edges == ()


def test_no_two_nodes_in_one_place():
    nodes = lay_out(report(passed())).nodes
    assert len({(node.column, node.row) for node in nodes}) == len(nodes)


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
