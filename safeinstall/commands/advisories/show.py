"""``safe-pip advisories show``: one record, as a row and as text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

from safeinstall.report.text import shown

if TYPE_CHECKING:
    from safeinstall.sources.advisories.database import StoredRecord

Row: TypeAlias = "dict[str, Any]"


def record_row(record: StoredRecord) -> Row:
    """Return *record* as JSON has it."""
    return {
        "id": record.id,
        "aliases": sorted(set(record.aliases) - {record.id}),
        "published": record.published,
        "modified": record.modified + "Z",
        "withdrawn": record.withdrawn,
        "summary": record.summary,
        "score": record.score if record.score is not None else record.rating,
        "url": record.url,
        "exploited": record.signals[0],
        "epss": record.signals[1],
        "affected": {name: _affected_row(*statement) for name, statement in sorted(record.affected.items())},
    }


def _affected_row(versions: list[str], literal: list[str], ranges: list[list[str | None]]) -> Row:
    """Name the bounds as OSV does. Versions that lie in a range are not kept."""
    names = ("introduced", "fixed", "last_affected", "limit")
    bounds = [{name: bound for name, bound in zip(names, r, strict=True) if bound is not None} for r in ranges]
    return {"versions": [*versions, *literal], "ranges": [{"introduced": "0", **b} for b in bounds]}


def record_text(row: Row) -> str:
    """Return a row for a person."""
    facts = {
        "aliases": ", ".join(row["aliases"]) or "none",
        "severity": "unscored" if row["score"] is None else f"{row['score']:.1f}",
        "published": row["published"],
        "modified": row["modified"],
        "withdrawn": "yes: it matches nothing" if row["withdrawn"] else "no",
        "url": row["url"],
        "exploited": row["exploited"] and f"known since {row['exploited']}",
        "epss": row["epss"] and f"{row['epss']:.2g}",
    }
    return "\n".join(
        [
            shown(f"{row['id']}: {row['summary'] or 'no summary'}"),
            *(shown(f"  {name:<10}{value}") for name, value in facts.items() if value),
            *(shown(f"  affects   {name} {_affected_text(affected)}") for name, affected in row["affected"].items()),
        ]
    )


def _affected_text(affected: Row) -> str:
    ranges = [" ".join(f"{name.replace('_', ' ')} {at}" for name, at in r.items()) for r in affected["ranges"]]
    versions = [f"version {', '.join(affected['versions'])}"] if affected["versions"] else []
    return "; ".join(ranges + versions) or "at no version it names"
