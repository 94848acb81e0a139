"""What sets two states of a dump apart, and whether the newer can be one."""

from __future__ import annotations

from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

LOST_SHARE = 0.1
"""No dump loses more of its records than this from one sync to the next: a withdrawn record stays, and says so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """Ids of records, from one state to another."""

    newer: frozenset[str]
    """Added, or modified later than before. The time may lie in the future, so no cursor is kept: each is compared."""
    older: frozenset[str]
    """Modified earlier than before."""
    gone: frozenset[str]

    @property
    def wanted(self) -> frozenset[str]:
        """What must be fetched to come from the one to the other."""
        return self.newer | self.older

    def __bool__(self) -> bool:
        """Whether the states differ."""
        return bool(self.newer or self.older or self.gone)


def compare(before: Mapping[str, str], after: Mapping[str, str]) -> Changes:
    """Compare two states, each a map from id to the time of the last modification."""
    times = {id_: (_instant(before.get(id_, "")), _instant(time)) for id_, time in after.items()}
    return Changes(
        newer=frozenset(id_ for id_, (old, new) in times.items() if new > old),
        older=frozenset(id_ for id_, (old, new) in times.items() if new < old),
        gone=frozenset(before.keys() - after.keys()),
    )


def _instant(text: str) -> str:
    """Write RFC 3339 without ``Z`` so that equal instants are equal texts, and compare as such."""
    return text.rstrip("0").rstrip(".") if "." in text else text


def objection(changes: Changes, held: int) -> str | None:
    """Return why a dump that differs so from the *held* records should not take their place."""
    if len(changes.gone) > LOST_SHARE * held:
        return f"{len(changes.gone):,} of the {counted(held)} that are here are gone from it"
    behind = len(changes.older) + len(changes.gone)
    if behind and not changes.newer:
        return f"it is older than what is here: nothing in it is newer, {counted(behind)} older or gone"
    return None


def counted(number: int) -> str:
    """Write a number of records."""
    return f"{number:,} record{'' if number == 1 else 's'}"


def vulnerabilities(number: int) -> str:
    """Write a number of entries of a list."""
    return f"{number:,} {'vulnerability' if number == 1 else 'vulnerabilities'}"


def is_earlier(date: str, than: str) -> bool:
    """Whether one HTTP date comes before another; ``False`` if either is none."""
    try:
        return parsedate_to_datetime(date) < parsedate_to_datetime(than)
    except (TypeError, ValueError):  # TypeError: one of them has no time zone
        return False
