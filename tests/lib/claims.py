"""Provenance objects as an index serves them (PEP 740), without proof: what they say is all that is in them."""

from __future__ import annotations

import base64
import json
from functools import partial

from pypi_attestations import AttestationType

PUBLISH, SLSA = AttestationType.PYPI_PUBLISH_V1.value, AttestationType.SLSA_PROVENANCE_V1.value
GITHUB = {"kind": "GitHub", "repository": "acme/app", "workflow": "release.yml", "environment": ""}
GITLAB = {"kind": "GitLab", "repository": "acme/tools/app", "workflow_filepath": ".gitlab-ci.yml", "environment": None}
GOOGLE = {"kind": "Google", "email": "builder@acme.example"}
ACTIVESTATE = {"kind": "ActiveState", "organization": "acme", "project": "app"}


def statement(filename, sha256, **changed):
    subject = [{"name": filename, "digest": {"sha256": sha256}}]
    made = {"_type": "https://in-toto.io/Statement/v1", "subject": subject, "predicateType": PUBLISH, "predicate": None}
    return {**made, **changed}


def attestation(stated, **changed):
    text = stated if isinstance(stated, str) else base64.b64encode(json.dumps(stated).encode()).decode()
    material = {"certificate": "", "transparency_entries": [{}]}
    return {
        "version": 1,
        "verification_material": material,
        "envelope": {"statement": text, "signature": ""},
        **changed,
    }


def bundle(publisher, *attestations):
    return {"publisher": publisher, "attestations": list(attestations)}


def wrapped(*bundles, **changed):
    return json.dumps({"version": 1, "attestation_bundles": list(bundles), **changed}).encode()


def claimed(filename, sha256, publisher=GITHUB):
    """Return the object by which *publisher* attests one file."""
    return wrapped(bundle(publisher, attestation(statement(filename, sha256))))


def by(publisher=GITHUB, **changed):
    """Return what makes such an object of file name and sha256, for ``LocalIndex.add``."""
    return partial(claimed, publisher={**publisher, **changed})
