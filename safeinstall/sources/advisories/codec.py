"""The stored form of advisories: small JSON that is quick to read back. Changing it means a new ``FORMAT``."""

from __future__ import annotations

import json
from datetime import date
from typing import TYPE_CHECKING, Any

from packaging.version import Version

from safeinstall.facts.advisories import UNSCORED, is_malicious
from safeinstall.facts.advisory import Advisory, AffectedRange
from safeinstall.facts.osv import parse_version

if TYPE_CHECKING:
    from safeinstall.facts.osv import Affected

FORMAT = 4

Statement = tuple[list[str], list[str], list[list[str | None]]]
"""Listed versions, literal versions, ranges."""


def dumps(value: object) -> str:
    """Write *value* as compact ASCII, so that no text can be unfit for the database."""
    return json.dumps(value, separators=(",", ":"))


def encode_affected(affected: Affected) -> Statement:
    """What :func:`decode_advisory` reads back."""
    return (
        sorted(str(version) for version in affected.versions),
        sorted(affected.literal_versions),
        [_encode_range(interval) for interval in affected.ranges],
    )


def encode_advisory(
    id_: str,
    statement: Statement,
    *,
    aliases: frozenset[str],
    summary: str,
    severity: float | None,
    url: str | None,
    published: str | None,
    signals: tuple[str | None, float | None],
) -> list[Any]:
    """One advisory as a JSON list. *published*: a day (ISO 8601). *signals*: since when it is exploited, likewise, and
    its EPSS score.
    """
    return [id_, sorted(aliases), summary, severity, url, published, *signals, *statement]


def decode_advisory(stored: list[Any]) -> Advisory:
    """Read what :func:`encode_advisory` made."""
    id_, aliases, summary, severity, url, published, since, epss, versions, literals, ranges = stored
    return Advisory(
        id=id_,
        aliases=frozenset(aliases),
        summary=summary,
        severity=UNSCORED if severity is None else severity,
        malicious=is_malicious(aliases),
        versions=frozenset(map(_version, versions)),
        literal_versions=frozenset(literals),
        ranges=tuple(map(_decode_range, ranges)),
        url=url,
        published=_day(published),
        exploited=_day(since),
        epss=epss,
    )


def _day(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)


def _encode_range(interval: AffectedRange) -> list[str | None]:
    bounds = (interval.introduced, interval.fixed, interval.last_affected, interval.limit)
    return [None if bound is None else str(bound) for bound in bounds]


def _decode_range(bounds: list[str | None]) -> AffectedRange:
    introduced, fixed, last_affected, limit = (None if text is None else _version(text) for text in bounds)
    return AffectedRange(introduced=introduced, fixed=fixed, last_affected=last_affected, limit=limit)


def _version(text: str) -> Version:
    return parse_version(text) or Version(text)
