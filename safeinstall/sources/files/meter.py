"""Counts and hashes the bytes of one file while they pass, and stops at the first that cannot be right."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING

from safeinstall.errors import IntegrityError
from safeinstall.request.requirements import HASH_NAMES
from safeinstall.resolve.user_hashes import check_user_hashes, missing_hashes

if TYPE_CHECKING:
    from safeinstall.facts.artifact import Artifact

MAX_FILE = 16 << 30
"""Bytes a file may have whose size nobody published."""
_HINT = "the file changed on the index or on its way here: do not install it, and tell whoever runs the index"


class Meter:
    """Measures one file. Every hash that is known for it counts; the sha256 is computed in any case."""

    def __init__(self, artifact: Artifact) -> None:
        """Expect what *artifact* promises."""
        self._artifact = artifact
        self._limit = MAX_FILE if artifact.size is None else artifact.size
        asked = {digest.partition(":")[0] for digests in artifact.user_hashes for digest in digests}
        kinds = {"sha256", *artifact.hashes, *asked}
        self._digests = {kind: hashlib.new(kind, usedforsecurity=False) for kind in kinds & HASH_NAMES}
        self._unknown = kinds - HASH_NAMES
        self.size = 0
        self.downloaded = False
        """Whether some of it came over the network."""

    @property
    def sha256(self) -> str:
        """The hash of what has passed so far."""
        return self._digests["sha256"].hexdigest()

    def update(self, chunk: bytes) -> None:
        """Take the next bytes, raising IntegrityError as soon as there are more than promised."""
        self.size += len(chunk)
        if self.size > self._limit:
            raise self._refusal(f"is larger than {self._limit} bytes")
        for digest in self._digests.values():
            digest.update(chunk)

    def expect(self, more: int) -> None:
        """Hear how many bytes are to come, raising IntegrityError for too many."""
        if self.size + more > self._limit:
            raise self._refusal(f"is larger than {self._limit} bytes")

    def check(self) -> None:
        """Raise IntegrityError unless all that has passed is the promised file."""
        if self._artifact.size not in {None, self.size}:
            raise self._refusal(f"has {self.size} bytes where {self._artifact.size} were promised")
        if self._unknown and self._artifact.lock is not None:  # of an index it is beside what is known (PEP 691)
            raise self._refusal(f"has a hash of the unknown kind {min(self._unknown)} in {self._artifact.lock}")
        for name, expected in sorted(self._artifact.hashes.items()):
            got = self._digests[name].hexdigest() if name in self._digests else expected
            if got != expected.lower():
                raise self._refusal(f"has {name} {got} where {expected or 'an empty one'} was promised")

    def check_user(self) -> None:
        """Raise unless it is the file that the user means.

        Raises:
            IntegrityError: it has another hash than the user gives.
            UnsatisfiableError: the user must give a hash, and gives none: pip tells then which it has.
        """
        measured = {name: digest.hexdigest() for name, digest in self._digests.items()}
        check_user_hashes(self._artifact, measured)
        if self._artifact.lacks_hash:
            raise missing_hashes([replace(self._artifact, hashes=measured)], measured=True)

    def _refusal(self, reason: str) -> IntegrityError:
        return IntegrityError(f"{self._artifact.filename} from {self._artifact.source.display} {reason}", hint=_HINT)
