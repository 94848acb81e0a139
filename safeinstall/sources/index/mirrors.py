"""What an index knows of the files that its mirrors offer, too.

The policy says which index mirrors which. A file that both call the same, and of whose bytes they do not say different
things, is the original's: its hashes are demanded, and its upload time, yank, provenance and status count. Of any other
file of a version that the original lists nobody can say when it was uploaded: a mirror can say of new bytes whatever it
likes.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

from safeinstall.facts.artifact import contradict
from safeinstall.facts.file_versions import file_version
from safeinstall.facts.osv import parse_version
from safeinstall.resolve.finder import join_hashes

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from packaging.utils import NormalizedName
    from packaging.version import Version

    from safeinstall.ports import ListedFile, ProjectPage


def mirrored(name: NormalizedName, pages: Sequence[ProjectPage]) -> tuple[ProjectPage, ...]:
    """Return the pages of the project *name*, those of mirrors with what their original says."""
    originals = {page.source.name: _Original(name, page) for page in pages if page.source.mirror_of is None}
    return tuple(_completed(page, originals.get(page.source.mirror_of or "")) for page in pages)


@dataclass(frozen=True)
class _Original:
    """What an index that others mirror says of the project *name*."""

    name: NormalizedName
    page: ProjectPage

    @cached_property
    def files(self) -> Mapping[str, ListedFile | None]:
        """Its files by name; of two of one name, neither is meant."""
        known: dict[str, ListedFile | None] = {}
        for file in self.page.files:
            known[file.filename] = None if file.filename in known else file
        return known

    @cached_property
    def versions(self) -> frozenset[Version | None]:
        """The versions that it lists."""
        listed = (file_version(file.filename, self.name, file.egg) for file in self.page.files)
        return frozenset({*listed, *map(parse_version, self.page.left_out)})

    def lists(self, version: Version | None) -> bool:
        """Whether it has a file of *version*."""
        return version is not None and version in self.versions


def _completed(page: ProjectPage, original: _Original | None) -> ProjectPage:
    if original is None:
        return page
    status = original.page.status
    return replace(
        page,
        files=tuple(_of_original(file, original) for file in page.files),
        left_out={version: _when(version, original, time) for version, time in page.left_out.items()},
        attested_elsewhere=_attested(page, original),
        first_upload=original.page.first_upload or page.first_upload,
        status=page.status if status in {None, "active"} else status,
    )


def _of_original(file: ListedFile, original: _Original) -> ListedFile:
    same = original.files.get(file.filename)
    if same is None or not same.hashes or contradict(file.hashes, same.hashes):
        is_listed = original.lists(file_version(file.filename, original.name, file.egg))
        return replace(file, upload_time=None) if is_listed and file.upload_time else file
    return replace(
        file,
        hashes=join_hashes(file.hashes, same.hashes),
        upload_time=same.upload_time or file.upload_time,
        yanked=file.yanked if same.yanked is None else same.yanked,
        provenance=same.provenance,
    )


def _attested(page: ProjectPage, original: _Original) -> Mapping[str, ListedFile]:
    """Return which wheels are attested that are left out: the original knows of its own versions."""
    own = page.attested_elsewhere.items()
    theirs = {version: file for version, file in own if not original.lists(parse_version(version))}
    return {**theirs, **original.page.attested_elsewhere}


def _when(version: str, original: _Original, own: datetime | None) -> datetime | None:
    """Return when the first wheel of *version* was uploaded that is left out: the original knows of its own."""
    if original.lists(parse_version(version)):
        return original.page.left_out.get(version)
    return own
