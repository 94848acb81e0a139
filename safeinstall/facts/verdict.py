"""What follows from findings: exceptions that cover them, verdicts, and what a verdict lets pass."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar

from safeinstall.facts.finding import Finding, Level, strictest_first
from safeinstall.facts.provenance import UNASKED

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date, datetime

    from packaging.utils import NormalizedName

    from safeinstall.facts.artifact import Artifact, HeldArtifact, Metadata
    from safeinstall.facts.provenance import ProvenanceFact
    from safeinstall.facts.terms import Digest, PackageSelector


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiver:
    """One entry of ``[[exceptions]]``: findings that somebody answers for, until a day."""

    package: PackageSelector
    rules: tuple[str, ...]
    """Rule ids."""
    reason: str
    expires: date
    """The first day (UTC) on which it is void."""
    advisories: tuple[str, ...] = ()
    """Empty: all. Otherwise findings that rest on these alone; each stands for its alias group."""
    hashes: tuple[Digest, ...] = ()
    """Empty: all files. Otherwise these only."""
    approved_by: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """All findings on one file, and what follows."""

    artifact: Artifact
    findings: tuple[Finding, ...] = ()
    complies_from: datetime | None = None
    """Of a denied file: when it will pass, by what was known of it, if nothing but time passes; ``None``: never."""
    provenance: ProvenanceFact = UNASKED
    """What was known of who built the file."""

    @property
    def level(self) -> Level:
        """The strictest level of the findings that no exception covers."""
        return max((f.level for f in self.findings if f.suppressed_by is None), default=Level.ALLOW)

    @property
    def denied(self) -> bool:
        """Whether the file must not be installed."""
        return self.level is Level.DENY

    @property
    def denials(self) -> tuple[Finding, ...]:
        """The findings that deny it."""
        return tuple(f for f in self.findings if f.level is Level.DENY and f.suppressed_by is None)

    def renamed(self, key: Callable[[str], str]) -> Verdict:
        """Return this verdict with the policy key of each finding as *key* has it."""
        return replace(self, findings=tuple(replace(f, key=key(f.key)) for f in self.findings))

    def advised(self, old: str, new: str) -> Verdict:
        """Return this verdict with *new* for *old* in each way out."""
        return replace(
            self, findings=tuple(replace(f, remedy=f.remedy and f.remedy.replace(old, new)) for f in self.findings)
        )

    def also(self, findings: tuple[Finding, ...]) -> Verdict:
        """Return this verdict with more *findings*, in the same order as if all had been found at once."""
        if not findings:
            return self
        found = tuple(sorted((*self.findings, *findings), key=strictest_first))
        return replace(self, findings=found, complies_from=None)


@dataclass(frozen=True, slots=True)
class Location:
    """A place in a policy file: ``safe-pip.toml:12``."""

    file: str
    line: int

    def __str__(self) -> str:
        """As compilers write it."""
        return f"{self.file}:{self.line}" if self.line else self.file


@dataclass(frozen=True, slots=True, kw_only=True)
class Pinned:
    """One file the resolution chose, with the metadata that was resolved and the verdict that let it pass."""

    artifact: HeldArtifact
    metadata: Metadata
    verdict: Verdict
    requested: bool
    installs: bool = True
    """False for what ``--only-deps`` resolves but leaves out."""
    extras: frozenset[NormalizedName] = frozenset()

    MESSAGE: ClassVar[str] = "a denied file cannot be part of a resolution"

    def __post_init__(self) -> None:
        """Refuse a denied file: the type itself is the gate."""
        if self.verdict.denied:
            raise ValueError(self.MESSAGE)
