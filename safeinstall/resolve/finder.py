"""From project pages to the files pip would consider, in pip's order of preference.

This module does not know what a policy is. Rules and names follow pip's ``index/package_finder.py``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import TYPE_CHECKING

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from safeinstall.errors import UnsatisfiableError
from safeinstall.facts.artifact import Artifact, ArtifactKind
from safeinstall.facts.file_versions import sdist_version, split_sdist
from safeinstall.facts.metadata import VERSION_LENGTH
from safeinstall.resolve.wheel_tags import WheelTags

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from packaging.utils import NormalizedName

    from safeinstall.ports import IndexSource, ListedFile, ProjectPage
    from safeinstall.request.invocation import Selection

Hashes = dict[str, frozenset[str]]
"""Allowed digests by algorithm; empty: all are allowed (pip: utils/hashes.py)."""

_BUILD_TAG = re.compile(r"(\d+)(.*)")
_PY_VERSION = re.compile(r"-py([123]\.?[0-9]?)$")
_WHEEL_PARTS = (5, 6)

Build = tuple[()] | tuple[int, str]


@dataclass(frozen=True, slots=True)
class Preferred:
    """A file that may be installed here, with what pip sorts by."""

    artifact: Artifact
    priority: int
    """Minus the place of its best tag; source distributions come after every wheel."""
    build: Build


@lru_cache(maxsize=100_000)
def _version(text: str) -> Version | None:
    try:
        return Version(text)
    except InvalidVersion:
        return None


@lru_cache(maxsize=10_000)
def _requires_python(text: str) -> SpecifierSet | None:
    try:
        return SpecifierSet(text) if len(text) <= VERSION_LENGTH else None
    except InvalidSpecifier:
        # pip ignores a Requires-Python that it cannot read (package_finder.py: _check_link_requires_python).
        return None


def merge_hashes(one: Hashes, other: Hashes) -> Hashes:
    """Return what both allow (pip: ``Hashes.__and__``)."""
    if not one or not other:
        return one or other
    return {kind: one[kind] & other[kind] for kind in one.keys() & other.keys()}


def parse_hashes(digests: Iterable[str]) -> Hashes:
    """Turn ``sha256:…`` strings into allowed digests."""
    found: dict[str, set[str]] = {}
    for digest in digests:
        kind, _, value = digest.partition(":")
        found.setdefault(kind, set()).add(value)
    return {kind: frozenset(values) for kind, values in found.items()}


def is_allowed(hashes: Mapping[str, str], allowed: Hashes) -> bool:
    """Whether any published digest is among the allowed ones."""
    return any(value in allowed.get(kind, ()) for kind, value in hashes.items())


def is_pinned(specifier: SpecifierSet) -> bool:
    """Whether *specifier* names one version (pip: factory.py, ``is_pinned``)."""
    return any(s.operator == "===" or (s.operator == "==" and not s.version.endswith(".*")) for s in specifier)


@dataclass(slots=True)
class CandidateFinder:
    """Answers which files of a project could be installed, best first."""

    index: IndexSource
    selection: Selection
    _tags: WheelTags = field(init=False)
    _files: dict[NormalizedName, tuple[Preferred, ...]] = field(default_factory=dict)
    skipped_pythons: dict[NormalizedName, dict[str, None]] = field(default_factory=dict)
    """For messages: versions left out because of their Requires-Python."""
    literal_names: dict[NormalizedName, str] = field(default_factory=dict)
    """For messages: how each project was first asked for. To be set before its files are."""

    def __post_init__(self) -> None:
        """Take the target's tags."""
        self._tags = WheelTags(self.selection.tags)

    def files(self, name: NormalizedName) -> tuple[Preferred, ...]:
        """Return every file of *name* that may be installed here, in the order of pip's ``find_all_candidates``.

        Raises ``SourceError`` when a source did not answer.
        """
        found = self._files.get(name)
        if found is None:
            found = tuple(c for page in self.index.pages(name) for c in self._of_page(name, page))
            self._files[name] = found
        return found

    def applicable(self, name: NormalizedName, specifier: SpecifierSet, hashes: Hashes) -> list[Artifact]:
        """Return the files that satisfy *specifier*, most preferred first; yanked ones only where pip takes them."""
        matching = self._matching(name, specifier)
        if hashes and any(is_allowed(c.artifact.hashes, hashes) for c in matching):
            # pip keeps files without any hash too, so that it can complain about them (filter_unallowed_hashes).
            matching = [c for c in matching if not c.artifact.hashes or is_allowed(c.artifact.hashes, hashes)]
        matching.sort(key=lambda c: self._sort_key(c, hashes))
        take_yanked = is_pinned(specifier) and all(c.artifact.yanked is not None for c in matching)
        # The last of equals wins: pip sorts ascending, stably, and walks backwards (factory.py).
        return [c.artifact for c in reversed(matching) if take_yanked or c.artifact.yanked is None]

    def _matching(self, name: NormalizedName, specifier: SpecifierSet) -> list[Preferred]:
        files, prereleases = self.files(name), self.selection.prereleases(name)
        operators = self.selection.opting_in
        if operators is None or prereleases or not specifier:
            return list(specifier.filter(files, prereleases=prereleases, key=_version_of))
        opted_in = any(s.operator in operators and s.prereleases for s in specifier)
        return [c for c in files if specifier.contains(c.artifact.version, prereleases=opted_in)]

    def _sort_key(self, found: Preferred, hashes: Hashes) -> tuple[bool, bool, bool, Version, int, Build]:
        artifact = found.artifact
        binary = self.selection.prefer_binary and artifact.kind is ArtifactKind.WHEEL
        allowed = bool(hashes) and is_allowed(artifact.hashes, hashes)
        return (allowed, artifact.yanked is None, binary, artifact.version, found.priority, found.build)

    def _of_page(self, name: NormalizedName, page: ProjectPage) -> Iterator[Preferred]:
        wheels, source = self.selection.formats(name)
        for listed in _once_each(page.files):
            is_wheel = listed.filename.endswith(".whl")
            if not (wheels if is_wheel else source):
                continue
            found = self._wheel(name, listed, page) if is_wheel else self._sdist(name, listed, page)
            if found is not None and self._admits(name, listed, found.artifact, page):
                yield found

    def _wheel(self, name: NormalizedName, listed: ListedFile, page: ProjectPage) -> Preferred | None:
        parts = listed.filename[:-4].split("-")
        if len(parts) not in _WHEEL_PARTS or canonicalize_name(parts[0]) != name:
            return None
        place = self._tags.place("-".join(parts[-3:]))
        version = None if place is None else _version(parts[1])
        if place is None or version is None:
            return None
        build: Build = ()
        if len(parts) == max(_WHEEL_PARTS):
            match = _BUILD_TAG.fullmatch(parts[2])
            if match is None:
                return None
            build = (int(match[1]), match[2])
        return Preferred(self._artifact(name, version, ArtifactKind.WHEEL, listed, page), -place, build)

    def _sdist(self, name: NormalizedName, listed: ListedFile, page: ProjectPage) -> Preferred | None:
        stem = split_sdist(listed.filename)
        if stem is None or ("macosx10" in listed.url and listed.filename.endswith(".zip")):
            return None
        text = sdist_version(listed.egg or stem, name)
        if text and (match := _PY_VERSION.search(text)):
            if match[1] != f"{self.selection.python.major}.{self.selection.python.minor}":
                return None
            text = text[: match.start()]
        version = _version(text) if text else None
        if version is None:
            return None
        return Preferred(self._artifact(name, version, ArtifactKind.SDIST, listed, page), -len(self.selection.tags), ())

    def _artifact(
        self, name: NormalizedName, version: Version, kind: ArtifactKind, listed: ListedFile, page: ProjectPage
    ) -> Artifact:
        return Artifact(
            name=name,
            literal_name=self.literal_names.get(name, ""),
            version=version,
            filename=listed.filename,
            url=listed.url,
            kind=kind,
            source=page.source,
            hashes=listed.hashes,
            size=listed.size,
            upload_time=listed.upload_time,
            yanked=listed.yanked,
            requires_python=listed.requires_python,
            core_metadata=listed.core_metadata,
            provenance=listed.provenance,
            subdirectory=listed.subdirectory if kind is ArtifactKind.SDIST else "",
            egg=listed.egg if kind is ArtifactKind.SDIST else "",
            project_status=page.status,
            lock=page.lock,
            lock_publishers=page.lock_publishers,
            unheard=page.unheard,
        )

    def _admits(self, name: NormalizedName, listed: ListedFile, artifact: Artifact, page: ProjectPage) -> bool:
        limit = self.selection.uploaded_prior_to
        if limit is not None and not artifact.url.startswith("file:"):
            if artifact.upload_time is None:
                # pip stops the whole command here (package_finder.py: upload_time_missing).
                raise UnsatisfiableError(f"Index {page.source.display} does not provide upload-time metadata.")
            if artifact.upload_time >= limit:
                return False
        if not listed.requires_python or self.selection.ignore_requires_python:
            return True
        wanted = _requires_python(listed.requires_python)
        if wanted is None or wanted.contains(self.selection.python, prereleases=True):
            return True
        reason = f"{artifact.version} Requires-Python {listed.requires_python}"
        self.skipped_pythons.setdefault(name, {})[reason] = None
        return False


def _once_each(files: Sequence[ListedFile]) -> Iterable[ListedFile]:
    """Return each address once, as it is listed first, with every hash that any of its entries tells."""
    found: dict[tuple[str, str, str], ListedFile] = {}
    for listed in files:
        place = listed.url, listed.subdirectory, listed.egg
        first = found.setdefault(place, listed)
        if first is not listed and first.hashes != listed.hashes:
            found[place] = replace(first, hashes=join_hashes(first.hashes, listed.hashes))
    return found.values()


def join_hashes(one: Mapping[str, str], other: Mapping[str, str]) -> dict[str, str]:
    """Return all that *one* and *other* promise of the same bytes; where they contradict each other, none will do."""
    return {
        kind: digest if other.get(kind, digest) == digest else f"{digest} and {other[kind]}"
        for kind, digest in {**other, **one}.items()
    }


def _version_of(found: Preferred) -> Version:
    return found.artifact.version
