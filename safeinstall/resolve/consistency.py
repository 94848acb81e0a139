"""Whether a file is what it was asked as: only its own metadata tells, and for some files only a build of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from safeinstall.errors import MetadataInconsistentError
from safeinstall.facts.artifact import SourceKind

if TYPE_CHECKING:
    from packaging.utils import NormalizedName

    from safeinstall.facts.artifact import Artifact, Metadata


def check_consistency(artifact: Artifact, metadata: Metadata, asked: NormalizedName | None) -> None:
    """Raise ``MetadataInconsistentError``, in pip's words, where *metadata* is of another project or version.

    The file of an index has the name and version that it is listed with; a direct reference has the name *asked* for,
    if it was asked for by one, and the version that it turns out to have (pip: resolution/resolvelib/candidates.py,
    ``_check_metadata_consistency``).
    """
    is_direct = artifact.source.kind is SourceKind.DIRECT
    name = asked if is_direct else artifact.name
    if name is not None and name != metadata.name:
        raise _inconsistent(name, "name", name, metadata.name)
    if not is_direct and artifact.version != metadata.version:
        raise _inconsistent(artifact.name, "version", str(artifact.version), str(metadata.version))


def discarded(artifact: Artifact, error: MetadataInconsistentError) -> str:
    """Return what pip tells of a file that it passes over for *error* (pip: resolution/resolvelib/factory.py)."""
    return f"Discarding {_place(artifact)}: {error.message}"


def _inconsistent(name: NormalizedName, field: str, expected: str, found: str) -> MetadataInconsistentError:
    return MetadataInconsistentError(
        f"Requested {name} has inconsistent {field}: expected {expected!r}, but metadata has {found!r}"
    )


def _place(artifact: Artifact) -> str:
    source = artifact.source.display
    return source if artifact.source.kind is SourceKind.DIRECT else f"{artifact.filename} from {source}"
