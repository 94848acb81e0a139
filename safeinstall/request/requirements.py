"""Requirements as pip read them: arguments, files, constraints, groups, scripts and locks, all in one form."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit, urlunsplit

from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

from safeinstall.errors import MetadataInvalidError, RefusedError, UnsatisfiableError
from safeinstall.facts.artifact import ArtifactKind
from safeinstall.facts.metadata import parse_requirement
from safeinstall.facts.provenance import Publisher
from safeinstall.facts.publishers import PublisherError, UnknownKindError, publisher_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from packaging.utils import NormalizedName

VCS_SCHEMES = ("git+", "hg+", "svn+", "bzr+")
_COMMIT = re.compile(r"[0-9a-fA-F]{40}|[0-9a-fA-F]{64}")
_SHOWN = 500
"""Characters of something invalid that a message repeats."""
_PART = re.compile(r"[#&]([^=&#]*)=([^&]*)")
"""What an address says of itself, as pip looks for it: in the whole of it, the query too (pip: models/link.py)."""
HASH_NAMES = frozenset(kind for kind in hashlib.algorithms_guaranteed if not kind.startswith("shake_"))
"""What a hash may be made by: all that every Python can compute, and that has one length. pip takes some of them."""

_LOCK_WITHOUT = "lock again without attestation-identities"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """A direct reference: a URL, a path, or a repository (PEP 508, PEP 610)."""

    url: str
    """Without fragment; may hold credentials: never print it."""
    kind: ArtifactKind
    path: str | None = None
    """Of a ``file:`` URL."""
    fragment: str = ""
    lock: str | None = None
    """The lock that names it, if one does: it is no path of the user's own then."""
    lock_publishers: tuple[Publisher, ...] = ()
    """Whom that lock names as those who attested it."""

    @property
    def text(self) -> str:
        """The whole address; may hold credentials: never print it."""
        return f"{self.url}#{self.fragment}" if self.fragment else self.url

    @property
    def hashes(self) -> dict[str, str]:
        """Hashes that the address gives, by kind, in its order; of one kind the first counts (pip: models/link.py)."""
        found: dict[str, str] = {}
        for name, value in self._parts:
            if name.lower() in HASH_NAMES:
                found.setdefault(name.lower(), value.lower())
        return found

    @property
    def digests(self) -> frozenset[str]:
        """The same, as ``sha256:…``."""
        return frozenset(f"{kind}:{value}" for kind, value in self.hashes.items())

    @property
    def subdirectory(self) -> str:
        """The folder inside it that holds the project; empty for its root (pip: models/link.py)."""
        return next((value for name, value in self._parts if name == "subdirectory"), "")

    @property
    def _parts(self) -> list[tuple[str, str]]:
        return _PART.findall(f"{self.url}#{self.fragment}" if self.fragment else self.url)


@dataclass(frozen=True, slots=True, kw_only=True)
class Root:
    """One requirement or constraint that the user gave (pip: InstallRequirement)."""

    name: NormalizedName | None
    """``None`` for a direct reference whose name only its metadata tells."""
    specifier: SpecifierSet = field(default_factory=SpecifierSet)
    extras: frozenset[NormalizedName] = frozenset()
    reference: Reference | None = None
    hashes: frozenset[str] = frozenset()
    """``--hash`` options, as ``sha256:…``."""
    of_lock: bool = False
    """Whether a lock says it: each of its hashes has to hold, where of those of a requirement one does (PEP 751)."""
    lock_publishers: tuple[Publisher, ...] = ()
    """Whom that lock names as those who attested its file (PEP 751, ``attestation-identities``)."""
    editable: bool = False
    constraint: bool = False
    user_supplied: bool = True
    origin: str = ""
    """As pip tells it: ``-r requirements.txt (line 3)``; empty for an argument."""
    text: str = ""
    """For messages."""
    literal_name: str = ""
    """The name as it is written, for messages."""


def parse_roots(said: Iterable[Mapping[str, Any]]) -> tuple[Root, ...]:
    """Turn the host's descriptions into values; those whose markers do not apply are left out."""
    return tuple(_root(row) for row in said if row["applies"])


def parse_build_requirements(texts: Iterable[str], markers: Mapping[str, str]) -> tuple[Root, ...]:
    """Turn the requirements of a build (PEP 518, PEP 517) into values; those whose markers do not apply are left out.

    Raises ``MetadataInvalidError`` for one that is not PEP 508.
    """
    found = (_of_build(text, markers) for text in texts)
    return tuple(root for root in found if root is not None)


def _of_build(text: str, markers: Mapping[str, str]) -> Root | None:
    try:
        requirement = parse_requirement(text)
        if requirement.marker is None or requirement.marker.evaluate({**markers, "extra": ""}):
            return _required_by_build(requirement)
    except ValueError as error:  # also an address that is none
        raise MetadataInvalidError(
            f"a build requires {text[:_SHOWN]!r}, which is not a requirement (PEP 508)"
        ) from error
    return None


def _required_by_build(requirement: Requirement) -> Root:
    reference = parse_reference(requirement.url) if requirement.url else None
    return Root(
        name=canonicalize_name(requirement.name),
        specifier=requirement.specifier,
        extras=frozenset(canonicalize_name(extra) for extra in requirement.extras),
        reference=reference,
        user_supplied=False,
        text=_text(requirement, reference),
        literal_name=requirement.name,
    )


def _root(row: Mapping[str, Any]) -> Root:
    requirement = _requirement(row["requirement"]) if row["requirement"] else None
    name = requirement.name if requirement else row["name"]
    publishers = _publishers(row)
    reference = _reference(row["link"], row["origin"] if row["of_lock"] else None, publishers)
    return Root(
        name=canonicalize_name(name) if name else None,
        specifier=SpecifierSet() if requirement is None or reference else requirement.specifier,
        extras=frozenset(canonicalize_name(extra) for extra in row["extras"]),
        reference=reference,
        hashes=_hashes(row["hashes"]),
        of_lock=row["of_lock"],
        lock_publishers=publishers,
        editable=row["editable"],
        constraint=row["constraint"],
        user_supplied=row["user_supplied"],
        origin=row["origin"],
        text=_text(requirement, reference),
        literal_name=name or "",
    )


def _publishers(row: Mapping[str, Any]) -> tuple[Publisher, ...]:
    """Return whom a lock names for one of its packages. Those of unknown kinds are left out, where it names others.

    Raises ``RefusedError`` for what names nobody, where all are of unknown kinds, and for what nobody can attest: what
    it asks cannot be looked at.
    """
    link = row["link"] or {}
    if row.get("attested") and (link.get("directory") or link.get("vcs")):
        problem = f"{row['origin']} names who attested {row['name'] or link['url']}, which is no file"
        raise RefusedError(problem, hint=_LOCK_WITHOUT)
    said = [_publisher(table, row) for table in row.get("attested") or ()]
    named = [publisher for publisher in said if isinstance(publisher, Publisher)]
    unknown = next((error for error in said if isinstance(error, UnknownKindError)), None)
    if unknown is not None and not named:
        raise _refused(row, unknown, hint=f"upgrade safe-pip, or {_LOCK_WITHOUT}")
    return tuple(dict.fromkeys(named))


def _publisher(table: Mapping[str, Any], row: Mapping[str, Any]) -> Publisher | UnknownKindError:
    try:
        return publisher_of(table)
    except UnknownKindError as unknown:
        return unknown
    except PublisherError as error:
        raise _refused(row, error, hint="correct the lock, or lock again") from error


def _refused(row: Mapping[str, Any], error: PublisherError, *, hint: str) -> RefusedError:
    said = f"{row['origin']} names for {row['name']} an attestation identity that {error}"
    return RefusedError(said, hint=hint)


def _hashes(said: Mapping[str, list[str]]) -> frozenset[str]:
    """A lock may name any algorithm; pip takes what Python can compute (pip: utils/hashes.py)."""
    for kind in said:
        if kind.startswith("shake") or kind not in hashlib.algorithms_guaranteed:
            raise UnsatisfiableError(f"Unknown hash name: {kind}")
    return frozenset(f"{kind}:{value.lower()}" for kind, values in said.items() for value in values)


def _requirement(text: str) -> Requirement:
    """Read *text* as the standard has it; pip before 24.1 accepts more, of which nobody can say what it means."""
    try:
        return Requirement(text)
    except InvalidRequirement as error:
        raise UnsatisfiableError(f"Invalid requirement: {text!r}: {str(error).partition(chr(10))[0]}") from error


def _text(requirement: Requirement | None, reference: Reference | None) -> str:
    if reference is not None and requirement is None:
        return reference.path or reference.url
    if requirement is None:
        return ""
    extras = f"[{','.join(sorted(requirement.extras))}]" if requirement.extras else ""
    return f"{requirement.name}{extras}{requirement.specifier}"


def _reference(link: Mapping[str, Any] | None, lock: str | None, publishers: tuple[Publisher, ...]) -> Reference | None:
    if link is None:
        return None
    return Reference(
        url=link["url"],
        kind=_kind(link),
        path=link["path"],
        fragment=link["fragment"],
        lock=lock,
        lock_publishers=publishers,
    )


def _kind(link: Mapping[str, Any]) -> ArtifactKind:
    if link["vcs"]:
        return ArtifactKind.VCS
    if link["directory"]:
        return ArtifactKind.TREE
    return _kind_of_file(link["filename"])


def _kind_of_file(path: str) -> ArtifactKind:
    return ArtifactKind.WHEEL if path.endswith(".whl") else ArtifactKind.SDIST


def parse_reference(url: str) -> Reference:
    """Read the URL of a ``name @ URL`` requirement that a package's metadata holds (PEP 508).

    Raises ``ValueError`` for one that is no address.
    """
    parts = urlsplit(url)
    is_repository = f"{parts.scheme}:".startswith(VCS_SCHEMES)
    kind = ArtifactKind.VCS if is_repository else _kind_of_file(unquote(parts.path).rstrip("/"))
    bare = urlunsplit(parts._replace(fragment=""))  # as pip writes it: file:/x is file:///x (pip: models/link.py)
    return Reference(url=bare, kind=kind, path=_path_of(url), fragment=parts.fragment)


def requested_commit(url: str) -> str | None:
    """Return the commit that the address of a repository asks for by its whole hash; ``None`` for a branch or tag."""
    _, found, revision = urlsplit(url).path.rpartition("@")
    return revision.lower() if found and _COMMIT.fullmatch(revision) else None


def _path_of(url: str) -> str | None:
    """Return the path of a ``file:`` URL on this host."""
    parts = urlsplit(url)
    return unquote(parts.path) if parts.scheme == "file" and parts.netloc in ("", "localhost") else None
