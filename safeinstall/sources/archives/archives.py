"""Opens wheels and source distributions as hostile input, before pip does. Nothing is unpacked."""

from __future__ import annotations

import bz2
import csv
import gzip
import lzma
import re
import sys
import tarfile
import zipfile
import zlib
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from email.parser import HeaderParser
from itertools import pairwise
from typing import IO, TYPE_CHECKING, cast

from packaging.utils import InvalidWheelFilename, canonicalize_name, parse_wheel_filename
from packaging.version import InvalidVersion, Version

from safeinstall.errors import MetadataInvalidError
from safeinstall.facts.metadata import parse_metadata
from safeinstall.facts.wheels.command_names import UnclearError
from safeinstall.facts.wheels.file_names import folded
from safeinstall.facts.wheels.layout import is_read_for_layout, wheel_layout
from safeinstall.facts.wheels.path_files import added_directories
from safeinstall.sources.archives.member_bytes import read_members, read_tar_members
from safeinstall.sources.archives.members import (
    Limits,
    Metered,
    check_layout,
    check_members,
    refusal,
    shown,
    tar_members,
    zip_members,
)
from safeinstall.sources.archives.wheel_places import check_places
from safeinstall.sources.archives.wheel_record import check_record, read_record
from safeinstall.sources.network.content_coding import STEP

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence
    from pathlib import Path

    from packaging.utils import NormalizedName

    from safeinstall.facts.values import Layout
    from safeinstall.sources.archives.member_bytes import Visitor as Visitor  # noqa: PLC0414 - of the door

LIMITS = Limits()
_LEAST = 1 << 17
"""Bytes that are read at once of a small zip: its end, with a comment."""
_UNREADABLE = (
    zipfile.BadZipFile,
    tarfile.TarError,
    csv.Error,
    zlib.error,
    lzma.LZMAError,
    EOFError,
    OSError,
    RuntimeError,  # a password, or a way of packing that Python does not know
    ValueError,
)
_METADATA = (".dist-info", ".egg-info", ".egg", ".egg-link")
_LIBRARY = re.compile(r"(?:site|dist)-packages|python[\d.]*t?", re.IGNORECASE)
"""What a directory of modules is called."""
_WHEEL_VERSION = 1
"""The major version that pip knows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Contents:
    """What an archive that passed every check says of itself."""

    metadata: bytes | None
    """METADATA, or PKG-INFO, which an old source distribution may lack."""
    pyproject: bytes | None = None
    """``pyproject.toml`` of a source distribution."""
    files: tuple[str, ...]
    """Names of the members that are files, in the archive's order."""
    layout: Layout | None = None
    """Where a wheel puts them."""


def check_wheel(
    path: Path, filename: str, *, limits: Limits = LIMITS, intact: bool = False, visitors: Sequence[Visitor] = ()
) -> Contents:
    """Return the contents of the wheel at *path*, published as *filename*. pip can install it.

    Each member is unpacked once, for all checks and for *visitors*.

    RECORD must name exactly the members, and each must have the hash and the size that are written there. Where these
    very bytes are *intact*, because they once passed :data:`~safeinstall.sources.archives.member_bytes.CHECK`, that is
    not done again.

    Raises:
        IntegrityError: it leaves its tree, can be read in more than one way, or contradicts itself or its own name; or
            a command of it has no plain name.
    """
    with _readable(filename), _zip(path, filename, limits) as archive:
        located = _located(path, filename, archive, limits)
        files = _files(archive)
        dist_info = _dist_info(filename, archive.namelist())
        wheel = _required(filename, archive, f"{dist_info}/WHEEL", limits.wheel)
        metadata, record = (
            _required(filename, archive, f"{dist_info}/{name}", limits.read) for name in ("METADATA", "RECORD")
        )
        _check_wheel_version(filename, wheel)
        hashes = check_record(filename, read_record(filename, record), files, dist_info)
        texts = _texts(filename, archive, [name for name in files if is_read_for_layout(name)], limits)
        layout = replace(_layout(filename, files, texts), members=files, pure=_is_pure(wheel))
        _check_added(filename, layout)
        check_places(filename, files, [name for name, target in layout.scripts.items() if target], dist_info)
        if visitors or not intact:
            read_members(filename, archive, located, visitors if intact else [hashes, *visitors])
    return Contents(metadata=metadata, files=files, layout=layout)


def check_built(path: Path, requires: Collection[NormalizedName] | None) -> Contents:
    """Return the contents of a wheel that pip has built at *path*: its author made what made it.

    Raises as :func:`check_wheel`, and for metadata of another project or version than its name tells, or that requires
    more than *requires*, the projects that were judged (``None``: nobody knows).
    """
    contents = check_wheel(path, path.name)
    name, version, *_ = parse_wheel_filename(path.name)
    try:
        metadata = parse_metadata(contents.metadata or b"", name=name, version=version)
    except MetadataInvalidError as error:
        raise refusal(path.name, f"is not what it is called: {error.message}") from error
    more = {canonicalize_name(requirement.name) for requirement in metadata.requires_dist}.difference(requires or ())
    if requires is not None and more:
        raise refusal(path.name, f"requires {', '.join(sorted(more))}, which it did not before it was built")
    return contents


def check_sdist(path: Path, filename: str, *, limits: Limits = LIMITS, visitors: Sequence[Visitor] = ()) -> Contents:
    """Return the contents of the source distribution at *path*, published as *filename*: a whole one, to its end.

    *visitors* see every file of it.

    Raises:
        IntegrityError: it leaves its tree, can be read in more than one way, or is damaged.
    """
    with _readable(filename):
        is_zip = filename.lower().endswith(".zip")
        if not is_zip and zipfile.is_zipfile(path):  # pip before 24.0 takes it for one (utils/unpacking.py)
            raise refusal(filename, "can be read as a zip too")
        read = _zip_sdist if is_zip else _tar_sdist
        contents = read(path, filename, limits, visitors)
    _check_pyproject(filename, contents.pyproject or b"")
    return contents


def _check_pyproject(filename: str, pyproject: bytes) -> None:
    """Refuse what pip ends on in a traceback, when everything else has been decided."""
    try:
        tomllib.loads(pyproject.decode())
    except (ValueError, RecursionError) as error:
        raise refusal(filename, f"holds a pyproject.toml that cannot be read: {shown(str(error))}") from error


@contextmanager
def _readable(filename: str) -> Iterator[None]:
    try:
        yield
    except _UNREADABLE as error:
        raise refusal(filename, f"cannot be read as an archive: {shown(str(error))}") from error


def _located(path: Path, filename: str, archive: zipfile.ZipFile, limits: Limits) -> list[tuple[zipfile.ZipInfo, int]]:
    check_members(filename, zip_members(archive), path.stat().st_size, limits)
    return check_layout(filename, archive)


def _files(archive: zipfile.ZipFile) -> tuple[str, ...]:
    return tuple(info.filename for info in archive.infolist() if not info.is_dir())


def _texts(filename: str, archive: zipfile.ZipFile, members: Sequence[str], limits: Limits) -> dict[str, bytes]:
    if sum(archive.getinfo(member).file_size for member in members) > limits.read:
        raise refusal(filename, f"holds .pth files and entry points of more than {limits.read} bytes")
    return {member: archive.read(member) for member in members}


def _layout(filename: str, files: Sequence[str], texts: dict[str, bytes]) -> Layout:
    try:
        return wheel_layout(files, texts)
    except UnclearError as error:
        raise refusal(filename, f"{error.reason}: {shown(error.what)}") from error


def _required(filename: str, archive: zipfile.ZipFile, member: str, limit: int) -> bytes:
    try:
        info = archive.getinfo(member)
    except KeyError:
        raise refusal(filename, f"has no {shown(member)}") from None
    if info.file_size > limit:
        raise refusal(filename, f"holds {shown(member)}, which is larger than {limit} bytes")
    return archive.read(info)


def _dist_info(filename: str, members: Sequence[str]) -> str:
    """Return the one ``.dist-info`` directory, which must bear the name and version of the file.

    Whatever else Python takes for metadata (importlib.metadata, ``Lookup``) would pass for another distribution.
    """
    found = sorted({top for top in (m.split("/", 1)[0] for m in members) if _is_metadata(top)})
    if len(found) != 1 or not found[0].endswith(".dist-info"):
        raise refusal(
            filename, f"must hold one .dist-info directory, but holds {', '.join(map(shown, found)) or 'none'}"
        )
    if _named(found[0]) != _named_by(filename):
        raise refusal(filename, f"holds {shown(found[0])}, which is of another name or version")
    smuggled = next((m for m in members if _is_smuggled(m)), None)
    _refuse_smuggled(filename, smuggled)
    return found[0]


def _check_added(filename: str, layout: Layout) -> None:
    """Refuse metadata in a directory that a ``.pth`` file adds to the library."""
    for directory in added_directories(layout.startup):
        below = (p for p in (*layout.modules, *layout.data) if folded(p).startswith(directory))
        found = (p for p in below if _is_metadata(folded(p)[len(directory) :].partition("/")[0]))
        _refuse_smuggled(filename, next(found, None))


def _refuse_smuggled(filename: str, member: str | None) -> None:
    if member is not None:
        raise refusal(filename, f"holds {shown(member)}, which would be installed as metadata")


def _is_metadata(name: str) -> bool:
    """Whether Python or pip takes what lies in a library and is called *name* for metadata, or for the way to some."""
    return name.lower().endswith(_METADATA) or name.lower() == "egg-info"


def _is_smuggled(member: str) -> bool:
    """Whether installing moves *member* among the metadata: ``x.data/purelib/y.dist-info/METADATA`` replaces y's."""
    data, _, rest = member.partition(".data/")
    parts = rest.split("/")
    below = [name for above, name in pairwise(parts) if _LIBRARY.fullmatch(above)]
    return "/" not in data and any(map(_is_metadata, [*parts[1:2], *below]))


def _named(directory: str) -> tuple[str, Version | str]:
    name, _, version = directory.removesuffix(".dist-info").rpartition("-")
    try:
        return canonicalize_name(name), Version(version)
    except InvalidVersion:
        return canonicalize_name(name), version


def _named_by(filename: str) -> tuple[str, Version | str]:
    try:
        return parse_wheel_filename(filename)[:2]
    except InvalidWheelFilename as error:
        raise refusal(filename, "has a name that no wheel may have") from error


def _header(wheel: bytes, name: str) -> str:
    """Return a field of WHEEL; empty if it is not there."""
    return str(HeaderParser().parsestr(wheel.decode("utf-8"))[name] or "")


def _is_pure(wheel: bytes) -> bool:
    """Whether what is not below ``*.data`` goes to purelib, else to platlib (pip: ``wheel_root_is_purelib``)."""
    return _header(wheel, "Root-Is-Purelib").lower() == "true"


def _check_wheel_version(filename: str, wheel: bytes) -> None:
    """Go by pip's rule: a later minor version is installed, a later major one is not (pip: utils/wheel.py)."""
    version = _header(wheel, "Wheel-Version")
    with suppress(ValueError):
        major, *_ = map(int, version.strip().split("."))
        if major <= _WHEEL_VERSION:
            return
    raise refusal(filename, f"is of wheel version {shown(version or 'unknown')}, which pip cannot install")


def _zip_sdist(path: Path, filename: str, limits: Limits, visitors: Sequence[Visitor]) -> Contents:
    with _zip(path, filename, limits) as archive:
        located = _located(path, filename, archive, limits)
        read_members(filename, archive, located, visitors)
        files = _files(archive)
        root = _root(files)
        metadata, pyproject = (
            _required(filename, archive, root + name, limits.read) if root + name in files else None
            for name in ("PKG-INFO", "pyproject.toml")
        )
    return Contents(metadata=metadata, pyproject=pyproject, files=files)


def _tar_sdist(path: Path, filename: str, limits: Limits, visitors: Sequence[Visitor]) -> Contents:
    with _unpacking(path, filename) as stream:
        metered = Metered(stream, filename, limits.read)
        with tarfile.open(fileobj=cast("IO[bytes]", metered), mode="r:") as archive:
            check_members(filename, tar_members(archive), path.stat().st_size, limits)
            _check_end(filename, metered, limits)
            files = tuple(info.name for info in archive.getmembers() if info.isfile())
            if visitors:
                read_tar_members(archive, visitors)
            root = _root(files)
            metadata, pyproject = (
                _extracted(archive, root + name) if root + name in files else None
                for name in ("PKG-INFO", "pyproject.toml")
            )
    return Contents(metadata=metadata, pyproject=pyproject, files=files)


def _check_end(filename: str, stream: Metered, limits: Limits) -> None:
    """Read *stream* from the end of a tar to its own: only there is the checksum of what packs it.

    Python takes a header that is damaged for the end. What follows the end is nothing but zeros.
    """
    block, rest = stream.last, 0
    while block:
        rest += len(block)
        if block.strip(b"\0") or rest > limits.read:
            raise refusal(filename, "is damaged, or holds something behind its end")
        block = stream.read(min(STEP, limits.read))


@contextmanager
def _zip(path: Path, filename: str, limits: Limits) -> Iterator[zipfile.ZipFile]:
    with path.open("rb") as stream:
        metered = Metered(stream, filename, max(limits.read, _LEAST))
        with zipfile.ZipFile(cast("IO[bytes]", metered)) as archive:
            yield archive


def _unpacking(path: Path, filename: str) -> IO[bytes]:
    """Open the tar inside *path* the way pip does: by its file name, not by its contents."""
    name = filename.lower()
    if name.endswith((".tar.gz", ".tgz")):
        return cast("IO[bytes]", gzip.open(path))
    if name.endswith((".tar.bz2", ".tbz")):
        return cast("IO[bytes]", bz2.open(path))
    if name.endswith((".tar.xz", ".txz", ".tlz", ".tar.lz", ".tar.lzma")):
        return cast("IO[bytes]", lzma.open(path))
    return path.open("rb")


def _root(files: Sequence[str]) -> str:
    """Return the directory that holds everything, with its slash; empty when there is none."""
    tops = {f.split("/", 1)[0] for f in files}
    return f"{tops.pop()}/" if len(tops) == 1 and all("/" in f for f in files) else ""


def _extracted(archive: tarfile.TarFile, member: str) -> bytes:
    stream = archive.extractfile(member)
    return b"" if stream is None else stream.read()
