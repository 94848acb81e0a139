"""The dependency graph of a report: each project of the outcome, and who requires it.

What is drawn of it, and where, is up to the page (``page/graph.js``).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal, TypeAlias

from safeinstall.facts.finding import Level

if TYPE_CHECKING:
    from collections.abc import Iterable

    from safeinstall.report.model import Report, Requirement
    from safeinstall.report.provenance.model import ReportedProvenance

USER = ""
"""Who asked for all of it: no project is called so."""

Standing: TypeAlias = Literal["refused", "chosen", "hidden", "kept", "asking"]
"""As of the file, which is never ``hidden``; ``kept`` for what was installed already; ``asking`` for what only leads to
what was refused."""


@dataclass(frozen=True, slots=True)
class Node:
    """One project."""

    name: str
    version: str
    standing: Standing
    level: Level
    required_by: tuple[str, ...] = ()
    """Names of those that require it, :data:`USER` among them."""
    provenance: ReportedProvenance | None = None
    """Who built its file."""


def nodes_of(report: Report) -> tuple[Node, ...]:
    """Return the projects that the run ended with, sorted by name."""
    required_by = report.required_by | {asking.name: asking.required_by for asking in report.asking}
    nodes = {asking.name: Node(asking.name, "", "asking", Level.ALLOW) for asking in report.asking}
    nodes |= {kept.name: Node(kept.name, kept.version, "kept", Level.ALLOW) for kept in report.kept}
    nodes |= {
        file.name: Node(file.name, file.version, file.state, file.level, provenance=file.provenance)
        for file in reversed(report.mattering)
    }
    return tuple(replace(nodes[name], required_by=_requirers(required_by.get(name, ()))) for name in sorted(nodes))


def _requirers(requirements: Iterable[Requirement]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(requirement.by or USER for requirement in requirements))
