"""Comparisons of earlier runs, each in a small file behind a seal: a cache that somebody else wrote says nothing."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

from safeinstall.facts.origins.origin import Comparison, Explained, Unfound
from safeinstall.sources.places.kept_files import read_kept, write_kept
from safeinstall.sources.places.seals import is_sealed, seal

if TYPE_CHECKING:
    from pathlib import Path

FORM = 1
"""Of what is compared and how it is kept. It grows with either, so that what passed an earlier one is done again."""
LARGEST = 1 << 20
"""Bytes of a comparison that is kept."""


class KeptComparisons:
    """A directory of comparisons, by the sha256 of the file and what that was compared with. It may vanish."""

    def __init__(self, folder: Path | None) -> None:
        """Use *folder*, which is made when needed. ``None`` keeps nothing."""
        self._folder = folder

    def find(self, sha256: str, source: str) -> Comparison | None:
        """Return what came of comparing the file with *source*, its sha256 or commit, if this user's safe-pip did."""
        path = self._path(sha256, source)
        said, _, text = ((path and read_kept(path)) or b"").partition(b"\n")
        if path is None or not is_sealed(path, _terms(sha256, source, text), said.decode("ascii", "replace")):
            return None
        return _read(text)

    def add(self, sha256: str, source: str, comparison: Comparison) -> None:
        """Keep *comparison*; nothing where there can be no seal."""
        path, text = self._path(sha256, source), _written(comparison)
        if path is None or len(text) > LARGEST:
            return
        if said := seal(path, _terms(sha256, source, text)):
            write_kept(path, said.encode("ascii") + b"\n" + text)

    def _path(self, sha256: str, source: str) -> Path | None:
        name = hashlib.sha256(f"{FORM} {sha256} {source}".encode()).hexdigest()
        return self._folder and self._folder / name[:2] / name[2:]


def _terms(sha256: str, source: str, text: bytes) -> dict[str, object]:
    return {"comparison": [FORM, sha256, source, hashlib.sha256(text).hexdigest()]}


def _written(comparison: Comparison) -> bytes:
    unfound = [
        [each.path, each.differs, each.runs, each.explained and each.explained.name, each.elsewhere]
        for each in comparison.unfound
    ]
    told = {"source": comparison.source, "found": comparison.found, "unfound": unfound}
    return json.dumps(told).encode()


def _read(text: bytes) -> Comparison:
    """Read what :func:`_written` wrote: the seal says so."""
    told = json.loads(text)
    return Comparison(
        source=told["source"],
        found=told["found"],
        unfound=tuple(
            Unfound(
                path=path, differs=differs, runs=runs, explained=explained and Explained[explained], elsewhere=elsewhere
            )
            for path, differs, runs, explained, elsewhere in told["unfound"]
        ),
    )
