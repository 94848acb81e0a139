"""What the clock of an index says, to hold against that of this machine."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_LONGEST_AGE = 10 * 365 * 24 * 3600
"""Seconds; more is nonsense."""


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
