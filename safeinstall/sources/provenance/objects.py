"""What a provenance object says of a file, without proof (PEP 740): what its index says.

Whether it is true is for ``verification`` to tell, which is given nothing that is refused here.
"""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

from packaging.utils import InvalidSdistFilename, InvalidWheelFilename, parse_sdist_filename, parse_wheel_filename

from safeinstall.facts.provenance import Attestation, Provenance, Refuted
from safeinstall.facts.values import Missing
from safeinstall.sources.provenance.object_json import UnprovedError, read_claims, read_strictly, shortened
from safeinstall.sources.provenance.publishers import UnknownPublisherError, publisher_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from safeinstall.sources.provenance.object_json import Claim

PREDICATES = frozenset({"https://docs.pypi.org/attestations/publish/v1", "https://slsa.dev/provenance/v1"})
"""What an attestation may state (pypi-attestations: ``AttestationType``)."""
_STATEMENT = "https://in-toto.io/Statement/v1"


def parse_claims(raw: bytes, *, filename: str, sha256: str) -> Provenance | Refuted | Missing:
    """Return what the object *raw* says of the file *filename* with this *sha256*. Nothing of it is proved.

    Refuted is what cannot be read, what is beyond a limit, and what states nothing of this very file; missing is what a
    publisher says of whose kind nothing is known here.
    """
    try:
        claims = read_claims(raw)
        attestations = [_attestation(claims, place, filename, sha256) for place in range(len(claims))]
    except UnknownPublisherError as error:
        return Missing(str(error), "a newer safe-pip may know it")
    except UnprovedError as error:
        return Refuted(reason=str(error))
    return Provenance(attestations=tuple(attestations), verified=False)


def _attestation(claims: tuple[Claim, ...], place: int, filename: str, sha256: str) -> Attestation:
    claim = claims[place]
    publisher = publisher_of(claim.publisher)
    try:
        predicate_type = _stated(_payload(claim.attestation), filename, sha256)
    except UnprovedError as error:
        which = f"attestation {place + 1} of {len(claims)}" if len(claims) > 1 else "the attestation"
        raise UnprovedError(f"{which} of {publisher.shown} does not hold: {error}") from None
    return Attestation(publisher=publisher, predicate_type=predicate_type)


def _stated(payload: bytes, filename: str, sha256: str) -> str:
    """Return the type of what the statement *payload* says of the file (in-toto, Statement v1)."""
    statement = read_strictly(payload, "its statement")
    subject, predicate = _subject(statement), statement.get("predicateType")
    name, digest = subject.get("name"), subject.get("digest")
    if not isinstance(name, str) or not is_name_of(name, filename):
        raise UnprovedError(f"it is of another file: {shortened(str(name))}")
    if not isinstance(digest, dict) or digest.get("sha256") != sha256:
        raise UnprovedError("it is of other bytes: another sha256, or none")
    if not isinstance(predicate, str) or predicate not in PREDICATES:
        raise UnprovedError(f"what it states is of a type that is not known: {shortened(str(predicate))}")
    return predicate


def _payload(attestation: Mapping[str, Any]) -> bytes:
    """Return the bytes that are signed. Some writers break the lines of base64."""
    envelope = attestation.get("envelope")
    text = envelope.get("statement") if isinstance(envelope, dict) else None
    try:
        return base64.b64decode(text.replace("\n", ""), validate=True) if isinstance(text, str) else b""
    except ValueError:
        raise UnprovedError("its statement is not base64") from None


def _subject(statement: Any) -> Mapping[str, Any]:
    if not isinstance(statement, dict) or statement.get("_type") != _STATEMENT:
        raise UnprovedError("its statement is not of in-toto's version 1")
    subjects = statement.get("subject")
    if not isinstance(subjects, list) or len(subjects) != 1 or not isinstance(subjects[0], dict):
        count = len(subjects) if isinstance(subjects, list) else 0
        raise UnprovedError(f"its statement is not of one file: it has {count} subjects")
    return subjects[0]


def is_name_of(name: str, filename: str) -> bool:
    """Whether two names of files are one: equal, or equal in every part (pypi-attestations: ``Attestation.verify``)."""
    if name == filename:
        return True
    try:
        return _parts(name) == _parts(filename)
    except (InvalidWheelFilename, InvalidSdistFilename):
        return False


def _parts(filename: str) -> tuple[object, ...]:
    return parse_wheel_filename(filename) if filename.endswith(".whl") else parse_sdist_filename(filename)
