"""Downloads that start while the resolution still runs."""

from __future__ import annotations

from contextlib import ExitStack
from threading import Lock
from typing import TYPE_CHECKING

from safeinstall.models import ArtifactKind, SourceKind

if TYPE_CHECKING:
    from collections.abc import Callable

    from safeinstall.models import Artifact
    from safeinstall.plan import Plan, VerifiedPlan
    from safeinstall.sources.fetch import Downloads

LARGEST = 32 * 1024**2
"""Bytes of a file that may be fetched in vain."""


class DownloadsAhead:
    """Of each project, fetches the file whose metadata came first: mostly the one that is taken.

    A guess costs a download, and never decides: :meth:`finish` proves the plan as any other.
    """

    def __init__(self, open_downloads: Callable[[], Downloads]) -> None:
        """Call *open_downloads* when the first file is started."""
        self._open = open_downloads
        self._stack = ExitStack()
        self._downloads: Downloads | None = None
        self._names: set[str] = set()
        self._lock = Lock()
        self._closed = False

    def start(self, artifact: Artifact) -> None:
        """Fetch *artifact*, if it is worth it. For many threads; never waits."""
        known = artifact.kind is ArtifactKind.WHEEL and artifact.source.kind is SourceKind.INDEX
        if not known or artifact.size is None or artifact.size > LARGEST:
            return
        with self._lock:
            if not self._closed and artifact.name not in self._names:
                self._names.add(artifact.name)
                self._opened().start(artifact)

    def finish(self, plan: Plan) -> VerifiedPlan:
        """Return the proved *plan*, and start nothing more; see :meth:`~safeinstall.sources.fetch.Downloads.finish`."""
        with self._lock:
            self._closed = True
            downloads, self._downloads = self._opened(), None
        with self._stack.pop_all():
            return downloads.finish(plan)

    def close(self) -> None:
        """Stop what is running, and remove it."""
        with self._lock:
            self._closed = True
            self._stack.close()

    def _opened(self) -> Downloads:
        if self._downloads is None:
            self._downloads = self._stack.enter_context(self._open())
        return self._downloads
