"""Whether what a wheel holds is in its source: its source distribution, or the commit that it says it was built from.

Files are compared by name and content, wherever they lie: a build moves them (``src/``, ``package-dir``). What is in no
source is explained where its kind is known, and told all the same.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from dataclasses import dataclass, field
from enum import Enum
from itertools import chain
from typing import TYPE_CHECKING

from safeinstall.facts.origins.generated_files import (
    is_called_like_generated,
    is_of_maturin,
    skeleton,
    template_of,
)
from safeinstall.facts.origins.version_files import assigns_constants_only, is_called_like_one
from safeinstall.facts.provenance import Provenance

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import TypeAlias

    from safeinstall.facts.provenance import ProvenanceFact

LARGEST = 8 << 20
"""Bytes of a file up to which forms of one text count as one text."""
PARSED = 200
"""Files of one archive or commit that are parsed, to see whether a build has generated them."""
_SOURCE = (".py", ".pyw")
_BYTECODE = ".pyc"
_EXTENSION = (".so", ".pyd")
_HEAD = 256
"""Bytes of a first line that are looked at."""
_COMPILED = re.compile(r"\.(?:so|pyd|dylib|dll|exe|a|lib)(?:\.[\d.]+)?$", re.IGNORECASE)
_SHEBANG = re.compile(rb"#![^\n]*python[^\n]*", re.IGNORECASE)
_COOKIE = b"coding"
"""What has it in a comment may be read in an encoding in which a comment is none (PEP 263)."""
_NOTHING = re.compile(rb"(?:[ \t\f\r\n]|#[^\r\n]*(?:[\r\n]|\Z))*")
"""Python without any code: blank lines and comments."""
_LARGEST_EMPTY = 1 << 14
_LIBRARIES = ("purelib", "platlib")
_OF_WHEEL = re.compile(r"[^/]+\.dist-info/.*")
_OF_SDIST = re.compile(r"PKG-INFO|setup\.cfg|(?:.*/)?[^/]+\.egg-info/.*")
_ROOTS = ("", "src/", "lib/", "python/")
"""Where projects have their packages, if nothing that is found tells."""
_MOST_ROOTS = 16
_SHORT = 12
"""Digits of a commit that are shown."""
_MOST_PLACES = 8
"""Places of one content that are looked at."""


class Explained(Enum):
    """Why a file need not be in the source."""

    METADATA = "metadata"
    """Written by whatever builds: ``*.dist-info``, ``PKG-INFO``."""
    VERSION = "version file"
    """Called like one, and it assigns nothing but constants."""
    TEMPLATE = "made of a template"
    """The source has a template of that name, which is the same program but for strings."""
    MATURIN = "made by maturin"
    """It only has the names of the compiled module beside it."""
    EMPTY = "empty"
    """Python without any code."""
    COMPILED = "compiled"
    """A library in machine code: it comes from the source by a compiler, and cannot be compared."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """One file of an archive or a commit, as far as it is compared."""

    digest: str
    """Of its content; of Python without regard to the ends of lines and to which interpreter a first line names."""
    runs: bool
    """Whether Python runs it: by its suffix (source, bytecode, an extension module), or by its first line."""
    empty: bool = False
    """Of source: whether there is no code in it."""
    constants: bool = False
    """Of a version file: whether it assigns nothing but constants."""
    maturin: bool = False
    """Whether maturin makes it so."""
    skeleton: str = ""
    """Of what may be made of a template, or is one (``generated_files.skeleton``)."""


Tree: TypeAlias = "Mapping[str, Member]"
"""Files by their path below the root of a source, or where they are installed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unfound:
    """A file that is not in the source."""

    path: str
    differs: bool
    """Whether the source has another file in its place."""
    runs: bool
    """Whether Python runs it."""
    explained: Explained | None = None
    elsewhere: str = ""
    """By which other name the source has this very content, if it does: no build renames a module."""

    @property
    def note(self) -> str:
        """What else is worth to be told of it; empty if there is nothing."""
        path = self.path.lower()
        if self.explained is not None:
            return ""
        if self.elsewhere:
            return f"there it is {self.elsewhere}"
        if is_called_like_one(path):
            return "called like a version file, but it does more than to assign constants"
        if path.endswith(_EXTENSION):
            return "compiled, in a file that says it holds nothing compiled"
        return "bytecode" if path.endswith(_BYTECODE) else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """What became of comparing the files of an archive with a source."""

    source: str
    """What it was compared with, as it is shown."""
    found: int = 0
    """How many files are in it."""
    unfound: tuple[Unfound, ...] = ()
    """By path."""

    @property
    def told(self) -> tuple[Unfound, ...]:
        """What nothing explains."""
        return tuple(each for each in self.unfound if each.explained is None)


@dataclass(frozen=True, slots=True, kw_only=True)
class AttestedCommit:
    """From what a file was built, by an attestation that is proved."""

    repository: str
    """Its address."""
    commit: str
    """The whole hash."""

    @classmethod
    def of(cls, provenance: ProvenanceFact) -> AttestedCommit | None:
        """Return what *provenance* proves; ``None`` where it proves none."""
        if not isinstance(provenance, Provenance) or not provenance.verified:
            return None
        told = ((each.repository_url, each.commit) for each in provenance.attestations)
        return next((cls(repository=url, commit=commit) for url, commit in told if url and commit), None)

    @property
    def shown(self) -> str:
        """On one line."""
        return f"commit {self.commit[:_SHORT]} of {self.repository}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Which Python files of a wheel are in no source that could be had."""

    sources: tuple[str, ...]
    """Those sources, as they are shown. There is one at least."""
    unfound: tuple[Unfound, ...] = field(default=())
    """What Python runs alone."""

    @classmethod
    def of(cls, comparisons: Iterable[Comparison]) -> Origin:
        """Return what none of *comparisons* found, as the one says that explains it."""
        compared = list(comparisons)
        lost: dict[str, list[Unfound]] = {}
        for each in chain.from_iterable(one.unfound for one in compared):
            if each.runs:
                lost.setdefault(each.path, []).append(each)
        everywhere = [found for found in lost.values() if len(found) == len(compared)]
        chosen = tuple(next((one for one in found if one.explained), found[0]) for found in everywhere)
        return cls(sources=tuple(one.source for one in compared), unfound=chosen)

    @property
    def told(self) -> tuple[Unfound, ...]:
        """What nothing explains."""
        return tuple(each for each in self.unfound if each.explained is None)


class TreeMaker:
    """Makes a :data:`Tree` of files whose bytes come one after the other, in parts."""

    def __init__(self) -> None:
        """Begin with none."""
        self.tree: dict[str, Member] = {}
        self._parsed = 0
        self._path, self._member = "", _MemberReader("")

    def begin(self, path: str) -> None:
        """The bytes of the file at *path* follow."""
        self._path, self._member = path, _MemberReader(path)

    def feed(self, chunk: bytes) -> None:
        """Take the next bytes."""
        self._member.feed(chunk)

    def end(self) -> None:
        """The file is whole. Of what may be generated, no more than :data:`PARSED` files are looked into."""
        parses = is_called_like_one(self._path.lower()) or is_called_like_generated(self._path.lower())
        self._parsed += parses
        self.tree[self._path] = self._member.end(parse=parses and self._parsed <= PARSED)


class _MemberReader:
    """Makes a :class:`Member` of the bytes of one file."""

    def __init__(self, path: str) -> None:
        self._path, self._parts, self._head, self._size = path.lower(), list[bytes](), b"", 0
        self._hash = hashlib.sha256()

    def feed(self, chunk: bytes) -> None:
        self._size += len(chunk)
        self._head += chunk[: _HEAD - len(self._head)]
        if self._size <= LARGEST:
            self._parts.append(chunk)
            return
        for part in (*self._parts, chunk):
            self._hash.update(part)
        self._parts = []

    def end(self, *, parse: bool) -> Member:
        is_source = self._path.endswith(_SOURCE) or _SHEBANG.match(self._head) is not None
        runs = is_source or self._path.endswith((_BYTECODE, *_EXTENSION))
        if self._size > LARGEST:
            return Member(digest=self._hash.hexdigest(), runs=runs)
        data = b"".join(self._parts)
        text = _plain(data) if is_source else data
        return Member(
            digest=hashlib.sha256(text).hexdigest(),
            runs=runs,
            empty=is_source and _is_empty(text),
            constants=parse and is_called_like_one(self._path) and assigns_constants_only(data),
            maturin=is_of_maturin(self._path, data),
            skeleton=skeleton(data) if parse and is_called_like_generated(self._path) else "",
        )


def _plain(text: bytes) -> bytes:
    """Return Python's *text* with one kind of ends of lines, and the first line that installers exchange."""
    text = text.replace(b"\r\n", b"\n")
    first = _SHEBANG.match(text)
    return b"#!python" + text[first.end() :] if first and _COOKIE not in first[0] else text


def _is_empty(text: bytes) -> bool:
    return len(text) <= _LARGEST_EMPTY and _COOKIE not in text and _NOTHING.fullmatch(text) is not None


def library_path(member: str) -> str:
    """Return where a wheel's *member* is in the library; what goes elsewhere is by its own name, as no other is."""
    top, _, rest = member.partition("/")
    scheme, slash, path = rest.partition("/")
    return path if top.endswith(".data") and scheme in _LIBRARIES and slash else member


def compare(files: Tree, source: Tree, name: str, *, compiled: bool) -> Comparison:
    """Return which of *files*, of a wheel or a source distribution, are not in *source*, which is shown as *name*.

    *compiled* says whether they may hold what was compiled for some platform.
    """
    places = _Places(source)
    found = {path: place for path, member in files.items() if (place := places.find(path, member))}
    roots = _roots(found.items())
    made = {(template_of(_base(place)), member.skeleton) for place, member in source.items() if member.skeleton}
    folders = {_folder(path): _folder(place) for path, place in found.items() if _base(path) == _base(place)}

    def lost(path: str) -> Unfound:
        member = files[path]
        is_made = (_base(path), member.skeleton) in made
        explained = Explained.TEMPLATE if is_made else _explained(path, member, compiled=compiled)
        beside = f"{folders.get(_folder(path), '..')}{_base(path)}"
        return Unfound(
            path=path,
            differs=beside in source or any(f"{root}{path}" in source for root in roots),
            runs=member.runs,
            explained=explained,
            elsewhere="" if explained else places.first.get(member.digest, ""),
        )

    return Comparison(source=name, found=len(found), unfound=tuple(map(lost, sorted(files.keys() - found.keys()))))


class _Places:
    """Where a source has each content."""

    def __init__(self, source: Tree) -> None:
        self.first: dict[str, str] = {}
        self._named: dict[tuple[str, str], list[str]] = {}
        for path, member in source.items():
            self.first.setdefault(member.digest, path)
            known = self._named.setdefault((member.digest, template_of(_base(path)) or _base(path)), [])
            if len(known) < _MOST_PLACES:
                known.append(path)

    def find(self, path: str, member: Member) -> str | None:
        """Return where the file at *path* comes from: of its name, if Python runs it and there is something in it."""
        named = self._named.get((member.digest, _base(path)))
        if named is not None:
            return _nearest(path, named)
        return None if member.runs and not member.empty else self.first.get(member.digest)


def _nearest(path: str, places: list[str]) -> str:
    """Return the place that is below some root what *path* is, else the first."""
    return next((place for place in places if place == path or place.endswith(f"/{path}")), places[0])


def _roots(found: Iterable[tuple[str, str]]) -> tuple[str, ...]:
    seen = Counter(place.removesuffix(path) for path, place in found if place.endswith(path))
    return (*(root for root, _ in seen.most_common(_MOST_ROOTS)), *_ROOTS)


def _folder(path: str) -> str:
    return path[: path.rfind("/") + 1]


def _base(path: str) -> str:
    return path[path.rfind("/") + 1 :]


def _explained(path: str, member: Member, *, compiled: bool) -> Explained | None:
    if member.empty:
        return Explained.EMPTY
    if member.constants:
        return Explained.VERSION
    if member.maturin:
        return Explained.MATURIN
    if compiled and _COMPILED.search(path):
        return Explained.COMPILED
    is_metadata = _OF_WHEEL.fullmatch(path) or _OF_SDIST.fullmatch(path)
    return Explained.METADATA if is_metadata and not member.runs else None
