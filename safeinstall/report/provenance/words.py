"""Who built the files of a run, for a reader."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from safeinstall.report.provenance.model import ReportedProvenance

_EACH = frozenset({"verified", "claimed", "refuted"})


def told_of(files: Iterable[tuple[str, ReportedProvenance | None]]) -> Iterator[str]:
    """Yield a line of foreign text for each of *files*, given by its release, that is attested; the rest is counted."""
    known = [(release, provenance) for release, provenance in files if provenance is not None]
    yield from (f"{release}: {said.told}" for release, said in known if said.standing in _EACH)
    rest = Counter(said.told for _, said in known if said.standing not in _EACH)
    noun = "file" if len(known) == 1 else "files"
    yield from (f"{count} of {len(known)} {noun}: {told}" for told, count in rest.items())
