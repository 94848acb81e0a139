"""Provenance objects of one file, right and wrong in one thing, made by the tests' own Sigstore."""

from __future__ import annotations

import base64
import copy

from lib import sigstore
from lib.sigstore import ACME, provenance, statement

from safeinstall.facts.provenance import Publisher, PublisherKind
from safeinstall.sources.provenance.roots import TrustedRoot

FILE, SHA = "acme-1.0.tar.gz", "ab" * 32
APP = Publisher(kind=PublisherKind.GITHUB, repository="acme/app", workflow="release.yml")
BEGINS = "the attestation of GitHub acme/app, release.yml does not hold: "


def root_of(made):
    return TrustedRoot(made.trusted_root(), "of the test", None)


def the_attestation(**how):
    return sigstore.own().attestation(statement(FILE, SHA), **how)


def changed(change, attestation=None):
    """An object of one attestation whose JSON *change* has changed."""
    attestation = copy.deepcopy(attestation or the_attestation())
    change(attestation)
    return provenance((ACME, [attestation]))


def claimed(publisher, **how):
    """An object that names *publisher*, with an attestation of acme's."""
    return provenance((publisher, [the_attestation(**how)]))


def entry_of(attestation):
    return attestation["verification_material"]["transparency_entries"][0]


def flipped(text, place=-9):
    """Base64 whose bytes differ in one bit."""
    data = bytearray(base64.b64decode(text))
    data[place] ^= 1
    return base64.b64encode(data).decode()
