"""The metadata of one file, by the cheapest way that the index offers. Nothing is ever built.

In this order: our cache, the separate metadata file (PEP 658), range requests into a wheel, the whole file. Where a
server sends the whole for a part, that is the download: an address may be good for one answer. A part of a wheel proves
nothing: what it says is compared with the whole file before anything is installed. A whole file is
verified before it is opened; where the user gives a hash, nothing but the whole file will do (pip: prepare.py).
"""

from __future__ import annotations

import hashlib
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from safeinstall.errors import (
    IntegrityError,
    MetadataDynamicError,
    MetadataInvalidError,
    ProjectNotFoundError,
    SourceError,
)
from safeinstall.facts.artifact import ArtifactKind, SourceKind
from safeinstall.facts.metadata import parse_metadata, parse_sdist_metadata
from safeinstall.sources.files.download import Whole
from safeinstall.sources.files.wheel_metadata import (
    METADATA_LIMIT,
    TAIL,
    NoRangesError,
    RemoteFile,
    read_wheel_metadata,
)
from safeinstall.sources.network.urls import is_local, local_path, origin, split

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from packaging.utils import NormalizedName
    from packaging.version import Version

    from safeinstall.facts.artifact import HeldArtifact, Metadata
    from safeinstall.sources.files.fetch import Downloads
    from safeinstall.sources.files.metadata_cache import MetadataCache
    from safeinstall.sources.network.http import HttpClient

    class _Parse(Protocol):
        def __call__(self, data: bytes, *, name: NormalizedName | None, version: Version | None) -> Metadata: ...


_NO_RANGES = frozenset({400, 405, 406, 412, 416, 501})


class FileMetadata:
    """Reads metadata for many threads."""

    def __init__(self, client: HttpClient, cache: MetadataCache | None, downloads: Downloads) -> None:
        """Use *client* for parts of files, and *downloads* for whole ones; keep metadata in *cache*."""
        self._client = client
        self._cache = cache
        self._downloads = downloads
        self._rangeless: set[tuple[str, str, int | None]] = set()

    def read(self, artifact: HeldArtifact) -> Metadata:
        """Return the metadata of a wheel, or of a source distribution whose PKG-INFO is static.

        Raises:
            MetadataInvalidError: it breaks the standard, or only a build could tell.
            IntegrityError: the bytes do not have a hash that is known for them.
            SourceError: it could not be read.
        """
        if artifact.kind is ArtifactKind.WHEEL:
            return self._parsed(artifact, self._wheel, parse_metadata)
        if artifact.kind is ArtifactKind.SDIST and artifact.subdirectory:
            self._sdist(artifact)  # what speaks against the file is heard before it is built
            raise MetadataDynamicError(
                f"the dependencies of {artifact.filename} are unknown before a build: "
                f"its PKG-INFO says nothing of its folder {artifact.subdirectory}",
                hint="build a wheel of it, and install that",
            )
        if artifact.kind is ArtifactKind.SDIST:
            return self._parsed(artifact, self._sdist, parse_sdist_metadata)
        raise MetadataDynamicError(
            f"the dependencies of {artifact.name} are unknown before a build: it is a source tree",
            hint="build a wheel of it, and install that",
        )

    def _parsed(self, artifact: HeldArtifact, read: Callable[[HeldArtifact], bytes], parse: _Parse) -> Metadata:
        """Only what could be parsed is kept: a refusal may be the network's fault, not the file's."""
        cache = None if is_local(artifact.url) or _is_held(artifact) else self._cache
        kept = cache.get(artifact) if cache else None
        data = read(artifact) if kept is None else kept
        name, version = _promised(artifact)
        metadata = parse(data, name=name, version=version)
        if cache and kept is None:
            cache.put(artifact, data)
        return metadata

    def _wheel(self, artifact: HeldArtifact) -> bytes:
        if _is_held(artifact):
            return _read(artifact, Path(self._downloads.obtain(artifact).path))
        if is_local(artifact.url):
            return _read(artifact, local_path(artifact.url))  # a part of it, as by range requests
        if artifact.core_metadata is not None:
            try:
                return self._separate_file(artifact, artifact.core_metadata)
            except ProjectNotFoundError:
                pass  # announced but not there: the file itself is the better witness anyway
        return self._remote_wheel(artifact)

    def _separate_file(self, artifact: HeldArtifact, hashes: Mapping[str, str]) -> bytes:
        url = f"{artifact.url}.metadata"
        data = self._client.get(url, index_url=_index_url(artifact), limit=METADATA_LIMIT, plain_http=True).body
        for algorithm, expected in hashes.items():
            actual = hashlib.new(algorithm, data).hexdigest()
            if actual != expected:
                raise IntegrityError(
                    f"the metadata file of {artifact.filename} has the {algorithm} {actual}, "
                    f"but {artifact.source.display} announces {expected or 'an empty one'}",
                    hint="do not install this file; report it to whoever runs the index",
                )
        return data

    def _remote_wheel(self, artifact: HeldArtifact) -> bytes:
        place = origin(split(artifact.url))
        is_long = artifact.size is None or artifact.size > TAIL
        if is_long and place not in self._rangeless and "?" not in artifact.url:  # a token may be good for one answer
            try:
                return self._by_ranges(artifact)
            except NoRangesError:
                self._rangeless.add(place)
            except (SourceError, MetadataInvalidError):
                pass  # the whole file says whether the server or the wheel is broken
        return _read(artifact, Path(self._downloads.obtain(artifact).path))

    def _by_ranges(self, artifact: HeldArtifact) -> bytes:
        def fetch(wanted: str) -> tuple[Mapping[str, str], bytes]:
            with self._client.stream(
                artifact.url,
                headers={"range": wanted, "accept-encoding": "identity"},
                index_url=_index_url(artifact),
                accept=_NO_RANGES,
            ) as stream:
                if stream.status == HTTPStatus.OK:
                    self._downloads.take(artifact, stream)
                if stream.status != HTTPStatus.PARTIAL_CONTENT:
                    raise NoRangesError
                data = _at_most(_length(wanted), stream.chunks)
                if stream.headers.get("content-range") == f"bytes 0-{len(data) - 1}/{len(data)}":
                    self._downloads.take(artifact, Whole(iter([data])))
                return stream.headers, data

        return read_wheel_metadata(RemoteFile(fetch, artifact.size), artifact.filename, artifact.name)

    def _sdist(self, artifact: HeldArtifact) -> bytes:
        self._downloads.obtain(artifact)  # what speaks against its hash is no matter of its metadata
        try:
            metadata = self._downloads.open(artifact).metadata
        except IntegrityError as error:  # the resolver may pass over this file: nothing of it is used
            raise MetadataInvalidError(error.message, hint=error.hint) from error
        if metadata is None:
            raise MetadataDynamicError(
                f"the dependencies of {artifact.filename} are unknown before a build: it holds no PKG-INFO",
                hint="choose a version with a wheel, or let the policy build this project",
            )
        return metadata


def _promised(artifact: HeldArtifact) -> tuple[NormalizedName | None, Version | None]:
    """What the metadata has to say: of a direct source distribution nothing, since pip does not go by its address."""
    is_guess = artifact.kind is ArtifactKind.SDIST and artifact.source.kind is SourceKind.DIRECT
    return (None, None) if is_guess else (artifact.name, artifact.version)


def _is_held(artifact: HeldArtifact) -> bool:
    """Whether the user says something of its bytes: it is measured as a whole then, before any of it is read."""
    is_named = artifact.source.kind is SourceKind.DIRECT and bool(artifact.hashes)
    return is_named or bool(artifact.user_hashes) or artifact.lacks_hash


def _read(artifact: HeldArtifact, path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return read_wheel_metadata(file, artifact.filename, artifact.name)
    except OSError as error:
        raise SourceError(f"cannot read {path}: {error.strerror}", hint="check the file") from error


def _at_most(length: int, chunks: Iterable[bytes]) -> bytes:
    """Raises ``NoRangesError`` for more than was asked for."""
    data = bytearray()
    for chunk in chunks:
        data += chunk
        if len(data) > length:
            raise NoRangesError
    return bytes(data)


def _length(wanted: str) -> int:
    """Return how many bytes the range *wanted* asks for."""
    first, _, last = wanted.removeprefix("bytes=").partition("-")
    return int(last) - int(first) + 1 if first else int(last)


def _index_url(artifact: HeldArtifact) -> str | None:
    return None if artifact.source.kind is SourceKind.DIRECT else artifact.source.url
