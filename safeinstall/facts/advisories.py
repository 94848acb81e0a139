"""Advisories joined and matched: alias groups, severities, and which of them affect a version.

Pure: what the records say comes from :mod:`safeinstall.facts.osv`, where they lie is the business of the sources.
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING

from safeinstall.facts.osv import Affected, parse_version
from safeinstall.facts.values import Missing

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable
    from datetime import date

    from packaging.version import Version

    from safeinstall.facts.advisory import Advisory

UNSCORED = Missing("unscored")
_MALWARE = re.compile(
    r"backdoor|malware|trojan|typo-?squat|exfiltrat|harvest|malicious (?:package|project|release|version|code)"
    r"|taken over|hijack|account compromise|(?:was|were|been) compromised",
    re.IGNORECASE,
)


def alias_groups(links: Iterable[Collection[str]]) -> dict[str, frozenset[str]]:
    """Map every id to all ids it is linked with, in both directions and through any others."""
    parent: dict[str, str] = {}

    def root(member: str) -> str:
        while (above := parent.setdefault(member, member)) != member:
            parent[member] = member = parent[above]
        return member

    for ids in links:
        roots = [root(member) for member in ids]
        parent.update(dict.fromkeys(roots, roots[0]) if roots else {})
    groups: defaultdict[str, set[str]] = defaultdict(set)
    for member in parent:
        groups[root(member)].add(member)
    return {member: group for ids in groups.values() for group in [frozenset(ids)] for member in group}


def is_malicious(aliases: Iterable[str]) -> bool:
    """Whether an alias group holds a record of malware."""
    return any(alias.startswith("MAL-") for alias in aliases)


def is_suspect(advisory: Advisory) -> bool:
    """Whether a record that is none of malware may speak of it all the same.

    PYSEC had such records before there were ``MAL-`` ones: they have neither a CVE nor a GHSA id, or say so themselves.
    """
    is_numbered = any(alias.startswith(("CVE-", "GHSA-")) for alias in advisory.aliases)
    return advisory.malicious or not is_numbered or bool(_MALWARE.search(advisory.summary))


def published(group: Iterable[Advisory]) -> date | None:
    """Return the day on which the last of *group* was published; ``None`` where one does not say, or there is none."""
    days = [advisory.published for advisory in group]
    known = [day for day in days if day is not None]
    return max(known, default=None) if len(known) == len(days) else None


def open_since(group: Collection[Advisory], version: Version | str, *, given_back: bool) -> date | None:
    """Return the day since which *group*, the records of a package in one alias group, has no end for *version*.

    That is when the last one was published of those that affect it. ``None`` where one of these has an end, names the
    version, or does not say when it was published; where one of the group is of malware; and where one may be
    (:func:`is_suspect`), unless the project is known to be *given_back* to its owners and had honest versions before.
    """
    affecting = [advisory for advisory in group if advisory.affects(version)]
    if isinstance(version, str) or not all(advisory.is_open_at(version) for advisory in affecting):
        return None
    is_malware = any(a.malicious or (is_suspect(a) and (a.is_of_all or not given_back)) for a in group)
    return None if is_malware else published(affecting)


def collapse(advisories: Iterable[Advisory]) -> tuple[Advisory, ...]:
    """Join the advisories of each alias group into one that affects what any of them does, and is as bad as the worst.

    It bears the id of the first by database (PYSEC, GHSA, others), then by id.
    """
    groups: defaultdict[frozenset[str], list[Advisory]] = defaultdict(list)
    for advisory in sorted(advisories, key=_precedence):
        groups[advisory.aliases].append(advisory)
    return tuple(_joined(group) for group in groups.values())


def matching(advisories: Iterable[Advisory], version: str) -> tuple[str, ...]:
    """Return the ids of the *advisories* that affect *version*, sorted. Any version string has an answer."""
    text = version.strip()
    wanted = parse_version(text) or text
    return tuple(sorted(advisory.id for advisory in advisories if advisory.affects(wanted)))


def first_unaffected(known: tuple[Advisory, ...], version: Version | str) -> Version | None:
    """Return the lowest fixed version above *version* that none of *known*, all advisories of a package, affects."""
    ends = _unaffected_ends(known)
    return next((end for end in ends if isinstance(version, str) or end > version), None)


@lru_cache(maxsize=256)
def _unaffected_ends(known: tuple[Advisory, ...]) -> tuple[Version, ...]:
    """Return the fixed versions that are fixed indeed, sorted. Remembers: every version of a package asks again."""
    ends = {interval.fixed for advisory in known for interval in advisory.ranges if interval.fixed is not None}
    return tuple(sorted(end for end in ends if not any(advisory.affects(end) for advisory in known)))


def _precedence(advisory: Advisory) -> tuple[bool, bool, str]:
    return (not advisory.id.startswith("PYSEC-"), not advisory.id.startswith("GHSA-"), advisory.id)


def _joined(group: list[Advisory]) -> Advisory:
    first = group[0]
    affected = Affected()
    for a in group:
        affected |= Affected(a.versions, a.literal_versions, a.ranges)
    return replace(
        first,
        summary=next((a.summary for a in group if a.summary), ""),
        severity=max((a.severity for a in group if not isinstance(a.severity, Missing)), default=first.severity),
        malicious=any(a.malicious for a in group),
        versions=affected.versions,
        literal_versions=affected.literal_versions,
        ranges=affected.ranges,
        url=next((a.url for a in group if a.url), None),
    )
