"""One file into one private place, measured as it comes: from this disk, from our cache, or over the network.

A download that breaks off goes on where it ended (RFC 9110, 14), also in a later run. What is already here is measured
with the rest, so that the hash is always that of the whole file.
"""

from __future__ import annotations

import os
import re
from contextlib import contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from itertools import count
from typing import IO, TYPE_CHECKING, Protocol

from safeinstall.errors import DiskError, IntegrityError, ProjectNotFoundError, SourceError
from safeinstall.facts.artifact import SourceKind
from safeinstall.sources.files.meter import Meter
from safeinstall.sources.network.transport import announced
from safeinstall.sources.network.urls import is_local, local_path
from safeinstall.sources.places.regular_files import read_local

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
    from contextlib import AbstractContextManager
    from pathlib import Path
    from threading import Event

    from safeinstall.facts.artifact import Artifact
    from safeinstall.sources.files.download_cache import DownloadCache

ATTEMPTS = 6
"""Downloads of one file whose connection breaks half way (pip: the first, and ``--resume-retries`` more)."""
_AS_IT_IS = {"accept-encoding": "identity"}
"""Servers take ``x.tar.gz`` for an encoded ``x.tar``; the hash is of the file (pip: network/utils.py)."""
_SHA256 = re.compile(r"[0-9a-f]{64}")
_CONTENT_RANGE = re.compile(r"bytes (\d+)-\d+/(?:\d+|\*)")


class Body(Protocol):
    """An answer whose body is still to be read, once."""

    @property
    def status(self) -> int:
        """200, 206 for a part that was asked for, or what is accepted."""
        ...

    @property
    def headers(self) -> Mapping[str, str]:
        """Names in lower case."""
        ...

    @property
    def chunks(self) -> Iterator[bytes]:
        """The bytes; a broken connection is a SourceError."""
        ...


@dataclass(frozen=True, slots=True)
class Whole:
    """A file that has come before, as an answer."""

    chunks: Iterator[bytes]
    status: int = HTTPStatus.OK
    headers: Mapping[str, str] = field(default_factory=dict)


class Client(Protocol):
    """What is needed of an HTTP client. It raises SourceError and nothing else."""

    def stream(
        self, url: str, *, headers: Mapping[str, str], index_url: str | None, accept: Collection[int]
    ) -> AbstractContextManager[Body]:
        """Open *url*, with the credentials of the index at *index_url* where those apply.

        A status in *accept* is an answer, and no error.
        """
        ...


class AbandonedError(Exception):
    """The file is no longer wanted."""


@dataclass(frozen=True, slots=True)
class Downloader:
    """Obtains files, for many threads."""

    client: Client
    cache: DownloadCache | None
    progress: Callable[[int], object]
    """Called with bytes that came."""
    stop: Event
    """Ends every download."""

    def obtain(self, artifact: Artifact, path: Path, answer: Body | None = None) -> Meter:
        """Write the file to *path*, and return what was measured. *answer* is the file, if it was asked for before.

        Raises:
            IntegrityError: it is not what was published or what the user gave a hash of.
            UnsatisfiableError: it needs a hash of the user, and has none.
            SourceError: it could not be had.
            DiskError: it could not be written.
            AbandonedError: it is no longer wanted.
        """
        with self._opened(artifact, path) as partial:
            self._bring(partial, answer)
            partial.meter.check_user()
        if self.cache is not None and partial.meter.downloaded:
            self.cache.add(partial.meter.sha256, path)
        return partial.meter

    def _bring(self, partial: _Partial, answer: Body | None) -> None:
        """Bring what is published as the file, from the nearest place."""
        if is_local(partial.artifact.url):
            partial.append(read_local(local_path(partial.artifact.url)))
            partial.meter.check()
        elif not self._is_cached(partial):
            self._read_part(partial)
            self._download(partial, answer)
            partial.meter.downloaded = True

    def keep(self, artifact: Artifact, path: Path) -> None:
        """Keep what has come of *artifact*, so that a later run can go on."""
        if self.cache is not None and (sha256 := _key(artifact)):
            self.cache.keep_part(sha256, path)

    @contextmanager
    def _opened(self, artifact: Artifact, path: Path) -> Iterator[_Partial]:
        try:
            with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:  # noqa: PTH123
                yield _Partial(artifact, file, self)
        except OSError as error:
            raise DiskError(
                f"{artifact.filename} cannot be written: {error.strerror}",
                hint="make room where temporary files go, or name another place with TMPDIR",
            ) from error

    def _is_cached(self, partial: _Partial) -> bool:
        sha256 = _key(partial.artifact)
        kept = self.cache.find(sha256) if self.cache is not None else None
        if self.cache is None or kept is None:
            return False
        try:
            partial.append(read_local(kept))
            partial.meter.check()
        except (IntegrityError, SourceError):  # whoever damaged it, the index still has the file
            self.cache.discard(sha256)
            partial.restart()
            return False
        return True

    def _read_part(self, partial: _Partial) -> None:
        """Begin with what an earlier run kept. It is gone from the cache then."""
        sha256 = _key(partial.artifact)
        kept = self.cache.find_part(sha256) if self.cache is not None else None
        if self.cache is None or kept is None:
            return
        try:
            partial.append(read_local(kept))
        except (IntegrityError, SourceError):
            partial.restart()
        self.cache.discard_part(sha256)

    def _download(self, partial: _Partial, answer: Body | None) -> None:
        """Bring the rest, in as many attempts as that takes and are allowed. The first may have its *answer*."""
        for attempt in count(1):
            had, partial.came = partial.meter.size, answer is not None
            try:
                self._go_on(partial) if answer is None else partial.take(answer)
            except IntegrityError:
                # What was here may be of another state of the file: the index has the last word, about the whole.
                if not had or attempt == ATTEMPTS:
                    raise
                partial.restart()
            except SourceError:
                if not partial.came or attempt == ATTEMPTS:  # the client tries again to connect as often as it should
                    raise
            else:
                return
            answer = None

    def _go_on(self, partial: _Partial) -> None:
        artifact = partial.artifact
        index_url = artifact.source.url if artifact.source.kind is SourceKind.INDEX else None
        headers, accept = {**_AS_IT_IS, **partial.condition()}, {HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE}
        try:
            with self.client.stream(artifact.url, headers=headers, index_url=index_url, accept=accept) as body:
                partial.came = True
                partial.take(body)
        except ProjectNotFoundError as error:
            if artifact.source.url == artifact.url:
                raise SourceError(error.message, hint="check the address") from error
            raise SourceError(
                f"{artifact.source.display} offers {artifact.filename} but does not have it: {error.message}",
                hint="try again later, or report it to whoever runs the index",
            ) from error


class _Partial:
    """What has come of a file, and its measure."""

    def __init__(self, artifact: Artifact, file: IO[bytes], downloader: Downloader) -> None:
        self.artifact, self.meter = artifact, Meter(artifact)
        self.came = False
        """Whether an answer has begun to come."""
        self._file, self._downloader = file, downloader
        self._etag = ""

    def restart(self, etag: str = "") -> None:
        """Forget it all."""
        self._file.seek(0)
        self._file.truncate()
        self.meter, self._etag = Meter(self.artifact), etag

    def append(self, chunks: Iterable[bytes]) -> None:
        """Add *chunks*. Raises IntegrityError when there is too much."""
        for chunk in chunks:
            if self._downloader.stop.is_set():
                raise AbandonedError
            self.meter.update(chunk)
            self._file.write(chunk)
            self._downloader.progress(len(chunk))

    def condition(self) -> dict[str, str]:
        """Return the headers that ask for the rest alone, if something tells whether it is the rest of this."""
        if not (self.meter.size and (self._etag or _key(self.artifact))):
            return {}
        asked = {"range": f"bytes={self.meter.size}-"}
        return asked | {"if-range": self._etag} if self._etag else asked

    def take(self, body: Body) -> None:
        """Add *body*, or begin anew with it, and check that the file is whole and what was published."""
        found = _CONTENT_RANGE.fullmatch(body.headers.get("content-range", ""))
        is_part = body.status != HTTPStatus.OK
        if not (is_part and self.meter.size and found and int(found[1]) == self.meter.size):
            self.restart(_strong(body.headers.get("etag", "")))
            if is_part:
                raise SourceError(
                    f"{self.artifact.source.display} sends another part of {self.artifact.filename} than was asked for",
                    hint="try again later, or report it to whoever runs the index",
                )
        self.meter.expect(announced(body.headers))
        self.append(body.chunks)
        self.meter.check()


def _key(artifact: Artifact) -> str:
    """Return the published sha256, by which files are kept; empty where there is none, or what is no such hash."""
    return artifact.sha256 if artifact.sha256 and _SHA256.fullmatch(artifact.sha256) else ""


def _strong(etag: str) -> str:
    """Return *etag* if it tells states apart byte by byte (RFC 9110, 8.8.1)."""
    return etag if etag.startswith('"') else ""
