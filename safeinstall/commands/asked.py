"""What is looked up: of each project what is installed, or what requirements ask for."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from packaging.specifiers import SpecifierSet
from packaging.utils import InvalidWheelFilename, parse_wheel_filename
from packaging.version import InvalidVersion, Version

from safeinstall.facts.file_versions import sdist_version, split_sdist
from safeinstall.resolve.finder import parse_hashes
from safeinstall.sources.network.urls import redacted

if TYPE_CHECKING:
    from collections.abc import Iterable

    from packaging.utils import NormalizedName

    from safeinstall.request.invocation import Invocation, LockedFile
    from safeinstall.request.requirements import Root
    from safeinstall.resolve.finder import Hashes
    from safeinstall.sources.pip.environment import InstalledPackage


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One project."""

    name: NormalizedName | None
    """``None`` where nobody knows it, or where no index is to be told."""
    label: str
    """For a reader."""
    present: str = ""
    """See :class:`~safeinstall.resolve.outcome.Standing`."""
    installed: Version | None = None
    """``None`` also for what is not a version (PEP 440)."""
    specifier: SpecifierSet = field(default_factory=SpecifierSet)
    """Of requirements, with what constraints say."""
    hashes: Hashes = field(default_factory=dict)


def held_of(package: InstalledPackage) -> Asked:
    """Return the question about what is installed."""
    name = None if package.reference is not None else package.name
    version: Version | None = None
    with suppress(InvalidVersion):
        version = Version(package.version)
    return Asked(name=name, label=package.name, present=package.version, installed=version)


def asked_of(invocation: Invocation) -> list[Asked]:
    """Return a question for each project that is required, whatever the number of lines that do so."""
    asked: dict[str, list[Root]] = {}
    for root in invocation.roots:
        asked.setdefault(root.name or redacted(root.text), []).append(root)
    return [_asked(label, roots, invocation) for label, roots in sorted(asked.items())]


def _asked(label: str, roots: list[Root], invocation: Invocation) -> Asked:
    name = roots[0].name
    locked = invocation.locked.get(name) if name else None
    if name is None or (locked is None and any(root.reference for root in roots)):
        return Asked(name=None, label=label)
    own = _all(root.specifier for root in roots) if locked is None else _pin(name, locked)
    bounds = (root.specifier for root in invocation.constraints if root.name == name)
    hashes = parse_hashes(digest for root in roots if not root.of_lock for digest in root.hashes)
    return Asked(name=name, label=label, present=str(own), specifier=_all((own, *bounds)), hashes=hashes)


def _all(specifiers: Iterable[SpecifierSet]) -> SpecifierSet:
    joined = SpecifierSet()
    for specifier in specifiers:
        joined &= specifier
    return joined


def _pin(name: NormalizedName, locked: LockedFile) -> SpecifierSet:
    """Return the version of a locked file as a requirement; an empty one if its name does not tell it."""
    with suppress(InvalidWheelFilename, InvalidVersion):
        if locked.filename.endswith(".whl"):
            return SpecifierSet(f"=={parse_wheel_filename(locked.filename)[1]}")
        return SpecifierSet(f"=={Version(sdist_version(split_sdist(locked.filename) or '', name) or '')}")
    return SpecifierSet()
