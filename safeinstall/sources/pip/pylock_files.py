"""``pylock.toml`` files (PEP 751) for a pip that cannot read them: before 26.1."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from packaging.pylock import (
    PackageArchive,
    PackageDirectory,
    PackageSdist,
    PackageVcs,
    PackageWheel,
    Pylock,
    PylockSelectError,
    PylockValidationError,
)
from packaging.tags import parse_tag

from safeinstall.errors import RefusedError
from safeinstall.request.requirements import HASH_NAMES
from safeinstall.sources.places.regular_files import read_regular

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from packaging.markers import Environment
    from packaging.pylock import Package

    Distribution = PackageArchive | PackageDirectory | PackageSdist | PackageVcs | PackageWheel


@dataclass(frozen=True, slots=True, kw_only=True)
class LockRequest:
    """What the host asks: which packages of a lock are for its target."""

    path: str
    markers: Mapping[str, str]
    tags: Sequence[str]
    """Supported wheel tags, most preferred first."""


def select(request: LockRequest) -> list[dict[str, Any]]:
    """Return, for each package of the lock that is for the target, its requirement, its file and its hashes.

    Raises ``RefusedError`` for a lock that cannot be read or is not for this target.
    """
    path = Path(request.path)
    tags = [tag for text in request.tags for tag in parse_tag(text)]
    try:
        lock = Pylock.from_dict(tomllib.loads(read_regular(path).decode()))
        chosen = lock.select(environment=cast("Environment", dict(request.markers)), tags=tags)
        return [
            {**_described(package, distribution, request.path), "attested": _identities(package)}
            for package, distribution in chosen
        ]
    except (OSError, ValueError, RecursionError, PylockValidationError, PylockSelectError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise RefusedError(f"the lock {request.path} cannot be used: {reason}") from error


def _identities(package: Package) -> list[dict[str, Any]]:
    """Return who attested a package, as ``hosted/locks.py`` does."""
    return [
        {key: value if isinstance(value, str) else [] for key, value in identity.items()}
        for identity in package.attestation_identities or ()
    ]


def _described(package: Package, distribution: Distribution, named: str) -> dict[str, Any]:
    lock = Path(named)
    if isinstance(distribution, PackageWheel | PackageSdist):
        requirement = f"{package.name}=={package.version}" if package.version else str(package.name)
        address = _address(distribution.url, distribution.path, lock)
        file = {
            "url": address,
            "hashes": {kind: value.lower() for kind, value in distribution.hashes.items()},
            "filename": distribution.filename,
            "index": package.index,
            "size": distribution.size,
            "lock": named,
        }
        return {"name": package.name, "requirement": requirement, "file": file}
    if isinstance(distribution, PackageArchive):
        if unknown := sorted(distribution.hashes.keys() - HASH_NAMES):
            raise RefusedError(f"the lock {named} gives {package.name} a hash of the unknown kind {unknown[0]}")
        hashes = [f"{kind}={value}" for kind, value in distribution.hashes.items()]
        return _direct(package, _inside(_address(distribution.url, distribution.path, lock), distribution, hashes))
    if isinstance(distribution, PackageVcs):
        address = _address(distribution.url, distribution.path, lock)
        return _direct(package, _inside(f"{distribution.type}+{address}@{distribution.commit_id}", distribution))
    where = (lock.parent / f"{distribution.path}/{distribution.subdirectory or ''}").resolve()
    return {"name": package.name, "requirement": str(where), "editable": bool(distribution.editable), "file": None}


def _inside(address: str, distribution: PackageArchive | PackageVcs, hashes: Sequence[str] = ()) -> str:
    """Return *address* with a fragment that says which folder of it is the project, and its *hashes*."""
    if distribution.subdirectory and "#" in address:  # as pip has it (utils/pylock.py)
        raise ValueError(f"{address!r} has a fragment and a subdirectory")
    folder = [f"subdirectory={distribution.subdirectory}"] if distribution.subdirectory else []
    fragment = "&".join([*folder, *hashes])
    return f"{address}{'&' if '#' in address else '#'}{fragment}" if fragment else address


def _direct(package: Package, url: str) -> dict[str, Any]:
    return {"name": package.name, "requirement": f"{package.name} @ {url}", "file": None}


def _address(url: str | None, path: str | None, lock: Path) -> str:
    """A path counts before a URL, as in pip (utils/pylock.py)."""
    return (lock.parent / path).resolve().as_uri() if path is not None else str(url)
