"""A published dump of OSV records: where its files lie, and how each is fetched."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from math import inf
from typing import TYPE_CHECKING, TypeAlias

from safeinstall.errors import ProjectNotFoundError, SourceError
from safeinstall.sources.advisories.osv_records import RECORD_LIMIT, SUFFIX
from safeinstall.sources.network.urls import is_local, local_path, redacted, split

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence
    from pathlib import Path

    from safeinstall.sources.network.http import HttpClient, Stream

OSV = "osv"
"""The name of the public dump in a policy."""
OSV_URL = "https://osv-vulnerabilities.storage.googleapis.com/PyPI"
"""Where OSV publishes the records of the ecosystem. No package registry: nothing is installed from there."""
OSV_URL_VARIABLE = "SAFE_PIP_OSV_URL"
"""A mirror of the public OSV dump (PyPI), in place of the one that OSV publishes."""

LIST_LIMIT = 64 << 20
"""Bytes of ``modified_id.csv``."""
ZIP_LIMIT = 256 << 20
"""Bytes of ``all.zip``, packed."""

_LINE = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?)Z,([A-Za-z0-9][A-Za-z0-9._-]*)", re.ASCII)
_HINT = "check the address under [advisories] in the policy, or tell whoever runs that server"
_NOT_MODIFIED = 304
_AT_ONCE = 8

Progress: TypeAlias = Callable[[str], object]
"""Told, often, how far a source is."""


@dataclass(frozen=True, slots=True)
class Validators:
    """What a server tells one state of a file by (RFC 9110, section 8.8)."""

    etag: str = ""
    last_modified: str = ""

    @classmethod
    def of(cls, headers: Mapping[str, str]) -> Validators:
        """Take them from an answer."""
        return cls(headers.get("etag", ""), headers.get("last-modified", ""))

    @property
    def condition(self) -> dict[str, str]:
        """The headers that ask for another state than this one."""
        asked = {"if-none-match": self.etag, "if-modified-since": self.last_modified}
        return {name: value for name, value in asked.items() if value}


NOTHING = Validators()
"""Tells nothing: whatever is there is asked for."""


@dataclass(frozen=True, slots=True)
class Dump:
    """A dump laid out as OSV's: ``all.zip``, ``modified_id.csv`` and ``ID.json`` in one place."""

    name: str
    """As messages call it: without credentials."""
    zip_url: str

    @classmethod
    def at(cls, url: str, name: str | None = None) -> Dump:
        """Return the dump at *url*: the address of the zip, or of what it lies in."""
        parts = split(url)
        path = parts.path if parts.path.endswith(".zip") else f"{parts.path.rstrip('/')}/all.zip"
        return cls(name or redacted(url), parts._replace(path=path).geturl())

    def beside(self, filename: str) -> str:
        """Return the address of another file of the dump."""
        parts = split(self.zip_url)
        return parts._replace(path=f"{parts.path.rpartition('/')[0]}/{filename}").geturl()


@dataclass(frozen=True, slots=True)
class Listing:
    """``modified_id.csv``: when each record was last modified."""

    validators: Validators
    modified: Mapping[str, str]


def resolve_sources(sources: Sequence[str], environ: Mapping[str, str]) -> tuple[Path | Dump, ...]:
    """Return what the entries of ``[advisories] sources`` mean: paths, absolute, and dumps."""
    return tuple(_resolve(source, environ) for source in sources)


def _resolve(source: str, environ: Mapping[str, str]) -> Path | Dump:
    if source == OSV:
        return Dump.at(environ.get(OSV_URL_VARIABLE) or OSV_URL, OSV)
    return local_path(source) if is_local(source) else Dump.at(source)


@dataclass(frozen=True, slots=True, kw_only=True)
class DumpReader:
    """Fetches the files of dumps.

    Every method raises :class:`SourceError` when the dump does not answer, answers too much, or takes too long.
    """

    client: HttpClient
    progress: Progress
    patience: float = inf
    """Seconds from the making of this reader until it gives up."""
    started: float = field(default_factory=time.monotonic)

    def listing(self, dump: Dump, known: Validators) -> Listing | None:
        """Return the list of records, ``None`` if it is the *known* one still.

        Raises :class:`~safeinstall.errors.ProjectNotFoundError` when the dump has no list.
        """
        url = dump.beside("modified_id.csv")
        with self._opened(url, known, LIST_LIMIT) as stream:
            if stream.status == _NOT_MODIFIED:
                return None
            text = b"".join(self._timed(dump.name, stream)).decode("ascii", "replace")
        return Listing(Validators.of(stream.headers), _parse(redacted(url), text))

    def zip(self, dump: Dump, known: Validators, path: Path) -> Validators | None:
        """Write the zip to *path*; return ``None`` if it is the *known* one still."""
        try:
            return self.file(dump.name, dump.zip_url, known, path, ZIP_LIMIT)
        except ProjectNotFoundError as error:  # no project was asked for
            raise SourceError(error.message, hint=_HINT) from error

    def file(self, name: str, url: str, known: Validators, path: Path, limit: int) -> Validators | None:
        """Write what is at *url* to *path*; return ``None`` if it is the *known* one still. Messages call it *name*.

        Raises :class:`~safeinstall.errors.ProjectNotFoundError` when nothing is there.
        """
        with self._opened(url, known, limit) as stream:
            if stream.status == _NOT_MODIFIED:
                return None
            with _written(path), path.open("wb") as file:
                file.writelines(self._timed(name, stream))
        self.progress(f"{name}: reading it")
        return Validators.of(stream.headers)

    def records(self, dump: Dump, ids: Collection[str], folder: Path) -> None:
        """Write these records into *folder*, each as ``ID.json``."""

        def fetch(id_: str) -> None:
            self._check(dump.name)
            body = self.client.get(dump.beside(id_ + SUFFIX), limit=RECORD_LIMIT).body
            with _written(folder):
                (folder / f"{id_}{SUFFIX}").write_bytes(body)

        with _written(folder):
            folder.mkdir()
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            for number, _ in enumerate(pool.map(fetch, sorted(ids)), 1):
                self.progress(f"{dump.name}: {number} of {len(ids)} changed records")

    def _opened(self, url: str, known: Validators, limit: int) -> AbstractContextManager[Stream]:
        headers = {"accept-encoding": "identity", **known.condition}
        return self.client.stream(url, headers=headers, limit=limit)

    def _timed(self, name: str, stream: Stream) -> Iterator[bytes]:
        announced, come = stream.headers.get("content-length", ""), 0
        whole = f" of {int(announced) / 1e6:.1f}" if announced.isdecimal() else ""
        for chunk in stream.chunks:
            self._check(name)
            come += len(chunk)
            self.progress(f"{name}: {come / 1e6:.1f}{whole} MB")
            yield chunk

    def _check(self, name: str) -> None:
        if time.monotonic() - self.started > self.patience:
            raise SourceError(
                f"{name} did not come within {self.patience:.0f} seconds",
                hint="run `safe-pip advisories sync`, which waits for as long as something comes",
            )


@contextmanager
def _written(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise SourceError(f"cannot write {path}: {error.strerror}", hint="make room in the cache directory") from error


def _parse(url: str, text: str) -> dict[str, str]:
    modified: dict[str, str] = {}
    for number, line in enumerate(text.splitlines(), 1):
        match = _LINE.fullmatch(line)
        if match is None:
            raise SourceError(f"{url}, line {number}: not a time and the id of a record", hint=_HINT)
        modified[match[2]] = max(match[1], modified.get(match[2], ""))
    if not modified:
        raise SourceError(f"{url} names no record", hint=_HINT)
    return modified
