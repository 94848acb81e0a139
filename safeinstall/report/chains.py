"""Why a project is there: the chains of requirements that lead from the user to it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from safeinstall.report.model import Requirement

LONGEST_SEARCH = 20_000
"""Steps after which the search ends: a large graph has more chains than anybody reads."""


def chains(name: str, required_by: Mapping[str, Sequence[Requirement]], *, most: int) -> list[tuple[str, ...]]:
    """Return up to *most* chains to *name*, the shortest first: the user's requirement, then who requires what."""
    found: list[tuple[str, ...]] = []
    waiting: list[tuple[str, tuple[str, ...], frozenset[str]]] = [(name, (), frozenset({name}))]
    for here, texts, passed in waiting:
        for requirer in required_by.get(here, ()):
            chain = (requirer.text, *texts)
            if requirer.by is None:
                found.append(chain)
            elif requirer.by not in passed and len(waiting) < LONGEST_SEARCH:
                waiting.append((requirer.by, chain, passed | {requirer.by}))
        if len(found) >= most:
            break
    return list(dict.fromkeys(found))[:most]
