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
from safeinstall.facts.values import Layout, Missing
from safeinstall.judge.gather import Gatherer
from safeinstall.judge.judge import Judge
from safeinstall.plan.plan import _SEAL, Plan, VerifiedFile, VerifiedPlan
from safeinstall.policy.load import parse_policy
from safeinstall.policy.model import RuleSet

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


class Attests(Listens):
    needs: ClassVar[Price] = Price.PROVENANCE


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
