"""Parsed project pages, kept on disk and validated as HTTP says (RFC 9111)."""

from __future__ import annotations

import hashlib
import json
import os
import re
import time
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from safeinstall.judge.gather import CLOCK_TOLERANCE
from safeinstall.ports import ListedFile, ProjectPage
from safeinstall.sources.index.clock import told_time
from safeinstall.sources.places.kept_files import read_kept, write_kept

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from safeinstall.facts.artifact import Source
    from safeinstall.sources.network.http import Response

LONGEST = 600.0
"""Seconds for which an index is not asked again, whatever it allows: what it hides from us must not stay hidden."""
_FORMAT = 4
_MAX_AGE = re.compile(r"(?:^|[\s,])max-age\s*=\s*\"?(\d+)", re.IGNORECASE)
_DIRECTIVE = re.compile(r"[\w-]+")


@dataclass(frozen=True, slots=True)
class KeptPage:
    """A page as it was parsed, and how to ask whether it still holds."""

    page: ProjectPage
    fresh: bool
    """The index need not be asked."""
    validators: Mapping[str, str]
    """Headers of a conditional request; without any the page must be fetched again."""
    digest: str
    """Of the answer that it was parsed from; see :func:`digest_of`."""


@dataclass(frozen=True, slots=True)
class PageCache:
    """A directory of pages, each under its address (with its credentials) and what of it was kept.

    When a page was last said to hold is the time of its file.
    """

    folder: Path
    kind: str
    """Names what is left out of pages: another target needs other files."""
    now: float = field(default_factory=time.time)
    """Seconds since the epoch."""

    def get(self, url: str, source: Source) -> KeptPage | None:
        """Return what is kept of the page at *url* of *source*."""
        path = self._path(url)
        data = read_kept(path)
        if data is None:
            return None
        try:
            kept, age = json.loads(data), self.now - path.stat().st_mtime
            return KeptPage(
                page=_page(kept, source),
                fresh=0 <= age < kept["max_age"],
                validators=kept["validators"],
                digest=kept["digest"],
            )
        except (OSError, ValueError, TypeError, KeyError):
            return None

    def put(self, url: str, page: ProjectPage, answer: Response) -> None:
        """Keep *page*, parsed from *answer*, unless its headers forbid it."""
        headers = answer.headers
        control = headers.get("cache-control", "")
        directives = {found.lower() for found in _DIRECTIVE.findall(control)}
        if "no-store" in directives or self._is_in_doubt(headers):
            return
        kept = {
            "max_age": 0.0 if "no-cache" in directives else _max_age(control, headers),
            "validators": _validators(headers),
            "digest": digest_of(answer),
            "status": page.status,
            "first_upload": _written(page.first_upload),
            "left_out": {version: _written(time) for version, time in page.left_out.items()},
            "elsewhere": {version: _row(file) for version, file in page.attested_elsewhere.items()},
            "files": [_row(file) for file in page.files],
        }
        write_kept(self._path(url), json.dumps(kept, separators=(",", ":")).encode())

    def _is_in_doubt(self, headers: Mapping[str, str]) -> bool:
        """Whether the clocks are so far apart that the index must be asked each time, and the doubt be told."""
        told = told_time(headers)
        return told is not None and abs(told.timestamp() - self.now) > CLOCK_TOLERANCE.total_seconds()

    def confirm(self, url: str) -> None:
        """Note that the page at *url* holds now."""
        with suppress(OSError):
            os.utime(self._path(url), (self.now, self.now))

    def _path(self, url: str) -> Path:
        key = hashlib.sha256(f"{_FORMAT}\n{self.kind}\n{url}".encode()).hexdigest()
        return self.folder / key[:2] / key


def digest_of(answer: Response) -> str:
    """Return by which an answer is known again where an index has no validators: with all that a page is read from."""
    about = f"{answer.url}\n{answer.headers.get('content-type', '')}\n".encode()
    return hashlib.sha256(about + answer.body).hexdigest()


def _max_age(control: str, headers: Mapping[str, str]) -> float:
    found = _MAX_AGE.search(control)
    age = headers.get("age", "0")
    if found is None or not age.isdecimal():
        return 0.0
    return max(0.0, min(LONGEST, float(found[1]) - float(age)))


def _validators(headers: Mapping[str, str]) -> dict[str, str]:
    pairs = {"if-none-match": headers.get("etag"), "if-modified-since": headers.get("last-modified")}
    return {name: value for name, value in pairs.items() if value}


def _page(kept: Mapping[str, Any], source: Source) -> ProjectPage:
    return ProjectPage(
        source=source,
        files=tuple(map(_file, kept["files"])),
        first_upload=_read(kept["first_upload"]),
        left_out={version: _read(time) for version, time in kept["left_out"].items()},
        attested_elsewhere={version: _file(row) for version, row in kept["elsewhere"].items()},
        status=kept["status"],
    )


def _row(file: ListedFile) -> list[Any]:
    about = [file.filename, file.url, file.hashes, file.requires_python, file.yanked, file.size]
    return [*about, _written(file.upload_time), file.core_metadata, file.subdirectory, file.egg, file.provenance]


def _file(row: list[Any]) -> ListedFile:
    (
        filename,
        url,
        hashes,
        requires_python,
        yanked,
        size,
        upload_time,
        core_metadata,
        subdirectory,
        egg,
        provenance,
    ) = row
    return ListedFile(
        filename=filename,
        url=url,
        hashes=hashes,
        requires_python=requires_python,
        yanked=yanked,
        size=size,
        upload_time=_read(upload_time),
        core_metadata=core_metadata,
        provenance=provenance,
        subdirectory=subdirectory,
        egg=egg,
    )


def _written(time: datetime | None) -> str | None:
    return time.isoformat() if time else None


def _read(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
