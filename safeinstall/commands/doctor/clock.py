"""The clock of this machine, against what the indexes say: ages, expiry dates and certificates are judged by it."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from safeinstall.commands.doctor.result import Result
from safeinstall.sources.advisories.local import span

if TYPE_CHECKING:
    from collections.abc import Iterator

    from safeinstall.commands.doctor.patient import Patient

CLOCK = "clock"
LIMIT = timedelta(minutes=10)


def check_clock(patient: Patient) -> Iterator[Result]:
    """Compare the clock with that of every index that told the time."""
    if not patient.skews:
        yield Result.note(CLOCK, "no index tells the time, so there is nothing to compare this clock with")
        return
    off = {address: skew for address, skew in patient.skews.items() if abs(skew) > LIMIT}
    for address, skew in off.items():
        side = "behind" if skew > timedelta(0) else "ahead of"
        yield Result.problem(
            CLOCK,
            f"this machine is {_length(abs(skew))} {side} {address}: ages and dates of expiry are judged by its clock",
            "set the clock, best by NTP",
        )
    if not off:
        yield Result.ok(CLOCK, f"within {LIMIT // timedelta(minutes=1)} minutes of the indexes")


def _length(skew: timedelta) -> str:
    return span(skew) if skew >= timedelta(hours=1) else f"{skew // timedelta(minutes=1)} minutes"
