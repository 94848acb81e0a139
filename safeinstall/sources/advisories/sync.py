"""Brings the advisory database up to date with its sources, so that whoever reads it never sees half.

What is here stays when a source does not answer, answers what cannot be read, or answers with less than it used to.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import time
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from math import inf
from pathlib import Path
from typing import TYPE_CHECKING

from safeinstall.errors import SourceError
from safeinstall.sources.advisories.build import Part, build_database, confirm_database, copy_database
from safeinstall.sources.advisories.changes import counted, vulnerabilities
from safeinstall.sources.advisories.cve_lists import ListSource, ListUpdate
from safeinstall.sources.advisories.database import AdvisoryDatabase, database_file, open_database
from safeinstall.sources.advisories.osv_dump import Dump, DumpReader
from safeinstall.sources.advisories.osv_records import Identity, Limits, identify
from safeinstall.sources.advisories.update import DumpState, DumpUpdate
from safeinstall.sources.network.urls import redacted

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from safeinstall.sources.advisories.build import Index
    from safeinstall.sources.advisories.cve_list_tables import ListPart, StoredList

CLOCK_SKEW = timedelta(days=1)
"""A time of ours that lies further ahead than this was set by a wrong clock."""
_POLL = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Synced:
    """How the sync of one source or list ended."""

    source: str
    is_remote: bool
    """Whether it was to be fetched."""
    done: str = ""
    """What happened; empty when it failed."""
    failure: SourceError | None = None
    """Why what is here of this source is still what was here before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Syncer:
    """Syncs the database of some sources."""

    sources: Sequence[Path | Dump]
    lists: Sequence[ListSource] = ()
    directory: Path
    """Where databases are kept."""
    reader: DumpReader | None = None
    """``None``: no address is asked."""
    limits: Limits = field(default_factory=Limits)

    @property
    def file(self) -> Path:
        """The database."""
        named = [f"{source.kind} {source.name}" for source in self.lists] if self.sources else []
        return database_file([*map(_key, self.sources), *named], self.directory)

    @property
    def memory(self) -> Path:
        """Where an installation notes that a sync failed. A sync that succeeds removes it."""
        return self.file.with_suffix(".failed")

    def sync(self, *, since: float = inf, force: bool = False) -> tuple[Synced, ...]:
        """Ask every dump and list that was last asked before *since*, and read the paths that changed.

        *force* reads each whole, and takes what it holds even if that is less than what is here, or older. One sync
        runs at a time; another waits for it, and has nothing to do then. A source or list that fails leaves what is
        here of it as it was. Returns how each source ended, then each list. Raises :class:`SourceError` when a source
        fails and nothing was here.
        """
        patience = self.reader.patience if self.reader else inf
        with _locked(self.file.with_suffix(".lock"), patience), _workplace(self.file.with_suffix(".sync")) as work:
            database = open_database(self.file) or self._adopted()
            if database is None:
                synced = self._first(work)
            else:
                database.close()
                numbers = range(len(self.sources))
                synced = tuple(self._again(number, work, since=since, force=force) for number in numbers)
                synced += self._lists(work, since=since, force=force)
            if self.reader and not any(one.failure for one in synced):
                self.memory.unlink(missing_ok=True)
        return synced

    def _adopted(self) -> AdvisoryDatabase | None:
        """Begin with what is here of the same sources without lists: to name a list costs no advisories."""
        plain = replace(self, lists=())
        if not self.lists or (database := open_database(plain.file)) is None:
            return None
        database.close()
        copy_database(plain.file, self.file)
        return AdvisoryDatabase(self.file)

    def _first(self, work: Path) -> tuple[Synced, ...]:
        parts = [self._whole(source, work / str(number)) for number, source in enumerate(self.sources)]
        asked = [self._list(source, None, work) for source in self.lists]
        lists = [part for part, _ in asked if part is not None]
        build_database(self.file, parts, time.time(), self.limits, lists=lists)
        return (*(self._told(number, part) for number, part in enumerate(parts)), *(synced for _, synced in asked))

    def _whole(self, source: Path | Dump, place: Path) -> Part:
        if isinstance(source, Path):
            return Part(identity=identify(source), records=source)
        if self.reader is None:
            raise SourceError(f"{source.name} has not been synced yet", hint="run `safe-pip advisories sync`")
        return DumpUpdate(reader=self.reader, dump=source, place=place, held={}, force=True).part()

    def _again(self, number: int, work: Path, *, since: float, force: bool) -> Synced:
        source = self.sources[number]
        try:
            with AdvisoryDatabase(self.file) as database:
                identities, held = database.identities, database.index(number)
            part = self._changed(source, identities[number], held, work / str(number), since=since, force=force)
            if part is not None:
                self._write([part if n == number else Part(identity=i) for n, i in enumerate(identities)])
        except SourceError as error:
            return Synced(source=source_name(source), is_remote=isinstance(source, Dump), failure=error)
        return self._told(number, part)

    def _changed(
        self, source: Path | Dump, stored: Identity, held: Index, place: Path, *, since: float, force: bool
    ) -> Part | None:
        """Return what is new about *source*, ``None`` if it need not be asked."""
        if isinstance(source, Path):
            identity = identify(source)
            return None if identity == stored else Part(identity=identity, records=source)
        if self.reader is None or (_is_recent(stored, since) and not force):
            return None
        state = DumpState.of(stored)
        return DumpUpdate(reader=self.reader, dump=source, place=place, state=state, held=held, force=force).part()

    def _write(self, parts: Sequence[Part], lists: Sequence[ListPart] | None = None) -> None:
        """Write what is new. *lists*: all there are; ``None``: as they are."""
        if all(part.records is None for part in parts) and all(part.entries is None for part in lists or ()):
            confirm_database(self.file, [part.identity for part in parts], time.time(), lists)
            return
        if lists is None:
            with AdvisoryDatabase(self.file) as database:
                lists = [stored.kept(kind) for kind, stored in database.lists.items()]
        build_database(self.file, parts, time.time(), self.limits, base=self.file, lists=lists)

    def _lists(self, work: Path, *, since: float, force: bool) -> tuple[Synced, ...]:
        """Bring all lists up to date, and write them at once."""
        if not self.lists:
            return ()
        with AdvisoryDatabase(self.file) as database:
            identities, held = database.identities, database.lists
        asked = [self._list(source, held.get(source.kind), work, since=since, force=force) for source in self.lists]
        parts = [part for part, _ in asked if part is not None]
        if parts:
            kept = [stored.kept(kind) for kind, stored in held.items() if kind not in {part.kind for part in parts}]
            try:
                self._write([Part(identity=identity) for identity in identities], [*kept, *parts])
            except SourceError as error:
                return tuple(replace(synced, done="", failure=synced.failure or error) for _, synced in asked)
        return tuple(synced for _, synced in asked)

    def _list(
        self, source: ListSource, stored: StoredList | None, work: Path, *, since: float = inf, force: bool = False
    ) -> tuple[ListPart | None, Synced]:
        """Return what is new about a list, ``None`` if nothing is, and how asking ended."""
        reader = self.reader
        if stored is not None and source.is_remote and _is_recent(stored.identity, since) and not force:
            reader = None
        update = ListUpdate(source=source, stored=stored, reader=reader, work=work, force=force)
        try:
            part = update.part()
        except SourceError as error:
            return None, Synced(source=source.kind, is_remote=source.is_remote, failure=error)
        count = part.count if part else stored.count if stored else 0
        done = f"{'read' if part and part.entries is not None else 'unchanged'}, {vulnerabilities(count)}"
        return part, Synced(source=source.kind, is_remote=source.is_remote, done=done)

    def _told(self, number: int, part: Part | None) -> Synced:
        with AdvisoryDatabase(self.file) as database:
            count = counted(len(database.index(number)))
        if part is None or part.records is None:
            done = f"unchanged, {count}"
        else:
            done = f"read, {count}" if part.replacing is None else f"{len(part.replacing):,} changed, {count}"
        source = self.sources[number]
        return Synced(source=source_name(source), is_remote=isinstance(source, Dump), done=done)


def _is_recent(stored: Identity, since: float) -> bool:
    """Whether the source was asked after *since*, and not in a future that only a wrong clock can have known."""
    return since <= stored.modified.timestamp() <= time.time() + CLOCK_SKEW.total_seconds()


def source_name(source: Path | Dump) -> str:
    """Return *source* as messages and databases call it."""
    return source.name if isinstance(source, Dump) else str(source)


def _key(source: Path | Dump) -> str:
    """Return what tells *source* from any other: what one mirror said is not what another is asked about."""
    return f"{source.name} {redacted(source.zip_url)}" if isinstance(source, Dump) else str(source)


@contextmanager
def _locked(file: Path, patience: float) -> Iterator[None]:
    """Hold *file* alone; the system lets go of it when the process ends, however it ends."""
    until = time.monotonic() + patience
    with _writable(file):
        file.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        while not _taken(handle):
            if time.monotonic() > until:
                raise SourceError(
                    f"another safe-pip has been syncing the advisories for {patience:.0f} seconds",
                    hint="try again when it is done",
                )
            time.sleep(_POLL)
        yield
    finally:
        os.close(handle)


def _taken(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@contextmanager
def _workplace(folder: Path) -> Iterator[Path]:
    """Make an empty *folder*, which is nobody else's while the lock is held. What a killed sync left in it goes."""
    shutil.rmtree(folder, ignore_errors=True)
    with _writable(folder):
        folder.mkdir()
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _writable(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise SourceError(
            f"cannot write {path}: {error.strerror}", hint="make room in the cache directory, or make it writable"
        ) from error
