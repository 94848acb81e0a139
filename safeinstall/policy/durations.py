"""Durations as a policy writes them. A unit is always written: npm counts days, pnpm minutes and bun seconds."""

from __future__ import annotations

import re
from datetime import timedelta

_UNITS = {"w": "weeks", "d": "days", "h": "hours", "m": "minutes", "s": "seconds"}
_SHORT = re.compile(r"\d+[wdhms](?:\s*\d+[wdhms])*", re.ASCII)
_PART = re.compile(r"(\d+)([wdhms])", re.ASCII)
_ISO = re.compile(r"P(?=.)(?:(\d+)W)?(?:(\d+)D)?(?:T(?=.)(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?", re.ASCII)
_BARE = re.compile(r"[-+]?[\d.]+", re.ASCII)
_CALENDAR = re.compile(r"P\d+[YM].*|\d+\s*(?:y|mo|years?|months?)", re.ASCII | re.IGNORECASE)
_LONGEST = timedelta(days=365_000)
"""A thousand years, which can be added to any upload time."""
_EXAMPLES = '"36h", "3d", "2w" or "P3D"'


def parse_duration(text: str) -> timedelta:
    """Read ``36h``, ``1d 12h`` or ISO 8601 ``P3D``. Raises :class:`ValueError` with a message for the author."""
    parts = _parts(text.strip())
    if parts is None or len(parts) != len(dict(parts)):
        raise ValueError(_explain(text))
    try:
        found = timedelta(**{_UNITS[unit]: int(count) for unit, count in parts})
    except (OverflowError, ValueError):  # ValueError: more digits than int() takes
        found = timedelta.max
    if found > _LONGEST:
        raise ValueError(f"{text!r} is longer than a duration can be")
    return found


def _parts(text: str) -> list[tuple[str, str]] | None:
    """Return (unit, count) pairs, or ``None`` when *text* is no duration."""
    if _SHORT.fullmatch(text):
        return [(unit, count) for count, unit in _PART.findall(text)]
    if iso := _ISO.fullmatch(text):
        return [(unit, count) for unit, count in zip("wdhms", iso.groups(), strict=True) if count is not None]
    return None


def _explain(text: str) -> str:
    if _BARE.fullmatch(text.strip()):
        return _bare(text.strip())
    if _CALENDAR.fullmatch(text.strip()):
        return f'"{text}" has no fixed length: months and years differ; write days or weeks, such as "30d" or "4w"'
    return f'"{text}" is not a duration; write {_EXAMPLES}'


def _bare(number: str) -> str:
    return (
        f"{number} has no unit, and tools differ (npm counts days, pnpm minutes, bun seconds);"
        f' write "{number}d" for days or "{number}h" for hours'
    )
