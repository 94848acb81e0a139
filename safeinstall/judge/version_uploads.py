"""When the first file of each version of a project was uploaded: a new file may hold old code."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from safeinstall.facts.artifact import SourceKind
from safeinstall.facts.file_versions import file_version
from safeinstall.facts.osv import parse_version

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from packaging.utils import NormalizedName
    from packaging.version import Version
    from typing_extensions import Self

    from safeinstall.facts.artifact import Source
    from safeinstall.ports import ProjectPage


@dataclass(slots=True)
class VersionUploads:
    """The first upload of each version, over all files that any page lists: for this target, another, or yanked."""

    _known: dict[Version, datetime] = field(default_factory=dict)
    _unknown: set[Version] = field(default_factory=set)

    @classmethod
    def of(cls, name: NormalizedName, source: Source, pages: Sequence[ProjectPage]) -> Self:
        """Read the *pages* of the project *name* for files of *source*, which has to tell the time of each."""
        uploads = cls()
        for page in pages:
            is_own = source.kind is SourceKind.DIRECT or page.source.url == source.url
            for version, time in _listed(name, page):
                if time is not None:
                    uploads._known[version] = min(time, uploads._known.get(version, time))
                elif is_own:
                    uploads._unknown.add(version)
        return uploads

    def has(self, version: Version) -> bool:
        """Whether any file of *version* is listed."""
        version = _public(version)
        return version in self._known or version in self._unknown

    def first(self, version: Version) -> datetime | None:
        """Return when the first file of *version* was uploaded; ``None`` where that of one is not known."""
        version = _public(version)
        return None if version in self._unknown else self._known.get(version)


def _listed(name: NormalizedName, page: ProjectPage) -> Iterator[tuple[Version, datetime | None]]:
    for file in (*page.files, *page.beside):
        if (version := file_version(file.filename, name, file.egg)) is not None:
            yield _public(version), file.upload_time
    for text, time in page.left_out.items():
        if (version := parse_version(text)) is not None:
            yield _public(version), time


def _public(version: Version) -> Version:
    """Return *version* without its local part: that is another build of the same code."""
    return version if version.local is None else type(version)(version.public)
