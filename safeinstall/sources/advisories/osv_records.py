"""OSV records on disk: a zip of them, as OSV publishes one for each ecosystem, or a directory tree of JSON files."""

from __future__ import annotations

import hashlib
import os
import zipfile
import zlib
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING

from safeinstall.errors import SourceError

if TYPE_CHECKING:
    from collections.abc import Iterator

SUFFIX = ".json"
RECORD_LIMIT = 8 << 20
"""Bytes of one record."""
_HINT = "fetch it again, or correct `sources` under [advisories] in the policy"


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How much one source may hold: far above what OSV publishes, far below what would fill a machine."""

    records: int = 1_000_000
    record: int = RECORD_LIMIT
    """Bytes of one record."""
    total: int = 2 << 30
    """Bytes of all records, unpacked."""


@dataclass(frozen=True, slots=True)
class Identity:
    """What tells one state of a source from another without reading it."""

    name: str
    """A path, or an address without credentials."""
    fingerprint: str
    """Of names, sizes and times; for an address what its server tells a state by."""
    mtime_ns: int
    """Of the newest file; for an address when it was last asked and answered."""

    @property
    def modified(self) -> datetime:
        """When the source last changed on this disk, by the file system's clock, or was last known to be current."""
        return datetime.fromtimestamp(self.mtime_ns / 1e9, tz=timezone.utc)


def unusable(source: object, reason: str) -> SourceError:
    """Return the error that says why *source* cannot be read."""
    return SourceError(f"advisory source {source}: {reason}", hint=_HINT)


def identify(path: Path) -> Identity:
    """Look at *path* without reading it. Raises :class:`SourceError` when there is nothing to read."""
    try:
        files = list(_files(path)) if path.is_dir() else [path]
        states = [(str(file), status.st_size, status.st_mtime_ns) for file in files for status in [file.stat()]]
    except OSError as error:
        raise unusable(path, _reason(error)) from error
    fingerprint = hashlib.sha256(repr(states).encode(errors="surrogateescape")).hexdigest()
    return Identity(str(path), fingerprint, max((mtime for *_, mtime in states), default=0))


def read_records(path: Path, limits: Limits, source: str | None = None) -> Iterator[tuple[str, bytes]]:
    """Yield every JSON file below *path* with its name, one at a time. Messages call it *source*.

    Raises :class:`SourceError`, perhaps after some records, for what is no such source, is damaged or beyond *limits*.
    """
    count = total = 0
    source = source or str(path)
    for name, data in _zip(path, limits, source) if path.is_file() else _tree(path, limits, source):
        count, total = count + 1, total + len(data)
        if count > limits.records or total > limits.total:
            raise unusable(source, f"more than {limits.records} records or {limits.total} bytes")
        yield name, data
    if not count:
        raise unusable(source, f"no {SUFFIX} file in it")


def _reason(error: OSError) -> str:
    return (error.strerror or str(error)).lower()


def _files(path: Path) -> Iterator[Path]:
    """Yield the records of a tree in a stable order; a clone's hidden directories are passed over."""

    def fail(error: OSError) -> None:
        raise error

    for parent, directories, names in os.walk(path, onerror=fail):
        directories[:] = sorted(d for d in directories if not d.startswith("."))
        yield from (Path(parent, name) for name in sorted(names) if name.endswith(SUFFIX))


def _tree(path: Path, limits: Limits, source: str) -> Iterator[tuple[str, bytes]]:
    try:
        for file in _files(path):
            with file.open("rb") as stream:
                data = stream.read(limits.record + 1)
            yield str(file.relative_to(path)), _measured(source, file.name, data, limits)
    except OSError as error:
        raise unusable(source, _reason(error)) from error


def _zip(path: Path, limits: Limits, source: str) -> Iterator[tuple[str, bytes]]:
    try:
        with zipfile.ZipFile(path) as archive:
            for info in archive.infolist():
                if info.filename.endswith(SUFFIX):
                    with archive.open(info) as member:  # reads no more than was asked for, whatever a header says
                        data = member.read(limits.record + 1)
                    yield info.filename, _measured(source, info.filename, data, limits)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise unusable(source, f"the zip is damaged or incomplete ({error})") from error
    except OSError as error:
        raise unusable(source, _reason(error)) from error


def _measured(source: str, name: str, data: bytes, limits: Limits) -> bytes:
    if len(data) > limits.record:
        raise unusable(source, f"{name} is larger than {limits.record} bytes")
    return data
