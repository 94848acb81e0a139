"""What a requirements file or a lock names: the packages that a project has now, and their hashes."""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import Version

from safeinstall.errors import UsageError

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from packaging.utils import NormalizedName

_COMMENT = re.compile(r"(?:^|\s)#.*$")
_HASH = re.compile(r"\s--hash[= ](sha256:[0-9a-fA-F]{64})")
_OPTIONS = re.compile(r"\s--?[a-zA-Z].*$")
_NESTED = re.compile(r"(?:-r|--requirement)[= ]?\s*(\S+)$")
_EDITABLE = re.compile(r"-e|--editable")
_MOST = 20_000
"""Files nested in each other end here at the latest."""


@dataclass(frozen=True, slots=True)
class Listed:
    """One package."""

    name: NormalizedName
    specifier: SpecifierSet
    hashes: tuple[str, ...] = ()
    """``sha256:…``."""

    @property
    def pinned(self) -> Version | None:
        """The one version that is meant, if it is one."""
        (single, *more) = [*self.specifier] or [None]
        is_pin = single is not None and not more and single.operator == "==" and not single.version.endswith(".*")
        return Version(single.version) if single is not None and is_pin else None

    def __str__(self) -> str:
        """As an allowlist has it."""
        return f"{self.name}{self.specifier}"


def read_listed(paths: Iterable[Path]) -> tuple[list[Listed], list[str]]:
    """Return what the files at *paths* name, sorted, and each line that names no package of an index.

    Raises :class:`UsageError`.
    """
    found: dict[tuple[str, str], Listed] = {}
    skipped: list[str] = []
    for item in (item for path in paths for item in _items(path, set())):
        if isinstance(item, str):
            skipped.append(item)
            continue
        known = found.get((item.name, str(item.specifier)), item)
        hashes = tuple(dict.fromkeys((*known.hashes, *item.hashes)))
        found[item.name, str(item.specifier)] = Listed(item.name, item.specifier, hashes)
    return [listed for _, listed in sorted(found.items())], skipped


def _items(path: Path, seen: set[Path]) -> Iterator[Listed | str]:
    if path.resolve() in seen or len(seen) >= _MOST:
        return
    seen.add(path.resolve())
    text = _read(path)
    yield from _lock(path, text) if path.suffix == ".toml" else _requirements(path, text, seen)


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error.strerror}") from None
    except ValueError:
        raise UsageError(f"cannot read {path}: not UTF-8") from None


def _requirements(path: Path, text: str, seen: set[Path]) -> Iterator[Listed | str]:
    """Read pip's format: continued lines, comments, nested files, hashes."""
    for number, line in _logical_lines(text):
        bare = _COMMENT.sub("", line).strip()
        nested = _NESTED.match(bare)
        if nested:
            yield from _items(path.parent / nested[1], seen)
        elif bare.startswith("-") and not _EDITABLE.match(bare):
            continue
        elif bare:
            yield _requirement(bare) or f"{path} (line {number}): {bare}"


def _logical_lines(text: str) -> Iterator[tuple[int, str]]:
    """Yield lines with those that a backslash continues them by, and where they begin."""
    start, parts = 1, []
    for number, line in enumerate(text.splitlines(), 1):
        parts.append(line.removesuffix("\\"))
        if not line.endswith("\\"):
            yield start, " ".join(parts)
            start, parts = number + 1, []
    if parts:
        yield start, " ".join(parts)


def _requirement(line: str) -> Listed | None:
    hashes = tuple(digest.lower() for digest in _HASH.findall(line))
    try:
        requirement = Requirement(_OPTIONS.sub("", line).strip())
    except InvalidRequirement:
        return None
    if requirement.url:
        return None
    return Listed(canonicalize_name(requirement.name), requirement.specifier, hashes)


def _lock(path: Path, text: str) -> Iterator[Listed | str]:
    """Read a lock (PEP 751)."""
    try:
        data = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise UsageError(f"cannot read {path}: {error}") from None
    packages = data.get("packages")
    if "lock-version" not in data or not isinstance(packages, list):
        raise UsageError(f"{path} is not a lock (PEP 751)", hint="name a pylock.toml or a requirements file")
    for package in packages:
        yield _locked(package) or f"{path}: {package.get('name') if isinstance(package, dict) else package}"


def _locked(package: Any) -> Listed | None:
    if not isinstance(package, dict) or not isinstance(package.get("name"), str) or "version" not in package:
        return None
    files = [*package.get("wheels", []), package.get("sdist"), package.get("archive")]
    hashes = [
        file["hashes"]["sha256"] for file in files if isinstance(file, dict) and "sha256" in file.get("hashes", {})
    ]
    try:
        specifier = SpecifierSet(f"=={package['version']}")
    except InvalidSpecifier:
        return None
    return Listed(canonicalize_name(package["name"]), specifier, tuple(f"sha256:{digest}".lower() for digest in hashes))
