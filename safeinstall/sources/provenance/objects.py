"""What a provenance object says of a file, without proof (PEP 740): what its index says.

Whether it is true is for ``verification`` to tell, which is given nothing that is refused here.
"""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

from safeinstall.facts.provenance import Attestation, Provenance, Refuted, UnknownPublisher
from safeinstall.sources.provenance.object_json import UnprovedError, read_claims
from safeinstall.sources.provenance.publishers import UnknownPublisherError, publisher_of, said_of
from safeinstall.sources.provenance.statements import what_is_stated

if TYPE_CHECKING:
    from collections.abc import Mapping

    from safeinstall.facts.values import Missing
    from safeinstall.sources.provenance.object_json import Claim


def parse_claims(raw: bytes, *, filename: str, sha256: str) -> Provenance | Refuted | Missing:
    """Return what the object *raw* says of the file *filename* with this *sha256*. Nothing of it is proved.

    Refuted is what cannot be read, what is beyond a limit, and what states nothing of this very file; missing is what a
    publisher says of whose kind nothing is known here.
    """
    try:
        claims = read_claims(raw)
        attestations = [_attestation(claims, place, filename, sha256) for place in range(len(claims))]
    except UnknownPublisherError as error:
        return UnknownPublisher(str(error), "a newer safe-pip may know it")
    except UnprovedError as error:
        return Refuted(reason=str(error))
    return Provenance(attestations=tuple(attestations), verified=False)


def _attestation(claims: tuple[Claim, ...], place: int, filename: str, sha256: str) -> Attestation:
    claim = claims[place]
    publisher = publisher_of(claim.publisher)
    with said_of(claims, place):
        predicate_type = what_is_stated(_payload(claim.attestation), filename=filename, sha256=sha256)
    return Attestation(publisher=publisher, predicate_type=predicate_type)


def _payload(attestation: Mapping[str, Any]) -> bytes:
    """Return the bytes that are signed. Some writers break the lines of base64."""
    envelope = attestation.get("envelope")
    text = envelope.get("statement") if isinstance(envelope, dict) else None
    try:
        return base64.b64decode(text.replace("\n", ""), validate=True) if isinstance(text, str) else b""
    except ValueError:
        raise UnprovedError("its statement is not base64") from None
