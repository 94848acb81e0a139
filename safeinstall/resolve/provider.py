"""The resolvelib provider: pip's answer over a judged index (pip: resolution/resolvelib/{provider,factory}.py).

A judge is asked for every file before its metadata is, and again with it. A denied file is hidden, so that the next
best one of its project is taken; under ``select = "strict"`` it stays, without dependencies, and the resolution as a
whole is refused in the end.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from packaging.specifiers import SpecifierSet
from packaging.utils import NormalizedName, canonicalize_name
from resolvelib import AbstractProvider

from safeinstall.errors import (
    MetadataDynamicError,
    MetadataInconsistentError,
    MetadataInvalidError,
    UnsatisfiableError,
)
from safeinstall.facts.artifact import SourceKind
from safeinstall.facts.verdict import Verdict
from safeinstall.judge.closed import closed_verdicts
from safeinstall.request.requirements import parse_reference
from safeinstall.resolve.consistency import check_consistency, discarded
from safeinstall.resolve.finder import Hashes, merge_hashes, parse_hashes
from safeinstall.resolve.nodes import (
    PYTHON,
    ExplicitRequirement,
    ExtrasCandidate,
    FileCandidate,
    ImpossibleRequirement,
    InstalledCandidate,
    PythonCandidate,
    PythonRequirement,
    SpecifierRequirement,
    extras_of,
    project_of,
)
from safeinstall.resolve.user_hashes import check_user_hashes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from packaging.requirements import Requirement
    from packaging.version import Version

    from safeinstall.facts.artifact import Artifact, HeldArtifact, InstalledDistribution, Metadata
    from safeinstall.ports import BuildSource, IndexSource
    from safeinstall.request.requirements import Reference, Root
    from safeinstall.resolve.finder import CandidateFinder
    from safeinstall.resolve.nodes import BaseCandidate, Candidate, Requires
    from safeinstall.resolve.preference import DepthPreference, Information, Preference


@dataclass(frozen=True, slots=True, kw_only=True)
class Constraint:
    """All constraints on one project taken together (pip: base.py, ``Constraint``)."""

    specifier: SpecifierSet = field(default_factory=SpecifierSet)
    hashes: Hashes = field(default_factory=dict)
    references: tuple[Reference, ...] = ()

    def also(self, root: Root) -> Constraint:
        """Return this constraint narrowed by *root*."""
        return Constraint(
            specifier=self.specifier & root.specifier,
            hashes=merge_hashes(self.hashes, parse_hashes(root.hashes)),
            references=(*self.references, root.reference) if root.reference else self.references,
        )

    def is_satisfied_by(self, candidate: Candidate) -> bool:
        """Whether *candidate* may stand under it."""
        if self.references and not all(_is_from(candidate, reference) for reference in self.references):
            return False
        return self.specifier.contains(candidate.version, prereleases=True)


def _is_from(candidate: Candidate, reference: Reference) -> bool:
    base = candidate.base if isinstance(candidate, ExtrasCandidate) else candidate
    return (
        isinstance(base, FileCandidate)
        and base.artifact.url == reference.url
        and reference.digests == {f"{kind}:{value}" for kind, value in base.artifact.hashes.items()}
    )


@dataclass(slots=True)
class Rules:
    """What the command line says about the resolution as a whole."""

    markers: Mapping[str, str]
    python: Version
    strategy: str = "to-satisfy-only"
    no_dependencies: bool = False
    only_dependencies: bool = False
    ignore_requires_python: bool = False
    reinstalls: bool = False
    splits_extras: bool = True
    """Whether ``a[x]<2`` also binds ``a`` by itself, and is looked at last where the user asks for it."""
    strict: bool = False


@dataclass(slots=True)
class Provider(AbstractProvider["Requires", "Candidate", str]):
    """What resolvelib asks, answered as pip would over the files that the judge lets pass."""

    finder: CandidateFinder
    index: IndexSource
    builds: BuildSource
    judge: Callable[[Artifact, str | None, Metadata | None], Verdict]
    hold: Callable[[Artifact], HeldArtifact]
    """Adds what the user has to say of the hash of a file."""
    installed: Callable[[NormalizedName], InstalledDistribution | None]
    open_reference: Callable[[Reference, NormalizedName | None], Artifact]
    preference: Preference | DepthPreference
    rules: Rules
    constraints: Mapping[NormalizedName, Constraint]
    requested: dict[str, int]
    """What the user asks for, by identifier, with its place; ``-U`` alone upgrades these (pip: ``user_requested``)."""
    hidden: dict[tuple[object, ...], Verdict] = field(default_factory=dict)
    """Verdicts of the files that were hidden, by URL and source."""
    closed: dict[NormalizedName, tuple[Verdict, ...]] = field(default_factory=dict)
    """By project: the sources that are not asked for it, since the policy denies whatever they offer."""
    invalid: dict[str, str] = field(default_factory=dict)
    """For messages: file name to what is wrong with its metadata."""
    notices: dict[str, None] = field(default_factory=dict)
    """What pip would warn of, in order, of files that it never gets to see here."""
    warnings: dict[str, None] = field(default_factory=dict)
    """What pip would warn of, in order, and says again when it goes on."""
    _files: dict[tuple[object, ...], FileCandidate | None] = field(default_factory=dict)
    _installed: dict[NormalizedName, InstalledCandidate | None] = field(default_factory=dict)
    _extras: dict[tuple[int, frozenset[NormalizedName]], ExtrasCandidate] = field(default_factory=dict)
    _applicable: dict[tuple[Any, ...], list[HeldArtifact]] = field(default_factory=dict)
    _python: PythonCandidate = field(init=False)

    def __post_init__(self) -> None:
        """Make the one candidate that stands for the interpreter."""
        self._python = PythonCandidate(self.rules.python)

    # --- resolvelib's questions

    def identify(self, requirement_or_candidate: Requires | Candidate) -> str:
        """Return the identifier of either."""
        return requirement_or_candidate.key

    def narrow_requirement_selection(
        self,
        identifiers: Iterable[str],
        resolutions: Mapping[str, Candidate],
        candidates: Mapping[str, Iterator[Candidate]],  # noqa: ARG002 - resolvelib's signature
        information: Mapping[str, Iterator[Information]],
        backtrack_causes: Sequence[Information],
    ) -> Iterable[str]:
        """Return the identifiers to be pinned before all others."""
        return self.preference.narrow(identifiers, resolutions, information, backtrack_causes)

    def get_preference(
        self,
        identifier: str,
        resolutions: Mapping[str, Candidate],  # noqa: ARG002 - resolvelib's signature
        candidates: Mapping[str, Iterator[Candidate]],  # noqa: ARG002 - resolvelib's signature
        information: Mapping[str, Iterable[Information]],
        backtrack_causes: Sequence[Information],
    ) -> Any:
        """Return the order key of *identifier*."""
        return self.preference.order(identifier, information[identifier], backtrack_causes)

    def is_satisfied_by(self, requirement: Requires, candidate: Candidate) -> bool:
        """Whether *candidate* meets *requirement*."""
        return requirement.is_satisfied_by(candidate)

    def find_matches(
        self,
        identifier: str,
        requirements: Mapping[str, Iterator[Requires]],
        incompatibilities: Mapping[str, Iterator[Candidate]],
    ) -> Iterable[Candidate] | Callable[[], Iterator[Candidate]]:
        """Return the candidates for *identifier*, best first (pip: factory.py, ``find_candidates``)."""
        excluded = {id(candidate) for candidate in incompatibilities.get(identifier, ())}
        if identifier == PYTHON:
            # Excluded like any other: offered again and again, it would never let the resolver come to an end.
            fits = id(self._python) not in excluded and all(
                r.is_satisfied_by(self._python) for r in requirements[PYTHON]
            )
            return [self._python] if fits else []
        own = list(requirements[identifier])
        name, extras = project_of(identifier), extras_of(identifier)
        base = list(requirements.get(name, ())) if extras else []
        constraint = self.constraints.get(name, Constraint())
        specifiers = [r for r in (*own, *base) if isinstance(r, SpecifierRequirement)]
        explicit = self._explicit(own, base, extras)
        if specifiers:
            explicit += self._constrained(name, constraint, extras)
        bound = explicit or (specifiers and constraint.references)
        if bound or any(isinstance(r, ImpossibleRequirement) for r in own):
            return [
                c
                for c in explicit
                if id(c) not in excluded and constraint.is_satisfied_by(c) and all(r.is_satisfied_by(c) for r in own)
            ]
        return lambda: (c for c in self._found(identifier, specifiers, constraint) if id(c) not in excluded)

    def get_dependencies(self, candidate: Candidate) -> list[Requires]:
        """Return what *candidate* requires, and start fetching it."""
        found = list(self._dependencies(candidate))
        for requirement in found:
            if isinstance(requirement, SpecifierRequirement):
                self.index.prefetch_pages(requirement.name)
        return found

    # --- candidates

    def _explicit(
        self, own: Sequence[Requires], base: Sequence[Requires], extras: frozenset[NormalizedName]
    ) -> list[BaseCandidate | ExtrasCandidate]:
        found = {id(r.candidate): r.candidate for r in own if isinstance(r, ExplicitRequirement)}
        for requirement in base:
            if isinstance(requirement, ExplicitRequirement) and not isinstance(requirement.candidate, ExtrasCandidate):
                with_extras = self.with_extras(requirement.candidate, extras)
                found[id(with_extras)] = with_extras
        return list(found.values())

    def _constrained(
        self, name: NormalizedName, constraint: Constraint, extras: frozenset[NormalizedName]
    ) -> list[BaseCandidate | ExtrasCandidate]:
        candidates = (self.from_reference(reference, name, None) for reference in constraint.references)
        return [self.with_extras(c, extras) if extras else c for c in candidates if c is not None]

    def _found(
        self, identifier: str, asked: Sequence[SpecifierRequirement], constraint: Constraint
    ) -> Iterator[Candidate]:
        name, extras = project_of(identifier), extras_of(identifier)
        specifier, hashes = constraint.specifier, constraint.hashes
        for requirement in asked:
            specifier &= requirement.specifier
            if requirement.root is not None:
                hashes = merge_hashes(hashes, parse_hashes(requirement.root.hashes))
        installed = self._installed_candidate(name, specifier)
        upgrades = self._upgrades(identifier)
        for candidate in self._in_order(name, specifier, hashes, installed, upgrades=upgrades):
            yield self.with_extras(candidate, extras) if extras else candidate

    def _in_order(
        self,
        name: NormalizedName,
        specifier: SpecifierSet,
        hashes: Hashes,
        installed: InstalledCandidate | None,
        *,
        upgrades: bool,
    ) -> Iterator[BaseCandidate]:
        """Interleave the installed candidate as pip does (pip: found_candidates.py)."""
        keeps = installed is not None and not upgrades
        if installed is not None and keeps:
            yield installed
        seen: set[Version] = {installed.version} if installed is not None and keeps else set()
        for artifact in self._artifacts(name, specifier, hashes):
            if artifact.version in seen:
                continue
            if installed is not None and installed.version not in seen and installed.version >= artifact.version:
                seen.add(installed.version)
                yield installed
                if artifact.version in seen:
                    continue
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
            return self._candidate(artifact, None)
        except MetadataInvalidError as error:
            if not isinstance(error, MetadataInconsistentError):
                if beside is not None and not isinstance(error, MetadataDynamicError):
                    # Only where nothing is installed does pip pass over it (found_candidates.py).
                    raise UnsatisfiableError(error.message, hint=error.hint) from error
                # pip marks the whole version: its other files "most likely have invalid metadata as well".
                seen.add(artifact.version)
            self.invalid[artifact.filename] = error.message
            self._discard(artifact, error)
            return None

    def _discard(self, artifact: Artifact, error: MetadataInvalidError) -> None:
        """Note that *artifact* is passed over, in pip's words."""
        if isinstance(error, MetadataInconsistentError):
            self.notices[discarded(artifact, error)] = None
            return
        self.notices[
            f"Ignoring version {artifact.version} of {artifact.name} since it has invalid metadata: {error.message}"
        ] = None

    def _candidate(
        self, artifact: HeldArtifact, required_by: str | None, asked: NormalizedName | None = None
    ) -> FileCandidate | None:
        """Judge by the listing, then by the metadata; ``None`` when the file is hidden.

        *asked* is the name that a direct reference is required by, if it is.
        """
        # Addresses that differ in the hash they promise are not the same reference (pip: models/link.py).
        is_direct = artifact.source.kind is SourceKind.DIRECT
        key = (artifact.url, artifact.source.url, *(sorted(artifact.hashes.items()) if is_direct else ()))
        if key in self._files:
            return self._files[key]
        artifact, verdict, metadata = self._judged(artifact, required_by, asked)
        if verdict.denied:
            self.hidden[key] = verdict
        is_candidate = self.rules.strict or not verdict.denied
        self._files[key] = FileCandidate(artifact, verdict, metadata) if is_candidate else None
        return self._files[key]

    def _judged(
        self, artifact: HeldArtifact, required_by: str | None, asked: NormalizedName | None
    ) -> tuple[HeldArtifact, Verdict, Metadata | None]:
        verdict = self.judge(artifact, required_by, None)
        if verdict.denied:
            return artifact, verdict, None
        check_user_hashes(artifact, artifact.hashes)
        metadata = self._metadata_of(artifact, required_by)
        if isinstance(metadata, Verdict):
            return artifact, metadata, None
        check_consistency(artifact, metadata, asked)
        # Only a build tells the name of a source tree: it is judged once more, by the name it turned out to have.
        artifact = self.hold(replace(artifact, name=metadata.name, version=metadata.version))
        verdict = self.judge(artifact, required_by, metadata)
        return artifact, verdict, None if verdict.denied else metadata

    def _metadata_of(self, artifact: HeldArtifact, required_by: str | None) -> Metadata | Verdict:
        """Return the metadata, by a build if there is no other way, or what denies the file before it is built."""
        try:
            return self.index.metadata(artifact)
        except MetadataDynamicError:
            source = self.builds.verify(artifact)
        verdict = self.judge(source.measured, required_by, None)
        return verdict if verdict.denied else self.builds.build(source)

    def _installed_candidate(self, name: NormalizedName, specifier: SpecifierSet) -> InstalledCandidate | None:
        if self.rules.reinstalls:
            return None
        if name not in self._installed:
            distribution = self.installed(name)
            self._installed[name] = InstalledCandidate(distribution) if distribution else None
        candidate = self._installed[name]
        if candidate is None or not specifier.contains(candidate.version, prereleases=True):
            return None
        return candidate

    def _upgrades(self, identifier: str) -> bool:
        if self.rules.strategy == "only-if-needed":
            return identifier in self.requested or project_of(identifier) in self.requested
        return self.rules.strategy == "eager"

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
        artifact = self.hold(self.open_reference(reference, name))
        try:
            return self._candidate(artifact, required_by, name)
        except MetadataInconsistentError as error:
            self._discard(artifact, error)
            return None

    # --- dependencies

    def _dependencies(self, candidate: Candidate) -> Iterator[Requires]:
        if isinstance(candidate, PythonCandidate):
            return
        if isinstance(candidate, ExtrasCandidate):
            yield ExplicitRequirement(candidate.base)
            yield from self._of_extras(candidate)
            return
        metadata = _metadata(candidate)
        if metadata is None:
            return
        if isinstance(candidate, FileCandidate) and metadata.requires_python and not self.rules.ignore_requires_python:
            yield PythonRequirement(metadata.requires_python)
        if not self.rules.no_dependencies:
            yield from self._of_metadata(candidate, metadata, frozenset())

    def _of_extras(self, candidate: ExtrasCandidate) -> Iterator[Requires]:
        metadata = _metadata(candidate.base)
        if metadata is None or self.rules.no_dependencies:
            return
        for extra in sorted(candidate.extras - metadata.provides_extra):
            self.warnings[f"{metadata.name} {metadata.version} does not provide the extra '{extra}'"] = None
        yield from self._of_metadata(candidate, metadata, candidate.extras & metadata.provides_extra)

    def _of_metadata(
        self, parent: Candidate, metadata: Metadata, extras: frozenset[NormalizedName]
    ) -> Iterator[Requires]:
        for requirement in metadata.requires_dist:
            if applies(requirement, self.rules.markers, extras):
                yield from self._of_requirement(requirement, str(parent))

    def _of_requirement(self, requirement: Requirement, parent: str) -> Iterator[Requires]:
        name = canonicalize_name(requirement.name)
        extras = frozenset(canonicalize_name(extra) for extra in requirement.extras)
        if requirement.url is not None:
            yield from self._of_url(name, requirement.url, extras, parent)
            return
        yield from self.specified(SpecifierRequirement(name, requirement.specifier, extras, origin=parent))

    def specified(self, requirement: SpecifierRequirement) -> Iterator[SpecifierRequirement]:
        """Yield the requirements that stand for one with extras and a specifier (pip: factory.py)."""
        if requirement.extras and requirement.specifier and self.rules.splits_extras:
            yield replace(requirement, extras=frozenset())
        yield requirement

    def _of_url(
        self, name: NormalizedName, url: str, extras: frozenset[NormalizedName], parent: str
    ) -> Iterator[Requires]:
        try:
            reference = parse_reference(url)
        except ValueError as error:
            yield ImpossibleRequirement(name, f"{url!r} is no address: {error}")
            return
        yield from self.explicit(reference, name, extras, parent)

    def explicit(
        self,
        reference: Reference,
        name: NormalizedName | None,
        extras: frozenset[NormalizedName],
        required_by: str | None,
    ) -> Iterator[Requires]:
        """Yield the requirements that stand for a direct reference."""
        artifact = self.hold(self.open_reference(reference, name))
        try:
            candidate = self._candidate(artifact, required_by, name)
        except MetadataInvalidError as error:
            if isinstance(error, MetadataInconsistentError) and name is not None:
                self._discard(artifact, error)
            elif required_by is None:
                raise
            yield ImpossibleRequirement(name or artifact.name, error.message)
            return
        if candidate is None:
            yield ImpossibleRequirement(artifact.name, "denied")
            return
        if not extras or self.rules.splits_extras:
            yield ExplicitRequirement(candidate)
        if extras:
            yield ExplicitRequirement(self.with_extras(candidate, extras))


def _metadata(candidate: BaseCandidate) -> Metadata | None:
    return candidate.metadata if isinstance(candidate, FileCandidate) else candidate.distribution.metadata


def applies(requirement: Requirement, markers: Mapping[str, str], extras: frozenset[NormalizedName]) -> bool:
    """Whether *requirement* holds here, for any of *extras* or for none (pip: metadata/importlib/_dists.py)."""
    if requirement.marker is None:
        return True
    return any(requirement.marker.evaluate({**markers, "extra": extra}) for extra in (extras or ("",)))
