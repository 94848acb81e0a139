"""Times as an index tells them: of its clock, to hold against that of this machine, and of uploads."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_LONGEST_AGE = 10 * 365 * 24 * 3600
"""Seconds; more is nonsense."""
_FRACTION = re.compile(r"\.(\d+)")
_YEARS = range(1970, 9000)
"""Of an upload: what lies outside cannot be told in another time zone, or have an age added to it."""


def told_time(headers: Mapping[str, str]) -> datetime | None:
    """Return the time of an answer by the clock of its sender: ``Date``, and how old the answer was when it came.

    Source: RFC 9110, 6.6.1, and RFC 9111, 5.1. ``None`` where it does not say so.
    """
    try:
        made = parsedate_to_datetime(headers.get("date", ""))
        age = int(headers.get("age", "0"))
        made = made if made.tzinfo else made.replace(tzinfo=timezone.utc)
        return made.astimezone(timezone.utc) + timedelta(seconds=min(max(age, 0), _LONGEST_AGE))
    except (ValueError, OverflowError, TypeError):
        return None


# uploads


def upload_time(value: object) -> datetime | None:
    """Return the time that *value* tells (PEP 700: ISO 8601 in UTC), with a time zone; ``None`` where it tells none."""
    if not isinstance(value, str):
        return None
    try:
        time = _parse_time(value)
    except ValueError:
        return None
    if time.year not in _YEARS:
        return None
    return time if time.tzinfo else time.replace(tzinfo=timezone.utc)


def first_upload(values: list[object]) -> datetime | None:
    """Return the earliest that can be read.

    Texts in UTC sort as the times they tell, but for the fractions of one second.
    """
    texts = [value for value in values if isinstance(value, str) and value.endswith("Z")]
    if len(texts) == len(values):
        return upload_time(min(texts, default=None))
    return min((time for time in map(upload_time, values) if time is not None), default=None)


def first_of_all(values: list[object]) -> datetime | None:
    """Return the earliest; ``None`` where one cannot be read."""
    times = [upload_time(value) for value in values]
    known = [time for time in times if time is not None]
    return min(known) if len(known) == len(times) else None


def _parse_time(value: str) -> datetime:
    """Python 3.10 reads neither a ``Z`` nor any fraction but of 3 or 6 digits; later ones do."""
    try:
        return datetime.fromisoformat(value)
    except ValueError:
        padded = _FRACTION.sub(lambda fraction: f".{fraction[1]:0<6.6}", value)
        return datetime.fromisoformat(padded.removesuffix("Z") + "+00:00" * padded.endswith("Z"))
