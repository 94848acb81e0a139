"""What a wheel was made of: its source distribution is looked for, and a source of origins is asked to compare."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from safeinstall.errors import SourceError
from safeinstall.facts.artifact import ArtifactKind, SourceKind
from safeinstall.facts.origins.origin import AttestedCommit, Origin
from safeinstall.facts.values import Missing
from safeinstall.judge.precedents import listed_files

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from packaging.utils import NormalizedName

    from safeinstall.facts.artifact import Artifact, HeldArtifact
    from safeinstall.facts.provenance import ProvenanceFact
    from safeinstall.ports import OriginSource, ProjectPage

LARGEST = 64 << 20
"""Bytes of a source distribution that is fetched to compare a wheel with it."""


@dataclass(slots=True)
class Origins:
    """What is known of the origin of wheels."""

    source: OriginSource
    pages: Callable[[NormalizedName], Sequence[ProjectPage]]
    """What every source says of a project; asked only of a project whose pages have come."""
    hold: Callable[[Artifact], HeldArtifact]
    """What a source distribution has to be to be fetched: the user's hashes are for what is installed."""
    _sdists: dict[HeldArtifact, HeldArtifact | Missing] = field(default_factory=dict)

    def prefetch(self, wheel: HeldArtifact) -> None:
        """Start on what :meth:`fact` will be asked for. Waits for nothing."""
        sdist = self.sdist_of(wheel)
        if not isinstance(sdist, Missing):
            self.source.prefetch_origin(wheel, sdist)

    def fact(self, wheel: HeldArtifact, provenance: ProvenanceFact) -> Origin | Missing:
        """Return which Python files of *wheel* are in no source of it: its source distribution, or the commit that its
        *provenance* proves.
        """
        return self.source.origin(wheel, self.sdist_of(wheel), AttestedCommit.of(provenance))

    def sdist_of(self, wheel: HeldArtifact) -> HeldArtifact | Missing:
        """Return the source distribution of the same release, from where the wheel comes."""
        if wheel not in self._sdists:
            found = find_sdist(wheel, self.pages)
            self._sdists[wheel] = found if isinstance(found, Missing) else self.hold(found)
        return self._sdists[wheel]


def find_sdist(artifact: Artifact, pages: Callable[[NormalizedName], Sequence[ProjectPage]]) -> Artifact | Missing:
    """Return the source distribution of the release of *artifact*, if one is listed that may be fetched.

    It is of the source of *artifact*, else of another one that lists these very bytes.
    """
    if artifact.source.kind is SourceKind.DIRECT and artifact.lock is None:
        return Missing(f"{artifact.filename} is of no index")
    try:
        known = pages(artifact.name)
    except SourceError as error:
        return Missing(error.message, error.hint)
    own = [page for page in known if _is_of_source(page, artifact)]
    others = [page for page in known if _lists(page, artifact)]
    files = (*listed_files(artifact.name, own), *listed_files(artifact.name, others))
    sdists = (file for file in files if file.kind is ArtifactKind.SDIST)
    found = next((file for file in sdists if file.version == artifact.version), None)
    if found is None:
        return Missing(f"there is no source distribution of {artifact.release}")
    if found.sha256 is None:
        return Missing(f"{found.source.display} publishes no sha256 of {found.filename}")
    if found.size is not None and found.size > LARGEST:
        return Missing(f"{found.filename} is larger than {LARGEST >> 20} MiB")
    return found


def _lists(page: ProjectPage, artifact: Artifact) -> bool:
    """Whether *page* has the very bytes of *artifact*."""
    files = (*page.files, *page.beside)
    return artifact.sha256 is not None and any(file.hashes.get("sha256") == artifact.sha256 for file in files)


def _is_of_source(page: ProjectPage, artifact: Artifact) -> bool:
    """Whether *page* is of the source of *artifact*; of a lock's file, of one that lists it."""
    if artifact.source.kind is not SourceKind.DIRECT:
        return page.source.url == artifact.source.url
    return any(file.filename == artifact.filename for file in (*page.files, *page.beside))
