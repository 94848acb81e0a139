"""Package indexes and find-links behind one :class:`~safeinstall.ports.IndexSource`, asked by many threads at once."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from itertools import groupby
from threading import Lock
from typing import TYPE_CHECKING, TypeVar

from safeinstall.errors import ProjectNotFoundError, SourceError
from safeinstall.facts.artifact import SourceKind
from safeinstall.ports import ProjectPage
from safeinstall.sources.files.file_metadata import FileMetadata
from safeinstall.sources.index.find_links import FindLinks, read_local_page
from safeinstall.sources.index.index_pages import IndexPages
from safeinstall.sources.index.mirrors import mirrored
from safeinstall.sources.network.urls import is_local, local_path

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Sequence
    from pathlib import Path

    from packaging.utils import NormalizedName
    from typing_extensions import Self

    from safeinstall.facts.artifact import HeldArtifact, Metadata, Source
    from safeinstall.ports import ListedFile
    from safeinstall.sources.files.fetch import Downloads
    from safeinstall.sources.files.metadata_cache import MetadataCache
    from safeinstall.sources.index.page_cache import PageCache
    from safeinstall.sources.network.http import HttpClient

    Route = Callable[[NormalizedName], Sequence[Source]]
    OnPage = Callable[[NormalizedName, tuple[ProjectPage, ...]], None]
    OnMetadata = Callable[[HeldArtifact, Metadata], None]

_T = TypeVar("_T")


class SimpleIndex:
    """Answers from the sources that *route* names for a project, in pip's order (pip: index/package_finder.py).

    A source that the policy denies (``Source.denied``) has a page without files, and is not asked.
    First the archives of all find-links together, by descending address; then the pages of find-links; then the
    indexes as routed. Every question is asked once and its answer kept. Close it, or leave its ``with`` block, to
    start nothing more.
    """

    def __init__(
        self,
        client: HttpClient,
        route: Route,
        downloads: Downloads | None = None,
        *,
        cache: MetadataCache | None = None,
        pages: PageCache | None = None,
        admit: Callable[[str], bool] = lambda _: True,
        on_page: OnPage | None = None,
        on_metadata: OnMetadata | None = None,
        workers: int = 8,
    ) -> None:
        """Ask by *client*, with up to *workers* projects and as many files at once.

        *downloads* has whole files; it can be given later, before anything but pages is asked for.
        *cache* keeps metadata, and *pages* the pages of indexes; of these, only the files are read whose names *admit*
        likes.
        *on_page* and *on_metadata* hear each answer as it comes, in the thread that fetched it; they may prefetch, and
        must not wait for anything.
        """
        self.on_page = on_page
        self.on_metadata = on_metadata
        self._client = client
        if downloads:
            self.read_files_by(downloads, cache)
        self._index_pages = IndexPages(client, pages, admit)
        self._route = route
        self._lock = Lock()
        self._find_links: dict[str, FindLinks] = {}
        self._pages: dict[Hashable, Future[tuple[ProjectPage, ...]]] = {}
        self._metadata: dict[Hashable, Future[Metadata]] = {}
        self._ahead: set[NormalizedName] = set()
        # A project waits for its sources, so that the two must not share threads.
        self._projects = ThreadPoolExecutor(workers, "project")
        self._requests = ThreadPoolExecutor(workers, "request")

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close it."""
        self.close()

    def close(self) -> None:
        """Start nothing more, and wait for nothing."""
        self._projects.shutdown(wait=False, cancel_futures=True)
        self._requests.shutdown(wait=False, cancel_futures=True)

    def read_files_by(self, downloads: Downloads, cache: MetadataCache | None) -> None:
        """Take whole files from *downloads*, and keep metadata in *cache*."""
        self._files = FileMetadata(self._client, cache, downloads)

    def ask_ahead(self, name: NormalizedName) -> None:
        """Ask for the pages of *name* before anybody listens: ``on_page`` hears of them when they are asked again."""
        self._ahead.add(name)
        self._once(self._pages, name, self._projects, lambda: self._collect(name), lambda _: None)

    def pages(self, name: NormalizedName) -> tuple[ProjectPage, ...]:
        """See :class:`~safeinstall.ports.IndexSource`."""
        return self._ask_pages(name).result()

    def prefetch_pages(self, name: NormalizedName) -> None:
        """See :class:`~safeinstall.ports.IndexSource`."""
        answer = self._ask_pages(name)
        if name in self._ahead:
            self._ahead.discard(name)
            answer.add_done_callback(lambda answer: self._announce_late(name, answer))

    def metadata(self, artifact: HeldArtifact) -> Metadata:
        """See :class:`~safeinstall.ports.IndexSource`; also for direct references to wheels and archives."""
        return self._ask_metadata(artifact).result()

    def prefetch_metadata(self, artifact: HeldArtifact) -> None:
        """See :class:`~safeinstall.ports.IndexSource`."""
        self._ask_metadata(artifact)

    def _ask_pages(self, name: NormalizedName) -> Future[tuple[ProjectPage, ...]]:
        def announce(pages: tuple[ProjectPage, ...]) -> None:
            if self.on_page:
                self.on_page(name, pages)

        return self._once(self._pages, name, self._projects, lambda: self._collect(name), announce)

    def _announce_late(self, name: NormalizedName, answer: Future[tuple[ProjectPage, ...]]) -> None:
        if self.on_page and not answer.cancelled() and answer.exception() is None:
            self.on_page(name, answer.result())

    def _ask_metadata(self, artifact: HeldArtifact) -> Future[Metadata]:
        def announce(metadata: Metadata) -> None:
            if self.on_metadata:
                self.on_metadata(artifact, metadata)

        return self._once(self._metadata, artifact, self._requests, lambda: self._files.read(artifact), announce)

    def _once(
        self,
        answers: dict[Hashable, Future[_T]],
        key: Hashable,
        pool: ThreadPoolExecutor,
        ask: Callable[[], _T],
        announce: Callable[[_T], None],
    ) -> Future[_T]:
        with self._lock:
            if key in answers:
                return answers[key]
            answer = answers[key] = Future()
        try:
            pool.submit(_answer, answer, ask, announce)
        except RuntimeError:  # closed
            answer.cancel()
        return answer

    def _collect(self, name: NormalizedName) -> tuple[ProjectPage, ...]:
        routed = {(source.kind, source.url): source for source in self._route(name)}.values()
        sources = [source for source in routed if not source.denied]
        unasked = [ProjectPage(source=source, files=()) for source in routed if source.denied]
        links = [self._links(source) for source in sources if source.kind is SourceKind.FIND_LINKS]
        indexes = [source for source in sources if source.kind is SourceKind.INDEX]
        answers = self._each(indexes, lambda source: self._index_page(name, source))
        archives = _archive_pages([(source.source, file) for source in links for file in source.files(name)])
        listings = [page for source in links for page in source.pages(name)]
        return (*archives, *listings, *mirrored(name, [page for page in answers if page is not None]), *unasked)

    def _each(self, sources: Sequence[Source], ask: Callable[[Source], _T]) -> list[_T]:
        """Ask all *sources* at once; a single one needs no other thread."""
        if len(sources) == 1:
            return [ask(sources[0])]
        return list(self._requests.map(ask, sources))

    def _links(self, source: Source) -> FindLinks:
        with self._lock:
            return self._find_links.setdefault(source.url, FindLinks(source, self._index_pages.fetch))

    def _index_page(self, name: NormalizedName, source: Source) -> ProjectPage | None:
        if is_local(source.url):
            return _local_index_page(local_path(source.url), name, source)
        url = f"{source.url.rstrip('/')}/{name}/"
        try:
            return self._index_pages.read(url, source)
        except ProjectNotFoundError:
            return None


def _answer(answer: Future[_T], ask: Callable[[], _T], announce: Callable[[_T], None]) -> None:
    try:
        found = ask()
    except BaseException as error:  # noqa: BLE001  # whoever asked gets it, whatever it is
        answer.set_exception(error)
    else:
        answer.set_result(found)
        announce(found)


def _archive_pages(archives: list[tuple[Source, ListedFile]]) -> list[ProjectPage]:
    """Sort across all find-links, as pip does: one source can so come up more than once."""
    ordered = sorted({file.url: (source, file) for source, file in archives}.values(), key=_by_url, reverse=True)
    return [
        ProjectPage(source=source, files=tuple(file for _, file in group))
        for source, group in groupby(ordered, key=lambda pair: pair[0])
    ]


def _by_url(archive: tuple[Source, ListedFile]) -> str:
    return archive[1].url


def _local_index_page(root: Path, name: NormalizedName, source: Source) -> ProjectPage | None:
    if not root.is_dir():
        raise SourceError(
            f"the index {source.display} is no directory", hint="create it, or take it out of pip's configuration"
        )
    page = root / name / "index.html"
    return read_local_page(page, source) if page.is_file() else None
