from __future__ import annotations

from datetime import timedelta

import pytest
from lib.facts import NOW, evidence, listed, messages

from safeinstall.facts.finding import Finding, Level
from safeinstall.facts.values import Likeness, Lookalike, Missing
from safeinstall.policy.selectors import parse_selector
from safeinstall.rules.typosquats import Typosquats

REQUESTS = Lookalike(popular="requests", rank=6, trick="two characters swapped", likeness=Likeness.SURE)
REPLACED = Lookalike(popular="requests", rank=6, trick="one character replaced")
HELPER = Lookalike(popular="requests", rank=6, trick="further words", likeness=Likeness.COMBINED)
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
            until=NOW + timedelta(days=88),
        )
    ]


def test_a_name_of_its_own_passes_however_young():
    assert messages(Typosquats(), squat(lookalike=None)) == []


@pytest.mark.parametrize(("lookalike", "days"), [(REPLACED, 90), (HELPER, 90), (REQUESTS, 730)])
def test_a_resemblance_alone_says_nothing(lookalike, days):
    assert messages(Typosquats(), squat(lookalike=lookalike, days=days - 1)) != []
    assert messages(Typosquats(), squat(lookalike=lookalike, days=days)) == []


def test_who_waits_behind_a_sure_resemblance_is_pointed_out():
    for days in (90, 729):
        (finding,) = Typosquats().check(squat(days=days))
        assert (finding.level, finding.key) == (Level.WARN, "rules.typosquats.watched")
        assert finding.message == f"{RESEMBLANCE}, and the project is {days} days old"
    assert messages(Typosquats(watched=timedelta(0)), squat(days=90)) == []


@pytest.mark.parametrize(
    ("lookalike", "options", "level"),
    [
        (REQUESTS, {}, Level.DENY),
        (REQUESTS, {"level": Level.WARN}, Level.DENY),
        (REQUESTS, {"sure": Level.WARN}, Level.WARN),
        (REPLACED, {"sure": Level.WARN}, Level.DENY),
        (REPLACED, {"level": Level.WARN}, Level.WARN),
        (HELPER, {}, Level.WARN),
        (HELPER, {"combined": Level.DENY}, Level.DENY),
    ],
)
def test_each_likeness_has_its_level(lookalike, options, level):
    (finding,) = Typosquats(**options).check(squat(lookalike=lookalike))
    assert finding.level is level


@pytest.mark.parametrize(
    ("lookalike", "options"),
    [(REQUESTS, {"sure": Level.ALLOW}), (REPLACED, {"level": Level.ALLOW}), (HELPER, {"combined": Level.ALLOW})],
)
def test_what_is_allowed_is_not_mentioned(lookalike, options):
    assert messages(Typosquats(**options), squat(lookalike=lookalike)) == []
    assert messages(Typosquats(**options), squat(lookalike=lookalike, first_upload=Missing("unknown"))) == []


@pytest.mark.parametrize("by", ["young", "releases"])
def test_what_a_popular_project_requires_is_warned_of_at_most(by):
    facts = {"young": {"days": 2}, "releases": {"days": 999, "releases": ()}}[by]
    rule = Typosquats(sure_releases=Level.DENY)
    (finding,) = rule.check(squat(**facts))
    assert finding.level is Level.DENY
    (finding,) = rule.check(squat(**facts, vouched_by="boto3"))
    assert finding.level is Level.WARN
    assert finding.message.endswith("; boto3 requires it")


def test_nor_is_it_denied_for_an_age_that_nobody_tells():
    (finding,) = Typosquats().check(squat(first_upload=Missing("unknown"), vouched_by="boto3"))
    assert (finding.level, finding.missing) == (Level.WARN, False)
    (finding,) = Typosquats().check(squat(first_upload=Missing("unknown"), lookalike=HELPER))
    assert (finding.level, finding.missing) == (Level.WARN, False)


@pytest.mark.parametrize(
    ("popular_days", "level"), [(1, Level.WARN), (2, Level.DENY), (3, Level.DENY), (None, Level.DENY)]
)
def test_what_is_older_than_the_popular_one_did_not_copy_it(popular_days, level):
    began = None if popular_days is None else NOW - timedelta(days=popular_days)
    (finding,) = Typosquats().check(squat(days=2, popular_upload=began))
    assert finding.level is level
    assert finding.message.endswith(", though it is older than requests") is (level is Level.WARN)
    unsure = messages(Typosquats(), squat(days=2, popular_upload=began, lookalike=REPLACED))
    assert bool(unsure) is (level is Level.DENY)


@pytest.mark.parametrize(("days", "denied"), [(0, True), (29, True), (30, False)])
def test_the_age_decides(days, denied):
    rule = Typosquats(young=timedelta(days=30), watched=timedelta(0))
    assert bool(messages(rule, squat(days=days))) is denied


def test_many_releases_make_no_project_older():
    many = tuple(listed(f"1.{n}") for n in range(99))
    (finding,) = Typosquats().check(squat(days=1, releases=many))
    assert finding.level is Level.DENY
    assert finding.message.endswith("the project is 1 day old")


def test_an_old_project_with_hardly_any_releases_is_pointed_out():
    twice = (listed("1.0"), listed("1.0"))
    for lookalike in (REQUESTS, REPLACED):
        (finding,) = Typosquats().check(squat(days=999, releases=twice, lookalike=lookalike))
        assert (finding.level, finding.key) == (Level.WARN, "rules.typosquats.releases")
        assert finding.message.endswith(", and the project has 1 release")
        assert messages(Typosquats(releases=1), squat(days=999, releases=twice, lookalike=lookalike)) == []
    (finding,) = Typosquats(sure_releases=Level.DENY).check(squat(days=999, releases=twice))
    assert finding.level is Level.DENY


def test_a_combined_name_says_nothing_of_an_old_project():
    assert messages(Typosquats(), squat(days=999, releases=(), lookalike=HELPER)) == []


def test_an_unknown_age_is_a_missing_fact():
    (finding,) = Typosquats().check(squat(first_upload=Missing("default does not tell when it was uploaded")))
    assert finding.missing
    assert finding.message == (
        f"{RESEMBLANCE}, and the age of the project is not known: default does not tell when it was uploaded"
    )


@pytest.mark.parametrize("rule", [Typosquats(level=Level.ALLOW), Typosquats(young=timedelta(0), watched=timedelta(0))])
@pytest.mark.parametrize("first", [Missing("default does not tell when it was uploaded"), NOW, NOW + timedelta(days=2)])
def test_an_age_that_does_not_matter_is_not_asked_for(rule, first):
    assert messages(rule, squat(first_upload=first)) == []


def test_releases_are_counted_where_no_age_is_asked_for():
    given = squat(first_upload=Missing("default does not tell when it was uploaded"), releases=RELEASES[:1])
    assert messages(Typosquats(young=timedelta(0)), given) == [f"{RESEMBLANCE}, and the project has 1 release"]


def test_a_package_may_be_exempt():
    assert messages(Typosquats(exempt=(parse_selector("req*"),)), squat()) == []


def test_who_did_not_type_the_name_is_told_to_look_at_who_did():
    (finding,) = Typosquats().check(squat(requested=False))
    assert finding.remedy.startswith("look at what requires reqeusts; ")
