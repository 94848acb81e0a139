"""The list of popular names that resemblances are measured by: of which day it is."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

from safeinstall.commands.doctor.result import Result
from safeinstall.sources.index.popular_names import names_as_of, popular_names

if TYPE_CHECKING:
    from collections.abc import Iterator

    from safeinstall.commands.doctor.patient import Patient

NAMES = "names"
STALE = timedelta(days=365)
"""From this age on, projects are popular that the list does not know: nobody is warned of names like theirs."""


def check_names(patient: Patient) -> Iterator[Result]:
    """Tell of which day the shipped list is, where a rule looks at it."""
    if patient.policy is not None and all(rule.id != "typosquats" for rule in patient.policy.all_rules):
        return
    as_of = names_as_of()
    text = f"{len(popular_names())} popular names of {as_of}"
    if patient.now.date() - date.fromisoformat(as_of) < STALE:
        yield Result.ok(NAMES, text)
    else:
        yield Result.note(NAMES, f"{text}: what became popular since is not known", "upgrade safeinstall")
