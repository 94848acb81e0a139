"""Who requires whom among the distributions of an environment."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from packaging.utils import canonicalize_name

from safeinstall.errors import UnsatisfiableError
from safeinstall.facts.values import Missing
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
    held = {name: one for name in rows if (one := _readable(name, holds)) is not None}
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


def _readable(name: NormalizedName, holds: InstalledDistributions) -> InstalledDistribution | None:
    """Return what is installed as *name*, if its version can be read."""
    with suppress(UnsatisfiableError):
        return holds(name)
    return None


def unread(invocation: Invocation, holds: InstalledDistributions) -> tuple[str, ...]:
    """Return what cannot be read of what is installed, each by its file: nobody knows what that requires."""
    told = [str(row["problem"]) for row in invocation.installed if "problem" in row]
    told += filter(None, (_why_unread(name, holds) for name in installed_names(invocation.installed)))
    return tuple(text for place, text in enumerate(told) if not any(known in text for known in told[:place]))


def _why_unread(name: NormalizedName, holds: InstalledDistributions) -> str:
    try:
        held = holds(name)
    except UnsatisfiableError as error:
        return error.message
    return held.metadata.reason if held and isinstance(held.metadata, Missing) else ""


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
    if isinstance(distribution.metadata, Missing):
        return []
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
