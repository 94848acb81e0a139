"""Provenance as indexes announce it: fetched by many threads at once, kept for good, proved where that is asked for."""

from __future__ import annotations

import hashlib
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as NoAnswerError
from threading import Lock
from typing import TYPE_CHECKING, Protocol, TypeAlias

from safeinstall.errors import ProjectNotFoundError, SourceError
from safeinstall.facts.artifact import SourceKind
from safeinstall.facts.provenance import Provenance, Refuted, Unattested
from safeinstall.facts.values import Missing
from safeinstall.sources.network.urls import is_local, local_path, origin, redacted, split
from safeinstall.sources.places.kept_files import read_kept, write_kept
from safeinstall.sources.places.regular_files import read_regular
from safeinstall.sources.provenance.extra import INSTALL
from safeinstall.sources.provenance.object_json import BYTES
from safeinstall.sources.provenance.objects import parse_claims

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from typing_extensions import Self

    from safeinstall.facts.artifact import Artifact, Source
    from safeinstall.facts.provenance import ProvenanceFact
    from safeinstall.sources.network.http import HttpClient, Response

    _Answer: TypeAlias = tuple[bytes, ProvenanceFact]
    """An object, unless it is large, and what it says."""

ACCEPT = "application/vnd.pypi.integrity.v1+json, application/json; q=0.1"
"""What to ask for (PyPI: Integrity API)."""
RETRIES = 1
PATIENCE = 20.0
"""Seconds that an object is waited for. Of one that is late the fact is missing; its index is waited for no more."""
LARGE = 64 << 10
"""Bytes of an object that is not held in memory, but read again when it is to be proved."""
_NO_VERIFIER = Missing("what proves provenance is not installed", INSTALL)


class Verifier(Protocol):
    """Proves what an object says."""

    def verify(self, raw: bytes, *, filename: str, sha256: str) -> Provenance | Refuted | Missing:
        """Return what is proved, why it does not hold, or why nobody can tell. For many threads."""
        ...


class IndexProvenance:
    """A :class:`~safeinstall.ports.ProvenanceSource` over what project pages announce. Each object is asked for once.

    Close it, or leave its ``with`` block, to start nothing more.
    """

    def __init__(
        self,
        client: HttpClient,
        folder: Path,
        indexes: Sequence[Source] = (),
        *,
        open_verifier: Callable[[], Verifier] | None = None,
        workers: int = 8,
    ) -> None:
        """Ask by *client*, for each index by so many *workers* at once, and keep objects in *folder*.

        Of the *indexes* that pip is configured with, the one of an address lends its credentials (pip:
        network/auth.py). *open_verifier* is called when the first proof is asked for.
        """
        self._client = client
        self._folder = folder
        self._indexes = indexes
        self._open_verifier = open_verifier
        self._verifier: Verifier | None = None
        self._lock, self._proving = Lock(), Lock()
        self._objects: dict[tuple[str, str, str], Future[_Answer]] = {}
        self._recalled: set[tuple[str, str, str]] = set()
        self._proofs: dict[tuple[str, str, str], ProvenanceFact] = {}
        self._late: set[str] = set()
        self._workers, self._closed = workers, False
        self._pools: dict[str, ThreadPoolExecutor] = {}

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Start nothing more, and wait for nothing."""
        with self._lock:
            self._closed = True
        for pool in self._pools.values():
            pool.shutdown(wait=False, cancel_futures=True)

    def provenance(self, artifact: Artifact, *, verify: bool) -> ProvenanceFact:
        """See :class:`~safeinstall.ports.ProvenanceSource`."""
        if artifact.provenance is None or artifact.sha256 is None:
            return _unannounced(artifact)
        try:
            answer = self._asked(artifact, artifact.provenance, artifact.sha256)
            raw, claims = answer.result(timeout=0 if _whose(artifact) in self._late else PATIENCE)
        except NoAnswerError:
            self._late.add(_whose(artifact))
            return Missing(f"{redacted(artifact.provenance)} did not answer within {PATIENCE:.0f} seconds")
        except SourceError as error:
            return _unanswered(artifact, error)
        if not verify or not isinstance(claims, Provenance):
            return claims
        proved = self._proved(artifact, raw)
        return self._asked_anew(artifact, proved) if isinstance(proved, Refuted) else proved

    def _asked_anew(self, artifact: Artifact, refuted: Refuted) -> ProvenanceFact:
        """Ask the index once more where what was kept is *refuted*: it may have been mended since, or damaged here."""
        key = _key(artifact)
        with self._lock:
            if key not in self._recalled:
                return refuted
            self._recalled.remove(key)
            self._objects[key] = self._submitted(artifact, *key[::2])
        with self._proving:
            self._proofs.pop(key, None)
        found = self.provenance(artifact, verify=True)
        return refuted if isinstance(found, Missing) else found

    def prefetch_provenance(self, artifact: Artifact) -> None:
        """See :class:`~safeinstall.ports.ProvenanceSource`."""
        if artifact.provenance is not None and artifact.sha256 is not None:
            self._asked(artifact, artifact.provenance, artifact.sha256)

    def _asked(self, artifact: Artifact, address: str, sha256: str) -> Future[_Answer]:
        key = _key(artifact)
        with self._lock:
            if key not in self._objects:
                self._objects[key] = self._begun(artifact, address, sha256)
            return self._objects[key]

    def _begun(self, artifact: Artifact, address: str, sha256: str) -> Future[_Answer]:
        """Begin to fetch what is not kept. What is kept does not wait for a server that keeps all threads waiting."""
        if not is_local(address) and (raw := read_kept(self._path(address, sha256))) is not None:
            claims = parse_claims(raw, filename=artifact.filename, sha256=sha256)
            if isinstance(claims, Provenance):
                answer: Future[_Answer] = Future()
                answer.set_result((_held(raw), claims))
                self._recalled.add(_key(artifact))
                return answer
        return self._submitted(artifact, address, sha256)

    def _submitted(self, artifact: Artifact, address: str, sha256: str) -> Future[_Answer]:
        """Ask by threads for what this index announces: one that keeps them all waiting keeps nobody from another's."""
        if self._closed:
            answer: Future[_Answer] = Future()
            answer.cancel()
            return answer
        if (index := _whose(artifact)) not in self._pools:
            self._pools[index] = ThreadPoolExecutor(self._workers, "provenance")
        return self._pools[index].submit(self._read, artifact, address, sha256)

    def _read(self, artifact: Artifact, address: str, sha256: str) -> _Answer:
        """Return the object at *address* and what it says. Only what could be read is kept."""
        raw = _local(address) if is_local(address) else self._fetched(artifact, address)
        claims = parse_claims(raw, filename=artifact.filename, sha256=sha256)
        if isinstance(claims, Provenance) and not is_local(address):
            write_kept(self._path(address, sha256), raw)
        return _held(raw), claims

    def _read_again(self, artifact: Artifact, address: str, sha256: str) -> bytes:
        if is_local(address):
            return _local(address)
        return read_kept(self._path(address, sha256)) or self._fetched(artifact, address)

    def _fetched(self, artifact: Artifact, address: str) -> bytes:
        index = self._index_of(address) or artifact.source.url
        answer = self._client.get(address, headers={"accept": ACCEPT}, index_url=index, limit=BYTES, retries=RETRIES)
        _check_is_no_page(answer)
        return answer.body

    def _index_of(self, address: str) -> str | None:
        """Return the configured index whose server has *address*."""
        place = _server(address)
        return next((index.url for index in self._indexes if _server(index.url) == place), None)

    def _path(self, address: str, sha256: str) -> Path:
        """One index must not plant provenance for a file that another one serves: its address is part of the key."""
        key = hashlib.sha256(f"{sha256}\n{address.partition('?')[0]}".encode()).hexdigest()
        return self._folder / key[:2] / key

    def _proved(self, artifact: Artifact, raw: bytes) -> ProvenanceFact:
        key = _key(artifact)
        with self._proving:
            if key not in self._proofs:
                self._proofs[key] = self._verified(artifact, raw)
            return self._proofs[key]

    def _verified(self, artifact: Artifact, raw: bytes) -> ProvenanceFact:
        if self._open_verifier is None:
            return _NO_VERIFIER
        try:
            self._verifier = self._verifier or self._open_verifier()
            raw = raw or self._read_again(artifact, *_key(artifact)[::2])
            return self._verifier.verify(raw, filename=artifact.filename, sha256=artifact.sha256 or "")
        except SourceError as error:
            return Missing(error.message, error.hint)


def _key(artifact: Artifact) -> tuple[str, str, str]:
    return artifact.provenance or "", artifact.filename, artifact.sha256 or ""


def _held(raw: bytes) -> bytes:
    return raw if len(raw) <= LARGE else b""


def _unannounced(artifact: Artifact) -> ProvenanceFact:
    if artifact.source.kind is not SourceKind.INDEX:
        return Missing(f"{artifact.filename} is of no index")
    if artifact.provenance is None:
        return Unattested()
    return Missing(f"{artifact.source.display} publishes no sha256 of {artifact.filename}")


def _unanswered(artifact: Artifact, error: SourceError) -> Missing:
    if isinstance(error, ProjectNotFoundError):
        source = artifact.source.display
        return Missing(f"{source} announces it, but {error.message}", "report it to whoever runs the index")
    return Missing(error.message, error.hint)


def _local(address: str) -> bytes:
    """Return what the page of an index on this machine announces there."""
    try:
        return read_regular(local_path(address), BYTES)
    except OSError as error:
        raise SourceError(f"cannot read {redacted(address)}: {error.strerror}", hint="check the file") from error


def _whose(artifact: Artifact) -> str:
    """Return which index has announced it, wherever it serves it; what a lock names by its address is all one."""
    return artifact.source.url if artifact.source.kind is SourceKind.INDEX else ""


def _server(address: str) -> tuple[str, str, int | None] | None:
    try:
        return origin(split(address))
    except SourceError:
        return None


def _check_is_no_page(answer: Response) -> None:
    """A login page or proxy that answers in the place of an index says nothing of a file."""
    kind = answer.headers.get("content-type", "").strip().lower()
    if kind.startswith("text/html"):
        raise SourceError(
            f"{redacted(answer.url)} is no provenance object: its content type is {kind[:100]!r}",
            hint="check that no login page or proxy answers in the place of the index",
        )
