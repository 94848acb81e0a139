"""The gist of what was found in one file: of each rule a line or two, however many findings it has.

All of them are in the forms for machines (``json``, ``sarif``, ``cyclonedx``, ``junit``) and in ``html``; ``-v`` tells
them in a terminal.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

from safeinstall.facts.osv import BANDS, band

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date

    from safeinstall.facts.finding import KnownVulnerability, Level

UNSCORED = "unscored"
_ORDER = (*reversed(BANDS), "none", UNSCORED)
_TITLE = 80
"""Characters of the title of a vulnerability that has others beside it."""
_PREAMBLE = re.compile(r"An issue was discovered in .+?\. (?=\S)")
"""How many a CVE begins: with the affected versions, which the index knows better."""


class Told(Protocol):
    """A finding, as a rule made it or as a report has it."""

    @property
    def rule(self) -> str: ...  # noqa: D102
    @property
    def level(self) -> Level: ...  # noqa: D102
    @property
    def message(self) -> str: ...  # noqa: D102
    @property
    def missing(self) -> bool: ...  # noqa: D102
    @property
    def remedy(self) -> str | None: ...  # noqa: D102
    @property
    def advisories(self) -> tuple[str, ...]: ...  # noqa: D102
    @property
    def exploited(self) -> date | None: ...  # noqa: D102
    @property
    def epss(self) -> float | None: ...  # noqa: D102
    @property
    def vulnerability(self) -> KnownVulnerability | None: ...  # noqa: D102


FindingT = TypeVar("FindingT", bound=Told)


@dataclass(frozen=True, slots=True)
class Gist(Generic[FindingT]):
    """What one rule found in a file, or several that miss the same fact."""

    rule: str
    """Its id; several are joined by commas."""
    level: Level
    lines: tuple[str, ...]
    """One or two."""
    remedy: str | None
    findings: tuple[FindingT, ...]

    @property
    def is_cut(self) -> bool:
        """Whether it says less than its findings."""
        messages = {finding.message for finding in self.findings}
        return len(messages) > 1 and (len(messages) > len(self.lines) or bool(self.findings[0].vulnerability))

    @property
    def message(self) -> str:
        """All of it, as one line."""
        return "; ".join(self.lines)


def gists(findings: Iterable[FindingT], *, excepted: bool = False) -> list[Gist[FindingT]]:
    """Return the gist of *findings* on one file, of each level by itself, the strictest first.

    In each, malware comes before all else, and what is known before what is missing. For what is *excepted*, all levels
    are one: it has none any more.
    """
    ordered = sorted(findings, key=lambda f: (-f.level, f.missing, f.rule != "malware"))
    rules: dict[str, set[str]] = {}
    for finding in ordered:
        rules.setdefault(finding.message, set()).add(finding.rule)
    groups: dict[tuple[int, bool, str], list[FindingT]] = {}
    for finding in ordered:
        is_shared = finding.missing and len(rules[finding.message]) > 1
        what = finding.message if is_shared else finding.rule
        groups.setdefault((not excepted and finding.level, finding.missing, what), []).append(finding)
    return [_gist(group) for group in groups.values()]


def _gist(group: Sequence[FindingT]) -> Gist[FindingT]:
    rule = ", ".join(sorted({finding.rule for finding in group}))
    known = [finding.vulnerability for finding in group if finding.vulnerability is not None]
    if len(known) == len(group) > 1:
        return Gist(rule, group[0].level, (_counted(group, known), _worst(group)), _way_out(known), tuple(group))
    messages = list(dict.fromkeys(finding.message for finding in group))
    more = [f"{messages[1]}{f' (and {len(messages) - 2} more)' if messages[2:] else ''}"] if messages[1:] else []
    remedy = next((finding.remedy for finding in group if finding.remedy), None)
    return Gist(rule, group[0].level, (messages[0], *more), remedy, tuple(group))


def _counted(group: Sequence[Told], known: Sequence[KnownVulnerability]) -> str:
    counts = Counter(map(_band, known))
    parts = [f"{counts[name]} {name}" for name in _ORDER if counts[name]]
    if exploited := sum(finding.exploited is not None for finding in group):
        parts.append(f"{exploited} known to be exploited")
    if unclosed := sum(vulnerability.unclosed is not None for vulnerability in known):
        parts.append(f"{unclosed} that nobody has closed")
    end = known[0].all_fixed or "no known version"
    return f"{len(group)} advisories: {', '.join(parts)}; {end} repairs them all"


def _worst(group: Sequence[Told]) -> str:
    return f"the worst: {_in_short(max(group, key=_badness))}"


def _badness(finding: Told) -> tuple[bool, float, float]:
    severity = finding.vulnerability.severity if finding.vulnerability else None
    return finding.exploited is not None, -1 if severity is None else severity, finding.epss or 0


def _in_short(finding: Told) -> str:
    known = finding.vulnerability
    if known is None:
        return finding.message
    severity = UNSCORED if known.severity is None else f"{band(known.severity)} ({known.severity:.1f})"
    exploited = f", known to be exploited since {finding.exploited}" if finding.exploited else ""
    fixed = f"repaired in {known.fixed}" if known.fixed else "no repair known"
    title = f": {_cut(_PREAMBLE.sub('', known.title, count=1))}" if known.title else ""
    return f"{_name(finding)}, {severity}{exploited}, {fixed}{title}"


def _name(finding: Told) -> str:
    """Return the name by which most know it; ``advisories show`` knows it by any."""
    return _cut(next((name for name in finding.advisories if name.startswith("CVE-")), finding.advisories[0]))


def _cut(title: str) -> str:
    return title if len(title) <= _TITLE else f"{title[: _TITLE - 1].rstrip(' …')}…"


def _band(known: KnownVulnerability) -> str:
    return UNSCORED if known.severity is None else band(known.severity)


def _way_out(known: Sequence[KnownVulnerability]) -> str:
    end = known[0].all_fixed
    way = f"take {end} or later" if end else "no version is known that repairs them all: take another package"
    return f"{way}, or write an exception for {'both' if len(known) == 2 else f'all {len(known)}'}"  # noqa: PLR2004
