"""The page of one project on one index: from the cache while it holds, else from the index."""

from __future__ import annotations

from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import TYPE_CHECKING

from safeinstall.errors import SourceError
from safeinstall.sources.index.clock import told_time
from safeinstall.sources.index.page_cache import digest_of
from safeinstall.sources.index.project_page import ACCEPT, parse_project_page
from safeinstall.sources.network.urls import redacted

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from safeinstall.facts.artifact import Source
    from safeinstall.ports import ProjectPage
    from safeinstall.sources.network.http import HttpClient, Response
from safeinstall.sources.index.page_cache import PageCache

_FILES = (".whl", ".egg", ".exe", ".msi", ".rpm", ".deb", ".dmg", ".zip", ".tar", ".tgz", ".gz", ".bz2", ".xz", ".z")
"""How a file on an index may end, of whatever age and kind."""


@dataclass(frozen=True, slots=True)
class IndexPages:
    """Reads pages for many threads; of the files on them, those whose names *admit* likes."""

    client: HttpClient
    cache: PageCache | None
    admit: Callable[[str], bool]

    def read(self, url: str, source: Source) -> ProjectPage:
        """Return the page at *url* of the index *source*.

        Raises ``ProjectNotFoundError`` where the index knows no such project, else ``SourceError``.
        """
        kept = self.cache.get(url, source) if self.cache else None
        if kept and kept.fresh:
            return kept.page
        answer = self._ask(url, source, kept.validators if kept else {})
        if self.cache and kept and (answer.status == HTTPStatus.NOT_MODIFIED or digest_of(answer) == kept.digest):
            self.cache.confirm(url)
            return replace(kept.page, answered=told_time(answer.headers))
        page = parse_project_page(answer.body, answer.headers.get("content-type", ""), answer.url, source, self.admit)
        _check_names_files(page, url)
        if self.cache:
            self.cache.put(url, page, answer)
        return replace(page, answered=told_time(answer.headers))

    def fetch(self, url: str, source: Source) -> ProjectPage:
        """Return the page at *url*, with all its files and from nowhere else: a find-links page lists many projects."""
        answer = self._ask(url, source, {})
        return parse_project_page(answer.body, answer.headers.get("content-type", ""), answer.url, source)

    def _ask(self, url: str, source: Source, validators: Mapping[str, str]) -> Response:
        return self.client.get(url, headers={"accept": ACCEPT, **validators}, index_url=source.url)


def _check_names_files(page: ProjectPage, url: str) -> None:
    """Refuse a page with links of which none is a file's: a login page that answers in place of the index."""
    if page.files and not any(file.filename.lower().endswith(_FILES) for file in page.files):
        raise SourceError(
            f"{redacted(url)} is no project page: none of its links names a file to install",
            hint="check the address of the index, and that no login page or proxy answers in its place",
        )
