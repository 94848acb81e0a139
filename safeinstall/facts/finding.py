"""What one rule has to say about one file, and how strict that is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta, timezone
from enum import IntEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import date, datetime


class Level(IntEnum):
    """What the policy says of one finding. Ordered, so that ``max`` is the strictest."""

    ALLOW = 0
    WARN = 1
    DENY = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownVulnerability:
    """What a finding says of one vulnerability, for whoever counts several."""

    title: str
    """One line of foreign text; may be empty."""
    severity: float | None
    """CVSS base score, 0 to 10; ``None``: nobody has scored it."""
    fixed: str | None
    """The lowest version above the judged one that repairs it, if any is known."""
    all_fixed: str | None
    """The lowest version above it that no known advisory of the project affects."""
    unclosed: date | None = None
    """Since when its records are there and name no end, where that is long before the file was uploaded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What one rule has to say about one file (SARIF calls it a result)."""

    rule: str
    """Rule id, kebab-case, as in the policy."""
    level: Level
    message: str
    """The measured value against the limit: ``uploaded 2 days ago, the policy asks for 7 days``."""
    key: str
    """Dotted policy key that decided, as ``rules.minimum-age.minimum``."""
    missing: bool = False
    """True when the level comes from a fact that could not be had."""
    remedy: str | None = None
    """The way out, one sentence."""
    until: datetime | None = None
    """When the rule will have something else to say, if nothing but time passes; ``None``: waiting does not help."""
    advisories: tuple[str, ...] = ()
    """Ids of the advisories this rests on, aliases included."""
    exploited: date | None = None
    """Since when these are known to be exploited."""
    epss: float | None = None
    """Their highest EPSS score, 0 to 1."""
    vulnerability: KnownVulnerability | None = None
    """Of the rule ``vulnerability``, where it knows one."""
    rivals: tuple[str, ...] = ()
    """Names of the indexes that offer the project with different files, the file's own first."""
    firm: bool = False
    """True where a missing fact has this level unless the rule's own ``on-missing`` says another: it was asked for."""
    final: bool = False
    """True where no exception may cover it, although others of its rule may be covered."""
    suppressed_by: str | None = None
    """The reason of the exception that covers it; the finding then no longer counts."""
    audited: bool = False
    """True when ``mode = "audit"`` turned a denial into this warning."""
    escalated: bool = False
    """True when ``fail-on = "warn"`` turned a warning into this denial."""


def utc(moment: datetime) -> str:
    """Show *moment* to the minute, rounded up, so that waiting until then is long enough."""
    in_utc = moment.astimezone(timezone.utc)
    whole = in_utc.replace(second=0, microsecond=0)
    return f"{whole if whole == in_utc else whole + timedelta(minutes=1):%Y-%m-%d %H:%M} UTC"


def utc_minute(moment: datetime) -> str:
    """Show the minute in which *moment* lies: what was logged or uploaded then was so at no later one."""
    return f"{moment.astimezone(timezone.utc):%Y-%m-%d %H:%M} UTC"


def strictest_first(finding: Finding) -> tuple[int, str, str, str, bool, bool]:
    """Order findings the same way, whoever found them first."""
    return -finding.level, finding.rule, finding.key, finding.message, not finding.audited, finding.escalated
