"""RECORD: what a wheel says of its members (binary distribution format; recording installed projects).

"Every other file in the archive must have a correct hash in RECORD, or the installation will fail."
"""

from __future__ import annotations

import csv
import hashlib
import re
from base64 import urlsafe_b64encode
from typing import TYPE_CHECKING, NamedTuple

from safeinstall.sources.archives.members import refusal, shown

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_HASHES = frozenset({"sha256", "sha384", "sha512", "sha3_256", "sha3_384", "sha3_512", "blake2b", "blake2s"})
"""Those that every Python has and that are no weaker than sha256: "md5, sha1 and sha224 are not permitted"."""
_URLSAFE = re.compile(r"[A-Za-z0-9_-]+")
_UNHASHED = ("RECORD", "RECORD.jws", "RECORD.p7s")
"""RECORD cannot hold its own hash, nor list its signatures, which come later ("signed wheel files")."""


class Row(NamedTuple):
    """What RECORD says of one member."""

    path: str
    digest: str
    """``sha256=``, and the urlsafe Base64 of the digest without padding; may be empty for ``RECORD`` alone."""
    size: str
    """Bytes, in decimal; may be empty."""


def read_record(filename: str, data: bytes) -> dict[str, Row]:
    """Return the rows of RECORD by their path, read as pip reads them (pip: install/wheel.py).

    Raises IntegrityError for a row that has not three fields, or stands there twice.
    """
    rows: dict[str, Row] = {}
    for number, fields in enumerate(csv.reader(data.decode("utf-8").splitlines()), start=1):
        if len(fields) != len(Row._fields):
            raise refusal(filename, f"has a RECORD whose row {number} has {len(fields)} fields instead of three")
        row = Row(*fields)
        if row.path in rows:
            raise refusal(filename, f"lists {shown(row.path)} twice in its RECORD")
        rows[row.path] = row
    return rows


def check_record(filename: str, rows: Mapping[str, Row], files: Sequence[str], dist_info: str) -> RecordedHashes:
    """Return what compares the members with *rows*.

    Raises IntegrityError unless these are the rows of *files*, each with a hash that can be compared.
    """
    unhashed = {f"{dist_info}/{name}" for name in _UNHASHED}
    for member in files:
        if member not in rows and member not in unhashed:
            raise refusal(filename, f"holds {shown(member)}, which its RECORD does not list")
    absent = min(rows.keys() - {*files} - unhashed, default=None)
    if absent is not None:
        raise refusal(filename, f"does not hold {shown(absent)}, which its RECORD lists")
    own = rows.get(f"{dist_info}/RECORD")
    if own is not None and (own.digest or own.size):
        raise refusal(filename, "has a RECORD with a hash or size of itself")
    hashed = {path: row for path, row in rows.items() if path not in unhashed}
    for row in hashed.values():
        if problem := _problem(row):
            raise refusal(filename, f"has a RECORD with {problem} {shown(row.path)}")
    return RecordedHashes(filename, hashed)


def write_record(members: Mapping[str, bytes], path: str) -> bytes:
    """Return the RECORD of *members*, which itself is the member *path*."""
    rows = [f"{name},sha256={_encoded(hashlib.sha256(data).digest())},{len(data)}\n" for name, data in members.items()]
    return "".join([*rows, f"{path},,\n"]).encode()


class RecordedHashes:
    """Compares each member with what RECORD says of it: a visitor of :func:`~.member_bytes.read_members`."""

    def __init__(self, filename: str, rows: Mapping[str, Row]) -> None:
        """Hold the members of the wheel called *filename* to *rows*. Those without a row are passed over."""
        self._filename, self._rows = filename, rows
        self._row: Row | None = None

    def begin(self, member: str) -> None:
        """See :class:`~safeinstall.sources.archives.member_bytes.Visitor`."""
        self._row = self._rows.get(member)
        if self._row:
            self._digest, self._size = hashlib.new(_kind(self._row)), 0

    def feed(self, chunk: bytes) -> None:
        """See :class:`~safeinstall.sources.archives.member_bytes.Visitor`."""
        if self._row:
            self._digest.update(chunk)
            self._size += len(chunk)

    def end(self) -> None:
        """Raise IntegrityError unless the member is what RECORD says."""
        if not self._row:
            return
        path, digest, size = self._row
        found = f"{_kind(self._row)}={_encoded(self._digest.digest())}"
        if found != digest:
            raise refusal(self._filename, f"holds {shown(path)} with the hash {found}, but its RECORD says {digest}")
        if size not in {"", str(self._size)}:
            reason = f"holds {shown(path)} of {self._size} bytes, but its RECORD says {shown(size)}"
            raise refusal(self._filename, reason)


def _kind(row: Row) -> str:
    return row.digest.partition("=")[0]


def _problem(row: Row) -> str | None:
    if not row.digest:
        return "no hash of"
    if _kind(row) not in _HASHES:
        return f"the hash {shown(row.digest)}, which is none that a wheel may rely on, of"
    if not _URLSAFE.fullmatch(row.digest.partition("=")[2]):
        return f"the hash {shown(row.digest)}, which is not urlsafe Base64 without padding, of"
    return None


def _encoded(digest: bytes) -> str:
    return urlsafe_b64encode(digest).rstrip(b"=").decode()
