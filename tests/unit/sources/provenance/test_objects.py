"""What a provenance object says of one file, and that it says so in one way only."""

from __future__ import annotations

import base64
import hashlib
import json
from pathlib import Path

import pytest
from lib.claims import (
    ACTIVESTATE,
    GITHUB,
    GITLAB,
    GOOGLE,
    PUBLISH,
    SLSA,
    attestation,
    bundle,
    claimed,
    statement,
    wrapped,
)
from lib.facts import OTHER_SHA, SHA

from safeinstall.facts.provenance import Attestation, Provenance, Publisher, PublisherKind, Refuted, UnknownPublisher
from safeinstall.sources.provenance.objects import parse_claims

WHEEL = "app-1.0-py3-none-any.whl"
BY_ACME = Publisher(kind=PublisherKind.GITHUB, repository="acme/app", workflow="release.yml")
STATED = statement(WHEEL, SHA)
OF_ACME = "the attestation of GitHub acme/app, release.yml"
REAL = Path(__file__).parents[5] / "shared" / "data" / "attestations"


def read(raw, filename=WHEEL, sha256=SHA):
    return parse_claims(raw, filename=filename, sha256=sha256)


def reason(raw, filename=WHEEL, sha256=SHA):
    refuted = read(raw, filename, sha256)
    assert isinstance(refuted, Refuted)
    return refuted.reason


def of(stated, publisher=GITHUB, **changed):
    return wrapped(bundle(publisher, attestation(stated, **changed)))


def test_what_is_said_of_a_file_is_not_proved():
    said = Attestation(publisher=BY_ACME, predicate_type=PUBLISH)
    assert read(claimed(WHEEL, SHA)) == Provenance(attestations=(said,), verified=False)


@pytest.mark.parametrize(
    ("publisher", "shown"),
    [
        (GITHUB, "GitHub acme/app, release.yml"),
        ({**GITHUB, "environment": None}, "GitHub acme/app, release.yml"),
        ({**GITHUB, "environment": "pypi"}, "GitHub acme/app, release.yml, environment pypi"),
        (GITLAB, "GitLab acme/tools/app, .gitlab-ci.yml"),
        ({**GITLAB, "environment": "release"}, "GitLab acme/tools/app, .gitlab-ci.yml, environment release"),
        (GOOGLE, "Google builder@acme.example"),
        (ACTIVESTATE, "ActiveState acme/app"),
    ],
)
def test_each_kind_of_publisher(publisher, shown):
    (found,) = read(claimed(WHEEL, SHA, publisher)).publishers
    assert found.shown == shown


def test_nothing_and_an_empty_environment_are_one():
    assert read(claimed(WHEEL, SHA, {**GITHUB, "environment": None})) == read(claimed(WHEEL, SHA, GITHUB))


def test_several_attestations_of_several_publishers():
    slsa = attestation(statement(WHEEL, SHA, predicateType=SLSA, predicate={"buildDefinition": {}}))
    found = read(wrapped(bundle(GITHUB, attestation(STATED), slsa), bundle(GOOGLE, attestation(STATED))))
    assert [one.predicate_type for one in found.attestations] == [PUBLISH, SLSA, PUBLISH]
    assert [one.kind for one in found.publishers] == [PublisherKind.GITHUB, PublisherKind.GOOGLE]


@pytest.mark.parametrize(
    ("subject", "filename"),
    [
        ("App-1.0-py3-none-any.whl", WHEEL),
        ("app-1.0.0.tar.gz", "app-1.0.tar.gz"),
        ("my.app-1.0.zip", "my_app-1.0.zip"),
        ("app-1.0-py3.py2-none-any.whl", "app-1.0-py2.py3-none-any.whl"),
        ("app-1.0.exe", "app-1.0.exe"),
    ],
)
def test_a_file_may_be_spelled_in_another_way(subject, filename):
    assert isinstance(read(claimed(subject, SHA), filename), Provenance)


@pytest.mark.parametrize(
    "subject",
    [
        "app-1.1-py3-none-any.whl",
        "app-1.0.tar.gz",
        "app-1.0-1-py3-none-any.whl",
        "other-1.0-py3-none-any.whl",
        "app",
        "",
    ],
)
def test_a_replayed_attestation_of_another_file(subject):
    assert reason(claimed(subject, SHA)) == f"{OF_ACME} does not hold: it is of another file: {subject}"


def test_the_right_name_of_other_bytes():
    assert reason(claimed(WHEEL, OTHER_SHA)) == f"{OF_ACME} does not hold: it is of other bytes: sha256 {OTHER_SHA}"


def test_one_of_two_that_is_of_another_file():
    other = attestation(statement(WHEEL, OTHER_SHA))
    of_same, of_another = bundle(GITHUB, attestation(STATED), other), bundle(GOOGLE, other)
    assert reason(wrapped(of_same)).startswith("attestation 2 of 2 of GitHub acme/app, release.yml does not hold: ")
    assert "attestation 2 of 2 of Google" in reason(wrapped(bundle(GITHUB, attestation(STATED)), of_another))


UNREADABLE = base64.b64encode(b"{").decode()
TWICE = base64.b64encode(json.dumps(STATED).replace('"_type"', '"subject": [], "_type"').encode()).decode()


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        (claimed(WHEEL, SHA, {**GITHUB, "repository": ""}), "a publisher of its provenance has no repository"),
        (claimed(WHEEL, SHA, {**GITHUB, "workflow": None}), "a publisher of its provenance has no workflow"),
        (claimed(WHEEL, SHA, {"kind": "GitLab", "repository": "a/b"}), "a publisher of its provenance has no workflow_filepath"),
        (claimed(WHEEL, SHA, {"kind": "Google"}), "a publisher of its provenance has no email"),
        (of(STATED, envelope=None), f"{OF_ACME} does not hold: its statement is not JSON"),
        (of("%%%"), f"{OF_ACME} does not hold: its statement is not base64"),
        (of("e30=e30="), f"{OF_ACME} does not hold: its statement is not base64"),
        (of(UNREADABLE), f"{OF_ACME} does not hold: its statement is not JSON"),
        (of(TWICE), f"{OF_ACME} does not hold: its statement has the key 'subject' twice"),
        (of([STATED]), f"{OF_ACME} does not hold: its statement is not of in-toto's version 1"),
        (of({**STATED, "_type": "https://in-toto.io/Statement/v0.1"}), f"{OF_ACME} does not hold: its statement is not of in-toto's version 1"),
        (of({**STATED, "subject": []}), f"{OF_ACME} does not hold: its statement is not of one file: it has 0 subjects"),
        (of({**STATED, "subject": STATED["subject"] * 2}), f"{OF_ACME} does not hold: its statement is not of one file: it has 2 subjects"),
        (of({**STATED, "subject": [{"name": WHEEL}]}), f"{OF_ACME} does not hold: it is of other bytes: no sha256"),
        (of({**STATED, "subject": [{"name": WHEEL, "digest": {"sha512": SHA}}]}), f"{OF_ACME} does not hold: it is of other bytes: no sha256"),
        (of({**STATED, "subject": [{"digest": {"sha256": SHA}}]}), f"{OF_ACME} does not hold: it is of another file: None"),
        (of({**STATED, "predicateType": "https://x.example/"}), f"{OF_ACME} does not hold: what it states is of a type that is not known: https://x.example/"),
        (of({**STATED, "predicateType": [PUBLISH]}), "what it states is of a type that is not known"),
    ],
)  # fmt: skip
def test_what_does_not_say_who_built_this_file(raw, why):
    assert why in reason(raw)


def test_of_a_publisher_of_another_kind_nothing_is_known():
    raw = claimed(WHEEL, SHA, {**GITHUB, "kind": "Forge"})
    assert read(raw) == UnknownPublisher(
        "its publisher is of the kind Forge, which is not known", "a newer safe-pip may know it"
    )


def test_what_is_named_is_one_printable_line():
    assert reason(claimed("\x1b[31m\n" + "x" * 999, SHA)).isprintable()
    assert len(reason(claimed("x" * 999, SHA))) < 250


@pytest.mark.parametrize(
    ("place", "filename", "shown"),
    [
        (
            "warehouse/sampleproject-4.0.0.tar.gz",
            "sampleproject-4.0.0.tar.gz",
            "GitHub pypa/sampleproject, release.yml",
        ),
        (
            "pypi-attestations/pypi_attestations-0.0.19.tar.gz",
            "pypi_attestations-0.0.19.tar.gz",
            "GitHub trailofbits/pypi-attestations, release.yml",
        ),
        (
            "warehouse/pep740-sampleproject-1.0.0.tar.gz",
            "pep740_sampleproject-1.0.0.tar.gz",
            "GitLab pep740-example/sampleproject, .gitlab-ci.yml",
        ),
    ],
)
def test_real_objects(place, filename, shown):
    path = REAL / f"{place}.provenance"
    if not path.is_file():
        pytest.skip("the real objects are not there")
    raw = path.read_bytes()
    stated = json.loads(
        base64.b64decode(json.loads(raw)["attestation_bundles"][0]["attestations"][0]["envelope"]["statement"])
    )
    sha256 = stated["subject"][0]["digest"]["sha256"]
    (publisher,) = read(raw, filename, sha256).publishers
    assert publisher.shown == shown
    assert "it is of other bytes" in reason(raw, filename, hashlib.sha256(raw).hexdigest())
