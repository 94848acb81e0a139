from __future__ import annotations

from datetime import date

import pytest
from packaging.version import Version

from safeinstall.facts.advisory import Advisory
from safeinstall.facts.osv import Record, UnreadableRecordError, parse_record
from safeinstall.facts.values import Missing


def osv(*affected: dict, **fields: object) -> dict:
    return {"id": "PYSEC-1", "modified": "2026-01-01T00:00:00Z", "affected": list(affected), **fields}


def package(name: str = "demo", *, events: list | None = None, **fields: object) -> dict:
    ranges = [] if events is None else [{"type": "ECOSYSTEM", "events": events}]
    return {"package": {"ecosystem": "PyPI", "name": name}, "ranges": ranges, **fields}


def advisory(record: Record, name: str = "demo") -> Advisory:
    affected = record.affected[name]
    return Advisory(
        id=record.id,
        aliases=record.aliases,
        summary=record.summary,
        severity=Missing("unscored"),
        malicious=False,
        versions=affected.versions,
        literal_versions=affected.literal_versions,
        ranges=affected.ranges,
    )


def affected(document: dict, versions: str, name: str = "demo") -> str:
    """Those of *versions* that the record affects."""
    it = advisory(parse_record(document), name)
    return " ".join(v for v in versions.split() if it.affects(Version(v)))


def events(*pairs: str) -> list[dict[str, str]]:
    return [dict([pair.split("=")]) for pair in pairs]


@pytest.mark.parametrize(
    ("pairs", "asked", "expected"),
    [
        pytest.param("introduced=0 fixed=2.0", "0.dev0 1.0 2.0rc1 2.0 2.0.post1", "0.dev0 1.0 2.0rc1", id="fixed"),
        pytest.param("introduced=1.0 fixed=1.10", "0.9 1.0rc1 1.0 1.9 1.10", "1.0 1.9", id="order-is-not-of-strings"),
        pytest.param("introduced=1.0", "0.9 1 99", "1 99", id="unfixed"),
        pytest.param("introduced=0 last_affected=2", "2.0.0 2.0.post1 2.0.1", "2.0.0", id="last-affected"),
        pytest.param(
            "fixed=2 introduced=3 fixed=4 introduced=1", "0 1 2 3 4", "1 3", id="events-in-any-order"
        ),  # PYSEC-2009-15
        pytest.param("introduced=0 fixed=2 introduced=2 fixed=3", "1 2 3", "1 2", id="tied-fixed-first"),
        pytest.param("introduced=2 last_affected=2", "1 2 3", "2", id="tied-one-version"),
        pytest.param("introduced=0 fixed=1 introduced=2", "0 1 2 3", "0 2 3", id="open-again"),  # PYSEC-2026-733
        pytest.param("introduced=0 introduced=2 fixed=3", "1 2 3", "1 2", id="introduced-twice"),
        pytest.param("introduced=0 fixed=2 fixed=3", "1 2 3", "1", id="first-fix-ends"),
        pytest.param("introduced=0 last_affected=2.5 last_affected=2.5.1", "2.5.1 2.6", "2.5.1", id="last-of-several"),
        pytest.param("introduced=0 limit=2", "1 2 3", "1", id="limit"),
        pytest.param("introduced=0 limit=2 limit=3", "1 2 3", "1 2", id="any-limit"),
        pytest.param("introduced=0 limit=*", "1 99", "1 99", id="no-limit"),
        pytest.param("introduced=0 limit=2 limit=*", "1 99", "1 99", id="no-limit-beside-one"),
        pytest.param("introduced=0 fixed=4 limit=2", "1 2 3 4", "1", id="limit-before-fix"),
        pytest.param("introduced=1!0 fixed=1!2", "1 9 1!1 1!2", "1!1", id="epoch"),
        pytest.param("introduced=2.12.0-a1 fixed=2.12.0b", "2.12a0 2.12a1 2.12.0b0", "2.12a1", id="not-canonical"),
        pytest.param("introduced=0 fixed=1.0", "0.9+local 1.0+local", "0.9+local", id="local-fixed"),
        pytest.param("introduced=0 last_affected=2.5.1", "2.5.1+cpu 2.5.2+cpu", "2.5.1+cpu", id="local-of-last"),
        pytest.param(
            "introduced=0 last_affected=2.6.0+cu124", "2.6.0 2.6.0+cu126 2.6.1", "2.6.0 2.6.0+cu126", id="local-bound"
        ),  # PYSEC-2025-191
    ],
)
def test_a_range(pairs, asked, expected):
    assert affected(osv(package(events=events(*pairs.split()))), asked) == expected


@pytest.mark.parametrize(
    ("pairs", "asked", "expected"),
    [
        pytest.param("introduced=0 last_affected=2.6.0-NA", "2.6.0.post1 2.6.1", "2.6.0.post1", id="release"),
        pytest.param("introduced=0 fixed=7.2.0-12.1", "7.1 7.2.0 7.2.1.dev0", "7.1 7.2.0", id="fixed"),
        pytest.param("introduced=0 fixed=2019-09-12", "1.0 9999.9", "1.0 9999.9", id="date-ends-nothing"),
        pytest.param("introduced=2.0-NA fixed=3", "1.9 2.0.dev0 3", "2.0.dev0", id="introduced"),
        pytest.param("introduced=0 limit=2.0-NA", "1.9 2.0.1 2.1", "1.9 2.0.1", id="limit"),
        pytest.param("introduced=0 fixed=2.0-NA limit=1", "0.9 1 2", "0.9", id="beyond-the-limit"),
        pytest.param("introduced=0 fixed=1!2.0-NA", "1!1.0 1!2.0 1!2.1", "1!1.0 1!2.0", id="epoch"),
    ],
)
def test_an_event_that_is_not_pep_440_fails_closed(pairs, asked, expected):
    assert affected(osv(package(events=events(*pairs.split()))), asked) == expected


def test_listed_or_in_a_range():
    document = osv(package(events=events("introduced=2", "fixed=3"), versions=["1.0", "2.5", "3.0a1"]))

    assert affected(document, "1 1.1 2.7 3.0a1 3.0a2 3") == "1 2.7 3.0a1 3.0a2"


def test_a_listed_version_that_a_range_holds_is_not_kept_twice():
    record = parse_record(osv(package(events=events("introduced=2", "fixed=3"), versions=["1.0", "2.5"])))

    assert record.affected["demo"].versions == {Version("1")}


def test_listed_versions_are_compared_as_versions():
    document = osv(package(versions=["2.7.0", "2.0.0b", "3.10.0c1"]))

    assert affected(document, "2.7 2.0b0 3.10rc1 2.7.1") == "2.7 2.0b0 3.10rc1"
    assert affected(document, "2.7+local 2.8+local") == "2.7+local"


def test_several_ranges_and_entries_for_one_package_are_joined():
    git = {"type": "GIT", "repo": "r", "events": [{"introduced": "0"}, {"fixed": "1d0502f"}]}
    first = {"type": "ECOSYSTEM", "events": events("introduced=1", "fixed=2")}
    second = {"type": "SEMVER", "events": events("introduced=3", "fixed=4")}
    document = osv(
        package("De.mo", versions=["9"]) | {"ranges": [git, first, second]}, package("de_MO", versions=["8"])
    )

    assert affected(document, "0 1 2 3 4 8 9", "de-mo") == "1 3 8 9"


def test_packages_of_one_record_are_apart_and_other_ecosystems_are_not_ours():
    other = {"package": {"ecosystem": "npm", "name": "left"}, "versions": ["1"]}
    record = parse_record(osv(package("a", versions=["1"]), package("b", versions=["2"]), other, {"ranges": []}))

    assert {name: {str(v) for v in a.versions} for name, a in record.affected.items()} == {"a": {"1"}, "b": {"2"}}


def test_a_version_that_is_not_pep_440_matches_literally_and_sorts_below_all_others():
    listed = advisory(parse_record(osv(package(versions=["0.1-bulbasaur"]))))
    ranged = advisory(parse_record(osv(package(events=events("introduced=0", "fixed=1.7")))))
    later = advisory(parse_record(osv(package(events=events("introduced=0.1", "fixed=1.7")))))

    assert listed.literal_versions == {"0.1-bulbasaur"}
    assert [a.affects("0.1-bulbasaur") for a in (listed, ranged, later)] == [True, True, False]
    assert not listed.affects("0.1-charmander")


def test_a_version_too_long_to_be_one_is_a_literal():
    text = "1" * 5000

    assert parse_record(osv(package(versions=[text]))).affected["demo"].literal_versions == {text}


@pytest.mark.parametrize(
    ("pairs", "version", "fix"),
    [
        ("introduced=0 fixed=2", "1", "2"),
        ("introduced=0 fixed=2 introduced=2 fixed=3", "1", "3"),
        ("introduced=0 fixed=2.2.5 introduced=2.3 fixed=2.3.2", "2.2", "2.2.5"),
        ("introduced=0 fixed=2.2.5 introduced=2.3 fixed=2.3.2", "2.3", "2.3.2"),
        ("introduced=0 last_affected=2", "1", None),
        ("introduced=0 limit=2", "1", None),
    ],
)
def test_the_nearest_fixed_version_is_not_affected_itself(pairs, version, fix):
    it = advisory(parse_record(osv(package(events=events(*pairs.split())))))

    assert it.fixed_after(Version(version)) == (fix and Version(fix))


@pytest.mark.parametrize(
    ("severity", "score"),
    [
        ([{"type": "CVSS_V2", "score": "AV:N/AC:L/Au:N/C:P/I:P/A:P"}], 7.5),
        ([{"type": "CVSS_V3", "score": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:N/A:N"}], 7.5),
        ([{"type": "CVSS_V4", "score": "CVSS:4.0/AV:N/AC:L/AT:N/PR:L/UI:N/VC:H/VI:H/VA:H/SC:L/SI:L/SA:N"}], 8.7),
        (
            [
                {"type": "CVSS_V3", "score": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"},
                {"type": "CVSS_V2", "score": "AV:N/AC:L/Au:N/C:P/I:P/A:P"},
            ],
            9.8,
        ),
        ([{"type": "CVSS_V3", "score": "CVSS:3.1/AV:N"}], None),
        ([{"type": "Ubuntu", "score": "high"}], None),
        ([], None),
    ],
)
def test_the_score_is_the_highest_vector(severity, score):
    assert parse_record(osv(severity=severity)).score == score
    assert parse_record(osv(package(severity=severity))).score == score


@pytest.mark.parametrize(
    ("word", "rating"), [("LOW", 0.1), ("MODERATE", 4.0), ("HIGH", 7.0), ("CRITICAL", 9.0), ("ODD", None), (3, None)]
)
def test_a_word_counts_as_the_lowest_score_of_its_band(word, rating):
    assert parse_record(osv(database_specific={"severity": word})).rating == rating


def test_what_a_record_says_of_itself():
    record = parse_record(
        osv(
            aliases=["CVE-1", ""],
            withdrawn="2026-02-01T00:00:00Z",
            summary=None,
            details="  A long\n\n story " + "x" * 300,
            references=[
                {"type": "WEB", "url": "https://web.example"},
                {"type": "ADVISORY", "url": "javascript:alert()"},
                {"type": "ADVISORY", "url": "https://advisory.example"},
            ],
        )
    )

    assert record.aliases == {"PYSEC-1", "CVE-1"}
    assert record.modified == "2026-01-01T00:00:00"
    assert record.withdrawn
    assert record.summary == "A long story " + "x" * 186 + "…"
    assert record.url == "https://advisory.example"
    assert record.affected == {}


@pytest.mark.parametrize(
    ("stated", "day"),
    [
        ("2017-09-05T19:29:00Z", date(2017, 9, 5)),
        ("2017-09-05T19:29:00.237Z", date(2017, 9, 5)),
        (None, None),
        ("", None),
        ("long ago", None),
        ("2017-13-05T19:29:00Z", None),
    ],
)
def test_when_a_record_was_published_may_not_be_known(stated, day):
    assert parse_record(osv(published=stated)).published == day


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        ([], "the record is not an object"),
        ({"modified": "x"}, "`id` is not a string"),
        ({"id": "with space", "modified": "x"}, "its id is not an id"),
        ({"id": "A-1"}, "`modified` is not a string"),
        (osv(withdrawn=True), "`withdrawn` is not a string"),
        (osv(published=2017), "`published` is not a string"),
        (osv(aliases="CVE-1"), "`aliases` is not a list"),
        (osv(package(versions=[1.1])), "an item of `versions` is not a string"),
        (osv(package(events=[])), "a range without `introduced`"),
        (osv(package(events=events("fixed=1"))), "a range without `introduced`"),
        (osv(package(events=events("introduced=0", "mended=1"))), "a range event of unknown type"),
        (osv(package(events=[{"introduced": 0}])), "`introduced` is not a string"),
        (osv(package(events=[{"introduced": "0", "limit": 2}])), "`limit` is not a string"),
        (osv(package(events=events("introduced=2019-09-12"))), "an `introduced` that begins with no release"),
        (osv(package() | {"ranges": [{"type": "ODD", "events": []}]}), "a range of unknown type"),
        (osv({"package": {"ecosystem": "PyPI", "name": "-"}}), "a package name is not a name"),
        (osv({"package": {"name": "demo"}}), "`ecosystem` is not a string"),
        (osv({"package": "demo"}), "`package` is not an object"),
    ],
)
def test_what_the_schema_forbids_is_an_error(document, reason):
    with pytest.raises(UnreadableRecordError) as caught:
        parse_record(document)

    assert str(caught.value) == reason


def test_an_unreadable_record_still_tells_whom_it_speaks_of():
    broken = osv(package("De.mo"), package("other"), package("-"), {"package": {"name": 3}}, "x", aliases="x")

    with pytest.raises(UnreadableRecordError) as caught:
        parse_record(broken)

    assert caught.value.names == {"de-mo", "other"}
