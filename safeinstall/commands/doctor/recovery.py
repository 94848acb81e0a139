"""What an installation that was killed has left half there, and whether the next one can be undone."""

from __future__ import annotations

import os
import tempfile
from typing import TYPE_CHECKING

from safeinstall.commands.doctor.result import Result
from safeinstall.report.aftermath import render_left
from safeinstall.sources.undoing.journals import journals_directory
from safeinstall.sources.undoing.recovery import find_left, into

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from safeinstall.commands.doctor.patient import Patient

RECOVERY = "recovery"
_ENOUGH = 1 << 16
"""Bytes of a journal of many packages."""


def check_recovery(patient: Patient) -> Iterator[Result]:
    """Tell of each that was killed in the target, and of each journal that cannot be followed. Nothing is undone."""
    if patient.invocation is None:
        return
    found = list(find_left(patient.environ, into(patient.invocation.prefix)))
    for left in found:
        *told, way_out = render_left(left)
        yield Result.problem(RECOVERY, "; ".join(told), way_out.removeprefix("way out: "))
    folder = journals_directory(patient.environ)
    if problem := _objection(folder):
        yield Result.problem(RECOVERY, f"no journal can be kept in {folder}: {problem}", "make room for it there")
    elif not found:
        yield Result.ok(RECOVERY, "no installation was left half there")


def _objection(folder: Path) -> str:
    """Return why nothing can be written in *folder*, if it is there: the check ``state`` looks at where it is made."""
    if not os.path.lexists(folder):
        return ""
    try:
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(bytes(_ENOUGH))
    except OSError as error:
        return error.strerror or str(error)
    return ""
