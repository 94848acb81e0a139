"""A finder that offers the version nearest to the present one first, so that a search ends with the smallest change."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from safeinstall.resolve.finder import CandidateFinder

if TYPE_CHECKING:
    from collections.abc import Mapping

    from packaging.specifiers import SpecifierSet
    from packaging.utils import NormalizedName
    from packaging.version import Version

    from safeinstall.facts.artifact import Artifact
    from safeinstall.resolve.finder import Hashes


@dataclass(slots=True)
class NearestFinder(CandidateFinder):
    """Like :class:`CandidateFinder`, in another order for some projects: see :func:`distance`."""

    present: Mapping[NormalizedName, Version] = field(default_factory=dict)

    def applicable(self, name: NormalizedName, specifier: SpecifierSet, hashes: Hashes) -> list[Artifact]:
        """Return the files that satisfy *specifier*, nearest first."""
        found = CandidateFinder.applicable(self, name, specifier, hashes)
        present = self.present.get(name)
        return found if present is None else sorted(found, key=lambda artifact: distance(artifact.version, present))


def distance(version: Version, present: Version) -> tuple[int, tuple[int, ...]]:
    """Return how far *version* is from *present*: the same; then newer release lines (major.minor), nearest first;
    then older ones. Versions of one line are equally far: the sort is stable, so that the newest of them stays first.
    """
    line = (version.epoch, version.major, version.minor)
    if version == present:
        return 0, ()
    return (1, line) if version > present else (2, tuple(-number for number in line))
