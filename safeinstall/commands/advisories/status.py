"""``safe-pip advisories status``: how old the advisories are, how many, and where from."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any, TypeAlias

from safeinstall.errors import EXIT_EVIDENCE
from safeinstall.report.text import shown
from safeinstall.sources.advisories.changes import counted, vulnerabilities
from safeinstall.sources.advisories.local import open_whatever, remembered, span

if TYPE_CHECKING:
    from collections.abc import Iterator

    from safeinstall.commands.advisories.place import Place
    from safeinstall.sources.advisories.cve_lists import ListSource
    from safeinstall.sources.advisories.database import AdvisoryDatabase

Row: TypeAlias = "dict[str, Any]"


def status_rows(place: Place) -> tuple[list[Row], int]:
    """Return the one row there is, and the exit code: 0 if all is as fresh as the policy asks."""
    now, limit = datetime.now(timezone.utc), place.policy.evidence.max_staleness
    local = open_whatever(place.sources, place.directory, place.lists)
    problem = local.problem or remembered(place.syncer.memory)
    if local.database is None:
        return [{"fresh": False, "problem": problem}], EXIT_EVIDENCE
    with local.database as database:
        lists = [_list_row(source, database, now, limit, local.lists.get(source.kind)) for source in place.lists]
        row = _row(database, now, limit, lists, problem)
    return [row], 0 if row["fresh"] else EXIT_EVIDENCE


def _row(database: AdvisoryDatabase, now: datetime, limit: timedelta, lists: list[Row], problem: str) -> Row:
    status, age = database.status(), now - database.as_of
    sources = [
        {"source": identity.name, "records": len(database.index(number)), "checked": _time(identity.modified)}
        for number, identity in enumerate(database.identities)
    ]
    return {
        "fresh": age <= limit and all(row["fresh"] for row in lists),
        "age": round(age.total_seconds()),
        "max-staleness": round(limit.total_seconds()),
        "records": status.records,
        "withdrawn": status.withdrawn,
        "unmatchable": status.unmatchable,
        "unreadable": list(status.unreadable),
        "sources": sources,
        "lists": lists,
        "database": str(database.path),
        "size": database.path.stat().st_size,
        "problem": problem or None,
    }


def _list_row(
    source: ListSource, database: AdvisoryDatabase, now: datetime, limit: timedelta, problem: str | None
) -> Row:
    row = {"list": source.kind, "source": source.name, "problem": problem}
    stored = database.lists.get(source.kind)
    if stored is None:
        return {**row, "fresh": False, "vulnerabilities": 0, "issued": None, "checked": None}
    return {
        **row,
        "fresh": now - stored.identity.modified <= limit,
        "vulnerabilities": stored.count,
        "issued": stored.issued or None,
        "checked": _time(stored.identity.modified),
    }


def status_text(row: Row) -> str:
    """Return the row for a person."""
    if "sources" not in row:
        return shown(f"no advisories on this machine: {row['problem']}; run `safe-pip advisories sync`")
    age, limit = (timedelta(seconds=row[key]) for key in ("age", "max-staleness"))
    kinds = {
        "withdrawn": row["withdrawn"],
        "without a version": row["unmatchable"],
        "unreadable": len(row["unreadable"]),
    }
    lines = [
        f"{'fresh' if age <= limit else 'stale'}: {span(age)} old, the policy allows {span(limit)}",
        f"{counted(row['records'])}: {', '.join(f'{number:,} {kind}' for kind, number in kinds.items())}",
        *(f"  unreadable: {line}" for line in row["unreadable"]),
        *(f"  {s['source']}: {counted(s['records'])}, as of {s['checked']}" for s in row["sources"]),
        *(line for told in row["lists"] for line in _list_lines(told)),
        f"kept in {row['database']} ({row['size'] / 1e6:.1f} MB)",
        *([f"last problem: {row['problem']}"] if row["problem"] else []),
    ]
    return "\n".join(map(shown, lines))


def _list_lines(row: Row) -> Iterator[str]:
    if row["checked"] is not None:
        issued = f" of {row['issued']}" if row["issued"] else ""
        stale = "" if row["fresh"] else ", stale"
        yield f"  {row['list']}: {vulnerabilities(row['vulnerabilities'])}{issued}, as of {row['checked']}{stale}"
    if row["problem"] or row["checked"] is None:
        yield f"  {row['list']}: {row['problem'] or 'missing: run `safe-pip advisories sync`'}"


def _time(instant: datetime) -> str:
    return f"{instant:%Y-%m-%dT%H:%M:%SZ}"
