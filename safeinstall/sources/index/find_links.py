"""``--find-links``: directories of archives and pages, single archives, and pages anywhere (pip: index/sources.py)."""

from __future__ import annotations

import re
import stat
from collections import defaultdict
from functools import cached_property
from threading import Lock
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from packaging.utils import (
    InvalidSdistFilename,
    InvalidWheelFilename,
    parse_sdist_filename,
    parse_wheel_filename,
)

from safeinstall.errors import ProjectNotFoundError, SourceError
from safeinstall.ports import ListedFile, ProjectPage
from safeinstall.sources.index.project_page import Base, fragment_hash, fragment_part, parse_project_page
from safeinstall.sources.network.transport import BODY_LIMIT
from safeinstall.sources.network.urls import is_local, local_path
from safeinstall.sources.places.regular_files import read_regular

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from packaging.utils import NormalizedName

    from safeinstall.facts.artifact import Source

_ARCHIVE = re.compile(r"\.(whl|zip|tar|tar\.gz|tgz|tar\.bz2|tbz|tar\.xz|txz|tlz|tar\.lz|tar\.lzma)$", re.IGNORECASE)
_SEPARATORS = re.compile(r"[-_.]+")


class FindLinks:
    """One find-links location, read once however many projects are asked for."""

    def __init__(self, source: Source, fetch_page: Callable[[str, Source], ProjectPage]) -> None:
        """Keep the *source*; *fetch_page* returns the page at an HTTP address."""
        self.source = source
        self._fetch_page = fetch_page
        self._lock = Lock()

    def files(self, name: NormalizedName) -> tuple[ListedFile, ...]:
        """Return the archives that the location itself offers, in no order. Raises :class:`SourceError`."""
        with self._lock:
            return tuple(self._archives.get(name, ()))

    def pages(self, name: NormalizedName) -> tuple[ProjectPage, ...]:
        """Return its pages, with the files that can be of project *name*. Raises :class:`SourceError`."""
        with self._lock:
            pages = self._listings
        return tuple(
            ProjectPage(source=page.source, files=tuple(f for f in page.files if _can_be_of(name, f.egg or f.filename)))
            for page in pages
        )

    @cached_property
    def _archives(self) -> Mapping[NormalizedName, list[ListedFile]]:
        found: defaultdict[NormalizedName, list[ListedFile]] = defaultdict(list)
        for file in self._candidates():
            if project := _project(file.filename):
                found[project].append(file)
        return found

    def _candidates(self) -> list[ListedFile]:
        if is_local(self.source.url):
            return [_local_file(path) for path in self._paths if not _is_html(path)]
        return [_remote_file(self.source.url)] if self._is_remote_archive else []

    @cached_property
    def _listings(self) -> tuple[ProjectPage, ...]:
        if is_local(self.source.url):
            return tuple(read_local_page(path, self.source) for path in self._paths if _is_html(path))
        return () if self._is_remote_archive else (self._remote_page(),)

    def _remote_page(self) -> ProjectPage:
        try:
            return self._fetch_page(self.source.url, self.source)
        except ProjectNotFoundError as error:  # the location is configured, so it is missed
            raise SourceError(error.message, hint="correct it, or take it out of pip's find-links") from error

    @property
    def _is_remote_archive(self) -> bool:
        return bool(_ARCHIVE.search(urlsplit(self.source.url).path))

    @cached_property
    def _paths(self) -> tuple[Path, ...]:
        path = local_path(self.source.url)
        try:
            if stat.S_ISDIR(path.stat().st_mode):
                return tuple(sorted(entry for entry in path.iterdir() if entry.is_file()))
        except OSError as error:
            raise SourceError(
                f"cannot read the find-links location {self.source.display}: {error.strerror}",
                hint="create it, or take it out of pip's find-links",
            ) from error
        return (path,)


def read_local_page(path: Path, source: Source) -> ProjectPage:
    """Parse a page on disk, which pip takes for HTML whatever it holds. Raises :class:`SourceError`."""
    try:
        body = read_regular(path, BODY_LIMIT)
    except OSError as error:
        raise SourceError(f"cannot read {path}: {error.strerror}", hint="check the index or find-links") from error
    return parse_project_page(body, "text/html", path.as_uri(), source)


def _is_html(path: Path) -> bool:
    return path.suffix.lower() in {".html", ".htm"}


def _local_file(path: Path) -> ListedFile:
    return ListedFile(filename=path.name, url=path.as_uri(), hashes={})


def _remote_file(url: str) -> ListedFile:
    """What stands in no page is asked for as it is written (pip: index/sources.py)."""
    _, filename, fragment = Base(url).resolve(url)
    egg, subdirectory = (fragment_part(fragment, name) for name in ("egg", "subdirectory"))
    hashes, bare = fragment_hash(fragment), url.partition("#")[0]
    return ListedFile(filename=filename, url=bare, hashes=hashes, egg=egg, subdirectory=subdirectory)


def _project(filename: str) -> NormalizedName | None:
    try:
        return parse_wheel_filename(filename)[0]
    except InvalidWheelFilename:
        pass
    try:
        return parse_sdist_filename(filename)[0]
    except InvalidSdistFilename:
        return None


def _can_be_of(name: NormalizedName, filename: str) -> bool:
    """Whether the name part, wherever it ends, can be *name*: enough to keep long pages short."""
    return _SEPARATORS.sub("-", filename).lower().startswith(f"{name}-")
