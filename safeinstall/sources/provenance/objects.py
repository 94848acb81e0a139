"""What a provenance object says of a file, without proof (PEP 740): what its index says.

Whether it is true is for ``verification`` to tell, which is given nothing that is refused here.
"""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

from packaging.utils import InvalidSdistFilename, InvalidWheelFilename, parse_sdist_filename, parse_wheel_filename

from safeinstall.facts.provenance import Attestation, Provenance, Publisher, PublisherKind, Refuted
from safeinstall.sources.provenance.object_json import UnprovedError, read_claims, read_strictly

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

PREDICATES = frozenset({"https://docs.pypi.org/attestations/publish/v1", "https://slsa.dev/provenance/v1"})
"""What an attestation may state (pypi-attestations: ``AttestationType``)."""
_STATEMENT = "https://in-toto.io/Statement/v1"


def parse_claims(raw: bytes, *, filename: str, sha256: str) -> Provenance | Refuted:
    """Return what the object *raw* says of the file *filename* with this *sha256*. Nothing of it is proved.

    Refuted is what cannot be read, what is beyond a limit, and what states nothing of this very file.
    """
    try:
        attestations = tuple(
            Attestation(
                publisher=_publisher(claim.publisher), predicate_type=_stated(claim.attestation, filename, sha256)
            )
            for claim in read_claims(raw)
        )
    except UnprovedError as error:
        return Refuted(reason=str(error))
    return Provenance(attestations=attestations, verified=False)


# publishers (pypi-attestations: ``Publisher``)


def _publisher(told: Mapping[str, Any]) -> Publisher:
    read = _READERS.get(told["kind"])
    if read is None:
        raise UnprovedError(
            f"its provenance names a publisher of a kind that is not known here: {_shown(told['kind'])}"
        )
    return read(told)


def _github(told: Mapping[str, Any]) -> Publisher:
    return Publisher(
        kind=PublisherKind.GITHUB,
        repository=_word(told, "repository"),
        workflow=_word(told, "workflow"),
        environment=told.get("environment") or None,  # the public index writes "" and null
    )


def _gitlab(told: Mapping[str, Any]) -> Publisher:
    return Publisher(
        kind=PublisherKind.GITLAB,
        repository=_word(told, "repository"),
        workflow=_word(told, "workflow_filepath"),
        environment=told.get("environment") or None,
    )


def _google(told: Mapping[str, Any]) -> Publisher:
    return Publisher(kind=PublisherKind.GOOGLE, repository=_word(told, "email"))


def _activestate(told: Mapping[str, Any]) -> Publisher:
    repository = f"{_word(told, 'organization')}/{_word(told, 'project')}"
    return Publisher(kind=PublisherKind.ACTIVESTATE, repository=repository)


_READERS: Mapping[str, Callable[[Mapping[str, Any]], Publisher]] = {
    PublisherKind.GITHUB.value: _github,
    PublisherKind.GITLAB.value: _gitlab,
    PublisherKind.GOOGLE.value: _google,
    PublisherKind.ACTIVESTATE.value: _activestate,
}


def _word(told: Mapping[str, Any], key: str) -> str:
    value = told.get(key)
    if not isinstance(value, str) or not value:
        raise UnprovedError(f"its provenance names a {told['kind']} publisher without {key}")
    return value


# statements (in-toto Statement v1)


def _stated(attestation: Mapping[str, Any], filename: str, sha256: str) -> str:
    """Return the type of what is stated of the file."""
    what = "a statement of its provenance"
    statement = read_strictly(_payload(attestation), what)
    subject, predicate = _subject(statement), statement.get("predicateType")
    name, digest = subject.get("name"), subject.get("digest")
    if not isinstance(name, str) or not is_same_file(name, filename):
        raise UnprovedError(f"{what} is of another file: {_shown(name)}")
    if not isinstance(digest, dict) or digest.get("sha256") != sha256:
        raise UnprovedError(f"{what} is of a {_shown(name)} with another sha256")
    if statement.get("_type") != _STATEMENT or not isinstance(predicate, str) or predicate not in PREDICATES:
        raise UnprovedError(f"{what} is of a type that is not known here: {_shown(predicate)}")
    return predicate


def _payload(attestation: Mapping[str, Any]) -> bytes:
    """Return the bytes that are signed. Some writers break the lines of base64."""
    envelope = attestation.get("envelope")
    text = envelope.get("statement") if isinstance(envelope, dict) else None
    try:
        return base64.b64decode(text.replace("\n", ""), validate=True) if isinstance(text, str) else b""
    except ValueError:
        raise UnprovedError("a statement of its provenance is not base64") from None


def _subject(statement: Any) -> Mapping[str, Any]:
    subjects = statement.get("subject") if isinstance(statement, dict) else None
    if not isinstance(subjects, list) or len(subjects) != 1 or not isinstance(subjects[0], dict):
        raise UnprovedError("a statement of its provenance is not of one file")
    return subjects[0]


def is_same_file(one: str, other: str) -> bool:
    """Whether two names are of one distribution, however spelled (pypi-attestations: ``Attestation.verify``)."""
    if one == other:
        return True
    try:
        return _distribution(one) == _distribution(other)
    except (InvalidWheelFilename, InvalidSdistFilename):
        return False


def _distribution(filename: str) -> tuple[object, ...]:
    return parse_wheel_filename(filename) if filename.endswith(".whl") else parse_sdist_filename(filename)


def _shown(value: object) -> str:
    return ascii(value)[1:-1][:80] if isinstance(value, str) else "none"
