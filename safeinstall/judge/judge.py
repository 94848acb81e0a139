"""The judge: each file by each rule once, as soon as the facts that the rule needs are there.

Cheap facts come first. What the listing denies is never asked for its provenance, what that denies is never built, what
the metadata denies is never chosen, and what the contents deny is never installed.
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, TypeAlias

from packaging.utils import NormalizedName

from safeinstall.facts.evidence import Price
from safeinstall.facts.values import Missing
from safeinstall.facts.wheels.path_files import added_directories, declared_packages
from safeinstall.judge.evaluate import evaluate
from safeinstall.rules.base import ALLOW, OriginRule, ProvenanceRule

if TYPE_CHECKING:
    from datetime import datetime

    from safeinstall.facts.artifact import Artifact, Metadata
    from safeinstall.facts.evidence import Evidence
    from safeinstall.facts.values import Layout
    from safeinstall.facts.verdict import Verdict
    from safeinstall.judge.gather import Gatherer
    from safeinstall.plan.plan import Plan, VerifiedPlan
    from safeinstall.policy.model import Policy

Overlaps: TypeAlias = Mapping[NormalizedName, Mapping[NormalizedName, tuple[str, ...]]]
"""By project: which files another project installs too, or has installed, with other contents."""
HASHES = "hashes"
"""The rule that looks at them."""
_UNOPENED = Missing("what it installs is known only after its build")


@dataclass(slots=True)
class Judge:
    """Judges files, and remembers what is known and was said of each."""

    gatherer: Gatherer
    policy: Policy
    measures: bool = True
    """Whether each file whose sha256 no index tells is judged once more when it is measured."""
    _attesting: frozenset[str] = field(init=False)
    """The rules that look at provenance."""
    _listings: dict[tuple[str, ...], tuple[Evidence, Verdict]] = field(default_factory=dict)
    """By the listing alone."""
    _known: dict[tuple[str, ...], tuple[Evidence, Verdict]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Look which rules ask for provenance."""
        self._attesting = frozenset(rule.id for rule in self.policy.all_rules if isinstance(rule, ProvenanceRule))

    def __call__(self, artifact: Artifact, required_by: str | None, metadata: Metadata | None = None) -> Verdict:
        """Judge *artifact* by all that is known of it: by its listing, by its provenance where that passes, and by its
        *metadata* as soon as that is given.

        *required_by* names who wrote a direct reference, if not the user; of several authors the first one counts.
        """
        key = _key(artifact)
        evidence, verdict = self._known.get(key) or self._known.setdefault(key, self._attested(artifact, required_by))
        if artifact.sha256 and isinstance(evidence.sha256, Missing):
            evidence, verdict = self._known[key] = self._hashed(evidence, artifact)
        if metadata is not None and isinstance(evidence.metadata, Missing):
            self._known[key] = evidence, verdict = self._also(
                verdict, replace(evidence, metadata=metadata), Price.METADATA
            )
        return verdict

    def foresee(self, artifact: Artifact) -> bool:
        """Whether its listing lets *artifact* pass. Starts on its provenance then; waits for nothing."""
        evidence, verdict = self._listed(artifact, None)
        if verdict.denied:
            return False
        self.gatherer.prefetch_attested(evidence, self._attesting_rules(evidence))
        return True

    @property
    def attests(self) -> bool:
        """Whether any rule of the policy looks at provenance."""
        return bool(self._attesting)

    def asks(self, price: Price) -> bool:
        """Whether any rule of the policy needs facts of this *price*."""
        return any(rule.needs is price for rule in self.policy.all_rules)

    def awaits_hash(self, artifact: Artifact) -> bool:
        """Whether the verdict on *artifact* may be another one when its sha256 is known."""
        is_attested = bool(self._attesting) and artifact.provenance is not None
        return is_attested or any(rule.id == HASHES for rule in self.policy.all_rules)

    def measured(self, verified: VerifiedPlan) -> dict[NormalizedName, Verdict]:
        """Judge once more the files of which nothing but the bytes told the sha256."""
        pins = zip(verified.plan.pins, verified.measured.pins, strict=True)
        told = [after.artifact for before, after in pins if after.artifact.sha256 != before.artifact.sha256]
        return {artifact.name: self(artifact, None) for artifact in told}

    def expect(self, plan: Plan) -> None:
        """Start on what :meth:`open` will ask for besides the files of *plan*. Waits for nothing."""
        for pin in plan.files:
            if self.gatherer.origins and self._wants_origin(pin.artifact):
                self.gatherer.origins.prefetch(pin.artifact)

    def open(self, verified: VerifiedPlan, overlaps: Overlaps) -> dict[NormalizedName, Verdict]:
        """Judge by their contents the files that are about to be installed; *overlaps* come from looking into them."""
        known = {file.pin.artifact.name: file.layout for file in verified.files if file.layout is not None}
        added = frozenset(path for layout in known.values() for path in added_directories(layout.startup))
        declared = frozenset(name for layout in known.values() for name in declared_packages(layout.startup))
        layouts = {name: replace(layout, added=added, declared=declared) for name, layout in known.items()}
        verdicts = {}
        for planned, pin in zip(verified.plan.pins, verified.measured.pins, strict=True):
            name, key = pin.artifact.name, _key(pin.artifact)
            evidence, verdict = self._known[key]
            opened = replace(
                evidence,
                sha256=pin.artifact.sha256 or evidence.sha256,
                contents=layouts.get(name) or _UNOPENED,
                overlaps=overlaps.get(name, {}),
            )
            if self.gatherer.origins and self._wants_origin(planned.artifact):
                opened = replace(opened, origin=self.gatherer.origins.fact(planned.artifact, opened.provenance))
            self._known[key] = _, verdicts[name] = self._also(verdict, opened, Price.CONTENTS)
        return verdicts

    def built(self, artifact: Artifact, layout: Layout) -> Verdict:
        """Judge by its contents the wheel that pip has built of *artifact*, which was judged before."""
        evidence, _ = self._known[_key(artifact)]
        return self._evaluate(replace(evidence, contents=layout), Price.CONTENTS)

    def _listed(self, artifact: Artifact, required_by: str | None) -> tuple[Evidence, Verdict]:
        key = _key(artifact)
        if key not in self._listings:
            evidence = self.gatherer.gather(artifact, required_by)
            self._listings[key] = evidence, self._by_listing(evidence)
        return self._listings[key]

    def _attested(self, artifact: Artifact, required_by: str | None) -> tuple[Evidence, Verdict]:
        return self._by_provenance(*self._listed(artifact, required_by))

    def _by_provenance(self, evidence: Evidence, verdict: Verdict) -> tuple[Evidence, Verdict]:
        """Judge by its provenance what its listing lets pass, unless that has to wait until the file is measured."""
        is_measured = isinstance(evidence.sha256, str) or not self.measures
        if verdict.denied or not (is_measured or evidence.artifact.provenance is None):
            return evidence, verdict
        evidence = self.gatherer.attested(evidence, self._attesting_rules(evidence))
        return self._also(verdict, evidence, Price.PROVENANCE)

    def _attesting_rules(self, evidence: Evidence) -> list[ProvenanceRule]:
        if not self._attesting:
            return []
        rules = self.policy.rules_for(evidence.artifact.name, evidence.artifact.version).rules
        return [rule for rule in rules if rule.id in self._attesting and isinstance(rule, ProvenanceRule)]

    def _wants_origin(self, artifact: Artifact) -> bool:
        rules = self.policy.rules_for(artifact.name, artifact.version).rules
        return any(isinstance(rule, OriginRule) and rule.wants_origin(artifact) for rule in rules)

    def _by_listing(self, evidence: Evidence) -> Verdict:
        verdict = self._evaluate(evidence, Price.LISTING)
        return replace(verdict, complies_from=self._end(verdict, evidence)) if verdict.denied else verdict

    def _end(self, verdict: Verdict, evidence: Evidence) -> datetime | None:
        """Return when the listing will pass: it is judged again by the time at which each denial has come to its end.

        So an exception that expires before then counts, and so does what follows when a rule has something else to say.
        """
        while verdict.denied:
            ends = [denial.until for denial in verdict.denials if denial.until and denial.until > evidence.as_of]
            if len(ends) < len(verdict.denials):
                return None
            evidence = replace(evidence, as_of=max(ends))
            verdict = self._evaluate(evidence, Price.LISTING)
        return evidence.as_of

    def _hashed(self, evidence: Evidence, artifact: Artifact) -> tuple[Evidence, Verdict]:
        """Judge anew with the sha256 that *artifact* has by now, by all that was known before."""
        known = replace(evidence, sha256=artifact.sha256 or evidence.sha256)
        known, verdict = self._by_provenance(known, self._by_listing(known))
        if isinstance(known.metadata, Missing):
            return known, verdict
        return self._also(verdict, known, Price.METADATA)

    def _also(self, verdict: Verdict, evidence: Evidence, price: Price) -> tuple[Evidence, Verdict]:
        known = replace(verdict, provenance=evidence.provenance)
        return evidence, known.also(self._evaluate(evidence, price).findings)

    def _evaluate(self, evidence: Evidence, price: Price) -> Verdict:
        ruled = self.policy.rules_for(evidence.artifact.name, evidence.artifact.version)
        verdict = evaluate(
            evidence,
            rules=[rule for rule in ruled.rules if rule.needs is price],
            exceptions=self.policy.exceptions,
            on_missing=self.policy.evidence.on_missing,
            mode=self.policy.mode,
            fail_on=self.policy.fail_on,
        )
        if self.policy.named is not None:
            verdict = verdict.advised(ALLOW, f"{ALLOW} --policy {shlex.quote(self.policy.named)}")
        return verdict.renamed(ruled.key_as_written) if ruled.keys else verdict


def _key(artifact: Artifact) -> tuple[str, ...]:
    """What is built from a tree may turn out to be another project than its folder is called."""
    return artifact.url, artifact.subdirectory, artifact.source.url, artifact.name, str(artifact.stated_version)
