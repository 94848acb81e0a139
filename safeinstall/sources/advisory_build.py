"""From OSV records to the advisory database, as one atomic step.

Two tables: ``record`` holds each record as it stands, so that a later sync can replace some; ``package`` is derived
from it, one row for each name with what a look-up needs.
"""

from __future__ import annotations

import json
import os
import sqlite3
import tempfile
import time
from collections import defaultdict
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from safeinstall.advisories import alias_groups
from safeinstall.errors import SourceError
from safeinstall.osv import UnreadableRecordError, parse_record
from safeinstall.sources.advisory_codec import FORMAT, dumps, encode_advisory, encode_affected
from safeinstall.sources.osv_records import Identity, Limits, read_records, unusable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from safeinstall.osv import Record

_SCHEMA = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE record (id TEXT PRIMARY KEY, modified TEXT NOT NULL, withdrawn INTEGER NOT NULL, problem TEXT,
                     body TEXT NOT NULL);
CREATE TABLE package (name TEXT PRIMARY KEY, problem TEXT, advisories TEXT NOT NULL);
"""
# Of the same record in several sources the newest counts.
_UPSERT = """
INSERT INTO record VALUES (?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE
SET modified = excluded.modified, withdrawn = excluded.withdrawn, body = excluded.body
WHERE excluded.modified > record.modified
"""
_BUILDING = ".building"
_ABANDONED_AFTER = 24 * 60 * 60

Row = tuple[str, str, bool, "str | None", str]


def build_database(target: Path, identities: Sequence[Identity], read_at: float, limits: Limits) -> None:
    """Write the records of all sources to *target*, which is replaced at the end or not at all.

    Safe to run several times at once: each builds its own file, the last to finish wins. Raises
    :class:`SourceError` when a source is damaged or the disk does not take the database.
    """
    try:
        with _replacing(target) as building, closing(sqlite3.connect(building)) as connection:
            connection.executescript("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;" + _SCHEMA)
            for identity in identities:
                connection.executemany(_UPSERT, _rows(Path(identity.path), limits))
            unmatchable = _derive(connection)
            connection.executemany("INSERT INTO meta VALUES (?, ?)", _meta(identities, read_at, unmatchable))
            connection.commit()
    except (OSError, sqlite3.Error) as error:
        raise SourceError(
            f"cannot write the advisory database {target}: {error}",
            hint="make room in the cache directory, or make it writable",
        ) from error


@contextmanager
def _replacing(target: Path) -> Iterator[Path]:
    """Offer a new file beside *target* and put it in its place only if all goes well."""
    target.parent.mkdir(parents=True, exist_ok=True)
    _sweep(target.parent)
    handle, name = tempfile.mkstemp(prefix=f"{target.name}.", suffix=_BUILDING, dir=target.parent)
    building = Path(name)
    try:
        yield building
        os.fsync(handle)
        building.replace(target)
    finally:
        os.close(handle)
        building.unlink(missing_ok=True)


def _sweep(directory: Path) -> None:
    """Remove what killed builds left behind."""
    for file in directory.glob(f"*{_BUILDING}"):
        with suppress(FileNotFoundError):  # another build ended meanwhile
            if time.time() - file.stat().st_mtime > _ABANDONED_AFTER:
                file.unlink()


def _meta(identities: Sequence[Identity], read_at: float, unmatchable: int) -> list[tuple[str, str]]:
    states = [[i.path, i.fingerprint, i.mtime_ns] for i in identities]
    return [
        ("format", str(FORMAT)),
        ("identities", dumps(states)),
        ("read_at", str(read_at)),
        ("unmatchable", str(unmatchable)),
    ]


def _rows(path: Path, limits: Limits) -> Iterator[Row]:
    for name, data in read_records(path, limits):
        try:
            document = json.loads(data)
        except (ValueError, RecursionError) as error:
            raise unusable(path, f"{name} is not JSON ({error})") from error
        try:
            yield _row(parse_record(document))
        except UnreadableRecordError as error:
            yield (str(path / name), "", False, f"{name}: {error}", dumps(sorted(error.names)))


def _row(record: Record) -> Row:
    affected = {name: encode_affected(statement) for name, statement in record.affected.items()}
    body = [sorted(record.aliases), record.summary, record.score, record.rating, record.url, affected]
    return (record.id, record.modified, record.withdrawn, None, dumps(body))


def _derive(connection: sqlite3.Connection) -> int:
    """Fill ``package`` from ``record``. Return how many live records match nothing."""
    readable = "SELECT id, body FROM record WHERE problem IS NULL"
    groups = alias_groups(json.loads(body)[0] for _, body in connection.execute(readable))
    severities = _severities(groups, (json.loads(body) for _, body in connection.execute(readable)))
    advisories: defaultdict[str, list[str]] = defaultdict(list)
    unmatchable = 0
    for id_, body in connection.execute(f"{readable} AND NOT withdrawn ORDER BY id"):
        _, summary, score, rating, url, affected = json.loads(body)
        aliases = groups[id_]
        severity = _first(score, severities[aliases][0], rating, severities[aliases][1])
        unmatchable += not any(any(statement) for statement in affected.values())
        for name, statement in affected.items():
            stored = encode_advisory(id_, statement, aliases=aliases, summary=summary, severity=severity, url=url)
            advisories[name].append(dumps(stored))
    problems = _problems(connection)
    connection.executemany(
        "INSERT INTO package VALUES (?, ?, ?)",
        ((n, problems.get(n), f"[{','.join(advisories[n])}]") for n in sorted({*advisories, *problems})),
    )
    return unmatchable


def _problems(connection: sqlite3.Connection) -> dict[str, str]:
    rows = connection.execute("SELECT problem, body FROM record WHERE problem IS NOT NULL ORDER BY id")
    return {name: problem for problem, body in rows for name in json.loads(body)}


def _severities(
    groups: dict[str, frozenset[str]], bodies: Iterable[list[Any]]
) -> dict[frozenset[str], tuple[float | None, float | None]]:
    """Return the worst score and the worst rating of each alias group."""
    worst: defaultdict[frozenset[str], tuple[float | None, float | None]] = defaultdict(lambda: (None, None))
    for aliases, _, score, rating, *_ in bodies:
        group = groups[aliases[0]]
        known = worst[group]
        worst[group] = (_worse(known[0], score), _worse(known[1], rating))
    return worst


def _worse(one: float | None, other: float | None) -> float | None:
    return max((value for value in (one, other) if value is not None), default=None)


def _first(*values: float | None) -> float | None:
    return next((value for value in values if value is not None), None)
