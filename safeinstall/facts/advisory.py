"""What is known of a vulnerability or of malware (OSV schema), and which versions it affects."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from packaging.version import Version

if TYPE_CHECKING:
    from datetime import date

    from safeinstall.facts.values import Missing

_ZERO = Version("0")


@dataclass(frozen=True, slots=True, kw_only=True)
class Advisory:
    """One live OSV record, as far as it speaks of one package (or several of one alias group, collapsed)."""

    id: str
    aliases: frozenset[str]
    """Every id of the alias group, its own included; equal for all advisories of the group."""
    summary: str
    severity: float | Missing
    """CVSS base score of the highest vector, 0 to 10; a word counts as the lowest score of its band."""
    malicious: bool
    versions: frozenset[Version]
    """Listed versions. Those that lie in ``ranges`` may be left out."""
    literal_versions: frozenset[str]
    """Listed versions that are not PEP 440."""
    ranges: tuple[AffectedRange, ...]
    url: str | None = None
    published: date | None = None
    """The day on which the record was first published; ``None``: it does not say."""
    exploited: date | Missing | None = None
    """The day on which the alias group was listed as exploited in the wild (CISA KEV, ``dateAdded``); ``None``: it is
    not listed, or no list was asked."""
    epss: float | Missing | None = None
    """The highest EPSS score of the alias group, 0 to 1: how likely somebody is to exploit it within 30 days. ``None``:
    it has none."""

    def affects(self, version: Version | str) -> bool:
        """Whether *version* is affected: listed, or inside any range (OSV schema, "evaluation").

        A local version is judged with and without its local part, whichever is worse. A string is a version that is
        not PEP 440: it matches literally, and sorts below every PEP 440 version as it does for OSV.
        """
        if isinstance(version, str):
            return version in self.literal_versions or any(r.introduced is None for r in self.ranges)
        return self._holds(version) or (version.local is not None and self._holds(type(version)(version.public)))

    def _holds(self, version: Version) -> bool:
        return version in self.versions or any(r.contains(version) for r in self.ranges)

    @property
    def is_of_all(self) -> bool:
        """Whether every version up to some is affected: from the beginning, or from a zero that says the same."""
        return any(interval.introduced is None or interval.introduced <= _ZERO for interval in self.ranges)

    def is_open_at(self, version: Version) -> bool:
        """Whether *version* is affected by nothing but ranges without an end.

        A version that a record lists and no range holds is named on purpose. One that is listed and lies in a range may
        have been listed by a machine: databases fill open ranges up with whatever is released.
        """
        forms = {version, type(version)(version.public)}
        holding = [interval for interval in self.ranges if any(map(interval.contains, forms))]
        return bool(holding) and not forms & self.versions and all(interval.is_open for interval in holding)

    def fixed_after(self, version: Version | str) -> Version | None:
        """The lowest fixed version above *version* that is not affected itself, if any is known."""
        known = {r.fixed for r in self.ranges if r.fixed is not None}
        fixes = known if isinstance(version, str) else {fix for fix in known if fix > version}
        return min((fix for fix in fixes if not self.affects(fix)), default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class AffectedRange:
    """One interval of affected versions (OSV ECOSYSTEM range, events paired); every bound that is set must hold."""

    introduced: Version | None
    """``None``: from the beginning (OSV ``"0"``), before any pre-release."""
    fixed: Version | None = None
    """First version not affected."""
    last_affected: Version | None = None
    limit: Version | None = None
    """First version of which nothing is said."""

    @property
    def is_open(self) -> bool:
        """Whether nothing ends it."""
        return self.fixed is None and self.last_affected is None and self.limit is None

    def contains(self, version: Version) -> bool:
        """Whether *version* lies inside, in PEP 440 order."""
        return (
            (self.introduced is None or version >= self.introduced)
            and (self.fixed is None or version < self.fixed)
            and (self.last_affected is None or version <= self.last_affected)
            and (self.limit is None or version < self.limit)
        )
