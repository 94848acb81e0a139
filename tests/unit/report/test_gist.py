"""Many findings in a line or two: how many, the worst, where they end; and nothing is lost where they are few."""

from __future__ import annotations

from datetime import date

import pytest
from lib.facts import advisory, evidence

from safeinstall.facts.finding import Finding, Level
from safeinstall.facts.values import Missing
from safeinstall.report.gist import gists
from safeinstall.rules.vulnerability import Vulnerability

LONG = (
    "An issue was discovered in 6.0 before 6.0.4, and 4.2 before 4.2.30. Permissions on inline models were not checked"
)


def hole(number, **more):
    return advisory(f"PYSEC-2026-{number}", aliases=(f"CVE-2026-{number}", f"GHSA-{number}"), **more)


def found(*advisories, release="acme==1.0", **options):
    return list(Vulnerability(**options).check(evidence(release, advisories=advisories)))


def finding(rule, message="m", **more):
    return Finding(rule=rule, message=message, key=f"rules.{rule}", **{"level": Level.DENY, **more})


def lines(findings):
    return [(gist.rule, gist.lines) for gist in gists(findings)]


def test_one_finding_is_told_as_it_is():
    (one,) = found(hole(1))
    (gist,) = gists([one])
    assert (gist.lines, gist.remedy, gist.findings) == ((one.message,), one.remedy, (one,))
    assert not gist.is_cut


def test_vulnerabilities_are_counted_and_the_worst_is_told():
    given = found(
        hole(1, severity=7.5, fixed="1.1"),
        hole(2, severity=9.8, fixed="1.2", summary=LONG),
        hole(3, severity=Missing("unscored"), fixed="1.3"),
        hole(4, severity=7.0, fixed="1.1"),
    )
    (gist,) = gists(given)
    assert gist.lines == (
        "4 advisories: 1 critical, 2 high, 1 unscored; 1.3 repairs them all",
        "the worst: CVE-2026-2, critical (9.8), repaired in 1.2: Permissions on inline models were not checked",
    )
    assert gist.remedy == "take 1.3 or later, or write an exception for all 4"
    assert gist.is_cut
    assert set(gist.findings) == set(given)


def test_what_is_exploited_is_worse_than_what_has_a_higher_score():
    since = date(2026, 5, 2)
    (gist,) = gists(found(hole(1, severity=9.8), hole(2, severity=5.0, exploited=since, fixed=None)))
    assert gist.lines == (
        "2 advisories: 1 critical, 1 medium, 1 known to be exploited; no known version repairs them all",
        "the worst: CVE-2026-2, medium (5.0), known to be exploited since 2026-05-02, no repair known: a hole",
    )
    assert gist.remedy == (
        "no version is known that repairs them all: take another package, or write an exception for both"
    )


def test_what_denies_and_what_is_warned_of_are_counted_apart():
    given = found(*(hole(n, severity=9.0 if n < 3 else 5.0) for n in range(5)), deny_at="high")
    assert [(gist.level, len(gist.findings)) for gist in gists(given)] == [(Level.DENY, 3), (Level.WARN, 2)]


@pytest.mark.parametrize("length", [79, 80, 81, 5000])
def test_a_title_beside_others_is_short(length):
    (gist,) = gists(found(hole(1, summary="x" * length), hole(2, severity=1.0)))
    title = gist.lines[1].partition("repaired in 1.1: ")[2]
    assert title == ("x" * length if length <= 80 else "x" * 79 + "…")


def test_other_rules_tell_the_first_two():
    findings = [finding("contents", f"m{n}", remedy=f"r{n}") for n in range(4)]
    (gist,) = gists(findings)
    assert (gist.lines, gist.remedy, gist.is_cut) == (("m0", "m1 (and 2 more)"), "r0", True)
    assert lines(findings[:2]) == [("contents", ("m0", "m1"))]
    assert not gists(findings[:2])[0].is_cut


def test_a_fact_that_several_rules_miss_is_told_once_and_last():
    missing = [finding(rule, "no answer", missing=True) for rule in ("yanked", "hashes")]
    assert lines([*missing, finding("licenses"), finding("malware")]) == [
        ("malware", ("m",)),
        ("licenses", ("m",)),
        ("hashes, yanked", ("no answer",)),
    ]


def test_a_missing_fact_of_an_advisory_counts_as_none():
    unknown = Missing("no list")
    given = found(
        hole(1, severity=1.0, epss=unknown), hole(2, severity=1.0, epss=unknown), deny_at_epss=0.5, deny_at="high"
    )
    denied, warned = gists(given)
    assert denied.lines == (
        "PYSEC-2026-1 (CVE-2026-1, GHSA-1): its EPSS score is not known: no list",
        "PYSEC-2026-2 (CVE-2026-2, GHSA-2): its EPSS score is not known: no list",
    )
    assert warned.lines[0] == "2 advisories: 2 low; 1.1 repairs them all"
