"""Of who built a file a report says what was known: nothing more, and nothing that leads to where an attacker likes."""

from __future__ import annotations

from dataclasses import replace

import pytest
from lib.facts import artifact
from lib.reports import BUILT, CLAIMED, PROVED, PUBLISHER, RUN, VERIFIED

from safeinstall.facts.provenance import Provenance, PublisherKind, Refuted, Unattested
from safeinstall.facts.values import Missing
from safeinstall.facts.verdict import Verdict
from safeinstall.report.provenance.build import report_provenance


def reported(fact, **fields):
    return report_provenance(Verdict(artifact=artifact("app==1.0", **fields), provenance=fact))


@pytest.mark.parametrize(
    ("fact", "standing", "told"),
    [
        (
            VERIFIED,
            "verified",
            "GitHub acme/app, release.yml, environment pypi, commit 1f1f1f1f1f1f, verified",
        ),
        (CLAIMED, "claimed", "GitHub acme/app, release.yml, environment pypi, as its index says; not verified"),
        (Unattested(), "unattested", "not attested"),
        (Refuted(reason="its digest\nis another"), "refuted", "refuted: its digest is another"),
        (Missing("https://me:s3cret@idx.example/ is gone"), "missing", "not known: https://idx.example/ is gone"),
    ],
)
def test_every_fact_has_a_standing_and_one_line(fact, standing, told):
    said = reported(fact)
    assert (said.standing, said.told) == (standing, told)


def test_what_no_rule_asked_for_is_not_said():
    assert report_provenance(Verdict(artifact=artifact("app==1.0"))) is None


def test_several_who_built_it_are_told_each_once():
    other = replace(PROVED, publisher=replace(PUBLISHER, kind=PublisherKind.GITLAB, repository="acme/other"))
    said = reported(Provenance(attestations=(PROVED, other, BUILT), verified=True))
    assert len(said.attestations) == 3
    assert said.told == (
        "GitHub acme/app, release.yml, environment pypi, commit 1f1f1f1f1f1f;"
        " GitLab acme/other, release.yml, environment pypi, commit 1f1f1f1f1f1f, verified"
    )
    assert [one.commit_url for one in said.sources] == [
        f"https://forge.example/acme/app/commit/{'1f' * 20}",
        f"https://forge.example/acme/app/-/commit/{'1f' * 20}",
    ]


@pytest.mark.parametrize(
    "url",
    [
        "http://forge.example/acme/app",
        "https://me:s3cret@forge.example/acme/app",
        "https:///acme/app",
        "https://[forge.example/acme/app",
        "https://forge.example/acme app",
        "https://forge.example/<b>",
        "https://forge.example:x/acme/app",
        "https://forge.example/acme\\app",
        "https://forge.example/\u202eapp",
        "javascript:alert(1)",
        "HTTPS://forge.example/\n",
        "",
    ],
)
def test_an_address_that_is_none_of_https_leads_nowhere(url):
    said = reported(
        Provenance(attestations=(replace(PROVED, run=url, repository_url=url),), verified=True), provenance=url
    )
    (one,) = said.attestations
    assert (one.run, one.repository_url, one.commit_url, said.url) == (None, None, None, None)


@pytest.mark.parametrize("commit", ["1f1f", "1F" * 20, "HEAD", "../" * 14, "1f" * 20 + "\n", ""])
def test_what_is_no_commit_is_not_told_as_one(commit):
    (one,) = reported(Provenance(attestations=(replace(PROVED, commit=commit),), verified=True)).attestations
    assert (one.commit, one.commit_url) == (None, None)


def test_what_is_claimed_names_no_commit_run_or_address():
    said = reported(replace(VERIFIED, verified=False), provenance="https://packages.example/integrity/app")
    assert said.url is None
    for one in said.attestations:
        assert [one.commit, one.ref, one.run, one.repository_url, one.logged, one.log_index] == [None] * 6


def test_what_is_verified_says_where_it_was():
    said = reported(VERIFIED, provenance="https://packages.example/integrity/app")
    assert (said.url, said.attestations[0].run) == ("https://packages.example/integrity/app", RUN)


def test_a_long_name_of_a_publisher_is_shortened():
    far = replace(PUBLISHER, repository="a" * 5000)
    said = reported(Provenance(attestations=(replace(PROVED, publisher=far),), verified=False))
    assert len(said.told) < 300
