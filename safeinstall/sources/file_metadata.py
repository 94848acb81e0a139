"""The metadata of one file, by the cheapest way that the index offers. Nothing is ever built.

In this order: our cache, the separate metadata file (PEP 658), range requests into a wheel, the whole file.
"""

from __future__ import annotations

import hashlib
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING, Protocol

from safeinstall.errors import (
    IntegrityError,
    MetadataDynamicError,
    MetadataInvalidError,
    ProjectNotFoundError,
    SourceError,
)
from safeinstall.metadata import parse_metadata, parse_sdist_metadata
from safeinstall.models import ArtifactKind, SourceKind
from safeinstall.sources.archives import check_sdist
from safeinstall.sources.download_cache import read_local
from safeinstall.sources.temporary import private_directory
from safeinstall.sources.urls import is_local, local_path, origin, split
from safeinstall.sources.wheel_metadata import METADATA_LIMIT, TAIL, NoRangesError, RemoteFile, read_wheel_metadata

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from packaging.utils import NormalizedName
    from packaging.version import Version

    from safeinstall.models import Artifact, Metadata
    from safeinstall.sources.download_cache import DownloadCache
    from safeinstall.sources.http import HttpClient
    from safeinstall.sources.metadata_cache import MetadataCache

    class _Parse(Protocol):
        def __call__(self, data: bytes, *, name: NormalizedName | None, version: Version | None) -> Metadata: ...


FILE_LIMIT = 16 * 1024**3
"""Bytes of a distribution file."""
_PARTIAL = 206
_NO_RANGES = frozenset({400, 405, 406, 412, 416, 501})


class FileMetadata:
    """Reads metadata for many threads."""

    def __init__(
        self,
        client: HttpClient,
        cache: MetadataCache | None,
        downloads: DownloadCache | None,
        temporary: Path | None,
    ) -> None:
        """Use *client* for what is not local; keep metadata in *cache* and files downloaded whole in *downloads*.

        Until then files are below *temporary*, by default where temporary files go.
        """
        self._temporary = temporary
        self._client = client
        self._cache = cache
        self._downloads = downloads
        self._rangeless: set[tuple[str, str, int | None]] = set()

    def read(self, artifact: Artifact) -> Metadata:
        """Return the metadata of a wheel, or of a source distribution whose PKG-INFO is static.

        Raises:
            MetadataInvalidError: it breaks the standard, or only a build could tell.
            IntegrityError: the bytes do not have the hash that the index announces.
            SourceError: it could not be read.
        """
        if artifact.kind is ArtifactKind.WHEEL:
            return self._parsed(artifact, self._wheel, parse_metadata)
        if artifact.kind is ArtifactKind.SDIST:
            return self._parsed(artifact, self._sdist, parse_sdist_metadata)
        raise MetadataDynamicError(
            f"the dependencies of {artifact.name} are unknown before a build: it is a source tree",
            hint="build a wheel of it, and install that",
        )

    def _parsed(self, artifact: Artifact, read: Callable[[Artifact], bytes], parse: _Parse) -> Metadata:
        """Only what could be parsed is kept: a refusal may be the network's fault, not the file's."""
        cache = None if is_local(artifact.url) else self._cache
        kept = cache.get(artifact) if cache else None
        data = read(artifact) if kept is None else kept
        name, version = _promised(artifact)
        metadata = parse(data, name=name, version=version)
        if cache and kept is None:
            cache.put(artifact, data)
        return metadata

    def _wheel(self, artifact: Artifact) -> bytes:
        if is_local(artifact.url):
            return self._local_wheel(artifact, local_path(artifact.url))
        if artifact.core_metadata is not None:
            try:
                return self._separate_file(artifact, artifact.core_metadata)
            except ProjectNotFoundError:
                pass  # announced but not there: the file itself is the better witness anyway
        return self._remote_wheel(artifact)

    def _separate_file(self, artifact: Artifact, hashes: Mapping[str, str]) -> bytes:
        url = f"{artifact.url}.metadata"
        data = self._client.get(url, index_url=_index_url(artifact), limit=METADATA_LIMIT, plain_http=True).body
        for algorithm, expected in hashes.items():
            actual = hashlib.new(algorithm, data).hexdigest()
            if actual != expected:
                raise IntegrityError(
                    f"the metadata file of {artifact.filename} has the {algorithm} {actual}, "
                    f"but {artifact.source.display} announces {expected}",
                    hint="do not install this file; report it to whoever runs the index",
                )
        return data

    def _remote_wheel(self, artifact: Artifact) -> bytes:
        place = origin(split(artifact.url))
        if place not in self._rangeless and (artifact.size is None or artifact.size > TAIL):
            try:
                return self._by_ranges(artifact)
            except NoRangesError:
                self._rangeless.add(place)
            except (SourceError, MetadataInvalidError):
                pass  # the whole file says whether the server or the wheel is broken
        with self._whole(artifact) as path:
            return self._local_wheel(artifact, path)

    def _by_ranges(self, artifact: Artifact) -> bytes:
        def fetch(wanted: str) -> tuple[Mapping[str, str], bytes]:
            with self._client.stream(
                artifact.url,
                headers={"range": wanted, "accept-encoding": "identity"},
                index_url=_index_url(artifact),
                limit=METADATA_LIMIT,
                plain_http=True,
                accept=_NO_RANGES,
            ) as stream:
                if stream.status != _PARTIAL:
                    raise NoRangesError
                return stream.headers, b"".join(stream.chunks)

        return read_wheel_metadata(RemoteFile(fetch, artifact.size), artifact.filename, artifact.name)

    def _local_wheel(self, artifact: Artifact, path: Path) -> bytes:
        try:
            with path.open("rb") as file:
                return read_wheel_metadata(file, artifact.filename, artifact.name)
        except OSError as error:
            raise SourceError(f"cannot read {path}: {error.strerror}", hint="check the file") from error

    def _sdist(self, artifact: Artifact) -> bytes:
        with nullcontext(local_path(artifact.url)) if is_local(artifact.url) else self._whole(artifact) as path:
            return _static_metadata(artifact, path)

    @contextmanager
    def _whole(self, artifact: Artifact) -> Iterator[Path]:
        """Give the path of the whole file: the one kept from an earlier time if its hash is right, else downloaded."""
        kept = self._downloads.find(artifact.sha256) if self._downloads and artifact.sha256 else None
        if kept and _sha256(kept) == artifact.sha256:
            yield kept
            return
        with private_directory(self._temporary) as (folder, _):
            path = folder / "file"
            self._download(artifact, path)
            if artifact.sha256:
                _check_sha256(artifact, path)
                if self._downloads:
                    self._downloads.add(artifact.sha256, path)
            yield path

    def _download(self, artifact: Artifact, path: Path) -> None:
        try:
            self._client.download(artifact.url, path, index_url=_index_url(artifact), limit=FILE_LIMIT, plain_http=True)
        except ProjectNotFoundError as error:
            raise SourceError(
                f"{artifact.source.display} lists {artifact.filename} but does not have it",
                hint="try again later, or report it to whoever runs the index",
            ) from error


def _promised(artifact: Artifact) -> tuple[NormalizedName | None, Version | None]:
    """What the metadata has to say: of a direct source distribution nothing, since pip does not go by its address."""
    is_guess = artifact.kind is ArtifactKind.SDIST and artifact.source.kind is SourceKind.DIRECT
    return (None, None) if is_guess else (artifact.name, artifact.version)


def _index_url(artifact: Artifact) -> str | None:
    return None if artifact.source.kind is SourceKind.DIRECT else artifact.source.url


def _static_metadata(artifact: Artifact, path: Path) -> bytes:
    try:
        metadata = check_sdist(path, artifact.filename).metadata
    except IntegrityError as error:  # the resolver may pass over this file: nothing of it is used
        raise MetadataInvalidError(error.message, hint=error.hint) from error
    if metadata is None:
        raise MetadataDynamicError(
            f"the dependencies of {artifact.filename} are unknown before a build: it holds no PKG-INFO",
            hint="choose a version with a wheel, or let the policy build this project",
        )
    return metadata


def _check_sha256(artifact: Artifact, path: Path) -> None:
    actual = _sha256(path)
    if actual != artifact.sha256:
        raise IntegrityError(
            f"{artifact.filename} has the sha256 {actual}, but {artifact.source.display} announces {artifact.sha256}",
            hint="do not install this file; report it to whoever runs the index",
        )


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    for chunk in read_local(path):
        digest.update(chunk)
    return digest.hexdigest()
