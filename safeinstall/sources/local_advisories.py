"""The advisories a policy names: opened when first asked for, synced when too old, never older than it allows."""

from __future__ import annotations

import json
import time
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

from safeinstall.errors import SourceError
from safeinstall.models import Missing
from safeinstall.sources.advisories import AdvisoryDatabase, open_advisories, open_database
from safeinstall.sources.advisory_sync import CLOCK_SKEW, Syncer
from safeinstall.sources.osv_dump import Dump, DumpReader
from safeinstall.sources.osv_records import identify
from safeinstall.sources.progress import progress_line

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from packaging.utils import NormalizedName
    from typing_extensions import Self

    from safeinstall.models import Advisory
    from safeinstall.sources.http import HttpClient

PATIENCE = 120.0
"""Seconds that an installation waits for a sync that does come along."""
RETRY_AFTER = timedelta(minutes=10)
"""How long a source that failed is not asked again by an installation."""


def open_local(sources: Sequence[Path | Dump], directory: Path) -> AdvisoryDatabase:
    """Return the advisories of *sources*: paths as they are now, dumps as last synced. Nothing is fetched.

    Raises :class:`SourceError` when a path cannot be read or a dump has never been synced.
    """
    paths = [source for source in sources if isinstance(source, Path)]
    if len(paths) == len(sources):
        return open_advisories(paths, directory)
    syncer = Syncer(sources=sources, directory=directory)
    database = open_database(syncer.file)
    if database is None or not _paths_current(sources, database):
        for synced in syncer.sync():
            if synced.failure:
                raise synced.failure
        database = AdvisoryDatabase(syncer.file)
    return database


def open_whatever(sources: Sequence[Path | Dump], directory: Path) -> tuple[AdvisoryDatabase | None, str]:
    """Return what there is of *sources*, and why that is not what it should be."""
    try:
        return open_local(sources, directory), ""
    except SourceError as error:
        return (open_database(Syncer(sources=sources, directory=directory).file) if sources else None), error.message


def _paths_current(sources: Sequence[Path | Dump], database: AdvisoryDatabase) -> bool:
    pairs = zip(sources, database.identities, strict=True)
    return all(identify(source) == stored for source, stored in pairs if isinstance(source, Path))


@dataclass(slots=True, kw_only=True)
class LocalAdvisories:
    """An :class:`~safeinstall.ports.AdvisorySource` over the database of some sources.

    Dumps are synced when they were last asked longer ago than *max_staleness*; one that fails is not asked again for
    :data:`RETRY_AFTER`. What then is older than that, or not here, is ``Missing``.
    """

    sources: Sequence[Path | Dump]
    directory: Path
    """Where databases are kept."""
    as_of: datetime
    max_staleness: timedelta
    client: HttpClient
    """Its timeout should be short: an installation waits."""
    _opened: AdvisoryDatabase | Missing | None = None
    _lock: Lock = field(default_factory=Lock)

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the database."""
        if isinstance(self._opened, AdvisoryDatabase):
            self._opened.close()

    def advisories(self, name: NormalizedName) -> tuple[Advisory, ...] | Missing:
        """Return every live advisory that names *name*, or why that is not known."""
        with self._lock:
            if self._opened is None:
                self._opened = self._open()
            database = self._opened
        return database if isinstance(database, Missing) else database.advisories(name)

    @property
    def relied_on(self) -> datetime | Missing | None:
        """Of when the advisories are that were answered from, or why there were none; ``None`` if nobody asked."""
        return self._opened.as_of if isinstance(self._opened, AdvisoryDatabase) else self._opened

    def _open(self) -> AdvisoryDatabase | Missing:
        database, reason = open_whatever(self.sources, self.directory)
        if (database is None or self._objection(database)) and self._has_dumps():
            if database:
                database.close()
            reason = self._sync()
            database, _ = open_whatever(self.sources, self.directory)
        if database is None:
            return Missing(f"there are no advisories on this machine: {reason}" if self._has_dumps() else reason)
        objection = self._objection(database)
        if objection is None:
            return database
        database.close()
        return Missing(f"{objection}: {reason}" if reason else objection)

    def _objection(self, database: AdvisoryDatabase) -> str | None:
        """Return why *database* cannot be relied on, if so."""
        age = self.as_of - database.as_of
        if age > self.max_staleness:
            return f"the advisories are {span(age)} old, the policy allows {span(self.max_staleness)}"
        if age < -CLOCK_SKEW:
            return (
                f"the advisories are of {database.as_of:%Y-%m-%d}, which is still to come by the clock of this machine"
            )
        return None

    def _has_dumps(self) -> bool:
        return any(isinstance(source, Dump) for source in self.sources)

    @property
    def _syncer(self) -> Syncer:
        return Syncer(sources=self.sources, directory=self.directory)

    def _sync(self) -> str:
        """Sync unless a sync has failed lately; return why it failed."""
        memory = self._syncer.memory
        if reason := remembered(memory):
            return reason
        with progress_line("safe-pip: advisories: ") as progress:
            reader = DumpReader(client=self.client, progress=progress, patience=PATIENCE)
            reason, of_dump = _failure(
                replace(self._syncer, reader=reader), (self.as_of - self.max_staleness).timestamp()
            )
        if of_dump:
            with suppress(OSError):  # it is then only asked again the sooner
                memory.write_text(json.dumps([time.time(), reason]), encoding="utf-8")
        return reason


def _failure(syncer: Syncer, since: float) -> tuple[str, bool]:
    """Sync; return why that failed, and whether a dump had a part in it: a path that fails costs nothing to try."""
    try:
        for source in syncer.sources:
            if isinstance(source, Path):
                identify(source)
    except SourceError as error:
        return error.message, False
    try:
        ended = zip(syncer.sources, syncer.sync(since=since), strict=True)
    except SourceError as error:
        return error.message, True
    failed = [(source, synced.failure) for source, synced in ended if synced.failure]
    return "; ".join(failure.message for _, failure in failed), any(isinstance(source, Dump) for source, _ in failed)


def remembered(memory: Path) -> str:
    """Return the failure that *memory* holds, if it is recent."""
    try:
        at, reason = json.loads(memory.read_text(encoding="utf-8"))
        return str(reason) if 0 <= time.time() - at < RETRY_AFTER.total_seconds() else ""
    except (OSError, ValueError, TypeError):
        return ""


def span(time: timedelta) -> str:
    """Write a length of time for a reader: days, or hours if it is less than two days."""
    number, unit = (time.days, "day") if time.days > 1 else (time // timedelta(hours=1), "hour")
    return f"{number} {unit}" if number == 1 else f"{number} {unit}s"
