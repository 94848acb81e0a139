"""Interception: whether a bare ``pip install`` in the target meets the gate too (``safe-pip guard``)."""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING

from safeinstall.checkup.result import Result

if TYPE_CHECKING:
    from collections.abc import Iterator

    from safeinstall.checkup.patient import Patient

INTERCEPTION = "interception"
GUARD = "safeinstall.guard"


def check_interception(_: Patient) -> Iterator[Result]:
    """Ask the guard."""
    if find_spec(GUARD) is None:
        yield Result.note(INTERCEPTION, "not installed: a bare pip is not kept from installing what it likes")
