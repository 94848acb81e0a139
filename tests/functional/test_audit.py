"""``safe-pip audit``: an environment, requirements, a lock and standard input, judged and left as they are."""

from __future__ import annotations

import json
import os
import random
import subprocess
import zipfile
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from lib.index import Reply
from lib.schemas import cyclonedx_problems, sarif_problems
from lib.shell import told
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from safeinstall.report.forms import FORMS

DATA = Path(os.environ.get("SAFEINSTALL_TEST_DATA") or Path(__file__).parents[3] / "shared" / "data")
DUMP = DATA / "osv-pypi.zip"
OLD = 50


def record(id_, name, fixed, **more):
    affected = {
        "package": {"ecosystem": "PyPI", "name": name},
        "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": fixed}]}],
    }
    severity = [{"type": "CVSS_V3", "score": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"}]
    fields = {"id": id_, "modified": "2026-01-01T00:00:00Z", "summary": "a hole", "severity": severity}
    return json.dumps({**fields, "affected": [affected], **more})


def put(shell, name, version, **files):
    """Make the target hold what looks like an installed package."""
    folder = shell.site / f"{name}-{version}.dist-info"
    folder.mkdir()
    (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    (folder / "RECORD").write_text("")
    for file, text in files.items():
        (folder / file.replace("_json", ".json")).write_text(text)


def bare(shell):
    """Leave nothing in the target but what a test puts there: it then borrows a pip."""
    for path in [*shell.site.glob("pip*"), *shell.site.glob("setuptools*")]:
        subprocess.run(["rm", "-rf", path], check=True)


@pytest.fixture
def guarded(shell):
    shell.policy('[advisories]\nsources = ["advisories"]\n[rules.vulnerability]\n[rules.yanked]\nlevel = "warn"\n')
    shell.write("advisories/PYSEC-1.json", record("PYSEC-1", "app", "1.5"))
    for version in ("1.0", "1.5"):
        shell.offer("app", version)
    shell.offer("lib", "2.0", yanked="broken")
    return shell


def test_an_environment(guarded):
    bare(guarded)
    put(guarded, "App", "1.0")
    put(guarded, "lib", "2.0")
    before = guarded.snapshot()
    done = guarded.run("audit")
    assert (done.exit, done.err) == (10, "")
    assert done.out == told("""
        safe-pip: refused app 1.0 (app-1.0-py3-none-any.whl) from INDEX/simple/
          vulnerability     PYSEC-1, severity critical (9.8), denied from low: a hole
                            policy: policy.toml:4 (rules.vulnerability.deny-at)
          newest allowed    app 1.5 (app-1.5-py3-none-any.whl)
          way out           take 1.5 or later, or write an exception for PYSEC-1
        safe-pip: warned: lib 2.0: yanked: yanked by its publisher ("broken"); the policy asks for files that are not yanked [policy.toml:6]
        safe-pip: TMP/env by policy policy.toml: 1 refused, 1 warned of
    """)
    assert guarded.snapshot() == before


def test_an_environment_with_many_vulnerabilities_fits_on_a_screen(guarded):
    bare(guarded)
    for n in range(10):
        put(guarded, f"app{n}", "1.0")
        for hole in range(5):
            guarded.write(f"advisories/PYSEC-{n}-{hole}.json", record(f"PYSEC-{n}-{hole}", f"app{n}", f"1.{hole + 1}"))
    done = guarded.run("audit")
    assert (done.exit, len(done.out.splitlines())) == (10, 10 * 4 + 1 + 2), done.out
    assert done.out.count("5 advisories: 5 critical; 1.5 repairs them all") == 10
    whole = guarded.run("audit", "-v").out
    assert whole.count("  vulnerability     PYSEC-") == 50


def test_a_pip_in_the_working_directory_is_not_run(guarded):
    put(guarded, "app", "1.5")
    guarded.write("pip/__init__.py", "raise SystemExit('run')")
    guarded.write("pip_api/__init__.py", "raise SystemExit('run')")
    done = guarded.run("audit", env={"PIP_PATH": "/nowhere", "PIP_FORMAT": "columns", "PIP_USER": "1"})
    assert "run" not in done.err
    assert "refused" not in done.out


def test_another_interpreter(guarded):
    put(guarded, "app", "1.0")
    done = guarded.run("audit", "--python", guarded.target, "--format", "json", env={"VIRTUAL_ENV": None})
    said = json.loads(done.out)
    assert (done.exit, said["subject"]) == (10, "TMP/env")
    (app,) = (package for package in said["packages"] if package["name"] == "app")
    assert (app["version"], app["newest_allowed"], app["findings"][0]["advisories"]) == ("1.0", "1.5", ["PYSEC-1"])


def test_what_came_from_an_address(guarded):
    guarded.policy("[rules.direct-references]\n")
    bare(guarded)
    vcs = {"url": "https://git.example/app", "vcs_info": {"vcs": "git", "commit_id": "a" * 40}}
    put(guarded, "app", "1.0", direct_url_json=json.dumps(vcs))
    put(guarded, "own", "1.0", direct_url_json=json.dumps({"url": "file:///srv/own", "dir_info": {"editable": True}}))
    done = guarded.run("audit")
    assert done.exit == 10
    assert f"comes from a version control repository (git+https://git.example/app@{'a' * 40})" in done.out
    assert done.out.endswith("TMP/env by policy policy.toml: 1 refused, 1 allowed\n")
    assert not guarded.index.paths()


def test_an_index_that_does_not_answer_is_a_missing_fact(guarded):
    guarded.policy('[evidence]\non-missing = "deny"\n[rules.yanked]\n')
    bare(guarded)
    put(guarded, "app", "1.0")
    guarded.index.reply(guarded.index.page_path("app"), Reply(status=503))
    done = guarded.run("audit")
    assert done.exit == 11, done
    assert "what an index says of it is not known" in done.out
    assert "safe-pip: no answer: " in done.out


def test_a_version_that_no_index_offers(guarded):
    guarded.policy('[evidence]\non-missing = "warn"\n[rules.yanked]\n[rules.sdists]\n[rules.minimum-age]\n')
    bare(guarded)
    put(guarded, "app", "0.1")
    done = guarded.run("audit")
    assert done.exit == 0
    assert done.out == told("""
        safe-pip: warned: app 0.1: minimum-age: the upload time is not known: no index offers a file of it for this environment [policy.toml:3]
        safe-pip: warned: app 0.1: yanked: what an index says of it is not known: no index offers a file of it for this environment [policy.toml:3]
        safe-pip: TMP/env by policy policy.toml: 1 warned of
    """)


def test_what_is_no_version(guarded):
    bare(guarded)
    put(guarded, "app", "2004d")
    done = guarded.run("audit")
    assert done.exit == 10
    assert done.out == told("""
        safe-pip: refused app 2004d (app==2004d) from TMP/env
          vulnerability     PYSEC-1, severity critical (9.8), denied from low: a hole
          evidence          2004d is not a version (PEP 440), so that nothing but advisories can be asked of it
                            policy: policy.toml:4 (rules.vulnerability.deny-at), policy.toml (evidence.on-missing)
          way out           take 1.5 or later, or write an exception for PYSEC-1
        safe-pip: TMP/env by policy policy.toml: 1 refused
    """)


def test_what_is_no_version_is_matched_as_it_is_written(guarded):
    guarded.policy('[evidence]\non-missing = "warn"\n[advisories]\nsources = ["advisories"]\n[rules.malware]\n')
    affected = {"package": {"ecosystem": "PyPI", "name": "lib"}, "versions": ["v_05"]}
    guarded.write("advisories/MAL-1.json", record("MAL-1", "lib", "1", affected=[affected]))
    bare(guarded)
    put(guarded, "lib", "v_05")
    put(guarded, "app", "v_05")
    done = guarded.run("audit", "--format", "json")
    assert done.exit == 10
    app, lib = json.loads(done.out)["packages"]
    assert (app["version"], app["level"], [f["rule"] for f in app["findings"]]) == ("v_05", "warn", ["evidence"])
    assert (lib["version"], lib["level"], lib["findings"][0]["advisories"]) == ("v_05", "deny", ["MAL-1"])
    assert "lib v\\_05" in guarded.run("audit", "--format", "markdown").out


def test_requirements(guarded):
    guarded.offer("other", "1.0", ["app<1.5"])
    guarded.write("a.txt", "lib==2.0\n")
    guarded.write("b.txt", "other\n")
    done = guarded.run("audit", "-r", "a.txt", "-r", "b.txt")
    assert done.exit == 10
    assert "required by       other → app<1.5" in done.out
    assert done.out.endswith("a.txt, b.txt by policy policy.toml: 1 refused\n")
    guarded.write("b.txt", "app\n")
    done = guarded.run("audit", "-r", "b.txt")
    assert (done.exit, done.out) == (0, "safe-pip: b.txt by policy policy.toml: 1 allowed\n")
    assert guarded.installed() == {}


def test_a_project(guarded):
    guarded.write(
        "pyproject.toml",
        '[project]\nname = "own"\ndependencies = ["lib==2.0"]\n[dependency-groups]\ndev = ["app<1.5"]\n',
    )
    done = guarded.run("audit", "pyproject.toml")
    assert done.exit == 10
    assert "required by       app<1.5 (you)" in done.out
    assert done.out.endswith("safe-pip: pyproject.toml by policy policy.toml: 1 refused\n")
    guarded.write("pyproject.toml", '[project]\nname = "own"\n')
    done = guarded.run("audit", "-r", "pyproject.toml")
    assert (done.exit, done.out) == (0, "safe-pip: pyproject.toml by policy policy.toml: no packages\n")


def test_extras_that_exclude_each_other_are_judged_apart(guarded):
    extras = (
        '[project]\nname = "own"\n[project.optional-dependencies]\nold = ["app<1.5"]\nnew = ["app>=1.5", "lib==2.0"]\n'
    )
    guarded.write("pyproject.toml", extras)
    done = guarded.run("audit", "pyproject.toml")
    assert done.exit == 10
    assert "required by       app<1.5 (you)" in done.out
    assert done.out.endswith(
        "safe-pip: pyproject.toml (extra old, extra new, each by itself) by policy policy.toml: 1 refused, 1 warned of\n"
    )


def test_every_denied_pin_is_told(guarded):
    guarded.write("advisories/PYSEC-2.json", record("PYSEC-2", "lib", "3"))
    guarded.write("r.txt", "app==1.0\nlib==2.0\n")
    done = guarded.run("audit", "-r", "r.txt", "--format", "json", "--output", "audit.json")
    assert (done.exit, done.out) == (10, "")
    said = json.loads((guarded.work / "audit.json").read_text())
    assert [package["name"] for package in said["packages"]] == ["app", "lib"]


def test_a_lock(guarded):
    digest = guarded.index.find("app-1.0-py3-none-any.whl").hashes["sha256"]
    url = guarded.index.file_url("app-1.0-py3-none-any.whl")
    guarded.write(
        "pylock.toml",
        'lock-version = "1.0"\ncreated-by = "test"\n[[packages]]\nname = "app"\nversion = "1.0"\n'
        f'wheels = [{{ name = "app-1.0-py3-none-any.whl", url = "{url}", hashes = {{ sha256 = "{digest}" }} }}]\n',
    )
    done = guarded.run("audit", "pylock.toml")
    assert done.exit == 10
    assert "refused app 1.0" in done.out


def test_mode_audit_reports_and_exits_0(guarded):
    guarded.policy('mode = "audit"\n[advisories]\nsources = ["advisories"]\n[rules.vulnerability]\n')
    guarded.write("r.txt", "app==1.0\n")
    done = guarded.run("audit", "-r", "r.txt")
    assert (done.exit, done.out) == (
        0,
        told("""
        safe-pip: would be denied: app 1.0: vulnerability: PYSEC-1, severity critical (9.8), denied from low: a hole [policy.toml:5]
        safe-pip: r.txt by policy policy.toml: 1 warned of
    """),
    )


@pytest.mark.parametrize(
    ("argv", "code", "message"),
    [
        (("-r", "absent.txt"), 2, "there is no file absent.txt"),
        (("absent.toml", "-r", "r.txt"), 2, "judged by itself"),
        (("--python", "/nowhere"), 1, "Could not locate Python interpreter"),
        (("--bogus",), 2, "audit: it does not take --bogus"),
    ],
)
def test_bad_input(guarded, argv, code, message):
    assert message in guarded.refuses("audit", *argv, code=code)


def test_a_policy_that_is_wrong(guarded):
    guarded.policy("[rules.nonsense]\n")
    guarded.refuses("audit", code=12)


def standard_input(shell, text):
    process = subprocess.run(
        [*shell.program, "audit", "--format", "json", "-"],
        cwd=shell.work, env=shell.environ, input=text, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    return process.returncode, process.stdout, process.stderr


def test_standard_input(guarded):
    code, out, _ = standard_input(guarded, "App==1.0  # old\nlib==2.0\n")
    said = json.loads(out)
    assert (code, said["subject"], said["counts"]) == (10, "standard input", {"refused": 1, "warned": 1, "allowed": 0})
    code, _, err = standard_input(guarded, "app>=1\n")
    assert code == 2
    assert "standard input, line 1: 'app>=1' is not name==version" in err


def test_a_young_file_is_refused(guarded):
    guarded.policy("[rules.minimum-age]\n")
    bare(guarded)
    guarded.offer("app", "2.0", upload_time=datetime.now(timezone.utc) - timedelta(days=2))
    put(guarded, "app", "2.0")
    done = guarded.run("audit")
    assert done.exit == 10
    assert "uploaded 2 days ago; the policy asks for 7 days" in done.out


# --- the real records


def affects(record, version):
    """Whether the record affects *version*: an oracle that shares no code with ours."""
    if "withdrawn" in record:
        return False
    ranges = [r for a in record["affected"] for r in a.get("ranges", ()) if r["type"] == "ECOSYSTEM"]
    listed = {v for a in record["affected"] for v in a["versions"]}
    return version in listed or any(in_range(r["events"], Version(version)) for r in ranges)


def in_range(events, version):
    """OSV's own algorithm: the last event at or before the version decides."""
    inside = False
    for event in sorted(events, key=lambda e: Version(next(iter(e.values())))):
        (kind, at), *_ = event.items()
        if kind == "introduced" and version >= Version(at):
            inside = True
        if (kind == "fixed" and version >= Version(at)) or (kind == "last_affected" and version > Version(at)):
            inside = False
    return inside


def old_packages():
    """Fifty real names with a version each, of which the records that list it are known."""
    with zipfile.ZipFile(DUMP) as archive:
        records = [json.loads(archive.read(name)) for name in sorted(archive.namelist())]
    by_name = {}
    for found in records:
        names = {canonicalize_name(a["package"]["name"]) for a in found["affected"]}
        for name in names:
            by_name.setdefault(name, []).append(found)
    fit = sorted(name for name, found in by_name.items() if len(found) > 1 and all(is_plain(r, name) for r in found))
    chosen = random.Random(5).sample(fit, OLD)
    return {name: (some_version(by_name[name]), by_name[name]) for name in chosen}


def is_plain(found, name):
    versions = [v for a in found["affected"] for v in a.get("versions", ())]
    only = {canonicalize_name(a["package"]["name"]) for a in found["affected"]} == {name}
    listing = all("versions" in a for a in found["affected"])
    return only and listing and bool(versions) and all(map(is_canonical, versions))


def is_canonical(text):
    try:
        return str(Version(text)) == text
    except InvalidVersion:
        return False


def some_version(records):
    return random.Random(1).choice(sorted({v for r in records for a in r["affected"] for v in a["versions"]}))


@pytest.mark.skipif(not DUMP.is_file(), reason=f"no OSV dump at {DUMP}; SAFEINSTALL_TEST_DATA names its directory")
@pytest.mark.slow
def test_an_environment_of_50_old_packages_agrees_with_the_records(shell):
    shell.policy(f'[advisories]\nsources = ["{DUMP}"]\n[rules.vulnerability]\n')
    bare(shell)
    packages = old_packages()
    for name, (version, _) in packages.items():
        put(shell, name.replace("-", "_"), version)
    done = shell.run("audit", "--format", "json")
    said = {package["name"]: package for package in json.loads(done.out)["packages"]}
    assert said.keys() == packages.keys()
    for name, (version, records) in packages.items():
        affecting = {r["id"] for r in records if affects(r, version)}
        groups = [set(finding["advisories"]) for finding in said[name]["findings"] if finding["advisories"]]
        assert affecting <= set().union(*groups), name
        assert all(group & affecting for group in groups), name
        assert said[name]["version"] == version
    assert done.exit == 10


# --- the forms of a report


def test_an_audit_is_told_in_every_form_of_a_report(guarded):
    guarded.write("r.txt", "lib==1.0\napp==1.0\n")
    guarded.offer("lib", "1.0", ["base"])
    guarded.offer("base", "1.0")
    said = {form: guarded.run("audit", "--format", form, "r.txt").out for form in FORMS if form != "json"}
    assert sarif_problems(said["sarif"]) == []
    assert cyclonedx_problems(said["cyclonedx"]) is None
    (result,) = [r for r in json.loads(said["sarif"])["runs"][0]["results"] if r["level"] == "error"]
    assert result["locations"][0]["physicalLocation"]["region"] == {"startLine": 2}
    assert said["github"].startswith("::error file=r.txt,line=2,")
    assert {c["name"] for c in json.loads(said["cyclonedx"])["components"]} >= {"app"}
    assert said["terminal"].splitlines()[0] == "safe-pip: denied: the policy refuses 1 project"
    assert "safe-pip audit r.txt\n" in said["terminal"]


def test_an_audit_that_refuses_nothing_shows_who_required_what(guarded):
    guarded.offer("lib", "1.0", ["base"])
    guarded.offer("base", "1.0")
    guarded.write("r.txt", "lib==1.0\n")
    done = guarded.run("audit", "--format", "terminal", "r.txt", env={"COLUMNS": "400"})
    assert done.exit == 0
    assert "  └── lib 1.0  lib==1.0\n      └── base 1.0  base\n" in done.out
    assert "\nEvidence\n  index INDEX/simple/: of this run (" in done.out
    assert "\n  advisories advisories: of this run (" in done.out


def test_a_form_of_a_report_is_of_one_file(guarded):
    guarded.write("r.txt", "app==1.0\n")
    assert guarded.refuses("audit", "--format", "sarif", "r.txt", "r.txt", code=2).splitlines()[0] == (
        "safe-pip: a report in the form sarif is of one file"
    )
    done = guarded.run("audit", "--format", "html", "--output", "r.html", "r.txt")
    assert (done.exit, done.out) == (10, "")
    assert (guarded.work / "r.html").read_text().startswith("<!doctype html>")
