"""Provenance objects that are none, or more than is read: refused before any library is asked."""

from __future__ import annotations

import json

import pytest
from lib import sigstore
from lib.attested import BEGINS, FILE, SHA, changed, claimed, root_of, the_attestation
from lib.sigstore import ACME, github, provenance

from safeinstall.facts.provenance import Refuted
from safeinstall.sources.provenance import object_json
from safeinstall.sources.provenance.verification import Verifier


@pytest.fixture(scope="module")
def verifier():
    return Verifier(root_of(sigstore.own()))


def deep(depth):
    return b"[" * depth + b"]" * depth


def with_key(key, value):
    return json.dumps({**json.loads(sigstore.attest(FILE, SHA)), key: value}).encode()


OBJECTS = {
    "an object of version 2": (
        lambda: with_key("version", 2),
        "its provenance is of version 2: only version 1 is known",
    ),
    "an object of version true": (
        lambda: with_key("version", True),
        "its provenance is of version true: only version 1 is known",
    ),
    "an object of version 1.0": (
        lambda: with_key("version", 1.0),
        "its provenance is of version 1.0: only version 1 is known",
    ),
    "an object of very many values": (
        lambda: with_key("more", [0] * object_json.VALUES),
        "its provenance has more than 16384 values",
    ),
    "log entries without end": (
        lambda: changed(lambda it: it["verification_material"].update(transparency_entries=[0] * object_json.VALUES)),
        "its provenance has more than 16384 values",
    ),
    "a way through the log without end": (
        lambda: changed(
            lambda it: it["verification_material"]["transparency_entries"][0]["inclusionProof"].update(
                hashes=[0] * object_json.VALUES
            )
        ),
        "its provenance has more than 16384 values",
    ),
    "an attestation of version 2": (
        lambda: changed(lambda it: it.update(version=2)),
        "an attestation of its provenance is of version 2: only version 1 is known",
    ),
    "an attestation that is none": (
        lambda: provenance((ACME, ["no"])),
        "an attestation of its provenance is of version null: only version 1 is known",
    ),
    "an attestation without envelope": (
        lambda: changed(lambda it: it.pop("envelope")),
        BEGINS + "it cannot be read: envelope",
    ),
    "no bundles": (provenance, "its provenance has no attestation_bundles"),
    "bundles that are no list": (
        lambda: with_key("attestation_bundles", {"a": 1}),
        "its provenance has no list of attestation_bundles",
    ),
    "a bundle that is none": (
        lambda: with_key("attestation_bundles", [1]),
        "a bundle of its provenance names no publisher",
    ),
    "a bundle without attestations": (lambda: provenance((ACME, [])), "a bundle of its provenance has no attestations"),
    "a bundle without publisher": (
        lambda: provenance((None, [the_attestation()])),
        "a bundle of its provenance names no publisher",
    ),
    "a publisher with a name that is none": (
        lambda: claimed({"kind": "CircleCI", "project_id": "p", "pipeline_definition_id": "d", "vcs_ref": 5}),
        "the attestation of CircleCI p, d does not hold: a publisher of its provenance cannot be read",
    ),
    "a publisher without kind": (
        lambda: provenance(({"repository": "acme/app"}, [the_attestation()])),
        "a publisher of its provenance has no kind",
    ),
    "a publisher without workflow": (
        lambda: claimed({"kind": "GitHub", "repository": "acme/app"}),
        "a publisher of its provenance has no workflow",
    ),
    "a publisher that steers a terminal": (
        lambda: claimed(github("acme/\x1b[2Japp")),
        "a publisher of its provenance has a repository that is no name",
    ),
    "a publisher of half a character": (
        lambda: claimed(github("acme/\ud800")),
        "a publisher of its provenance has a repository that is no name",
    ),
    "a publisher that is too long": (
        lambda: claimed(github("a" * 513)),
        "a publisher of its provenance has a repository that is no name",
    ),
    "too many attestations": (
        lambda: provenance((ACME, [the_attestation()] * 17)),
        "its provenance has more than 16 attestations",
    ),
    "too large": (
        lambda: sigstore.attest(FILE, SHA) + b" " * object_json.BYTES,
        "its provenance has more than 1048576 bytes",
    ),
    "too deep": (lambda: with_key("more", json.loads(deep(40))), "its provenance is nested more than 32 deep"),
    "so deep that no parser follows": (lambda: deep(100_000), "its provenance is nested more than 32 deep"),
    "not UTF-8": (lambda: b'{"version": "\xff"}', "its provenance is not UTF-8"),
    "UTF-16": (lambda: sigstore.attest(FILE, SHA).decode().encode("utf-16"), "its provenance is not UTF-8"),
    "not JSON": (lambda: b"<html>", "its provenance is not JSON"),
    "nothing": (lambda: b"", "its provenance is not JSON"),
    "null": (lambda: b"null", "its provenance is of version null: only version 1 is known"),
    "a key twice": (
        lambda: sigstore.attest(FILE, SHA).replace(b"{", b'{"version": 1, ', 1),
        "its provenance has the key 'version' twice",
    ),
    "a number that is none": (lambda: with_key("more", float("nan")), "its provenance is not JSON"),
    "a number without end": (lambda: b'{"version": ' + b"1" * 10_000 + b"}", "its provenance is not JSON"),
}


@pytest.mark.parametrize("name", OBJECTS)
def test_an_object_that_is_none_is_refused_for_its_own_reason(verifier, name):
    make, reason = OBJECTS[name]
    assert verifier.verify(make(), filename=FILE, sha256=SHA) == Refuted(reason=reason)


def test_what_a_newer_index_adds_is_passed_over(verifier):
    found = json.loads(sigstore.attest(FILE, SHA))
    found["generated"] = found["attestation_bundles"][0]["publisher"]["claims"] = {"any": ["thing", 1.5, None]}
    assert verifier.verify(json.dumps(found).encode(), filename=FILE, sha256=SHA).verified
