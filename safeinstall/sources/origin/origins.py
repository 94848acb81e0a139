"""Compares wheels with what they were made of, by threads of its own, and remembers what came of it."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from threading import Event, Lock
from typing import TYPE_CHECKING

from packaging.utils import InvalidWheelFilename, parse_wheel_filename

from safeinstall.errors import SafeInstallError
from safeinstall.facts.artifact import ArtifactKind
from safeinstall.facts.origins.origin import Origin, compare
from safeinstall.facts.values import Missing
from safeinstall.sources.origin.commits import read_commit
from safeinstall.sources.origin.trees import sdist_tree, wheel_tree

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from typing_extensions import Self

    from safeinstall.facts.artifact import HeldArtifact
    from safeinstall.facts.origins.origin import AttestedCommit, Comparison, Tree
    from safeinstall.plan.verified import VerifiedBytes
    from safeinstall.sources.origin.kept import KeptComparisons

    Obtain = Callable[[HeldArtifact], VerifiedBytes]

WORKERS = 2
_ANY = "any"


class Comparer:
    """A :class:`~safeinstall.ports.OriginSource`. Each file is compared with each source once.

    Close it, or leave its ``with`` block, to start nothing more, and to end every git.
    """

    def __init__(
        self,
        obtain: Obtain,
        obtain_source: Obtain,
        kept: KeptComparisons,
        mirrors: Mapping[str, str],
        environ: Mapping[str, str],
    ) -> None:
        """Take wheels from *obtain* and source distributions from *obtain_source*; read commits over *mirrors*."""
        self._obtain, self._obtain_source, self._kept = obtain, obtain_source, kept
        self._mirrors, self._environ = mirrors, environ
        self._pool = ThreadPoolExecutor(WORKERS, "origin")
        self._lock, self._stop = Lock(), Event()
        self._under_way: dict[tuple[str, str], Future[Comparison]] = {}

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close it."""
        self._stop.set()
        self._pool.shutdown(wait=False, cancel_futures=True)

    def prefetch_origin(self, wheel: HeldArtifact, sdist: HeldArtifact) -> None:
        """See :class:`~safeinstall.ports.OriginSource`."""
        self._with_sdist(wheel, sdist)

    def origin(
        self, wheel: HeldArtifact, sdist: HeldArtifact | Missing, commit: AttestedCommit | None
    ) -> Origin | Missing:
        """See :class:`~safeinstall.ports.OriginSource`."""
        first = self.with_sdist(wheel, sdist)
        origin = first if isinstance(first, Missing) else Origin.of([first])
        if commit is None or not (isinstance(origin, Missing) or origin.told):
            return origin
        second = self.with_commit(wheel, commit)
        if isinstance(second, Missing):
            return second if isinstance(origin, Missing) else origin
        return Origin.of([second] if isinstance(first, Missing) else [first, second])

    def with_sdist(self, wheel: HeldArtifact, sdist: HeldArtifact | Missing) -> Comparison | Missing:
        """Return what comes of comparing *wheel* with *sdist*."""
        return sdist if isinstance(sdist, Missing) else _had(self._with_sdist(wheel, sdist))

    def with_commit(self, file: HeldArtifact, commit: AttestedCommit) -> Comparison | Missing:
        """Return what comes of comparing *file*, of either kind, with *commit*."""
        key = f"{commit.repository} {commit.commit}"
        return _had(self._compared(file, key, commit.shown, lambda: self._commit_tree(commit)))

    def _with_sdist(self, wheel: HeldArtifact, sdist: HeldArtifact) -> Future[Comparison]:
        return self._compared(wheel, str(sdist.sha256), sdist.filename, lambda: self._tree(sdist))

    def _compared(self, file: HeldArtifact, key: str, name: str, read: Callable[[], Tree]) -> Future[Comparison]:
        place = (file.url, key)
        with self._lock:
            if place not in self._under_way:
                try:
                    self._under_way[place] = self._pool.submit(self._compare, file, key, name, read)
                except RuntimeError:  # closed
                    self._under_way[place] = Future()
                    self._under_way[place].cancel()
            return self._under_way[place]

    def _compare(self, file: HeldArtifact, key: str, name: str, read: Callable[[], Tree]) -> Comparison:
        found = self._kept.find(file.sha256, key) if file.sha256 else None
        if found is not None:
            return found
        source = read()
        verified = self._bytes(file)
        found = compare(_tree_of(verified), source, name, compiled=_is_compiled(file))
        self._kept.add(verified.sha256, key, found)
        return found

    def _bytes(self, file: HeldArtifact) -> VerifiedBytes:
        return self._obtain(file) if file.kind is ArtifactKind.WHEEL else self._obtain_source(file)

    def _tree(self, file: HeldArtifact) -> Tree:
        return _tree_of(self._bytes(file))

    def _commit_tree(self, commit: AttestedCommit) -> Tree:
        return read_commit(commit.repository, commit.commit, self._mirrors, self._environ, self._stop)


def _tree_of(verified: VerifiedBytes) -> Tree:
    artifact = verified.artifact
    read = wheel_tree if artifact.kind is ArtifactKind.WHEEL else sdist_tree
    return read(Path(verified.path), artifact.filename)


def _had(answer: Future[Comparison]) -> Comparison | Missing:
    try:
        return answer.result()
    except SafeInstallError as error:
        return Missing(error.message, error.hint)


def _is_compiled(file: HeldArtifact) -> bool:
    """Whether *file* is a wheel for some platform or interpreter's ABI."""
    try:
        tags = parse_wheel_filename(file.filename)[3]
    except InvalidWheelFilename:
        return False
    return any(tag.platform != _ANY for tag in tags)
