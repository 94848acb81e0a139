"""An index in which a lock binds some projects to one file each (PEP 751)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from safeinstall.errors import SourceError
from safeinstall.models import Source, SourceKind
from safeinstall.ports import ListedFile, ProjectPage

if TYPE_CHECKING:
    from collections.abc import Mapping

    from packaging.utils import NormalizedName

    from safeinstall.invocation import LockedFile
    from safeinstall.models import HeldArtifact, Metadata
    from safeinstall.ports import IndexSource


@dataclass(slots=True)
class LockedIndex:
    """An :class:`~safeinstall.ports.IndexSource` that offers a locked project's one file, and others as before.

    pip asks no index for a locked project. We do, because a lock is no witness of when its file was uploaded, or that
    it was yanked: where an index lists a file of the same name and sha256, that is what is known of it.
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
        for page in self._asked(name):
            for listed in page.files:
                if listed.filename == file.filename and _same_hash(listed, file):
                    known = replace(listed, url=file.url, hashes={**listed.hashes, **file.hashes})
                    return replace(page, files=(known,))
        source = Source(kind=SourceKind.INDEX, url=file.url, name=file.origin)
        return ProjectPage(source=source, files=(ListedFile(filename=file.filename, url=file.url, hashes=file.hashes),))

    def _asked(self, name: NormalizedName) -> tuple[ProjectPage, ...]:
        try:
            return self.inner.pages(name)
        except SourceError:
            return ()


def _same_hash(listed: ListedFile, file: LockedFile) -> bool:
    return listed.hashes.get("sha256") is not None and listed.hashes.get("sha256") == file.hashes.get("sha256")
