"""Fetches the files of a plan and proves that they are what was judged. The only maker of ``VerifiedPlan``."""

from __future__ import annotations

import hashlib
import shutil
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass, field
from queue import SimpleQueue
from threading import Event, Thread
from typing import TYPE_CHECKING

from safeinstall.errors import IntegrityError, MetadataInvalidError, SourceError
from safeinstall.metadata import parse_metadata, parse_sdist_metadata
from safeinstall.models import ArtifactKind
from safeinstall.plan import _SEAL, VerifiedFile, VerifiedPlan
from safeinstall.resolve.user_hashes import check_user_hashes
from safeinstall.sources.archives import check_sdist, check_wheel
from safeinstall.sources.checked_files import CheckedFiles
from safeinstall.sources.download import AbandonedError, Downloader
from safeinstall.sources.download_cache import read_local
from safeinstall.sources.members import shown

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from types import TracebackType

    from typing_extensions import Self

    from safeinstall.models import Artifact, Metadata, Pinned
    from safeinstall.plan import Plan
    from safeinstall.sources.archives import Contents
    from safeinstall.sources.download import Client
    from safeinstall.sources.download_cache import DownloadCache

WORKERS = 8


@dataclass(frozen=True, slots=True)
class _Fetched:
    sha256: str
    size: int
    contents: Contents
    downloaded: bool


@dataclass(frozen=True, slots=True)
class _Job:
    artifact: Artifact
    path: Path
    result: Future[_Fetched] = field(default_factory=Future)

    @property
    def broke_off(self) -> bool:
        """Whether what has come may be the beginning of the file."""
        return not self.result.done() or isinstance(self.result.exception(), SourceError | AbandonedError)


class Downloads:
    """Downloads into one private directory, some of them perhaps in vain, and a plan proved at the end.

    Start files as soon as they are likely to be wanted; :meth:`finish` starts the rest. Use as a context manager from
    one thread: leaving it stops what is still running, and removes the directory unless a plan was finished.
    """

    def __init__(
        self,
        client: Client,
        directory: Path,
        *,
        cache: DownloadCache | None = None,
        checked: CheckedFiles | None = None,
        progress: Callable[[int], object] = lambda _: None,
        workers: int = WORKERS,
    ) -> None:
        """Make *directory*, which must not exist yet. *progress* is called from many threads, with bytes that came."""
        directory.mkdir(mode=0o700)
        self._directory, self._workers = directory, workers
        self._checked = checked or CheckedFiles(None)
        self._stop = Event()
        self._downloader = Downloader(client, cache, progress, self._stop)
        self._jobs: dict[Artifact, _Job] = {}
        self._queue: SimpleQueue[_Job | None] = SimpleQueue()
        self._threads: list[Thread] = []
        self._finished = False

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Stop the threads; remove everything unless it ended well."""
        self._close()
        if kind is not None or not self._finished:
            for job in self._jobs.values():
                if job.broke_off:
                    self._downloader.keep(job.artifact, job.path)
            shutil.rmtree(self._directory, ignore_errors=True)

    def start(self, artifact: Artifact) -> None:
        """Begin to fetch *artifact*, once. Never raises: an error is :meth:`finish`'s to report, if it matters then."""
        if artifact not in self._jobs:
            job = _Job(artifact, self._directory / f"{len(self._jobs)}.partial")
            self._jobs[artifact] = job
            self._queue.put(job)
            if len(self._threads) < self._workers:
                # A daemon, so that an interrupted run does not wait for a server that has stopped to answer.
                self._threads.append(Thread(target=self._work, daemon=True))
                self._threads[-1].start()

    def obtain(self, artifact: Artifact) -> Path:
        """Fetch one file that is no part of a plan yet: a source distribution that must be built to be understood.

        Raises as :meth:`finish`; its metadata is compared with nothing.
        """
        self.start(artifact)
        job = self._jobs[artifact]
        job.result.result()
        self._close()
        self._finished = True
        return job.path.rename(self._directory / artifact.filename)

    def finish(self, plan: Plan) -> VerifiedPlan:
        """Wait for the files of *plan*, and return it with them. Files that it does not hold are removed.

        Raises:
            IntegrityError: a file is not what was judged, by size, hash, structure or metadata.
            SourceError: a file could not be had.
        """
        for pin in plan.files:
            self.start(pin.artifact)
        files = tuple(self._verified(pin) for pin in plan.files)
        self._close()
        for path in self._directory.glob("*.partial"):
            path.unlink(missing_ok=True)
        self._finished = True
        return VerifiedPlan(plan, files, _SEAL)

    def _verified(self, pin: Pinned) -> VerifiedFile:
        job = self._jobs[pin.artifact]
        fetched = job.result.result()
        _check_user_hashes(pin, fetched.sha256, job.path)
        _check_metadata(pin, fetched.contents)
        path = job.path.rename(self._directory / pin.artifact.filename)
        return VerifiedFile(
            pin=pin,
            path=str(path),
            sha256=fetched.sha256,
            size=fetched.size,
            layout=fetched.contents.layout,
            downloaded=fetched.downloaded,
        )

    def _close(self) -> None:
        self._stop.set()
        for _ in self._threads:
            self._queue.put(None)

    def _work(self) -> None:
        while (job := self._queue.get()) is not None:
            self._run(job)

    def _run(self, job: _Job) -> None:
        try:
            job.result.set_result(self._fetch(job.artifact, job.path))
        except BaseException as error:  # noqa: BLE001 - raised again where the file is asked for
            job.result.set_exception(error)

    def _fetch(self, artifact: Artifact, path: Path) -> _Fetched:
        if self._stop.is_set():
            raise AbandonedError
        _check_filename(artifact)
        meter = self._downloader.obtain(artifact, path)
        contents = self._checked_contents(artifact, path, meter.sha256, meter.size)
        return _Fetched(meter.sha256, meter.size, contents, meter.downloaded)

    def _checked_contents(self, artifact: Artifact, path: Path, sha256: str, size: int) -> Contents:
        name = artifact.filename
        if artifact.kind is not ArtifactKind.WHEEL:  # never remembered: the same bytes as a wheel are held to more
            return check_sdist(path, name)
        return self._checked.passed(sha256, size, lambda intact: check_wheel(path, name, intact=intact))


def fetch(
    plan: Plan,
    client: Client,
    directory: Path,
    *,
    cache: DownloadCache | None = None,
    progress: Callable[[int], object] = lambda _: None,
) -> VerifiedPlan:
    """Fetch the files of *plan* into *directory*, which must not exist yet. Raises as :meth:`Downloads.finish`."""
    with Downloads(client, directory, cache=cache, progress=progress) as downloads:
        return downloads.finish(plan)


def _check_filename(artifact: Artifact) -> None:
    """Refuse a name that is a path: an index must not choose where we write."""
    name = artifact.filename
    if name in {"", ".", ".."} or not name.isprintable() or {"/", "\\"} & {*name} or name.endswith(".partial"):
        raise IntegrityError(f"{artifact.source.display} offers {shown(name)}, which is not a file name")


def _check_user_hashes(pin: Pinned, sha256: str, path: Path) -> None:
    """Refuse a file that is not the one the user gave hashes of, whatever the index says of it."""
    kinds = {digest.partition(":")[0] for digests in pin.user_hashes for digest in digests} - {"sha256"}
    measured = {kind: hashlib.new(kind, usedforsecurity=False) for kind in kinds}
    if measured:
        for chunk in read_local(path):
            for digest in measured.values():
                digest.update(chunk)
    check_user_hashes(pin, {"sha256": sha256} | {kind: digest.hexdigest() for kind, digest in measured.items()})


def _check_metadata(pin: Pinned, contents: Contents) -> None:
    """Refuse a file whose own metadata is not what was resolved and judged (PEP 658 lets an index serve another)."""
    artifact = pin.artifact
    inside = _metadata_inside(artifact, contents)
    if inside is None:
        return
    for name, ours in _fields(inside).items():
        theirs = _fields(pin.metadata)[name]
        if ours != theirs:
            raise IntegrityError(
                f"{artifact.filename} from {artifact.source.display} contradicts the metadata it was resolved by: "
                f"{name} {_difference(ours, theirs)}",
                hint="the index serves two truths about this file: do not install it, and tell whoever runs the index",
            )


def _metadata_inside(artifact: Artifact, contents: Contents) -> Metadata | None:
    """Return what the file says of itself; ``None`` for a source distribution that promises nothing (PEP 643)."""
    data = contents.metadata or b""
    if artifact.kind is ArtifactKind.WHEEL:
        try:
            return parse_metadata(data, name=artifact.name, version=artifact.version)
        except MetadataInvalidError as error:
            raise IntegrityError(f"{artifact.filename} from {artifact.source.display}: {error.message}") from error
    with suppress(MetadataInvalidError):
        return parse_sdist_metadata(data, name=artifact.name, version=artifact.version)
    return None


def _fields(metadata: Metadata) -> dict[str, frozenset[str]]:
    return {
        "Name": frozenset({metadata.name}),
        "Version": frozenset({str(metadata.version)}),
        "Requires-Dist": frozenset(map(str, metadata.requires_dist)),
        "Requires-Python": frozenset(map(str, metadata.requires_python or ())),
        "Provides-Extra": frozenset(metadata.provides_extra),
    }


def _difference(inside: frozenset[str], outside: frozenset[str]) -> str:
    parts = (("has", inside - outside), ("lacks", outside - inside))
    return " and ".join(f"{verb} {', '.join(map(shown, sorted(values)))}" for verb, values in parts if values)
