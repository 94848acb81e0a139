"""Judge versions of which the file is not known: what an environment holds, and ``name==version`` lines.

Of such a version the file counts that pip would take for it now. Rules about a file's form say nothing of it. Where no
index offers it, or the one that should does not answer, what only an index knows is a missing fact.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, ClassVar

from packaging.specifiers import SpecifierSet
from packaging.version import InvalidVersion, Version

from safeinstall.errors import SafeInstallError, SourceError
from safeinstall.facts.artifact import Artifact, ArtifactKind, Source, SourceKind
from safeinstall.facts.evidence import Price
from safeinstall.facts.finding import Finding, Level
from safeinstall.judge.closed import closed_verdicts
from safeinstall.judge.evaluate import weighed
from safeinstall.judge.gather import Gatherer
from safeinstall.judge.judge import Judge
from safeinstall.pipeline import ADVISORY_RULES, make_judge
from safeinstall.request.requirements import Root
from safeinstall.resolve.user_hashes import UserHashes
from safeinstall.sources.network.urls import redacted

if TYPE_CHECKING:
    from collections.abc import Iterable

    from packaging.utils import NormalizedName

    from safeinstall.commands.target import Target
    from safeinstall.facts.artifact import Metadata
    from safeinstall.facts.verdict import Verdict
    from safeinstall.policy.model import Policy
    from safeinstall.request.requirements import Reference
    from safeinstall.resolve.finder import CandidateFinder
    from safeinstall.sources.pip.environment import InstalledPackage

FILE_RULES = frozenset({"contents", "hashes", "sdists"})
"""They judge the form of a file, which nobody knows any more."""
NOT_LISTED = "no index offers a file of it for this environment"


@dataclass(slots=True)
class InstalledJudge:
    """Judges versions of which the file is not known. Never raises for a source that does not answer."""

    target: Target
    policy: Policy
    place: str
    """Where the versions were found, for messages."""
    finder: CandidateFinder
    listed: Judge
    """Of what an index offers."""
    direct: Judge
    """Of what came from an address, whose name no index is told."""
    unlisted: Judge
    literal: Judge
    """Of a version that is not PEP 440: only advisories can name it."""
    problems: dict[str, None] = field(default_factory=dict)
    """What indexes failed to say, each once."""

    DIRECT: ClassVar[frozenset[str]] = FILE_RULES | {"direct-references"}

    @classmethod
    def over(cls, packages: Iterable[InstalledPackage], target: Target, policy: Policy, place: str) -> InstalledJudge:
        """Return the judge of *packages*, and start asking the indexes about them."""
        packages = list(packages)
        roots = tuple(Root(name=package.name) for package in packages)
        invocation, finder = replace(target.invocation, roots=roots), target.finder
        for name in dict.fromkeys(package.name for package in packages if package.reference is None):
            target.world.index.prefetch_pages(name)
        remaining = policy.without(FILE_RULES)
        listed = make_judge(invocation, remaining, target.world, finder, target.as_of)
        listed.measures = False
        apart = _apart(listed.gatherer)
        others = frozenset(rule.id for rule in policy.all_rules) - ADVISORY_RULES
        direct, unlisted, literal = (
            Judge(apart, ruled) for ruled in (remaining, policy.without(cls.DIRECT), policy.without(others))
        )
        judge = cls(target, policy, place, finder, listed, direct, unlisted, literal)
        if listed.attests:
            judge._look_ahead(packages)
        return judge

    def __call__(self, package: InstalledPackage) -> Verdict:
        """Judge one package by its version. What cannot be read of it is a missing fact."""
        verdict = self._by_version(package)
        if not package.problem:
            return verdict
        message = f"what it says of itself cannot be read: {package.problem}"
        return verdict.also((self._missing("evidence", None, message),))

    def _by_version(self, package: InstalledPackage) -> Verdict:
        try:
            version = Version(package.version)
        except InvalidVersion:
            return self._by_literal(package)
        if package.reference is not None:
            return self._by_metadata(self.direct, _direct(package, package.reference, version), package.metadata)
        files, reason = self._files(package.name, version)
        if not files and (unasked := self._unasked(package.name, version)):
            return unasked
        if not files:
            return self._not_listed(package, version, reason)
        verdicts = [self._by_metadata(self.listed, file, package.metadata) for file in files]
        return next((verdict for verdict in verdicts if not verdict.denied), verdicts[0])

    def _look_ahead(self, packages: Iterable[InstalledPackage]) -> None:
        """Start on the provenance of all that an index lists."""
        for package in packages:
            with suppress(InvalidVersion, SafeInstallError):  # told when it is its turn
                if package.reference is None:
                    version = Version(package.version)
                    files = self.finder.applicable(package.name, SpecifierSet(f"=={version}"), {})
                    next((file for file in files if file.version == version and self.listed.foresee(file)), None)

    def _files(self, name: NormalizedName, version: Version) -> tuple[list[Artifact], str]:
        try:
            files = self.finder.applicable(name, SpecifierSet(f"=={version}"), {})
        except SafeInstallError as error:
            self.problems[error.message] = None
            return [], error.message
        return [file for file in files if file.version == version], NOT_LISTED

    def _unasked(self, name: NormalizedName, version: Version) -> Verdict | None:
        """Return the denial of a source that is not asked, if it is what might have the file."""
        with suppress(SafeInstallError):
            for verdict in closed_verdicts(name, self.finder.index.pages(name)):
                return replace(verdict, artifact=_artifact(name, version, verdict.artifact.source.display))
        return None

    def _not_listed(self, package: InstalledPackage, version: Version, reason: str) -> Verdict:
        artifact = replace(_artifact(package.name, version, self.place), unheard=reason)
        return self._by_metadata(self.unlisted, artifact, package.metadata)

    def _by_metadata(self, judge: Judge, artifact: Artifact, known: Metadata | None) -> Verdict:
        verdict = judge(artifact, None)
        if verdict.denied or not judge.asks(Price.METADATA):
            return verdict
        metadata = known or self._metadata(artifact)
        if metadata is not None:
            return judge(artifact, None, metadata)
        rules = judge.policy.rules_for(artifact.name, artifact.version).rules
        asking = (rule for rule in rules if rule.needs is Price.METADATA)
        return verdict.also(tuple(self._missing(r.id, r.on_missing, "its metadata is not known") for r in asking))

    def _metadata(self, artifact: Artifact) -> Metadata | None:
        """Return what the index says of *artifact*. Nothing is built to tell."""
        if artifact.source.kind is SourceKind.DIRECT:
            return None
        try:
            world = self.target.world
            return world.pages.metadata(UserHashes.none(world.invocation.selection).hold(artifact))
        except SafeInstallError as error:
            if isinstance(error, SourceError):
                self.problems[error.message] = None
            return None

    def _by_literal(self, package: InstalledPackage) -> Verdict:
        """Judge what is not a version: advisories may list it; for every other rule it is a missing fact."""
        artifact = _artifact(package.name, Version("0"), self.place, literal=package.version or "unknown")
        if package.problem and not package.version:
            return self.literal(artifact, None)
        known = f"{package.version} is not a version (PEP 440)" if package.version else "its version is not known"
        message = f"{known}, so that nothing but advisories can be asked of it"
        return self.literal(artifact, None).also((self._missing("evidence", None, message),))

    def _missing(self, rule: str, level: Level | None, message: str) -> Finding:
        key = f"rules.{rule}.on-missing" if level is not None else "evidence.on-missing"
        level = self.policy.evidence.on_missing if level is None else level
        finding = Finding(rule=rule, level=level, message=message, key=key, missing=True)
        return weighed(finding, mode=self.policy.mode, fail_on=self.policy.fail_on)


def _apart(known: Gatherer) -> Gatherer:
    """Return a gatherer that asks no index."""
    return Gatherer(
        advisories=known.advisories,
        siblings=lambda _: (),
        requested=known.requested,
        user_hashes={},
        as_of=known.as_of,
        lookalike=known.lookalike,
        attestations=known.attestations,
    )


def _artifact(name: NormalizedName, version: Version, place: str, *, literal: str | None = None) -> Artifact:
    """Return what stands for the file of a version that no index offers."""
    return Artifact(
        name=name,
        version=version,
        filename=f"{name}=={literal or version}",
        url="",
        kind=ArtifactKind.WHEEL,
        source=Source(kind=SourceKind.DIRECT, url="", name=place),
        literal_version=literal,
    )


def _direct(package: InstalledPackage, reference: Reference, version: Version) -> Artifact:
    source = Source(kind=SourceKind.DIRECT, url=reference.url, name=redacted(reference.url))
    filename = redacted(reference.url).rstrip("/").rpartition("/")[2]
    return Artifact(
        name=package.name, version=version, filename=filename, url=reference.url, kind=reference.kind, source=source
    )
