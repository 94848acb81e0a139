"""Metadata files kept on disk for good: a file with the same hash at the same address has the same metadata."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from safeinstall.sources.places.kept_files import read_kept, write_kept

if TYPE_CHECKING:
    from pathlib import Path

    from safeinstall.facts.artifact import Artifact


class MetadataCache:
    """A directory of small files. It may vanish at any time.

    A file's address is part of the key: else one index could plant metadata for a file that another one serves. The
    announced hash of a separate metadata file is part of it too.
    """

    def __init__(self, folder: Path) -> None:
        """Use *folder*. It is made when first needed."""
        self._folder = folder

    def get(self, artifact: Artifact) -> bytes | None:
        """Return the metadata of *artifact*, or ``None``: not there, not readable, or damaged."""
        path = self._path(artifact)
        return read_kept(path) if path else None

    def put(self, artifact: Artifact, data: bytes) -> None:
        """Keep *data*, unless the index publishes no sha256 of the file, or nothing can be written."""
        path = self._path(artifact)
        if path is not None:
            write_kept(path, data)

    def _path(self, artifact: Artifact) -> Path | None:
        if not artifact.sha256:
            return None
        announced = (artifact.core_metadata or {}).get("sha256", "")
        address = artifact.url.partition("?")[0]
        key = hashlib.sha256(f"{artifact.sha256}\n{announced}\n{address}".encode()).hexdigest()
        return self._folder / key[:2] / key
