"""The dependency graph of a report, laid out for drawing: a column for each distance from the user."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from safeinstall.report.model import Report, State

USER = ""
"""The node that stands for the user: no project is called so."""
SWEEPS = 4
"""Passes that put each node near its neighbours; more change next to nothing."""


@dataclass(frozen=True, slots=True)
class Node:
    """One project, and where it is drawn."""

    name: str
    label: str
    state: State | str
    """As of the file; ``kept`` for what was installed already, ``user`` for the user."""
    level: str
    column: int
    row: int


@dataclass(frozen=True, slots=True)
class Graph:
    """Nodes, and edges from who requires to what is required, by name."""

    nodes: tuple[Node, ...]
    edges: tuple[tuple[str, str], ...]


def lay_out(report: Report) -> Graph:
    """Return the graph of what the run ended with."""
    labels = {USER: ("you", "user", "allow")}
    labels |= {kept.name: (f"{kept.name} {kept.version}", "kept", "allow") for kept in report.kept}
    labels |= {f.name: (f.release, f.state, f.level.name.lower()) for f in reversed(report.mattering)}
    edges = tuple(
        dict.fromkeys(
            (requirer.by or USER, name)
            for name, requirers in report.required_by.items()
            for requirer in requirers
            if (requirer.by or USER) in labels
        )
    )
    columns = _columns(set(labels), edges)
    rows = _rows(columns, edges)
    nodes = tuple(Node(name, *said, columns[name], rows[name]) for name, said in labels.items())
    return Graph(nodes, edges)


def _columns(names: set[str], edges: tuple[tuple[str, str], ...]) -> dict[str, int]:
    """Return the distance of each node from the user; what cannot be reached comes right after the user."""
    found, here, column = {USER: 0}, {USER}, 0
    while here:
        column += 1
        here = {below for above, below in edges if above in here} - found.keys()
        found.update(dict.fromkeys(here, column))
    return {name: found.get(name, 1) for name in names}


def _rows(columns: Mapping[str, int], edges: tuple[tuple[str, str], ...]) -> dict[str, int]:
    """Order each column so that nodes stand near their neighbours (the barycentre heuristic)."""
    neighbours: dict[str, list[str]] = {name: [] for name in columns}
    for above, below in edges:
        neighbours[above].append(below)
        neighbours[below].append(above)
    by_column: dict[int, list[str]] = {}
    for name in sorted(columns):
        by_column.setdefault(columns[name], []).append(name)
    rows = {name: row for names in by_column.values() for row, name in enumerate(names)}
    for _ in range(SWEEPS):
        for names in by_column.values():
            wanted = {name: _mean([rows[other] for other in neighbours[name]], rows[name]) for name in names}
            names.sort(key=lambda name, wanted=wanted: (wanted[name], name))  # type: ignore[misc]
            rows.update({name: row for row, name in enumerate(names)})
    return rows


def _mean(numbers: list[int], otherwise: int) -> float:
    return sum(numbers) / len(numbers) if numbers else otherwise
