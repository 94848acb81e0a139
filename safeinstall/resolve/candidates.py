"""The files that the judge lets pass, as candidates: each is judged once, and what is denied is hidden.

A file is judged by its listing before its metadata is asked for, and again with it. Where only a build can tell the
metadata, the file is verified first, and judged by what its bytes tell, before it is built.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from safeinstall.errors import (
    MetadataDynamicError,
    MetadataInconsistentError,
    MetadataInvalidError,
    UnsatisfiableError,
)
from safeinstall.facts.addresses import place_of
from safeinstall.facts.artifact import SourceKind
from safeinstall.judge.closed import closed_verdicts
from safeinstall.resolve.consistency import check_consistency, discarded
from safeinstall.resolve.nodes import ExtrasCandidate, FileCandidate, InstalledCandidate
from safeinstall.resolve.user_hashes import check_user_hashes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from packaging.specifiers import SpecifierSet
    from packaging.utils import NormalizedName
    from packaging.version import Version

    from safeinstall.facts.artifact import Artifact, HeldArtifact, InstalledDistribution, Metadata
    from safeinstall.facts.verdict import Verdict
    from safeinstall.ports import BuildSource, IndexSource
    from safeinstall.request.requirements import Reference
    from safeinstall.resolve.finder import CandidateFinder, Hashes
    from safeinstall.resolve.nodes import BaseCandidate


@dataclass(slots=True, kw_only=True)
class Candidates:
    """Makes candidates, one for each file, and remembers what was passed over."""

    finder: CandidateFinder
    index: IndexSource
    builds: BuildSource
    judge: Callable[[Artifact, str | None, Metadata | None], Verdict]
    hold: Callable[[Artifact], HeldArtifact]
    """Adds what the user has to say of the hash of a file."""
    installed: Callable[[NormalizedName], InstalledDistribution | None]
    open_reference: Callable[[Reference, NormalizedName | None], Artifact]
    reinstalls: bool = False
    """Whether what is installed does not count as a candidate."""
    strict: bool = False
    """Whether a denied file stays, without dependencies, for the resolution as a whole to be refused."""
    hidden: dict[tuple[object, ...], Verdict] = field(default_factory=dict)
    """Verdicts of the files that were hidden, by URL and source."""
    closed: dict[NormalizedName, tuple[Verdict, ...]] = field(default_factory=dict)
    """By project: the sources that are not asked for it, since the policy denies whatever they offer."""
    notices: dict[str, str] = field(default_factory=dict)
    """What pip would say, in order, of files that it never gets to see here, and at which level of its log."""
    _hiding: set[NormalizedName] = field(default_factory=set)
    _files: dict[tuple[object, ...], FileCandidate | None] = field(default_factory=dict)
    _installed: dict[NormalizedName, InstalledCandidate | None] = field(default_factory=dict)
    _extras: dict[tuple[int, frozenset[NormalizedName]], ExtrasCandidate] = field(default_factory=dict)
    _applicable: dict[tuple[Any, ...], list[HeldArtifact]] = field(default_factory=dict)

    def hides(self, name: NormalizedName) -> bool:
        """Whether the policy has kept anything of *name* back, so that pip would not find what we find."""
        return name in self._hiding or bool(self.closed.get(name))

    def open(self, reference: Reference, name: NormalizedName | None) -> HeldArtifact:
        """Return the file that a direct reference names. Nothing is fetched."""
        return self.hold(self.open_reference(reference, name))

    def in_order(
        self,
        name: NormalizedName,
        specifier: SpecifierSet,
        hashes: Hashes,
        installed: InstalledCandidate | None,
        *,
        upgrades: bool,
    ) -> Iterator[BaseCandidate]:
        """Yield the candidates of *name*, best first, and *installed* among them as in pip (found_candidates.py).

        That is before all others, or where it *upgrades*, before each older one and the file of its own version.
        """
        seen: set[Version] = set()
        if installed is not None and not upgrades:
            seen.add(installed.version)
            yield installed
        for artifact in self._artifacts(name, specifier, hashes):
            if artifact.version in seen:
                continue
            if installed is not None and upgrades and installed.version >= artifact.version:
                seen.add(installed.version)
                yield installed
            candidate = self._of_index(artifact, seen, beside=installed)
            if candidate is not None:
                seen.add(artifact.version)
                yield candidate
        if installed is not None and installed.version not in seen:
            yield installed

    def _artifacts(self, name: NormalizedName, specifier: SpecifierSet, hashes: Hashes) -> list[HeldArtifact]:
        key = (name, specifier, tuple(sorted((kind, tuple(sorted(v))) for kind, v in hashes.items())))
        if key not in self._applicable:
            self._applicable[key] = [self.hold(each) for each in self.finder.applicable(name, specifier, hashes)]
            self.closed[name] = tuple(closed_verdicts(name, self.index.pages(name)))
        return self._applicable[key]

    def _of_index(
        self, artifact: HeldArtifact, seen: set[Version], *, beside: InstalledCandidate | None
    ) -> FileCandidate | None:
        try:
            return self.candidate(artifact, None)
        except MetadataInvalidError as error:
            if not isinstance(error, MetadataInconsistentError):
                if beside is not None and not isinstance(error, MetadataDynamicError):
                    # Only where nothing is installed does pip pass over it (found_candidates.py).
                    raise UnsatisfiableError(error.message, hint=error.hint) from error
                # pip marks the whole version: its other files "most likely have invalid metadata as well".
                seen.add(artifact.version)
            self.discard(artifact, error)
            return None

    def discard(self, artifact: Artifact, error: MetadataInvalidError) -> None:
        """Note that *artifact* is passed over, in pip's words."""
        if isinstance(error, MetadataInconsistentError):
            self.notices[discarded(artifact, error)] = "info"
            return
        self.notices[
            f"Ignoring version {artifact.version} of {artifact.name} since it has invalid metadata: {error.message}"
        ] = "warning"

    def candidate(
        self, artifact: HeldArtifact, required_by: str | None, asked: NormalizedName | None = None
    ) -> FileCandidate | None:
        """Judge by the listing, then by the metadata; ``None`` when the file is hidden.

        *asked* is the name that a direct reference is required by, if it is.
        """
        is_direct = artifact.source.kind is SourceKind.DIRECT
        key = (
            place_of(artifact)
            if is_direct
            else (artifact.url, artifact.subdirectory, artifact.egg, artifact.source.url)
        )
        if key in self._files:
            return self._files[key]
        artifact, verdict, metadata = self._judged(artifact, required_by, asked)
        if verdict.denied:
            self.hidden[key] = verdict
            self._hiding.add(verdict.artifact.name)
        is_candidate = self.strict or not verdict.denied
        self._files[key] = FileCandidate(artifact, verdict, metadata) if is_candidate else None
        return self._files[key]

    def denied_name(self, artifact: Artifact) -> NormalizedName:
        """Return the name of a direct reference that was denied: perhaps it was built before, which told another."""
        verdict = self.hidden.get(place_of(artifact))
        return verdict.artifact.name if verdict else artifact.name

    def _judged(
        self, artifact: HeldArtifact, required_by: str | None, asked: NormalizedName | None
    ) -> tuple[HeldArtifact, Verdict, Metadata | None]:
        verdict = self.judge(artifact, required_by, None)
        if verdict.denied:
            return artifact, verdict, None
        check_user_hashes(artifact, artifact.hashes)
        try:
            known: Artifact = artifact
            metadata = self.index.metadata(artifact)
        except MetadataDynamicError:
            source = self.builds.verify(artifact)
            known = source.measured
            verdict = self.judge(known, required_by, None)
            if verdict.denied:
                return artifact, verdict, None
            metadata = self.builds.build(source)
        check_consistency(artifact, metadata, asked)
        # Only a build tells the name of a source tree: it is judged once more, by the name it turned out to have.
        verdict = self.judge(_named(known, metadata), required_by, metadata)
        artifact = self.hold(_named(artifact, metadata))
        return artifact, verdict, None if verdict.denied else metadata

    def of_installed(self, name: NormalizedName, specifier: SpecifierSet) -> InstalledCandidate | None:
        """Return what is installed as *name*, if that meets *specifier* and may stay."""
        if self.reinstalls:
            return None
        if name not in self._installed:
            distribution = self.installed(name)
            self._installed[name] = InstalledCandidate(distribution) if distribution else None
        candidate = self._installed[name]
        if candidate is None or not candidate.distribution.meets(specifier):
            return None
        return candidate

    def with_extras(self, base: BaseCandidate, extras: frozenset[NormalizedName]) -> ExtrasCandidate:
        """Return the one candidate that stands for *base* with *extras*."""
        key = (id(base), extras)
        if key not in self._extras:
            self._extras[key] = ExtrasCandidate(base, extras)
        return self._extras[key]

    def from_reference(
        self, reference: Reference, name: NormalizedName | None, required_by: str | None
    ) -> FileCandidate | None:
        """Return the candidate of a direct reference, or ``None`` when it is denied, or of another project."""
        artifact = self.open(reference, name)
        try:
            return self.candidate(artifact, required_by, name)
        except MetadataInconsistentError as error:
            self.discard(artifact, error)
            return None


def _named(artifact: Artifact, metadata: Metadata) -> Artifact:
    return replace(artifact, name=metadata.name, version=metadata.version, literal_name=metadata.literal_name)
