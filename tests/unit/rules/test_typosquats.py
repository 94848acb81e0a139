from __future__ import annotations

from datetime import timedelta

import pytest
from lib.facts import NOW, evidence, listed, messages

from safeinstall.facts.finding import Finding, Level
from safeinstall.facts.values import Lookalike, Missing
from safeinstall.policy.selectors import parse_selector
from safeinstall.rules.typosquats import Typosquats

REQUESTS = Lookalike(popular="requests", rank=6, trick="two characters swapped")
RELEASES = tuple(listed(f"1.{n}") for n in range(3))
RESEMBLANCE = "its name is requests (rank 6 of the most popular) but for two characters swapped"


def squat(*, days=2, releases=RELEASES, **facts):
    first = NOW - timedelta(days=days)
    return evidence("reqeusts==1.0", **{"lookalike": REQUESTS, "first_upload": first, "siblings": releases, **facts})


def test_a_young_project_with_the_name_of_another_is_denied():
    assert list(Typosquats().check(squat())) == [
        Finding(
            rule="typosquats",
            level=Level.DENY,
            message=f"{RESEMBLANCE}, and the project is 2 days old",
            key="rules.typosquats.young",
            remedy='ask for requests; if reqeusts is meant, add "reqeusts" to exempt in [rules.typosquats]',
        )
    ]


def test_a_name_of_its_own_passes_however_young():
    assert messages(Typosquats(), squat(lookalike=None)) == []


def test_a_resemblance_alone_says_nothing():
    assert messages(Typosquats(), squat(days=90)) == []


@pytest.mark.parametrize(("days", "denied"), [(0, True), (29, True), (30, False)])
def test_the_age_decides(days, denied):
    assert bool(messages(Typosquats(young=timedelta(days=30)), squat(days=days))) is denied


def test_many_releases_make_no_project_older():
    many = tuple(listed(f"1.{n}") for n in range(99))
    (finding,) = Typosquats().check(squat(days=1, releases=many))
    assert finding.level is Level.DENY
    assert finding.message.endswith("the project is 1 day old")


def test_an_old_project_with_hardly_any_releases_is_pointed_out():
    twice = (listed("1.0"), listed("1.0"))
    (finding,) = Typosquats().check(squat(days=999, releases=twice))
    assert (finding.level, finding.key) == (Level.WARN, "rules.typosquats.releases")
    assert finding.message == f"{RESEMBLANCE}, and the project has 1 release"
    assert messages(Typosquats(releases=1), squat(days=999, releases=twice)) == []


def test_an_unknown_age_is_a_missing_fact():
    (finding,) = Typosquats().check(squat(first_upload=Missing("default does not tell when it was uploaded")))
    assert finding.missing
    assert finding.message == (
        f"{RESEMBLANCE}, and the age of the project is not known: default does not tell when it was uploaded"
    )


@pytest.mark.parametrize("rule", [Typosquats(level=Level.ALLOW), Typosquats(young=timedelta(0))])
@pytest.mark.parametrize("first", [Missing("default does not tell when it was uploaded"), NOW, NOW + timedelta(days=2)])
def test_an_age_that_does_not_matter_is_not_asked_for(rule, first):
    assert messages(rule, squat(first_upload=first)) == []


def test_releases_are_counted_where_no_age_is_asked_for():
    given = squat(first_upload=Missing("default does not tell when it was uploaded"), releases=RELEASES[:1])
    assert messages(Typosquats(young=timedelta(0)), given) == [f"{RESEMBLANCE}, and the project has 1 release"]


def test_the_level_is_an_option():
    (finding,) = Typosquats(level=Level.WARN).check(squat())
    assert finding.level is Level.WARN
    assert messages(Typosquats(level=Level.ALLOW), squat()) == []
    assert messages(Typosquats(level=Level.ALLOW), squat(days=99, releases=())) == []


def test_a_package_may_be_exempt():
    assert messages(Typosquats(exempt=(parse_selector("req*"),)), squat()) == []


def test_who_did_not_type_the_name_is_told_to_look_at_who_did():
    (finding,) = Typosquats().check(squat(requested=False))
    assert finding.remedy.startswith("look at what requires reqeusts; ")
