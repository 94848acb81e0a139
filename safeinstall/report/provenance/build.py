"""From what was known of who built a file to what a report says of it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from safeinstall.facts.provenance import UNASKED, Provenance, Refuted, Unattested
from safeinstall.report.provenance.model import ReportedAttestation, ReportedProvenance
from safeinstall.report.secrets import without_secrets
from safeinstall.rules.base import one_line

if TYPE_CHECKING:
    from safeinstall.facts.provenance import Attestation
    from safeinstall.facts.verdict import Verdict
    from safeinstall.report.provenance.model import Standing

_COMMIT = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
"""Of git, by SHA-1 or SHA-256."""
_ADDRESS = re.compile(r"https://[\w.~:/?#\[\]@!$&'()*+,;=%-]+", re.ASCII)
"""Of the characters that an address may have (RFC 3986)."""


def report_provenance(verdict: Verdict) -> ReportedProvenance | None:
    """Return what was known of who built the file of *verdict*; ``None`` where no rule asked."""
    match verdict.provenance:
        case Provenance() as fact:
            said = tuple(_attestation(one, verified=fact.verified) for one in fact.attestations)
            url = _address(verdict.artifact.provenance) if fact.verified else None
            standing: Standing = "verified" if fact.verified else "claimed"
            return ReportedProvenance(standing=standing, reason=None, url=url, attestations=said)
        case Unattested():
            return ReportedProvenance(standing="unattested", reason=None, url=None, attestations=())
        case Refuted(reason=reason):
            return ReportedProvenance(standing="refuted", reason=_told(reason), url=None, attestations=())
        case missing:
            if missing == UNASKED:
                return None
            return ReportedProvenance(standing="missing", reason=_told(missing.reason), url=None, attestations=())


def _attestation(one: Attestation, *, verified: bool) -> ReportedAttestation:
    """Nothing that is not *verified* leads anywhere: a claim could name whatever it likes."""
    publisher = one.publisher
    return ReportedAttestation(
        publisher=one_line(publisher.shown),
        kind=publisher.kind.value,
        repository=publisher.repository,
        workflow=publisher.workflow,
        environment=publisher.environment,
        predicate_type=one.predicate_type,
        commit=one.commit if verified and _COMMIT.fullmatch(one.commit or "") else None,
        ref=one.ref if verified else None,
        run=_address(one.run) if verified else None,
        repository_url=_address(one.repository_url) if verified else None,
        logged=one.logged if verified else None,
        log_index=one.log_index if verified else None,
    )


def _told(reason: str) -> str:
    return one_line(without_secrets(reason))


def _address(url: str | None) -> str | None:
    """Return *url* if it leads somewhere by https, and holds no credentials."""
    if url is None or not _ADDRESS.fullmatch(url):
        return None
    try:
        parts = urlsplit(url)
        is_one = bool(parts.hostname) and "@" not in parts.netloc and parts.port != 0
    except ValueError:
        return None
    return url if is_one else None
