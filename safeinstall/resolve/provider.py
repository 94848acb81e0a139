"""The resolvelib provider: pip's answer over a judged index (pip: resolution/resolvelib/{provider,factory}.py).

It says what is asked next and what each candidate requires; ``candidates.py`` says which candidates there are.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from itertools import chain
from typing import TYPE_CHECKING, Any

from packaging.utils import NormalizedName, canonicalize_name
from resolvelib import AbstractProvider

from safeinstall.errors import (
    MetadataInconsistentError,
    MetadataInvalidError,
    UnsatisfiableError,
    UnsupportedWheelError,
)
from safeinstall.facts.values import Missing
from safeinstall.request.requirements import parse_reference
from safeinstall.resolve.constraints import Constraint
from safeinstall.resolve.finder import merge_hashes, parse_hashes
from safeinstall.resolve.nodes import (
    PYTHON,
    Asked,
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

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence

    from packaging.requirements import Requirement
    from packaging.version import Version

    from safeinstall.facts.artifact import Artifact, Metadata
    from safeinstall.request.requirements import Reference
    from safeinstall.resolve.candidates import Candidates
    from safeinstall.resolve.nodes import BaseCandidate, Candidate, Requires
    from safeinstall.resolve.preference import DepthPreference, Information, Preference
    from safeinstall.resolve.search.backtracking import Search


@dataclass(slots=True)
class Rules:
    """What the command line says about the resolution as a whole."""

    markers: Mapping[str, str]
    python: Version
    strategy: str = "to-satisfy-only"
    no_dependencies: bool = False
    only_dependencies: bool = False
    ignore_requires_python: bool = False
    splits_extras: bool = True
    """Whether ``a[x]<2`` also binds ``a`` by itself and ``a<2`` also ``a[x]``; where the user asks, it comes last."""
    python_first: bool = True
    """Whether a candidate asks for its Python before it asks for anything else."""


@dataclass(slots=True)
class Provider(AbstractProvider["Requires", "Candidate", str]):
    """What resolvelib asks, answered as pip would over the files that the judge lets pass."""

    candidates: Candidates
    preference: Preference | DepthPreference
    search: type[Search]
    """How it goes back."""
    rules: Rules
    constraints: Mapping[NormalizedName, Constraint]
    requested: dict[str, int]
    """What the user asks for, by identifier, with its place; ``-U`` alone upgrades these (pip: ``user_requested``)."""
    direct: set[NormalizedName] = field(default_factory=set)
    """Projects of which a requirement names the file: as pip, we tell no index their names."""
    hear: Callable[[Artifact, Iterable[NormalizedName]], None] = lambda *_: None
    """Is told what each file requires that may be chosen."""
    warnings: dict[str, None] = field(default_factory=dict)
    """What pip would warn of, in order, and says again when it goes on."""
    asked: dict[int, Asked] = field(default_factory=dict)
    """By the identity of a candidate."""
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
        bound_by = (*own, *base) if self.rules.splits_extras else own
        specifiers = [r for r in bound_by if isinstance(r, SpecifierRequirement)]
        explicit = self._explicit(own, base, extras)
        if specifiers:
            try:
                explicit += self._constrained(name, constraint, extras)
            except UnsupportedWheelError:
                return []  # whoever asks for it may be backed away from (pip: factory.py)
        # Nothing asks the index: nothing is found there, also where who asked has been unpinned (factory.py).
        bound = explicit or constraint.references or not specifiers
        if bound or any(isinstance(r, ImpossibleRequirement) for r in own):
            return [
                c
                for c in explicit
                if id(c) not in excluded and constraint.is_satisfied_by(c) and all(r.is_satisfied_by(c) for r in own)
            ]
        return lambda: self._found(identifier, specifiers, constraint, excluded)

    def get_dependencies(self, candidate: Candidate) -> list[Requires]:
        """Return what *candidate* requires, and start fetching it."""
        found = list(self._dependencies(candidate))
        for requirement in found:
            if isinstance(requirement, SpecifierRequirement) and self.asks_index(requirement.name):
                self.candidates.index.prefetch_pages(requirement.name)
        file = candidate.base if isinstance(candidate, ExtrasCandidate) else candidate
        if isinstance(file, FileCandidate) and not file.verdict.denied:
            self.hear(file.artifact, [r.name for r in found if isinstance(r, SpecifierRequirement)])
        return found

    def asks_index(self, name: NormalizedName) -> bool:
        """Whether an index has to be asked for *name*: nothing that is known so far names its file."""
        return name not in self.direct and not self.constraints.get(name, Constraint()).references

    # --- candidates

    def _explicit(
        self, own: Sequence[Requires], base: Sequence[Requires], extras: frozenset[NormalizedName]
    ) -> list[BaseCandidate | ExtrasCandidate]:
        found = {id(r.candidate): r.candidate for r in own if isinstance(r, ExplicitRequirement)}
        for requirement in base:
            if isinstance(requirement, ExplicitRequirement) and not isinstance(requirement.candidate, ExtrasCandidate):
                with_extras = self.candidates.with_extras(requirement.candidate, extras)
                found[id(with_extras)] = with_extras
        return list(found.values())

    def _constrained(
        self, name: NormalizedName, constraint: Constraint, extras: frozenset[NormalizedName]
    ) -> list[BaseCandidate | ExtrasCandidate]:
        candidates = (self.candidates.from_reference(reference, name, None) for reference in constraint.references)
        return [self._shown(c, extras) for c in candidates if c is not None]

    def _found(
        self,
        identifier: str,
        asked: Sequence[SpecifierRequirement],
        constraint: Constraint,
        excluded: Collection[int],
    ) -> Iterator[Candidate]:
        name, extras = project_of(identifier), extras_of(identifier)
        specifier, hashes = constraint.specifier, constraint.hashes
        for requirement in asked:
            specifier &= requirement.specifier
            if requirement.root is not None:
                hashes = merge_hashes(hashes, parse_hashes(requirement.root.hashes))
        first = asked[0]
        self.candidates.finder.literal_names.setdefault(name, first.literal_name)
        installed = self.candidates.of_installed(name, specifier)
        if installed is not None and id(self._shown(installed, extras)) in excluded:
            installed = None  # and then the file of the same version counts
        for base in self.candidates.in_order(name, specifier, hashes, installed, upgrades=self._upgrades(identifier)):
            self.asked.setdefault(id(base), Asked(first.literal_name, first.asker))
            candidate = self._shown(base, extras)
            if id(candidate) not in excluded:
                yield candidate

    def _shown(self, base: BaseCandidate, extras: frozenset[NormalizedName]) -> BaseCandidate | ExtrasCandidate:
        return self.candidates.with_extras(base, extras) if extras else base

    def _upgrades(self, identifier: str) -> bool:
        if self.rules.strategy == "only-if-needed":
            return identifier in self.requested or project_of(identifier) in self.requested
        return self.rules.strategy == "eager"

    # --- dependencies

    def _dependencies(self, candidate: Candidate) -> Iterator[Requires]:
        if isinstance(candidate, PythonCandidate):
            return
        if isinstance(candidate, ExtrasCandidate):
            yield ExplicitRequirement(candidate.base)
            yield from self._of_extras(candidate)
            return
        if isinstance(candidate, InstalledCandidate) and self.rules.no_dependencies:
            return  # what it requires need not be known
        metadata = _metadata(candidate)
        if metadata is None:
            return
        python = self._of_python(candidate, metadata)
        others = () if self.rules.no_dependencies else self._of_metadata(candidate, metadata, frozenset())
        yield from chain(python, others) if self.rules.python_first else chain(others, python)

    def _of_python(self, candidate: BaseCandidate, metadata: Metadata) -> Iterator[Requires]:
        if isinstance(candidate, FileCandidate) and metadata.requires_python and not self.rules.ignore_requires_python:
            yield PythonRequirement(metadata.requires_python)

    def _of_extras(self, candidate: ExtrasCandidate) -> Iterator[Requires]:
        metadata = None if self.rules.no_dependencies else _metadata(candidate.base)
        if metadata is None:
            return
        for extra in sorted(candidate.extras - metadata.provides_extra):
            self.warnings[f"{metadata.name} {metadata.version} does not provide the extra '{extra}'"] = None
        yield from self._of_metadata(candidate, metadata, candidate.extras & metadata.provides_extra)

    def _of_metadata(
        self, parent: Candidate, metadata: Metadata, extras: frozenset[NormalizedName]
    ) -> Iterator[Requires]:
        asker = self._asker(parent, metadata)
        for requirement in metadata.requires_dist:
            if applies(requirement, self.rules.markers, extras):
                yield from self._of_requirement(requirement, str(parent), asker)

    def _asker(self, parent: Candidate, metadata: Metadata) -> str:
        """Return how pip names *parent* as the one that asks: as it was itself asked for."""
        asked = self.asked.get(id(parent.base if isinstance(parent, ExtrasCandidate) else parent))
        return asked.name if asked and asked.name else metadata.literal_name or metadata.name

    def _of_requirement(self, requirement: Requirement, parent: str, asker: str) -> Iterator[Requires]:
        name = canonicalize_name(requirement.name)
        extras = frozenset(canonicalize_name(extra) for extra in requirement.extras)
        if requirement.url is not None:
            yield from self._of_url(name, requirement.url, extras, parent, Asked(requirement.name, asker))
            return
        yield from self.specified(
            SpecifierRequirement(name, requirement.specifier, extras, origin=parent, written=requirement, asker=asker)
        )

    def specified(self, requirement: SpecifierRequirement) -> Iterator[SpecifierRequirement]:
        """Yield the requirements that stand for one with extras and a specifier (pip: factory.py)."""
        if requirement.extras and requirement.specifier and self.rules.splits_extras:
            yield replace(requirement, extras=frozenset())
        yield requirement

    def _of_url(
        self, name: NormalizedName, url: str, extras: frozenset[NormalizedName], parent: str, asked: Asked
    ) -> Iterator[Requires]:
        asked = replace(asked, link=url)
        try:
            reference = parse_reference(url)
        except ValueError as error:
            yield ImpossibleRequirement(name, f"{url!r} is no address: {error}")
            return
        yield from self.explicit(reference, name, extras, parent, asked)

    def explicit(
        self,
        reference: Reference,
        name: NormalizedName | None,
        extras: frozenset[NormalizedName],
        required_by: str | None,
        asked: Asked,
    ) -> Iterator[Requires]:
        """Yield the requirements that stand for a direct reference."""
        artifact = self.candidates.open(reference, name)
        try:
            candidate = self.candidates.candidate(artifact, required_by, name)
        except MetadataInvalidError as error:
            if isinstance(error, MetadataInconsistentError) and name is not None:
                self.candidates.discard(artifact, error)
            elif required_by is None:
                raise
            yield ImpossibleRequirement(name or artifact.name, error.message)
            return
        if candidate is None:
            yield ImpossibleRequirement(self.candidates.denied_name(artifact), "denied")
            return
        self.direct.add(project_of(candidate.key))
        self.asked.setdefault(id(candidate), asked)
        if not extras or self.rules.splits_extras:
            yield ExplicitRequirement(candidate)
        if extras:
            yield ExplicitRequirement(self.candidates.with_extras(candidate, extras))


def _metadata(candidate: BaseCandidate) -> Metadata | None:
    """Return it. Raises ``UnsatisfiableError`` for what is installed and cannot be read: pip stops here too."""
    if isinstance(candidate, FileCandidate):
        return candidate.metadata
    known = candidate.distribution.metadata
    if isinstance(known, Missing):
        raise UnsatisfiableError(
            f"what the installed package {candidate.key} requires cannot be read: {known.reason}",
            hint=f"safe-pip install --upgrade {candidate.key}, or move it away and install it again",
        )
    return known


def applies(requirement: Requirement, markers: Mapping[str, str], extras: frozenset[NormalizedName]) -> bool:
    """Whether *requirement* holds here, for any of *extras* or for none (pip: metadata/importlib/_dists.py)."""
    if requirement.marker is None:
        return True
    return any(requirement.marker.evaluate({**markers, "extra": extra}) for extra in (extras or ("",)))
