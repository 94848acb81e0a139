"""What was found out about the files of one release."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from safeinstall.errors import EXIT_DENIED, EXIT_EVIDENCE
from safeinstall.facts.origins.project_urls import attested_repository, contradicting
from safeinstall.facts.provenance import Provenance, Refuted
from safeinstall.facts.values import Missing

if TYPE_CHECKING:
    from packaging.utils import NormalizedName
    from packaging.version import Version

    from safeinstall.facts.artifact import Artifact
    from safeinstall.facts.origins.origin import Comparison
    from safeinstall.facts.origins.project_urls import ProjectUrl
    from safeinstall.facts.provenance import ProvenanceFact


@dataclass(frozen=True, slots=True, kw_only=True)
class InspectedFile:
    """One file of the release."""

    artifact: Artifact
    provenance: ProvenanceFact
    """Proved, or what the index says."""
    unproved: Missing | None = None
    """Why it could not be proved, where it is what the index says."""
    index_sha256: str | None = None
    """Of another file that an index has by its name; ``None`` where none has one."""
    urls: tuple[ProjectUrl, ...] = ()
    """What its metadata says."""

    @property
    def contradicted(self) -> tuple[ProjectUrl, ...]:
        """The addresses of its metadata that claim another repository than who built it."""
        if not isinstance(self.provenance, Provenance):
            return ()
        told = (attested_repository(each.kind, each.repository) for each in self.provenance.publishers)
        attested = next((each for each in told if each), None)
        return contradicting(self.urls, attested) if attested else ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """One file against a source."""

    file: str
    source: str
    result: Comparison | Missing


@dataclass(frozen=True, slots=True, kw_only=True)
class Inspection:
    """All that was found out."""

    name: NormalizedName
    version: Version
    files: tuple[InspectedFile, ...]
    compared: tuple[Compared, ...]
    notes: tuple[str, ...] = ()
    """What else is to be known, one line each."""

    @property
    def exit_code(self) -> int:
        """10 where what is attested does not hold or the index has another file, 11 where nothing is had or proved."""
        if any(isinstance(file.provenance, Refuted) or file.index_sha256 for file in self.files):
            return EXIT_DENIED
        lacking = any(isinstance(file.provenance, Missing) or file.unproved for file in self.files)
        return EXIT_EVIDENCE if lacking else 0
