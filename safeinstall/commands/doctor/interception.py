"""Interception: whether a bare ``pip install`` in the target meets the gate too (``safe-pip guard``)."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from safeinstall.commands.doctor.result import Result
from safeinstall.errors import RefusedError
from safeinstall.guard.proof import examine
from safeinstall.guard.record import read_record
from safeinstall.guard.scopes import SYSTEM, USER, environment_scope

if TYPE_CHECKING:
    from collections.abc import Iterator

    from safeinstall.commands.doctor.patient import Patient
    from safeinstall.guard.record import Record

INTERCEPTION = "interception"


def check_interception(patient: Patient) -> Iterator[Result]:
    """Try the guards of the target, of the user and of the system, as far as there are any."""
    target = patient.invocation
    scopes = [environment_scope(target.python, Path(target.prefix))] if target else []
    try:
        records = [read_record(scope, patient.environ) for scope in (*scopes, USER, SYSTEM)]
    except RefusedError as error:
        yield Result.problem(INTERCEPTION, error.message, "look at the file; safe-pip guard install writes a new one")
        return
    for record in filter(None, records):
        yield from _tried(record, patient)
    if not any(records):
        yield Result.note(
            INTERCEPTION,
            "not installed: a bare pip is not kept from installing what it likes",
            "run: safe-pip guard install",
        )


def _tried(record: Record, patient: Patient) -> Iterator[Result]:
    outcomes = list(examine(record, patient.environ))
    for outcome in outcomes:
        if not outcome.holds:
            remedy = f"run: safe-pip guard install {record.scope.option}"
            yield Result.problem(INTERCEPTION, f"{record.scope.name}: {outcome.name}: {outcome.how}", remedy)
    if all(outcome.holds for outcome in outcomes):
        yield Result.ok(INTERCEPTION, f"the guard of {record.scope.name} holds")
