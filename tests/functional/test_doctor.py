"""``safe-pip doctor``: green on a fresh machine, and in each broken one red, with what to do."""

from __future__ import annotations

import itertools
import json
import os
import platform
import sysconfig
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime
from importlib.metadata import version
from pathlib import Path

import pytest
from lib.dump import LocalDump, age, osv
from lib.index import LocalIndex, Reply
from lib.shell import Shell, copy_environment, told
from lib.wheels import make_wheel

from safeinstall.commands.doctor import names
from safeinstall.commands.doctor.names import check_names
from safeinstall.commands.doctor.patient import Patient, admit
from safeinstall.commands.doctor.result import Mark, Result
from safeinstall.commands.doctor.selftest import check_self_test
from safeinstall.sources.index.popular_names import names_as_of
from safeinstall.sources.policies import policy_files

NOW = datetime.now(timezone.utc)
NO_RELIANCE = "do not rely on this installation: install safe-pip anew, look at the target's pip, and report it"
LAX = """
import runpy, sys
place = sys.argv.index("--policy")
del sys.argv[place:place + 2], sys.argv[1:3]
runpy.run_module("pip", run_name="__main__")
"""
REPOSITORY = Path(__file__).parent.parent.parent


@pytest.fixture
def shell(shell):
    """A fresh machine: no configuration, and an index like the default one."""
    shell.offer("pip", "99")
    return shell


@pytest.fixture
def unlent(tmp_path, template_without_pip, index):
    """A user whose safe-pip has no pip of its own to lend."""
    links = tmp_path / "links"
    links.mkdir()
    for path in Path(sysconfig.get_path("purelib")).iterdir():
        if not path.name.startswith("pip"):
            (links / path.name).symlink_to(path)
    target = tmp_path / "env"
    copy_environment(template_without_pip, target)
    program = (str(template_without_pip / "bin" / "python"), "-m", "safeinstall")
    return Shell(tmp_path, target, index, {"PYTHONPATH": f"{links}:{REPOSITORY}"}, program)


def problems(shell, *argv, env=None):
    """What a run of the doctor finds wrong, each with its way out."""
    before = shell.snapshot()
    done = shell.run("doctor", *argv, env=env)
    lines = [*done.out.splitlines(), ""]
    found = [
        (line[9:], after.removeprefix("         way out       "))
        for line, after in itertools.pairwise(lines)
        if line.startswith("problem ")
    ]
    count = f"{len(found)} problem{'s' if len(found) > 1 else ''} found (exit 14)"
    assert (done.exit, lines[-2], shell.snapshot()) == (14, count, before), done
    return found


def notes(shell, *argv):
    """What it says on the side of a machine that is in order."""
    done = shell.run("doctor", *argv)
    assert done.exit == 0, done
    return [line[9:] for line in done.out.splitlines() if line.startswith("note ")]


# --- in order


def test_a_fresh_machine_is_in_order(shell):
    before = shell.snapshot()
    done = shell.run("doctor")
    assert (done.exit, done.err, shell.snapshot()) == (0, "", before)
    (digest,) = {word for word in done.out.split() if word.startswith("sha256:")}
    (isolation,) = {line for line in done.out.splitlines() if "builds  " in line} - {""}
    python = f"TMP/env/bin/python (Python {platform.python_version()})"
    pip = next(path for path in shell.site.glob("pip-*.dist-info")).name.split("-")[1].removesuffix(".dist")
    installed = len(list(shell.site.glob("*.dist-info")))
    assert done.out.replace(digest, "DIGEST)").replace(isolation, "BUILDS") == told(f"""
        ok       target        {python}: pip {pip} waits for the policy before it looks for files
        ok       environment   {installed} distributions in TMP/env
        ok       recovery      no installation was left half there
        ok       policy        baseline (built in) (11 rules, DIGEST)
        ok       index         INDEX/simple/ answers
        ok       clock         within 10 minutes of the indexes
        note     advisories    none are here yet; the first run that asks for them fetches them
                 way out       run: safe-pip advisories sync
        note     advisories    the source osv does not answer: cannot read http://127.0.0.1:9/modified_id.csv: no connection: [Errno 111] Connection refused
                 way out       check the network, the address and the proxy
        ok       names         10000 popular names of {names_as_of()}
        note     interception  not installed: a bare pip is not kept from installing what it likes
                 way out       run: safe-pip guard install
        ok       cache         TMP/cache is made when it is needed
        ok       state         TMP/state is made when it is needed
        BUILDS
        ok       self-test     a package that a policy denies was refused (exit 10), nothing installed
        ok       self-test     a package that the policy accepts was installed
        no problem found
    """)
    assert sorted(path.name for path in shell.tmp.iterdir()) == ["env", "home", "tmp", "work"]


def test_json_says_the_same(shell):
    done = shell.run("doctor", "--format", "json", "--output", "found.json")
    found = json.loads((shell.work / "found.json").read_text())
    assert (done.exit, done.out, found["problems"]) == (0, "", 0)
    assert {check["check"] for check in found["checks"]} == {
        "target", "environment", "recovery", "policy", "index", "clock", "advisories", "names", "interception", "cache", "state", "builds",
        "self-test",
    }  # fmt: skip
    assert {frozenset(check) for check in found["checks"]} == {frozenset({"check", "mark", "text", "remedy"})}


def test_pip_configuration_does_not_disturb_the_self_test(shell):
    assert shell.run("doctor", env={"PIP_REQUIRE_HASHES": "1", "PIP_NO_BINARY": ":all:"}).exit == 0


def test_a_pip_that_its_configuration_keeps_from_working(shell):
    ((text, remedy),) = problems(shell, env={"PIP_USER": "1"})
    assert text.startswith("target        Can not perform a '--user' install.")
    assert remedy == "pip says so before it does anything: look at `pip config list` and at the PIP_ variables"


def test_a_target_without_pip_is_lent_ours(tmp_path, template_without_pip, index):
    target = tmp_path / "env"
    copy_environment(template_without_pip, target)
    shell = Shell(tmp_path, target, index)
    shell.offer("pip", "99")
    assert f"environment   it has no pip; safe-pip lends its own, pip {version('pip')}" in notes(shell)


def test_an_old_pip_stays_and_ours_is_lent(shell):
    (info,) = shell.site.glob("pip-*.dist-info")
    own = info.name.removeprefix("pip-").removesuffix(".dist-info")
    for file in (shell.site / "pip" / "__init__.py", info / "METADATA"):
        text = file.read_text().replace(own, "22.3.1", 1)
        file.unlink()  # environments share their files
        file.write_text(text)
    assert f"environment   its pip 22.3.1 is older than 23.1; safe-pip lends its own, pip {version('pip')}" in notes(
        shell
    )


@pytest.mark.slow
def test_credentials_and_what_is_not_asked(shell):
    shell.index.credentials = ("user", "s3cret")
    address = shell.index.url.replace("//", "//user:s3cret@")
    done = shell.run("doctor", env={"PIP_INDEX_URL": address})
    assert done.exit == 0
    assert "s3cret" not in done.out + done.err
    hidden = address.replace("user:s3cret", "****").replace(shell.index.root.removeprefix("http://"), "HOST")
    out = done.out.replace(shell.index.root.removeprefix("http://"), "HOST")
    assert f"note     index         the address of {hidden} holds credentials" in out
    shell.policy('[[indexes]]\nname = "default"\npackages = ["nothing"]\n')
    assert "index         INDEX/simple/ is configured for pip and never asked: the policy does not list it" in [
        line[9:] for line in shell.run("doctor").out.splitlines()
    ]


def test_a_certificate_that_is_not_checked(shell):
    with LocalIndex(tls=True) as index:
        index.add(*make_wheel("pip", "99"))
        shell.environ |= {"PIP_INDEX_URL": index.url, "PIP_TRUSTED_HOST": "127.0.0.1"}
        text = f"index         the certificate of {index.url} is not checked: --trusted-host says so"
        assert text in notes(shell)
        del shell.environ["PIP_TRUSTED_HOST"]
        assert problems(shell) == [
            (
                f"index         cannot read {index.url}pip/: its certificate could not be verified",
                "name the certificate authority that signed it with --cert",
            )
        ]


# --- broken


def test_a_target_that_does_not_exist(shell):
    assert problems(shell, "--python", "nosuch") == [
        (
            "target        Could not locate Python interpreter nosuch",
            "activate an environment whose python starts, or name one with --python",
        )
    ]


def test_a_target_that_does_not_start(shell):
    broken = shell.tmp / "broken" / "bin" / "python"
    broken.parent.mkdir(parents=True)
    broken.write_text("#!/no/such/interpreter\n")
    broken.chmod(0o700)
    assert problems(shell, env={"VIRTUAL_ENV": str(shell.tmp / "broken")}) == [
        (
            "target        cannot start TMP/broken/bin/python: No such file or directory",
            "activate an environment whose python starts, or name one with --python",
        )
    ]


NEW_PIP = "install a pip there, from 23.1 on (python -m ensurepip --upgrade), or install safe-pip anew with its own pip"


def test_no_pip_and_none_to_lend(unlent):
    assert problems(unlent) == [("target        TMP/env/bin/python has no pip, and there is none to lend", NEW_PIP)]


def test_an_old_pip_and_none_to_lend(unlent):
    (unlent.site / "pip").mkdir()
    (unlent.site / "pip" / "__init__.py").write_text('__version__ = "22.3.1"\n')
    assert problems(unlent) == [
        (
            "target        TMP/env/bin/python has pip 22.3.1, which is older than 23.1, and there is none to lend",
            NEW_PIP,
        )
    ]


def test_a_policy_with_errors(shell):
    shell.policy("mod = 1\n[rules.yankd]\n")
    remedy = "correct it; `safe-pip policy check` shows the line, and nothing is installed until then"
    assert problems(shell) == [
        ('policy        policy.toml:2: unknown key "mod"; did you mean "mode"?', remedy),
        ('policy        policy.toml:3: unknown rule "yankd" in [rules]; did you mean "yanked"?', remedy),
    ]


def test_what_is_wrong_with_several_layers_is_told_once(shell):
    assert problems(shell, env={"SAFE_PIP_POLICY": ""}) == [
        (
            "policy        SAFE_PIP_POLICY is set to nothing, which names no policy",
            "unset it, or name a file or a preset",
        )
    ]


def test_a_policy_that_everybody_can_change(shell):
    policy = shell.home / ".config" / "safe-pip" / "policy.toml"
    policy.parent.mkdir(parents=True)
    policy.write_text("schema = 1\n[rules.yanked]\n")
    policy.chmod(0o666)
    env = {"XDG_CONFIG_HOME": None}
    place = "TMP/home/.config/safe-pip/policy.toml"
    assert problems(shell, env=env) == [
        (f"policy        {place} can be changed by other users", f"run: chmod go-w {place}")
    ]


def test_a_project_that_loosens_without_trust(shell):
    shell.write("safe-pip.toml", '[rules.minimum-age]\nminimum = "0s"\n')
    assert problems(shell) == [
        (
            (
                'policy        safe-pip.toml:2: rules.minimum-age.minimum = "0s" does not count: baseline (built in):18 asks'
                ' for "3d"'
            ),
            "look at the file: drop the line, have it granted above, or run safe-pip policy trust",
        )
    ]


@pytest.mark.slow
def test_a_project_that_has_changed_since_it_was_trusted(shell):
    shell.write("safe-pip.toml", 'extends = "baseline"\n')
    assert shell.run("policy", "trust").exit == 0
    assert "; safe-pip.toml is trusted)\n" in shell.run("doctor").out
    shell.write("safe-pip.toml", 'extends = "baseline"\n[rules.minimum-age]\nminimum = "0s"\n')
    assert problems(shell) == [
        (
            "policy        safe-pip.toml has changed since it was trusted, so that it can only tighten",
            "look at the change, then run: safe-pip policy trust",
        )
    ]


def test_an_exception_that_is_void_is_told(shell):
    shell.policy(
        "[rules.yanked]\n[[exceptions]]\npackage = 'app'\nrules = ['yanked']\nreason = 'x'\nexpires = 2020-01-01\n"
    )
    assert (
        "policy        policy.toml:7: the exception for app is void since 2020-01-01; remove it, or look at it again"
        in notes(shell)
    )


def test_an_index_that_does_not_answer(shell):
    assert problems(shell, env={"PIP_INDEX_URL": "http://127.0.0.1:9/simple/"}) == [
        (
            "index         cannot read http://127.0.0.1:9/simple/pip/: no connection: [Errno 111] Connection refused",
            "check the network, the address and the proxy",
        )
    ]


@pytest.mark.slow
def test_an_index_behind_a_login_page(shell):
    page = b"<html><form action=/login><input name=password></form></html>"
    shell.index.reply("/simple/pip/", Reply(body=page, headers={"Content-Type": "text/html"}))
    assert problems(shell) == [
        (
            "index         INDEX/simple/pip/ is no project page: it lists nothing, and asks for something",
            "check the address of the index, and that no login page or proxy answers in its place",
        )
    ]


def test_an_index_that_wants_credentials(shell):
    shell.index.credentials = ("user", "s3cret")
    assert problems(shell) == [
        (
            "index         INDEX/simple/pip/ answered 401 Unauthorized",
            "check the user and password for this index, or ask whoever runs it whether it blocks this",
        )
    ]


def test_an_index_over_plain_http(shell):
    assert problems(shell, env={"PIP_INDEX_URL": "http://packages.acme.example/simple/"}) == [
        (
            (
                "index         http://packages.acme.example/simple/pip/ is plain HTTP: anyone on the way can change the"
                " answer"
            ),
            "use https://, or name the host with --trusted-host",
        )
    ]


def test_a_clock_that_is_years_off(shell):
    then = datetime.now(timezone.utc) - timedelta(days=1000)
    shell.index.reply("/simple/pip/", Reply(headers={"Date": format_datetime(then, usegmt=True)}))
    assert problems(shell) == [
        (
            (
                "clock         this machine is 1000 days ahead of INDEX/simple/: ages and dates of expiry are judged by its"
                " clock"
            ),
            "set the clock, best by NTP",
        )
    ]


# --- advisories


@pytest.fixture
def dump():
    with LocalDump() as dump:
        dump.publish(osv("PYSEC-1"))
        yield dump


@pytest.fixture
def synced(shell, dump):
    """A machine with advisories, under a policy that denies without."""
    shell.policy("[rules.vulnerability]\n")
    shell.environ["SAFE_PIP_OSV_URL"] = dump.url
    assert shell.run("advisories", "sync").exit == 0
    return shell


def database(shell):
    (file,) = (shell.tmp / "cache" / "advisories").glob("*.sqlite3")
    return file


def test_fresh_advisories_are_in_order(synced):
    out = synced.run("doctor").out
    assert "ok       advisories    0 hours old, the policy allows 7 days\n" in out
    assert "ok       advisories    the source osv answers\n" in out


@pytest.mark.slow
def test_a_mirror_of_the_zip_alone_answers(synced, dump):
    del dump.files["/modified_id.csv"]
    assert "ok       advisories    the source osv answers\n" in synced.run("doctor").out


@pytest.mark.slow
def test_lists_are_looked_at_too(synced, dump):
    synced.policy(f'[advisories]\nexploited = "{dump.root}/kev.json"\nepss = "epss.csv"\n[rules.vulnerability]\n')
    synced.write("epss.csv", "cve,epss,percentile\nCVE-2026-0001,0.9,0.9\n")
    assert synced.run("advisories", "sync").exit == 11
    done = synced.run("doctor")
    assert done.exit == 14
    assert "ok       advisories    the list of EPSS scores is 0 hours old\n" in done.out
    found = [(text.replace(dump.root, "DUMP"), remedy) for text, remedy in problems(synced)]
    assert found == [
        (
            "advisories    the list of exploited vulnerabilities DUMP/kev.json is not here",
            "run: safe-pip advisories sync",
        )
    ]


def test_stale_advisories_under_a_policy_that_denies_without(synced, dump):
    age(database(synced), timedelta(days=30))
    dump.files = {}
    found = [(text.replace(dump.root, "DUMP"), remedy) for text, remedy in problems(synced)]
    assert found == [
        ("advisories    they are 30 days old, the policy allows 7 days", "run: safe-pip advisories sync"),
        (
            "advisories    the source osv does not answer: DUMP/all.zip answered 404 Not Found",
            "check the name, and the address of the index",
        ),
    ]


@pytest.mark.slow
def test_stale_advisories_are_a_note_where_the_policy_goes_on_without(synced, dump):
    age(database(synced), timedelta(days=30))
    synced.policy("[rules.vulnerability]\non-missing = 'warn'\n")
    assert "advisories    they are 30 days old, the policy allows 7 days" in notes(synced)


def test_a_damaged_database_and_its_remedy(synced):
    file = database(synced)
    file.write_bytes(b"SQLite format 3\x00" + b"x" * 5000)
    place = synced.neutral(str(file))
    ((text, remedy),) = problems(synced)
    assert text == f"advisories    the database {place} is damaged: file is not a database"
    assert remedy == "delete it and run: safe-pip advisories sync"
    file.unlink()
    assert synced.run("advisories", "sync").exit == 0
    assert synced.run("doctor").exit == 0


# --- directories


def test_a_cache_that_is_no_directory(shell):
    (shell.tmp / "cache").write_text("")
    assert problems(shell) == [
        ("cache         TMP/cache is no directory", "move it away, or name another directory in SAFE_PIP_CACHE_DIR")
    ]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a directory away")
def test_a_cache_of_another_user(shell):
    (shell.tmp / "cache").mkdir()
    os.chown(shell.tmp / "cache", 12345, 12345)
    assert problems(shell) == [
        (
            "cache         TMP/cache belongs to another user (uid 12345)",
            "run: chown -R 0 TMP/cache, or name another directory in SAFE_PIP_CACHE_DIR",
        )
    ]


@pytest.mark.skipif(os.geteuid() == 0, reason="root writes everywhere")
def test_a_state_directory_that_cannot_be_written(shell):
    (shell.tmp / "state").mkdir(mode=0o500)
    assert problems(shell) == [
        (
            "state         TMP/state cannot be written: Permission denied",
            "make it writable for you, or name another directory in SAFE_PIP_STATE_DIR",
        )
    ]


@pytest.mark.slow
def test_a_state_directory_that_everybody_can_write(shell):
    (shell.tmp / "state").mkdir()
    (shell.tmp / "state").chmod(0o777)
    assert problems(shell) == [
        (
            "state         TMP/state can be written by everybody",
            "run: chmod go-w TMP/state, or name another directory in SAFE_PIP_STATE_DIR",
        )
    ]


# --- log


@pytest.mark.slow
def test_receipts_that_wait(shell):
    shell.policy("[rules.yanked]\n[log]\nforward-to = 'http://127.0.0.1:9/x'\n")
    assert (
        shell.run("doctor").out.count(
            "\nok       log           receipts are forwarded to http://127.0.0.1:9/x, and none waits\n"
        )
        == 1
    )
    shell.install("pip", "--dry-run")
    text = "log           1 receipt waits to be forwarded to http://127.0.0.1:9/x, which did not take them"
    assert text in notes(shell)
    shell.policy("[rules.yanked]\n[log]\nforward-to = 'http://127.0.0.1:9/x'\nrequired = true\n")
    assert problems(shell)[0] == (text, "look whether it answers and takes the credentials; the next run tries again")


# --- self-test


def test_a_pip_that_cannot_install(shell):
    module = shell.site / "pip" / "_internal" / "operations" / "install" / "wheel.py"
    text = module.read_text()
    module.unlink()  # environments share their files
    module.write_text(text + "\ndef install_wheel(*_, **__):\n    raise RuntimeError('half of pip is gone')\n")
    assert problems(shell, env={"PYTHONDONTWRITEBYTECODE": "1"}) == [
        (
            "self-test     a package that the policy accepts was not installed (exit 2): RuntimeError: half of pip is gone",
            NO_RELIANCE,
        )
    ]


def test_a_gate_that_lets_pass_what_a_policy_denies(shell):
    """A program that installs whatever it is told stands in for ours."""
    pip = (str(shell.python), "-c", LAX)
    with admit(shell.environ, shell.work, NOW, explicit=None, python=None) as patient:
        refused, accepted = check_self_test(patient, pip)
    assert refused == Result.problem(
        "self-test", "a package that a policy denies was installed (exit 0): it said nothing", NO_RELIANCE
    )
    assert accepted == Result.ok("self-test", "a package that the policy accepts was installed")


def test_a_system_policy_that_lets_no_made_up_package_pass_is_no_problem(shell, tmp_path, monkeypatch):
    monkeypatch.setattr(policy_files, "SYSTEM_FILE", tmp_path / "policy.toml")
    (tmp_path / "policy.toml").write_text("schema = 1\n")
    with admit(shell.environ, shell.work, NOW, explicit=None, python=None) as patient:
        refused, accepted = check_self_test(patient, ("sh", "-c", "exit 10"))
    assert refused.mark is Mark.OK
    text = f"{tmp_path / 'policy.toml'} lets no made-up package pass, so none was installed"
    assert accepted == Result.note("self-test", text)


def test_a_gate_that_does_nothing(shell):
    with admit(shell.environ, shell.work, NOW, explicit=None, python=None) as patient:
        found = list(check_self_test(patient, ("true",)))
    assert [result.text for result in found] == [
        "a package that a policy denies was not refused (exit 0): it said nothing",
        "a package that the policy accepts was not installed (exit 0): it said nothing",
    ]


@pytest.mark.slow
def test_a_guard_that_holds_and_one_that_does_not(shell):
    assert shell.run("guard", "install").exit == 0
    assert "ok       interception  the guard of TMP/env holds\n" in shell.run("doctor").out
    (shell.target / "bin" / "pip").unlink()
    assert problems(shell)[0] == (
        "interception  TMP/env: TMP/env/bin/pip: no longer there",
        "run: safe-pip guard install --python TMP/env/bin/python",
    )


def test_a_list_of_names_that_is_old_is_noted(monkeypatch, shell):
    patient = Patient(shell.environ, shell.work, NOW, None)
    monkeypatch.setattr(names, "STALE", timedelta(0))
    (result,) = check_names(patient)
    assert result.mark is Mark.NOTE
    assert result.text == f"10000 popular names of {names_as_of()}: what became popular since is not known"
    assert result.remedy == "upgrade safeinstall"


@pytest.mark.slow
def test_no_list_is_told_of_that_no_rule_asks_for(shell):
    shell.policy("[rules.yanked]\n")
    assert " names " not in shell.run("doctor").out
