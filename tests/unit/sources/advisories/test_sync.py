from __future__ import annotations

import json
import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime
from pathlib import Path

import pytest
from lib.dump import LocalDump, age, osv, zipped
from lib.index import Reply

from safeinstall.errors import SourceError
from safeinstall.facts.values import Missing
from safeinstall.sources.advisories import update as advisory_update
from safeinstall.sources.advisories.database import AdvisoryDatabase
from safeinstall.sources.advisories.local import LocalAdvisories, open_local
from safeinstall.sources.advisories.osv_dump import OSV_URL, Dump, DumpReader, resolve_sources
from safeinstall.sources.advisories.osv_records import Limits
from safeinstall.sources.advisories.sync import Syncer
from safeinstall.sources.network.http import HttpClient, HttpSettings

FORCE = "if that is as it should be, take it with `safe-pip advisories sync --force`"
SOURCES = "fetch it again, or correct `sources` under [advisories] in the policy"
SERVER = "check the address under [advisories] in the policy, or tell whoever runs that server"


@pytest.fixture
def dump():
    with LocalDump() as dump:
        yield dump


@pytest.fixture
def client():
    with HttpClient(HttpSettings(proxy="", netrc=False, retries=0)) as client:
        yield client


@pytest.fixture
def new_syncer(tmp_path, client):
    def new(*sources: LocalDump | Path | Dump, patience: float = 60, **options) -> Syncer:
        known = [Dump.at(source.url, "osv") if isinstance(source, LocalDump) else source for source in sources]
        reader = DumpReader(client=client, progress=lambda _: None, patience=patience)
        return Syncer(sources=known, directory=tmp_path / "cache", reader=reader, **options)

    return new


@pytest.fixture
def syncer(new_syncer, dump):
    return new_syncer(dump)


def synced(syncer: Syncer, **options) -> list[str]:
    """Sync; say how each source ended."""
    return [one.done or f"failed: {one.failure.message}" for one in syncer.sync(**options)]


def failure(syncer: Syncer, **options) -> tuple[str, str | None]:
    (one,) = syncer.sync(**options)
    assert one.done == ""
    return one.failure.message, one.failure.hint


def matches(syncer: Syncer, name: str = "demo", *versions: str) -> list[str]:
    with AdvisoryDatabase(syncer.file) as database:
        return sorted({id_ for version in versions or ["1.0"] for id_ in database.match(name, version)})


def left(syncer: Syncer) -> list[str]:
    return sorted(path.suffix for path in syncer.directory.iterdir())


# What goes over the wire


def test_the_first_sync_reads_the_zip_and_the_next_only_what_is_new(syncer, dump):
    dump.publish(osv("PYSEC-1"), osv("PYSEC-2"))
    assert (synced(syncer), dump.taken()) == (["read, 2 records"], ["/all.zip"])
    assert (synced(syncer), dump.taken()) == (["unchanged, 2 records"], ["/modified_id.csv"])

    assert synced(syncer) == ["unchanged, 2 records"]

    (request,) = dump.requests
    assert request.path == "/modified_id.csv"
    assert "if-none-match" in request.headers
    assert left(syncer) == [".lock", ".sqlite3"]
    assert matches(syncer) == ["PYSEC-1", "PYSEC-2"]


def test_few_changes_are_fetched_one_by_one(syncer, dump):
    later = "2026-02-01T00:00:00Z"
    dump.publish(*(osv(f"PYSEC-{n}") for n in range(1, 31)))
    synced(syncer)
    dump.taken()
    dump.publish(
        osv("PYSEC-2", "demo", "9", modified=later),
        osv("PYSEC-3", withdrawn=later, modified=later),
        osv("PYSEC-31"),
        *(osv(f"PYSEC-{n}") for n in range(4, 31)),
    )

    assert synced(syncer) == ["4 changed, 30 records"]

    assert dump.taken() == ["/PYSEC-2.json", "/PYSEC-3.json", "/PYSEC-31.json", "/modified_id.csv"]
    assert matches(syncer, "demo", "9") == ["PYSEC-2"]
    assert matches(syncer) == sorted(f"PYSEC-{n}" for n in range(4, 32))
    assert synced(syncer) == ["unchanged, 30 records"]


def test_many_changes_are_fetched_as_the_whole_zip(syncer, dump, monkeypatch):
    monkeypatch.setattr(advisory_update, "FEW", 1)
    dump.publish(osv("PYSEC-1"))
    synced(syncer)
    dump.taken()
    dump.publish(osv("PYSEC-1"), osv("PYSEC-2"), osv("PYSEC-3"))

    assert (synced(syncer), dump.taken()) == (["read, 3 records"], ["/all.zip", "/modified_id.csv"])


def test_a_list_that_is_ahead_of_its_records_is_no_trouble(syncer, dump):
    dump.publish(osv("PYSEC-1"))
    synced(syncer)
    dump.publish(osv("PYSEC-1"), osv("PYSEC-2"))
    del dump.files["/PYSEC-2.json"]

    assert synced(syncer) == ["read, 2 records"]


def test_a_mirror_of_the_zip_alone(syncer, dump):
    dump.files = {"/all.zip": zipped(osv("PYSEC-1"))}
    assert synced(syncer) == ["read, 1 record"]
    assert synced(syncer) == ["unchanged, 1 record"]
    dump.files = {"/all.zip": zipped(osv("PYSEC-1"), osv("PYSEC-2"))}

    assert synced(syncer) == ["read, 2 records"]

    assert dump.taken() == ["/all.zip"] * 3 + ["/modified_id.csv"] * 2
    assert matches(syncer) == ["PYSEC-1", "PYSEC-2"]


def test_a_time_in_the_future_hides_no_later_change(syncer, dump):
    typo = osv("PYSEC-1", modified="2999-01-01T00:00:00Z")
    dump.publish(typo, osv("PYSEC-2"))
    synced(syncer)
    dump.publish(typo, osv("PYSEC-2", "demo", "2", modified="2026-02-01T00:00:00.5Z"))
    assert synced(syncer) == ["1 changed, 2 records"]
    assert matches(syncer, "demo", "2") == ["PYSEC-2"]

    corrected = osv("PYSEC-1", "demo", "3", modified="2026-02-02T00:00:00Z")
    dump.publish(corrected, osv("PYSEC-2", modified="2026-02-03T00:00:00Z"))

    assert synced(syncer) == ["2 changed, 2 records"]
    assert matches(syncer, "demo", "3") == ["PYSEC-1"]


def test_equal_times_in_two_spellings_are_no_change(syncer, dump):
    dump.publish(osv("PYSEC-1", modified="2026-01-01T00:00:00.500000Z"), osv("PYSEC-2"))
    synced(syncer)
    dump.files["/modified_id.csv"] = b"2026-01-01T00:00:00.5Z,PYSEC-1\n2026-01-01T00:00:00.000Z,PYSEC-2\n"

    assert synced(syncer) == ["unchanged, 2 records"]


def test_a_dump_that_was_just_asked_is_not_asked_again(syncer, dump):
    dump.publish(osv("PYSEC-1"))
    since = time.time()
    synced(syncer, since=since)
    dump.taken()

    assert (synced(syncer, since=since), dump.taken()) == (["unchanged, 1 record"], [])
    assert (synced(syncer, since=since, force=True), dump.taken()) == (["read, 1 record"], ["/all.zip"])


def test_a_record_that_could_not_be_read_is_asked_for_until_it_can(syncer, dump):
    dump.publish(osv("PYSEC-1"), osv("PYSEC-2", aliases="no list"))
    synced(syncer)
    with AdvisoryDatabase(syncer.file) as database:
        assert database.advisories("demo") == Missing(
            "an advisory for demo cannot be read: PYSEC-2.json: `aliases` is not a list"
        )
    dump.publish(osv("PYSEC-1"), osv("PYSEC-2"))

    assert synced(syncer) == ["1 changed, 2 records"]
    assert matches(syncer) == ["PYSEC-1", "PYSEC-2"]


def test_a_record_with_a_megabyte_of_versions_comes_alone_or_in_the_zip(syncer, dump):
    versions = [f"1.{n}.{n}" for n in range(80_000)]
    dump.publish(osv("PYSEC-1", "demo", *versions))
    synced(syncer)
    dump.publish(osv("PYSEC-1", "demo", *versions, "2", modified="2026-02-01T00:00:00Z"))

    assert synced(syncer) == ["1 changed, 1 record"]
    assert matches(syncer, "demo", "2", "1.79999.79999") == ["PYSEC-1"]


# A source that fails or lies


def html(dump):
    dump.files = dict.fromkeys(dump.files, b"<!DOCTYPE html><title>Log in</title>")


def no_list(dump):
    dump.files["/modified_id.csv"] = b""


def truncated(dump):
    dump.files = {"/all.zip": zipped(osv("PYSEC-1"), osv("PYSEC-2"))[:-40]}


def cut_off(dump):
    dump.reply("/all.zip", Reply(truncate=100))
    dump.files = {"/all.zip": zipped(osv("PYSEC-1"), osv("PYSEC-2"))}


def wrong_json(dump):
    dump.publish(osv("PYSEC-1"), osv("PYSEC-2"))
    dump.files["/PYSEC-2.json"] = b"{"


def npm(dump):
    foreign = osv("GHSA-1")
    foreign["affected"][0]["package"]["ecosystem"] = "npm"
    dump.files = {"/all.zip": zipped(foreign)}


def broken(dump):
    dump.reply("*", Reply(status=500))


def escaping(dump):
    dump.files["/modified_id.csv"] = b"2026-01-01T00:00:00Z,../../etc/passwd\n"


@pytest.mark.parametrize(
    ("spoil", "message", "hint"),
    [
        (html, "{root}/modified_id.csv, line 1: not a time and the id of a record", SERVER),
        (no_list, "{root}/modified_id.csv names no record", SERVER),
        (escaping, "{root}/modified_id.csv, line 1: not a time and the id of a record", SERVER),
        (truncated, "advisory source osv: the zip is damaged or incomplete (File is not a zip file)", SOURCES),
        (cut_off, "cannot read {root}/all.zip: the connection broke before the whole answer had come", "try again"),
        (
            wrong_json,
            (
                "advisory source osv: PYSEC-2.json is not JSON "
                "(Expecting property name enclosed in double quotes: line 1 column 2 (char 1))"
            ),
            SOURCES,
        ),
        (
            npm,
            "advisory source osv: no record in it speaks of PyPI",
            "check the address: a dump is published for each ecosystem",
        ),
        (broken, "{root}/modified_id.csv answered 500 Internal Server Error", "try again later"),
    ],
)
def test_what_cannot_be_believed_leaves_the_old_data_in_use(syncer, dump, spoil, message, hint):
    dump.publish(osv("PYSEC-1"))
    synced(syncer)
    before = syncer.file.read_bytes()
    spoil(dump)

    assert failure(syncer) == (message.format(root=dump.root), hint)

    assert syncer.file.read_bytes() == before
    assert left(syncer) == [".lock", ".sqlite3"]
    assert matches(syncer) == ["PYSEC-1"]


@pytest.mark.parametrize("spoil", [html, truncated, npm, broken])
def test_the_first_sync_fails_without_a_trace(syncer, dump, spoil):
    dump.publish(osv("PYSEC-1"))
    spoil(dump)

    with pytest.raises(SourceError):
        syncer.sync()

    assert left(syncer) == [".lock"]


def test_a_dump_that_lost_much_is_taken_only_by_force(syncer, dump):
    dump.publish(*(osv(f"PYSEC-{n}") for n in range(20)))
    synced(syncer)
    dump.publish(osv("PYSEC-1"), osv("PYSEC-99"))
    lost = "advisory source osv was not taken: 19 of the 20 records that are here are gone from it"

    assert failure(syncer) == (lost, FORCE)
    del dump.files["/modified_id.csv"]
    assert failure(syncer) == (lost, FORCE)
    assert len(matches(syncer)) == 20

    assert synced(syncer, force=True) == ["read, 2 records"]
    assert matches(syncer) == ["PYSEC-1", "PYSEC-99"]


def test_a_few_records_may_go(syncer, dump):
    dump.publish(*(osv(f"PYSEC-{n}") for n in range(20)))
    synced(syncer)
    dump.publish(*(osv(f"PYSEC-{n}") for n in range(2, 21)))

    assert synced(syncer) == ["3 changed, 19 records"]
    assert "PYSEC-1" not in matches(syncer)


@pytest.mark.parametrize("with_list", [True, False])
def test_an_older_dump_is_taken_only_by_force(syncer, dump, with_list):
    old = [osv(f"PYSEC-{n}") for n in range(20)]
    dump.publish(*old[:18], osv("PYSEC-18", modified="2026-03-01T00:00:00Z"), osv("PYSEC-19"))
    synced(syncer)
    dump.publish(*old[:19])
    if not with_list:
        del dump.files["/modified_id.csv"]

    assert failure(syncer) == (
        (
            "advisory source osv was not taken: it is older than what is here: nothing in it is newer, "
            "2 records older or gone"
        ),
        FORCE,
    )
    assert len(matches(syncer)) == 20
    assert synced(syncer, force=True) == ["read, 19 records"]


def test_a_zip_that_says_it_is_older_is_taken_only_by_force(syncer, dump):
    days = [format_datetime(datetime(2026, 1, day, tzinfo=timezone.utc), usegmt=True) for day in (2, 1)]
    dump.reply("/all.zip", *(Reply(headers={"Last-Modified": day}) for day in days))
    dump.files = {"/all.zip": zipped(osv("PYSEC-1"))}
    synced(syncer)
    dump.files = {"/all.zip": zipped(osv("PYSEC-1"), osv("PYSEC-2"))}

    assert failure(syncer) == (
        (
            "advisory source osv was not taken: it is of Thu, 01 Jan 2026 00:00:00 GMT, "
            "what is here was read from one of Fri, 02 Jan 2026 00:00:00 GMT"
        ),
        FORCE,
    )
    assert synced(syncer, force=True) == ["read, 2 records"]


def test_a_zip_bomb_ends_at_the_limit(new_syncer, dump):
    dump.files = {"/all.zip": zipped(osv("PYSEC-1", summary="a" * 1_000_000))}

    with pytest.raises(SourceError) as caught:
        new_syncer(dump, limits=Limits(record=1000)).sync()

    assert caught.value.message == "advisory source osv: PYSEC-1.json is larger than 1000 bytes"


def test_a_zip_larger_than_any_is_not_read_to_its_end(syncer, dump, monkeypatch):
    monkeypatch.setattr("safeinstall.sources.advisories.osv_dump.ZIP_LIMIT", 10)
    dump.publish(osv("PYSEC-1"))

    with pytest.raises(SourceError, match=r"all\.zip answers with more than 10 bytes"):
        syncer.sync()


def test_a_sync_ends_when_its_time_is_up(new_syncer, dump):
    dump.publish(osv("PYSEC-1"))

    with pytest.raises(SourceError) as caught:
        new_syncer(dump, patience=0).sync()

    assert caught.value.message == "osv did not come within 0 seconds"
    assert caught.value.hint == "run `safe-pip advisories sync`, which waits for as long as something comes"


# Several sources, several runs


def test_several_sources_are_joined_and_fail_alone(new_syncer, dump, tmp_path):
    folder = tmp_path / "own"
    folder.mkdir()
    (folder / "OWN-1.json").write_text(json.dumps(osv("OWN-1")))
    with LocalDump() as other:
        other.publish(osv("GHSA-1"), osv("PYSEC-1", "demo", "7", modified="2026-05-01T00:00:00Z"))
        dump.publish(osv("PYSEC-1"))
        syncer = new_syncer(dump, Dump.at(other.root), folder)
        assert synced(syncer) == ["read, 1 record", "read, 2 records", "read, 1 record"]
        assert matches(syncer, "demo", "1.0", "7") == ["GHSA-1", "OWN-1", "PYSEC-1"]
        assert matches(syncer) == ["GHSA-1", "OWN-1"]
        other.reply("*", Reply(status=404))
        dump.publish(osv("PYSEC-1"), osv("PYSEC-2"))
        (folder / "OWN-2.json").write_text(json.dumps(osv("OWN-2")))

        assert synced(syncer) == [
            "1 changed, 2 records",
            f"failed: {other.root}/all.zip answered 404 Not Found",
            "read, 2 records",
        ]

    assert matches(syncer) == ["GHSA-1", "OWN-1", "OWN-2", "PYSEC-2"]
    assert matches(syncer, "demo", "7") == ["PYSEC-1"]


def test_a_path_that_is_gone_keeps_its_records(new_syncer, dump, tmp_path):
    dump.publish(osv("PYSEC-1"))
    file = tmp_path / "own.zip"
    file.write_bytes(zipped(osv("OWN-1")))
    syncer = new_syncer(dump, file)
    synced(syncer)
    file.unlink()

    assert synced(syncer) == ["unchanged, 1 record", f"failed: advisory source {file}: no such file or directory"]
    assert matches(syncer) == ["OWN-1", "PYSEC-1"]


def test_of_syncs_at_the_same_time_one_asks(syncer, dump):
    dump.publish(osv("PYSEC-1"))
    barrier = threading.Barrier(4)

    def run(_: int) -> list[str]:
        since = time.time()
        barrier.wait()
        return synced(syncer, since=since)

    with ThreadPoolExecutor(4) as pool:
        done = sorted(line for lines in pool.map(run, range(4)) for line in lines)

    assert done == ["read, 1 record", *["unchanged, 1 record"] * 3]
    assert dump.taken() == ["/all.zip"]


def test_an_installation_does_not_wait_for_ever_for_another_sync(new_syncer, dump, syncer):
    dump.publish(osv("PYSEC-1"))
    release = threading.Event()
    dump.take_reply = lambda path: release.wait(60) and None
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(synced, syncer)
        while not dump.requests:
            time.sleep(0.001)

        with pytest.raises(SourceError) as caught:
            new_syncer(dump, patience=0.05).sync()

        release.set()
        assert running.result() == ["read, 1 record"]
    assert caught.value.message == "another safe-pip has been syncing the advisories for 0 seconds"


def test_what_a_killed_sync_left_goes(syncer, dump):
    dump.publish(osv("PYSEC-1"))
    work = syncer.file.with_suffix(".sync")
    work.mkdir(parents=True)
    (work / "0.zip").write_bytes(b"half")

    assert synced(syncer) == ["read, 1 record"]
    assert left(syncer) == [".lock", ".sqlite3"]


def test_a_damaged_database_is_fetched_anew(syncer, dump):
    dump.publish(osv("PYSEC-1"))
    synced(syncer)
    syncer.file.write_bytes(b"x" * 5000)

    assert synced(syncer) == ["read, 1 record"]
    assert matches(syncer) == ["PYSEC-1"]


def test_a_reader_goes_on_with_what_it_opened(syncer, dump):
    dump.publish(osv("PYSEC-1"))
    synced(syncer)
    with AdvisoryDatabase(syncer.file) as reader:
        dump.publish(osv("PYSEC-1"), osv("PYSEC-2"))
        synced(syncer)

        assert reader.match("demo", "1.0") == ("PYSEC-1",)
    assert matches(syncer) == ["PYSEC-1", "PYSEC-2"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root writes everywhere")
def test_a_cache_that_cannot_be_written(new_syncer, dump, tmp_path):
    (tmp_path / "cache").mkdir(mode=0o500)

    with pytest.raises(SourceError, match="Permission denied"):
        new_syncer(dump).sync()


def test_a_cache_that_is_a_file(new_syncer, dump, tmp_path):
    (tmp_path / "cache").write_bytes(b"")
    syncer = new_syncer(dump)

    with pytest.raises(SourceError) as caught:
        syncer.sync()

    assert caught.value.message == f"cannot write {syncer.file.with_suffix('.lock')}: File exists"


# Addresses


def test_what_sources_mean(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    listed = ["osv", "https://mirror.example/osv/", "https://mirror.example/x.zip?t=1", "own", "file:///own.zip"]

    sources = resolve_sources(listed, {})

    assert sources == (
        Dump("osv", f"{OSV_URL}/all.zip"),
        Dump("https://mirror.example/osv/", "https://mirror.example/osv/all.zip"),
        Dump("https://mirror.example/x.zip?t=1", "https://mirror.example/x.zip?t=1"),
        tmp_path / "own",
        Path("/own.zip"),
    )
    assert sources[2].beside("PYSEC-1.json") == "https://mirror.example/PYSEC-1.json?t=1"
    (mirror,) = resolve_sources(["osv"], {"SAFE_PIP_OSV_URL": "https://mirror.example/osv"})
    assert mirror == Dump("osv", "https://mirror.example/osv/all.zip")


def test_credentials_are_used_and_never_kept(new_syncer, dump):
    dump.publish(osv("PYSEC-1"))
    dump.credentials = ("ann", "secret")
    syncer = new_syncer(Dump.at(dump.root.replace("//", "//ann:secret@")))

    assert synced(syncer) == ["read, 1 record"]
    assert synced(syncer) == ["unchanged, 1 record"]

    assert b"secret" not in syncer.file.read_bytes()
    dump.credentials = ("ann", "other")
    assert failure(syncer)[0] == f"{dump.root.replace('//', '//****@')}/modified_id.csv answered 401 Unauthorized"


# An installation


@pytest.fixture
def local(tmp_path, dump, client):
    """The advisories of one installation, *later* than now."""

    def new(later: timedelta = timedelta(), **options) -> LocalAdvisories:
        return LocalAdvisories(
            **{
                "sources": [Dump.at(dump.url, "osv")],
                "directory": tmp_path / "cache",
                "as_of": datetime.now(timezone.utc) + later,
                "max_staleness": timedelta(days=7),
                "client": client,
                **options,
            }
        )

    return new


def answer(advisories: LocalAdvisories, name: str = "demo") -> list[str] | str:
    with advisories:
        found = advisories.advisories(name)
    return found.reason if isinstance(found, Missing) else [advisory.id for advisory in found]


def test_an_installation_syncs_once_and_then_reads_what_is_here(local, dump):
    dump.publish(osv("PYSEC-1"))

    assert (answer(local()), dump.taken()) == (["PYSEC-1"], ["/all.zip"])
    assert (answer(local()), dump.taken()) == (["PYSEC-1"], [])


def test_an_installation_syncs_when_the_data_is_older_than_allowed(local, dump, syncer):
    dump.publish(osv("PYSEC-1"))
    synced(syncer)
    age(syncer.file, timedelta(days=8))
    dump.publish(osv("PYSEC-1"), osv("PYSEC-2"))
    dump.taken()

    assert answer(local(max_staleness=timedelta(days=9))) == ["PYSEC-1"]
    assert answer(local()) == ["PYSEC-1", "PYSEC-2"]
    assert dump.taken() == ["/PYSEC-2.json", "/modified_id.csv"]


@pytest.mark.parametrize(
    ("old", "allowed", "said"),
    [
        (timedelta(days=8), timedelta(days=7), "8 days old, the policy allows 7 days"),
        (timedelta(hours=25), timedelta(hours=1), "25 hours old, the policy allows 1 hour"),
    ],
)
def test_data_that_stays_too_old_is_missing_and_says_why(local, syncer, old, allowed, said):
    with LocalDump() as dump:
        dump.publish(osv("PYSEC-1"))
        there = replace(syncer, sources=[Dump.at(dump.url, "osv")])
        synced(there)
        age(there.file, old)
        dump.reply("*", Reply(status=404))

        assert answer(local(sources=there.sources, max_staleness=allowed)) == (
            f"the advisories are {said}: {dump.root}/all.zip answered 404 Not Found"
        )


def test_no_data_and_no_source_is_missing_and_the_source_is_left_alone_for_a_while(local, dump, syncer, monkeypatch):
    dump.reply("*", Reply(status=404))
    reason = f"there are no advisories on this machine: {dump.root}/all.zip answered 404 Not Found"

    assert (answer(local()), dump.taken()) == (reason, ["/all.zip"])
    assert (answer(local()), dump.taken()) == (reason, [])
    syncer.memory.write_text(json.dumps([time.time() - 601, "old"]))
    assert (answer(local()), dump.taken()) == (reason, ["/all.zip"])
    syncer.memory.write_text("not JSON")
    dump.reply("*", None)
    dump.publish(osv("PYSEC-1"))
    assert answer(local()) == ["PYSEC-1"]


def test_a_sync_that_succeeds_forgets_the_failure(local, dump, syncer):
    dump.reply("*", Reply(status=404))
    answer(local())
    dump.reply("*", None)
    dump.publish(osv("PYSEC-1"))

    synced(syncer)

    assert left(syncer) == [".lock", ".sqlite3"]


def test_data_from_the_future_is_asked_for_again(local, dump, syncer):
    dump.publish(osv("PYSEC-1"))
    synced(syncer)
    age(syncer.file, timedelta(days=-100))

    assert answer(local()) == ["PYSEC-1"]

    age(syncer.file, timedelta(days=-100))
    with AdvisoryDatabase(syncer.file) as database:
        day = f"{database.as_of:%Y-%m-%d}"
    dump.reply("*", Reply(status=404))
    assert answer(local()) == (
        f"the advisories are of {day}, which is still to come by the clock of this machine: "
        f"{dump.root}/all.zip answered 404 Not Found"
    )


def test_old_paths_are_missing_whatever_a_dump_says(local, dump, tmp_path):
    dump.publish(osv("PYSEC-1"))
    own = tmp_path / "own.zip"
    own.write_bytes(zipped(osv("OWN-1")))
    os.utime(own, (time.time() - 30 * 86400,) * 2)
    sources = [Dump.at(dump.url, "osv"), own]

    assert answer(local(sources=sources)) == "the advisories are 30 days old, the policy allows 7 days"
    assert answer(local(sources=sources, max_staleness=timedelta(days=31))) == ["OWN-1", "PYSEC-1"]


def test_without_dumps_nothing_is_asked(local, dump, tmp_path):
    own = tmp_path / "own.zip"
    own.write_bytes(zipped(osv("OWN-1")))

    assert answer(local(sources=[own])) == ["OWN-1"]
    assert answer(local(sources=[tmp_path / "gone"])) == (
        f"advisory source {tmp_path / 'gone'}: no such file or directory"
    )
    assert answer(local(sources=[])) == "no advisory source is configured"
    assert dump.taken() == []


def test_a_path_that_fails_is_tried_again_at_once(local, dump, tmp_path):
    dump.publish(osv("PYSEC-1"))
    own = tmp_path / "own.zip"
    sources = [Dump.at(dump.url, "osv"), own]
    reason = f"there are no advisories on this machine: advisory source {own}: no such file or directory"
    assert (answer(local(sources=sources)), dump.taken()) == (reason, [])
    own.write_bytes(zipped(osv("OWN-1")))

    assert answer(local(sources=sources)) == ["OWN-1", "PYSEC-1"]


def test_one_mirror_does_not_answer_for_another(new_syncer, dump):
    dump.publish(osv("PYSEC-1"))
    synced(new_syncer(dump))

    with LocalDump() as other:
        other.publish(osv("PYSEC-2"))
        syncer = new_syncer(other)
        assert synced(syncer) == ["read, 1 record"]
        assert matches(syncer) == ["PYSEC-2"]


def test_a_path_that_changes_is_read_again_without_the_dump(dump, new_syncer, tmp_path):
    dump.publish(osv("PYSEC-1"))
    own = tmp_path / "own.zip"
    own.write_bytes(zipped(osv("OWN-1")))
    syncer = new_syncer(dump, own)
    synced(syncer)
    own.write_bytes(zipped(osv("OWN-1"), osv("OWN-2")))
    dump.taken()

    with open_local(syncer.sources, syncer.directory) as database:
        assert database.match("demo", "1.0") == ("OWN-1", "OWN-2", "PYSEC-1")

    own.unlink()
    with pytest.raises(SourceError, match="no such file or directory"):
        open_local(syncer.sources, syncer.directory)
    assert dump.taken() == []


def test_a_dump_that_was_never_synced(dump, new_syncer):
    syncer = new_syncer(dump)

    with pytest.raises(SourceError) as caught:
        open_local(syncer.sources, syncer.directory)

    assert (caught.value.message, caught.value.hint) == (
        "osv has not been synced yet",
        "run `safe-pip advisories sync`",
    )
