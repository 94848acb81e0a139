"""Fetches files, each once, and proves that they are what was promised. The only maker of ``VerifiedBytes`` and plans.

First a file is measured: until it has every hash that is known for it, nobody opens it. Then its archive is checked,
and in the end its metadata is compared with what was resolved and judged.
"""

from __future__ import annotations

from contextlib import nullcontext, suppress
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path
from queue import SimpleQueue
from threading import Event, Lock, Thread
from typing import TYPE_CHECKING

from safeinstall.errors import IntegrityError, MetadataDynamicError, MetadataInvalidError, SourceError
from safeinstall.facts.artifact import ArtifactKind
from safeinstall.facts.metadata import parse_metadata, parse_sdist_metadata
from safeinstall.plan.plan import _SEAL as _PLAN_SEAL
from safeinstall.plan.plan import VerifiedFile, VerifiedPlan
from safeinstall.plan.verified import _SEAL, VerifiedBytes
from safeinstall.sources.archives.archives import check_sdist, check_wheel
from safeinstall.sources.archives.checked_files import CheckedFiles
from safeinstall.sources.archives.members import shown
from safeinstall.sources.files.download import AbandonedError, Downloader, Whole
from safeinstall.sources.files.once import Once
from safeinstall.sources.places.regular_files import read_local
from safeinstall.sources.places.temporary import remove_tree

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from contextlib import AbstractContextManager
    from typing import TypeAlias

    from typing_extensions import Self

    from safeinstall.facts.artifact import Artifact, HeldArtifact, Metadata
    from safeinstall.facts.verdict import Pinned
    from safeinstall.plan.plan import Plan
    from safeinstall.sources.archives.archives import Contents, Visitor
    from safeinstall.sources.files.download import Body, Client
    from safeinstall.sources.files.download_cache import DownloadCache

    Readers: TypeAlias = Callable[[VerifiedBytes], AbstractContextManager[Sequence[Visitor]]]

WORKERS = 8


@dataclass(frozen=True, slots=True)
class _Job:
    artifact: HeldArtifact
    folder: Path
    """Of this file alone."""
    fetched: Once[VerifiedBytes]
    opened: Once[Contents]
    stop: Event

    @property
    def partial(self) -> Path:
        return self.folder / ".partial"

    @property
    def broke_off(self) -> bool:
        """Whether what has come may be the beginning of the file."""
        return not self.fetched.ended or isinstance(self.fetched.error, SourceError | AbandonedError)


class Downloads:
    """The files of one run below one private directory, some of them perhaps in vain. For many threads.

    Whoever needs a file first fetches it; :meth:`start` lets threads of our own do so ahead. Close it, or leave its
    ``with`` block, to stop what is still running.
    """

    def __init__(
        self,
        client: Client,
        directory: Path,
        *,
        cache: DownloadCache | None = None,
        checked: CheckedFiles | None = None,
        progress: Callable[[int], object] = lambda _: None,
        readers: Readers | None = None,
        workers: int = WORKERS,
    ) -> None:
        """Make *directory* when it is needed. *progress* is called from many threads, with bytes that came.

        *readers* says who else sees the members of a wheel while they are checked.
        """
        self._client, self._directory, self._cache, self._progress = client, directory, cache, progress
        self._checked, self._readers = checked or CheckedFiles(None), readers or (lambda _: nullcontext(()))
        self._workers, self._threads = workers, list[Thread]()
        self._lock = Lock()
        self._jobs: dict[HeldArtifact, _Job] = {}
        self._queue: SimpleQueue[_Job | None] = SimpleQueue()
        self._count = 0
        self._planned: set[HeldArtifact] = set()
        self._closed = False

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close it."""
        self.close()

    def close(self) -> None:
        """Start nothing more, stop what is running, keep what has come of it for a later run, and remove what is in no
        finished plan.
        """
        with self._lock:
            self._closed = True
            jobs = list(self._jobs.values())
        for job in jobs:
            job.stop.set()
            if job.broke_off:
                self._downloader(job).keep(job.artifact, job.partial)
        for _ in self._threads:
            self._queue.put(None)
        self.settle()
        with suppress(OSError):  # files of a plan are in it
            self._directory.rmdir()

    def start(self, artifact: HeldArtifact) -> None:
        """Begin to fetch and check *artifact*. Never raises: an error is for whoever asks for the file."""
        job = self._job(artifact)
        with self._lock:
            if self._closed:
                return
            self._queue.put(job)
            if len(self._threads) < min(self._workers, len(self._jobs)):
                # A daemon, so that an interrupted run does not wait for a server that has stopped to answer.
                self._threads.append(Thread(target=self._work, daemon=True))
                self._threads[-1].start()

    def obtain(self, artifact: HeldArtifact) -> VerifiedBytes:
        """Return the file, fetched now by this thread unless it is under way.

        Raises:
            IntegrityError: it has not every hash that is known for it, or another size.
            UnsatisfiableError: it needs a hash of the user, and has none.
            SourceError: it could not be had.
        """
        return self._job(artifact).fetched()

    def open(self, artifact: HeldArtifact) -> Contents:
        """Return what the archive says of itself, once its bytes are verified. Raises as :meth:`obtain`, and
        ``IntegrityError`` for an archive that no honest tool makes.
        """
        return self._job(artifact).opened()

    def take(self, artifact: HeldArtifact, answer: Body) -> None:
        """Fetch *artifact* out of an *answer* that is the whole file, unless that has begun. Never raises, as above."""
        with suppress(BaseException):
            self._job(artifact, answer).fetched()

    def finish(self, plan: Plan) -> VerifiedPlan:
        """Wait for the files of *plan*, and return it with them.

        Raises:
            IntegrityError: a file is not what was judged, by size, hash, structure or metadata.
            SourceError: a file could not be had.
        """
        for pin in plan.files:
            self.start(pin.artifact)
        files = tuple(self._verified(pin) for pin in plan.files)
        self._planned |= {pin.artifact for pin in plan.files}
        return VerifiedPlan(plan, files, _PLAN_SEAL)

    def settle(self) -> None:
        """Stop and remove what was started in vain: no finished plan holds it."""
        with self._lock:
            vain = [job for artifact, job in self._jobs.items() if artifact not in self._planned]
            for job in vain:
                del self._jobs[job.artifact]
        for job in vain:
            job.stop.set()
            remove_tree(job.folder)

    def _job(self, artifact: HeldArtifact, answer: Body | None = None) -> _Job:
        with self._lock:
            if artifact not in self._jobs:
                self._jobs[artifact] = self._new_job(artifact, answer)
            return self._jobs[artifact]

    def _new_job(self, artifact: HeldArtifact, answer: Body | None) -> _Job:
        self._count += 1
        job = _Job(
            artifact,
            self._directory / str(self._count),
            Once(lambda: self._fetch(job, answer)),
            Once(lambda: self._open(job.fetched())),
            Event(),
        )
        return job

    def _work(self) -> None:
        while (job := self._queue.get()) is not None:
            with suppress(BaseException):  # raised again where the file is asked for
                job.opened()

    def _fetch(self, job: _Job, answer: Body | None) -> VerifiedBytes:
        _check_filename(job.artifact)
        with self._lock:  # so that nothing is made once the end has come
            if self._closed:
                raise AbandonedError
            self._directory.mkdir(mode=0o700, exist_ok=True)
            job.folder.mkdir(mode=0o700)
        answer = answer or self._come_before(job)
        meter = self._downloader(job).obtain(job.artifact, job.partial, answer)
        path = job.partial.rename(job.folder / job.artifact.filename)
        return VerifiedBytes(job.artifact, str(path), meter.sha256, meter.size, meter.downloaded, _SEAL)

    def _come_before(self, job: _Job) -> Body | None:
        """Return what has come from the same address, to be measured again: a build may have told another name or
        version than the address does, and with the name more hashes that the user gives.
        """
        with self._lock:
            earlier = takewhile(lambda one: one is not job, self._jobs.values())
            same = next((one for one in earlier if one.artifact.url == job.artifact.url), None)
        with suppress(Exception):  # the address is asked again then
            return Whole(read_local(Path(same.fetched().path))) if same else None
        return None

    def _downloader(self, job: _Job) -> Downloader:
        return Downloader(self._client, self._cache, self._progress, job.stop)

    def _open(self, verified: VerifiedBytes) -> Contents:
        path, filename = Path(verified.path), verified.artifact.filename
        if verified.artifact.kind is not ArtifactKind.WHEEL:  # never remembered: as a wheel the same is held to more
            return check_sdist(path, filename)
        sha256, size = verified.sha256, verified.size
        with self._readers(verified) as visitors:
            return self._checked.passed(
                sha256, size, lambda intact: check_wheel(path, filename, intact=intact, visitors=visitors)
            )

    def _verified(self, pin: Pinned) -> VerifiedFile:
        job = self._job(pin.artifact)
        found, contents = job.fetched(), job.opened()
        _check_metadata(pin, contents)
        return VerifiedFile(
            pin=pin,
            path=found.path,
            sha256=found.sha256,
            size=found.size,
            layout=contents.layout,
            downloaded=found.downloaded,
        )


def fetch(
    plan: Plan,
    client: Client,
    directory: Path,
    *,
    cache: DownloadCache | None = None,
    progress: Callable[[int], object] = lambda _: None,
) -> VerifiedPlan:
    """Fetch the files of *plan* below *directory*. Raises as :meth:`Downloads.finish`."""
    with Downloads(client, directory, cache=cache, progress=progress) as downloads:
        return downloads.finish(plan)


def _check_filename(artifact: Artifact) -> None:
    """Refuse a name that is a path: an index must not choose where we write."""
    name = artifact.filename
    if name in {"", ".", ".."} or not name.isprintable() or {"/", "\\"} & {*name} or name.endswith(".partial"):
        raise IntegrityError(f"{artifact.source.display} offers {shown(name)}, which is not a file name")


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
    """Return what the file says of itself; ``None`` for a source distribution that promises nothing (PEP 643), or not
    of the folder that is asked for.
    """
    if artifact.kind is ArtifactKind.SDIST and artifact.subdirectory:
        return None
    parse = parse_metadata if artifact.kind is ArtifactKind.WHEEL else parse_sdist_metadata
    try:
        return parse(contents.metadata or b"", name=artifact.name, version=artifact.version)
    except MetadataDynamicError:
        return None
    except MetadataInvalidError as error:
        raise IntegrityError(f"{artifact.filename} from {artifact.source.display}: {error.message}") from error


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
