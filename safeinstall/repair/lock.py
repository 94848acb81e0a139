"""Locks (``pylock.toml``, PEP 751): packages that come from an index, and what of the text speaks of their files."""

from __future__ import annotations

import json
import re
import sys
from dataclasses import dataclass
from datetime import timezone
from typing import TYPE_CHECKING, Any

from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

from safeinstall.repair.entries import Entry, Span

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from packaging.utils import NormalizedName

    from safeinstall.ports import ListedFile
    from safeinstall.repair.entries import Change

FILE_KEYS = ("version", "requires-python", "wheels", "sdist", "attestation-identities")
"""What changes with the version of a package."""
_HEADER = re.compile(r"^[ \t]*\[\[?[ \t]*([\w.\"'-]+)[ \t]*\]\]?[ \t]*(?:#[^\n]*)?$", re.MULTILINE)
_KEY = re.compile(rf"^[ \t]*({'|'.join(FILE_KEYS)})[ \t]*=[ \t]*", re.MULTILINE)
_TOKEN = re.compile(r"\"(?:[^\"\\\n]|\\.)*\"|'[^'\n]*'|#[^\n]*|[\[{]|[\]}]|\n")


@dataclass(frozen=True, slots=True, kw_only=True)
class LockText:
    """A lock, read for a change."""

    entries: tuple[Entry, ...]
    """Of each package; ``where`` is its whole table."""
    words: tuple[str, ...]
    """The same as requirements."""
    hashes: Mapping[NormalizedName, frozenset[str]]
    """``sha256:…`` of the files that are locked."""


def read_lock(text: str) -> LockText:
    """Read a lock. Raises ``ValueError`` for what is none, and for one that cannot be changed by its text alone."""
    packages = _packages(tomllib.loads(text))
    blocks = list(_blocks(text))
    names = [canonicalize_name(package["name"]) for package in packages]
    if len(blocks) != len(packages) or len(set(names)) != len(names):
        raise ValueError("its packages are not one table each: lock again instead")
    versions = [package["version"] for package in packages]
    entries = [
        Entry(name=name, specifier=SpecifierSet(f"=={version}"), text=f"{name}=={version}", where=where, hashes=where)
        for name, version, where in zip(names, versions, blocks, strict=True)
    ]
    markers = [f" ; {package['marker']}" if "marker" in package else "" for package in packages]
    return LockText(
        entries=tuple(entries),
        words=tuple(entry.text + marker for entry, marker in zip(entries, markers, strict=True)),
        hashes={name: _digests(package) for name, package in zip(names, packages, strict=True)},
    )


def _packages(data: Mapping[str, Any]) -> list[dict[str, Any]]:
    packages = data.get("packages")
    if "lock-version" not in data or not isinstance(packages, list):
        raise ValueError("it is not a lock (PEP 751)")
    for package in packages:
        if not isinstance(package, dict) or "version" not in package or not {"wheels", "sdist"} & package.keys():
            raise ValueError(f"{package.get('name')} does not come from an index: lock again instead")
        if any("version" in needed for needed in package.get("dependencies", ())):
            raise ValueError("its packages name versions of each other: lock again instead")
    return packages


def _digests(package: Mapping[str, Any]) -> frozenset[str]:
    files = [*package.get("wheels", ()), *([package["sdist"]] if "sdist" in package else [])]
    return frozenset(f"sha256:{file['hashes']['sha256']}" for file in files if "sha256" in file.get("hashes", {}))


def _blocks(text: str) -> Iterator[Span]:
    headers = [(found.start(), found[1], found[0].lstrip().startswith("[[")) for found in _HEADER.finditer(text)]
    start: int | None = None
    for place, name, is_array in headers:
        if start is not None and (name == "packages" or not name.startswith("packages.")):
            yield Span(start, place)
            start = None
        if name == "packages" and is_array:
            start = place
    if start is not None:
        yield Span(start, len(text))


def edit_lock(text: str, entries: Sequence[Entry], changes: Mapping[NormalizedName, Change]) -> str:
    """Return *text* with the version and the files of *changes*, and everything else as it was.

    Raises ``ValueError`` where the text is written in a way that this cannot be sure of.
    """
    new = text
    for entry in sorted(entries, key=lambda entry: entry.where.start, reverse=True):
        if change := changes.get(entry.name):
            block = _changed(text[entry.where.start : entry.where.end], change)
            new = new[: entry.where.start] + block + new[entry.where.end :]
    if _others(text, changes) != _others(new, changes):
        raise ValueError("it is written in a way that cannot be changed safely: lock again instead")
    return new


def _others(text: str, changes: Mapping[NormalizedName, Change]) -> dict[str, Any]:
    """Return all that the text says but for what *changes* speak of."""
    data = tomllib.loads(text)
    for package in data["packages"]:
        for key in FILE_KEYS if canonicalize_name(package["name"]) in changes else ():
            package.pop(key, None)
    return data


def _changed(block: str, change: Change) -> str:
    starts = [found.start() for found in _HEADER.finditer(block)]
    sections = [block[start:end] for start, end in zip(starts, [*starts[1:], len(block)], strict=True)]
    kept = [section for section in sections[1:] if not _is_of_files(section)]
    own = sections[0] if kept or len(sections) == 1 else sections[0] + "\n"
    space = own[len(own.rstrip()) :] or "\n"
    lines = [_without_files(own).rstrip(), *_lines(change)]
    return "\n".join(lines) + space + "".join(kept)


def _is_of_files(section: str) -> bool:
    header = _HEADER.match(section)
    return header is not None and header[1].split(".")[1] in FILE_KEYS


def _without_files(section: str) -> str:
    while found := _KEY.search(section):
        section = section[: found.start()] + section[_end_of_value(section, found.end()) :]
    return section


def _end_of_value(text: str, start: int) -> int:
    """Return where the line ends on which the value ends that begins at *start*."""
    depth = 0
    for token in _TOKEN.finditer(text, start):
        depth += (token[0] in {"[", "{"}) - (token[0] in {"]", "}"})
        if token[0] == "\n" and depth == 0:
            return token.end()
    return len(text)


def _lines(change: Change) -> Iterator[str]:
    yield f"version = {json.dumps(str(change.version))}"
    python = next((file.requires_python for file in change.files if file.requires_python), None)
    if python:
        yield f"requires-python = {json.dumps(python)}"
    wheels = [file for file in change.files if file.filename.endswith(".whl")]
    sdist = next((file for file in change.files if file.filename.endswith((".tar.gz", ".zip"))), None)
    if sdist:
        yield f"sdist = {_table(sdist)}"
    if wheels:
        yield "\n".join(["wheels = [", *(f"    {_table(file)}," for file in wheels), "]"])


def _table(file: ListedFile) -> str:
    time = file.upload_time and file.upload_time.astimezone(timezone.utc).isoformat().replace("+00:00", "Z")
    facts = {
        "name": json.dumps(file.filename),
        "upload-time": time,
        "url": json.dumps(file.url),
        "size": file.size,
        "hashes": f"{{ sha256 = {json.dumps(file.hashes['sha256'])} }}",
    }
    return "{ " + ", ".join(f"{key} = {value}" for key, value in facts.items() if value is not None) + " }"
