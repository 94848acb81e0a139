"""What is signed: a statement about one file (in-toto, Statement v1), by its name and sha256 (PEP 740)."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from packaging.utils import canonicalize_name, parse_sdist_filename
from packaging.version import Version

from safeinstall.sources.provenance.object_json import UnprovedError, read_strictly, shortened

if TYPE_CHECKING:
    from collections.abc import Mapping

PREDICATES = frozenset(
    {
        "64b3949826537e32dd526c5d9c31cbeb141dde83b68588399682d5aa3dcdcb74",  # publish, version 1 (PEP 740)
        "6f94cc499cd18ded6d779157a0ace941555bea2f8e2b4052bf999761d7efc25b",  # SLSA provenance, version 1
    }
)
"""The types of what may be stated, by their sha256: one of them has the host of an index in it, which is named nowhere
here (pypi-attestations: ``AttestationType``).
"""
NAME_LENGTH = 255
"""Characters of a file's name."""
STATEMENT = "https://in-toto.io/Statement/v1"
_WHEEL_PARTS = (5, 6)


def what_is_stated(payload: bytes, *, filename: str, sha256: str) -> str:
    """Return the type of what the statement *payload* says of the file. Raises :class:`UnprovedError`.

    Of any other file it says nothing that counts here.
    """
    statement = read_strictly(payload, "its statement")
    subject = _subject(statement)
    name, digest = subject.get("name"), subject.get("digest")
    if not isinstance(name, str) or not is_name_of(name, filename):
        raise UnprovedError(f"it is of another file: {shortened(str(name))}")
    said = digest.get("sha256") if isinstance(digest, dict) else None
    if said != sha256:
        other = "no sha256" if said is None else f"sha256 {shortened(str(said), 64)}"
        raise UnprovedError(f"it is of other bytes: {other}")
    predicate = statement.get("predicateType")
    if (
        not isinstance(predicate, str)
        or hashlib.sha256(predicate.encode(errors="replace")).hexdigest() not in PREDICATES
    ):
        raise UnprovedError(f"what it states is of a type that is not known: {shortened(str(predicate))}")
    return predicate


def is_name_of(name: str, filename: str) -> bool:
    """Whether two names of files are one: equal, or equal in every part (pypi-attestations: ``Attestation.verify``)."""
    if name == filename:
        return True
    if len(name) > NAME_LENGTH:
        return False
    try:
        return _parts(name) == _parts(filename)
    except ValueError:  # packaging's errors are of its kind
        return False


def _parts(filename: str) -> tuple[object, ...]:
    """Return what a name says. Compressed tags stay as they are: written out, a short name may have a million."""
    if not filename.endswith(".whl"):
        return parse_sdist_filename(filename)
    parts = filename.removesuffix(".whl").split("-")
    if len(parts) not in _WHEEL_PARTS:
        raise ValueError(filename)
    tags = [frozenset(part.lower().split(".")) for part in parts[-3:]]
    return "wheel", canonicalize_name(parts[0]), Version(parts[1]), parts[2:-3], *tags


def _subject(statement: Any) -> Mapping[str, Any]:
    if not isinstance(statement, dict) or statement.get("_type") != STATEMENT:
        raise UnprovedError("its statement is not of in-toto's version 1")
    subjects = statement.get("subject")
    if not isinstance(subjects, list) or len(subjects) != 1 or not isinstance(subjects[0], dict):
        count = len(subjects) if isinstance(subjects, list) else 0
        raise UnprovedError(f"its statement is not of one file: it has {count} subjects")
    return subjects[0]
