"""Requirements files (pip's format): the requirements that are pinned or capped, and where they stand."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from safeinstall.repair.entries import Entry, Span, parse_entry

if TYPE_CHECKING:
    from collections.abc import Iterator

_LOGICAL = re.compile(r"(?:[^\n]*\\\r?\n)*[^\n]*(?:\n|$)")
_COMMENT = re.compile(r"(?:^|(?<=\s))#.*")
_END = re.compile(r"\s--?[a-zA-Z]|\s*\\\r?\n|\s*$")
_HASH = re.compile(r"--hash[= ]\s*[a-z0-9]+:[0-9a-fA-F]+")


def read_requirements(text: str) -> list[Entry]:
    """Return the entries of a requirements file. Options, comments, addresses and nested files are none."""
    return list(_entries(text))


def _entries(text: str) -> Iterator[Entry]:
    for line in _LOGICAL.finditer(text):
        # Comments and a byte order mark are blanked, not cut, so that every place stays what it is.
        bare = _COMMENT.sub(lambda found: " " * len(found[0]), line[0].replace("\ufeff", " "))
        if bare.lstrip().startswith("-") or not bare.strip():
            continue
        end = _END.search(bare)
        entry = parse_entry(bare[: end.start()] if end else bare, line.start())
        if entry is not None:
            yield _with_hashes(entry, bare, line.start())


def _with_hashes(entry: Entry, bare: str, offset: int) -> Entry:
    hashes = list(_HASH.finditer(bare))
    if not hashes:
        return entry
    between = bare[hashes[0].end() : hashes[1].start()] if len(hashes) > 1 else _before(bare, hashes[0].start())
    span = Span(offset + hashes[0].start(), offset + hashes[-1].end())
    return replace(entry, hashes=span, separator=between)


def _before(bare: str, place: int) -> str:
    """Return the space before *place*, a continued line included."""
    found = re.search(r"(?:\s|\\\r?\n)+\Z", bare[:place])
    return found[0] if found else " "
