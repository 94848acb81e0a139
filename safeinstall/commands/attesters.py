"""Who attests what is asked about, and whether a policy still names them: as an index tells it, or proved."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from packaging.specifiers import SpecifierSet

from safeinstall.errors import EXIT_DENIED, EXIT_EVIDENCE, EXIT_PIP_ERROR, SourceError
from safeinstall.facts.finding import Level
from safeinstall.facts.provenance import Provenance as Attested
from safeinstall.facts.provenance import Refuted
from safeinstall.facts.terms import admits
from safeinstall.facts.values import Missing
from safeinstall.judge.attestations import Attestations
from safeinstall.pipeline import make_judge, policy_age
from safeinstall.rules.base import one_line
from safeinstall.rules.provenance import Provenance

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from safeinstall.commands.asked import Asked
    from safeinstall.commands.target import Target
    from safeinstall.facts.artifact import Artifact
    from safeinstall.facts.evidence import Evidence
    from safeinstall.facts.provenance import Publisher
    from safeinstall.judge.gather import Gatherer
    from safeinstall.judge.judge import Judge
    from safeinstall.policy.model import Policy
    from safeinstall.resolve.finder import CandidateFinder

OTHERS = frozenset({"provenance", "origin"})
"""The rules about provenance of a policy, which have nothing to say here."""


@dataclass(frozen=True, slots=True)
class Found:
    """What is known of one project."""

    label: str
    artifact: Artifact | None = None
    """The file that was looked at: the one that pip would take, of those that the rest of the policy lets pass."""
    publishers: tuple[Publisher, ...] = ()
    """Who has attested it."""
    problem: str = ""
    """Why that is nobody, or nobody to rely on."""
    remedy: str = ""
    """What to do about it, if anything."""
    exit_code: int = 0
    """Of the problem: what is attested does not hold, or not to a lock; a fact that could not be had; or there is no
    file. That nobody has attested it, or somebody new, is none."""


@dataclass(slots=True)
class Attesters:
    """Answers from the indexes of a target. Each is asked for all projects at once."""

    _judge: Judge
    _gatherer: Gatherer
    _finder: CandidateFinder
    _target: Target
    _rule: Provenance

    @classmethod
    def over(cls, target: Target, policy: Policy, *, proof: bool) -> Attesters:
        """Return what asks the indexes of *target*, and proves what they say if *proof*.

        What came before is compared as the strictest policy does it: nobody is named who has just appeared.
        """
        finder = target.finder
        judge = make_judge(target.invocation, policy.without(OTHERS), target.world, finder, target.as_of)
        judge.gatherer.attestations = Attestations(
            target.world.provenance, target.world.index.pages, policy_age(policy)
        )
        return cls(judge, judge.gatherer, finder, target, Provenance(level=Level.ALLOW, verify=proof))

    def __call__(self, asked: Sequence[Asked]) -> list[Found]:
        """Return what is known of each. Raises nothing for a source that does not answer."""
        for each in asked:
            if each.name is not None:
                self._target.world.index.prefetch_pages(each.name)
        files = [self._file(each) for each in asked]
        listed = [self._gatherer.gather(file, None) if not isinstance(file, Found) else file for file in files]
        for evidence in listed:
            if not isinstance(evidence, Found):
                self._gatherer.prefetch_attested(evidence, [self._rule])
        return [
            evidence if isinstance(evidence, Found) else self._found(each.label, evidence)
            for each, evidence in zip(asked, listed, strict=True)
        ]

    def _file(self, asked: Asked) -> Artifact | Found:
        if asked.name is None:
            return Found(asked.label, problem=f"{asked.label} is of no index")
        specifier = asked.specifier if asked.installed is None else SpecifierSet(f"=={asked.installed}")
        try:
            files = self._finder.applicable(asked.name, specifier, asked.hashes)
        except SourceError as error:
            return Found(asked.label, problem=error.message, remedy=error.hint or "", exit_code=EXIT_EVIDENCE)
        if not files:
            return _without_file(asked, specifier)
        return next((file for file in files if not self._judge(file, None).denied), files[0])

    def _found(self, label: str, listed: Evidence) -> Found:
        evidence = self._gatherer.attested(listed, [self._rule])
        artifact, fact = evidence.artifact, evidence.provenance
        findings = sorted(self._rule.check(evidence), key=lambda finding: not finding.final)
        said = [finding.message for finding in findings]
        remedy = next((finding.remedy for finding in findings[:1] if finding.remedy), "")
        by = fact.publishers if isinstance(fact, Attested) else ()
        if not said and not by:
            said = [fact.reason if isinstance(fact, Missing | Refuted) else "nobody has attested it"]
        problem = f"{artifact.release}: {said[0]}" if said else ""
        is_denied = any(finding.final for finding in findings)
        code = EXIT_DENIED if is_denied else EXIT_EVIDENCE if isinstance(fact, Missing) else 0
        return Found(label, artifact, by, problem, remedy, code)


def _without_file(asked: Asked, specifier: SpecifierSet) -> Found:
    """What is installed may well be of no index; what is asked for must be of one."""
    what = f"{asked.label} {specifier}".rstrip()
    return Found(
        asked.label,
        problem=f"no index offers a file of {what} here",
        remedy="look whether it is spelled so, and on which index it is",
        exit_code=EXIT_PIP_ERROR if asked.installed is None else 0,
    )


def outdated_here(policy: Policy, target: Target, files: Iterable[Artifact]) -> Iterator[tuple[str, str]]:
    """Ask the indexes of *target* who has attested *files*, as far as entries are for them, and yield as `outdated`."""
    rule = _rule_of(policy)
    bound = [file for file in files if any(one.package.matches(file.name, file.version) for one in rule.publishers)]
    if bound:
        known = Attestations(target.world.provenance, target.world.index.pages, policy_age(policy))
        facts = [(file, known.fact(file, verify=False)) for file in bound]
        yield from outdated(policy, [(file, f.publishers) for file, f in facts if isinstance(f, Attested)])


def outdated(policy: Policy, known: Iterable[tuple[Artifact, Sequence[Publisher]]]) -> Iterator[tuple[str, str]]:
    """Yield the key of each entry of ``publishers`` that names none of those who have attested the files it is for.

    *known* has the files, and who has attested each. Of a file that nobody has attested nothing follows.
    """
    files, rule = [(artifact, publishers) for artifact, publishers in known if publishers], _rule_of(policy)
    for number, binding in enumerate(rule.publishers):
        own = [one for one in files if binding.package.matches(one[0].name, one[0].version)]
        by = dict.fromkeys(publisher for _, publishers in own for publisher in publishers)
        if own and not any(admits(binding.publisher, publisher) for publisher in by):
            releases = ", ".join(dict.fromkeys(artifact.release for artifact, _ in own))
            who = ", ".join(one_line(publisher.shown) for publisher in by)
            others = [one.publisher for one in rule.publishers if one.package == binding.package]
            is_met = all(any(admits(one, publisher) for one in others) for publisher in by)
            way = "remove it" if is_met else "change it if the project tells that it has moved"
            message = f"{binding.publisher.shown} has attested nothing of {one_line(releases)}, {who} has: {way}"
            yield f"rules.provenance.publishers[{number}]", message


def _rule_of(policy: Policy) -> Provenance:
    return next((rule for rule in policy.rules if isinstance(rule, Provenance)), Provenance())
