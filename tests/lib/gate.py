"""Of many like cases the gate runs some; ``tests/check-slow`` runs the rest."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from _pytest.mark.structures import ParameterSet

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable


def parametrize(
    names: str | tuple[str, ...], cases: Iterable[Any], *, gate: Collection[int], **how: Any
) -> pytest.MarkDecorator:
    """Be ``pytest.mark.parametrize``, with all *cases* marked slow but those at the places of *gate*."""
    rows = [ParameterSet.extract_from(case, force_tuple=isinstance(names, str) and "," not in names) for case in cases]
    assert set(gate) < set(range(len(rows))), f"{len(rows)} cases of {names}"
    marked = [row if place in gate else _slow(row) for place, row in enumerate(rows)]
    return pytest.mark.parametrize(names, marked, **how)


def _slow(row: ParameterSet) -> ParameterSet:
    return row._replace(marks=[*row.marks, pytest.mark.slow])
