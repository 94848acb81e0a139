from __future__ import annotations

import gzip
import json
import os
import time
from dataclasses import replace
from datetime import date, datetime, timedelta, timezone
from pathlib import Path

import pytest
from lib.dump import LocalDump, age, osv
from lib.index import Reply

from safeinstall.errors import SourceError
from safeinstall.facts.values import Missing
from safeinstall.policy.model import AdvisorySettings
from safeinstall.sources.advisories import cve_lists
from safeinstall.sources.advisories import sync as advisory_sync
from safeinstall.sources.advisories.build import confirm_database
from safeinstall.sources.advisories.cve_lists import ListSource, list_sources
from safeinstall.sources.advisories.database import AdvisoryDatabase
from safeinstall.sources.advisories.local import LocalAdvisories, open_whatever
from safeinstall.sources.advisories.osv_dump import Dump, DumpReader
from safeinstall.sources.advisories.sync import Syncer
from safeinstall.sources.network.http import HttpClient, HttpSettings

RECORDS = (
    osv("PYSEC-1", aliases=["CVE-2024-0001", "GHSA-1"]),
    osv("GHSA-1", "twin"),
    osv("PYSEC-2", aliases=["CVE-2024-0002", "CVE-2024-0003"]),
    osv("PYSEC-3"),
)
FORCE = "if that is as it should be, take it with `safe-pip advisories sync --force`"


def kev(*listed: tuple[str, str], released: str = "2026-11-20") -> bytes:
    vulnerabilities = [{"cveID": cve, "dateAdded": day} for cve, day in listed]
    return json.dumps({"dateReleased": f"{released}T17:00:00Z", "vulnerabilities": vulnerabilities}).encode()


def epss(*scores: tuple[str, float], of: str = "2026-11-21") -> bytes:
    rows = "".join(f"{cve},{score},0.5\n" for cve, score in scores)
    return f"#model_version:v1,score_date:{of}T00:00:00+0000\ncve,epss,percentile\n{rows}".encode()


KEV = kev(("CVE-2024-0001", "2024-05-02"), ("CVE-2024-0003", "2024-04-02"), ("CVE-1999-0001", "2024-03-02"))
EPSS = epss(("CVE-2024-0002", 0.25), ("CVE-2024-0003", 0.5), ("CVE-1999-0001", 0.9))


@pytest.fixture
def dump():
    with LocalDump() as dump:
        dump.publish(*RECORDS)
        dump.files |= {"/kev.json": KEV, "/epss.csv.gz": gzip.compress(EPSS)}
        yield dump


@pytest.fixture
def client():
    with HttpClient(HttpSettings(proxy="", netrc=False, retries=0)) as client:
        yield client


@pytest.fixture
def syncer(dump, client, tmp_path):
    return Syncer(
        sources=[Dump.at(dump.url, "osv")],
        lists=[ListSource("exploited", f"{dump.root}/kev.json"), ListSource("epss", f"{dump.root}/epss.csv.gz")],
        directory=tmp_path / "cache",
        reader=DumpReader(client=client, progress=lambda _: None),
    )


@pytest.fixture
def local(syncer, client):
    """The advisories of one installation, *later* than now."""

    def new(later: timedelta = timedelta(), **options) -> LocalAdvisories:
        return LocalAdvisories(
            **{
                "sources": syncer.sources,
                "lists": syncer.lists,
                "directory": syncer.directory,
                "as_of": datetime.now(timezone.utc) + later,
                "max_staleness": timedelta(days=7),
                "client": client,
                **options,
            }
        )

    return new


def synced(syncer: Syncer, **options) -> list[str]:
    return [f"{one.source}: {one.done or one.failure.message}" for one in syncer.sync(**options)]


def known(file: Path, name: str = "demo") -> dict[str, tuple]:
    with AdvisoryDatabase(file) as database:
        return {a.id: (a.exploited and str(a.exploited), a.epss) for a in database.advisories(name)}


def answer(advisories: LocalAdvisories) -> dict[str, tuple]:
    """What an installation is told of each advisory."""
    with advisories:
        return {a.id: (a.exploited, a.epss) for a in advisories.advisories("demo")}


def age_lists(file: Path, by: timedelta) -> None:
    """Make the lists of a database look as if they were last asked so long ago."""
    at = time.time_ns() - int(by.total_seconds() * 1e9)
    with AdvisoryDatabase(file) as database:
        parts = [stored.kept(kind) for kind, stored in database.lists.items()]
        old = [replace(part, identity=replace(part.identity, mtime_ns=at)) for part in parts]
        confirm_database(file, database.identities, time.time(), old)


# What comes in


def test_lists_are_matched_through_the_alias_groups(syncer):
    assert synced(syncer) == [
        "osv: read, 4 records",
        "exploited: read, 3 vulnerabilities",
        "epss: read, 3 vulnerabilities",
    ]

    assert known(syncer.file) == {
        "PYSEC-1": ("2024-05-02", None),
        "PYSEC-2": ("2024-04-02", 0.5),
        "PYSEC-3": (None, None),
    }
    assert known(syncer.file, "twin") == {"GHSA-1": ("2024-05-02", None)}


def test_what_has_not_changed_is_not_sent_again(syncer, dump):
    synced(syncer)
    assert dump.taken() == ["/all.zip", "/epss.csv.gz", "/kev.json"]
    first = syncer.file.stat().st_mtime_ns

    again = synced(syncer)

    assert again[1:] == ["exploited: unchanged, 3 vulnerabilities", "epss: unchanged, 3 vulnerabilities"]
    conditions = {r.path: "if-none-match" in r.headers for r in dump.requests if r.path != "/modified_id.csv"}
    assert conditions == {"/kev.json": True, "/epss.csv.gz": True}
    assert known(syncer.file)["PYSEC-2"] == ("2024-04-02", 0.5)
    with AdvisoryDatabase(syncer.file) as database:
        assert min(stored.identity.mtime_ns for stored in database.lists.values()) > first


def test_what_a_list_said_is_known_of_a_record_that_comes_later(syncer, dump):
    synced(syncer)
    dump.publish(*RECORDS, osv("PYSEC-9", aliases=["CVE-1999-0001"]))
    dump.files |= {"/kev.json": KEV, "/epss.csv.gz": gzip.compress(EPSS)}

    assert synced(syncer)[0] == "osv: 1 changed, 5 records"

    assert known(syncer.file)["PYSEC-9"] == ("2024-03-02", 0.9)


def test_a_new_list_takes_the_place_of_the_old_one(syncer, dump):
    synced(syncer)
    dump.files["/epss.csv.gz"] = epss(("CVE-2024-0001", 0.75), ("CVE-2024-0002", 0.1), ("CVE-7-1", 0.1)).replace(
        b"CVE-7-1", b"CVE-2025-0001"
    )

    assert synced(syncer)[1:] == ["exploited: unchanged, 3 vulnerabilities", "epss: read, 3 vulnerabilities"]
    assert known(syncer.file) == {
        "PYSEC-1": ("2024-05-02", 0.75),
        "PYSEC-2": ("2024-04-02", 0.1),
        "PYSEC-3": (None, None),
    }


def test_paths_are_read_whenever_they_change(dump, tmp_path):
    listed, scores = tmp_path / "kev.json", tmp_path / "epss"
    listed.write_bytes(KEV)
    scores.write_bytes(gzip.compress(EPSS))
    own = tmp_path / "own"
    own.mkdir()
    (own / "PYSEC-1.json").write_text(json.dumps(RECORDS[0]))
    lists = [ListSource("exploited", listed), ListSource("epss", scores)]
    opened = open_whatever([own], tmp_path / "cache", lists)
    assert known(opened.database.path) == {"PYSEC-1": ("2024-05-02", None)}

    listed.write_bytes(
        kev(("CVE-2024-0001", "2023-01-01"), ("CVE-2024-0003", "2024-04-02"), ("CVE-1999-0001", "2024-03-02"))
    )
    again = open_whatever([own], tmp_path / "cache", lists)

    assert known(again.database.path) == {"PYSEC-1": ("2023-01-01", None)}
    assert (again.problem, again.lists, dump.taken()) == ("", {}, [])


def test_what_a_policy_names(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    found = list_sources(AdvisorySettings(exploited="https://ann:secret@lists.example/kev.json", epss="scores.csv"))

    assert [(source.kind, source.name, source.is_remote) for source in found] == [
        ("exploited", "https://****@lists.example/kev.json", True),
        ("epss", str(tmp_path / "scores.csv"), False),
    ]
    assert list_sources(AdvisorySettings()) == ()


def test_without_lists_a_database_is_where_it_was(syncer):
    plain = replace(syncer, lists=())

    assert plain.file != syncer.file
    assert synced(plain) == ["osv: read, 4 records"]


def test_to_name_a_list_costs_no_advisories(syncer, dump):
    synced(replace(syncer, lists=()))
    dump.taken()

    assert synced(syncer) == [
        "osv: unchanged, 4 records",
        "exploited: read, 3 vulnerabilities",
        "epss: read, 3 vulnerabilities",
    ]

    assert dump.taken() == ["/epss.csv.gz", "/kev.json", "/modified_id.csv"]
    assert known(syncer.file)["PYSEC-2"] == ("2024-04-02", 0.5)


def test_a_list_that_is_named_without_a_network_leaves_the_advisories(syncer, dump, local):
    synced(replace(syncer, lists=()))
    dump.reply("*", Reply(status=503))

    told = answer(local())

    assert sorted(told) == ["PYSEC-1", "PYSEC-2", "PYSEC-3"]
    assert isinstance(told["PYSEC-1"][0], Missing)


# What is refused


def login_page(dump):
    dump.files["/kev.json"] = b"<!DOCTYPE html>"


def cut_gzip(dump):
    dump.files["/epss.csv.gz"] = gzip.compress(EPSS)[:-9]


def damaged_gzip(dump):
    dump.files["/epss.csv.gz"] = b"\x1f\x8b\x08\x00" + bytes(30)


def gone(dump):
    del dump.files["/kev.json"]


def older(dump):
    dump.files["/epss.csv.gz"] = epss(*((f"CVE-2024-{n:04}", 0.1) for n in range(9)), of="2026-11-20")


def less(dump):
    dump.files["/kev.json"] = kev(("CVE-2024-0001", "2024-05-02"), released="2026-11-21")


CHECK = "fetch it again, or correct `{}` under [advisories] in the policy"


@pytest.mark.parametrize(
    ("spoil", "kind", "message", "hint"),
    [
        (login_page, "exploited", "not JSON (Expecting value: line 1 column 1 (char 0))", CHECK),
        (gone, "exploited", "404 Not Found", CHECK),
        (less, "exploited", "not taken: 2 of the 3 vulnerabilities that are here are gone from it", FORCE),
        (
            cut_gzip,
            "epss",
            (
                "the gzip file is damaged or incomplete "
                "(Compressed file ended before the end-of-stream marker was reached)"
            ),
            CHECK,
        ),
        (damaged_gzip, "epss", "the gzip file is damaged or incomplete", CHECK),
        (older, "epss", "not taken: it is of 2026-11-20, what is here is of 2026-11-21", FORCE),
    ],
)
def test_what_cannot_be_believed_leaves_the_old_list_in_use(*, syncer, dump, spoil, kind, message, hint):
    synced(syncer)
    before = known(syncer.file)
    spoil(dump)

    (failure,) = (one.failure for one in syncer.sync() if one.failure)

    (source,) = (source for source in syncer.lists if source.kind == kind)
    assert failure.message.startswith(f"advisory list {source.name}: {message}")
    assert failure.hint == hint.format(kind)
    assert known(syncer.file) == before
    if hint == FORCE:
        assert f"{kind}: read, " in " ".join(synced(syncer, force=True))


def test_a_list_that_fails_at_first_keeps_nobody_from_the_advisories(syncer, dump):
    gone(dump)

    assert synced(syncer) == [
        "osv: read, 4 records",
        f"exploited: advisory list {dump.root}/kev.json: 404 Not Found",
        "epss: read, 3 vulnerabilities",
    ]
    assert known(syncer.file)["PYSEC-2"] == (None, 0.5)


@pytest.mark.parametrize("limit", ["LIMIT", "PACKED_LIMIT"])
def test_a_list_beyond_the_limits_is_refused(syncer, monkeypatch, limit):
    monkeypatch.setattr(cve_lists, limit, 100)

    assert all("100 bytes" in line for line in synced(syncer)[1:])


def test_a_list_that_cannot_be_stored_leaves_what_was_there(syncer, dump, monkeypatch):
    synced(syncer)
    before = syncer.file.read_bytes()
    dump.files["/kev.json"] = kev(
        ("CVE-2024-0001", "2024-05-02"), ("CVE-2024-0002", "2024-05-02"), ("CVE-2024-0003", "2024-05-02")
    )

    def full(*_args, **_options):
        raise SourceError("cannot write")

    monkeypatch.setattr(advisory_sync, "build_database", full)
    monkeypatch.setattr(advisory_sync, "confirm_database", lambda *_: None)

    assert synced(syncer)[1:] == ["exploited: cannot write", "epss: cannot write"]
    assert syncer.file.read_bytes() == before


# An installation


def test_an_installation_syncs_the_lists_once(local, dump):
    expected = {"PYSEC-1": (date(2024, 5, 2), None), "PYSEC-2": (date(2024, 4, 2), 0.5), "PYSEC-3": (None, None)}

    assert (answer(local()), dump.taken()) == (expected, ["/all.zip", "/epss.csv.gz", "/kev.json"])
    assert (answer(local()), dump.taken()) == (expected, [])


def test_a_list_that_cannot_be_had_is_missing_and_left_alone_for_a_while(local, dump):
    gone(dump)
    reason = (
        "the list of exploited vulnerabilities is not on this machine: "
        f"advisory list {dump.root}/kev.json: 404 Not Found"
    )

    assert answer(local()) == {
        "PYSEC-1": (Missing(reason), None),
        "PYSEC-2": (Missing(reason), 0.5),
        "PYSEC-3": (None, None),  # it has no CVE, so that no list can speak of it
    }
    dump.taken()
    assert answer(local())["PYSEC-1"] == (Missing(reason), None)
    assert dump.taken() == []


def test_a_list_that_is_too_old_is_asked_for_then_missing(local, dump, syncer):
    synced(syncer)
    age_lists(syncer.file, timedelta(days=8))
    dump.taken()
    dump.reply("/kev.json", Reply(status=503))
    dump.reply("/epss.csv.gz", Reply(status=503))

    since, score = answer(local())["PYSEC-2"]

    assert since.reason == (
        "the list of exploited vulnerabilities is 8 days old, the policy allows 7 days: "
        f"{dump.root}/kev.json answered 503 Service Unavailable; "
        f"{dump.root}/epss.csv.gz answered 503 Service Unavailable"
    )
    assert score.reason.startswith("the list of EPSS scores is 8 days old, the policy allows 7 days: ")
    assert dump.taken() == ["/epss.csv.gz", "/kev.json"]


def test_where_the_policy_names_no_scores_they_are_missing(local, syncer):
    plain = replace(syncer, lists=())
    synced(plain)

    assert answer(local(lists=()))["PYSEC-1"] == (None, Missing("`epss` under [advisories] names no scores"))


def test_an_old_path_is_missing(local, syncer, tmp_path):
    listed = tmp_path / "kev.json"
    listed.write_bytes(KEV)
    os.utime(listed, (time.time() - 30 * 86400,) * 2)
    lists = [ListSource("exploited", listed)]

    since, _ = answer(local(lists=lists))["PYSEC-1"]

    assert since == Missing("the list of exploited vulnerabilities is 30 days old, the policy allows 7 days")


def test_a_path_that_is_not_there_says_so(local, tmp_path):
    since, _ = answer(local(lists=[ListSource("exploited", tmp_path / "kev.json")]))["PYSEC-1"]

    assert since.reason == (
        "the list of exploited vulnerabilities is not on this machine: "
        f"advisory list {tmp_path / 'kev.json'}: no such file or directory"
    )


def test_what_was_relied_on_has_its_age(local, dump, syncer):
    gone(dump)
    with local() as advisories:
        assert advisories.lists_relied_on == ()
        advisories.advisories("demo")
        told = {source.kind: as_of for source, as_of in advisories.lists_relied_on}

    assert isinstance(told["exploited"], Missing)
    assert datetime.now(timezone.utc) - told["epss"] < timedelta(minutes=1)


def test_a_database_that_looks_old_keeps_its_lists(syncer):
    synced(syncer)
    age(syncer.file, timedelta(days=9))

    with AdvisoryDatabase(syncer.file) as database:
        assert {kind: (stored.issued, stored.count) for kind, stored in database.lists.items()} == {
            "exploited": ("2026-11-20", 3),
            "epss": ("2026-11-21", 3),
        }
