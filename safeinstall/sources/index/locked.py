"""An index in which a lock binds some projects to one file each (PEP 751)."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from safeinstall.errors import SourceError
from safeinstall.facts.artifact import Source, SourceKind
from safeinstall.ports import ListedFile, ProjectPage
from safeinstall.sources.network.urls import quoted, redacted

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from packaging.utils import NormalizedName

    from safeinstall.facts.artifact import HeldArtifact, Metadata
    from safeinstall.ports import IndexSource
    from safeinstall.request.invocation import LockedFile

_STRONG = ("sha256", "sha384", "sha512")


@dataclass(slots=True)
class LockedIndex:
    """An :class:`~safeinstall.ports.IndexSource` that offers a locked project's one file, and others as before.

    pip asks no index for a locked project. We do, because a lock is no witness of when its file was uploaded, or that
    it was yanked: what is known of it is what an index says that lists the very file, whatever a lock leaves out. Where
    none does, the page says why (``unheard``).
    """

    inner: IndexSource
    locked: Mapping[NormalizedName, LockedFile]

    def pages(self, name: NormalizedName) -> tuple[ProjectPage, ...]:
        """See :class:`~safeinstall.ports.IndexSource`."""
        file = self.locked.get(name)
        return self.inner.pages(name) if file is None else (self._page(name, file),)

    def prefetch_pages(self, name: NormalizedName) -> None:
        """See :class:`~safeinstall.ports.IndexSource`."""
        self.inner.prefetch_pages(name)

    def metadata(self, artifact: HeldArtifact) -> Metadata:
        """See :class:`~safeinstall.ports.IndexSource`."""
        return self.inner.metadata(artifact)

    def prefetch_metadata(self, artifact: HeldArtifact) -> None:
        """See :class:`~safeinstall.ports.IndexSource`."""
        self.inner.prefetch_metadata(artifact)

    def _page(self, name: NormalizedName, file: LockedFile) -> ProjectPage:
        try:
            pages = [page for page in self.inner.pages(name) if not page.source.denied]
        except SourceError as error:
            return _unheard_of(file, error.message)
        bound = (_bound(page, file) for page in pages)
        return next(filter(None, bound), None) or _unheard_of(file, _why_unheard(name, file, pages))


def _bound(page: ProjectPage, file: LockedFile) -> ProjectPage | None:
    """Return *page* as far as it tells of *file*."""
    listed = next((listed for listed in page.files if _is_same(listed, file)), None)
    if listed is None:
        return None
    hashes = {**listed.hashes, **file.hashes}
    size = file.size if listed.size is None else listed.size
    others = tuple(other for other in page.files if other is not listed)
    return replace(
        page,
        files=(replace(listed, url=file.url, hashes=hashes, size=size),),
        beside=others,
        lock=file.lock,
        lock_publishers=file.publishers,
    )


def _is_same(listed: ListedFile, file: LockedFile) -> bool:
    """Whether an index lists *file*: by a strong hash, or by its address where the two give no such hash in common."""
    if listed.filename != file.filename:
        return False
    common = [kind for kind in _STRONG if kind in listed.hashes and kind in file.hashes]
    is_there = bool(common) or _is_at(listed, file.url)
    return is_there and all(listed.hashes[kind] == file.hashes[kind] for kind in common)


def _is_at(listed: ListedFile, url: str) -> bool:
    with suppress(ValueError):  # a lock may hold what is no address
        return listed.url == quoted(url)
    return False


def _unheard_of(file: LockedFile, reason: str) -> ProjectPage:
    source = Source(kind=SourceKind.INDEX, url=file.url, name=redacted(file.lock))
    listed = ListedFile(filename=file.filename, url=file.url, hashes=file.hashes, size=file.size)
    return ProjectPage(source=source, files=(listed,), lock=file.lock, lock_publishers=file.publishers, unheard=reason)


def _why_unheard(name: NormalizedName, file: LockedFile, pages: Sequence[ProjectPage]) -> str:
    namesakes = [page for page in pages if any(listed.filename == file.filename for listed in page.files)]
    if not pages:
        return f"no index that may be asked has {name}"
    if not namesakes:
        return f"no index that may be asked lists {file.filename}"
    return f"{namesakes[0].source.display} lists {file.filename}, but not with the hash that {file.lock} gives"
