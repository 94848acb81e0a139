"""What is proved of a file, and what is not: each for its own reason."""

from __future__ import annotations

import base64
import copy
import hashlib
import json
import os
import socket
import subprocess
import sys
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID
from lib import sigstore
from lib.sigstore import ACME, PUBLISH, SLSA, WHEN, Sigstore, claims, github, gitlab, google, provenance, statement

from safeinstall.facts.provenance import Attestation, Provenance, Publisher, PublisherKind, Refuted
from safeinstall.facts.values import Missing
from safeinstall.sources.provenance import object_json
from safeinstall.sources.provenance.roots import TrustedRoot
from safeinstall.sources.provenance.verification import Verifier

REAL = Path(os.environ.get("SAFE_PIP_ATTESTATIONS", Path(__file__).parents[5] / "shared" / "data" / "attestations"))
real = pytest.mark.skipif(not REAL.is_dir(), reason=f"no real attestations at {REAL} (SAFE_PIP_ATTESTATIONS)")
FILE, SHA = "acme-1.0.tar.gz", "ab" * 32
APP = Publisher(kind=PublisherKind.GITHUB, repository="acme/app", workflow="release.yml")
BEGINS = "the attestation of GitHub acme/app, release.yml does not hold: "


def root_of(made):
    return TrustedRoot(made.trusted_root(), "of the test", None)


def public_root(instance="sigstore.dev"):
    from importlib.resources import files

    place = files("sigstore._store") / f"https%3A%2F%2Ftuf-repo-cdn.{instance}" / "trusted_root.json"
    return TrustedRoot(place.read_bytes(), "of the library", None)


@pytest.fixture(scope="module")
def verifier():
    return Verifier(root_of(sigstore.own()))


@pytest.fixture(scope="module")
def production():
    return Verifier(public_root())


@pytest.fixture(scope="module")
def staging():
    return Verifier(public_root("sigstage.dev"))


def the_attestation(**how):
    return sigstore.own().attestation(statement(FILE, SHA), **how)


def changed(change, attestation=None):
    """An object of one attestation whose JSON *change* has changed."""
    attestation = copy.deepcopy(attestation or the_attestation())
    change(attestation)
    return provenance((ACME, [attestation]))


def entry_of(attestation):
    return attestation["verification_material"]["transparency_entries"][0]


def flipped(text, place=-9):
    """Base64 whose bytes differ in one bit."""
    data = bytearray(base64.b64decode(text))
    data[place] ^= 1
    return base64.b64encode(data).decode()


# what is proved


def test_what_a_certificate_and_a_log_say_is_what_is_known_of_a_file(verifier):
    raw = sigstore.attest(FILE, SHA, github("acme/app", "release.yml", "pypi"), predicate_types=(PUBLISH, SLSA))
    publisher = Publisher(kind=PublisherKind.GITHUB, repository="acme/app", workflow="release.yml", environment="pypi")
    facts = {
        "publisher": publisher,
        "commit": sigstore.COMMIT,
        "ref": "refs/tags/v1",
        "run": "https://github.com/acme/app/actions/runs/1/attempts/1",
        "repository_url": "https://github.com/acme/app",
        "logged": WHEN,
        "log_index": 700_000_000,
    }
    expected = tuple(Attestation(predicate_type=kind, **facts) for kind in (PUBLISH, SLSA))
    assert verifier.verify(raw, filename=FILE, sha256=SHA) == Provenance(attestations=expected, verified=True)


@pytest.mark.parametrize(
    ("named", "known"),
    [
        (
            gitlab("acme/group/app", "ci/release.yml"),
            Publisher(kind=PublisherKind.GITLAB, repository="acme/group/app", workflow="ci/release.yml"),
        ),
        (
            google("release@acme.iam.example"),
            Publisher(kind=PublisherKind.GOOGLE, repository="release@acme.iam.example"),
        ),
    ],
)
def test_a_publisher_may_be_of_another_service(verifier, named, known):
    found = verifier.verify(sigstore.attest(FILE, SHA, named), filename=FILE, sha256=SHA)
    assert found.publishers == (known,)


def test_a_publisher_of_circleci_is_proved_by_its_project_and_pipeline(verifier):
    named = {"kind": "CircleCI", "project_id": "p1", "pipeline_definition_id": "d1", "vcs_origin": "github.com/a/b"}
    certified = {8: "https://oidc.circleci.com", 12: "github.com/a/b"}
    certified[9] = "https://circleci.com/api/v2/projects/p1/pipeline-definitions/d1"
    raw = sigstore.attest(FILE, SHA, named, certified=certified)
    expected = Publisher(kind=PublisherKind.CIRCLECI, repository="github.com/a/b", workflow="d1")
    assert verifier.verify(raw, filename=FILE, sha256=SHA).publishers == (expected,)


def test_an_environment_that_is_empty_is_none(verifier):
    raw = sigstore.attest(FILE, SHA, github("acme/app", "release.yml", ""))
    assert verifier.verify(raw, filename=FILE, sha256=SHA).publishers == (APP,)


def test_two_bundles_are_two_publishers(verifier):
    other = gitlab("acme/app")
    made = [(each, [sigstore.own().attestation(statement(FILE, SHA), each)]) for each in (ACME, other)]
    found = verifier.verify(provenance(*made), filename=FILE, sha256=SHA)
    assert [publisher.kind for publisher in found.publishers] == [PublisherKind.GITHUB, PublisherKind.GITLAB]


def test_each_of_several_log_entries_has_to_hold(verifier):
    twice = changed(lambda it: it["verification_material"]["transparency_entries"].append(entry_of(it)))
    assert isinstance(verifier.verify(twice, filename=FILE, sha256=SHA), Provenance)

    def break_second(it):
        it["verification_material"]["transparency_entries"].append({**entry_of(it), "integratedTime": "1772366401"})

    found = verifier.verify(changed(break_second), filename=FILE, sha256=SHA)
    assert found == Refuted(reason=f"{BEGINS}no log of the trusted root has promised its log entry")


def test_a_name_that_is_written_otherwise_is_the_same_name(verifier):
    raw = sigstore.attest("Acme.App-1.0.0.tar.gz", SHA)
    assert isinstance(verifier.verify(raw, filename="acme_app-1.0.tar.gz", sha256=SHA), Provenance)


# the real ones


REAL_OBJECTS = {
    "warehouse/sampleproject-4.0.0.tar.gz.provenance": ("pypa/sampleproject", "release.yml", 1),
    "pypi-attestations/pypi_attestations-0.0.19.tar.gz.provenance": ("trailofbits/pypi-attestations", "release.yml", 2),
    "warehouse/pep740-sampleproject-1.0.0.tar.gz.provenance": ("pep740-example/sampleproject", ".gitlab-ci.yml", 1),
}


def subject_of(attestation):
    said = json.loads(base64.b64decode(attestation["envelope"]["statement"]))["subject"][0]
    return {"filename": said["name"], "sha256": said["digest"]["sha256"]}


def real_object(name):
    raw = (REAL / name).read_bytes()
    return raw, subject_of(json.loads(raw)["attestation_bundles"][0]["attestations"][0])


def real_attestation(name, publisher):
    attestation = json.loads((REAL / "pypi-attestations" / name).read_bytes())
    return provenance((publisher, [attestation])), subject_of(attestation)


@real
@pytest.mark.parametrize("name", REAL_OBJECTS)
def test_a_real_object_is_proved_by_the_public_root_and_by_no_other(production, staging, name):
    raw, of = real_object(name)
    repository, workflow, count = REAL_OBJECTS[name]
    found = production.verify(raw, **of)
    assert isinstance(found, Provenance), found
    assert {(publisher.repository, publisher.workflow) for publisher in found.publishers} == {(repository, workflow)}
    assert (found.verified, len(found.attestations)) == (True, count)
    assert isinstance(staging.verify(raw, **of), Refuted)


@real
def test_a_real_object_tells_commit_and_run(production):
    raw, of = real_object("warehouse/sampleproject-4.0.0.tar.gz.provenance")
    assert production.verify(raw, **of).attestations == (
        Attestation(
            publisher=Publisher(kind=PublisherKind.GITHUB, repository="pypa/sampleproject", workflow="release.yml"),
            predicate_type=PUBLISH,
            commit="621e4974ca25ce531773def586ba3ed8e736b3fc",
            ref="refs/heads/main",
            run="https://github.com/pypa/sampleproject/actions/runs/11713038981/attempts/1",
            repository_url="https://github.com/pypa/sampleproject",
            logged=datetime(2024, 11, 6, 22, 37, 7, tzinfo=timezone.utc),
            log_index=147137139,
        ),
    )


@real
@pytest.mark.parametrize(
    ("name", "publisher"),
    [
        ("pypi_attestations-0.0.19.tar.gz.publish.attestation", github("trailofbits/pypi-attestations")),
        ("pypi_attestations-0.0.19.tar.gz.slsa.attestation", github("trailofbits/pypi-attestations")),
        ("gitlab_oidc_project-0.0.3.tar.gz.publish.attestation", gitlab("facutuesca/gitlab-oidc-project")),
        ("pypi_attestation_models-0.0.4a2.tar.gz.attestation", github("trailofbits/pypi-attestation-models")),
        ("../warehouse/sampleproject-3.0.0.tar.gz.publish.attestation", google("william@yossarian.net")),
    ],
)
def test_a_real_attestation_is_proved_by_the_public_root(production, name, publisher):
    raw, of = real_attestation(name, publisher)
    found = production.verify(raw, **of)
    assert isinstance(found, Provenance), found


@real
def test_a_real_bundle_is_proved_as_the_attestation_that_it_becomes(production):
    from pypi_attestations import Attestation as Signed
    from sigstore.models import Bundle

    bundle = Bundle.from_json((REAL / "pypi-attestations/pypi_attestation_models-0.0.4a2.tar.gz.sigstore").read_text())
    attestation = json.loads(Signed.from_bundle(bundle).model_dump_json())
    raw = provenance((github("trailofbits/pypi-attestation-models"), [attestation]))
    assert isinstance(production.verify(raw, **subject_of(attestation)), Provenance)


@real
@pytest.mark.parametrize(
    "name",
    [
        "rfc8785-0.1.2-py3-none-any.whl.attestation",
        "rfc8785-0.1.2-py3-none-any.whl.publish.attestation",
        "spt3g-1.0-cp310-cp310-manylinux_2_17_x86_64.manylinux2014_x86_64.whl.publish.attestation",
    ],
)
def test_a_real_attestation_of_staging_is_not_proved_by_the_public_root(production, name):
    raw, of = real_attestation(name, ACME)
    assert isinstance(production.verify(raw, **of), Refuted)
