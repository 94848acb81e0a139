"""``safe-pip policy publishers``: entries from what is verified, as a diff of the policy; and which are outdated."""

from __future__ import annotations

import hashlib
import json
from datetime import datetime, timedelta, timezone
from functools import partial

import pytest
from lib import sigstore, sites
from lib.claims import GITHUB
from lib.claims import by as claimed_by
from lib.index import Reply

from safeinstall.sources.provenance.extra import INSTALL

NOW = datetime.now(timezone.utc)
POLICY = """\
[rules.provenance]
level = "allow"
verify = false
[provenance]
root = "root.json"
root-sha256 = "sha256:{}"
"""
APP, THIEF = sigstore.github("acme/app", "release.yml", "pypi"), sigstore.github("evil/app", "release.yml")
ENTRY = """\
[[rules.provenance.publishers]]
package = "app"
kind = "GitHub"
repository = "acme/app"
workflow = "release.yml"
"""
NOT_WRITTEN = "safe-pip: policy.toml: 1 entry, not written (--apply writes it)\n"


def by(publisher, **how):
    return partial(sigstore.attest, publisher=publisher, **how)


def ago(days):
    return NOW - timedelta(days=days)


@pytest.fixture
def attested(shell):
    """A user whose policy trusts the test's own Sigstore, and who is offered one attested project and one that is not."""
    root = sigstore.trusted_root()
    shell.write("root.json", root)
    shell.policy(POLICY.format(hashlib.sha256(root).hexdigest()))
    shell.offer("app", "1.0", upload_time=ago(60), provenance=by(APP))
    shell.offer("lib", "1.0", upload_time=ago(60))
    return shell


def propose(shell, *words):
    return shell.run("policy", "publishers", *words, "--policy", "policy.toml")


def written(shell):
    return (shell.work / "policy.toml").read_text()


def test_entries_are_proposed_as_a_diff_and_nothing_is_written(attested):
    before = written(attested)
    done = propose(attested, "app", "lib")
    assert (done.exit, done.err) == (0, f"safe-pip: lib 1.0: nobody has attested it\n{NOT_WRITTEN}")
    kept = "".join(f" {line}\n" for line in before.splitlines()[-3:])
    added = "".join(f"+{line}\n" for line in ["", *ENTRY.splitlines()])
    assert done.out == f"--- a/policy.toml\n+++ b/policy.toml\n@@ -5,3 +5,9 @@\n{kept}{added}"
    assert written(attested) == before


def test_they_are_written_and_hold(attested):
    before = written(attested)
    done = propose(attested, "app", "--apply")
    assert (done.exit, done.err) == (0, "safe-pip: policy.toml: 1 entry, written\n")
    assert written(attested) == f"{before}\n{ENTRY}"
    assert attested.install("app").exit == 0
    assert propose(attested, "app").err == (
        "safe-pip: app: bound already, to GitHub acme/app, release.yml\nsafe-pip: policy.toml: nothing to add\n"
    )
    attested.offer("app", "1.1", upload_time=ago(30), provenance=by(THIEF))
    assert (
        attested.refuses("install", "app==1.1")
        == """\
safe-pip: refused app 1.1 (app-1.1-py3-none-any.whl) from INDEX/simple/
  provenance        attested by GitHub evil/app, release.yml; the policy binds app to GitHub acme/app, release.yml
                    policy: policy.toml:9 (rules.provenance.publishers[0])
  required by       app==1.1 (you)
  newest allowed    app 1.0 (app-1.0-py3-none-any.whl)
  way out           if the project tells that it has moved, add [[rules.provenance.publishers]] with package = "app", kind = "GitHub", repository = "evil/app", workflow = "release.yml"
safe-pip: denied by policy policy.toml; nothing was installed
"""
    )


SLOW = pytest.mark.slow


@pytest.mark.parametrize(
    "words",
    [
        ("-r", "requirements.txt"),
        pytest.param(("requirements.txt",), marks=SLOW),
        pytest.param(("-r", "pylock.toml"), marks=SLOW),
        (),
    ],
    ids=" ".join,
)
def test_of_requirements_a_lock_or_what_is_installed(attested, words):
    attested.write("requirements.txt", "app==1.0\n")
    sha256 = attested.index.find("app-1.0-py3-none-any.whl").hashes["sha256"]
    attested.write(
        "pylock.toml",
        'lock-version = "1.0"\ncreated-by = "x"\n[[packages]]\nname = "app"\nversion = "1.0"\n[[packages.wheels]]\n'
        f'url = "{attested.index.file_url("app-1.0-py3-none-any.whl")}"\nhashes = {{ sha256 = "{sha256}" }}\n',
    )
    if not words:
        assert attested.install("app").exit == 0
    done = propose(attested, *words)
    assert done.exit == 0
    assert done.out.endswith("".join(f"+{line}\n" for line in ["", *ENTRY.splitlines()]))


def test_what_is_only_claimed_is_proposed_when_that_is_asked_for(attested):
    foreign = partial(sigstore.Sigstore().attest, publisher=APP)
    attested.offer("other", "1.0", upload_time=ago(60), provenance=foreign)
    done = propose(attested, "other")
    assert (done.exit, done.out) == (10, "")
    assert done.err.startswith("safe-pip: other 1.0: its provenance does not prove what it says: ")
    claimed = propose(attested, "other", "--claimed")
    assert (claimed.exit, claimed.err) == (0, NOT_WRITTEN)
    assert '+package = "other"\n' in claimed.out


def test_what_an_index_calls_a_publisher_is_held_to_what_a_policy_may_say(attested):
    attested.offer("odd", "1.0", upload_time=ago(60), provenance=claimed_by(GITHUB, repository="acme/a+b"))
    done = propose(attested, "odd", "app", "--claimed")
    assert done.exit == 0
    assert "safe-pip: odd: not proposed: rules.provenance.publishers[0].repository: " in done.err
    assert "odd" not in done.out
    assert '+package = "app"\n' in done.out


def test_in_pyproject_toml(attested):
    """Where the policy is trusted, it is so with the change."""
    text = written(attested).replace("schema = 1\n", "").replace("[rules.", "[tool.safe-pip.rules.")
    attested.write("pyproject.toml", text.replace("[provenance]", "[tool.safe-pip.provenance]"))
    del attested.environ["SAFE_PIP_POLICY"]
    assert attested.run("policy", "trust").exit == 0
    done = attested.run("policy", "publishers", "app", "--apply")
    assert done.exit == 0, done
    assert done.err.startswith("safe-pip: pyproject.toml: 1 entry, written\nsafe-pip: ")
    assert "pyproject.toml was trusted, and is so with this change\n" in done.err
    entry = ENTRY.replace("[[rules.", "[[tool.safe-pip.rules.")
    assert (attested.work / "pyproject.toml").read_text().endswith(f"\n{entry}")
    assert "bound already" in attested.run("policy", "publishers", "app").err


def test_who_has_just_appeared_is_not_proposed(attested):
    attested.offer("app", "1.1", upload_time=ago(1), provenance=by(THIEF))
    done = propose(attested, "app")
    assert (done.exit, done.out) == (0, "")
    assert done.err.startswith(
        "safe-pip: app 1.1: attested by GitHub evil/app, release.yml, another owner than before: app 1.0 of "
    )


def test_what_cannot_be_had_is_told(attested):
    attested.index.reply(attested.index.provenance_path("app-1.0-py3-none-any.whl"), Reply(status=500))
    done = propose(attested, "app")
    assert (done.exit, done.out) == (11, "")
    assert "safe-pip: app 1.0: who attested it is not known: " in done.err


@pytest.mark.slow
def test_entries_that_name_nobody_any_more_are_told(attested):
    old = ENTRY.replace("acme/app", "acme/former")
    attested.write("policy.toml", f"{written(attested)}\n{old}\n{ENTRY}")
    told = (
        "GitHub acme/former, release.yml has attested nothing of app 1.0, GitHub acme/app, release.yml, environment pypi"
        " has: remove it\n"
    )
    assert f"safe-pip: policy.toml:9: {told}" in propose(attested, "app").err
    assert attested.install("app").exit == 0
    assert attested.run("audit").err == f"safe-pip: policy: policy.toml:9: {told}"
    checked = attested.run("policy", "check", "policy.toml", "--online")
    assert checked.exit == 0
    assert f"policy.toml:9: warning: {told}" in checked.out
    assert "warning" not in attested.run("policy", "check", "policy.toml").out


@SLOW
def test_an_entry_whose_project_has_moved_is_told(attested):
    attested.write("policy.toml", f"{written(attested)}\n{ENTRY.replace('acme/app', 'acme/former')}")
    assert (
        "policy.toml:9: warning: GitHub acme/former, release.yml has attested nothing of app 1.0, GitHub acme/app,"
        " release.yml, environment pypi has: change it if the project tells that it has moved\n"
    ) in attested.run("policy", "check", "policy.toml", "--online").out


@SLOW
def test_as_json(attested):
    data = json.loads(propose(attested, "app", "lib", "--format", "json").out)
    publisher = {"kind": "GitHub", "repository": "acme/app", "workflow": "release.yml"}
    assert data == {
        "projects": [
            {
                "name": "app",
                "version": "1.0",
                "publishers": [{**publisher, "environment": "pypi"}],
                "bound": False,
                "problem": None,
            },
            {
                "name": "lib",
                "version": "1.0",
                "publishers": [],
                "bound": False,
                "problem": "lib 1.0: nobody has attested it",
            },
        ],
        "proposed": [{**publisher, "environment": None, "package": "app"}],
    }


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("app", "-r", "requirements.txt"), "names and files are asked about by themselves"),
        (("a b",), "a b is neither a package nor a requirements file or lock"),
        (("-r", "reqs.txt"), "there is no file reqs.txt"),
        (("pylock.toml",), "there is no file pylock.toml"),
    ],
)
def test_what_cannot_be_asked(attested, words, message):
    """This is told first, before it matters whether there is a policy."""
    del attested.environ["SAFE_PIP_POLICY"]
    done = attested.run("policy", "publishers", *words)
    assert done.exit == 2
    assert message in done.err
    assert "safe-pip: way out: " in done.err


def test_a_name_that_no_index_has_is_an_error(attested):
    done = propose(attested, "nosuchthing", "app")
    assert done.exit == 1
    assert done.err.startswith(
        "safe-pip: no index offers a file of nosuchthing here; way out: look whether it is spelled so, and on which"
        " index it is\n"
    )
    assert '+package = "app"\n' in done.out


def test_the_variable_names_the_policy(attested):
    done = attested.run("policy", "publishers", "app", "--apply")
    assert (done.exit, done.err) == (0, "safe-pip: policy.toml: 1 entry, written\n")
    assert written(attested).endswith(ENTRY)


def test_a_lock_that_names_another_is_told(attested):
    file = attested.index.find("app-1.0-py3-none-any.whl")
    attested.write(
        "pylock.toml",
        'lock-version = "1.0"\ncreated-by = "x"\n[[packages]]\nname = "app"\nversion = "1.0"\n'
        'attestation-identities = [{ kind = "GitHub", repository = "acme/other", workflow = "release.yml" }]\n'
        f'[[packages.wheels]]\nurl = "{attested.index.file_url(file.filename)}"\n'
        f'hashes = {{ sha256 = "{file.hashes["sha256"]}" }}\n',
    )
    done = propose(attested, "-r", "pylock.toml")
    assert (done.exit, done.out) == (10, "")
    assert done.err.startswith(
        "safe-pip: app 1.0: attested by GitHub acme/app, release.yml, environment pypi; pylock.toml names GitHub"
        " acme/other, release.yml; way out: if the project tells that it has moved, lock again\n"
    )


def test_without_what_proves_it_the_ways_out_are_told(attested):
    site = sites.plain_site(attested.tmp / "site")
    done = sites.run_from(site, "policy", "publishers", "app", environ=attested.environ, cwd=attested.work)
    assert done.returncode == 12
    assert done.stderr.splitlines()[:2] == [
        ("safe-pip: policy publishers: it asks for proof of provenance, which needs pypi-attestations and sigstore"),
        f"safe-pip: way out: install what proves it: {INSTALL}; --claimed believes what the index says",
    ]
