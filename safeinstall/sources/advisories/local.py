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
from safeinstall.facts.values import Missing
from safeinstall.sources.advisories.database import SUFFIX, AdvisoryDatabase, open_advisories, open_database
from safeinstall.sources.advisories.osv_dump import Dump, DumpReader
from safeinstall.sources.advisories.osv_records import identify
from safeinstall.sources.advisories.sync import CLOCK_SKEW, Syncer
from safeinstall.sources.network.progress import progress_line
from safeinstall.sources.places.regular_files import read_regular

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from packaging.utils import NormalizedName
    from typing_extensions import Self

    from safeinstall.facts.advisory import Advisory
    from safeinstall.facts.exploitation import Kind
    from safeinstall.sources.advisories.cve_lists import ListSource
    from safeinstall.sources.advisories.osv_records import Identity
    from safeinstall.sources.network.http import HttpClient

PATIENCE = 120.0
"""Seconds that an installation waits for a sync that does come along."""
_SYNC = "bring them to this machine: safe-pip advisories sync"
_CORRECT = "correct `sources` under [advisories], or what they name"
RETRY_AFTER = timedelta(minutes=10)
"""How long a source that failed is not asked again by an installation."""


@dataclass(frozen=True, slots=True)
class Local:
    """What there is on this machine of some sources and lists."""

    database: AdvisoryDatabase | None
    problem: str = ""
    """Why that is not what the sources hold now."""
    lists: Mapping[str, str] = field(default_factory=dict)
    """Likewise of each list, by its kind."""


def lend_databases(kept: Path, directory: Path) -> None:
    """Let the databases of *kept* be read in *directory*. What is brought up to date there is so there alone.

    A database is never written to, but replaced as a whole.
    """
    directory.mkdir(mode=0o700, parents=True)
    for file in kept.glob(f"*{SUFFIX}"):
        (directory / file.name).symlink_to(file.absolute())


def open_local(sources: Sequence[Path | Dump], directory: Path, lists: Sequence[ListSource] = ()) -> AdvisoryDatabase:
    """Return the advisories of *sources*: paths as they are now, dumps as last synced. Nothing is fetched.

    *lists* likewise, but for one that cannot be read: what is here of it stays. Raises :class:`SourceError` when a path
    of *sources* cannot be read or a dump has never been synced.
    """
    return _opened(sources, directory, lists)[0]


def open_whatever(sources: Sequence[Path | Dump], directory: Path, lists: Sequence[ListSource] = ()) -> Local:
    """Return what there is of *sources* and *lists*, and why that is not what it should be."""
    try:
        database, problems = _opened(sources, directory, lists)
    except SourceError as error:
        file = Syncer(sources=sources, lists=lists, directory=directory).file if sources else None
        return Local(open_database(file) if file else None, error.message)
    return Local(database, lists=problems)


def _opened(
    sources: Sequence[Path | Dump], directory: Path, lists: Sequence[ListSource]
) -> tuple[AdvisoryDatabase, dict[str, str]]:
    paths = [source for source in sources if isinstance(source, Path)]
    if len(paths) == len(sources) and not lists:
        return open_advisories(paths, directory), {}
    syncer = Syncer(sources=sources, lists=lists, directory=directory)
    database = open_database(syncer.file)
    if database is not None and _paths_current(syncer, database):
        return database, {}
    if database is not None:
        database.close()
    ended = syncer.sync()
    for failure in filter(None, (synced.failure for synced in ended[: len(sources)])):
        raise failure
    problems = {synced.source: synced.failure.message for synced in ended[len(sources) :] if synced.failure}
    return AdvisoryDatabase(syncer.file), problems


def _paths_current(syncer: Syncer, database: AdvisoryDatabase) -> bool:
    pairs: list[tuple[Path | Dump | str, Identity | None]] = [*zip(syncer.sources, database.identities, strict=True)]
    for source in syncer.lists:
        stored = database.lists.get(source.kind)
        pairs.append((source.place, stored.identity if stored else None))
    return all(_is_unchanged(place, stored) for place, stored in pairs if isinstance(place, Path))


def _is_unchanged(path: Path, stored: Identity | None) -> bool:
    try:
        return identify(path) == stored
    except SourceError:
        return False


@dataclass(slots=True, kw_only=True)
class LocalAdvisories:
    """An :class:`~safeinstall.ports.AdvisorySource` over the database of some sources.

    Dumps and lists are synced when they were last asked longer ago than *max_staleness*; one that fails is not asked
    again for :data:`RETRY_AFTER`. What then is older than that, or not here, is ``Missing``.
    """

    sources: Sequence[Path | Dump]
    lists: Sequence[ListSource] = ()
    directory: Path
    """Where databases are kept."""
    as_of: datetime
    max_staleness: timedelta
    client: HttpClient
    """Its timeout should be short: an installation waits."""
    _opened: AdvisoryDatabase | Missing | None = None
    _unknown: Mapping[Kind, Missing] = field(default_factory=dict)
    """The lists that cannot be relied on."""
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
        found = database if isinstance(database, Missing) else database.advisories(name)
        return found if isinstance(found, Missing) else tuple(map(self._as_known, found))

    def _as_known(self, advisory: Advisory) -> Advisory:
        """Return *advisory* with what the lists that cannot be relied on might say of it."""
        if not self._unknown or not any(alias.upper().startswith("CVE-") for alias in advisory.aliases):
            return advisory
        return replace(
            advisory,
            exploited=self._unknown.get("exploited", advisory.exploited),
            epss=self._unknown.get("epss", advisory.epss),
        )

    @property
    def relied_on(self) -> datetime | Missing | None:
        """Of when the advisories are that were answered from, or why there were none; ``None`` if nobody asked."""
        return self._opened.as_of if isinstance(self._opened, AdvisoryDatabase) else self._opened

    @property
    def lists_relied_on(self) -> tuple[tuple[ListSource, datetime | Missing], ...]:
        """Each list, with the age of what was answered from, or why it was not; empty if nobody asked."""
        if not isinstance(self._opened, AdvisoryDatabase):
            return ()
        held = self._opened.lists
        return tuple((s, self._unknown.get(s.kind) or held[s.kind].identity.modified) for s in self.lists)

    def _open(self) -> AdvisoryDatabase | Missing:
        local, reason = open_whatever(self.sources, self.directory, self.lists), ""
        if self._is_to_be_synced(local.database):
            if local.database:
                local.database.close()
            reason = self._sync()
            local = open_whatever(self.sources, self.directory, self.lists)
        if local.database is None:
            if not self._has_dumps():
                return Missing(local.problem, _CORRECT)
            return Missing(f"there are no advisories on this machine: {reason}", _SYNC)
        objection = self._objection("the advisories are", local.database.as_of)
        if objection is None:
            self._unknown = dict(self._not_to_be_relied_on(local.database, local.lists, reason))
            return local.database
        local.database.close()
        return Missing(_because(objection, reason or local.problem), _SYNC if self._has_dumps() else _CORRECT)

    def _is_to_be_synced(self, database: AdvisoryDatabase | None) -> bool:
        if database is None or self._objection("", database.as_of):
            return self._has_dumps()
        return any(source.is_remote and self._list_objection(source, database) for source in self.lists)

    def _not_to_be_relied_on(
        self, database: AdvisoryDatabase, problems: Mapping[str, str], reason: str
    ) -> Iterator[tuple[Kind, Missing]]:
        for source in self.lists:
            if objection := self._list_objection(source, database):
                known = reason if source.is_remote else problems.get(source.kind, "")
                yield source.kind, Missing(_because(objection, known))
        if not any(source.kind == "epss" for source in self.lists):
            yield "epss", Missing("`epss` under [advisories] names no scores")

    def _list_objection(self, source: ListSource, database: AdvisoryDatabase) -> str | None:
        stored = database.lists.get(source.kind)
        if stored is None:
            return f"{source.title} is not on this machine"
        return self._objection(f"{source.title} is", stored.identity.modified)

    def _objection(self, what: str, as_of: datetime) -> str | None:
        """Return why *what* was true at *as_of* cannot be relied on, if so."""
        age = self.as_of - as_of
        if age > self.max_staleness:
            return f"{what} {span(age)} old, the policy allows {span(self.max_staleness)}"
        if age < -CLOCK_SKEW:
            return f"{what} of {as_of:%Y-%m-%d}, which is still to come by the clock of this machine"
        return None

    def _has_dumps(self) -> bool:
        return any(isinstance(source, Dump) for source in self.sources)

    @property
    def _syncer(self) -> Syncer:
        return Syncer(sources=self.sources, lists=self.lists, directory=self.directory)

    def _sync(self) -> str:
        """Sync unless a sync has failed lately; return why it failed."""
        memory = self._syncer.memory
        if reason := remembered(memory):
            return reason
        with progress_line("safe-pip: advisories: ") as progress:
            reader = DumpReader(client=self.client, progress=progress, patience=PATIENCE)
            reason, is_remote = _failure(
                replace(self._syncer, reader=reader), (self.as_of - self.max_staleness).timestamp()
            )
        if is_remote:
            with suppress(OSError):  # it is then only asked again the sooner
                memory.write_text(json.dumps([time.time(), reason]), encoding="utf-8")
        return reason


def _failure(syncer: Syncer, since: float) -> tuple[str, bool]:
    """Sync; return why that failed, and whether an address had a part in it: a path costs nothing to try again."""
    try:
        for source in syncer.sources:
            if isinstance(source, Path):
                identify(source)
    except SourceError as error:
        return error.message, False
    try:
        failed = [synced for synced in syncer.sync(since=since) if synced.failure]
    except SourceError as error:
        return error.message, True
    reasons = [synced.failure.message for synced in failed if synced.failure]
    return "; ".join(reasons), any(synced.is_remote for synced in failed)


def _because(what: str, reason: str) -> str:
    return f"{what}: {reason}" if reason else what


def remembered(memory: Path) -> str:
    """Return the failure that *memory* holds, if it is recent."""
    try:
        at, reason = json.loads(read_regular(memory))
        return str(reason) if 0 <= time.time() - at < RETRY_AFTER.total_seconds() else ""
    except (OSError, ValueError, TypeError):
        return ""


def span(time: timedelta) -> str:
    """Write a length of time for a reader: days, or hours if it is less than two days."""
    number, unit = (time.days, "day") if time.days > 1 else (time // timedelta(hours=1), "hour")
    return f"{number} {unit}" if number == 1 else f"{number} {unit}s"
