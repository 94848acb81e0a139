from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta, timezone
from typing import ClassVar

import pytest
from lib.facts import NOW, OTHER_SHA, SHA, advisory, artifact, evidence

from safeinstall.facts.finding import Finding, Level
from safeinstall.facts.provenance import Unattested
from safeinstall.facts.values import Missing
from safeinstall.facts.verdict import Verdict, Waiver
from safeinstall.judge.evaluate import evaluate
from safeinstall.policy.selectors import parse_selector


@dataclass(frozen=True, slots=True, kw_only=True)
class Says:
    """A rule that says what it is told to."""

    id: ClassVar[str] = "says"
    exceptable: ClassVar[bool] = True
    level: Level = Level.DENY
    missing: bool = False
    advisories: tuple[str, ...] = ()
    on_missing: Level | None = None

    def check(self, evidence):
        yield Finding(
            rule=self.id,
            level=self.level,
            message="so",
            key=f"rules.{self.id}",
            missing=self.missing,
            advisories=self.advisories,
        )


class Insists(Says):
    id: ClassVar[str] = "insists"
    exceptable: ClassVar[bool] = False


WAIVER = Waiver(
    package=parse_selector("acme==1.0"), rules=("other", "says", "insists"), reason="fine", expires=date(2026, 11, 23)
)


def judge(*rules, given=None, exceptions=(), on_missing=Level.DENY, mode="enforce", fail_on="deny"):
    return evaluate(
        given or evidence(), rules=rules, exceptions=exceptions, on_missing=on_missing, mode=mode, fail_on=fail_on
    )


def waived(rule, waiver, given=None):
    (finding,) = judge(rule, given=given, exceptions=[waiver]).findings
    return finding.suppressed_by is not None


def test_with_fail_on_a_warning_denies_says_so_and_names_a_way_out():
    (finding,) = judge(Says(level=Level.WARN), fail_on="warn").findings
    assert (finding.level, finding.escalated) == (Level.DENY, True)
    assert finding.remedy == "look at what is warned of, and if you answer for it, write an entry of [[exceptions]]"
    (finding,) = judge(Says(level=Level.DENY), fail_on="warn").findings
    assert (finding.level, finding.escalated) == (Level.DENY, False)
    assert not judge(Says(level=Level.ALLOW), fail_on="warn").denied


def test_an_exception_covers_a_warning_that_would_deny():
    (finding,) = judge(Says(level=Level.WARN), exceptions=[WAIVER], fail_on="warn").findings
    assert (finding.level, finding.escalated, finding.suppressed_by) == (Level.WARN, False, "fine")


def test_an_audit_shows_what_fail_on_would_deny_and_stops_nothing():
    (finding,) = judge(Says(level=Level.WARN), mode="audit", fail_on="warn").findings
    assert (finding.level, finding.escalated, finding.audited) == (Level.WARN, True, True)


def test_a_verdict_keeps_what_was_known_of_who_built_the_file_whatever_is_found_later():
    unattested = evaluate(
        evidence(provenance=Unattested()),
        rules=[], exceptions=[], on_missing=Level.DENY, mode="enforce", fail_on="deny",
    )  # fmt: skip
    assert unattested.provenance == Unattested()
    later = Finding(rule="says", level=Level.WARN, message="so", key="rules.says")
    assert unattested.also((later,)).provenance == Unattested()


def test_without_rules_there_is_nothing_to_say():
    assert judge() == Verdict(artifact=artifact(), findings=())


def test_all_findings_are_kept_the_strictest_first_in_whatever_order_rules_stand():
    rules = [Says(level=Level.WARN), Says(), Says(level=Level.ALLOW), Insists(level=Level.WARN)]
    verdict = judge(*rules)
    assert verdict.level is Level.DENY
    assert [(f.level.name, f.rule) for f in verdict.findings] == [
        ("DENY", "says"),
        ("WARN", "insists"),
        ("WARN", "says"),
        ("ALLOW", "says"),
    ]
    assert judge(*reversed(rules)) == verdict


@pytest.mark.parametrize(
    ("own", "policy", "level", "key"),
    [
        (None, Level.DENY, Level.DENY, "evidence.on-missing"),
        (None, Level.WARN, Level.WARN, "evidence.on-missing"),
        (Level.WARN, Level.DENY, Level.WARN, "rules.says.on-missing"),
        (Level.DENY, Level.ALLOW, Level.DENY, "rules.says.on-missing"),
        (Level.ALLOW, Level.DENY, Level.ALLOW, "rules.says.on-missing"),
    ],
)
def test_the_rule_then_the_policy_says_what_a_missing_fact_means(own, policy, level, key):
    (finding,) = judge(Says(missing=True, on_missing=own), on_missing=policy).findings
    assert (finding.level, finding.key, finding.missing) == (level, key, True)


def test_a_fact_that_is_not_missing_keeps_its_level():
    (finding,) = judge(Says(on_missing=Level.ALLOW), on_missing=Level.ALLOW).findings
    assert (finding.level, finding.key) == (Level.DENY, "rules.says")


# -- exceptions ------------------------------------------------------------------------------------------------------


def test_an_exception_covers_a_finding_and_gives_its_reason():
    verdict = judge(Says(), exceptions=[WAIVER])
    assert verdict.findings == (
        Finding(rule="says", level=Level.DENY, message="so", key="rules.says", suppressed_by="fine"),
    )
    assert (verdict.level, verdict.denied, verdict.denials) == (Level.ALLOW, False, ())


def test_a_missing_fact_can_be_excepted():
    assert waived(Says(missing=True), WAIVER)


@pytest.mark.parametrize("package", ["acme", "acme>=1", "ac*"])
def test_it_is_for_the_package_it_selects(package):
    assert waived(Says(), replace(WAIVER, package=parse_selector(package)))


@pytest.mark.parametrize("package", ["acme==1.1", "other", "acme-*"])
def test_it_is_for_no_other_package_or_version(package):
    assert not waived(Says(), replace(WAIVER, package=parse_selector(package)))


def test_it_is_for_the_rules_it_names():
    assert not waived(Says(), replace(WAIVER, rules=("other",)))


def test_a_rule_may_know_no_exceptions():
    assert not waived(Insists(), WAIVER)


def test_what_is_allowed_needs_no_exception():
    assert not waived(Says(level=Level.ALLOW), WAIVER)


@pytest.mark.parametrize(
    ("as_of", "expected"),
    [
        (datetime(2026, 11, 22, 23, 59, 59, tzinfo=timezone.utc), True),
        (datetime(2026, 11, 23, tzinfo=timezone.utc), False),
        (datetime(2026, 11, 23, 1, 0, tzinfo=timezone(timedelta(hours=2))), True),
        (datetime(2027, 1, 1, tzinfo=timezone.utc), False),
    ],
)
def test_it_is_void_from_midnight_utc_of_the_day_it_expires(as_of, expected):
    assert waived(Says(), WAIVER, evidence(as_of=as_of)) is expected


@pytest.mark.parametrize(
    ("hashes", "sha256", "expected"),
    [
        ((SHA,), SHA, True),
        ((OTHER_SHA, SHA), SHA, True),
        ((OTHER_SHA,), SHA, False),
        ((SHA,), Missing("unknown"), False),
    ],
)
def test_it_may_be_for_some_files_only(hashes, sha256, expected):
    waiver = replace(WAIVER, hashes=tuple(f"sha256:{sha}" for sha in hashes))
    assert waived(Says(), waiver, evidence(sha256=sha256)) is expected


@pytest.mark.parametrize(
    ("excepted", "found", "expected"),
    [
        (["PYSEC-1"], ["PYSEC-1"], True),
        (["CVE-1"], ["PYSEC-1", "CVE-1"], True),
        (["GHSA-aaaa"], ["PYSEC-1"], True),
        (["ghsa-AAAA"], ["PYSEC-1"], True),
        (["PYSEC-2"], ["PYSEC-1"], False),
        (["PYSEC-1"], ["PYSEC-1", "PYSEC-2"], False),
        (["PYSEC-1", "PYSEC-2"], ["PYSEC-1", "PYSEC-2"], True),
        (["PYSEC-1"], [], False),
        (["OSV-9"], ["OSV-9"], True),
    ],
)
def test_it_may_be_for_some_advisories_only_under_any_of_their_names(excepted, found, expected):
    known = (advisory("PYSEC-1", aliases=("CVE-1", "GHSA-aaaa")), advisory("PYSEC-2"))
    waiver = replace(WAIVER, advisories=tuple(excepted))
    assert waived(Says(advisories=tuple(found)), waiver, evidence(advisories=known)) is expected


def test_without_an_advisory_database_no_missing_fact_is_covered_by_an_advisory():
    given = evidence(advisories=Missing("no database"))
    assert not waived(Says(missing=True), replace(WAIVER, advisories=("PYSEC-1",)), given)


def test_the_first_exception_that_covers_gives_the_reason():
    other = replace(WAIVER, rules=("other",), reason="not this")
    (finding,) = judge(Says(), exceptions=[other, WAIVER, replace(WAIVER, reason="later")]).findings
    assert finding.suppressed_by == "fine"


# -- mode ------------------------------------------------------------------------------------------------------------


def test_an_audit_turns_denials_into_warnings_that_say_so():
    verdict = judge(Says(), Says(level=Level.WARN), Insists(missing=True), mode="audit")
    assert [(f.level, f.audited) for f in verdict.findings] == [
        (Level.WARN, True),
        (Level.WARN, True),
        (Level.WARN, False),
    ]
    assert verdict.level is Level.WARN


def test_an_audit_leaves_alone_what_an_exception_covers():
    (finding,) = judge(Says(), exceptions=[WAIVER], mode="audit").findings
    assert (finding.level, finding.audited, finding.suppressed_by) == (Level.DENY, False, "fine")


def test_the_instant_is_a_fact_and_not_the_clock():
    assert not waived(Says(), replace(WAIVER, expires=date(2000, 1, 1)), evidence(as_of=NOW))
    assert waived(Says(), replace(WAIVER, expires=date(2000, 1, 2)), evidence(as_of=NOW.replace(2000, 1, 1)))
