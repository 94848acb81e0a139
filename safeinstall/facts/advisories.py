"""Advisories joined and matched: alias groups, severities, and which of them affect a version.

Pure: what the records say comes from :mod:`safeinstall.facts.osv`, where they lie is the business of the sources.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING

from safeinstall.facts.osv import Affected, parse_version
from safeinstall.facts.values import Missing

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from packaging.version import Version

    from safeinstall.facts.advisory import Advisory

UNSCORED = Missing("unscored")


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
