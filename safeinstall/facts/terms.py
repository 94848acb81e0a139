"""The small values that policies and lists are written in."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Literal, NewType, TypeAlias

from safeinstall.facts.provenance import Publisher, PublisherKind

if TYPE_CHECKING:
    from packaging.specifiers import SpecifierSet
    from packaging.utils import NormalizedName
    from packaging.version import Version


Digest = NewType("Digest", str)
"""A hash as pip writes it: ``sha256:`` and 64 lower-case hex digits."""

Probability = NewType("Probability", float)
"""From 0 to 1."""

LicenseId = NewType("LicenseId", str)
"""One licence as SPDX spells it: ``MIT``, ``GPL-2.0-only WITH Classpath-exception-2.0``."""


@dataclass(frozen=True, slots=True)
class Release:
    """One version of one project."""

    name: NormalizedName
    version: Version

    def __str__(self) -> str:
        """As a requirement pins it: ``django==5.2``."""
        return f"{self.name}=={self.version}"


@dataclass(frozen=True, slots=True)
class PackageSelector:
    """Which packages a line of the policy speaks of: ``django>=5,<6``, ``acme-*``, ``*``."""

    pattern: str
    """A normalised name (PEP 503), or a glob of which ``*`` is the only special character."""
    specifier: SpecifierSet

    def matches_name(self, name: NormalizedName) -> bool:
        """Whether some version of *name* may be meant."""
        return fnmatchcase(name, self.pattern)

    def matches(self, name: NormalizedName, version: Version) -> bool:
        """Whether this version is meant. A pre-release counts as inside a specifier that spans it."""
        return self.matches_name(name) and self.specifier.contains(version, prereleases=True)

    @property
    def specificity(self) -> tuple[bool, int]:
        """Greater is more specific: a name before any glob, then the glob with more literal characters."""
        return "*" not in self.pattern, len(self.pattern.replace("*", ""))

    @property
    def matches_everything(self) -> bool:
        """Whether it is ``*`` for all versions or some."""
        return not self.pattern.strip("*")

    def __str__(self) -> str:
        """As a policy writes it, normalised."""
        return f"{self.pattern}{self.specifier}"


@dataclass(frozen=True, slots=True, kw_only=True)
class StartupExemption:
    """What a package may run when an interpreter starts. A policy writes the whole or, for all of it, the package."""

    package: PackageSelector
    lines: tuple[str, ...] | None = None
    """The lines of its ``.pth`` files that may be code, as they stand there; ``None``: whatever it runs."""
    reason: str = field(default="", compare=False)
    """Why; decides nothing."""


PublisherService: TypeAlias = Literal["GitHub", "GitLab", "Google", "ActiveState", "CircleCI"]
"""The value of a :class:`~safeinstall.facts.provenance.PublisherKind`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PublisherBinding:
    """Who alone may have built the files of some packages."""

    package: PackageSelector
    kind: PublisherService
    repository: str
    """As :attr:`Publisher.repository <safeinstall.facts.provenance.Publisher.repository>`, or ``owner/*``: any of
    that owner."""
    workflow: str | None = None
    """``None``: any."""
    environment: str | None = None
    """``None``: any, or none."""
    excuses: bool = field(default=True, init=False, compare=False)
    """Whether whom it names is no regression either: not where a layer adds it that may only tighten."""

    @property
    def publisher(self) -> Publisher:
        """Whom it names."""
        kind = PublisherKind(self.kind)
        return Publisher(
            kind=kind, repository=self.repository, workflow=self.workflow, environment=self.environment or None
        )

    def added(self) -> PublisherBinding:
        """Return this as a weaker layer adds it: it asks for more, and excuses nothing."""
        entry = replace(self)
        object.__setattr__(entry, "excuses", False)
        return entry

    def is_within(self, other: PublisherBinding) -> bool:
        """Whether it admits nobody whom *other* does not; of which packages is not looked at."""
        return admits(other.publisher, self.publisher)


def admits(bound: Publisher, publisher: Publisher) -> bool:
    """Whether *publisher* is who *bound* names: what *bound* leaves open may be anything."""
    return (
        bound.kind is publisher.kind
        and fnmatchcase(publisher.repository.lower(), bound.repository.lower())
        and bound.workflow in (None, publisher.workflow)
        and (bound.environment is None or is_same_environment(bound.environment, publisher.environment))
    )


def is_same_environment(one: str | None, other: str | None) -> bool:
    """Whether two environments are one: the index tells them without regard to case; ``""`` is none."""
    return (one or "").casefold() == (other or "").casefold()
