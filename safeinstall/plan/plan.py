"""What will be installed, file by file, and how it is written down (PEP 751).

``Plan`` holds what was judged; ``VerifiedPlan`` holds what was then found on disk to be just that. Installing takes a
``VerifiedPlan``, so no path leads from an index to pip around the judgement.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from dataclasses import InitVar, dataclass, replace
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote, urlsplit

from safeinstall.facts.artifact import ArtifactKind, SourceKind
from safeinstall.facts.provenance import Provenance
from safeinstall.facts.publishers import table_of
from safeinstall.request.requirements import requested_commit

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from packaging.utils import NormalizedName

    from safeinstall.facts.artifact import Artifact
    from safeinstall.facts.values import Layout
    from safeinstall.facts.verdict import Pinned, Verdict

    Value = str | int | datetime | Mapping[str, "Value"]
    Table = Mapping[str, Value]

CREATED_BY = "safe-pip"
LOCK_VERSION = "1.0"
_FILES = frozenset({ArtifactKind.WHEEL, ArtifactKind.SDIST})
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_SEAL: Final = object()
"""Whoever holds it has verified the files: ``sources/files/fetch.py`` alone imports it (a test watches)."""


@dataclass(frozen=True, slots=True)
class Plan:
    """The pins to install, one per project, sorted by name. A denied file cannot be in it: no ``Pinned`` holds one."""

    pins: tuple[Pinned, ...]

    def __post_init__(self) -> None:
        """Sort the pins, and refuse two files for one project."""
        name, count = max(Counter(pin.artifact.name for pin in self.pins).items(), key=_second, default=("", 1))
        if count > 1:
            raise ValueError(f"a plan holds one file for each project, not {count} for {name}")
        object.__setattr__(self, "pins", tuple(sorted(self.pins, key=lambda pin: pin.artifact.name)))

    @classmethod
    def of(cls, pins: Iterable[Pinned]) -> Plan:
        """Return the plan of *pins*, whatever their order."""
        return cls(tuple(pins))

    @property
    def files(self) -> tuple[Pinned, ...]:
        """The pins that are one file each: wheels and source distributions, not trees and repositories."""
        return tuple(pin for pin in self.pins if pin.artifact.kind in _FILES)

    @property
    def names(self) -> tuple[NormalizedName, ...]:
        """The projects, sorted."""
        return tuple(pin.artifact.name for pin in self.pins)

    @property
    def digest(self) -> str:
        """The sha256 of :func:`render`, in hex: equal plans have equal digests, on any machine."""
        return hashlib.sha256(render(self).encode()).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifiedFile:
    """One file of a plan, on disk and found to be what was judged."""

    pin: Pinned
    path: str
    """Absolute, in a directory that only this user can write."""
    sha256: str
    """Of the bytes on disk, whatever the index published."""
    size: int
    layout: Layout | None = None
    """What installing it puts where; ``None`` for a source distribution."""
    downloaded: bool = False
    """Whether it came over the network, and not from this machine."""


@dataclass(frozen=True, slots=True)
class VerifiedPlan:
    """A plan whose files are all on disk, byte for byte what was judged. Only verification can build one."""

    plan: Plan
    files: tuple[VerifiedFile, ...]
    """In the order of ``plan.files``."""
    seal: InitVar[object]

    def __post_init__(self, seal: object) -> None:
        """Refuse whoever does not hold the seal, and files that are not the plan's."""
        if seal is not _SEAL:
            raise TypeError("a VerifiedPlan comes from sources.fetch only")
        if tuple(file.pin for file in self.files) != self.plan.files:
            raise ValueError("the verified files are not those of the plan")

    def judged(self, verdicts: Mapping[NormalizedName, Verdict]) -> VerifiedPlan:
        """Return the same files with *verdicts* in place of earlier ones. A denial cannot be in it."""
        by_name = {pin.artifact.name: pin for pin in self.plan.pins}
        pins = {name: replace(pin, verdict=verdicts.get(name, pin.verdict)) for name, pin in by_name.items()}
        files = tuple(replace(file, pin=pins[file.pin.artifact.name]) for file in self.files)
        return VerifiedPlan(Plan.of(pins.values()), files, _SEAL)

    @property
    def measured(self) -> Plan:
        """The plan with the measured sha256 and size in place of what the index left out: what to lock and record."""
        found = {file.pin.artifact.name: _measured(file) for file in self.files}
        return Plan(tuple(found.get(pin.artifact.name, pin) for pin in self.plan.pins))


def render(plan: Plan) -> str:
    """Return *plan* as the text of a ``pylock.toml`` (PEP 751).

    Addresses are the original ones without credentials. Equal plans give equal text. A file without a hash, or a
    repository that is not pinned to a commit, gives a lock that installers refuse: verify the plan first.
    """
    head = [f"lock-version = {_toml(LOCK_VERSION)}", f"created-by = {_toml(CREATED_BY)}"]
    packages = ["\n".join(_package(pin)) for pin in plan.pins]
    return "\n\n".join(["\n".join(head if packages else [*head, "packages = []"]), *packages]) + "\n"


def without_credentials(url: str) -> str:
    """Return *url* without user name and password. The user ``git`` is no secret (PEP 610) and stays."""
    parts = urlsplit(url)
    user, _, host = parts.netloc.rpartition("@")
    return parts._replace(netloc=f"git@{host}" if user == "git" else host).geturl()


def _second(item: tuple[str, int]) -> int:
    return item[1]


def _measured(file: VerifiedFile) -> Pinned:
    artifact = file.pin.artifact
    hashes = {**artifact.hashes, "sha256": file.sha256}
    return replace(file.pin, artifact=replace(artifact, hashes=hashes, size=file.size))


def _package(pin: Pinned) -> Iterator[str]:
    artifact = pin.artifact
    yield "[[packages]]"
    yield from _lines(_about(pin))
    match artifact.kind:
        case ArtifactKind.TREE:
            directory = {"path": unquote(urlsplit(artifact.url).path), **_subdirectory(artifact)}
            yield f"directory = {_toml(directory)}"
        case ArtifactKind.VCS:
            yield f"vcs = {_toml(vcs_table(artifact))}"
        case ArtifactKind.WHEEL | ArtifactKind.SDIST if artifact.source.kind is SourceKind.DIRECT:
            yield f"archive = {_toml({**_file(artifact), **_subdirectory(artifact)})}"
        case ArtifactKind.WHEEL:
            yield f"wheels = [{_toml({'name': artifact.filename, **_file(artifact)})}]"
        case ArtifactKind.SDIST:
            yield f"sdist = {_toml({'name': artifact.filename, **_file(artifact)})}"


def _about(pin: Pinned) -> Iterator[tuple[str, Value]]:
    artifact = pin.artifact
    yield "name", artifact.name
    if artifact.kind in _FILES:
        yield "version", str(artifact.version)
    requires_python = artifact.requires_python or pin.metadata.requires_python
    if requires_python:
        yield "requires-python", str(requires_python)
    if artifact.source.kind is SourceKind.INDEX:
        yield "index", without_credentials(artifact.source.url)


def _file(artifact: Artifact) -> Table:
    facts: dict[str, Value | None] = {
        "upload-time": artifact.upload_time,
        "url": without_credentials(artifact.url),
        "size": artifact.size,
        "hashes": dict(sorted(artifact.hashes.items())),
    }
    return {key: value for key, value in facts.items() if value is not None}


def lock_lines(file: VerifiedFile) -> str:
    """Return the lines of a lock that describe where *file* really came from: address, size, upload time."""
    artifact = file.pin.artifact
    facts: dict[str, Value | None] = {
        "url": without_credentials(artifact.url),
        "size": file.size,
        "upload-time": artifact.upload_time,
    }
    return "\n".join(_lines((key, value) for key, value in facts.items() if value is not None))


def identity_lines(file: VerifiedFile) -> str:
    """Return what a lock says of who attested *file* (PEP 751, ``attestation-identities``): only what is proved."""
    provenance = file.pin.verdict.provenance
    if not isinstance(provenance, Provenance) or not provenance.verified:
        return ""
    tables = map(table_of, provenance.publishers)
    return "".join("\n".join(["[[packages.attestation-identities]]", *_lines(t.items()), "", ""]) for t in tables)


def vcs_table(artifact: Artifact) -> Table:
    """Return the repository as a lock has it, with ``commit-id`` only if a commit is named: a branch is no promise."""
    parts = urlsplit(without_credentials(artifact.url))
    path, _, revision = parts.path.rpartition("@") if "@" in parts.path else (parts.path, "", "")
    kind, _, scheme = parts.scheme.rpartition("+")
    table = {"type": kind or "git", "url": parts._replace(scheme=scheme, path=path).geturl()}
    if revision:
        table["requested-revision"] = revision
    if commit := requested_commit(artifact.url):
        table["commit-id"] = commit
    return {**table, **_subdirectory(artifact)}


def _subdirectory(artifact: Artifact) -> dict[str, str]:
    return {"subdirectory": artifact.subdirectory} if artifact.subdirectory else {}


def _lines(pairs: Iterable[tuple[str, Value]]) -> Iterator[str]:
    return (f"{key if _BARE_KEY.fullmatch(key) else _toml(key)} = {_toml(value)}" for key, value in pairs)


def _toml(value: Value) -> str:
    match value:
        case str():
            return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
        case int():
            return str(value)
        case datetime():
            return value.astimezone(timezone.utc).isoformat().replace("+00:00", "Z")
        case _:
            return "{" + ", ".join(_lines(value.items())) + "}"
