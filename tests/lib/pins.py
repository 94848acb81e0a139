"""Pins of real files, as a resolution would give them."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from lib.wheels import core_metadata
from packaging.utils import parse_sdist_filename, parse_wheel_filename

from safeinstall.facts.artifact import Artifact, ArtifactKind, Source, SourceKind
from safeinstall.facts.metadata import parse_metadata
from safeinstall.facts.verdict import Pinned, Verdict

if TYPE_CHECKING:
    from safeinstall.facts.artifact import Metadata

DEFAULT = Source(kind=SourceKind.INDEX, url="https://user:secret@index.example/simple/", name="default")


def artifact_of(filename: str, data: bytes, **facts: Any) -> Artifact:
    """Return the listing of a file, with its true hash and size unless *facts* say otherwise."""
    is_wheel = filename.endswith(".whl")
    name, version = parse_wheel_filename(filename)[:2] if is_wheel else parse_sdist_filename(filename)
    listed = {
        "name": name,
        "version": version,
        "filename": filename,
        "url": f"https://user:secret@index.example/files/{filename}",
        "kind": ArtifactKind.WHEEL if is_wheel else ArtifactKind.SDIST,
        "source": DEFAULT,
        "hashes": {"sha256": hashlib.sha256(data).hexdigest()},
        "size": len(data),
    }
    return Artifact(**{**listed, **facts})


def metadata_of(artifact: Artifact, **fields: Any) -> Metadata:
    """Return metadata with these *fields* (see :func:`lib.wheels.core_metadata`)."""
    text = core_metadata(artifact.name, str(artifact.version), **fields)
    return parse_metadata(text.encode(), name=artifact.name, version=artifact.version)


def pin_of(artifact: Artifact, *, requested: bool = True, **fields: Any) -> Pinned:
    """Return the pin of an allowed *artifact* whose metadata has these *fields*."""
    return Pinned(
        artifact=artifact,
        metadata=metadata_of(artifact, **fields),
        verdict=Verdict(artifact=artifact),
        requested=requested,
    )
