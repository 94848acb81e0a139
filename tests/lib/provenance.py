"""Provenance in one line, for tests of rules and verdicts."""

from __future__ import annotations

from datetime import datetime, timezone

from packaging.version import Version

from safeinstall.facts.provenance import Attestation, Precedent, Provenance, Publisher, PublisherKind

PUBLISH = "https://docs.example/attestations/publish/v1"


def github(repository, workflow="release.yml", environment=None):
    return Publisher(kind=PublisherKind.GITHUB, repository=repository, workflow=workflow, environment=environment)


def attested(*publishers, verified=True):
    """Attestations, one of each of *publishers*."""
    made = [Attestation(publisher=one, predicate_type=PUBLISH) for one in publishers]
    return Provenance(attestations=tuple(made), verified=verified)


def precedent(provenance, version="0.9", **fields):
    """Release *version* of acme, of 2026-01-02."""
    made = {
        "version": Version(version),
        "filename": f"acme-{version}-py3-none-any.whl",
        "upload_time": datetime(2026, 1, 2, tzinfo=timezone.utc),
    }
    return Precedent(provenance=provenance, **{**made, **fields})
