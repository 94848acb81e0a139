"""Resolve: requirements in, the exact files out, or the reason why not."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from packaging.requirements import Requirement
from resolvelib import ResolutionImpossible, ResolutionTooDeep

from safeinstall.errors import EXIT_DENIED, EXIT_EVIDENCE, SafeInstallError, UnsatisfiableError
from safeinstall.facts.artifact import ArtifactKind, InstalledDistribution
from safeinstall.facts.values import Missing
from safeinstall.facts.verdict import Pinned
from safeinstall.resolve.explain import explain_conflict, in_short, unknown_projects
from safeinstall.resolve.nodes import (
    Asked,
    ExtrasCandidate,
    FileCandidate,
    ImpossibleRequirement,
    InstalledCandidate,
    PythonCandidate,
    SpecifierRequirement,
    project_of,
)
from safeinstall.resolve.search.reporter import Nobody, Reporter

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from packaging.utils import NormalizedName

    from safeinstall.errors import Said
    from safeinstall.facts.verdict import Verdict
    from safeinstall.request.requirements import Root
    from safeinstall.resolve.nodes import Candidate, Requires
    from safeinstall.resolve.preference import Information
    from safeinstall.resolve.provider import Provider
    from safeinstall.resolve.search.backtracking import Found
    from safeinstall.resolve.search.ways import Ways

MAX_ROUNDS = 200_000
"""pip: resolution/resolvelib/resolver.py."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Requirer:
    """One reason why a project is in the resolution."""

    by: NormalizedName | None
    """The project that asks; ``None`` for the user."""
    text: str
    """The requirement as written."""
    asker: str = field(default="", compare=False)
    """The name of the project that asks, as it is written; of the user: the file and line, if it is one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolution:
    """What was chosen, and why. Holds no file whose verdict denies it."""

    pins: tuple[Pinned, ...]
    """To be installed, sorted by name."""
    kept: tuple[InstalledDistribution, ...]
    """Already installed and staying, sorted by name."""
    required_by: Mapping[NormalizedName, tuple[Requirer, ...]]
    hidden: tuple[Verdict, ...] = ()
    """Verdicts of every file that was passed over because of the policy."""
    notices: tuple[str, ...] = ()
    """What pip would have warned of on the way, of files that it never gets to see here."""
    warnings: tuple[str, ...] = ()
    """What pip would have warned of on the way, and says again when it goes on."""
    loose: tuple[NormalizedName, ...] = ()
    """Projects of which something that is pinned requires another version: pip's search can forget a requirement."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """No resolution that the policy allows. Not an exception: a result."""

    verdicts: tuple[Verdict, ...]
    """The denied files that mattered, most preferred first."""
    required_by: Mapping[NormalizedName, tuple[Requirer, ...]] = field(default_factory=dict)
    conflict: str = ""
    """What pip would say of the requirements that cannot be met together, if that is how it failed."""
    hidden: tuple[Verdict, ...] = ()
    notices: tuple[str, ...] = ()
    building: tuple[str, ...] = ()
    """The build requirements that were refused, if it is a build that they are for."""

    @property
    def exit_code(self) -> int:
        """What the program exits with: missing facts alone are told apart from a denial."""
        denials = [finding for verdict in self.verdicts for finding in verdict.denials]
        return EXIT_EVIDENCE if denials and all(finding.missing for finding in denials) else EXIT_DENIED


class BuildRefusedError(SafeInstallError):
    """The policy refuses what a build requires."""

    exit_code = EXIT_DENIED

    def __init__(self, refusal: Refusal) -> None:
        """Keep the *refusal*, which is what there is to tell."""
        super().__init__(f"the policy refuses what a build requires: {', '.join(refusal.building)}")
        self.refusal = refusal


def refused(resolution: Resolution, verdicts: tuple[Verdict, ...]) -> Refusal:
    """Return the refusal of a resolution of which files turned out to be denied once they were there."""
    return Refusal(
        verdicts=verdicts,
        required_by=resolution.required_by,
        hidden=resolution.hidden,
        notices=resolution.notices,
    )


def root_requirements(provider: Provider, roots: Iterable[Root]) -> list[Requires]:
    """Turn the user's requirements into resolvelib's, those with extras last, as pip orders them."""
    found: list[Requires] = []
    for place, root in enumerate(roots):
        own = list(_requirements_of(provider, root))
        if own and root.user_supplied:
            provider.requested.setdefault(own[0].key, place)
        found += own
    return sorted(found, key=lambda r: "[" in r.key) if provider.rules.splits_extras else found


def _requirements_of(provider: Provider, root: Root) -> Iterable[Requires]:
    if root.reference is not None:
        asked = Asked(root.literal_name, root.origin, root.reference.text, root.editable)
        return provider.explicit(root.reference, root.name, root.extras, None, asked)
    if root.name is None:
        return ()
    written = Requirement(root.text) if root.text else None
    return provider.specified(
        SpecifierRequirement(root.name, root.specifier, root.extras, root.origin, root, written, root.origin)
    )


def resolve(provider: Provider, roots: tuple[Root, ...], reporter: Reporter | None = None) -> Resolution | Refusal:
    """Run the resolver, which tells *reporter* how far it is.

    Raises ``UnsatisfiableError`` where pip would fail too, ``SourceError`` where a source does not answer.
    """
    requirements, reporter = root_requirements(provider, roots), reporter or Reporter({}, Nobody())
    try:
        result = provider.search.run(provider, reporter, requirements, MAX_ROUNDS)
    except ResolutionImpossible as impossible:
        return _impossible(provider, impossible, reporter.ways)
    except ResolutionTooDeep:
        raise UnsatisfiableError(
            "the dependency resolution exceeded its maximum depth", hint="narrow the requirements, or pin some of them"
        ) from None
    finally:
        reporter.onlooker.end()
    denied = tuple(c.verdict for c in _files(result) if c.verdict.denied)
    if provider.candidates.strict:  # whether pip would take what is offered there, nobody knows
        denied += tuple(v for c in _files(result) for v in provider.candidates.closed.get(c.artifact.name, ()))
    if denied:
        return Refusal(
            verdicts=denied,
            required_by=_requirers(result),
            hidden=tuple(provider.candidates.hidden.values()),
            notices=tuple(provider.candidates.notices),
        )
    return _resolution(provider, result)


def _files(result: Found) -> list[FileCandidate]:
    return [c for c in result.mapping.values() if isinstance(c, FileCandidate)]


def _impossible(provider: Provider, impossible: ResolutionImpossible[Requires, Candidate], ways: Ways) -> Refusal:
    causes = tuple(impossible.causes)
    touched = {project_of(cause.requirement.key) for cause in causes}
    touched |= {project_of(cause.parent.key) for cause in causes if cause.parent is not None}
    unasked = (v for name in sorted(touched) for v in provider.candidates.closed.get(name, ()))
    mattered = (*(v for v in provider.candidates.hidden.values() if v.artifact.name in touched), *unasked)
    explained = len(causes) == 1 and _is_explained(causes[0].requirement, mattered)
    said = () if explained else explain_conflict(provider, causes)  # which may ask an index
    if not mattered:
        notices: list[Said] = [(level, notice) for notice, level in provider.candidates.notices.items()]
        raise UnsatisfiableError(*notices, *said, unknown=unknown_projects(provider, causes))
    return Refusal(
        verdicts=mattered,
        required_by=_as_requirers(ways.above(causes)),
        conflict="" if explained else in_short(said),
        hidden=tuple(provider.candidates.hidden.values()),
        notices=tuple(provider.candidates.notices),
    )


def _is_explained(requirement: Requires, refused: Iterable[Verdict]) -> bool:
    """Whether the refused files are all there is to say: pip would tell of versions that do not match."""
    return any(
        isinstance(requirement, ImpossibleRequirement)
        or bool(v.artifact.source.denied)
        or (
            isinstance(requirement, SpecifierRequirement)
            and requirement.specifier.contains(v.artifact.version, prereleases=True)
        )
        for v in refused
        if v.artifact.name == project_of(requirement.key)
    )


def _as_requirers(asked: Iterable[Information]) -> dict[NormalizedName, tuple[Requirer, ...]]:
    found: dict[NormalizedName, dict[Requirer, None]] = {}
    for requirement, parent in asked:
        by = None if parent is None else project_of(parent.key)
        text = requirement.name if isinstance(requirement, ImpossibleRequirement) else str(requirement)
        found.setdefault(project_of(requirement.key), {})[_requirer(by, text, requirement, parent)] = None
    return {name: tuple(requirers) for name, requirers in found.items()}


def _requirers(result: Found) -> dict[NormalizedName, tuple[Requirer, ...]]:
    found: dict[NormalizedName, dict[Requirer, None]] = {}
    for criterion in result.criteria.values():
        for requirement, parent in criterion.information:
            name = project_of(requirement.key)
            by = None if parent is None else project_of(parent.key)
            if isinstance(parent, PythonCandidate) or by == name:
                continue
            found.setdefault(name, {})[_requirer(by, str(requirement), requirement, parent)] = None
    return {name: tuple(requirers) for name, requirers in found.items()}


def _requirer(by: NormalizedName | None, text: str, requirement: Requires, parent: Candidate | None) -> Requirer:
    base, asker = parent.base if isinstance(parent, ExtrasCandidate) else parent, ""
    if isinstance(base, FileCandidate):
        asker = base.artifact.stated_name
    elif isinstance(base, InstalledCandidate) and not isinstance(base.distribution.metadata, Missing):
        asker = base.distribution.metadata.literal_name
    elif isinstance(requirement, SpecifierRequirement):
        asker = requirement.asker
    return Requirer(by=by, text=text, asker=asker)


def _resolution(provider: Provider, result: Found) -> Resolution:
    extras: dict[NormalizedName, frozenset[NormalizedName]] = {}
    for candidate in result.mapping.values():
        if isinstance(candidate, ExtrasCandidate):
            name = project_of(candidate.key)
            extras[name] = extras.get(name, frozenset()) | candidate.extras
    pins, kept = [], []
    for candidate in result.mapping.values():
        if isinstance(candidate, InstalledCandidate):
            kept.append(candidate.distribution)
        elif isinstance(candidate, FileCandidate):
            pins.append(_pinned(provider, candidate, extras.get(candidate.artifact.name, frozenset())))
    stays = {pin.artifact.name for pin in pins if not pin.installs}
    return Resolution(
        pins=tuple(sorted(pins, key=lambda p: p.artifact.name)),
        kept=tuple(sorted(kept, key=lambda d: d.name)),
        required_by=_requirers(result),
        hidden=tuple(provider.candidates.hidden.values()),
        notices=(*provider.candidates.notices, *dict.fromkeys(_unasked(provider))),
        warnings=tuple(provider.warnings),
        loose=tuple(sorted({*_loose(provider, result, stays)})) if result.forgetful or stays else (),
    )


def _loose(provider: Provider, result: Found, stays: Collection[str]) -> Iterator[NormalizedName]:
    for name, candidate in result.mapping.items():
        installed = provider.candidates.installed(project_of(name)) if name in stays else None
        for requirement in provider.get_dependencies(InstalledCandidate(installed) if installed else candidate):
            pinned = result.mapping.get(requirement.key)
            if pinned is not None and not requirement.is_satisfied_by(pinned):
                yield project_of(requirement.key)


def _unasked(provider: Provider) -> Iterator[str]:
    """Yield one line for each source that was left out, whichever projects it might have had."""
    for verdict in (verdict for verdicts in provider.candidates.closed.values() for verdict in verdicts):
        finding = verdict.denials[0]
        yield f"{verdict.artifact.source.display} was not asked: {finding.rule}: {finding.message}"


def _installs(provider: Provider, candidate: FileCandidate, *, requested: bool) -> bool:
    """Whether pip does not stop at having looked at the file (pip: resolver.py, after the resolution)."""
    if requested and provider.rules.only_dependencies:
        return False
    installed = None if provider.candidates.reinstalls else provider.candidates.installed(candidate.artifact.name)
    return installed is None or not _stays(installed, candidate)


def _stays(installed: InstalledDistribution, candidate: FileCandidate) -> bool:
    """Whether pip leaves the installed one in place of a direct reference."""
    if installed.version != candidate.version or installed.editable:
        return False
    is_local = candidate.artifact.url.startswith("file:")
    return not is_local or candidate.artifact.kind is ArtifactKind.WHEEL


def _pinned(provider: Provider, candidate: FileCandidate, extras: frozenset[NormalizedName]) -> Pinned:
    if candidate.metadata is None:
        raise ValueError(Pinned.MESSAGE)
    requested = any(project_of(key) == candidate.artifact.name for key in provider.requested)
    return Pinned(
        artifact=candidate.artifact,
        metadata=candidate.metadata,
        verdict=candidate.verdict,
        requested=requested,
        installs=_installs(provider, candidate, requested=requested),
        extras=extras,
    )
