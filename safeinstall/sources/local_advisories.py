"""The advisories a policy names, opened when first asked for, and held against the age it allows."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

from safeinstall.errors import SourceError
from safeinstall.models import Missing
from safeinstall.sources.advisories import open_advisories, open_stored

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime, timedelta

    from packaging.utils import NormalizedName

    from safeinstall.models import Advisory
    from safeinstall.sources.advisories import AdvisoryDatabase


@dataclass(slots=True)
class LocalAdvisories:
    """An :class:`~safeinstall.ports.AdvisorySource` over files on this machine."""

    sources: Sequence[str]
    """As the policy names them."""
    directory: Path
    """Where databases are kept."""
    as_of: datetime
    max_staleness: timedelta
    _opened: AdvisoryDatabase | Missing | None = None
    _lock: Lock = field(default_factory=Lock)

    def advisories(self, name: NormalizedName) -> tuple[Advisory, ...] | Missing:
        """Return every live advisory that names *name*, or why that is not known."""
        database = self._database()
        return database if isinstance(database, Missing) else database.advisories(name)

    def _database(self) -> AdvisoryDatabase | Missing:
        with self._lock:
            if self._opened is None:
                self._opened = self._open()
            return self._opened

    def _open(self) -> AdvisoryDatabase | Missing:
        paths = [Path(source) for source in self.sources if _is_path(source)]
        remote = [source for source in self.sources if not _is_path(source)]
        if remote:
            return Missing(f"no advisories on this machine: {', '.join(remote)} has not been read")
        try:
            database = open_advisories(paths, self.directory)
        except SourceError as error:
            stored = open_stored(paths, self.directory)
            if stored is None:
                return Missing(error.message)
            database = stored
        age = self.as_of - database.status().as_of
        if age > self.max_staleness:
            return Missing(f"the advisories are {age.days} days old, the policy allows {self.max_staleness.days}")
        return database


def _is_path(source: str) -> bool:
    return source != "osv" and "://" not in source
