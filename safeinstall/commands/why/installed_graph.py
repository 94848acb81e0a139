"""Who requires whom among the distributions of an environment."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from packaging.utils import canonicalize_name

from safeinstall.report.model import Requirement
from safeinstall.report.secrets import without_secrets
from safeinstall.request.invocation import installed_names

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from packaging.requirements import Requirement as Required
    from packaging.utils import NormalizedName

    from safeinstall.facts.artifact import InstalledDistribution
    from safeinstall.request.invocation import Invocation
    from safeinstall.sources.pip.installed import InstalledDistributions


def installed_requirements(invocation: Invocation, holds: InstalledDistributions) -> dict[str, tuple[Requirement, ...]]:
    """Return who requires each installed project.

    The user does where pip noted it (``REQUESTED``), or where nobody else does. Of the optional requirements those
    count whose extra another distribution asks for: which extras the user asked for is written nowhere.
    """
    rows = installed_names(invocation.installed)
    held = {name: one for name in rows if (one := holds(name)) is not None}
    required = dict(_required(held, invocation.markers))
    found: dict[str, list[Requirement]] = {name: [] for name in held}
    for name, requirements in required.items():
        for requirement in requirements:
            below = canonicalize_name(requirement.name)
            if below in found and below != name:
                found[below].append(Requirement(by=name, text=without_secrets(_text(requirement))))
    for project, requirers in found.items():
        if not requirers or _is_requested(rows[canonicalize_name(project)]):
            requirers.insert(0, Requirement(by=None, text=project))
    return {name: tuple(dict.fromkeys(requirers)) for name, requirers in found.items()}


def _required(
    held: Mapping[NormalizedName, InstalledDistribution], markers: Mapping[str, str]
) -> Iterator[tuple[NormalizedName, list[Required]]]:
    """Yield what each of *held* requires here, with the extras that others ask of it."""
    extras: dict[NormalizedName, set[str]] = {name: {""} for name in held}
    known = -1
    while known < (number := sum(map(len, extras.values()))):
        known = number
        for name, distribution in held.items():
            for requirement in _applying(distribution, extras[name], markers):
                extras.setdefault(canonicalize_name(requirement.name), {""}).update(requirement.extras)
    for name, distribution in held.items():
        yield name, _applying(distribution, extras[name], markers)


def _applying(distribution: InstalledDistribution, extras: set[str], markers: Mapping[str, str]) -> list[Required]:
    return [
        requirement
        for requirement in distribution.metadata.requires_dist
        if requirement.marker is None
        or any(requirement.marker.evaluate({**markers, "extra": extra}) for extra in sorted(extras))
    ]


def _text(requirement: Required) -> str:
    extras = f"[{','.join(sorted(requirement.extras))}]" if requirement.extras else ""
    return f"{requirement.name}{extras}{requirement.specifier}"


def _is_requested(row: Mapping[str, object]) -> bool:
    return isinstance(row.get("info"), str) and Path(str(row["info"]), "REQUESTED").is_file()
