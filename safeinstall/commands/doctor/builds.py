"""Builds: whether what a policy lets be built is kept from the network."""

from __future__ import annotations

from typing import TYPE_CHECKING

from safeinstall.commands.doctor.result import Result
from safeinstall.sources.pip.builds import CANNOT_ISOLATE, isolation

if TYPE_CHECKING:
    from collections.abc import Iterator

    from safeinstall.commands.doctor.patient import Patient

BUILDS = "builds"


def check_builds(_: Patient) -> Iterator[Result]:
    """Try the means that there are."""
    means = isolation()
    if means:
        yield Result.ok(BUILDS, f"run without network, by {means[0]}")
    else:
        yield Result.note(BUILDS, CANNOT_ISOLATE, "allow user namespaces, or install bubblewrap")
