"""Direct references: the file that a URL or path in a requirement names (PEP 508). Nothing is fetched to tell."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from packaging.utils import InvalidWheelFilename, NormalizedName, canonicalize_name, parse_wheel_filename
from packaging.version import InvalidVersion, Version

from safeinstall.errors import SourceError, UnsatisfiableError, UnsupportedWheelError
from safeinstall.facts.artifact import NO_VERSION, Artifact, ArtifactKind, Source, SourceKind
from safeinstall.facts.file_versions import split_sdist
from safeinstall.sources.index.project_page import NAME_LENGTH
from safeinstall.sources.network.urls import local_path, redacted

if TYPE_CHECKING:
    from safeinstall.request.requirements import Reference

MISSING = "Could not install packages due to an OSError: [Errno 2] No such file or directory: "
"""pip: commands/install.py, ``create_os_error_message``."""


def open_reference(reference: Reference, name: NormalizedName | None, tags: frozenset[str]) -> Artifact:
    """Return the file that *reference* names, for a target that supports the wheel *tags*.

    Raises ``UnsatisfiableError`` as pip does: for a wheel that cannot be installed here, and for a path that is not.
    """
    kind, url = reference.kind, reference.url
    filename = unquote(urlsplit(url).path.rstrip("/").rpartition("/")[2])
    if reference.path is not None:
        if not _exists(reference.path):
            raise UnsatisfiableError(f"{MISSING}{reference.path!r}\n")
        kind = ArtifactKind.TREE if Path(reference.path).is_dir() else kind
        if not Path(reference.path).is_absolute():  # relative to the working directory, whoever asks for it
            url = Path(reference.path).absolute().as_uri()
    if kind is ArtifactKind.VCS and (missing := _missing_repository(url)):
        raise UnsatisfiableError(f"{redacted(url)} names no repository: there is no directory {missing}")
    if len(filename) > NAME_LENGTH:
        raise UnsatisfiableError(f"{filename[:NAME_LENGTH]}… is longer than the name of a file can be")
    named, version = _of_wheel(filename, tags) if kind is ArtifactKind.WHEEL else _of_source(filename, kind, name)
    return Artifact(
        name=named,
        version=version,
        filename=filename,
        url=url,
        kind=kind,
        source=Source(kind=SourceKind.DIRECT, url=url, name=redacted(url)),
        hashes=reference.hashes,
        lock=reference.lock,
        lock_publishers=reference.lock_publishers,
        subdirectory=reference.subdirectory,
    )


def _missing_repository(url: str) -> str:
    """Return the directory of a repository of this machine that is not there; empty for any other."""
    address = url.partition("+")[2]
    if not address.startswith("file:"):
        return ""
    try:
        path = str(local_path(address))
    except SourceError:  # of another host
        return ""
    without_revision = path.rpartition("@")[0] or path
    return "" if _exists(path) or _exists(without_revision) else without_revision


def _exists(path: str) -> bool:
    with suppress(OSError, ValueError):  # a name that no file can have, or a NUL
        return Path(path).exists()
    return False


def _of_wheel(filename: str, tags: frozenset[str]) -> tuple[NormalizedName, Version]:
    try:
        name, version, _, own = parse_wheel_filename(filename)
    except InvalidWheelFilename as error:
        raise UnsatisfiableError(f"Invalid wheel filename: {filename!r} ({error})") from error
    if tags.isdisjoint(map(str, own)):
        raise UnsupportedWheelError(f"{filename} is not a supported wheel on this platform.")
    return name, version


def _of_source(filename: str, kind: ArtifactKind, name: NormalizedName | None) -> tuple[NormalizedName, Version]:
    stem = (split_sdist(filename) or filename) if kind is ArtifactKind.SDIST else filename
    if kind is ArtifactKind.VCS:
        stem = stem.partition("@")[0].removesuffix(".git") or stem
    project, _, version = stem.rpartition("-")
    try:
        return name or canonicalize_name(project or stem), Version(version)
    except InvalidVersion:
        return name or canonicalize_name(stem), NO_VERSION
