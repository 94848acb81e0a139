"""Files as they are offered, and what their metadata says: frozen values named as the standards name them."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, NewType

from packaging.version import Version

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from packaging.requirements import Requirement
    from packaging.specifiers import SpecifierSet
    from packaging.utils import NormalizedName

    from safeinstall.facts.finding import Finding
    from safeinstall.facts.provenance import Publisher
    from safeinstall.facts.values import Missing


NO_VERSION = Version("0")
"""Stands for the version of what only a build can tell."""


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
    mirror_of: str | None = None
    """Of an index that the policy calls a mirror: the name of the index that it mirrors."""
    denied: tuple[Finding, ...] = ()
    """Why the policy denies whatever it offers of the project in question: it is then never asked."""

    @property
    def display(self) -> str:
        """The name to show."""
        return self.name

    @property
    def family(self) -> str:
        """The name of the index whose projects it offers: of a mirror, that of its original."""
        return self.mirror_of or self.name


def contradict(one: Mapping[str, str], other: Mapping[str, str]) -> bool:
    """Whether two sets of digests, by algorithm, cannot be of the same bytes."""
    return any(other.get(kind, digest) != digest for kind, digest in one.items())


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
    subdirectory: str = ""
    """The folder inside it that holds the project; empty for its root (PEP 610)."""
    egg: str = ""
    """Name and version of a source distribution on a page, where its address says them in place of its name."""
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
    provenance: str | None = None
    """Where the index has its provenance (PEP 740): an absolute address; ``None`` when none is announced."""
    user_hashes: tuple[frozenset[str], ...] = field(default=(), hash=False)
    """What each requirement or constraint of the user allows, as ``sha256:…``: the file has one hash of each set."""
    lacks_hash: bool = False
    """Whether pip's hash-checking mode asks for a hash of the user that was not given: nobody may open the file."""
    lock: str | None = None
    """The lock that binds the project to this file (PEP 751), if one does."""
    lock_publishers: tuple[Publisher, ...] = ()
    """Whom that lock names as those who attested it (PEP 751, ``attestation-identities``)."""
    unheard: str | None = None
    """Why nobody knows what an index says of it: when it was uploaded, or whether it is yanked."""
    literal_name: str = field(default="", compare=False)
    """The name as its metadata has it, else as it was asked for; empty where neither is known."""
    literal_version: str | None = None
    """The version as it is installed, where that is not PEP 440; ``version`` is then 0, below all others as for OSV."""

    @property
    def stated_name(self) -> str:
        """The name as it is written: what is shown, and never compared."""
        return self.literal_name or self.name

    @property
    def stated_version(self) -> Version | str:
        """The version as its source states it: what advisories are matched with, and what is shown."""
        return self.literal_version or self.version

    @property
    def has_version(self) -> bool:
        """Whether the version is known: only a build tells that of a tree, of a repository, and of some archives."""
        is_built = self.source.kind is SourceKind.DIRECT and self.kind is not ArtifactKind.WHEEL
        return not is_built or self.version != NO_VERSION or self.literal_version is not None

    @property
    def release(self) -> str:
        """Name and, where it is known, version, as they are shown."""
        return f"{self.stated_name} {self.stated_version}" if self.has_version else self.stated_name

    @property
    def selector(self) -> str:
        """How a policy names this version, or all where it is not known."""
        return f"{self.name}=={self.version}" if self.has_version else self.name

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
    literal_name: str = field(default="", compare=False)
    """The name as it is written there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InstalledDistribution:
    """What the target environment holds under one name."""

    name: NormalizedName
    version: Version
    metadata: Metadata | Missing
    """Missing where it cannot be read: nobody knows then what it requires."""
    editable: bool = False
    literal_version: str | None = None
    """The version as it is installed, where that is not PEP 440; ``version`` is then lower than all others."""

    @property
    def stated_version(self) -> Version | str:
        """The version as it is shown."""
        return self.literal_version or self.version

    def meets(self, specifier: SpecifierSet) -> bool:
        """Whether it is of *specifier*; what is no version (PEP 440) meets nothing but an empty one."""
        if self.literal_version is not None:
            return not specifier
        return specifier.contains(self.version, prereleases=True)
