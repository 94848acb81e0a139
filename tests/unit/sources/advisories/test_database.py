from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
import zipfile
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from datetime import date, datetime, timezone
from pathlib import Path

import pytest

from safeinstall.errors import SourceError
from safeinstall.facts.advisory import Advisory
from safeinstall.facts.values import Missing
from safeinstall.sources.advisories import build as advisory_build
from safeinstall.sources.advisories.database import AdvisoryDatabase, database_file, open_advisories, open_database
from safeinstall.sources.advisories.osv_records import Limits

V3_HIGH = [{"type": "CVSS_V3", "score": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:N/A:N"}]


def osv(id_: str, name: str = "demo", *versions: str, **fields: object) -> dict:
    affected = [{"package": {"ecosystem": "PyPI", "name": name}, "versions": list(versions or ["1.0"])}]
    return {"id": id_, "modified": "2026-01-01T00:00:00Z", "affected": affected, **fields}


def zipped(path: Path, *records: dict) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for record in records:
            archive.writestr(f"{record['id']}.json", json.dumps(record))
    return path


def tree(path: Path, *records: dict) -> Path:
    for record in records:
        file = path / "vulns" / f"{record['id']}.json"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(record))
    return path


@pytest.fixture
def opened(tmp_path):
    """Open sources in one cache directory; every database is closed at the end."""
    with ExitStack() as stack:
        yield lambda *sources, **options: stack.enter_context(open_advisories(sources, tmp_path / "cache", **options))


def built(tmp_path: Path) -> list[str]:
    return sorted(file.name for file in (tmp_path / "cache").iterdir())


def stored(tmp_path: Path, source: Path) -> AdvisoryDatabase | None:
    """Open what was last built of *source*."""
    return open_database(database_file([str(source)], tmp_path / "cache"))


def ids(found: tuple[Advisory, ...] | Missing) -> list[str]:
    assert not isinstance(found, Missing)
    return [advisory.id for advisory in found]


@pytest.mark.parametrize("make", [lambda p, *r: zipped(p / "all.zip", *r), lambda p, *r: tree(p / "db", *r)])
def test_records_are_found_by_the_normalised_name(tmp_path, opened, make):
    database = opened(make(tmp_path, osv("PYSEC-1", "Jw.Util"), osv("PYSEC-2")))

    assert ids(database.advisories("jw-util")) == ["PYSEC-1"]
    assert database.match("JW_util", "1") == ("PYSEC-1",)
    assert database.advisories("unknown") == ()
    assert database.match("unknown", "1") == ()


def test_what_was_stored_is_what_the_record_said(tmp_path, opened):
    events = [{"introduced": "1"}, {"fixed": "2"}, {"introduced": "3"}, {"last_affected": "4"}, {"limit": "9"}]
    record = osv("PYSEC-1", "demo", "0.5", "0-odd", summary="\ud800 é", aliases=["MAL-1"], severity=V3_HIGH)
    record["published"] = "2017-09-05T19:29:00.237Z"
    record["affected"][0]["ranges"] = [{"type": "ECOSYSTEM", "events": events}]
    record["references"] = [{"type": "ADVISORY", "url": "https://advisory.example"}]
    database = opened(zipped(tmp_path / "all.zip", record))

    (advisory,) = database.advisories("demo")

    assert (advisory.aliases, advisory.summary, advisory.severity) == ({"PYSEC-1", "MAL-1"}, "\ud800 é", 7.5)
    assert (advisory.malicious, advisory.url) == (True, "https://advisory.example")
    assert advisory.published == date(2017, 9, 5)
    matched = [v for v in ("0-odd", "0.5", "0.6", "1", "2", "4.0", "4.1") if database.match("demo", v)]
    assert matched == ["0-odd", "0.5", "1", "4.0"]


def test_a_withdrawn_record_never_matches_but_still_links_and_scores_its_aliases(tmp_path, opened):
    database = opened(
        zipped(
            tmp_path / "all.zip",
            osv("PYSEC-1", aliases=["CVE-1"]),
            osv("PYSEC-2", aliases=["CVE-1", "GHSA-2"], severity=V3_HIGH, withdrawn="2026-01-02T00:00:00Z"),
        )
    )

    (advisory,) = database.advisories("demo")

    assert advisory.aliases == {"PYSEC-1", "PYSEC-2", "CVE-1", "GHSA-2"}
    assert advisory.severity == 7.5
    assert database.match("demo", "1.0") == ("PYSEC-1",)


@pytest.mark.parametrize(
    ("own", "other", "expected"),
    [
        ({"severity": V3_HIGH}, {"database_specific": {"severity": "CRITICAL"}}, 7.5),
        ({}, {"severity": V3_HIGH}, 7.5),
        ({"database_specific": {"severity": "LOW"}}, {"severity": V3_HIGH}, 7.5),
        ({"database_specific": {"severity": "LOW"}}, {"database_specific": {"severity": "CRITICAL"}}, 0.1),
        ({}, {"database_specific": {"severity": "MODERATE"}}, 4.0),
        ({}, {}, Missing("unscored")),
    ],
)
def test_severity_is_the_records_own_then_that_of_its_aliases(tmp_path, opened, own, other, expected):
    records = osv("PYSEC-1", aliases=["CVE-1"], **own), osv("GHSA-1", "other", aliases=["CVE-1"], **other)

    (advisory,) = opened(zipped(tmp_path / "all.zip", *records)).advisories("demo")

    assert advisory.severity == expected


def test_match_names_every_record_of_a_group_that_affects_the_version(tmp_path, opened):
    records = [
        osv("PYSEC-1", "demo", "1", aliases=["GHSA-1"]),
        osv("GHSA-1", "demo", "1", "2"),
        osv("PYSEC-3", "demo", "2"),
    ]
    database = opened(zipped(tmp_path / "all.zip", *records))

    assert database.match("demo", "1") == ("GHSA-1", "PYSEC-1")
    assert database.match("demo", "2") == ("GHSA-1", "PYSEC-3")


def test_several_sources_are_joined_and_the_newest_record_counts(tmp_path, opened):
    old = osv("PYSEC-1", "demo", "1", modified="2026-01-01T00:00:00Z")
    new = osv("PYSEC-1", "demo", "2", modified="2026-01-01T00:00:00.5Z")
    sources = zipped(tmp_path / "a.zip", new, osv("PYSEC-2")), tree(tmp_path / "b", old, osv("PYSEC-3"))

    for order in (sources, sources[::-1]):
        database = opened(*order)
        assert database.match("demo", "2") == ("PYSEC-1",)
        assert database.match("demo", "1") == ("PYSEC-2", "PYSEC-3")


def test_the_database_is_built_once(tmp_path, opened, monkeypatch):
    source = zipped(tmp_path / "all.zip", osv("PYSEC-1"))
    first = opened(source)
    state = first.path.stat()

    assert opened(source).path.stat() == state
    assert built(tmp_path) == [first.path.name]


@pytest.mark.parametrize("make", [lambda p, *r: zipped(p / "all.zip", *r), lambda p, *r: tree(p / "db", *r)])
def test_a_changed_source_is_read_again(tmp_path, opened, make):
    opened(make(tmp_path, osv("PYSEC-1")))
    source = make(tmp_path, osv("PYSEC-1"), osv("PYSEC-2"))

    assert opened(source).match("demo", "1") == ("PYSEC-1", "PYSEC-2")
    assert len(built(tmp_path)) == 1


def test_a_file_of_a_tree_that_is_replaced_by_one_of_the_same_size_is_seen(tmp_path, opened):
    source = tree(tmp_path / "db", osv("PYSEC-1", "demo", "1"), osv("PYSEC-2", "demo", "3"))
    opened(source)
    tree(source, osv("PYSEC-1", "demo", "2"))

    assert opened(source).match("demo", "2") == ("PYSEC-1",)


def test_a_reader_goes_on_with_what_it_opened(tmp_path, opened):
    before = opened(zipped(tmp_path / "all.zip", osv("PYSEC-1")))
    opened(zipped(tmp_path / "all.zip", osv("PYSEC-2")))

    assert before.match("demo", "1") == ("PYSEC-1",)


def test_several_builds_at_once_all_end_well(tmp_path, opened):
    source = zipped(tmp_path / "all.zip", *(osv(f"PYSEC-{n}") for n in range(50)))

    with ThreadPoolExecutor(8) as pool:
        found = [len(d.match("demo", "1")) for d in pool.map(lambda _: opened(source), range(8))]

    assert found == [50] * 8
    assert len(built(tmp_path)) == 1


def test_one_database_serves_several_threads(tmp_path, opened):
    database = opened(zipped(tmp_path / "all.zip", *(osv(f"PYSEC-{n}", f"demo{n}") for n in range(200))))

    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda n: database.match(f"demo{n}", "1"), range(200)))

    assert found == [(f"PYSEC-{n}",) for n in range(200)]


HINT = "fetch it again, or correct `sources` under [advisories] in the policy"


def truncated(path: Path) -> None:
    path.write_bytes(zipped(path, osv("PYSEC-1"), osv("PYSEC-2")).read_bytes()[:-40])


def not_json(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("PYSEC-1.json", "{")


def deep(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("PYSEC-1.json", "[" * 200_000)


def empty(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("README.md", "")


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (truncated, "the zip is damaged or incomplete (File is not a zip file)"),
        (
            not_json,
            "PYSEC-1.json is not JSON (Expecting property name enclosed in double quotes: line 1 column 2 (char 1))",
        ),
        (empty, "no .json file in it"),
        (Path.unlink, "no such file or directory"),
    ],
)
def test_a_broken_source_is_said_and_the_old_data_stays(tmp_path, opened, damage, reason):
    source = zipped(tmp_path / "all.zip", osv("PYSEC-1"))
    opened(source)
    damage(source)

    with pytest.raises(SourceError) as caught:
        opened(source)

    assert (caught.value.message, caught.value.hint) == (f"advisory source {source}: {reason}", HINT)
    assert len(built(tmp_path)) == 1
    with stored(tmp_path, source) as database:
        assert database.match("demo", "1") == ("PYSEC-1",)


def test_json_too_deep_to_read_is_not_json(tmp_path, opened):
    deep(tmp_path / "all.zip")

    with pytest.raises(SourceError, match=r"PYSEC-1\.json is not JSON"):
        opened(tmp_path / "all.zip")

    assert built(tmp_path) == []


def test_a_source_beyond_the_limits_leaves_nothing(tmp_path, opened):
    source = zipped(tmp_path / "all.zip", osv("PYSEC-1"), osv("PYSEC-2"))

    with pytest.raises(SourceError, match="more than 1 records"):
        opened(source, limits=Limits(records=1))

    assert built(tmp_path) == []


def test_no_source_is_an_error(opened):
    with pytest.raises(SourceError) as caught:
        opened()

    assert (caught.value.message, caught.value.hint) == (
        "no advisory source is configured",
        "name one in `sources` under [advisories]",
    )


def test_a_record_that_cannot_be_read_makes_its_packages_missing(tmp_path, opened):
    source = zipped(tmp_path / "all.zip", osv("PYSEC-1"), osv("PYSEC-2", aliases="CVE-1"), osv("PYSEC-3", "other"))
    database = opened(source)
    problem = "PYSEC-2.json: `aliases` is not a list"

    assert database.advisories("demo") == Missing(f"an advisory for demo cannot be read: {problem}")
    assert database.match("other", "1") == ("PYSEC-3",)
    assert database.status().unreadable == (problem,)
    with pytest.raises(SourceError) as caught:
        database.match("demo", "1")
    assert caught.value.message == f"an advisory for demo cannot be read: {problem}"
    assert caught.value.hint == "correct the record, or take it from another source"


def test_a_record_without_readable_packages_is_counted(tmp_path, opened):
    source = tmp_path / "db"
    source.mkdir()
    (source / "list.json").write_text("[]")

    assert opened(source).status().unreadable == ("list.json: the record is not an object",)


def test_the_age_is_that_of_the_oldest_source_and_never_in_the_future(tmp_path, opened):
    future = osv("PYSEC-1", modified="2999-01-01T00:00:00Z")
    old, new = zipped(tmp_path / "old.zip", future), zipped(tmp_path / "new.zip", osv("PYSEC-2"))
    os.utime(old, (1_700_000_000, 1_700_000_000))
    os.utime(new, (32_503_680_000, 32_503_680_000))
    before = datetime.now(timezone.utc)

    both, only_new = opened(old, new).status(), opened(new).status()

    assert both.as_of == datetime(2023, 11, 14, 22, 13, 20, tzinfo=timezone.utc)
    assert before <= only_new.as_of == only_new.read_at <= datetime.now(timezone.utc)


def test_what_a_database_holds_is_counted(tmp_path, opened):
    nothing = osv("PYSEC-3")
    nothing["affected"][0]["versions"] = []
    source = zipped(tmp_path / "all.zip", osv("PYSEC-1"), osv("PYSEC-2", withdrawn="2026-01-02T00:00:00Z"), nothing)

    status = opened(source).status()

    assert (status.sources, status.records, status.withdrawn, status.unmatchable, status.unreadable) == (
        (str(source),),
        3,
        1,
        1,
        (),
    )


@pytest.mark.parametrize("content", [b"", b"SQLite format 3\x00 no more", b"x" * 9000])
def test_a_damaged_database_is_built_again(tmp_path, opened, content):
    source = zipped(tmp_path / "all.zip", osv("PYSEC-1"))
    path = opened(source).path
    path.write_bytes(content)

    assert stored(tmp_path, source) is None
    assert opened(source).match("demo", "1") == ("PYSEC-1",)


def test_a_database_of_another_make_is_built_again(tmp_path, opened):
    source = zipped(tmp_path / "all.zip", osv("PYSEC-1"))
    path = opened(source).path
    path.unlink()
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript("CREATE TABLE meta (key, value); INSERT INTO meta VALUES ('identities', '[[1]]')")

    assert stored(tmp_path, source) is None
    assert opened(source).match("demo", "1") == ("PYSEC-1",)


def test_nothing_is_stored_before_the_first_build(tmp_path):
    assert stored(tmp_path, tmp_path / "all.zip") is None


def test_a_database_that_is_gone_is_an_error(tmp_path):
    path = tmp_path / "gone.sqlite3"

    with pytest.raises(SourceError) as caught:
        AdvisoryDatabase(path)

    assert caught.value.message == f"cannot read the advisory database {path}: unable to open database file"
    assert caught.value.hint == "delete it; it is built anew from its sources"


def test_a_disk_that_does_not_take_the_database_is_said(tmp_path, opened, monkeypatch):
    source = zipped(tmp_path / "all.zip", osv("PYSEC-1"))
    stored = opened(source).path
    zipped(source, osv("PYSEC-2"))

    def full(*_: object) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr(advisory_build, "_derive", full)
    with pytest.raises(SourceError) as caught:
        opened(source)

    assert caught.value.message == f"cannot write the advisory database {stored}: database or disk is full"
    assert caught.value.hint == "make room in the cache directory, or make it writable"
    assert built(tmp_path) == [stored.name]


def test_a_path_with_odd_characters(tmp_path):
    source = zipped(tmp_path / "a?b#c%20.zip", osv("PYSEC-1"))

    with open_advisories([source], tmp_path / "ca?che #1%20") as database:
        assert database.match("demo", "1") == ("PYSEC-1",)


def test_a_version_list_of_a_megabyte(tmp_path, opened):
    versions = [f"1.{n}.{n}" for n in range(80_000)]

    assert opened(zipped(tmp_path / "all.zip", osv("PYSEC-1", "demo", *versions))).match("demo", "1.79999.79999")


CLOSE_WHILE_ASKED = """
import sys, threading
from contextlib import suppress
from pathlib import Path
from safeinstall.errors import SourceError
from safeinstall.sources.advisories.database import open_advisories

def ask(database):
    with suppress(SourceError):
        for number in range(2000):
            database.advisories(f"x{number}")

for _ in range(50):
    database = open_advisories([Path(sys.argv[1])], Path(sys.argv[2]))
    threads = [threading.Thread(target=ask, args=(database,)) for _ in range(4)]
    for thread in threads:
        thread.start()
    database.close()
    for thread in threads:
        thread.join()
"""


def test_a_database_can_be_closed_while_others_ask_it(tmp_path):
    """Guesses of a run that has ended may still be under way."""
    command = [sys.executable, "-c", CLOSE_WHILE_ASKED, str(tree(tmp_path / "records", osv("PYSEC-1"))), str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
