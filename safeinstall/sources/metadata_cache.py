"""Metadata files kept on disk for good: a file with the same hash at the same address has the same metadata."""

from __future__ import annotations

import hashlib
import os
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from platformdirs import user_cache_path

if TYPE_CHECKING:
    from safeinstall.models import Artifact


class MetadataCache:
    """A directory of small files, each holding the checksum of its content. It may vanish at any time.

    A file's address is part of the key: else one index could plant metadata for a file that another one serves. The
    announced hash of a separate metadata file is part of it too.
    """

    def __init__(self, folder: Path | None = None) -> None:
        """Use *folder*, by default ``metadata`` in the user's cache directory. It is made when first needed."""
        self._folder = folder

    def get(self, artifact: Artifact) -> bytes | None:
        """Return the metadata of *artifact*, or ``None``: not there, not readable, or damaged."""
        path = self._path(artifact)
        if path is None:
            return None
        try:
            checksum, _, data = path.read_bytes().partition(b"\n")
        except OSError:
            return None
        return data if checksum == _sha256(data) else None

    def put(self, artifact: Artifact, data: bytes) -> None:
        """Keep *data*, unless the index publishes no sha256 of the file, or nothing can be written."""
        path = self._path(artifact)
        if path is not None:
            with suppress(OSError):
                _write(path, _sha256(data) + b"\n" + data)

    def _path(self, artifact: Artifact) -> Path | None:
        if not artifact.sha256:
            return None
        announced = (artifact.core_metadata or {}).get("sha256", "")
        address = artifact.url.partition("?")[0]
        key = hashlib.sha256(f"{artifact.sha256}\n{announced}\n{address}".encode()).hexdigest()
        folder = self._folder or user_cache_path("safe-pip") / "metadata"
        return folder / key[:2] / key


def _sha256(data: bytes) -> bytes:
    return hashlib.sha256(data).hexdigest().encode()


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        Path(temporary).replace(path)
    except BaseException:
        with suppress(OSError):
            Path(temporary).unlink()
        raise
