"""What the wheels of one run were made of. Loaded when a rule asks: other policies do not wait for it."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from safeinstall.sources.files.download_cache import DownloadCache
from safeinstall.sources.files.fetch import Downloads
from safeinstall.sources.origin.kept import KeptComparisons
from safeinstall.sources.origin.origins import Comparer

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from safeinstall.app.indexes import Indexes
    from safeinstall.policy.model import Policy


@contextmanager
def open_them(
    indexes: Indexes, policy: Policy, downloads: Downloads, folder: Path, environ: Mapping[str, str]
) -> Iterator[Comparer]:
    """Give who compares the wheels of *downloads*. Nothing is fetched before it is needed.

    Source distributions lie in *folder*, by themselves: nothing of them is ever offered to pip.
    """
    kept = KeptComparisons(indexes.cache / "origins")
    with (
        Downloads(indexes.client, folder, cache=DownloadCache(indexes.cache / "files")) as sources,
        Comparer(downloads.obtain, sources.obtain, kept, policy.provenance.mirrors, environ) as comparer,
    ):
        yield comparer
