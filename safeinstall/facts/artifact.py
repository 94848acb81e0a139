"""The nouns. Frozen values named as the standards name them; no behaviour beyond what a value knows of itself."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import Enum, IntEnum
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, ClassVar, NewType

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import date, datetime

    from packaging.requirements import Requirement
    from packaging.specifiers import SpecifierSet
    from packaging.utils import NormalizedName
    from packaging.version import Version

    from safeinstall.facts import Layout, Lookalike


@dataclass(frozen=True, slots=True)
class Missing:
    """A fact that could not be had, and why. A rule must handle it; it is never better than the fact."""

    reason: str
    remedy: str | None = None
    """What to do about it, where that does not depend on the rule."""


class Level(IntEnum):
    """What the policy says of one finding. Ordered, so that ``max`` is the strictest."""

    ALLOW = 0
    WARN = 1
    DENY = 2


class Price(IntEnum):
    """What the facts cost that a rule needs. Ordered: what is cheaper is asked and judged first."""

    LISTING = 0
    """Index pages and what is known on this machine: before anything of the file is asked for."""
    METADATA = 1
    """The file's METADATA: while resolving, so that another file can still be taken."""
    CONTENTS = 2
    """The verified file: before pip goes on, too late for another choice."""


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


class SourceKind(Enum):
    """By which way a file was offered."""

    INDEX = "index"
    FIND_LINKS = "find-links"
    DIRECT = "direct"
    """A URL, path or VCS reference written in a requirement (PEP 508, PEP 610)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where files come from, in pip's order of preference (pip: index/package_finder.py)."""

    kind: SourceKind
    url: str
    """As configured, credentials included: never print it, print ``display``."""
    name: str
    """``default``, the name a policy gives it, else its address without credentials."""
    denied: tuple[Finding, ...] = ()
    """Why the policy denies whatever it offers of the project in question: it is then never asked."""

    @property
    def display(self) -> str:
        """The name to show."""
        return self.name


class ArtifactKind(Enum):
    """What one file is."""

    WHEEL = "wheel"
    SDIST = "sdist"
    TREE = "tree"
    """A local directory."""
    VCS = "vcs"


@dataclass(frozen=True, slots=True, kw_only=True)
class Artifact:
    """One file that an index offers (PEP 691 calls it a file), or what a direct reference names."""

    name: NormalizedName
    version: Version
    filename: str
    url: str
    """Absolute, without fragment; may hold credentials: never print it."""
    kind: ArtifactKind
    source: Source
    hashes: Mapping[str, str] = field(default_factory=dict, hash=False)
    """Algorithm to lower-case hex digest, as the index publishes them."""
    size: int | None = None
    """Bytes (PEP 700)."""
    upload_time: datetime | None = None
    """With a time zone (PEP 700)."""
    yanked: str | None = None
    """The reason, perhaps empty; ``None`` when not yanked (PEP 592)."""
    requires_python: str | None = None
    core_metadata: Mapping[str, str] | None = field(default=None, hash=False)
    """Hashes of the separate metadata file; empty when announced without; ``None`` when not announced (PEP 714)."""
    project_status: str | None = None
    """PEP 792."""
    user_hashes: tuple[frozenset[str], ...] = field(default=(), hash=False)
    """What each requirement or constraint of the user allows, as ``sha256:…``: the file has one hash of each set."""
    lacks_hash: bool = False
    """Whether pip's hash-checking mode asks for a hash of the user that was not given: nobody may open the file."""
    lock: str | None = None
    """The lock that binds the project to this file (PEP 751), if one does."""
    unheard: str | None = None
    """Why nobody knows what an index says of it: when it was uploaded, or whether it is yanked."""
    literal_version: str | None = None
    """The version as it is installed, where that is not PEP 440; ``version`` is then 0, below all others as for OSV."""

    @property
    def stated_version(self) -> Version | str:
        """The version as its source states it: what advisories are matched with, and what is shown."""
        return self.literal_version or self.version

    @property
    def sha256(self) -> str | None:
        """The published sha256, or ``None``."""
        return self.hashes.get("sha256")


HeldArtifact = NewType("HeldArtifact", Artifact)
"""An artifact that bears every hash that the user gives for it. ``resolve/user_hashes.py`` alone makes them, and what
fetches, opens or builds takes nothing else."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Metadata:
    """The fields of a METADATA or PKG-INFO file that resolution depends on (core metadata 2.1 and later)."""

    name: NormalizedName
    version: Version
    requires_dist: tuple[Requirement, ...]
    requires_python: SpecifierSet | None
    provides_extra: frozenset[NormalizedName]
    text: str = field(repr=False, compare=False)
    """The whole file, decoded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InstalledDistribution:
    """What the target environment holds under one name."""

    name: NormalizedName
    version: Version
    metadata: Metadata
    editable: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """One file of a project as far as listings tell, for rules that compare a file with its siblings."""

    version: Version
    upload_time: datetime | None
    yanked: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """Everything known about one file at one instant. Each fact is a value or says why it is missing."""

    artifact: Artifact
    as_of: datetime
    """The instant of the judgement, with a time zone. Time is data: no rule reads a clock."""
    requested: bool
    """The user named this project; false for a dependency's dependency."""
    required_by: str | None = None
    """For a direct reference: who wrote it (``None``: the user)."""
    upload_time: datetime | Missing
    sha256: str | Missing
    user_hashes: frozenset[str] = frozenset()
    """``sha256:…`` as the user's own requirements or lock give them for this release; empty when they give none."""
    siblings: tuple[Listed, ...] = ()
    """The project's listed files on the same source."""
    advisories: tuple[Advisory, ...] | Missing = Missing("no advisory source was asked")
    """Live advisories naming this project, whichever versions they affect."""
    is_index_listed: bool = True
    """False for a file of an index that is missing in ``[[indexes]]``, where the policy has any."""
    rivals: tuple[Source, ...] = ()
    """Other indexes that were asked for this project, know it, and do not offer this very file."""
    trusted_host: str | None = None
    """The entry of pip's ``trusted-host`` that switches off the TLS checks of its index or file."""
    lookalike: Lookalike | None = None
    """The popular project that this one's name resembles, unless it is popular itself."""
    first_upload: datetime | Missing = Missing("nobody asked")
    """Of the project's files that are listed on the same source; known where ``lookalike`` is."""
    metadata: Metadata | Missing = Missing("not asked for yet")
    contents: Layout | Missing = Missing("not fetched yet")
    """Of a wheel."""
    overlaps: Mapping[NormalizedName, tuple[str, ...]] = field(default_factory=dict, hash=False)
    """Files and scripts that another wheel of the same plan installs too, with other contents, and files that an
    installed distribution has, which stays."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Advisory:
    """One live OSV record, as far as it speaks of one package (or several of one alias group, collapsed)."""

    id: str
    aliases: frozenset[str]
    """Every id of the alias group, its own included; equal for all advisories of the group."""
    summary: str
    severity: float | Missing
    """CVSS base score of the highest vector, 0 to 10; a word counts as the lowest score of its band."""
    malicious: bool
    versions: frozenset[Version]
    """Listed versions. Those that lie in ``ranges`` may be left out."""
    literal_versions: frozenset[str]
    """Listed versions that are not PEP 440."""
    ranges: tuple[AffectedRange, ...]
    url: str | None = None
    exploited: date | Missing | None = None
    """The day on which the alias group was listed as exploited in the wild (CISA KEV, ``dateAdded``); ``None``: it is
    not listed, or no list was asked."""
    epss: float | Missing | None = None
    """The highest EPSS score of the alias group, 0 to 1: how likely somebody is to exploit it within 30 days. ``None``:
    it has none."""

    def affects(self, version: Version | str) -> bool:
        """Whether *version* is affected: listed, or inside any range (OSV schema, "evaluation").

        A local version is judged with and without its local part, whichever is worse. A string is a version that is
        not PEP 440: it matches literally, and sorts below every PEP 440 version as it does for OSV.
        """
        if isinstance(version, str):
            return version in self.literal_versions or any(r.introduced is None for r in self.ranges)
        return self._holds(version) or (version.local is not None and self._holds(type(version)(version.public)))

    def _holds(self, version: Version) -> bool:
        return version in self.versions or any(r.contains(version) for r in self.ranges)

    def fixed_after(self, version: Version | str) -> Version | None:
        """The lowest fixed version above *version* that is not affected itself, if any is known."""
        known = {r.fixed for r in self.ranges if r.fixed is not None}
        fixes = known if isinstance(version, str) else {fix for fix in known if fix > version}
        return min((fix for fix in fixes if not self.affects(fix)), default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class AffectedRange:
    """One interval of affected versions (OSV ECOSYSTEM range, events paired); every bound that is set must hold."""

    introduced: Version | None
    """``None``: from the beginning (OSV ``"0"``), before any pre-release."""
    fixed: Version | None = None
    """First version not affected."""
    last_affected: Version | None = None
    limit: Version | None = None
    """First version of which nothing is said."""

    def contains(self, version: Version) -> bool:
        """Whether *version* lies inside, in PEP 440 order."""
        return (
            (self.introduced is None or version >= self.introduced)
            and (self.fixed is None or version < self.fixed)
            and (self.last_affected is None or version <= self.last_affected)
            and (self.limit is None or version < self.limit)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What one rule has to say about one file (SARIF calls it a result)."""

    rule: str
    """Rule id, kebab-case, as in the policy."""
    level: Level
    message: str
    """The measured value against the limit: ``uploaded 2 days ago, the policy asks for 7 days``."""
    key: str
    """Dotted policy key that decided, as ``rules.minimum-age.minimum``."""
    missing: bool = False
    """True when the level comes from a fact that could not be had."""
    remedy: str | None = None
    """The way out, one sentence."""
    advisories: tuple[str, ...] = ()
    """Ids of the advisories this rests on, aliases included."""
    exploited: date | None = None
    """Since when these are known to be exploited."""
    epss: float | None = None
    """Their highest EPSS score, 0 to 1."""
    suppressed_by: str | None = None
    """The reason of the exception that covers it; the finding then no longer counts."""
    audited: bool = False
    """True when ``mode = "audit"`` turned a denial into this warning."""
    escalated: bool = False
    """True when ``fail-on = "warn"`` turned a warning into this denial."""


def strictest_first(finding: Finding) -> tuple[int, str, str, str, bool]:
    """Order findings the same way, whoever found them first."""
    return -finding.level, finding.rule, finding.key, finding.message, not finding.audited


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

    def also(self, findings: tuple[Finding, ...]) -> Verdict:
        """Return this verdict with more *findings*, in the same order as if all had been found at once."""
        if not findings:
            return self
        return Verdict(artifact=self.artifact, findings=tuple(sorted((*self.findings, *findings), key=strictest_first)))


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
