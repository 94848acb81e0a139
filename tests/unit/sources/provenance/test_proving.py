"""What is proved of a file by its attestations, and what is not: each for its own reason."""

from __future__ import annotations

import base64
import hashlib
import json
import os
from datetime import datetime, timedelta, timezone
from importlib.resources import files
from pathlib import Path

import pytest
from cryptography.x509.oid import ExtendedKeyUsageOID
from lib import sigstore
from lib.attested import APP, BEGINS, FILE, SHA, changed, claimed, entry_of, flipped, root_of, the_attestation
from lib.sigstore import ACME, PUBLISH, SLSA, WHEN, Sigstore, claims, github, gitlab, google, provenance, statement

from safeinstall.facts.provenance import Attestation, Provenance, Publisher, PublisherKind, Refuted
from safeinstall.sources.provenance import proving
from safeinstall.sources.provenance.roots import TrustedRoot
from safeinstall.sources.provenance.verification import Verifier

DATA = Path(os.environ.get("SAFEINSTALL_TEST_DATA") or Path(__file__).parents[5] / "shared" / "data")
REAL = DATA / "attestations"
real = pytest.mark.skipif(not REAL.is_dir(), reason="the real attestations are not here (SAFEINSTALL_TEST_DATA)")


def public_root(instance="sigstore.dev"):
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


@pytest.mark.parametrize(("named", "certified"), [("pypi", "PyPI"), ("pypi", None), (None, "pypi"), ("", "pypi")])
def test_an_environment_is_proved_where_both_tell_one(verifier, named, certified):
    said = claims(ACME) | ({} if certified is None else {23: certified})
    raw = sigstore.attest(FILE, SHA, github("acme/app", "release.yml", named), certified=said)
    found = verifier.verify(raw, filename=FILE, sha256=SHA)
    assert [publisher.environment for publisher in found.publishers] == [named or None]


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
    "pypi-attestations/pypi_attestations-0.0.19.tar.gz.provenance": ("trailofbits/pypi-attestations", "release.yml", 1),
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
        (
            "../warehouse/sampleproject-3.0.0.tar.gz.publish.attestation",
            google("919436158236-compute@developer.gserviceaccount.com"),
        ),
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
def test_a_real_attestation_of_a_person_is_of_staging_and_of_no_publisher(production, staging, name):
    from pypi_attestations import Attestation as Signed
    from sigstore.verify.policy import Identity

    raw, of = real_attestation(name, ACME)
    assert production.verify(raw, **of) == Refuted(reason=f"{BEGINS}its certificate does not lead to the trusted root")
    reason = f"{BEGINS}its certificate is not that publisher's: it is of william@yossarian.net, by https://github.com/login/oauth"
    assert staging.verify(raw, **of) == Refuted(reason=reason)
    (bundle,) = proving._bundles(Signed.model_validate(json.loads(raw)["attestation_bundles"][0]["attestations"][0]))
    person = Identity(identity="william@yossarian.net", issuer="https://github.com/login/oauth")
    proving.Prover(public_root("sigstage.dev").raw)._verify(bundle, person)


def real_changed(change):
    """The real object of sampleproject with a part of its attestation changed."""
    found = json.loads((REAL / SAMPLE).read_bytes())
    change(found["attestation_bundles"][0]["attestations"][0])
    return json.dumps(found).encode()


def real_claimed(publisher):
    found = json.loads((REAL / SAMPLE).read_bytes())
    found["attestation_bundles"][0]["publisher"] = publisher
    return json.dumps(found).encode()


def real_entry_changed(part, key):
    def change(it):
        inside = entry_of(it)[part] if part else entry_of(it)
        inside[key] = flipped(inside[key])

    return real_changed(change)


def another_real_attestation():
    """An attestation of the same kind, by its own right publisher, of another file."""
    return (REAL / "pypi-attestations/pypi_attestations-0.0.19.tar.gz.provenance").read_bytes()


SAMPLE = "warehouse/sampleproject-4.0.0.tar.gz.provenance"
OF_SAMPLE = {
    "filename": "sampleproject-4.0.0.tar.gz",
    "sha256": "0ace7980f82c5815ede4cd7bf9f6693684cec2ae47b9b7ade9add533b8627c6b",
}
PYPA_RUN = (
    "https://github.com/pypa/sampleproject/.github/workflows/release.yml@refs/heads/main, "
    "by https://token.actions.githubusercontent.com"
)
REAL_NEGATIVES = {
    "another repository": (
        lambda: real_claimed(github("pypa/pip")),
        f"its certificate is not that publisher's: it is of {PYPA_RUN}",
    ),
    "another workflow": (
        lambda: real_claimed(github("pypa/sampleproject", "test.yml")),
        f"its certificate is not that publisher's: it is of {PYPA_RUN}",
    ),
    "another service": (
        lambda: real_claimed(gitlab("pypa/sampleproject")),
        f"its certificate is not that publisher's: it is of {PYPA_RUN}",
    ),
    "replayed from another file": (another_real_attestation, "it is of another file: pypi_attestations-0.0.19.tar.gz"),
    "a certificate that was changed": (
        lambda: real_changed(lambda it: it["verification_material"].update(certificate=flipped(certificate_of(it)))),
        "its certificate does not lead to the trusted root",
    ),
    "a signature that was changed": (
        lambda: real_changed(lambda it: it["envelope"].update(signature=flipped(it["envelope"]["signature"]))),
        "its signature is not one of this statement by the key of its certificate",
    ),
    "a statement that was changed": (
        lambda: real_changed(lambda it: it["envelope"].update(statement=resigned(it, predicateType=SLSA))),
        "its signature is not one of this statement by the key of its certificate",
    ),
    "a log entry that was changed": (
        lambda: real_entry_changed("", "canonicalizedBody"),
        "its log entry is not proved to be in the log",
    ),
    "a proof that was changed": (
        lambda: real_entry_changed("inclusionProof", "rootHash"),
        "its log entry is not proved to be in the log",
    ),
    "a promise that was changed": (
        lambda: real_entry_changed("inclusionPromise", "signedEntryTimestamp"),
        "no log of the trusted root has promised its log entry",
    ),
    "a log entry that moved": (
        lambda: real_changed(lambda it: entry_of(it).update(logIndex="147137140")),
        "no log of the trusted root has promised its log entry",
    ),
    "no log entry": (
        lambda: real_changed(lambda it: it["verification_material"].update(transparency_entries=[])),
        "it has no log entry",
    ),
}


@real
@pytest.mark.parametrize("name", REAL_NEGATIVES)
def test_a_real_object_that_was_changed_is_refused_for_its_own_reason(production, name):
    make, reason = REAL_NEGATIVES[name]
    found = production.verify(make(), **OF_SAMPLE)
    assert isinstance(found, Refuted)
    assert found.reason.partition(" does not hold: ")[2] == reason


@real
def test_a_real_object_proves_nothing_of_other_bytes_or_another_name(production):
    raw = (REAL / SAMPLE).read_bytes()
    begins = "the attestation of GitHub pypa/sampleproject, release.yml does not hold: "
    found = production.verify(raw, **{**OF_SAMPLE, "sha256": "ab" * 32})
    assert found == Refuted(reason=f"{begins}it is of other bytes: sha256 {OF_SAMPLE['sha256']}")
    found = production.verify(raw, **{**OF_SAMPLE, "filename": "sampleproject-4.0.1.tar.gz"})
    assert found == Refuted(reason=f"{begins}it is of another file: sampleproject-4.0.0.tar.gz")
    found = Verifier(root_of(sigstore.own())).verify(raw, **OF_SAMPLE)
    assert found == Refuted(reason=f"{begins}its certificate does not lead to the trusted root")


# what is not proved


def stated(**fields):
    """An object whose statement has other *fields*."""
    return provenance((ACME, [sigstore.own().attestation({**statement(FILE, SHA), **fields})]))


def certified(change):
    """An object whose certificate has other extensions: ``None`` for none."""
    said = {**claims(ACME), **change}
    return claimed(ACME, certified={number: value for number, value in said.items() if value is not None})


def entry_changed(**fields):
    return changed(lambda it: entry_of(it).update(fields))


def proof_changed(change):
    return changed(lambda it: change(entry_of(it)["inclusionProof"]))


def material_changed(**fields):
    return changed(lambda it: it["verification_material"].update(fields))


def with_part_of_another(*path):
    """An object whose part at *path* is that of another attestation of the same file by the same publisher."""

    def change(it):
        other = the_attestation()
        for key in path[:-1]:
            it, other = it[key], other[key]
        it[path[-1]] = other[path[-1]]

    return changed(change)


def checkpoint_changed(change):
    def apply(proof):
        proof["checkpoint"] = {"envelope": change(proof["checkpoint"]["envelope"])}

    return proof_changed(apply)


def logged_as(body):
    """An object whose log entry, duly signed by the log, has another body."""
    return claimed(ACME, body=body)


ENTRY = ("verification_material", "transparency_entries", 0)
OTHER_SHA = "cd" * 32
NOT_THE_PUBLISHERS = f"{BEGINS}its certificate is not that publisher's: it is of "
ACME_RUN = "https://github.com/acme/app/.github/workflows/release.yml@refs/tags/v1"
NEGATIVES = {
    # of another file
    "of other bytes": (
        lambda: sigstore.attest(FILE, OTHER_SHA),
        BEGINS + "it is of other bytes: sha256 cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd",
    ),
    "of another file": (
        lambda: sigstore.attest("acme-1.1.tar.gz", SHA),
        BEGINS + "it is of another file: acme-1.1.tar.gz",
    ),
    "of another project by the right publisher": (
        lambda: sigstore.attest("acme_tools-1.0.tar.gz", OTHER_SHA),
        BEGINS + "it is of another file: acme_tools-1.0.tar.gz",
    ),
    "of another kind of file": (
        lambda: sigstore.attest("acme-1.0-py3-none-any.whl", SHA),
        BEGINS + "it is of another file: acme-1.0-py3-none-any.whl",
    ),
    "of a name that is none": (lambda: sigstore.attest("acme", SHA), BEGINS + "it is of another file: acme"),
    "replayed: of the release before": (
        lambda: sigstore.attest("acme-0.9.tar.gz", OTHER_SHA),
        BEGINS + "it is of another file: acme-0.9.tar.gz",
    ),
    "of two files": (
        lambda: stated(subject=statement(FILE, SHA)["subject"] * 2),
        BEGINS + "its statement is not of one file: it has 2 subjects",
    ),
    "of no file": (lambda: stated(subject=[]), BEGINS + "its statement is not of one file: it has 0 subjects"),
    "of what is no list": (
        lambda: stated(subject={"name": FILE, "digest": {"sha256": SHA}}),
        BEGINS + "its statement is not of one file: it has 0 subjects",
    ),
    "of a file without name": (
        lambda: stated(subject=[{"digest": {"sha256": SHA}}]),
        BEGINS + "it is of another file: None",
    ),
    "of a file by another digest": (
        lambda: stated(subject=[{"name": FILE, "digest": {"sha512": SHA}}]),
        BEGINS + "it is of other bytes: no sha256",
    ),
    "of a digest in capitals": (
        lambda: sigstore.attest(FILE, SHA.upper()),
        BEGINS + "it is of other bytes: sha256 ABABABABABABABABABABABABABABABABABABABABABABABABABABABABABABABAB",
    ),
    # another statement
    "of an unknown type": (
        lambda: stated(predicateType=f"{sigstore.PUBLISH}x"),
        BEGINS + f"what it states is of a type that is not known: {sigstore.PUBLISH}x",
    ),
    "of no type": (lambda: stated(predicateType=None), BEGINS + "what it states is of a type that is not known: None"),
    "of an older in-toto": (
        lambda: stated(_type="https://in-toto.io/Statement/v0.1"),
        BEGINS + "its statement is not of in-toto's version 1",
    ),
    "a statement that is no JSON": (
        lambda: provenance((ACME, [sigstore.own().attestation(b"{")])),
        BEGINS + "its statement is not JSON",
    ),
    "a statement that is not UTF-8": (
        lambda: provenance((ACME, [sigstore.own().attestation(b'"\xff"')])),
        BEGINS + "its statement is not UTF-8",
    ),
    "a statement with a key twice": (
        lambda: provenance((ACME, [sigstore.own().attestation(b'{"subject": 1, "subject": 2}')])),
        BEGINS + "its statement has the key 'subject' twice",
    ),
    "a statement that is too deep": (
        lambda: provenance((ACME, [sigstore.own().attestation(b"[" * 40 + b"]" * 40)])),
        BEGINS + "its statement is nested more than 32 deep",
    ),
    "signed as what is no statement": (
        lambda: claimed(ACME, payload_type="text/plain"),
        BEGINS + "its signature is not one of this statement by the key of its certificate",
    ),
    # another publisher
    "claimed for another repository": (
        lambda: claimed(github("acme/tools")),
        "the attestation of GitHub acme/tools, release.yml does not hold: its certificate is not that publisher's: it is of https://github.com/acme/app/.github/workflows/release.yml@refs/tags/v1, by https://token.actions.githubusercontent.com",
    ),
    "claimed for another workflow": (
        lambda: claimed(github("acme/app", "nightly.yml")),
        "the attestation of GitHub acme/app, nightly.yml does not hold: its certificate is not that publisher's: it is of https://github.com/acme/app/.github/workflows/release.yml@refs/tags/v1, by https://token.actions.githubusercontent.com",
    ),
    "claimed for another service": (
        lambda: claimed(gitlab("acme/app")),
        "the attestation of GitLab acme/app, .gitlab-ci.yml does not hold: its certificate is not that publisher's: it is of https://github.com/acme/app/.github/workflows/release.yml@refs/tags/v1, by https://token.actions.githubusercontent.com",
    ),
    "claimed for an account": (
        lambda: claimed(google("release@acme.example")),
        "the attestation of Google release@acme.example does not hold: its certificate is not that publisher's: it is of https://github.com/acme/app/.github/workflows/release.yml@refs/tags/v1, by https://token.actions.githubusercontent.com",
    ),
    "a certificate of a fork": (
        lambda: claimed(ACME, certified=claims(github("evil/app"))),
        NOT_THE_PUBLISHERS
        + "https://github.com/evil/app/.github/workflows/release.yml@refs/tags/v1, by https://token.actions.githubusercontent.com",
    ),
    "a certificate of another workflow": (
        lambda: claimed(ACME, certified=claims(github("acme/app", "x.yml"))),
        NOT_THE_PUBLISHERS
        + "https://github.com/acme/app/.github/workflows/x.yml@refs/tags/v1, by https://token.actions.githubusercontent.com",
    ),
    "a certificate of another issuer": (
        lambda: certified({8: "https://token.evil.example"}),
        NOT_THE_PUBLISHERS
        + "https://github.com/acme/app/.github/workflows/release.yml@refs/tags/v1, by https://token.evil.example",
    ),
    "a certificate without issuer": (
        lambda: certified({8: None}),
        BEGINS + "its certificate lacks the extension 1.3.6.1.4.1.57264.1.8",
    ),
    "a certificate without repository": (
        lambda: certified({12: None}),
        BEGINS + "its certificate lacks the extension 1.3.6.1.4.1.57264.1.12",
    ),
    "a certificate without workflow": (
        lambda: certified({18: None}),
        BEGINS + "its certificate lacks the extension 1.3.6.1.4.1.57264.1.18",
    ),
    "a certificate without commit and ref": (
        lambda: certified({13: None, 14: None}),
        BEGINS + "its certificate names neither a commit nor a branch or tag",
    ),
    "a certificate of another environment": (
        lambda: claimed(github("acme/app", "release.yml", "pypi"), certified={**claims(ACME), 23: "dev"}),
        (
            "the attestation of GitHub acme/app, release.yml, environment pypi does not hold: "
            "its certificate is of another environment: dev"
        ),
    ),
    "a certificate whose workflow is no text": (
        lambda: certified({18: b"\x0c\x7fshort"}),
        BEGINS + "what its certificate says of the publisher cannot be read",
    ),
    "a certificate whose run is no text": (
        lambda: certified({21: b"\x0c\x7fshort"}),
        BEGINS + "the extension 1.3.6.1.4.1.57264.1.21 of its certificate cannot be read",
    ),
    "an account's certificate of another account": (
        lambda: provenance((google("release@acme.example"), [the_attestation(certified=claims(google("x")))])),
        "the attestation of Google release@acme.example does not hold: its certificate is not that publisher's: it is of https://acme.test, by https://accounts.google.com",
    ),
    # another root
    "by a foreign Sigstore": (
        lambda: Sigstore().attest(FILE, SHA),
        BEGINS + "its certificate does not lead to the trusted root",
    ),
    "by a foreign Sigstore of the same name": (
        lambda: Sigstore(sigstore.own().name).attest(FILE, SHA),
        BEGINS + "its certificate does not lead to the trusted root",
    ),
    # the certificate
    "logged after the certificate's end": (
        lambda: claimed(ACME, logged=WHEN + timedelta(hours=1)),
        BEGINS + "its certificate was not valid when it was logged, 2026-03-01",
    ),
    "logged before the certificate's beginning": (
        lambda: claimed(ACME, logged=WHEN - timedelta(hours=1)),
        BEGINS + "its certificate was not valid when it was logged, 2026-03-01",
    ),
    "a certificate that was changed": (
        lambda: changed(lambda it: it["verification_material"].update(certificate=flipped(certificate_of(it)))),
        BEGINS + "its certificate does not lead to the trusted root",
    ),
    "a certificate that is none": (
        lambda: material_changed(certificate="AAAA"),
        BEGINS + "its certificate cannot be read",
    ),
    "another certificate of the publisher": (
        lambda: with_part_of_another("verification_material", "certificate"),
        BEGINS + "its signature is not one of this statement by the key of its certificate",
    ),
    "a certificate that no log has": (
        lambda: claimed(ACME, in_log=False),
        BEGINS + "no certificate log of the trusted root vouches for its certificate",
    ),
    "a certificate for servers": (
        lambda: claimed(ACME, usage=ExtendedKeyUsageOID.SERVER_AUTH),
        BEGINS + "its certificate is not for signing code",
    ),
    "a certificate that is not for signatures": (
        lambda: claimed(ACME, signs=False),
        BEGINS + "its certificate is not for signatures",
    ),
    # the signature
    "a signature that was changed": (
        lambda: changed(lambda it: it["envelope"].update(signature=flipped(it["envelope"]["signature"]))),
        BEGINS + "its signature is not one of this statement by the key of its certificate",
    ),
    "another signature of the publisher": (
        lambda: with_part_of_another("envelope", "signature"),
        BEGINS + "its signature is not one of this statement by the key of its certificate",
    ),
    "an empty signature": (
        lambda: changed(lambda it: it["envelope"].update(signature="")),
        BEGINS + "it has no signature",
    ),
    "a statement that was changed": (
        lambda: changed(lambda it: it["envelope"].update(statement=resigned(it, predicateType=SLSA))),
        BEGINS + "its signature is not one of this statement by the key of its certificate",
    ),
    # the log
    "no log entry": (lambda: material_changed(transparency_entries=[]), BEGINS + "it has no log entry"),
    "too many log entries": (
        lambda: changed(lambda it: it["verification_material"].update(transparency_entries=[entry_of(it)] * 5)),
        BEGINS + "it has more than 4 log entries",
    ),
    "a log entry that is none": (
        lambda: material_changed(transparency_entries=[{}]),
        BEGINS + "its log entry cannot be read",
    ),
    "a log entry of another attestation": (
        lambda: with_part_of_another(*ENTRY),
        BEGINS + "its log entry is of another signature or certificate",
    ),
    "a log entry that was changed": (
        lambda: entry_changed(canonicalizedBody="e30="),
        BEGINS + "its log entry is not proved to be in the log",
    ),
    "a log entry without promise": (
        lambda: changed(lambda it: entry_of(it).pop("inclusionPromise")),
        BEGINS + "no log promises when it was made",
    ),
    "a log entry without time": (
        lambda: changed(lambda it: entry_of(it).pop("integratedTime")),
        BEGINS + "no log promises when it was made",
    ),
    "a log entry without proof": (
        lambda: changed(lambda it: entry_of(it).pop("inclusionProof")),
        BEGINS + "its log entry cannot be read",
    ),
    "a log entry without checkpoint": (
        lambda: proof_changed(lambda proof: proof.pop("checkpoint")),
        BEGINS + "its log entry cannot be read",
    ),
    "a promise of another entry": (
        lambda: with_part_of_another(*ENTRY, "inclusionPromise"),
        BEGINS + "no log of the trusted root has promised its log entry",
    ),
    "another time than promised": (
        lambda: entry_changed(integratedTime=str(int(WHEN.timestamp()) + 1)),
        BEGINS + "no log of the trusted root has promised its log entry",
    ),
    "a time beyond all years": (
        lambda: entry_changed(integratedTime="18446744073709551615"),
        BEGINS + "the time of its log entry is none",
    ),
    "another place than promised": (
        lambda: entry_changed(logIndex="699999999"),
        BEGINS + "no log of the trusted root has promised its log entry",
    ),
    "another log than promised": (
        lambda: entry_changed(logId={"keyId": "AAAA"}),
        BEGINS + "no log of the trusted root has signed the checkpoint of its log entry",
    ),
    "a proof that was changed": (
        lambda: proof_changed(lambda proof: proof["hashes"].reverse()),
        BEGINS + "its log entry is not proved to be in the log",
    ),
    "a proof that is too short": (
        lambda: proof_changed(lambda proof: proof["hashes"].pop()),
        BEGINS + "its log entry is not proved to be in the log",
    ),
    "a proof of another root": (
        lambda: proof_changed(lambda proof: proof.update(rootHash=flipped(proof["rootHash"]))),
        BEGINS + "its log entry is not proved to be in the log",
    ),
    "a proof of another size": (
        lambda: proof_changed(lambda proof: proof.update(treeSize="7")),
        BEGINS + "the checkpoint of its log entry is of another size of the log",
    ),
    "a proof of another place": (
        lambda: proof_changed(lambda proof: proof.update(logIndex="4")),
        BEGINS + "its log entry is not proved to be in the log",
    ),
    "a proof of a place beyond the log": (
        lambda: proof_changed(lambda proof: proof.update(logIndex="8")),
        BEGINS + "its log entry cannot be read",
    ),
    "a checkpoint that was changed": (
        lambda: checkpoint_changed(lambda text: text.replace("\n8\n", "\n9\n")),
        BEGINS + "no log of the trusted root has signed the checkpoint of its log entry",
    ),
    "a checkpoint of another log": (
        lambda: checkpoint_changed(lambda _: foreign_checkpoint()),
        BEGINS + "no log of the trusted root has signed the checkpoint of its log entry",
    ),
    "a checkpoint of another state": (
        lambda: checkpoint_changed(lambda _: other_checkpoint()),
        BEGINS + "the checkpoint of its log entry is of another state of the log",
    ),
    "a checkpoint without signature": (
        lambda: checkpoint_changed(lambda text: text.split("\n\n")[0] + "\n\n"),
        BEGINS + "the checkpoint of its log entry cannot be read",
    ),
    "a checkpoint that is none": (
        lambda: checkpoint_changed(lambda _: "none"),
        BEGINS + "the checkpoint of its log entry cannot be read",
    ),
    "a log entry of another kind": (
        lambda: claimed(ACME, entry=("hashedrekord", "0.0.1")),
        BEGINS + "its log entry is of a kind that cannot be verified",
    ),
    "a log entry of a newer version": (
        lambda: claimed(ACME, entry=("dsse", "0.0.2")),
        BEGINS + "its log entry is of a kind that cannot be verified",
    ),
    "logged with another statement": (
        lambda: logged_as(with_other("payloadHash", {"algorithm": "sha256", "value": "00"})),
        BEGINS + "its log entry is of another statement",
    ),
    "logged with another signature": (
        lambda: logged_as(with_other("signatures", [])),
        BEGINS + "what was logged cannot be read",
    ),
    "logged as what is none": (lambda: logged_as(lambda _: {}), BEGINS + "what was logged cannot be read"),
}


def certificate_of(attestation):
    return attestation["verification_material"]["certificate"]


def resigned(attestation, **fields):
    """The statement of *attestation* with other *fields*, in base64: nobody has signed it."""
    said = {**json.loads(base64.b64decode(attestation["envelope"]["statement"])), **fields}
    return base64.b64encode(json.dumps(said).encode()).decode()


def foreign_checkpoint():
    return Sigstore()._checkpoint(hashlib.sha256(b"").digest(), 8)


def other_checkpoint():
    return sigstore.own()._checkpoint(hashlib.sha256(b"").digest(), 8)


def with_other(key, value):
    return lambda body: {**body, "spec": {**body["spec"], key: value}}


@pytest.mark.parametrize("name", NEGATIVES)
def test_what_does_not_hold_is_refused_for_its_own_reason(verifier, name):
    make, reason = NEGATIVES[name]
    assert verifier.verify(make(), filename=FILE, sha256=SHA) == Refuted(reason=reason)
