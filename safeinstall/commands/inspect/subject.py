"""What ``safe-pip inspect`` is asked about: ``NAME==VERSION``, or a file of this machine."""

from __future__ import annotations

import hashlib
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

from safeinstall.errors import UsageError
from safeinstall.sources.places.regular_files import read_local

if TYPE_CHECKING:
    from packaging.utils import NormalizedName

HINT = "safe-pip inspect urllib3==2.5.0, or the path of a wheel or source distribution"
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
    if word.lower().endswith(_SUFFIXES) and "==" not in word:
        return _of_file(Path(word))
    try:
        asked = Requirement(word)
        (pin,) = asked.specifier
        version = Version(pin.version)
    except (InvalidRequirement, InvalidVersion, ValueError):
        raise UsageError(f"inspect: {word!r} is no release and no file", hint=HINT) from None
    if pin.operator not in {"==", "==="} or asked.url or asked.marker:
        raise UsageError(f"inspect: {word!r} is not one release", hint=HINT)
    return Subject(name=canonicalize_name(asked.name), version=version)


def _of_file(path: Path) -> Subject:
    if not path.exists():
        raise UsageError(f"inspect: there is no file {path}", hint=HINT)
    parse = parse_wheel_filename if path.name.lower().endswith(".whl") else parse_sdist_filename
    try:
        name, version, *_ = parse(path.name)
    except (InvalidWheelFilename, InvalidSdistFilename, InvalidVersion) as error:
        raise UsageError(f"inspect: {error}", hint="give the file the name that its index has for it") from None
    digest = hashlib.sha256()
    for chunk in read_local(path):
        digest.update(chunk)
    return Subject(name=name, version=version, path=path.absolute(), sha256=digest.hexdigest())
