"""What ``safe-pip advisories`` acts on: the sources of a policy, and their database."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from safeinstall.sources.advisories.cve_lists import list_sources
from safeinstall.sources.advisories.local import open_local
from safeinstall.sources.advisories.osv_dump import resolve_sources
from safeinstall.sources.advisories.sync import Syncer
from safeinstall.sources.places.directories import cache_directory

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from safeinstall.policy.model import Policy
    from safeinstall.sources.advisories.cve_lists import ListSource
    from safeinstall.sources.advisories.database import AdvisoryDatabase
    from safeinstall.sources.advisories.osv_dump import Dump


@dataclass(frozen=True, slots=True)
class Place:
    """The sources and lists of a policy, and where their databases are kept."""

    policy: Policy
    environ: Mapping[str, str]
    sources: Sequence[Path | Dump]
    lists: Sequence[ListSource]
    directory: Path

    @classmethod
    def of(cls, policy: Policy, environ: Mapping[str, str]) -> Place:
        """Return the place of *policy*."""
        sources = resolve_sources(policy.advisories.sources, environ)
        return cls(policy, environ, sources, list_sources(policy.advisories), cache_directory(environ) / "advisories")

    @property
    def syncer(self) -> Syncer:
        """What brings the database up to date; as it is, without asking any address."""
        return Syncer(sources=self.sources, lists=self.lists, directory=self.directory)

    def open(self) -> AdvisoryDatabase:
        """Return the database: paths as they are now, addresses as last synced. Raises ``SourceError``."""
        return open_local(self.sources, self.directory, self.lists)
