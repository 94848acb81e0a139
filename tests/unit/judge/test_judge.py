"""Each rule once, as soon as the facts that it needs are there."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import ClassVar

import pytest
from lib.facts import NOW, artifact
from lib.pins import metadata_of, pin_of

from safeinstall.facts.artifact import ArtifactKind
from safeinstall.facts.evidence import Price
from safeinstall.facts.finding import Finding, Level
from safeinstall.facts.provenance import Refuted, Unattested
from safeinstall.facts.values import Layout, Missing
from safeinstall.judge.attestations import Attestations
from safeinstall.judge.gather import Gatherer
from safeinstall.judge.judge import Judge
from safeinstall.plan.plan import _SEAL, Plan, VerifiedFile, VerifiedPlan
from safeinstall.policy.load import parse_policy
from safeinstall.policy.model import RuleSet
from safeinstall.ports import ListedFile, ProjectPage

ACME = artifact("acme==1.0", hashes={"sha256": "ab" * 32})
METADATA = metadata_of(ACME)
LAYOUT = Layout(modules={"acme.py": "acme.py"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Listens:
    """A rule that notes what it sees, and says so."""

    id: ClassVar[str] = "listens"
    exceptable: ClassVar[bool] = True
    needs: ClassVar[Price] = Price.LISTING
    seen: list = field(default_factory=list, hash=False)
    level: Level = Level.WARN
    on_missing: Level | None = None

    def check(self, evidence):
        self.seen.append(evidence)
        yield Finding(rule=self.id, level=self.level, message=self.needs.name, key=f"rules.{self.id}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Attests(Listens):
    needs: ClassVar[Price] = Price.PROVENANCE
    proof: bool = False
    precedent: bool = False

    def wants_proof(self, artifact):
        return self.proof

    def wants_precedent(self, artifact):
        return self.precedent


class Reads(Listens):
    needs: ClassVar[Price] = Price.METADATA


class Opens(Listens):
    needs: ClassVar[Price] = Price.CONTENTS


def judge_by(*rules, policy=""):
    gatherer = Gatherer(None, siblings=lambda _: (), requested=frozenset(), user_hashes={}, as_of=NOW)
    policy = parse_policy(policy, file="p.toml", read=None)
    return Judge(gatherer, replace(policy, rules=rules, variants=lambda _: RuleSet(rules=rules)))


class Waits(Listens):
    """A rule that denies until an instant, and warns from then on."""

    def check(self, evidence):
        (ends,) = self.seen
        waits = evidence.as_of < ends
        level, until = (Level.DENY, ends) if waits else (Level.WARN, None)
        yield Finding(rule=self.id, level=level, message="", key=f"rules.{self.id}", until=until)


def verified(*files):
    pins = [replace(pin_of(made), verdict=verdict) for made, verdict, _ in files]
    opened = [
        VerifiedFile(pin=pin, path="/x", sha256="cd" * 32, size=1, layout=layout)
        for pin, (_, _, layout) in zip(pins, files, strict=True)
    ]
    return VerifiedPlan(Plan.of(pins), tuple(opened), _SEAL)


def test_each_rule_is_checked_once_and_as_early_as_it_can_be():
    rules = Listens(), Reads(), Opens()
    judge = judge_by(*rules)
    first = [judge(ACME, None) for _ in range(2)]
    assert [len(rule.seen) for rule in rules] == [1, 0, 0]
    second = [judge(ACME, None, METADATA) for _ in range(2)]
    assert [len(rule.seen) for rule in rules] == [1, 1, 0]
    (last,) = judge.open(verified((ACME, second[0], LAYOUT)), {}).values()
    assert [len(rule.seen) for rule in rules] == [1, 1, 1]
    assert [[f.message for f in verdict.findings] for verdict in (*first, *second, last)] == [
        ["LISTING"],
        ["LISTING"],
        ["LISTING", "METADATA"],
        ["LISTING", "METADATA"],
        ["CONTENTS", "LISTING", "METADATA"],
    ]


class Source:
    """Tells by whom a file is attested: nobody, and why not."""

    def __init__(self):
        self.asked, self.begun = [], []

    def provenance(self, artifact, *, verify):
        self.asked.append((artifact.filename, artifact.sha256, verify))
        return Refuted(reason=artifact.filename)

    def prefetch_provenance(self, artifact):
        self.begun.append(artifact.filename)


ATTESTED = replace(ACME, provenance="https://packages.example/p", upload_time=NOW)
BEFORE = ListedFile(
    filename="acme-0.9.tar.gz", url="https://x/", hashes={"sha256": "ef" * 32}, upload_time=NOW - timedelta(days=9),
    provenance="https://packages.example/before",
)  # fmt: skip


def attesting(*rules):
    """Return a judge, and the source of provenance that it asks."""
    judge, source = judge_by(*rules), Source()
    pages = [ProjectPage(source=ACME.source, files=(BEFORE,))]
    judge.gatherer.attestations = Attestations(source, lambda _: pages, lambda _: timedelta(days=7))
    return judge, source


def test_provenance_is_asked_for_when_the_listing_has_passed():
    attests, reads = Attests(proof=True, precedent=True), Reads()
    judge, source = attesting(Listens(), attests, reads)
    verdict = judge(ATTESTED, None)
    assert [f.message for f in verdict.findings] == ["LISTING", "PROVENANCE"]
    (seen,) = attests.seen
    assert seen.provenance == Refuted(reason=ACME.filename)
    assert (seen.precedent.filename, seen.precedent.provenance) == (BEFORE.filename, Refuted(reason=BEFORE.filename))
    judge(ATTESTED, None, METADATA)
    assert source.asked == [(ACME.filename, ACME.sha256, True), (BEFORE.filename, "ef" * 32, True)]
    assert [len(rule.seen) for rule in (attests, reads)] == [1, 1]
    assert reads.seen[0].provenance == seen.provenance


def test_not_where_the_listing_denies_it():
    judge, source = attesting(Listens(level=Level.DENY), Attests(precedent=True))
    assert judge(ATTESTED, None).denied
    assert not judge.foresee(ATTESTED)
    assert (source.asked, source.begun) == ([], [])


def test_not_where_no_rule_of_the_package_looks_at_it():
    judge, source = attesting(Listens(), Reads())
    assert not judge.attests
    judge(ATTESTED, None, METADATA)
    assert judge.foresee(ATTESTED)
    assert (source.asked, source.begun) == ([], [])


def test_what_came_before_only_where_a_rule_compares():
    attests = Attests()
    judge, source = attesting(attests)
    judge(ATTESTED, None)
    assert source.asked == [(ACME.filename, ACME.sha256, False)]
    assert attests.seen[0].precedent is None


def test_a_clock_in_doubt_tells_nothing_of_what_came_before():
    attests = Attests(precedent=True)
    judge, _ = attesting(attests)
    judge.gatherer.pages = lambda _: [ProjectPage(source=ACME.source, files=(), answered=NOW + timedelta(days=3))]
    judge(ATTESTED, None)
    assert attests.seen[0].precedent.reason.startswith("the clock of this machine says")


def test_it_can_be_begun_by_a_guess_which_judges_by_the_listing_alone():
    attests = Attests(precedent=True)
    judge, source = attesting(attests)
    assert judge.foresee(ATTESTED)
    assert (source.asked, source.begun, attests.seen) == ([], [ACME.filename, BEFORE.filename], [])
    judge(ATTESTED, None)
    assert len(attests.seen) == 1


def test_a_file_without_a_published_sha256_is_asked_about_when_it_is_measured():
    attests = Attests()
    judge, source = attesting(attests)
    unmeasured = replace(ATTESTED, hashes={})
    assert judge.awaits_hash(unmeasured)
    assert not judge(unmeasured, None, METADATA).findings
    verdict = judge(replace(unmeasured, hashes={"sha256": "cd" * 32}), None)
    assert [f.message for f in verdict.findings] == ["PROVENANCE"]
    assert source.asked == [(ACME.filename, "cd" * 32, False)]


def test_where_nothing_will_be_measured_that_is_a_missing_fact():
    attests = Attests()
    judge, source = attesting(attests)
    judge.measures = False
    judge(replace(ATTESTED, hashes={}), None)
    assert attests.seen[0].provenance == Missing("default publishes no sha256 of it")
    assert source.asked == []


def test_what_is_not_attested_need_not_be_measured():
    attests = Attests()
    judge, _ = attesting(attests)
    made = replace(ATTESTED, hashes={}, provenance=None)
    assert not judge.awaits_hash(made)
    judge(made, None)
    assert attests.seen[0].provenance == Unattested()


def test_what_is_known_is_not_forgotten():
    judge = judge_by(Reads(level=Level.DENY))
    assert not judge(ACME, None).denied
    verdict = judge(ACME, None, METADATA)
    assert verdict.denied
    assert judge(ACME, None) == verdict
    judge = judge_by(Opens(level=Level.DENY))
    judge.open(verified((ACME, judge(ACME, None, METADATA), LAYOUT)), {})
    assert judge(ACME, None).denied


def test_a_rule_sees_the_facts_it_needs():
    reads, opens = Reads(), Opens()
    judge = judge_by(reads, opens)
    verdict = judge(ACME, None, METADATA)
    judge.open(verified((ACME, verdict, LAYOUT)), {"acme": {"other": ("acme.py",)}})
    assert (reads.seen[0].metadata, reads.seen[0].contents) == (METADATA, Missing("not fetched yet"))
    assert (opens.seen[0].metadata, opens.seen[0].contents) == (METADATA, LAYOUT)
    assert opens.seen[0].overlaps == {"other": ("acme.py",)}
    assert opens.seen[0].sha256 == "cd" * 32


def test_only_of_what_has_to_be_built_the_contents_are_missing():
    opens = Opens()
    judge = judge_by(opens)
    sdist = artifact("other==1.0", kind=ArtifactKind.SDIST)
    files = [(made, judge(made, None, metadata_of(made)), layout) for made, layout in ((ACME, LAYOUT), (sdist, None))]
    judge.open(verified(*files), {})
    assert {e.artifact.kind: type(e.contents) for e in opens.seen} == {
        ArtifactKind.WHEEL: Layout,
        ArtifactKind.SDIST: Missing,
    }


@pytest.mark.parametrize("price", Price)
def test_whether_it_asks_for_facts_of_a_price(price):
    kinds = {Price.LISTING: Listens, Price.PROVENANCE: Attests, Price.METADATA: Reads, Price.CONTENTS: Opens}
    assert judge_by(kinds[price]()).asks(price)
    assert not judge_by(*(kind() for p, kind in kinds.items() if p is not price)).asks(price)


def test_a_verified_plan_takes_the_verdicts_of_its_contents_and_no_denial():
    judge = judge_by(Opens())
    plan = verified((ACME, judge(ACME, None, METADATA), LAYOUT))
    judged = plan.judged(judge.open(plan, {}))
    assert [pin.verdict.level for pin in judged.plan.pins] == [Level.WARN]
    assert [file.pin for file in judged.files] == list(judged.plan.files)
    strict = judge_by(Opens(level=Level.DENY))
    strict(ACME, None, METADATA)
    with pytest.raises(ValueError, match="a denied file"):
        plan.judged(strict.open(plan, {}))


DAY = timedelta(days=1)


def complies_from(*rules, policy=""):
    verdict = judge_by(*rules, policy=policy)(ACME, None)
    assert verdict.denied
    return verdict.complies_from


def test_what_is_denied_for_a_time_says_when_that_ends():
    assert complies_from(Waits(seen=[NOW + DAY])) == NOW + DAY
    assert complies_from(Waits(seen=[NOW + DAY]), Waits(seen=[NOW + 3 * DAY])) == NOW + 3 * DAY


def test_what_else_is_denied_has_no_end():
    assert complies_from(Waits(seen=[NOW + DAY]), Listens(level=Level.DENY)) is None
    assert complies_from(Listens(level=Level.DENY)) is None


def test_the_warning_that_follows_counts_where_warnings_deny():
    assert complies_from(Waits(seen=[NOW + DAY]), policy='fail-on = "warn"\n') is None


def test_what_passes_has_no_time_from_which_on_it_does():
    assert judge_by(Listens())(ACME, None).complies_from is None
