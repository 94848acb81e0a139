"""Who attested a file: what is asked of an index for it, when, and what becomes of what it does not say."""

from __future__ import annotations

import hashlib
import re
import subprocess
from datetime import datetime, timedelta, timezone
from functools import partial

import pytest
from lib import sigstore
from lib.claims import GITHUB, by, claimed
from lib.index import Reply
from lib.wheels import make_sdist, make_wheel

WHEEL, BEFORE = "app-1.1-py3-none-any.whl", "app-1.0-py3-none-any.whl"
COMPARES = '[rules.provenance]\nlevel = "allow"\nverify = false\n'
NOW = datetime.now(timezone.utc)


def days_ago(days):
    return NOW - timedelta(days=days)


@pytest.fixture
def history(shell):
    """A user who is offered two attested releases of app, and a dependency that nobody attests."""
    shell.policy(COMPARES)
    shell.offer("app", "1.0", ["dep"], upload_time=days_ago(60), provenance=by(GITHUB))
    shell.offer("app", "1.1", ["dep"], upload_time=days_ago(30), provenance=by(GITHUB))
    shell.offer("dep", "1.0")
    return shell


def loaded(shell, *words):
    """Return what safe-pip imports."""
    traced = (shell.program[0], "-X", "importtime", *shell.program[1:], *words)
    done = subprocess.run(traced, cwd=shell.work, env=shell.environ, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return [line.rpartition("|")[2].strip() for line in done.stderr.splitlines() if line.startswith("import time:")]


def objects(shell):
    return sorted(path for path in shell.index.paths() if path.startswith("/integrity/"))


def test_the_file_and_the_one_before_it_are_asked_about_once_and_for_good(history):
    both = sorted(map(history.index.provenance_path, (WHEEL, BEFORE)))
    assert history.install("app").exit == 0
    assert history.installed() == {"app": "1.1", "dep": "1.0"}
    assert objects(history) == both
    history.index.forget()
    assert history.install("--force-reinstall", "app").exit == 0
    assert objects(history) == []


@pytest.mark.slow
def test_pages_in_html_tell_it_too(history):
    """They tell no times, so that nobody knows what came before."""
    history.index.html = True
    err = history.refuses("install", "app==1.1", code=11)
    assert f"INDEX/simple/ does not tell when {WHEEL} was uploaded" in err
    assert history.index.provenance_path(WHEEL) in objects(history)


def test_no_rule_no_request(history):
    history.policy("")
    assert history.install("app").exit == 0
    assert objects(history) == []


@pytest.mark.slow
def test_a_page_from_the_cache_tells_it_still(history):
    history.index.max_age = 600
    assert history.install("--dry-run", "app").exit == 0
    history.index.forget()
    path = history.index.provenance_path(WHEEL)
    (history.tmp / "cache" / "provenance").rename(history.tmp / "gone")
    assert history.install("app").exit == 0
    assert path in objects(history)
    assert history.index.page_path("app") not in history.index.paths()


def test_what_is_refuted_is_refused_before_anything_of_it_is_opened(history):
    history.index.reply(history.index.provenance_path(WHEEL), Reply(body=claimed(BEFORE, "ab" * 32)))
    err = history.refuses("install", "app==1.1")
    assert f"it is of another file: {BEFORE}" in err
    assert history.index.file_path(WHEEL) not in history.index.paths()
    assert history.install("app").exit == 0
    assert history.installed()["app"] == "1.0"


def test_nothing_of_it_is_built(history):
    history.policy(COMPARES + '[rules.sdists]\nallow = ["app"]\n')
    ran = history.tmp / "ran"
    setup = f"open({str(ran)!r}, 'w'); from setuptools import setup; setup(name='app', version='2.0')"
    history.index.add(*make_sdist("app", "2.0", files={"setup.py": setup}), upload_time=days_ago(20))
    err = history.refuses("install", "--no-build-isolation", "app==2.0")
    assert "nobody has attested it" in err
    assert not ran.exists()


@pytest.mark.parametrize("status", [404, pytest.param(500, marks=pytest.mark.slow)])
def test_what_is_announced_and_not_there_is_a_missing_fact(history, status):
    history.index.reply(history.index.provenance_path(WHEEL), Reply(status=status))
    history.policy(COMPARES.replace('"allow"', '"deny"'))
    err = history.refuses("install", "app==1.1", code=11)
    assert f"answered {status} " in err


def test_an_index_that_serves_none_of_what_it_announces_hides_no_regression(history):
    history.offer("app", "1.2", ["dep"], upload_time=days_ago(20), provenance=by(GITHUB, repository="mallory/app"))
    for name in (WHEEL, BEFORE, "app-1.2-py3-none-any.whl"):
        history.index.reply(history.index.provenance_path(name), Reply(status=404))
    err = history.refuses("install", "app==1.2", code=11)
    assert "who attested it is not known: " in err
    history.policy(f'{COMPARES}on-missing = "warn"\n')
    done = history.install("app==1.2")
    assert done.exit == 0
    assert "safe-pip: warned: app 1.2: provenance: who attested it is not known: " in done.err


def test_an_unpublished_sha256_is_measured_first(history):
    history.offer("app", "1.2", upload_time=days_ago(20), hashes={}, provenance=by(GITHUB, repository="mallory/app"))
    err = history.refuses("install", "app==1.2")
    assert "attested by GitHub mallory/app, release.yml" in err
    err = history.refuses("install", "--dry-run", "app==1.2")
    assert "attested by GitHub mallory/app, release.yml" in err


@pytest.mark.slow
def test_an_upload_before_its_age_is_compared_with_older_ones_alone(history):
    history.offer("app", "1.2", upload_time=days_ago(1))
    history.offer("app", "1.3", upload_time=days_ago(0.5))
    err = history.refuses("install", "app==1.3")
    assert "nobody has attested it" in err
    assert "app 1.1 of" in err


@pytest.mark.parametrize("option", [[], pytest.param(["--no-cache-dir"], marks=pytest.mark.slow)])
def test_an_index_that_is_off_answers_from_what_is_kept_or_not_at_all(history, option):
    history.index.max_age = 600
    history.install("--dry-run", "app")
    history.index.forget()
    history.index.reply("*", Reply(status=503))
    done = history.install("--dry-run", *option, "app")
    assert done.exit == (11 if option else 0), done


@pytest.mark.slow
def test_what_is_installed_is_judged_by_it(history):
    assert history.install("app").exit == 0
    history.index.forget()
    history.index.reply(history.index.provenance_path(WHEEL), Reply(body=claimed(BEFORE, "ab" * 32)))
    (history.tmp / "cache" / "provenance").rename(history.tmp / "gone")
    done = history.run("audit")
    assert done.exit == 10
    assert f"it is of another file: {BEFORE}" in done.out


@pytest.mark.slow
def test_what_is_newer_is_judged_by_it(history):
    assert history.install("app==1.0").exit == 0
    history.offer("app", "2.0", ["dep"], upload_time=days_ago(20))
    done = history.run("outdated")
    assert re.search(r"^app +1\.0 +1\.1 +2\.0 +provenance +not by waiting$", done.out, re.MULTILINE), done.out


def test_a_lock_is_no_witness_of_it(history):
    listed = history.index.find(WHEEL)
    history.index.reply(history.index.provenance_path(WHEEL), Reply(body=claimed(BEFORE, "ab" * 32)))
    history.write(
        "pylock.toml",
        f'lock-version = "1.0"\ncreated-by = "x"\n[[packages]]\nname = "app"\nversion = "1.1"\n[[packages.wheels]]\n'
        f'name = "{WHEEL}"\nurl = "{history.index.file_url(WHEEL)}"\nhashes = {{ sha256 = "{listed.hashes["sha256"]}" }}\n',
    )
    done = history.run("install", "--no-deps", "-r", "pylock.toml")
    assert done.exit == 10
    assert f"it is of another file: {BEFORE}" in done.err


@pytest.fixture
def proving(history):
    """A user whose policy asks for proof, by a Sigstore of this test."""
    root = history.write("root.json", sigstore.trusted_root())
    digest = hashlib.sha256(root.read_bytes()).hexdigest()
    history.policy(f'[rules.provenance]\n[provenance]\nroot = "{root}"\nroot-sha256 = "sha256:{digest}"\n')
    publisher = sigstore.github("acme/app", "release.yml")
    attest = partial(sigstore.attest, publisher=publisher)
    history.offer("dep", "1.0", upload_time=days_ago(30), provenance=attest)
    history.offer("app", "1.0", ["dep"], upload_time=days_ago(60), provenance=attest)
    history.offer("app", "1.1", ["dep"], upload_time=days_ago(30), provenance=attest)
    history.offer("app", "1.2", ["dep"], upload_time=days_ago(20), provenance=by(GITHUB))
    return history


def test_where_a_rule_asks_for_proof_it_is_proved(proving):
    done = proving.install("app==1.1")
    assert done.exit == 0, done.err
    err = proving.refuses("install", "app==1.2")
    assert "the attestation of GitHub acme/app, release.yml does not hold: " in err


def test_a_second_run_proves_nothing_anew(proving):
    assert proving.install("app==1.1").exit == 0
    modules = loaded(proving, "install", "--force-reinstall", "-q", "app==1.1")
    assert [module for module in modules if module.partition(".")[0] in {"sigstore", "pypi_attestations"}] == []


@pytest.mark.slow
def test_a_file_for_a_new_target_is_compared_with_those_for_others(history):
    made = make_wheel("other", "1.0", tag="cp27-none-win_amd64")
    history.index.add(*made, upload_time=days_ago(60), provenance=by(GITHUB))
    history.offer("other", "1.1", upload_time=days_ago(20))
    err = history.refuses("install", "other")
    assert "nobody has attested it" in err
    assert "other 1.0 of" in err
