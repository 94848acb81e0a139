"""The doors to the world. Protocols only: the core asks through these, ``sources/`` answers.

Every method may raise :class:`~safeinstall.errors.SourceError`; none returns a guess.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from packaging.utils import NormalizedName

    from safeinstall.facts.advisory import Advisory
    from safeinstall.facts.artifact import Artifact, HeldArtifact, Metadata, Source
    from safeinstall.facts.origins.origin import AttestedCommit, Origin
    from safeinstall.facts.provenance import ProvenanceFact, Publisher
    from safeinstall.facts.values import Missing
    from safeinstall.plan.verified import Buildable


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedFile:
    """One anchor or ``files`` entry of a project page, validated but its file name not yet understood."""

    filename: str
    url: str
    """Absolute, without fragment."""
    hashes: Mapping[str, str]
    requires_python: str | None = None
    yanked: str | None = None
    size: int | None = None
    upload_time: datetime | None = None
    core_metadata: Mapping[str, str] | None = None
    provenance: str | None = None
    """The absolute address of its provenance (PEP 740), where that is announced."""
    subdirectory: str = ""
    """The folder of a source distribution that holds the project; empty for its root."""
    egg: str = ""
    """Name and version of a source distribution, where the address says them in place of the file name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectPage:
    """What one source says of one project, in the source's own order."""

    source: Source
    files: tuple[ListedFile, ...]
    """Without the files that can never be taken, where whoever asks has no use for them."""
    first_upload: datetime | None = None
    """The earliest that it tells of any file, one of those left out included."""
    left_out: Mapping[str, datetime | None] = field(default_factory=dict)
    """The versions of the wheels that were left out, as their names have them, and when the first of each was uploaded;
    ``None`` where it does not tell that of one."""
    attested_elsewhere: Mapping[str, ListedFile] = field(default_factory=dict)
    """Of each of these versions the first wheel whose provenance is announced, if one is."""
    beside: tuple[ListedFile, ...] = ()
    """What else it lists, where a lock binds the project to one file."""
    status: str | None = None
    """PEP 792 project status."""
    lock: str | None = None
    """The lock that binds the project to its one file, if one does (PEP 751)."""
    lock_publishers: tuple[Publisher, ...] = ()
    """Whom that lock names as those who attested the file (PEP 751, ``attestation-identities``)."""
    unheard: str | None = None
    """Why it is no page of an index, and tells nothing but what the lock says."""
    answered: datetime | None = field(default=None, compare=False)
    """When it was asked, by the source's own clock, if it was asked now and says so."""


class IndexSource(Protocol):
    """Project pages and metadata. Implementations fetch concurrently and remember what they fetched."""

    def pages(self, name: NormalizedName) -> tuple[ProjectPage, ...]:
        """Return the pages of every source that knows *name*, in pip's order of sources (find-links first).

        A source without such a project contributes no page. A source that does not answer raises.
        """
        ...

    def prefetch_pages(self, name: NormalizedName) -> None:
        """Start fetching what :meth:`pages` will be asked for. Never raises."""
        ...

    def metadata(self, artifact: HeldArtifact) -> Metadata:
        """Return the metadata of *artifact*: from its PEP 658 file, by range requests, or from the file itself.

        Raises :class:`~safeinstall.errors.MetadataInvalidError` when the standard is broken, and its subclass
        :class:`~safeinstall.errors.MetadataDynamicError` where only a build can tell. Never builds.
        """
        ...

    def prefetch_metadata(self, artifact: HeldArtifact) -> None:
        """Start fetching what :meth:`metadata` will be asked for. Never raises."""
        ...


class BuildSource(Protocol):
    """Metadata that only a build can tell."""

    def verify(self, artifact: HeldArtifact) -> Buildable:
        """Return *artifact* as what may be built: a file that has every hash known for it, or a source tree.

        Raises :class:`~safeinstall.errors.IntegrityError` for a file that has not.
        """
        ...

    def build(self, source: Buildable) -> Metadata:
        """Return the metadata of *source*. Runs what its author wrote: ask a judge first."""
        ...


class AdvisorySource(Protocol):
    """Known vulnerabilities and malware."""

    def advisories(self, name: NormalizedName) -> tuple[Advisory, ...] | Missing:
        """Return every live advisory that names *name*, or why that is not known."""
        ...


class ProvenanceSource(Protocol):
    """Attestations of files (PEP 740)."""

    def provenance(self, artifact: Artifact, *, verify: bool) -> ProvenanceFact:
        """Return what is attested of *artifact*: proved where *verify* is set, else as its index says.

        What cannot be fetched is :class:`~safeinstall.facts.values.Missing`; what is there and does not hold is
        :class:`~safeinstall.facts.provenance.Refuted`, whether or not *verify* is set. Never raises for either.
        """
        ...

    def prefetch_provenance(self, artifact: Artifact) -> None:
        """Start fetching what :meth:`provenance` will be asked for. Never raises."""
        ...


class OriginSource(Protocol):
    """Comparisons of wheels with what they were made of. Implementations compare concurrently, and run nothing."""

    def origin(
        self, wheel: HeldArtifact, sdist: HeldArtifact | Missing, commit: AttestedCommit | None
    ) -> Origin | Missing:
        """Return which Python files of *wheel* are neither in *sdist* nor, if any are not, in *commit*.

        Missing where neither can be had, or the wheel cannot. Never raises for that.
        """
        ...

    def prefetch_origin(self, wheel: HeldArtifact, sdist: HeldArtifact) -> None:
        """Start on what :meth:`origin` will be asked for. Never raises, and never waits."""
        ...
