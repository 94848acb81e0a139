"""What ``safe-pip inspect`` is asked about: ``NAME==VERSION``, or a file of this machine."""

from __future__ import annotations

import gzip
import hashlib
import tarfile
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import (
    InvalidSdistFilename,
    InvalidWheelFilename,
    canonicalize_name,
    parse_sdist_filename,
    parse_wheel_filename,
)
from packaging.version import InvalidVersion, Version

from safeinstall.errors import SourceError, UsageError
from safeinstall.sources.network.urls import redacted
from safeinstall.sources.places.regular_files import read_local

if TYPE_CHECKING:
    from packaging.utils import NormalizedName

HINT = "safe-pip inspect NAME==VERSION, or the path of a wheel or source distribution"
_SUFFIXES = (".whl", ".tar.gz", ".zip")


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """One release, and perhaps one file of it."""

    name: NormalizedName
    version: Version
    path: Path | None = None
    """Absolute; of a file of this machine."""
    sha256: str | None = None
    """Its own, measured."""


def read_subject(word: str) -> Subject:
    """Return what *word* names. Raises ``UsageError``, and ``SourceError`` for a file that cannot be read."""
    if "://" in word.partition("@")[0]:
        raise UsageError(
            f"inspect: {redacted(word)} is an address, and no file of this machine", hint=_of_address(word)
        )
    if word.lower().endswith(_SUFFIXES) and "==" not in word:
        return _of_file(Path(word))
    try:
        asked = Requirement(word)
        (pin,) = asked.specifier
        version = Version(pin.version)
    except (InvalidRequirement, InvalidVersion, ValueError):
        raise UsageError(f"inspect: {word!r} is no release and no file", hint=_release_of(word)) from None
    if pin.operator not in {"==", "==="} or asked.url or asked.marker:
        raise UsageError(f"inspect: {word!r} is not one release", hint=_release_of(word))
    return Subject(name=canonicalize_name(asked.name), version=version)


def _release_of(word: str) -> str:
    """Return how a release of the project is named that *word* names without a version, or with several."""
    try:
        return f"safe-pip inspect {Requirement(word).name}==VERSION"
    except InvalidRequirement:
        return HINT


def _of_address(url: str) -> str:
    """Return how the release is named whose file is at *url*."""
    try:
        name, version = _name_of(url.partition("?")[0].partition("#")[0].rpartition("/")[2])
    except (InvalidWheelFilename, InvalidSdistFilename, InvalidVersion):
        return HINT
    return f"safe-pip inspect {name}=={version}, or download the file and give its path"


def _name_of(filename: str) -> tuple[NormalizedName, Version]:
    if filename.lower().endswith(".whl"):
        name, version, *_ = parse_wheel_filename(filename)
        return name, version
    return parse_sdist_filename(filename)


def _check_form(path: Path) -> None:
    """Raise ``SourceError`` for a file that is not at all what its name says; 512 bytes of it are unpacked at most."""
    is_zip = path.name.lower().endswith((".whl", ".zip"))
    try:
        readable = zipfile.is_zipfile(path) if is_zip else _is_tar(path)
    except OSError as error:
        raise SourceError(f"{path} cannot be read: {error.strerror}") from error
    if not readable:
        raise SourceError(
            f"{path} is called like a {'zip archive' if is_zip else 'tar.gz archive'} and is none",
            hint="fetch it again, or look at what it is",
        )


def _is_tar(path: Path) -> bool:
    try:
        with gzip.open(path) as stream:
            tarfile.TarInfo.frombuf(stream.read(tarfile.BLOCKSIZE), "utf-8", "surrogateescape")
    except (tarfile.HeaderError, gzip.BadGzipFile, EOFError, zlib.error):
        return False
    return True


def _of_file(path: Path) -> Subject:
    if not path.exists():
        raise UsageError(f"inspect: there is no file {path}", hint=HINT)
    try:
        name, version = _name_of(path.name)
    except (InvalidWheelFilename, InvalidSdistFilename, InvalidVersion) as error:
        raise UsageError(f"inspect: {error}", hint="give the file the name that its index has for it") from None
    digest = hashlib.sha256()
    for chunk in read_local(path):
        digest.update(chunk)
    _check_form(path)
    return Subject(name=name, version=version, path=path.absolute(), sha256=digest.hexdigest())
