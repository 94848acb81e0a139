"""Who built a file, and how the project's files came before: asked of a source of provenance, file by file."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from safeinstall.facts.artifact import ArtifactKind, SourceKind
from safeinstall.facts.provenance import Precedent, Unattested
from safeinstall.facts.values import Missing
from safeinstall.judge.precedents import earlier_file, listed_files

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime, timedelta

    from packaging.utils import NormalizedName

    from safeinstall.facts.artifact import Artifact
    from safeinstall.facts.provenance import ProvenanceFact
    from safeinstall.judge.precedents import Earlier
    from safeinstall.ports import ProjectPage, ProvenanceSource

_FILES = frozenset({ArtifactKind.WHEEL, ArtifactKind.SDIST})
_ASK_AN_INDEX = "let an index be asked that lists this very file"


@dataclass(slots=True)
class Attestations:
    """What is known of the provenance of files. Asks no index for one that no index lists."""

    source: ProvenanceSource
    pages: Callable[[NormalizedName], Sequence[ProjectPage]]
    """What every source says of a project; asked only of a project whose pages have come."""
    minimum_age: Callable[[Artifact], timedelta]
    """How old a file must be by the policy. What was as old when it was uploaded counts for how files came before."""
    _listed: dict[tuple[NormalizedName, str], tuple[Artifact, ...]] = field(default_factory=dict)
    _earlier: dict[tuple[NormalizedName, str, str, datetime], Earlier | Missing | None] = field(default_factory=dict)

    def fact(self, artifact: Artifact, *, verify: bool) -> ProvenanceFact:
        """Return the provenance of *artifact*, proved if *verify*."""
        told = _told(artifact)
        return self.source.provenance(artifact, verify=verify) if told is None else told

    def prefetch(self, artifact: Artifact) -> None:
        """Start on what :meth:`fact` will be asked for. Waits for nothing."""
        if _told(artifact) is None:
            self.source.prefetch_provenance(artifact)

    def prefetch_earlier(self, artifact: Artifact, as_of: datetime) -> None:
        """Start on what :meth:`precedent` will ask for. Waits for nothing."""
        earlier = self.earlier(artifact, as_of)
        if earlier is not None and not isinstance(earlier, Missing):
            self.prefetch(earlier.artifact)

    def precedent(
        self, artifact: Artifact, as_of: datetime, wants_proof: Callable[[Artifact], bool]
    ) -> Precedent | Missing | None:
        """Return how the project's files came before *artifact*, as :attr:`Evidence.precedent` has it.

        Of the earlier file it counts what the index says, where it cannot be told whether that is proved.
        """
        earlier = self.earlier(artifact, as_of)
        if earlier is None or isinstance(earlier, Missing):
            return earlier
        file = earlier.artifact
        proved = self.fact(file, verify=wants_proof(file))
        return Precedent(
            version=file.version,
            filename=file.filename,
            upload_time=earlier.upload_time,
            provenance=self.fact(file, verify=False) if isinstance(proved, Missing) else proved,
            since=earlier.since,
            carried=earlier.carried,
        )

    def earlier(self, artifact: Artifact, as_of: datetime) -> Earlier | Missing | None:
        """Return the file that *artifact* is compared with; missing where nobody tells what was uploaded before it."""
        key = (artifact.name, artifact.url, artifact.source.url, as_of)
        if key not in self._earlier:
            self._earlier[key] = self._earlier_of(artifact, as_of)
        return self._earlier[key]

    def _earlier_of(self, artifact: Artifact, as_of: datetime) -> Earlier | Missing | None:
        if (unlisted := _unlisted(artifact)) is not None:
            return unlisted
        others = [file for file in self._files(artifact) if file.filename != artifact.filename]
        if all(file.provenance is None for file in others):
            return None  # whenever they were uploaded, there is nothing to compare with
        timed = [file for file in others if file.upload_time is not None]
        if artifact.upload_time is not None and timed:
            return earlier_file(artifact, others, as_of, self.minimum_age(artifact))
        what = artifact.filename if artifact.upload_time is None else f"other files of {artifact.name}"
        was = "was" if artifact.upload_time is None else "were"
        return Missing(f"{artifact.source.display} does not tell when {what} {was} uploaded")

    def _files(self, artifact: Artifact) -> tuple[Artifact, ...]:
        """Return the project's files on the source of *artifact*; of a mirror those of its original, if it has one."""
        key = (artifact.name, artifact.source.url)
        if key not in self._listed:
            self._listed[key] = listed_files(artifact.name, _history(artifact, self.pages(artifact.name)))
        return self._listed[key]


def _history(artifact: Artifact, pages: Sequence[ProjectPage]) -> Sequence[ProjectPage]:
    """Return the pages that tell how the project's files came; of a lock's file that of whoever lists it."""
    source = artifact.source
    if source.kind is not SourceKind.INDEX:
        return [page for page in pages if any(file.filename == artifact.filename for file in page.files)][:1]
    asked = [page for page in pages if not page.source.denied]
    originals = [page for page in asked if source.mirror_of is not None and page.source.name == source.mirror_of]
    return originals or [page for page in asked if page.source.url == source.url]


def _told(artifact: Artifact) -> Missing | Unattested | None:
    """Return what is known without asking."""
    if (unlisted := _unlisted(artifact)) is not None:
        return unlisted
    if artifact.provenance is None:
        return Unattested()
    if artifact.sha256 is None:
        return Missing(f"{artifact.source.display} publishes no sha256 of it")
    return None


def _unlisted(artifact: Artifact) -> Missing | None:
    if artifact.unheard is not None:
        return Missing(artifact.unheard, _ASK_AN_INDEX)
    is_locked = artifact.lock is not None and artifact.kind in _FILES  # and was looked up
    if artifact.source.kind is not SourceKind.INDEX and not is_locked:
        return Missing(f"{artifact.filename} is of no index", _ASK_AN_INDEX)
    return None
