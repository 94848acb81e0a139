"""Advisories over a loopback mirror of a dump: with the sync that an installation does by itself, and when it goes wrong."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import threading
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from lib.dump import LocalDump, age, osv, zipped
from lib.gate import parametrize
from lib.index import Reply
from lib.shell import MODULE, told, wait_until
from lib.wheels import make_wheel

DATA = Path(os.environ.get("SAFEINSTALL_TEST_DATA") or Path(__file__).parents[3] / "shared" / "data")
REAL = DATA / "osv-pypi.zip"
RULES = "[rules.vulnerability]\n[rules.malware]\n"
HIGH = {"severity": [{"type": "CVSS_V3", "score": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:N/A:N"}]}


@pytest.fixture
def dump():
    with LocalDump() as dump:
        yield dump


@pytest.fixture
def user(shell, dump):
    """A user whose public dump is *dump*, and who may choose among two releases of app."""
    shell.environ["SAFE_PIP_OSV_URL"] = dump.root
    shell.offer("app", "1.0")
    shell.offer("app", "2.0")
    return shell


def hole(*versions: str, **fields) -> dict:
    record = osv("PYSEC-2026-1", "app", aliases=["CVE-2026-1"], summary="A hole in it", **HIGH, **fields)
    record["affected"][0] |= {
        "versions": [],
        "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": versions[0]}, {"fixed": versions[1]}]}],
    }
    return record


def database(user) -> Path:
    (file,) = (user.tmp / "cache" / "advisories").glob("*.sqlite3")
    return file


def said(done, dump) -> tuple[int, str, str]:
    err = done.err.replace(dump.root, "DUMP")
    return done.exit, done.out, re.sub(r"advisories-\d+-[0-9a-f]{16}", "DATABASE", err)


def test_the_first_installation_syncs_and_the_second_reads_what_is_here(user, dump):
    user.policy(RULES)
    dump.publish(hole("2.0", "3.0"))

    first = user.install("app")

    assert (first.exit, user.installed(), dump.taken()) == (0, {"app": "1.0"}, ["/all.zip"])
    assert first.err == (
        "safe-pip: app 1.0 instead of 2.0: vulnerability: PYSEC-2026-1 (CVE-2026-1), severity high (7.5), "
        "denied from low: A hole in it; way out: take 3.0 or later, or write an exception for CVE-2026-1\n"
    )
    second = user.install("--force-reinstall", "app")
    assert (second.exit, second.err, dump.taken()) == (0, first.err, [])


def test_the_fixed_version_is_taken_and_malware_is_refused_whatever_the_thresholds(user, dump):
    user.policy('[rules.malware]\n[rules.vulnerability]\ndeny-at = "critical"\nunscored = "allow"\n')
    user.offer("evil", "1.0")
    dump.publish(hole("0", "2.0"), osv("MAL-2026-1", "evil", summary="Malicious code in evil"))

    assert user.refuses("install", "evil", code=10) == (
        """\
safe-pip: refused evil 1.0 (evil-1.0-py3-none-any.whl) from INDEX/simple/
  malware           known to be malicious: MAL-2026-1: Malicious code in evil
                    policy: policy.toml:2 (rules.malware)
  required by       evil (you)
  newest allowed    no file of evil passes this policy
  way out           check the spelling of the name; take another version or another package
safe-pip: denied by policy policy.toml; nothing was installed
"""
    )
    assert user.install("app").exit == 0
    assert user.installed() == {"app": "2.0"}


def old(id_: str, name: str, published: str, **fields) -> dict:
    """Return a record of *name* without an end."""
    record = osv(id_, name, published=f"{published}T00:00:00Z", **({"summary": f"A hole in {name}"} | HIGH | fields))
    record["affected"][0] |= {"versions": ["1.0"], "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}]}]}
    return record


def test_what_nobody_has_closed_is_warned_of_by_baseline_and_denied_by_strict(shell, dump):
    shell.environ["SAFE_PIP_OSV_URL"] = dump.root
    uploaded = datetime(2024, 11, 22, tzinfo=timezone.utc)
    for name in ("app", "lib", "worse"):
        shell.offer(name, "1.0", upload_time=uploaded)
    shell.offer("ageless", "1.0", upload_time=None)
    for name, before in (("late", datetime(2016, 1, 1, tzinfo=timezone.utc)), ("untold", None)):
        shell.offer(name, "1.0", upload_time=uploaded)
        shell.index.add(*make_wheel(name, "1.0", tag="cp27-none-win32"), upload_time=before)
    dump.publish(
        old("PYSEC-2017-1", "app", "2017-09-05", aliases=["CVE-2017-1"], severity=[]),
        old("PYSEC-2018-1", "lib", "2018-01-01", aliases=["CVE-2018-1"]),
        old("PYSEC-2018-2", "lib", "2018-01-01", aliases=["CVE-2018-2"]),
        old("PYSEC-2017-2", "worse", "2017-01-01", aliases=["MAL-2017-2"]),
        old("PYSEC-2017-3", "ageless", "2017-01-01", aliases=["CVE-2017-3"]),
        old("PYSEC-2017-4", "late", "2017-01-01", aliases=["CVE-2017-4"]),
        old("PYSEC-2017-5", "untold", "2017-01-01", aliases=["CVE-2017-5"]),
    )

    done = shell.install("app", "lib")
    assert (done.exit, shell.installed()) == (0, {"app": "1.0", "lib": "1.0"})
    assert done.err == told("""
        safe-pip: warned: app 1.0: vulnerability: PYSEC-2017-1 (CVE-2017-1), severity unknown, published 2017-09-05, seven years before this file was uploaded, and nobody has closed it: A hole in app
        safe-pip: warned: lib 1.0: vulnerability: 2 advisories: 2 high, 2 that nobody has closed; no known version repairs them all; the worst: CVE-2018-1, high (7.5), no repair known: A hole in lib
    """)
    for name, rule in (("worse", "malware"), *((n, "vulnerability") for n in ("ageless", "late", "untold"))):
        assert f"\n  {rule} " in shell.refuses("install", name)
    refused = shell.refuses(
        "install", "--force-reinstall", "app", "--policy=strict", "--policy-report=json=report.json"
    )
    assert re.sub(r":\d+ ", ":LINE ", refused) == told("""
        safe-pip: refused app 1.0 (app-1.0-py3-none-any.whl) from INDEX/simple/
          vulnerability     PYSEC-2017-1 (CVE-2017-1), severity unknown, published 2017-09-05, seven years before this file was uploaded, and nobody has closed it: A hole in app
                            policy: baseline (built in):LINE (rules.vulnerability.unscored)
          required by       app (you)
          newest allowed    no file of app passes this policy
          way out           no fixed version is known: take another package, or write the exception: safe-pip policy allow app==1.0 --rule vulnerability --advisory CVE-2017-1 --reason 'published 2017-09-05, and nobody has closed it' --expires 90d
        safe-pip: denied by policy strict (built in); nothing was installed
    """)
    report = json.loads((shell.work / "report.json").read_text())
    (known,) = (f["vulnerability"] for file in report["files"] for f in file["findings"] if f["vulnerability"])
    assert known["unclosed"] == "2017-09-05"

    shell.policy('extends = "strict"\n')
    pasted = shlex.split(refused.partition("the exception: safe-pip ")[2].splitlines()[0])
    assert shell.run("--policy", "policy.toml", *pasted).exit == 0
    assert shell.install("--force-reinstall", "app").exit == 0


KEV = '{"vulnerabilities": [{"cveID": "CVE-2026-0001", "dateAdded": "2026-05-02"}]}'
SCORES = "cve,epss,percentile\nCVE-2026-0001,0.94358,0.999\n"


def test_what_is_exploited_is_denied_whatever_the_thresholds(user, dump):
    lists = f'exploited = "{dump.root}/kev.json"\nepss = "{dump.root}/epss.csv"\n'
    user.policy(f'[advisories]\n{lists}[rules.vulnerability]\ndeny-at = "critical"\ndeny-at-epss = 0.9\n')
    record = hole("2.0", "3.0")
    record["aliases"] = ["CVE-2026-0001"]
    dump.publish(record)
    dump.files |= {"/kev.json": KEV.encode(), "/epss.csv": SCORES.encode()}

    done = user.install("app", "--policy-report", "json=report.json")

    assert (done.exit, user.installed(), dump.taken()) == (0, {"app": "1.0"}, ["/all.zip", "/epss.csv", "/kev.json"])
    assert done.err == (
        "safe-pip: app 1.0 instead of 2.0: vulnerability: PYSEC-2026-1 (CVE-2026-0001), severity high (7.5), "
        "denied from critical, known to be exploited since 2026-05-02, denied whatever its severity, "
        "EPSS 0.94, denied from 0.9: A hole in it; way out: take 3.0 or later, or write an exception for CVE-2026-0001\n"
    )
    report = json.loads((user.work / "report.json").read_text())
    (finding,) = (f for file in report["files"] for f in file["findings"] if f["exploited"])
    assert (finding["key"], finding["exploited"], finding["epss"]) == (
        "rules.vulnerability.exploited",
        "2026-05-02",
        0.94358,
    )
    assert [one["kind"] for one in report["evidence"]] == ["index", "advisories", "exploited", "epss"]
    assert (user.install("--force-reinstall", "app").exit, dump.taken()) == (0, [])


def test_a_list_that_is_not_there_is_a_missing_fact(user, dump):
    own = f'[advisories]\nexploited = "{dump.root}/kev.json"\n[rules.vulnerability]\ndeny-at = "critical"\n'
    user.policy(f'[evidence]\non-missing = "warn"\n{own}')
    record = hole("2.0", "3.0")
    record["aliases"] = ["CVE-2026-0001"]
    dump.publish(record)
    reason = (
        "PYSEC-2026-1 (CVE-2026-0001): whether it is exploited is not known: "
        "the list of exploited vulnerabilities is not on this machine: "
        "advisory list DUMP/kev.json: 404 Not Found"
    )

    done = user.install("app")

    assert (done.exit, user.installed()) == (0, {"app": "2.0"})
    assert f"safe-pip: warned: app 2.0: vulnerability: {reason}\n" in said(done, dump)[2]
    user.policy(f'[evidence]\non-missing = "deny"\n{own}')
    err = user.refuses("install", "--force-reinstall", "app==2.0", code=11).replace(dump.root, "DUMP")
    assert f"  vulnerability     {reason}\n                    policy: policy.toml:3 (evidence.on-missing)\n" in err


def test_without_the_dump_the_baseline_installs_and_warns_once(user):
    user.environ["SAFE_PIP_OSV_URL"] = "http://127.0.0.1:9"
    user.offer("top", "1.0", ["app"])
    warning = (
        "safe-pip: warned: {}: malware, vulnerability: there are no advisories on this machine: "
        "cannot read http://127.0.0.1:9/all.zip: no connection: [Errno 111] Connection refused\n"
    )

    done = user.install("top")

    assert (done.exit, user.installed()) == (0, {"app": "2.0", "top": "1.0"})
    assert done.err == warning.format("app 2.0, top 1.0")


def test_data_that_is_too_old_denies_when_the_dump_does_not_answer(user, dump):
    user.policy(RULES)
    dump.publish(hole("2.0", "3.0"))
    user.run("advisories", "sync")
    age(database(user), timedelta(days=9))
    dump.reply("*", Reply(status=503))

    err = user.refuses("install", "app", code=11)

    reason = (
        "the advisories are 9 days old, the policy allows 7 days: DUMP/modified_id.csv answered 503 Service Unavailable"
    )
    assert f"  malware, vulnerability {reason}\n" in err.replace(dump.root, "DUMP")
    assert "-v tells" not in err
    dump.reply("*", None)
    done = user.run("advisories", "sync")
    assert (done.exit, done.out) == (0, "osv: unchanged, 1 record\n")
    assert user.install("app").exit == 0


def test_a_killed_sync_leaves_what_was_there(user, dump):
    user.policy(RULES)
    dump.publish(hole("2.0", "3.0"))
    user.run("advisories", "sync")
    before = database(user).read_bytes()
    release = threading.Event()
    dump.take_reply = lambda path: release.wait(60) and None if path == "/all.zip" else None
    process = user.start("advisories", "sync", "--force")
    wait_until(lambda: dump.requests[-1].path == "/all.zip" and len(dump.requests) > 1, "request")

    process.kill()
    process.communicate()

    release.set()
    assert database(user).read_bytes() == before
    assert user.install("app").exit == 0
    assert user.installed() == {"app": "1.0"}
    assert user.run("advisories", "sync", "--force").out == "osv: read, 1 record\n"
    assert sorted(p.suffix for p in (user.tmp / "cache" / "advisories").iterdir()) == [".lock", ".sqlite3"]


@parametrize("sources", ['"osv"', '"own"'], gate=(0,))
def test_a_killed_build_leaves_nothing_that_stays(user, dump, sources):
    records = [osv(f"PYSEC-{n}", f"demo{n}", *(f"1.{i}" for i in range(50))) for n in range(3000)]
    dump.publish(*records)
    for record in records:
        user.write(f"own/{record['id']}.json", json.dumps(record))
    user.policy(f"[advisories]\nsources = [{sources}]\n{RULES}")
    process = user.start("advisories", "sync")
    folder = user.tmp / "cache" / "advisories"
    wait_until(lambda: list(folder.glob("safe-pip-*/*.sqlite3")), "build")

    process.kill()
    process.communicate()

    assert list(folder.glob("*.sqlite3")) == []
    assert user.run("advisories", "sync").exit == 0
    assert not [path for path in folder.iterdir() if path.suffix not in {".lock", ".sqlite3"}]


def test_of_two_syncs_at_once_one_asks(user, dump):
    user.policy(RULES)
    dump.publish(hole("2.0", "3.0"))
    release = threading.Event()
    dump.take_reply = lambda path: release.wait(60) and None
    first = user.start("advisories", "sync")
    wait_until(lambda: dump.requests, "request")
    second = user.start("advisories", "sync")
    wait_until(lambda: ".lock" in opened_files(second.pid), "waiting")

    release.set()

    assert [user.finish(process).out for process in (first, second)] == [
        "osv: read, 1 record\n",
        "osv: unchanged, 1 record\n",
    ]
    assert dump.taken() == ["/all.zip"]


def opened_files(pid: int) -> str:
    folder = Path(f"/proc/{pid}/fd")
    try:
        return " ".join(str(link.readlink()) for link in folder.iterdir())
    except OSError:  # closed meanwhile
        return ""


@parametrize(
    ("size", "message"),
    [
        (100, "cannot write TMP/cache/advisories/DATABASE.sync/0.zip: File too large"),
        (1200, "cannot write the advisory database TMP/cache/advisories/DATABASE.sqlite3: disk I/O error"),
    ],
    gate=(0,),
)
def test_a_full_disk_leaves_what_was_there(user, dump, size, message):
    user.policy(RULES)
    dump.publish(hole("2.0", "3.0"))
    user.run("advisories", "sync")
    before = database(user).read_bytes()
    dump.publish(*(osv(f"PYSEC-{n}", f"demo{n}", *(f"1.{i}" for i in range(200))) for n in range(500)))

    limited = subprocess.run(
        ["bash", "-c", f'ulimit -f {size}; exec "$@"', "bash", *MODULE, "advisories", "sync", "--force"],
        cwd=user.work,
        env=user.environ,
        capture_output=True,
        text=True,
        check=False,
    )

    hint = "make room in the cache directory" + (", or make it writable" if "database" in message else "")
    err = re.sub(r"advisories-\d+-[0-9a-f]{16}", "DATABASE", user.neutral(limited.stderr))
    assert (limited.returncode, limited.stdout) == (11, "osv: not synced\n")
    assert err == f"safe-pip: {message}\nsafe-pip: way out: {hint}; what was here before stays in use\n"
    assert database(user).read_bytes() == before
    assert user.install("app").exit == 0
    assert user.installed() == {"app": "1.0"}


def test_an_older_dump_is_refused_and_the_old_data_stays_in_use(user, dump):
    user.policy(RULES)
    dump.publish(hole("2.0", "3.0"), *(osv(f"PYSEC-{n}") for n in range(20)))
    user.run("advisories", "sync")
    dump.publish(*(osv(f"PYSEC-{n}") for n in range(20)))

    assert said(user.run("advisories", "sync"), dump) == (
        11,
        "osv: not synced\n",
        (
            "safe-pip: advisory source osv was not taken: it is older than what is here: nothing in it is newer, "
            "1 record older or gone\n"
            "safe-pip: way out: if that is as it should be, take it with `safe-pip advisories sync --force`; "
            "what was here before stays in use\n"
        ),
    )
    assert user.install("app").exit == 0
    assert user.installed() == {"app": "1.0"}


@pytest.mark.slow
def test_a_hundred_thousand_records(user, dump):
    dump.files = {"/all.zip": zipped(*(osv(f"PYSEC-{n}", f"demo{n}") for n in range(100_000)))}

    assert user.run("advisories", "sync").out == "osv: read, 100,000 records\n"
    assert user.run("advisories", "match", "demo99999==1").out == "demo99999==1: PYSEC-99999\n"


def test_our_own_errors_come_with_their_exit_codes(user):
    user.environ["SAFE_PIP_OSV_URL"] = "http://127.0.0.1:9"

    done = user.run("advisories", "match", "app==1")

    assert (done.exit, done.out) == (11, "")
    assert done.err == (
        "safe-pip: osv has not been synced yet\n"
        "safe-pip: way out: run `safe-pip advisories sync`\n"
        "safe-pip: stopped (exit 11)\n"
    )
    assert user.run("advisories", "match", "app").exit == 2


@pytest.mark.skipif(not REAL.is_file(), reason=f"no OSV dump at {REAL}; SAFEINSTALL_TEST_DATA names its directory")
def test_the_real_dump(user, dump):
    dump.files = {
        "/all.zip": REAL.read_bytes(),
        "/modified_id.csv": REAL.with_name("osv-pypi-modified_id.csv").read_bytes(),
    }
    user.policy(RULES)
    for pin in (
        "urllib3==2.5.0",
        "urllib3==2.7.0",
        "jinja2==3.1.4",
        "jinja2==3.1.6",
        "num2words==0.5.14",
        "num2words==0.5.15",
    ):
        user.offer(*pin.split("=="))

    assert user.run("advisories", "sync").out == "osv: read, 16,292 records\n"
    assert user.run("advisories", "sync").out == "osv: unchanged, 16,292 records\n"
    assert dump.taken() == ["/all.zip", "/modified_id.csv"]

    done = user.install("num2words", "jinja2", "urllib3")
    assert done.exit == 0
    assert user.installed() == {"jinja2": "3.1.6", "num2words": "0.5.14", "urllib3": "2.7.0"}
    assert database(user).stat().st_size < 40_000_000
    assert dump.taken() == []
