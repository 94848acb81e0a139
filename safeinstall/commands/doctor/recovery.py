"""What an installation that was killed has left half there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from safeinstall.commands.doctor.result import Result
from safeinstall.errors import JournalError
from safeinstall.report.aftermath import render_left
from safeinstall.sources.undoing.recovery import find_left, into

if TYPE_CHECKING:
    from collections.abc import Iterator

    from safeinstall.commands.doctor.patient import Patient

RECOVERY = "recovery"


def check_recovery(patient: Patient) -> Iterator[Result]:
    """Tell of each that was killed in the target. Nothing is undone."""
    if patient.invocation is None:
        return
    try:
        found = list(find_left(patient.environ, into(patient.invocation.prefix)))
    except JournalError as error:
        yield Result.problem(RECOVERY, error.message, "look at it, and remove it")
        return
    for left in found:
        *told, way_out = render_left(left)
        yield Result.problem(RECOVERY, "; ".join(told), way_out.removeprefix("way out: "))
    if not found:
        yield Result.ok(RECOVERY, "no installation was left half there")
