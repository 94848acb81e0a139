"""The rule ``provenance`` with real pip and a real index: what a stolen account uploads, and what is bound."""

from __future__ import annotations

import hashlib
import shlex
from datetime import datetime, timedelta, timezone
from functools import partial

import pytest
from lib import sigstore
from lib.claims import GITHUB, by
from lib.sites import plain_site, run_from

from safeinstall.sources.provenance.extra import INSTALL

NOW = datetime.now(timezone.utc)
YOUNG = '[rules.minimum-age]\nminimum = "1s"\n'
LOST = (
    "nobody has attested it; since {:%Y-%m-%d} every file was attested, app 1.1 of {:%Y-%m-%d} by"
    " GitHub acme/app, release.yml"
)
BOUND = """\
[rules.provenance]
level = "allow"
verify = false
[[rules.provenance.publishers]]
package = "app"
kind = "GitHub"
repository = "acme/app"
"""
EXCEPTION = """\
[[exceptions]]
package = "app"
rules = ["provenance"]
reason = "the project has told of it"
expires = 2099-01-01
"""


def ago(days):
    return NOW - timedelta(days=days)


@pytest.fixture
def stolen(shell):
    """A user who is offered two attested releases of app, and what a thief has uploaded an hour ago."""
    shell.offer("app", "1.0", upload_time=ago(60), provenance=by(GITHUB))
    shell.offer("app", "1.1", upload_time=ago(30), provenance=by(GITHUB))
    shell.offer("app", "1.2", upload_time=ago(1 / 24))
    return shell


def test_strict_passes_over_what_lost_its_provenance_at_age_zero(stolen):
    stolen.policy(
        f'extends = "strict"\n{YOUNG}[rules.vulnerability]\non-missing = "allow"\n[rules.malware]\non-missing = "allow"\n'
    )
    lost = LOST.format(ago(60), ago(30))
    done = stolen.install("app")
    assert (done.exit, stolen.installed()) == (0, {"app": "1.1"})
    assert f"safe-pip: app 1.1 instead of 1.2: provenance: {lost}; way out: do not install it before" in done.err
    refused = stolen.refuses("install", "app==1.2")
    assert f"  provenance        {lost}\n                    policy: strict (built in):" in refused
    assert "(rules.provenance.regression)" in refused
    assert "safe-pip policy allow app==1.2 --rule provenance --reason '…' --expires 30d\n" in refused
    refused = stolen.refuses("--policy", "policy.toml", "install", "app==1.2")
    command = "safe-pip policy allow --policy policy.toml app==1.2 --rule provenance --reason '…' --expires 30d"
    assert f"{command}\n" in refused
    assert stolen.run(*shlex.split(command)[1:]).exit == 0
    assert stolen.install("app==1.2").exit == 0


def test_baseline_warns_of_it(stolen):
    stolen.policy(f'extends = "baseline"\n{YOUNG}')
    done = stolen.install("app")
    assert (done.exit, stolen.installed()) == (0, {"app": "1.2"})
    assert f"safe-pip: warned: app 1.2: provenance: {LOST.format(ago(60), ago(30))}\n" in done.err


def test_another_publisher_is_shown_with_the_entry_that_lets_it_pass(stolen):
    stolen.offer("app", "1.3", upload_time=ago(0), provenance=by(GITHUB, repository="evil/app"))
    stolen.policy('[rules.provenance]\nlevel = "allow"\nverify = false\n' + YOUNG)
    refused = stolen.refuses("install", "app==1.3")
    assert (
        "  provenance        attested by GitHub evil/app, release.yml, another owner than before:"
        f" app 1.1 of {ago(30):%Y-%m-%d} was by GitHub acme/app, release.yml\n"
    ) in refused
    entry = ['package = "app"', 'kind = "GitHub"', 'repository = "evil/app"', 'workflow = "release.yml"']
    told = f"[[rules.provenance.publishers]] with {', '.join(entry)}"
    assert f"  way out           if the project tells that it has moved, add {told}\n" in refused


@pytest.mark.parametrize("package", ["app<1.2", pytest.param("app", marks=pytest.mark.slow)])
def test_a_layer_that_asks_for_greater_ages_hides_no_earlier_file(stolen, package):
    waiver = EXCEPTION.replace('"provenance"', '"minimum-age"')
    stolen.policy('[rules.provenance]\nlevel = "allow"\nverify = false\n[rules.minimum-age]\nminimum = "1s"\n' + waiver)
    stolen.write("safe-pip.toml", f'[[overrides]]\npackage = "{package}"\nrules.minimum-age.minimum = "3650d"\n')
    assert f"nobody has attested it; since {ago(60):%Y-%m-%d} every file was attested" in stolen.refuses(
        "install", "app==1.2"
    )


def test_an_exception_covers_a_regression_and_nothing_that_is_refuted(stolen):
    stolen.policy('[rules.provenance]\nlevel = "allow"\nverify = false\n' + EXCEPTION)
    assert stolen.install("app").exit == 0
    assert stolen.installed() == {"app": "1.2"}
    stolen.offer("app", "1.4", upload_time=ago(0), provenance=b"{}")
    assert "its provenance does not prove what it says: " in stolen.refuses("install", "app==1.4")


def test_proof_that_cannot_be_had_is_no_way_around_the_comparison(stolen):
    stolen.policy('[rules.provenance]\nlevel = "allow"\non-missing = "warn"\n[provenance]\nmax-root-age = "1s"\n')
    stolen.offer("app", "1.3", upload_time=ago(0), provenance=by(GITHUB, repository="evil/app"))
    assert "attested by GitHub evil/app, release.yml, another owner than before: " in stolen.refuses(
        "install", "app==1.3"
    )
    done = stolen.install("app==1.1")
    assert (done.exit, stolen.installed()) == (0, {"app": "1.1"})
    assert "safe-pip: warned: app 1.1: provenance: who attested it is not known: " in done.err


def test_a_kind_of_publisher_that_is_too_new_is_no_way_around_the_comparison(stolen):
    stolen.offer("app", "1.3", upload_time=ago(0), provenance=by({"kind": "Forge", "place": "evil/app"}))
    stolen.policy('[rules.provenance]\nlevel = "allow"\nverify = false\non-missing = "warn"\n')
    assert (
        "  provenance        its publisher is of the kind Forge, which is not known; before, it was GitHub acme/app, release.yml\n"
        in stolen.refuses("install", "app==1.3")
    )


def test_a_bound_package_is_proved(shell):
    root = sigstore.trusted_root()
    shell.write("root.json", root)
    trusted = f'[provenance]\nroot = "root.json"\nroot-sha256 = "sha256:{hashlib.sha256(root).hexdigest()}"\n'
    shell.policy(BOUND + trusted)
    shell.offer("app", "1.0", provenance=partial(sigstore.attest, publisher=sigstore.github("acme/app", "x.yml")))
    shell.offer("app", "1.1", provenance=by(GITHUB))
    assert "its provenance does not prove what it says: " in shell.refuses("install", "app==1.1")
    done = shell.install("app")
    assert (done.exit, shell.installed()) == (0, {"app": "1.0"})


@pytest.mark.parametrize(
    "words",
    [("install", "app"), *(pytest.param((word,), marks=pytest.mark.slow) for word in ("audit", "outdated"))],
    ids=" ".join,
)
def test_proof_without_the_extra_is_a_wrong_policy_before_anything_is_asked(shell, words):
    shell.policy(BOUND)
    shell.offer("app", "1.0")
    site = plain_site(shell.tmp / "site")
    done = run_from(site, *words, environ=shell.environ, cwd=shell.work)
    assert done.returncode == 12, done.stderr
    assert (
        "policy.toml:5 (rules.provenance.publishers): it asks for proof of provenance, which needs pypi-attestations"
        " and sigstore\n"
    ) in done.stderr
    assert "install what proves it: " in done.stderr
    assert INSTALL.partition(" ")[2] in done.stderr
    assert shell.index.paths() == []


def test_the_presets_need_no_extra(shell):
    shell.policy(f'extends = "baseline"\n{YOUNG}')
    shell.offer("app", "1.0", upload_time=ago(60), provenance=by(GITHUB))
    site = plain_site(shell.tmp / "site")
    assert run_from(site, "install", "app", environ=shell.environ, cwd=shell.work).returncode == 0
