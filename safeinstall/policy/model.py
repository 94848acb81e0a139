"""The policy as values. What is written is what is enforced: only the rules it lists, and their strict defaults."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Literal

from packaging.specifiers import SpecifierSet

from safeinstall.models import Level, Location, PackageSelector, Waiver
from safeinstall.policy.locations import parse_key

if TYPE_CHECKING:
    from packaging.utils import NormalizedName

    from safeinstall.policy.merge import Merged
    from safeinstall.rules.base import Rule

OSV = "osv"
"""The name of the public dump of the OSV database in ``[advisories] sources``."""
DEFAULT_INDEX = "default"
"""The name of pip's own default index in ``[[indexes]]``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceSettings:
    """``[evidence]``: what follows from a fact that cannot be had."""

    on_missing: Level = Level.DENY
    max_staleness: timedelta = timedelta(days=7)
    """Of the advisory database."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexSettings:
    """One entry of ``[[indexes]]``."""

    name: str
    url: str | None = None
    """``None`` only for :data:`DEFAULT_INDEX`: pip's own."""
    packages: tuple[PackageSelector, ...] = (PackageSelector("*", SpecifierSet()),)
    """Which names it may serve; without specifiers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AdvisorySettings:
    """``[advisories]``: where known vulnerabilities and malware are read from."""

    sources: tuple[str, ...] = (OSV,)
    """:data:`OSV`, URLs, and paths that mean the same from everywhere."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The keys of a policy file but for ``schema``, ``extends`` and ``[rules]``; each field is a key."""

    mode: Literal["enforce", "audit"] = "enforce"
    select: Literal["compliant", "strict"] = "compliant"
    contact: str | None = None
    evidence: EvidenceSettings = field(default_factory=EvidenceSettings)
    indexes: tuple[IndexSettings, ...] = ()
    """Empty: the indexes that pip is configured with."""
    advisories: AdvisorySettings = field(default_factory=AdvisorySettings)
    exceptions: tuple[Waiver, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """A policy that has been read without a problem."""

    file: str
    """The file asked for, or ``baseline (built in)``."""
    digest: str
    """Of all texts it was merged from, ``sha256:…``: equal digests enforce the same."""
    mode: Literal["enforce", "audit"]
    select: Literal["compliant", "strict"]
    contact: str | None
    evidence: EvidenceSettings
    indexes: tuple[IndexSettings, ...]
    advisories: AdvisorySettings
    rules: tuple[Rule, ...]
    """Sorted by id."""
    exceptions: tuple[Waiver, ...]
    merged: Merged = field(repr=False, compare=False, hash=False)

    def origin(self, key: str) -> Location:
        """Return where the dotted *key* is written, else the table it would be in, else the file alone."""
        return self.merged.location(parse_key(key)) or Location(self.file, 0)

    def indexes_for(self, name: NormalizedName) -> tuple[IndexSettings, ...]:
        """Return the listed indexes that may serve *name*: those with the most specific pattern that matches."""
        ranked = [(rank, index) for index in self.indexes if (rank := _rank(index, name)) is not None]
        best = max((rank for rank, _ in ranked), default=None)
        return tuple(index for rank, index in ranked if rank == best)


def _rank(index: IndexSettings, name: NormalizedName) -> tuple[bool, int] | None:
    return max((s.specificity for s in index.packages if s.matches_name(name)), default=None)
