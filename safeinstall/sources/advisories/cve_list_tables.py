"""The part of the advisory database that lists of CVEs fill: their entries, and what these say of alias groups."""

from __future__ import annotations

import json
from dataclasses import astuple, dataclass
from typing import TYPE_CHECKING, TypeAlias

from safeinstall.sources.advisories.codec import dumps
from safeinstall.sources.advisories.osv_records import Identity

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Mapping, Sequence

    from safeinstall.facts.exploitation import Kind

SCHEMA = "CREATE TABLE listed (kind TEXT, cve TEXT, value, PRIMARY KEY (kind, cve)) WITHOUT ROWID;"
META = "lists"

Signals: TypeAlias = tuple["str | None", "float | None"]
"""Since when a group is exploited, and its EPSS score."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ListPart:
    """What one list brings to a database."""

    kind: Kind
    identity: Identity
    issued: str
    """The day that its publisher dates it with; may be empty."""
    count: int
    """Of its entries."""
    entries: Mapping[str, str | float] | None = None
    """CVE id to what is known of it. ``None``: what the database held."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredList:
    """What a database holds of one list."""

    identity: Identity
    issued: str
    count: int

    def kept(self, kind: Kind) -> ListPart:
        """Return it as a part that stays."""
        return ListPart(kind=kind, identity=self.identity, issued=self.issued, count=self.count)


def stated(parts: Iterable[ListPart]) -> str:
    """Write what :func:`stored_lists` reads back."""
    return dumps([[part.kind, astuple(part.identity), part.issued, part.count] for part in parts])


def stored_lists(text: str) -> dict[Kind, StoredList]:
    """Read what :func:`stated` wrote."""
    return {
        kind: StoredList(identity=Identity(*identity), issued=issued, count=count)
        for kind, identity, issued, count in json.loads(text)
    }


def fill(connection: sqlite3.Connection, parts: Sequence[ListPart]) -> None:
    """Write the entries of *parts*; those that stay are taken from the attached database ``old``."""
    for part in parts:
        if part.entries is None:
            connection.execute("INSERT INTO listed SELECT * FROM old.listed WHERE kind = ?", (part.kind,))
        else:
            rows = ((part.kind, cve, value) for cve, value in part.entries.items())
            connection.executemany("INSERT INTO listed VALUES (?, ?, ?)", rows)


def signals_of(connection: sqlite3.Connection, groups: Iterable[frozenset[str]]) -> dict[frozenset[str], Signals]:
    """Return what the lists say of each alias group that they speak of: the earliest day, the highest score."""
    of_cve: dict[str, list[frozenset[str]]] = {}
    for group in groups:
        for alias in group:
            of_cve.setdefault(alias.upper(), []).append(group)
    since: dict[frozenset[str], str] = {}
    scores: dict[frozenset[str], float] = {}
    for kind, cve, value in connection.execute("SELECT kind, cve, value FROM listed"):
        for group in of_cve.get(cve, ()):
            if kind == "exploited":
                since[group] = min(value, since.get(group, value))
            else:
                scores[group] = max(value, scores.get(group, value))
    return {group: (since.get(group), scores.get(group)) for group in since.keys() | scores.keys()}
