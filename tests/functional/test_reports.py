"""``--policy-report``, ``--policy-select``, ``safe-pip log`` and ``safe-pip why`` as a user meets them."""

from __future__ import annotations

import json
import re
from datetime import datetime, timedelta, timezone
from pathlib import Path

import jsonschema
import pytest
from lib.claims import GITHUB, by
from lib.gate import parametrize
from lib.schemas import cyclonedx_problems, published_schema, sarif_problems
from lib.shell import told
from lib.terminals import on_a_terminal

YESTERDAY = datetime.now(timezone.utc) - timedelta(days=1)
STRICT_AGE = '[rules.minimum-age]\nminimum = "7d"\n'


@pytest.fixture
def shop(shell):
    """An index of three projects, the newest version of one a day old."""
    shell.policy(STRICT_AGE)
    shell.offer("app", "1.0", ["lib>=1"])
    shell.offer("lib", "1.0")
    shell.offer("lib", "2.0", upload_time=YESTERDAY)
    shell.offer("new", "1.0", upload_time=YESTERDAY)
    return shell


def read(shell, name):
    return json.loads((shell.work / name).read_text())


# --- reports


def test_who_built_each_file_is_told_and_kept(shop):
    shop.policy('[rules.provenance]\nlevel = "allow"\nverify = false\n')
    shop.offer("app", "1.0", ["lib<2"], provenance=by(GITHUB, environment="pypi"))
    reports = [f"--policy-report={form}={form}.out" for form in ("json", "cyclonedx", "html")]
    done = shop.run("install", "-v", "app", *reports)
    told_ = [line for line in done.err.splitlines() if line.startswith("safe-pip")]
    built = "GitHub acme/app, release.yml, environment pypi, as its index says; not verified"
    assert (done.exit, told_) == (
        0, [f"safe-pip: built by: app 1.0: {built}", "safe-pip: built by: 1 of 2 files: not attested"],
    )  # fmt: skip
    report = read(shop, "json.out")
    jsonschema.validate(report, published_schema())
    app, lib = (file["provenance"] for file in report["files"])
    assert (app["standing"], app["attestations"][0]["publisher"], lib["standing"]) == (
        "claimed", "GitHub acme/app, release.yml, environment pypi", "unattested",
    )  # fmt: skip
    assert cyclonedx_problems((shop.work / "cyclonedx.out").read_text()) is None
    assert f'<td data-mark="○">{built}</td>' in (shop.work / "html.out").read_text()
    publisher = {"publisher": "GitHub acme/app, release.yml, environment pypi", "commit": None}
    kept = [file["provenance"] for file in shop.receipts()[-1]["files"]]
    assert kept == [{"verified": False, "built": [publisher]}, None]


@pytest.mark.slow
@pytest.mark.parametrize("asked", [["app"], []], ids=["of requirements", "of what is installed"])
def test_why_and_audit_say_who_built_it(shop, asked):
    shop.policy('[rules.provenance]\nlevel = "allow"\nverify = false\n')
    shop.offer("app", "1.0", ["lib<2"], provenance=by(GITHUB))
    shop.pip("install", "app")
    assert shop.run("why", "app", *asked).out.splitlines()[-2:] == [
        "the policy policy.toml allows it (app-1.0-py3-none-any.whl)",
        "  built by          GitHub acme/app, release.yml, as its index says; not verified",
    ]
    audited = shop.run("audit", "-v").out.splitlines()
    assert audited[0] == "safe-pip: built by: app 1.0: GitHub acme/app, release.yml, as its index says; not verified"
    packages = json.loads(shop.run("audit", "--format", "json").out)["packages"]
    standings = {package["name"]: (package["provenance"] or {}).get("standing") for package in packages}
    assert (standings["app"], standings["lib"]) == ("claimed", "unattested")


@parametrize("select", ["compliant", "strict"], gate=(0,))
def test_a_refusal_is_reported_with_the_way_to_it(shop, select):
    shop.offer("middle", "1.0", ["new>0"])
    shop.offer("other", "1.0", ["middle"])
    shop.offer("aside", "1.0")
    shop.offer("top", "1.0", ["other<2", "aside"])
    options = ["--policy-select", select, "--policy-report", "json=report.json", "--policy-report", "html=report.html"]
    assert shop.run("install", "top", *options).exit == 10
    report = read(shop, "report.json")
    jsonschema.validate(report, published_schema())
    assert [(file["name"], file["required_by"]) for file in report["files"]] == [
        ("new", [{"by": "middle", "text": "new>0"}])
    ]
    assert {
        one["name"]: sorted((r["by"] or "you", r["text"]) for r in one["required_by"]) for one in report["asking"]
    } == {
        "middle": [("other", "middle")],
        "other": [("top", "other<2")],
        "top": [("you", "top")],
    }
    rows = re.findall(r"<th scope=row>(.*?)</th>.*?<td>([a-z, ]*)</td></tr>", (shop.work / "report.html").read_text())
    assert {name: set(by.split(", ")) for name, by in rows} == {
        "middle": {"other"}, "new": {"middle"}, "other": {"top"}, "top": {"you"},
    }  # fmt: skip


def test_a_run_that_went_well_is_reported_in_every_form_at_once(shop):
    forms = ("json", "sarif", "cyclonedx", "github", "junit", "markdown", "html", "terminal")
    options = [f"--policy-report={form}={form}.out" for form in forms]
    done = shop.run(*options[:3], "install", "app", *options[3:])
    assert (done.exit, shop.installed()) == (0, {"app": "1.0", "lib": "1.0"})
    report = read(shop, "json.out")
    jsonschema.validate(report, published_schema())
    assert (report["status"], report["exit_code"], report["dry_run"]) == ("done", 0, False)
    states = {(f["name"], f["version"], f["state"]) for f in report["files"]}
    assert states == {("app", "1.0", "chosen"), ("lib", "1.0", "chosen"), ("lib", "2.0", "hidden")}
    assert [(f["name"], f["hidden_version"], f["taken_version"]) for f in report["fallbacks"]] == [
        ("lib", "2.0", "1.0")
    ]
    assert report["plan"] == shop.receipts()[0]["plan"]
    assert [phase["name"] for phase in report["phases"]] == ["start", "resolve", "fetch", "install"]
    assert sum(phase["seconds"] for phase in report["phases"]) <= report["seconds"]
    assert sarif_problems((shop.work / "sarif.out").read_text()) == []
    assert cyclonedx_problems((shop.work / "cyclonedx.out").read_text()) is None
    assert all((shop.work / f"{form}.out").stat().st_size for form in forms)


def test_a_refusal_is_reported_where_the_requirement_is_written(shop):
    shop.write("requirements.txt", "app\nnew\n")
    err = shop.refuses(
        "install", "-r", "requirements.txt", "--policy-report", "github", "--policy-report", "json=r.json"
    )
    annotation = next(line for line in err.splitlines() if line.startswith("::"))
    assert annotation.startswith(
        "::error file=requirements.txt,line=2,title=minimum-age%3A refused new 1.0::uploaded 1 day"
    )
    report = read(shop, "r.json")
    jsonschema.validate(report, published_schema())
    assert (report["status"], report["exit_code"]) == ("denied", 10)


@parametrize(
    ("argv", "code", "status"),
    [
        (["install", "nosuch"], 1, "failed"),
        (["install", "--no-such-option"], 2, "failed"),
        (["install", "--policy", "nowhere.toml", "app"], 12, "failed"),
        (["install", "new"], 10, "denied"),
        (["install", "--dry-run", "app"], 0, "dry-run"),
    ],
    gate=(0, 3),
)
def test_however_a_run_ends_there_is_a_report(shop, argv, code, status):
    done = shop.run(*argv, "--policy-report=json=r.json")
    report = read(shop, "r.json")
    jsonschema.validate(report, published_schema())
    assert (done.exit, report["exit_code"], report["status"]) == (code, code, status)


def test_without_a_file_a_report_goes_to_standard_error_and_a_dash_is_standard_output(shop):
    done = shop.install("-q", "app", "--dry-run", "--policy-report", "json=-", "--policy-report", "markdown")
    assert json.loads(done.out)["status"] == "dry-run"
    assert done.err.startswith("## safe-pip: 2 files would pass the policy\n")


def test_what_a_report_on_the_screen_shows_is_not_told_before(shop):
    err = shop.refuses("install", "new", "--policy-report", "terminal")
    assert err.splitlines()[:2] == [
        "safe-pip: denied by policy policy.toml; nothing was installed",
        "safe-pip: denied: the policy refuses 1 project",
    ]
    assert err.count("uploaded 1 day ago") == 1
    done = shop.install("app", "--policy-report=terminal=report.txt")
    said = (
        "safe-pip: lib 1.0 instead of 2.0: minimum-age: uploaded 1 day ago; the policy asks for 7 days; complies from"
    )
    assert done.err.startswith(said)
    assert "lib: pip would take 2.0, because of minimum-age" in (shop.work / "report.txt").read_text()


@parametrize(
    ("env", "coloured"),
    [({}, True), ({"NO_COLOR": "1"}, False), ({"TERM": "dumb"}, False), ({"COLUMNS": "50"}, True)],
    gate=(0, 1),
)
def test_a_terminal_gets_colours_and_its_own_width(shop, env, coloured):
    text = on_a_terminal(shop, 70, {"TERM": "xterm", **env}, "install", "new", "--policy-report", "terminal")
    assert ("\x1b[1;31mrefused" in text) is coloured
    rule = max(line.count("─") for line in text.splitlines())
    assert rule == int(env.get("COLUMNS", 70))


def test_only_the_terminal_form_loads_what_draws_it(shop):
    """httpx may load rich by itself, where click is there too; what is ours to load is the form."""
    for form, loaded in (("json=r.json", False), ("terminal=r.txt", True)):
        done = shop.install("app", f"--policy-report={form}", env={"PYTHONPROFILEIMPORTTIME": "1"})
        assert ("safeinstall.report.forms.terminal" in done.err) is loaded


def test_the_job_summary_is_appended_to(shop):
    summary = shop.write("summary.md", "before\n")
    shop.install("app", "--policy-report", "github=annotations", env={"GITHUB_STEP_SUMMARY": str(summary)})
    assert summary.read_text().startswith("before\n## safe-pip: 2 files passed the policy\n")


def test_no_credentials_in_any_report(shop):
    url = shop.index.url.replace("http://", "http://user:hunter2@")
    done = shop.install("app", "--policy-report=json=r.json", "--policy-report=html=r.html", env={"PIP_INDEX_URL": url})
    assert done.exit == 0
    assert "hunter2" not in (shop.work / "r.json").read_text() + (shop.work / "r.html").read_text()


@parametrize(
    ("option", "message"),
    [
        ("--policy-report=pdf", "there is no report in the form 'pdf'"),
        ("--policy-report=", "--policy-report needs a value: FORMAT or FORMAT=FILE"),
        (
            "--policy-report=json=nowhere/r.json",
            "the report cannot be written to nowhere/r.json: its directory does not exist",
        ),
        ("--policy-report=json=.", "the report cannot be written to .: it is a directory"),
        ("--policy-select=lax", "--policy-select is compliant or strict, not 'lax'"),
    ],
    gate=(0, 2),
)
def test_what_cannot_be_reported_is_an_error_before_anything_is_done(shop, option, message):
    assert shop.refuses("install", "app", option, code=2).splitlines()[0] == f"safe-pip: {message}"
    assert shop.index.paths() == []


def test_two_reports_in_one_file(shop):
    err = shop.refuses("install", "app", "--policy-report=json=r", "--policy-report=sarif=r", code=2)
    assert err.splitlines()[0] == "safe-pip: two reports cannot both be written to r"


def test_reports_are_for_judged_commands(shop):
    for argv in (["list"], ["policy", "show"]):
        assert "--policy-report is for the commands that are judged" in shop.refuses(
            *argv, "--policy-report=json", code=2
        )


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_a_report_that_cannot_be_written_is_no_success(shop):
    done = shop.install("app", "--policy-report=json=/dev/full")
    assert done.exit == 1
    assert done.err.endswith(
        told("""
        safe-pip: the report cannot be written to /dev/full: No space left on device
        safe-pip: what pip installed stays as it is (exit 1)
    """)
    )


# --- selection


def test_a_selection_can_be_made_stricter(shop):
    shop.refuses("install", "app", "--policy-select", "strict")
    assert shop.receipts()[0]["policy"]["select"] == "strict"


def test_a_selection_cannot_be_loosened(shop):
    shop.policy(f'select = "strict"\n{STRICT_AGE}')
    assert shop.refuses("install", "app", "--policy-select=compliant", code=2).splitlines()[0] == (
        'safe-pip: --policy-select compliant would loosen the policy, which says select = "strict" (policy.toml:2)'
    )


# --- log


def test_the_log_tells_what_came_of_each_run(shop):
    shop.install("app")
    shop.install("new")
    shop.install("lib", "--dry-run")
    lines = [line[18:].rstrip() for line in shop.run("log").out.splitlines()]
    assert lines == [
        "what came of it  command                files  policy       because",
        "passed           install app            2      policy.toml",
        "denied           install new            0      policy.toml  new 1.0: minimum-age",
        "would pass       install lib --dry-run  0      policy.toml",
    ]
    denied = [json.loads(line) for line in shop.run("log", "--denied", "--format", "json").out.splitlines()]
    assert [receipt["requested"] for receipt in denied] == [["new"]]
    assert len(shop.run("log", "--package", "Lib", "--since", "1h").out.splitlines()) == 2
    assert shop.run("log", "--since", "2999-01-01").out == "no such run\n"
    assert len(shop.run("log", "--last", "1").out.splitlines()) == 2


def test_a_log_that_is_not_there_is_empty(shop):
    assert shop.run("log").out == "no such run\n"


def test_lines_of_the_log_that_cannot_be_read_are_counted(shop):
    shop.install("app")
    file = shop.tmp / "state" / "receipts.jsonl"
    file.write_text('{"schema": 1}\n[]\nnot json\n' + file.read_text() + "{")
    done = shop.run("log")
    assert len(done.out.splitlines()) == 2
    assert done.err == "safe-pip: 4 lines of TMP/state/receipts.jsonl cannot be read\n"


# --- why


def test_why_of_requirements(shop):
    done = shop.run("why", "lib", "app", "lib<3")
    assert (done.exit, done.out) == (
        0,
        told("""
        lib 1.0
          you → lib<3
          you → app → lib>=1
        the policy policy.toml allows it (lib-1.0-py3-none-any.whl)
    """),
    )
    assert shop.installed() == {}


def test_why_of_what_is_installed(shop):
    shop.pip("install", "app")
    done = shop.run("why", "LIB")
    assert done.out.splitlines()[:4] == [
        "lib 2.0",
        "  you → app → lib>=1",
        "the policy policy.toml denies it (lib-2.0-py3-none-any.whl)",
        "  minimum-age       uploaded 1 day ago; the policy asks for 7 days",
    ]
    found = json.loads(shop.run("why", "app", "--format", "json").out)
    assert (found["version"], found["chains"], found["file"]["level"]) == ("1.0", [["app"]], "allow")


def test_why_of_what_is_not_there(shop):
    assert shop.run("why", "nosuch").out == "nosuch is not there: nothing brings it in\n"
    assert shop.run("why", "nosuch", "app").exit == 1


def test_why_of_what_is_refused(shop):
    done = shop.run("why", "new", "new")
    assert done.exit == 10
    assert done.out.splitlines()[2] == "the policy policy.toml denies it (new-1.0-py3-none-any.whl)"


def test_why_needs_a_name(shop):
    for argv in ([], ["-r", "x"], ["a b"]):
        assert "why needs the name of a package first" in shop.refuses("why", *argv, code=2)
