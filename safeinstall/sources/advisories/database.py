"""Known vulnerabilities and malware from a local database of OSV records: no network, nobody told what is looked up."""

from __future__ import annotations

import hashlib
import json
import sqlite3
import time
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

from packaging.utils import canonicalize_name

from safeinstall.errors import SourceError
from safeinstall.facts.advisories import alias_groups, matching
from safeinstall.facts.values import Missing
from safeinstall.sources.advisories.build import Part, build_database, read_only
from safeinstall.sources.advisories.codec import FORMAT, decode_advisory
from safeinstall.sources.advisories.cve_list_tables import META, signals_of, stored_lists
from safeinstall.sources.advisories.osv_records import Identity, Limits, identify

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import TracebackType

    from packaging.utils import NormalizedName
    from typing_extensions import Self

    from safeinstall.facts.advisory import Advisory
    from safeinstall.sources.advisories.codec import Statement
    from safeinstall.sources.advisories.cve_list_tables import Signals

SUFFIX = ".sqlite3"
_REBUILD = "delete it; it is built anew from its sources"


@dataclass(frozen=True, slots=True, kw_only=True)
class AdvisoryStatus:
    """What a database was made of, and what it holds."""

    sources: tuple[str, ...]
    read_at: datetime
    """When the sources were read."""
    as_of: datetime
    """When the oldest source last changed on this disk, or was last asked if it is an address, never after
    ``read_at``: the age to hold against a limit.

    The records' own ``modified`` says nothing of it: it may lie in the future, and a dump that lost its newest
    records would look merely quiet.
    """
    records: int
    withdrawn: int
    unmatchable: int
    """Live records that name no version of any package of the ecosystem; OSV matches them with nothing."""
    unreadable: tuple[str, ...]
    """One line for each record that breaks the schema. The packages these name are ``Missing``."""


@dataclass(frozen=True, slots=True)
class StoredRecord:
    """One record as it was read, withdrawn or not."""

    id: str
    modified: str
    withdrawn: bool
    aliases: list[str]
    """Its own statement, its id included."""
    summary: str
    score: float | None
    rating: float | None
    url: str | None
    published: str | None
    """The day, ISO 8601."""
    affected: dict[str, Statement]
    signals: Signals = (None, None)
    """Since when its alias group is known to be exploited (ISO 8601), and its EPSS score."""


def open_advisories(sources: Sequence[Path], directory: Path, *, limits: Limits | None = None) -> AdvisoryDatabase:
    """Return the database of *sources*, built in *directory* unless the one there was made of just these files.

    Raises :class:`SourceError` when a source cannot be read; what was built before then still stands, see
    :func:`open_database`.
    """
    identities = tuple(identify(path.absolute()) for path in sources)
    target = database_file([str(path.absolute()) for path in sources], directory)
    stored = _open_if_made_of(identities, target)
    if stored is not None:
        return stored
    parts = [Part(identity=identity, records=Path(identity.name)) for identity in identities]
    build_database(target, parts, time.time(), limits or Limits())
    return AdvisoryDatabase(target)


def open_database(file: Path) -> AdvisoryDatabase | None:
    """Return the database *file*; ``None`` if there is none, or none that this version reads."""
    try:
        return AdvisoryDatabase(file) if file.is_file() else None
    except SourceError:
        return None


def _open_if_made_of(identities: tuple[Identity, ...], target: Path) -> AdvisoryDatabase | None:
    if not target.is_file():
        return None
    try:
        database = AdvisoryDatabase(target)
    except SourceError:  # damaged, or of another version: it is about to be replaced
        return None
    if database.identities == identities:
        return database
    database.close()
    return None


def database_file(sources: Sequence[str], directory: Path) -> Path:
    """Return where the database of *sources*, paths and addresses in this order, is kept."""
    if not sources:
        raise SourceError("no advisory source is configured", hint="name one in `sources` under [advisories]")
    names = "\n".join(sources).encode(errors="surrogateescape")
    return directory / f"advisories-{FORMAT}-{hashlib.sha256(names).hexdigest()[:16]}{SUFFIX}"


class AdvisoryDatabase:
    """An :class:`~safeinstall.ports.AdvisorySource` over one database file, which never changes while it is open.

    A rebuild puts a new file in its place; who has this one open goes on with what it held. Safe to use from
    several threads.
    """

    def __init__(self, path: Path) -> None:
        """Open *path*. Raises :class:`SourceError` for what is not a database of ours."""
        self.path = path
        self._lock = Lock()
        self._known: dict[str, tuple[Advisory, ...] | Missing] = {}
        self._connection = _connected(path)
        try:
            meta = dict(self._rows("SELECT key, value FROM meta"))
            self.identities = tuple(Identity(*state) for state in json.loads(meta["identities"]))
            self._read_at = datetime.fromtimestamp(float(meta["read_at"]), tz=timezone.utc)
            self._unmatchable = int(meta["unmatchable"])
            self.lists = stored_lists(meta[META])
        except SourceError:
            self.close()
            raise
        except (LookupError, TypeError, ValueError) as error:
            self.close()
            raise _unreadable(path, error) from error

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the file."""
        self.close()

    def close(self) -> None:
        """Close the file. What was looked up before can be looked up again; all else is a :class:`SourceError`.

        A look-up that is under way in another thread is waited for: SQLite crashes when its connection goes.
        """
        with self._lock:
            self._connection.close()

    def advisories(self, name: NormalizedName) -> tuple[Advisory, ...] | Missing:
        """Return every live advisory that names *name*, one for each record, by id.

        ``Missing`` when a record that names it cannot be read.
        """
        with self._lock:
            if name not in self._known:
                self._known[name] = self._look_up(name)
            return self._known[name]

    def match(self, name: str, version: str) -> tuple[str, ...]:
        """Return the ids of every live record that affects *version* of *name*, sorted; both in any spelling.

        All records of an alias group that affect it are named. Raises :class:`SourceError` when one that names the
        package cannot be read.
        """
        found = self.advisories(canonicalize_name(name))
        if isinstance(found, Missing):
            raise SourceError(found.reason, hint="correct the record, or take it from another source")
        return matching(found, version)

    @property
    def as_of(self) -> datetime:
        """The age of the data, see :attr:`AdvisoryStatus.as_of`."""
        return min(self._read_at, *(identity.modified for identity in self.identities))

    def index(self, source: int) -> dict[str, str]:
        """Map the ids of the readable records of the source with this number to when they were modified."""
        return dict(self._rows("SELECT id, modified FROM record WHERE problem IS NULL AND source = ?", source))

    def records(self, wanted: str) -> tuple[StoredRecord, ...]:
        """Return every record of the alias group that holds the id *wanted*, in any case of letters, by id."""
        rows = self._rows("SELECT id, modified, withdrawn, problem, body FROM current ORDER BY id")
        found = [(*row, json.loads(body)) for *row, problem, body in rows if problem is None]
        groups = alias_groups(aliases for *_, (aliases, *_) in found)
        group: frozenset[str] = next((ids for id_, ids in groups.items() if id_.upper() == wanted.upper()), frozenset())
        signals = signals_of(self._connection, [group]).get(group, (None, None))
        return tuple(
            replace(StoredRecord(id_, modified, bool(withdrawn), *body), signals=signals)
            for id_, modified, withdrawn, body in found
            if id_ in group
        )

    def status(self) -> AdvisoryStatus:
        """Count what it holds."""
        ((records, withdrawn),) = self._rows("SELECT count(*), coalesce(sum(withdrawn), 0) FROM current")
        return AdvisoryStatus(
            sources=tuple(identity.name for identity in self.identities),
            read_at=self._read_at,
            as_of=self.as_of,
            records=records,
            withdrawn=withdrawn,
            unmatchable=self._unmatchable,
            unreadable=tuple(p for (p,) in self._rows("SELECT problem FROM current WHERE problem NOTNULL ORDER BY id")),
        )

    def _look_up(self, name: str) -> tuple[Advisory, ...] | Missing:
        for problem, stored in self._rows("SELECT problem, advisories FROM package WHERE name = ?", name):
            if problem is not None:
                return Missing(f"an advisory for {name} cannot be read: {problem}")
            return tuple(map(decode_advisory, json.loads(stored)))
        return ()

    def _rows(self, query: str, *values: str | int) -> list[Any]:
        try:
            return self._connection.execute(query, values).fetchall()
        except sqlite3.Error as error:
            raise _unreadable(self.path, error) from error


def _connected(path: Path) -> sqlite3.Connection:
    try:
        return sqlite3.connect(read_only(path), uri=True, check_same_thread=False)
    except sqlite3.Error as error:
        raise _unreadable(path, error) from error


def _unreadable(path: Path, error: Exception) -> SourceError:
    return SourceError(f"cannot read the advisory database {path}: {error}", hint=_REBUILD)
