"""The policy as values. What is written is what is enforced: only the rules it lists, and their strict defaults."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Literal

from packaging.specifiers import SpecifierSet

from safeinstall.facts.finding import Level
from safeinstall.facts.terms import Digest, PackageSelector
from safeinstall.facts.verdict import Location, Waiver
from safeinstall.policy.locations import parse_key

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from packaging.utils import NormalizedName
    from packaging.version import Version

    from safeinstall.policy.merge import Origins
    from safeinstall.rules.base import Rule

OSV = "osv"
"""The name of the public dump of the OSV database in ``[advisories] sources``."""
DEFAULT_INDEX = "default"
"""The name of pip's own default index in ``[[indexes]]``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceSettings:
    """``[evidence]``: what follows from a fact that cannot be had."""

    on_missing: Level = Level.DENY
    max_staleness: timedelta = field(default=timedelta(days=7), metadata={"merge": "shortest"})
    """Of the advisory database."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexSettings:
    """One entry of ``[[indexes]]``."""

    name: str
    url: str | None = None
    """``None`` only for :data:`DEFAULT_INDEX`: pip's own."""
    packages: tuple[PackageSelector, ...] = (PackageSelector("*", SpecifierSet()),)
    """Which names it may serve; without specifiers."""
    mirror_of: str | None = None
    """The name of the listed index whose projects it offers, too; that one is no mirror itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AdvisorySettings:
    """``[advisories]``: where known vulnerabilities and malware are read from."""

    sources: tuple[str, ...] = field(default=(OSV,), metadata={"merge": "fixed"})
    """:data:`OSV`, URLs, and paths that mean the same from everywhere."""
    exploited: str | None = field(default=None, metadata={"merge": "upper"})
    """URL or path of a list of vulnerabilities that are exploited in the wild (CISA KEV, JSON). ``None``: no list."""
    epss: str | None = field(default=None, metadata={"merge": "upper"})
    """URL or path of EPSS scores (FIRST, CSV). ``None``: none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProvenanceSettings:
    """``[provenance]``: by what attestations are verified, and where repositories are read from."""

    root: str | None = field(default=None, metadata={"merge": "upper"})
    """Path of a trusted root (Sigstore, JSON) that means the same from everywhere. ``None``: the public one."""
    root_sha256: Digest | None = field(default=None, metadata={"merge": "upper"})
    """The hash that it must have; always given with ``root``."""
    max_root_age: timedelta = field(default=timedelta(days=365), metadata={"merge": "shortest"})
    """How long ago the public one may have been brought up to date (it comes with the library, or by
    ``safe-pip provenance update-root``)."""
    mirrors: Mapping[str, str] = field(default_factory=dict, hash=False, metadata={"merge": "fixed"})
    """Beginnings of repositories' addresses to the beginnings of those that are read instead (git: ``insteadOf``)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LogSettings:
    """``[log]`` of the strongest layer: where receipts are forwarded."""

    forward_to: str | None = None
    """``https://…``, ``syslog+unix:///…``, ``syslog+udp://…`` or ``syslog+tcp://…``; ``None``: nowhere."""
    credentials: str | None = None
    """``env:VARIABLE`` or ``keyring:SERVICE:USER``, for an HTTP collector."""
    timeout: timedelta = timedelta(seconds=5)
    """Of all that is sent at once."""
    required: bool = False
    """Whether nothing is installed unless the collector takes the receipt."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Grants:
    """``[grants]`` of the strongest layer: how far those below may loosen. By default not at all."""

    exceptions: tuple[str, ...] = ()
    """Rules that they may write exceptions for."""
    max_exception: timedelta | None = None
    """How far ahead such an exception may expire. ``None``: any day."""
    require_approver: bool = False
    """Whether such an exception must say ``approved-by``."""
    indexes: tuple[str, ...] = ()
    """Addresses of indexes that they may add."""
    loosen: Mapping[str, object] = field(default_factory=dict, hash=False)
    """Dotted keys that they may loosen, and how far."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Override:
    """One entry of ``[[overrides]]``: other options of rules, for some packages."""

    package: PackageSelector
    rules: tuple[Rule, ...]
    """By id. What is not written there has its default, and does not count."""
    written: Mapping[str, frozenset[str]] = field(hash=False)
    """The options of each rule that are written there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The keys of a policy file but for ``schema``, ``extends``, ``[rules]`` and ``[[overrides]]``."""

    mode: Literal["enforce", "audit"] = "enforce"
    select: Literal["strict", "compliant"] = "compliant"
    fail_on: Literal["warn", "deny"] = "deny"
    contact: str | None = None
    evidence: EvidenceSettings = field(default_factory=EvidenceSettings)
    indexes: tuple[IndexSettings, ...] = ()
    """Empty: the indexes that pip is configured with."""
    advisories: AdvisorySettings = field(default_factory=AdvisorySettings)
    exceptions: tuple[Waiver, ...] = ()
    grants: Grants = field(default_factory=Grants)
    provenance: ProvenanceSettings = field(default_factory=ProvenanceSettings)
    log: LogSettings = field(default_factory=LogSettings)


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleSet:
    """The rules as they are for one package."""

    rules: tuple[Rule, ...]
    """Sorted by id."""
    keys: Mapping[str, str] = field(default_factory=dict, hash=False)
    """Where an override decides: the dotted key of the option, and the key as it is written."""

    def key_as_written(self, key: str) -> str:
        """Return the key that decided, for one that a finding names."""
        return next((written + key[len(own) :] for own, written in self.keys.items() if _is_below(key, own)), key)


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """A policy that has been read without a problem: one file, or several layers of them."""

    file: str
    """The file asked for, or ``baseline (built in)``; of several layers all, the strongest first."""
    digest: str
    """Of all texts it was merged from, ``sha256:…``: equal digests enforce the same."""
    mode: Literal["enforce", "audit"]
    select: Literal["strict", "compliant"]
    fail_on: Literal["warn", "deny"]
    """``warn``: what a rule warns of is denied."""
    contact: str | None
    evidence: EvidenceSettings
    indexes: tuple[IndexSettings, ...]
    advisories: AdvisorySettings
    rules: tuple[Rule, ...]
    """Sorted by id; of packages without overrides. What judges asks :meth:`rules_for`."""
    exceptions: tuple[Waiver, ...]
    overrides: tuple[Override, ...] = ()
    grants: Grants = field(default_factory=Grants)
    provenance: ProvenanceSettings = field(default_factory=ProvenanceSettings)
    log: LogSettings = field(default_factory=LogSettings)
    routes: tuple[tuple[IndexSettings, ...], ...] = ()
    """The indexes as each layer that has any lists them, strongest first."""
    granted_indexes: frozenset[str] = frozenset()
    """Names of indexes that a weaker layer adds and may add."""
    notes: tuple[str, ...] = field(default=(), compare=False, hash=False)
    """What a layer asked for without the right to it, and did not get; one line each."""
    named: str | None = field(default=None, compare=False, hash=False)
    """What ``--policy`` names, where that is a file of the user's."""
    origins: Origins = field(repr=False, compare=False, hash=False)
    variants: Callable[[tuple[int, ...]], RuleSet] = field(repr=False, compare=False, hash=False)
    """From places in :attr:`overrides` to the rules that then hold."""

    def origin(self, key: str) -> Location:
        """Return where the dotted *key* is written, else the table it would be in, else the file alone."""
        return self.origins.location(parse_key(key)) or Location(self.file, 0)

    @property
    def all_rules(self) -> tuple[Rule, ...]:
        """Every rule there is for some package, in every form that it has."""
        return (*self.rules, *(rule for override in self.overrides for rule in override.rules))

    def rules_for(self, name: NormalizedName, version: Version) -> RuleSet:
        """Return the rules as they are for one version of *name*."""
        return self.variants(tuple(i for i, o in enumerate(self.overrides) if o.package.matches(name, version)))

    def without(self, ids: frozenset[str]) -> Policy:
        """Return this policy without the rules *ids*."""

        def variants(places: tuple[int, ...]) -> RuleSet:
            ruled = self.variants(places)
            return replace(ruled, rules=_other_than(ids, ruled.rules))

        overrides = tuple(replace(override, rules=_other_than(ids, override.rules)) for override in self.overrides)
        return replace(self, rules=_other_than(ids, self.rules), overrides=overrides, variants=variants)

    def also(self, rule: Rule) -> Policy:
        """Return this policy with *rule* wherever it has no such rule."""

        def variants(places: tuple[int, ...]) -> RuleSet:
            ruled = self.variants(places)
            return replace(ruled, rules=_with(rule, ruled.rules))

        return replace(self, rules=_with(rule, self.rules), variants=variants)

    def indexes_for(self, name: NormalizedName) -> tuple[IndexSettings, ...]:
        """Return the listed indexes that may serve *name*: those with the most specific pattern that matches.

        A weaker layer may bind a name to an index that it may add, and keep it from everywhere. It cannot choose among
        several: where a name is ambiguous, to choose is to let pass.
        """
        first, *weaker = self.routes or ((),)
        chosen = _most_specific(first, name)
        for routes in weaker:
            asked = _most_specific(routes, name)
            granted = tuple(index for index in asked if index.name in self.granted_indexes)
            is_agreed = not {index.name for index in chosen}.isdisjoint(index.name for index in asked)
            chosen = granted or (chosen if is_agreed else ())
        return chosen


def _most_specific(indexes: tuple[IndexSettings, ...], name: NormalizedName) -> tuple[IndexSettings, ...]:
    ranked = [(rank, index) for index in indexes if (rank := _rank(index, name)) is not None]
    best = max((rank for rank, _ in ranked), default=None)
    return tuple(index for rank, index in ranked if rank == best)


def _other_than(ids: frozenset[str], rules: tuple[Rule, ...]) -> tuple[Rule, ...]:
    return tuple(rule for rule in rules if rule.id not in ids)


def _with(rule: Rule, rules: tuple[Rule, ...]) -> tuple[Rule, ...]:
    return rules if any(other.id == rule.id for other in rules) else (*rules, rule)


def _is_below(key: str, table: str) -> bool:
    return key == table or key.startswith((f"{table}.", f"{table}["))


def _rank(index: IndexSettings, name: NormalizedName) -> tuple[bool, int] | None:
    return max((s.specificity for s in index.packages if s.matches_name(name)), default=None)
