"""Receipts: where they go, and how many wait because they were not taken."""

from __future__ import annotations

from typing import TYPE_CHECKING

from safeinstall.commands.doctor.result import Mark, Result
from safeinstall.sources.keeping.forward import Forwarder

if TYPE_CHECKING:
    from collections.abc import Iterator

    from safeinstall.commands.doctor.patient import Patient

LOG = "log"


def check_log(patient: Patient) -> Iterator[Result]:
    """Count what waits. The collector is not asked: what it took would be on its record."""
    if patient.policy is None or patient.policy.log.forward_to is None:
        return
    forwarder = Forwarder.of(patient.policy.log, patient.environ)
    name, count = forwarder.collector.name, len(forwarder.outbox.waiting())
    if not count:
        yield Result.ok(LOG, f"receipts are forwarded to {name}, and none waits")
        return
    mark = Mark.PROBLEM if patient.policy.log.required else Mark.NOTE
    what = f"{count} receipt{'s wait' if count > 1 else ' waits'} to be forwarded to {name}, which did not take them"
    yield Result(LOG, mark, what, "look whether it answers and takes the credentials; the next run tries again")
