from __future__ import annotations

import io
import json
import os
import sys

import pytest
from lib.dump import LocalDump, osv, zipped
from lib.index import Reply

from safeinstall.commands.advisories import main
from safeinstall.commands.pins import read_pins
from safeinstall.errors import PolicyError, SourceError, UsageError

RECORDS = [
    osv("PYSEC-1", "Demo.Pkg", "1.0", "0-odd", aliases=["CVE-1", "GHSA-9"], summary="A hole\nin it"),
    osv("GHSA-9", "demo-pkg", "1.0", "2.0", database_specific={"severity": "HIGH"}),
    osv("PYSEC-2", "demo-pkg", withdrawn="2026-01-02T00:00:00Z", published="2026-01-01T00:00:00Z"),
    osv("MAL-3", "evil", summary="\x1b[2Jbad"),
]
RECORDS[1]["affected"][0]["ranges"] = [
    {"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "0.5"}, {"introduced": "3"}]}
]


@pytest.fixture
def dump():
    with LocalDump() as dump:
        dump.publish(*RECORDS)
        yield dump


@pytest.fixture
def run(tmp_path, monkeypatch, capsys):
    """Run a command over the sources; return its exit code, standard output and standard error."""
    monkeypatch.chdir(tmp_path)

    def run(
        *argv: str,
        sources: list[str] | None = None,
        lists: str = "",
        environ: dict[str, str] | None = None,
        stdin: bytes = b"",
    ):
        named = ["all.zip"] if sources is None else sources
        (tmp_path / "policy.toml").write_text(f"schema = 1\n[advisories]\nsources = {json.dumps(named)}\n{lists}")
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        exit_code = main(argv, {"SAFE_PIP_CACHE_DIR": str(tmp_path / "cache"), **(environ or {})}, "policy.toml")
        out, err = capsys.readouterr()
        return exit_code, out, err

    (tmp_path / "all.zip").write_bytes(zipped(*RECORDS))
    return run


def rows(text: str) -> list[dict]:
    return [json.loads(line) for line in text.splitlines()]


# match


def test_match_names_every_live_record_that_affects_a_version(run):
    lines = b"\xef\xbb\xbf# a comment\r\n\r\nDemo_Pkg==v1.0.0  # as frozen\r\ndemo.pkg[x] === 2\nevil == 1.0\ndemo-pkg==0-odd\nother==1\n"

    exit_code, out, err = run("match", "--format", "json", "-", stdin=lines)

    assert (exit_code, err) == (0, "")
    assert rows(out) == [
        {"package": "demo-pkg", "version": "v1.0.0", "advisories": ["GHSA-9", "PYSEC-1"]},
        {"package": "demo-pkg", "version": "2", "advisories": ["GHSA-9"]},
        {"package": "evil", "version": "1.0", "advisories": ["MAL-3"]},
        {"package": "demo-pkg", "version": "0-odd", "advisories": ["GHSA-9", "PYSEC-1"]},
        {"package": "other", "version": "1", "advisories": []},
    ]


def test_match_for_a_person(run):
    assert run("match", "demo-pkg==1", "other==1") == (0, "demo-pkg==1: GHSA-9, PYSEC-1\nother==1: none\n", "")


@pytest.mark.parametrize(
    ("argv", "stdin", "message"),
    [
        (["-"], b"a==1\n\nb>=2\n", "standard input, line 3: 'b>=2' is not name==version"),
        (["-"], b"a==1.*", "standard input, line 1: 'a==1.*' is not name==version"),
        (
            ["-"],
            b"a==1 ; python_version < '3'",
            "standard input, line 1: \"a==1 ; python_version < '3'\" is not name==version",
        ),
        (["-"], b"\xff==1", "standard input, line 1: '\\udcff==1' is not name==version"),
        (["a==1", "-e ."], b"", "argument 2: '-e .' is not name==version"),
        (["-"], b"x" * 90, f"standard input, line 1: '{'x' * 80}…' is not name==version"),
    ],
)
def test_a_line_that_is_no_pin_is_an_error_with_its_number(run, argv, stdin, message):
    with pytest.raises(UsageError) as caught:
        run("match", "--", *argv, stdin=stdin)

    assert (caught.value.message, caught.value.exit_code) == (message, 2)
    assert caught.value.hint == "write each package with one version: urllib3==2.5.0"


def test_spellings_of_pins():
    pins = read_pins(["A.B==1", " a ==  v_05 ", "a[x,y]==1!2.0+local", "a===0.2.0-alpha\\.33", "#", "a==1#2"], "line")

    assert [tuple(pin) for pin in pins] == [
        ("a-b", "1"),
        ("a", "v_05"),
        ("a", "1!2.0+local"),
        ("a", "0.2.0-alpha\\.33"),
        ("a", "1#2"),
    ]


def test_match_uses_what_was_last_synced_and_asks_nobody(run, dump):
    with pytest.raises(SourceError) as caught:
        run("match", "evil==1.0", sources=["osv"])
    assert (caught.value.message, caught.value.exit_code) == ("osv has not been synced yet", 11)
    run("sync", sources=["osv"], environ={"SAFE_PIP_OSV_URL": dump.root})
    dump.taken()

    found = run("match", "evil==1.0", sources=["osv"], environ={"SAFE_PIP_OSV_URL": dump.root})

    assert (found, dump.taken()) == ((0, "evil==1.0: MAL-3\n", ""), [])


def test_a_package_of_which_a_record_cannot_be_read_is_left_out(run, tmp_path):
    (tmp_path / "all.zip").write_bytes(zipped(*RECORDS, osv("PYSEC-7", "demo-pkg", aliases=7)))

    assert run("match", "demo-pkg==1", "evil==1.0") == (
        11,
        "evil==1.0: MAL-3\n",
        "safe-pip: demo-pkg==1 is left out: an advisory for demo-pkg cannot be read: PYSEC-7.json: `aliases` is not a list\n",
    )


# show


def test_show_tells_the_whole_alias_group(run):
    text = """\
GHSA-9: no summary
  aliases   none
  severity  7.0
  modified  2026-01-01T00:00:00Z
  withdrawn no
  affects   demo-pkg introduced 0 fixed 0.5; introduced 3; version 1.0, 2.0
PYSEC-1: A hole in it
  aliases   CVE-1, GHSA-9
  severity  unscored
  modified  2026-01-01T00:00:00Z
  withdrawn no
  affects   demo-pkg version 1.0, 0-odd
"""
    for id_ in ("PYSEC-1", "ghsa-9", "cve-1"):
        assert run("show", id_) == (0, text, "")


def test_show_tells_when_a_record_was_published(run):
    assert "  published 2026-01-01\n" in run("show", "PYSEC-2")[1]


def test_show_as_json_and_withdrawn(run):
    _, out, _ = run("show", "PYSEC-2", "--format", "json")

    assert rows(out) == [
        {
            "id": "PYSEC-2",
            "aliases": [],
            "published": "2026-01-01",
            "modified": "2026-01-01T00:00:00Z",
            "withdrawn": True,
            "summary": "",
            "score": None,
            "url": None,
            "exploited": None,
            "epss": None,
            "affected": {"demo-pkg": {"versions": ["1.0"], "ranges": []}},
        }
    ]
    assert "  withdrawn yes: it matches nothing\n" in run("show", "PYSEC-2")[1]


def test_what_a_record_says_cannot_steer_a_terminal(run):
    assert run("show", "MAL-3")[1].startswith("MAL-3: \\x1b[2Jbad\n")


def test_show_of_an_unknown_id(run):
    assert run("show", "CVE-404") == (1, "", "safe-pip: no record here is called CVE-404\n")


# sync and status


def test_sync_and_status_of_a_dump(run, dump, tmp_path):
    url = dump.url
    assert run("status", sources=[url]) == (
        11,
        f"no advisories on this machine: {url} has not been synced yet; run `safe-pip advisories sync`\n",
        "",
    )
    assert run("sync", sources=[url]) == (0, f"{url}: read, 4 records\n", "")
    assert run("sync", sources=[url], environ={}) == (0, f"{url}: unchanged, 4 records\n", "")

    exit_code, out, err = run("status", sources=[url], environ={})

    (database,) = (tmp_path / "cache" / "advisories").glob("*.sqlite3")
    first, *lines = out.splitlines()
    assert (exit_code, err, first) == (0, "", "fresh: 0 hours old, the policy allows 7 days")
    assert lines[0] == "4 records: 1 withdrawn, 0 without a version, 0 unreadable"
    assert lines[1].startswith(f"  {url}: 4 records, as of 20")
    assert lines[2:] == [f"kept in {database} ({database.stat().st_size / 1e6:.1f} MB)"]


def test_status_as_json(run, tmp_path):
    run("sync")
    os.utime(tmp_path / "all.zip", (1_700_000_000,) * 2)

    exit_code, out, _ = run("status", "--format", "json")

    ((row),) = rows(out)
    (database,) = (tmp_path / "cache" / "advisories").glob("*.sqlite3")
    assert exit_code == 11
    assert row.pop("age") > 7 * 86400
    assert row == {
        "fresh": False,
        "max-staleness": 7 * 86400,
        "records": 4,
        "withdrawn": 1,
        "unmatchable": 0,
        "unreadable": [],
        "sources": [{"source": str(tmp_path / "all.zip"), "records": 4, "checked": "2023-11-14T22:13:20Z"}],
        "lists": [],
        "database": str(database),
        "size": database.stat().st_size,
        "problem": None,
    }


def test_status_names_what_went_wrong(run, tmp_path):
    (tmp_path / "all.zip").write_bytes(zipped(*RECORDS, osv("PYSEC-7", "demo-pkg", aliases=7)))
    run("sync")
    (tmp_path / "all.zip").unlink()

    exit_code, out, _ = run("status")

    assert exit_code == 0
    assert "  unreadable: PYSEC-7.json: `aliases` is not a list\n" in out
    assert out.endswith(f"last problem: advisory source {tmp_path / 'all.zip'}: no such file or directory\n")


KEV = b'{"dateReleased": "2026-11-20T17:00:00Z", "vulnerabilities": [{"cveID": "CVE-2026-0001", "dateAdded": "2026-05-02"}]}'
LISTS = 'exploited = "kev.json"\nepss = "epss.csv"\n'
SCORES = b"#model_version:v1,score_date:2026-11-21T00:00:00+0000\ncve,epss,percentile\nCVE-2026-0001,0.94358,0.999\n"


def test_lists_are_synced_and_told(run, tmp_path):
    (tmp_path / "all.zip").write_bytes(zipped(*RECORDS, osv("PYSEC-8", aliases=["CVE-2026-0001"])))
    (tmp_path / "kev.json").write_bytes(KEV)
    (tmp_path / "epss.csv").write_bytes(SCORES)
    for name in ("all.zip", "kev.json", "epss.csv"):
        os.utime(tmp_path / name, (1_700_000_000,) * 2)

    assert run("sync", lists=LISTS) == (
        0,
        f"{tmp_path / 'all.zip'}: read, 5 records\nexploited: read, 1 vulnerability\nepss: read, 1 vulnerability\n",
        "",
    )
    exit_code, out, _ = run("status", lists=LISTS)
    assert exit_code == 11
    assert out.splitlines()[3:5] == [
        "  exploited: 1 vulnerability of 2026-11-20, as of 2023-11-14T22:13:20Z, stale",
        "  epss: 1 vulnerability of 2026-11-21, as of 2023-11-14T22:13:20Z, stale",
    ]
    assert "  exploited known since 2026-05-02\n  epss      0.94\n" in run("show", "PYSEC-8", lists=LISTS)[1]
    (row,) = rows(run("show", "--format", "json", "CVE-2026-0001", lists=LISTS)[1])
    assert (row["exploited"], row["epss"]) == ("2026-05-02", 0.94358)
    assert run("match", "demo==1.0", lists=LISTS) == (0, "demo==1.0: PYSEC-8\n", "")


def test_a_list_that_is_missing_is_told(run, tmp_path):
    (tmp_path / "epss.csv").write_bytes(SCORES[:-3])
    problem = f"advisory list {tmp_path / 'kev.json'}: no such file or directory"

    exit_code, out, err = run("sync", lists=LISTS)

    assert (exit_code, out.splitlines()[1:]) == (11, ["exploited: not synced", "epss: read, 1 vulnerability"])
    assert err == (
        f"safe-pip: {problem}\nsafe-pip: way out: fetch it again, or correct `exploited` under [advisories] in the policy;"
        " what was here before stays in use\n"
    )
    exit_code, out, _ = run("status", lists=LISTS)
    assert exit_code == 11
    assert out.splitlines()[3] == f"  exploited: {problem}"
    (row,) = rows(run("status", "--format", "json", lists=LISTS)[1])
    assert row["fresh"] is False
    assert row["lists"][0] == {
        "list": "exploited",
        "source": str(tmp_path / "kev.json"),
        "problem": problem,
        "fresh": False,
        "vulnerabilities": 0,
        "issued": None,
        "checked": None,
    }


def test_a_sync_that_fails_says_so_and_keeps_what_was_there(run, dump):
    url = dump.url
    run("sync", sources=[url])
    dump.publish(osv("PYSEC-1"))

    assert run("sync", sources=[url]) == (
        11,
        f"{url}: not synced\n",
        (
            f"safe-pip: advisory source {url} was not taken: 3 of the 4 records that are here are gone from it\n"
            "safe-pip: way out: if that is as it should be, take it with `safe-pip advisories sync --force`; "
            "what was here before stays in use\n"
        ),
    )
    _, out, _ = run("sync", "--format", "json", sources=[url])
    assert rows(out) == [
        {
            "source": url,
            "done": None,
            "problem": f"advisory source {url} was not taken: 3 of the 4 records that are here are gone from it",
        }
    ]
    assert run("sync", "--force", sources=[url])[:2] == (0, f"{url}: read, 1 record\n")


def test_a_first_sync_that_fails(run, dump):
    dump.reply("*", Reply(status=404))

    with pytest.raises(SourceError) as caught:
        run("sync", sources=[dump.url])

    assert (caught.value.message, caught.value.exit_code) == (f"{dump.url} answered 404 Not Found", 11)


def test_the_answer_may_go_to_a_file(run, tmp_path):
    assert run("match", "evil==1.0", "--output", "out.txt") == (0, "", "")
    assert (tmp_path / "out.txt").read_text() == "evil==1.0: MAL-3\n"

    with pytest.raises(UsageError) as caught:
        run("match", "evil==1.0", "--output", "no/out.txt")
    assert caught.value.message == "cannot write no/out.txt: No such file or directory"


@pytest.mark.parametrize("argv", [[], ["sink"], ["match"], ["show"], ["status", "--format", "yaml"]])
def test_wrong_usage_is_told_by_the_command_it_is_about(run, argv):
    with pytest.raises(UsageError) as caught:
        run(*argv)

    command = " ".join(["advisories", *(word for word in argv[:1] if word != "sink")])
    assert caught.value.message.startswith(f"{command}: ")
    assert caught.value.hint == f"safe-pip {command} --help tells how it is used"


def test_a_wrong_policy_is_told(run):
    with pytest.raises(PolicyError):
        run("status", sources=[1])


def test_thousands_of_pins_come_from_one_look(run):
    lines = b"".join(b"demo-pkg==1.%d\n" % n for n in range(3000))

    assert run("match", "-", stdin=lines)[1].count("\n") == 3000
