from __future__ import annotations

from datetime import timedelta

import pytest
from lib.facts import FIND_LINKS, NOW, advisory, direct, evidence, listed, messages
from packaging.version import Version

from safeinstall.facts.advisory import AffectedRange
from safeinstall.facts.artifact import ArtifactKind
from safeinstall.facts.finding import Finding, Level
from safeinstall.facts.values import Missing
from safeinstall.policy.selectors import parse_selector
from safeinstall.rules.minimum_age import MinimumAge

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
WITH_FIXES = MinimumAge(security_fix=12 * HOUR)
AFFECTED, HOLE = (listed("1.0"),), (advisory(),)
TWO_RANGES = (
    AffectedRange(introduced=None, last_affected=Version("1.0")),
    AffectedRange(introduced=Version("1.5"), fixed=Version("1.6")),
)
UNKNOWN = Missing("default does not tell when it was uploaded")


def test_a_young_file_is_denied_until_a_moment_that_is_named():
    assert list(MinimumAge().check(evidence(age=2 * DAY))) == [
        Finding(
            rule="minimum-age",
            level=Level.DENY,
            message="uploaded 2 days ago; the policy asks for 7 days",
            key="rules.minimum-age.minimum",
            remedy="wait until 2026-11-27 12:00 UTC, or ask for an older version",
            until=NOW + 5 * DAY,
        )
    ]


@pytest.mark.parametrize("age", [7 * DAY, 8 * DAY])
def test_a_file_of_the_age_asked_for_passes(age):
    assert list(MinimumAge().check(evidence(age=age))) == []


@pytest.mark.parametrize(
    ("age", "shown"),
    [
        (timedelta(), "0 seconds"),
        (timedelta(microseconds=1), "0 seconds"),
        (timedelta(seconds=1), "1 second"),
        (timedelta(minutes=59, seconds=59), "59 minutes 59 seconds"),
        (HOUR, "1 hour"),
        (HOUR + timedelta(seconds=5), "1 hour"),
        (9 * HOUR, "9 hours"),
        (7 * DAY - timedelta(microseconds=1), "6 days 23 hours"),
        (-5 * timedelta(minutes=1), "0 seconds"),
    ],
)
def test_the_age_is_shown_rounded_down(age, shown):
    assert messages(MinimumAge(), evidence(age=age)) == [f"uploaded {shown} ago; the policy asks for 7 days"]


def test_waiting_until_the_moment_that_is_named_is_long_enough():
    (finding,) = MinimumAge().check(evidence(age=2 * DAY - timedelta(microseconds=1)))
    assert finding.remedy == "wait until 2026-11-27 12:01 UTC, or ask for an older version"


def test_an_unknown_upload_time_is_a_missing_fact():
    assert list(MinimumAge().check(evidence(upload_time=UNKNOWN))) == [
        Finding(
            rule="minimum-age",
            level=Level.DENY,
            missing=True,
            message="the upload time is not known: default does not tell when it was uploaded",
            key="rules.minimum-age.minimum",
            remedy="take it from an index that publishes upload times (PEP 700),"
            " or add the package to exempt in [rules.minimum-age]",
        )
    ]


def test_a_time_in_the_future_is_no_age_but_a_missing_fact():
    (finding,) = MinimumAge().check(evidence(age=-timedelta(minutes=10, seconds=1)))
    assert finding.missing
    assert finding.message == "the index says uploaded at 2026-11-22 12:11 UTC, which is in the future"


def test_clocks_may_differ_by_ten_minutes():
    (finding,) = MinimumAge().check(evidence(age=-timedelta(minutes=10)))
    assert not finding.missing


@pytest.mark.parametrize("upload_time", [NOW - HOUR, UNKNOWN, NOW + DAY])
@pytest.mark.parametrize(
    ("selector", "count"), [("acme", 0), ("ac*", 0), ("acme==1.0", 0), ("acme>1", 1), ("other", 1)]
)
def test_exempt_packages_may_be_of_any_age(selector, count, upload_time):
    rule = MinimumAge(exempt=(parse_selector(selector),))
    assert len(list(rule.check(evidence("acme==1.0", upload_time=upload_time)))) == count


@pytest.mark.parametrize("upload_time", [NOW - HOUR, UNKNOWN, NOW + DAY])
@pytest.mark.parametrize("rule", [MinimumAge(minimum=timedelta(0)), MinimumAge(indexes={"default": timedelta(0)})])
def test_an_age_of_nothing_asks_for_no_time(rule, upload_time):
    assert list(rule.check(evidence(upload_time=upload_time, first_upload=UNKNOWN))) == []


def test_an_age_of_nothing_on_another_index_asks_for_the_time():
    (finding,) = MinimumAge(indexes={"acme": timedelta(0)}).check(evidence(upload_time=UNKNOWN))
    assert finding.missing


@pytest.mark.parametrize("minimum", [timedelta(0), 7 * DAY])
def test_the_age_of_the_project_is_asked_whatever_is_known_of_the_file(minimum):
    rule = MinimumAge(minimum=minimum, new_project=30 * DAY)
    found = [f.key for f in rule.check(evidence(upload_time=UNKNOWN, first_upload=NOW - DAY)) if not f.missing]
    assert found == ["rules.minimum-age.new-project"]


@pytest.mark.parametrize("kind", [ArtifactKind.TREE, ArtifactKind.WHEEL])
def test_a_path_of_your_own_has_no_age(kind):
    given = direct(kind=kind, url="file:///home/me/acme", upload_time=UNKNOWN)
    assert list(MinimumAge().check(given)) == []


@pytest.mark.parametrize(
    "given",
    [
        direct(url="https://files.acme.example/acme.whl", upload_time=UNKNOWN),
        direct(kind=ArtifactKind.TREE, url="file:///home/me/acme", upload_time=UNKNOWN, required_by="other 1.0"),
        evidence(source=FIND_LINKS, url="file:///srv/wheels/acme.whl", upload_time=UNKNOWN),
    ],
)
def test_other_files_without_an_index_lack_a_fact(given):
    (finding,) = MinimumAge().check(given)
    assert finding.missing


# -- security-fix ----------------------------------------------------------------------------------------------------


def repair(release="acme==1.1", *, age=13 * HOUR, siblings=AFFECTED, advisories=HOLE):
    """Evidence of a young version that repairs, by default, what 1.0 has."""
    return evidence(
        release, age=age, siblings=(*siblings, listed(release.split("==")[1], age=age)), advisories=advisories
    )


def denied(given, rule=WITH_FIXES):
    return any(finding.level is Level.DENY for finding in rule.check(given))


def test_a_repair_passes_early_with_a_note():
    given = repair(advisories=(advisory(aliases=("CVE-2026-1",)),))
    assert list(WITH_FIXES.check(given)) == [
        Finding(
            rule="minimum-age",
            level=Level.ALLOW,
            message="uploaded 13 hours ago; enough for a repair of PYSEC-2026-1 in 1.0",
            key="rules.minimum-age.security-fix",
            advisories=("CVE-2026-1", "PYSEC-2026-1"),
        )
    ]


def test_a_repair_has_to_wait_as_long_as_the_policy_says():
    assert list(WITH_FIXES.check(repair(age=11 * HOUR))) == [
        Finding(
            rule="minimum-age",
            level=Level.DENY,
            message="uploaded 11 hours ago; the policy asks for 12 hours for a repair of PYSEC-2026-1 in 1.0",
            key="rules.minimum-age.security-fix",
            remedy="wait until 2026-11-22 13:00 UTC, or ask for an older version",
            until=NOW + HOUR,
        )
    ]


def test_without_the_option_a_repair_waits_like_everything_else():
    assert messages(MinimumAge(), repair()) == ["uploaded 13 hours ago; the policy asks for 7 days"]


def test_the_option_never_makes_a_version_wait_longer():
    assert not denied(repair(age=8 * DAY), MinimumAge(security_fix=30 * DAY))
    assert messages(MinimumAge(security_fix=30 * DAY), repair()) == [
        "uploaded 13 hours ago; the policy asks for 7 days"
    ]


@pytest.mark.parametrize(
    "given",
    [
        pytest.param(repair(advisories=()), id="no advisory"),
        pytest.param(repair(advisories=Missing("no database")), id="advisories unknown"),
        pytest.param(repair(advisories=(advisory(malicious=True),)), id="malware: an account was stolen"),
        pytest.param(repair(advisories=(advisory(fixed="1.2"),)), id="not repaired in this version"),
        pytest.param(repair(advisories=(advisory(fixed="0.9"),)), id="the other version is not affected"),
        pytest.param(
            repair(advisories=(advisory(ranges=(), versions=frozenset({Version("1.0")})),)),
            id="not being listed is no repair",
        ),
        pytest.param(
            repair(advisories=(advisory(ranges=TWO_RANGES),)),
            id="not affected, but the repair is only in a later version",
        ),
        pytest.param(repair(siblings=()), id="nothing to repair"),
        pytest.param(repair(siblings=(listed("1.0", age=2 * DAY),)), id="the affected version is young itself"),
        pytest.param(repair(siblings=(listed("1.0", yanked=True),)), id="the affected version is yanked"),
        pytest.param(repair(siblings=(listed("2.0"),)), id="only later versions"),
        pytest.param(repair(siblings=(listed("1.0rc1"),)), id="only a pre-release is affected"),
        pytest.param(
            repair("acme==1.2", siblings=(listed("1.0"), listed("1.1"))), id="an old version has the repair already"
        ),
        pytest.param(
            repair("acme==1.2", siblings=(listed("1.0"), listed("1.1", age=DAY))),
            id="a young version has the repair already",
        ),
        pytest.param(
            repair("acme==1.2", siblings=(listed("1.0"), listed("1.1", age=None))),
            id="a version of unknown age may have the repair already",
        ),
    ],
)
def test_what_is_no_repair_waits(given):
    assert messages(WITH_FIXES, given) == ["uploaded 13 hours ago; the policy asks for 7 days"]


def test_an_exempt_version_counts_as_old_enough():
    rule = MinimumAge(security_fix=12 * HOUR, exempt=(parse_selector("acme==1.1"),))
    assert denied(repair("acme==1.2", siblings=(listed("1.0"), listed("1.1", age=DAY))), rule)


def test_a_back_port_repairs_the_version_before_it():
    given = repair("acme==1.1", siblings=(listed("1.0"), listed("2.0")))
    assert not denied(given)


def test_a_pre_release_may_repair_a_pre_release():
    assert not denied(repair("acme==1.1", siblings=(listed("1.0"), listed("2.0rc1"))))
    assert not denied(repair("acme==1.1rc2", siblings=(listed("1.1rc1"),), advisories=(advisory(fixed="1.1rc2"),)))


# -- indexes and new projects ----------------------------------------------------------------------------------------

PER_INDEX = MinimumAge(indexes={"default": 2 * DAY})


def test_an_index_may_have_an_age_of_its_own():
    assert messages(PER_INDEX, evidence(age=3 * DAY)) == []
    (finding,) = PER_INDEX.check(evidence(age=DAY))
    assert finding.message == "uploaded 1 day ago; the policy asks for 2 days"
    assert finding.key == 'rules.minimum-age.indexes."default"'
    assert messages(PER_INDEX, evidence(age=3 * DAY, source=FIND_LINKS)) != []


NEW = MinimumAge(new_project=30 * DAY)


def test_a_project_that_began_lately_is_denied():
    (finding,) = NEW.check(evidence(age=10 * DAY, first_upload=NOW - 10 * DAY))
    assert finding.message == "its project's first file was uploaded 10 days ago; the policy asks for 30 days"
    assert finding.key == "rules.minimum-age.new-project"
    assert finding.remedy == "wait until 2026-12-12 12:00 UTC, or take a project that is known for longer"


def test_a_project_that_is_known_for_long_enough_passes():
    assert messages(NEW, evidence(age=10 * DAY, first_upload=NOW - 30 * DAY)) == []
    assert messages(MinimumAge(), evidence(first_upload=NOW)) == []


def test_a_beginning_that_is_not_known_is_a_missing_fact():
    (finding,) = NEW.check(evidence(first_upload=UNKNOWN))
    assert finding.missing
    assert finding.message.startswith("when the project began is not known: ")


def test_what_comes_after_a_repair_is_no_repair():
    since = (listed("1.0"), listed("1.1", age=5 * DAY))
    (finding,) = WITH_FIXES.check(evidence("acme==1.2", age=DAY, advisories=HOLE, siblings=since))
    assert finding.key == "rules.minimum-age.minimum"
    stricter = MinimumAge(minimum=3 * DAY, security_fix=12 * HOUR)
    assert [f.level for f in stricter.check(evidence("acme==1.2", age=DAY, advisories=HOLE, siblings=since))] == [
        Level.DENY
    ]


def test_a_repair_of_all_versions_since_the_newest_old_one_passes():
    since = (listed("1.0"), listed("1.0.5", age=DAY))
    (finding,) = WITH_FIXES.check(evidence("acme==1.1", age=DAY, advisories=HOLE, siblings=since))
    assert finding.level is Level.ALLOW
