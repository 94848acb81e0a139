"""From OSV records to the advisory database, as one atomic step.

``record`` holds each record of each source as it stands, so that a later sync can replace some, and ``listed`` the
entries of the lists of CVEs. ``package`` is derived from both, one row for each name with what a look-up needs.
"""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
from collections import defaultdict
from collections.abc import Callable, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias
from urllib.parse import quote

from safeinstall.errors import DiskError, SourceError
from safeinstall.facts.advisories import alias_groups
from safeinstall.facts.osv import UnreadableRecordError, parse_record
from safeinstall.sources.advisories.codec import FORMAT, dumps, encode_advisory, encode_affected
from safeinstall.sources.advisories.cve_list_tables import META, SCHEMA, fill, signals_of, stated
from safeinstall.sources.advisories.osv_records import SUFFIX, Identity, Limits, read_records, unusable
from safeinstall.sources.places.temporary import private_directory

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from safeinstall.facts.osv import Record
    from safeinstall.sources.advisories.cve_list_tables import ListPart, Signals

# Of the same record in several sources the newest counts.
_SCHEMA = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE record (id TEXT, source INTEGER, modified TEXT NOT NULL, withdrawn INTEGER NOT NULL, problem TEXT,
                     body TEXT NOT NULL, PRIMARY KEY (id, source));
CREATE VIEW current AS SELECT * FROM record AS this WHERE NOT EXISTS (
    SELECT 1 FROM record AS other WHERE other.id = this.id
    AND (other.modified > this.modified OR (other.modified = this.modified AND other.source < this.source)));
CREATE TABLE package (name TEXT PRIMARY KEY, problem TEXT, advisories TEXT NOT NULL);
"""
_UNLISTED: Signals = (None, None)
_UPSERT = """
INSERT INTO record VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (id, source) DO UPDATE
SET modified = excluded.modified, withdrawn = excluded.withdrawn, body = excluded.body
WHERE excluded.modified > record.modified
"""

Row = tuple[str, str, bool, "str | None", str]
Scored: TypeAlias = "tuple[list[str], float | None, float | None]"
"""Aliases, score and rating of one record."""
Index: TypeAlias = Mapping[str, str]
"""Id of every readable record of one source, and when it was modified."""
Check: TypeAlias = Callable[[Index, Index, int], None]
"""Takes what a source held, what it now holds, and how many of these speak of the ecosystem. Raises to refuse it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """What one source brings to a database. Without *records* it stays as it is in the database there is."""

    identity: Identity
    records: Path | None = None
    """A zip or directory to read."""
    replacing: frozenset[str] | None = None
    """``None``: *records* are all. Else the ids that go before *records* come; the others stay."""
    check: Check | None = None

    @property
    def keeps(self) -> bool:
        """Whether it needs what the database held of it."""
        return self.records is None or self.replacing is not None


def build_database(
    target: Path,
    parts: Sequence[Part],
    read_at: float,
    limits: Limits,
    *,
    base: Path | None = None,
    lists: Sequence[ListPart] = (),
) -> None:
    """Write the records of all sources to *target*, which is replaced at the end or not at all.

    *base* is the database of the same sources from which a part keeps what it has, and against which it is checked; a
    list likewise.
    Safe to run several times at once: each builds its own file, the last to finish wins. Raises
    :class:`SourceError` when a source is damaged or refused, or the disk does not take the database.
    """
    with _writing(target) as building, closing(sqlite3.connect(building, uri=True)) as connection:
        if base:
            connection.execute("ATTACH ? AS old", (read_only(base),))
        connection.executescript("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;" + _SCHEMA + SCHEMA)
        for number, part in enumerate(parts):
            before = _index(connection, "old", number) if base and part.check else {}
            speaking = _load(connection, number, part, limits)
            if part.check:
                part.check(before, _index(connection, "main", number), speaking)
        fill(connection, lists)
        unmatchable = _derive(connection)
        meta = [*_meta(parts, read_at, unmatchable), (META, stated(lists))]
        connection.executemany("INSERT INTO meta VALUES (?, ?)", meta)
        connection.commit()


def copy_database(source: Path, target: Path) -> None:
    """Put a copy of the database *source* at *target*. Atomic as a build is."""
    with _writing(target) as building:
        shutil.copyfile(source, building)


def confirm_database(
    target: Path, identities: Sequence[Identity], read_at: float, lists: Sequence[ListPart] | None = None
) -> None:
    """Note in *target* that its sources, now known as *identities*, were found unchanged. Atomic as a build is.

    *lists* likewise; ``None`` leaves them as they are.
    """
    with _writing(target) as building:
        shutil.copyfile(target, building)
        with closing(sqlite3.connect(building)) as connection:
            facts = [(dumps(_states(identities)), "identities"), (str(read_at), "read_at")]
            facts += [] if lists is None else [(stated(lists), META)]
            connection.execute("PRAGMA journal_mode = OFF")
            connection.executemany("UPDATE meta SET value = ? WHERE key = ?", facts)
            connection.commit()


@contextmanager
def _writing(target: Path) -> Iterator[Path]:
    """Offer a new file beside *target* and put it in its place only if all goes well."""
    try:
        with _replacing(target) as building:
            yield building
    except (OSError, sqlite3.Error, DiskError) as error:
        raise SourceError(
            f"cannot write the advisory database {target}: {error}",
            hint="make room in the cache directory, or make it writable",
        ) from error


@contextmanager
def _replacing(target: Path) -> Iterator[Path]:
    target.parent.mkdir(parents=True, exist_ok=True)
    with private_directory(target.parent) as (folder, _):
        building = folder / target.name
        yield building
        with building.open("rb") as file:
            os.fsync(file.fileno())
        building.replace(target)


def _meta(parts: Sequence[Part], read_at: float, unmatchable: int) -> list[tuple[str, str]]:
    return [
        ("format", str(FORMAT)),
        ("identities", dumps(_states([part.identity for part in parts]))),
        ("read_at", str(read_at)),
        ("unmatchable", str(unmatchable)),
    ]


def read_only(path: Path) -> str:
    """Return *path* as SQLite opens it if the file never changes: a new one takes its place."""
    return f"file:{quote(str(path))}?mode=ro&immutable=1"


def _states(identities: Sequence[Identity]) -> list[list[object]]:
    return [[i.name, i.fingerprint, i.mtime_ns] for i in identities]


def _load(connection: sqlite3.Connection, number: int, part: Part, limits: Limits) -> int:
    """Fill in one source; return how many of the records that were read speak of the ecosystem."""
    if part.keeps:
        connection.execute("INSERT INTO record SELECT * FROM old.record WHERE source = ?", (number,))
    for id_ in part.replacing or ():
        names = (id_, f"{part.identity.name}/{id_}{SUFFIX}")  # the second if it could not be read
        connection.execute("DELETE FROM record WHERE source = ? AND id IN (?, ?)", (number, *names))
    speaking = 0
    for row, speaks in _rows(part.identity.name, part.records, limits) if part.records else ():
        connection.execute(_UPSERT, (row[0], number, *row[1:]))
        speaking += speaks
    return speaking


def _index(connection: sqlite3.Connection, database: str, number: int) -> dict[str, str]:
    query = f"SELECT id, modified FROM {database}.record WHERE source = ? AND problem IS NULL"  # noqa: S608
    return dict(connection.execute(query, (number,)))


def _rows(source: str, path: Path, limits: Limits) -> Iterator[tuple[Row, bool]]:
    """Yield each record as a row, and whether it speaks of a package of the ecosystem."""
    for name, data in read_records(path, limits, source):
        try:
            document = json.loads(data)
        except (ValueError, RecursionError) as error:
            raise unusable(source, f"{name} is not JSON ({error})") from error
        try:
            record = parse_record(document)
        except UnreadableRecordError as error:
            yield (f"{source}/{name}", "", False, f"{name}: {error}", dumps(sorted(error.names))), bool(error.names)
        else:
            yield _row(record), bool(record.affected)


def _row(record: Record) -> Row:
    affected = {name: encode_affected(statement) for name, statement in record.affected.items()}
    day = record.published and record.published.isoformat()
    body = [sorted(record.aliases), record.summary, record.score, record.rating, record.url, day, affected]
    return (record.id, record.modified, record.withdrawn, None, dumps(body))


def _derive(connection: sqlite3.Connection) -> int:
    """Fill ``package`` from ``record``. Return how many live records match nothing."""
    readable = "SELECT id, body FROM current WHERE problem IS NULL"
    scored = [_scored(body) for _, body in connection.execute(readable)]
    groups = alias_groups(aliases for aliases, *_ in scored)
    severities = _severities(groups, scored)
    signals = signals_of(connection, frozenset(groups.values()))
    advisories: defaultdict[str, list[str]] = defaultdict(list)
    unmatchable = 0
    for id_, body in connection.execute(f"{readable} AND NOT withdrawn ORDER BY id"):
        aliases, summary, score, rating, url, published, affected = json.loads(body)
        group = groups[aliases[0]]
        severity = _first(score, severities[group][0], rating, severities[group][1])
        unmatchable += not any(any(statement) for statement in affected.values())
        for name, statement in affected.items():
            stored = encode_advisory(
                id_,
                statement,
                aliases=group,
                summary=summary,
                severity=severity,
                url=url,
                published=published,
                signals=signals.get(group, _UNLISTED),
            )
            advisories[name].append(dumps(stored))
    problems = _problems(connection)
    connection.executemany(
        "INSERT INTO package VALUES (?, ?, ?)",
        ((n, problems.get(n), f"[{','.join(advisories[n])}]") for n in sorted({*advisories, *problems})),
    )
    return unmatchable


def _problems(connection: sqlite3.Connection) -> dict[str, str]:
    rows = connection.execute("SELECT problem, body FROM current WHERE problem IS NOT NULL ORDER BY id")
    return {name: problem for problem, body in rows for name in json.loads(body)}


def _scored(body: str) -> Scored:
    aliases, _, score, rating, *_ = json.loads(body)
    return aliases, score, rating


def _severities(
    groups: dict[str, frozenset[str]], scored: Iterable[Scored]
) -> dict[frozenset[str], tuple[float | None, float | None]]:
    """Return the worst score and the worst rating of each alias group."""
    worst: defaultdict[frozenset[str], tuple[float | None, float | None]] = defaultdict(lambda: (None, None))
    for aliases, score, rating in scored:
        group = groups[aliases[0]]
        known = worst[group]
        worst[group] = (_worse(known[0], score), _worse(known[1], rating))
    return worst


def _worse(one: float | None, other: float | None) -> float | None:
    return max((value for value in (one, other) if value is not None), default=None)


def _first(*values: float | None) -> float | None:
    return next((value for value in values if value is not None), None)
