"""What an index knows of the files that its mirrors offer, too.

The policy says which index mirrors which. A file that both call the same, and of whose bytes they do not say different
things, is the original's: its hashes are demanded, and its upload time, yank and status count.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from safeinstall.facts.artifact import contradict
from safeinstall.resolve.finder import join_hashes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from safeinstall.ports import ListedFile, ProjectPage


def mirrored(pages: Sequence[ProjectPage]) -> tuple[ProjectPage, ...]:
    """Return the pages of one project, those of mirrors with what their original says."""
    originals = {page.source.name: page for page in pages if page.source.mirror_of is None}
    return tuple(_completed(page, originals.get(page.source.mirror_of or "")) for page in pages)


def _completed(page: ProjectPage, original: ProjectPage | None) -> ProjectPage:
    if original is None:
        return page
    known: dict[str, ListedFile | None] = {}
    for file in original.files:
        known[file.filename] = None if file.filename in known else file  # of two of one name, neither is meant
    return replace(
        page,
        files=tuple(_of_original(file, known.get(file.filename)) for file in page.files),
        first_upload=original.first_upload or page.first_upload,
        status=page.status if original.status in {None, "active"} else original.status,
    )


def _of_original(file: ListedFile, original: ListedFile | None) -> ListedFile:
    if original is None or not original.hashes or contradict(file.hashes, original.hashes):
        return file
    return replace(
        file,
        hashes=join_hashes(file.hashes, original.hashes),
        upload_time=original.upload_time or file.upload_time,
        yanked=file.yanked if original.yanked is None else original.yanked,
    )
