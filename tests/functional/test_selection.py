"""Policies that choose rather than stop: falling back, auditing, exceptions, bound indexes, missing facts."""

from __future__ import annotations

import json
import os
from datetime import datetime, timedelta, timezone

import pytest
from lib.gate import parametrize
from lib.index import LocalIndex
from lib.shell import told
from lib.wheels import make_wheel

PRETTY_NEW = timedelta(hours=5)


@pytest.fixture
def aged(shell):
    """An index whose newest version is some hours old."""
    shell.offer("app", "1.0")
    shell.offer("app", "2.0", upload_time=datetime.now(timezone.utc) - PRETTY_NEW)
    return shell


def test_the_newest_that_passes_is_taken_and_told(aged):
    aged.policy('[rules.minimum-age]\nminimum = "7d"\n')
    done = aged.install("app")
    assert (done.exit, aged.installed()) == (0, {"app": "1.0"})
    uploaded = aged.index.find("app-2.0-py3-none-any.whl").upload_time
    assert done.err == told(f"""
        safe-pip: app 1.0 instead of 2.0: minimum-age: uploaded 5 hours ago; the policy asks for 7 days; complies from {uploaded + timedelta(days=7, minutes=1):%Y-%m-%d %H:%M} UTC on
    """)
    assert "/files/app-2.0-py3-none-any.whl.metadata" not in aged.index.paths()


def test_where_only_the_file_differs_the_files_are_told(shell):
    shell.policy('[rules.hashes]\nrequire = "index"\non-missing = "deny"\n')
    shell.offer("mixed", "1.0", hashes={})
    shell.offer_sdist("mixed", "1.0", metadata_version="2.2")
    done = shell.install("--dry-run", "--policy-report", "markdown=report.md", "mixed")
    because = "the sha256 of this file of mixed==1.0 is not known: INDEX/simple/ publishes no sha256"
    way_out = "take it from an index that publishes sha256 hashes"
    files = "mixed-1.0.tar.gz instead of mixed-1.0-py3-none-any.whl"
    assert (done.exit, done.err) == (0, f"safe-pip: mixed {files}: hashes: {because}; way out: {way_out}\n")
    assert "mixed-1.0-py3-none-any.whl" in (shell.work / "report.md").read_text()
    assert "| mixed mixed-1.0.tar.gz | mixed-1.0-py3-none-any.whl |" in (shell.work / "report.md").read_text()


def test_strict_selection_takes_what_pip_would_take_or_nothing(aged):
    aged.policy('select = "strict"\n[rules.minimum-age]\nminimum = "7d"\n')
    first, *_, last = aged.refuses("install", "app").splitlines()
    assert first == "safe-pip: refused app 2.0 (app-2.0-py3-none-any.whl) from INDEX/simple/"
    assert last == "safe-pip: denied by policy policy.toml; nothing was installed"
    assert "/files/app-2.0-py3-none-any.whl.metadata" not in aged.index.paths()


def test_an_audit_says_what_would_be_denied_and_goes_on(aged):
    aged.policy('mode = "audit"\n[rules.minimum-age]\nminimum = "7d"\n')
    done = aged.install("app")
    assert (done.exit, aged.installed()) == (0, {"app": "2.0"})
    assert done.err == told("""
        safe-pip: would be denied: app 2.0: minimum-age: uploaded 5 hours ago; the policy asks for 7 days
    """)


def test_an_exception_lets_pass_and_is_told(shell):
    shell.policy(
        '[rules.denylist]\npackages = [{ package = "app", reason = "unmaintained" }]\n'
        '[[exceptions]]\npackage = "app==1.0"\nrules = ["denylist"]\nreason = "until the rewrite"\nexpires = 2999-01-31\n'
    )
    shell.offer("app", "1.0")
    done = shell.install("app")
    assert (done.exit, shell.installed()) == (0, {"app": "1.0"})
    assert done.err == told("""
        safe-pip: allowed by an exception: app 1.0: denylist: app 1.0 is on the denylist as app: unmaintained (until the rewrite)
        safe-pip: 1 finding was let pass by an exception
    """)


def test_an_expired_exception_is_void(shell):
    shell.policy(
        '[rules.denylist]\npackages = [{ package = "app", reason = "unmaintained" }]\n'
        '[[exceptions]]\npackage = "app==1.0"\nrules = ["denylist"]\nreason = "until the rewrite"\nexpires = 2020-01-31\n'
    )
    shell.offer("app", "1.0")
    shell.refuses("install", "app")


@pytest.fixture
def private(shell):
    """A second index, of one's own, bound to ``acme-*``; the public one offers a better acme-core."""
    with LocalIndex() as own:
        shell.policy(
            f'[[indexes]]\nname = "public"\nurl = "{shell.index.url}"\n'
            f'[[indexes]]\nname = "acme"\nurl = "{own.url}"\npackages = ["acme-*"]\n'
        )
        yield own


def test_a_private_name_is_never_told_to_a_public_index(shell, private):
    shell.offer("acme-core", "99.0")
    shell.offer("lib", "1.0")
    own = shell.index
    shell.index = private
    shell.offer("acme-core", "1.0", ["lib"])
    shell.index = own
    done = shell.install("acme-core", "--extra-index-url", private.url)
    assert (done.exit, shell.installed()) == (0, {"acme_core": "1.0", "lib": "1.0"})
    assert not [path for path in shell.index.paths() if "acme" in path]
    assert not [path for path in private.paths() if "lib" in path]


def test_a_bound_name_that_its_index_does_not_have_comes_from_nowhere(shell, private):
    shell.offer("acme-core", "99.0")
    assert shell.refuses("install", "acme-core", code=1) == told("""
        ERROR: Could not find a version that satisfies the requirement acme-core (from versions: none)
        ERROR: No matching distribution found for acme-core
        safe-pip: the policy asks acme alone for acme-core, by its [[indexes]]:
        safe-pip:   policy.toml:2: public has "*"
        safe-pip:   policy.toml:5: acme has "acme-*"
    """)
    assert shell.index.paths() == []


def test_a_name_for_which_the_policy_leaves_no_index(shell):
    shell.offer("app", "1.0")
    shell.policy(f'[[indexes]]\nname = "acme"\nurl = "{shell.index.url}"\npackages = ["acme-*", "beta"]\n')
    assert shell.refuses("install", "App>=1", code=1) == told("""
        ERROR: Could not find a version that satisfies the requirement App>=1 (from versions: none)
        ERROR: No matching distribution found for App>=1
        safe-pip: the policy leaves no index for App, by its [[indexes]]:
        safe-pip:   policy.toml:2: acme has "acme-*", "beta"
    """)
    assert shell.index.paths() == []


def test_an_index_that_the_policy_does_not_list_is_not_asked(shell, private):
    shell.offer("app", "1.0")
    with LocalIndex() as other:
        done = shell.install("app", "--extra-index-url", other.url)
        assert (done.exit, other.paths()) == (0, [])


NO_AGE = {
    "everywhere": '[rules.minimum-age]\nminimum = "0s"\n',
    "of its index": '[rules.minimum-age]\nindexes = { private = "0s" }\n[[indexes]]\nname = "private"\nurl = "INDEX"\n',
    "of the package": '[[overrides]]\npackage = "app"\nrules.minimum-age.minimum = "0s"\n',
}


@parametrize("text", NO_AGE.values(), gate=(0,), ids=NO_AGE)
def test_an_age_of_nothing_asks_for_no_upload_time(shell, text):
    """A private index often tells none."""
    shell.policy(
        'extends = "strict"\n[rules.malware]\non-missing = "allow"\n[rules.vulnerability]\non-missing = "allow"\n'
    )
    shell.offer("app", "1.0", upload_time=None)
    assert "the upload time is not known" in shell.refuses("install", "app", code=11)
    shell.policy(
        (shell.work / "policy.toml").read_text().removeprefix("schema = 1\n") + text.replace("INDEX", shell.index.url)
    )
    done = shell.install("app")
    assert (done.exit, shell.installed()) == (0, {"app": "1.0"})
    assert "upload" not in done.err


@parametrize("rule", ["vulnerability", "malware"], gate=(0,))
def test_without_advisories_nothing_is_known_and_nothing_installed(shell, rule):
    shell.policy(f'[advisories]\nsources = ["nowhere"]\n[rules.{rule}]\n')
    shell.offer("app", "1.0")
    err = shell.refuses("install", "app", code=11)
    assert err.replace(f"{rule:<18}", "RULE ") == told("""
        safe-pip: refused app 1.0 (app-1.0-py3-none-any.whl) from INDEX/simple/
          RULE advisory source TMP/work/nowhere: no such file or directory
                            policy: policy.toml (evidence.on-missing)
          required by       app (you)
          newest allowed    no file of app passes this policy
          way out           correct `sources` under [advisories], or what they name
        safe-pip: denied by policy policy.toml; nothing was installed
    """)


def test_an_index_that_tells_no_upload_time(shell):
    shell.policy('[rules.minimum-age]\nminimum = "7d"\n')
    shell.offer("app", "1.0", upload_time=None)
    assert shell.refuses("install", "app", code=11) == told("""
        safe-pip: refused app 1.0 (app-1.0-py3-none-any.whl) from INDEX/simple/
          minimum-age       the upload time is not known: INDEX/simple/ does not tell when it was uploaded
                            policy: policy.toml (evidence.on-missing)
          required by       app (you)
          newest allowed    no file of app passes this policy
          way out           take it from an index that publishes upload times (PEP 700), or add the package to exempt in [rules.minimum-age]
        safe-pip: denied by policy policy.toml; nothing was installed
    """)


def test_stale_advisories_are_none(shell):
    shell.policy('[advisories]\nsources = ["advisories"]\n[rules.malware]\n')
    old = {"id": "PYSEC-2020-1", "modified": "2020-01-01T00:00:00Z", "affected": []}
    os.utime(shell.write("advisories/PYSEC-2020-1.json", json.dumps(old)), (0, 0))
    shell.offer("app", "1.0")
    assert "the advisories are " in shell.refuses("install", "app", code=11)


def test_a_policy_may_let_missing_facts_pass_loudly(shell):
    shell.policy('[evidence]\non-missing = "warn"\n[advisories]\nsources = ["nowhere"]\n[rules.malware]\n')
    shell.offer("app", "1.0")
    done = shell.install("app")
    assert (done.exit, shell.installed()) == (0, {"app": "1.0"})
    assert done.err == told("""
        safe-pip: warned: app 1.0: malware: advisory source TMP/work/nowhere: no such file or directory
    """)


def test_a_denied_constraint_is_not_passed_over(shell):
    """What the user binds a project to is taken, or nothing is: not the newest of some index instead."""
    shell.policy('[rules.direct-references]\nlocal = "deny"\n')
    filename, data = make_wheel("app", "1.0")
    shell.write(filename, data)
    shell.write("c.txt", f"app @ file://{shell.work}/{filename}\n")
    shell.offer("app", "2.0")
    err = shell.refuses("install", "-c", "c.txt", "app")
    assert err.startswith(f"safe-pip: refused app 1.0 ({filename}) from file://TMP/work/{filename}\n")
    assert err.endswith("safe-pip: denied by policy policy.toml; nothing was installed\n")


def test_a_dependency_at_an_address_that_is_none_rules_out_its_version(shell):
    shell.policy("")
    shell.offer("app", "1.0")
    shell.offer("app", "2.0", ["helper @ https://[x/y"])
    assert shell.install("app").exit == 0
    assert shell.installed() == {"app": "1.0"}


def test_a_bound_name_comes_from_no_find_links_either(shell):
    """A directory of files is no way around the index that the policy binds a name to."""
    shell.policy(f'[[indexes]]\nname = "acme"\nurl = "{shell.index.url}"\npackages = ["acme-*", "*"]\n')
    for name in ("acme-app", "other"):
        shell.offer(name, "1.0")
        shell.write("links/" + make_wheel(name, "99.0")[0], make_wheel(name, "99.0")[1])
    assert shell.install("--find-links", "links", "acme-app", "other").exit == 0
    assert shell.installed() == {"acme_app": "1.0", "other": "99.0"}


def test_the_newest_allowed_is_not_what_its_metadata_denies(aged):
    """What is told as the newest that passes has passed all that can be known before it is fetched."""
    aged.policy('[rules.minimum-age]\nminimum = "7d"\n[rules.licenses]\nallow = ["MIT"]\n')
    for version, spdx in (("1.5", "GPL-3.0-only"), ("0.9", "MIT")):
        aged.index.add(*make_wheel("app", version, metadata_extra=f"License-Expression: {spdx}\n"))
    err = aged.refuses("install", "app==2.0")
    assert "  newest allowed    app 0.9 (app-0.9-py3-none-any.whl)\n" in err
