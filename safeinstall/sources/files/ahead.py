"""Downloads that start while the resolution still runs."""

from __future__ import annotations

from dataclasses import dataclass, field
from threading import Lock
from typing import TYPE_CHECKING

from safeinstall.facts.artifact import ArtifactKind, SourceKind

if TYPE_CHECKING:
    from safeinstall.facts.artifact import HeldArtifact
    from safeinstall.sources.files.fetch import Downloads

LARGEST = 32 * 1024**2
"""Bytes of a file that may be fetched in vain."""


@dataclass(slots=True)
class DownloadsAhead:
    """Of each project, fetches the file whose metadata came first: mostly the one that is taken.

    A guess costs a download, and never decides: the plan is proved like any other.
    """

    downloads: Downloads
    _names: set[str] = field(default_factory=set)
    _lock: Lock = field(default_factory=Lock)

    def start(self, artifact: HeldArtifact) -> None:
        """Fetch *artifact*, if it is worth it. For many threads; never waits."""
        known = artifact.kind is ArtifactKind.WHEEL and artifact.source.kind is SourceKind.INDEX
        if not known or artifact.size is None or artifact.size > LARGEST:
            return
        with self._lock:
            if artifact.name in self._names:
                return
            self._names.add(artifact.name)
        self.downloads.start(artifact)
