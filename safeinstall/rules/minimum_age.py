"""Rule ``minimum-age``: nothing that the world has not yet had time to look at."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, ClassVar

from safeinstall.facts.evidence import Price
from safeinstall.facts.finding import Finding, Level, utc
from safeinstall.facts.values import Missing
from safeinstall.rules.base import is_own_path

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from packaging.version import Version

    from safeinstall.facts.advisory import Advisory
    from safeinstall.facts.artifact import Artifact
    from safeinstall.facts.evidence import Evidence, Listed
    from safeinstall.facts.terms import PackageSelector

_CLOCK_SKEW = timedelta(minutes=10)
_UNITS = (("day", 86400), ("hour", 3600), ("minute", 60), ("second", 1))


@dataclass(frozen=True, slots=True, kw_only=True)
class MinimumAge:
    """Deny files that were uploaded less than ``minimum`` ago.

    Stops most releases of stolen accounts: they are found and removed within hours or days. The age is that of the
    file, not of its version: a wheel added yesterday to a release of last year is one day old. A path that you name
    yourself has no age.

    Options:
        minimum: the age a file must have; ``"0s"`` for any, whether or not its upload time is known. Default: ``"7d"``.
        indexes: the age for files of an index, by its name in ``[[indexes]]``, instead of ``minimum``. Default: none.
        new-project: the age that the oldest file of the project must have, on the same index. Default: ``"0s"``, any.
        exempt: selectors of packages that may be younger, such as your own. Default: none.
        security-fix: the age that is enough for a version which, as an advisory states, repairs a vulnerability of the
            newest version that is old enough, and of all versions since. A malware advisory opens nothing, since it
            says that an account was stolen. Default: none, so a repair waits as long as everything else.
        on-missing: what follows when the index gives no upload time, or one in the future; when its clock is more than
            a day apart from that of this machine; for a file of no index, one at an address or of find-links; and for
            a file that a lock names, where no index that answers lists it.

    Denied: ``acme 2.1`` two days after its upload: "uploaded 2 days ago; the policy asks for 7 days". Fix: wait until
    the time that the message names, take an older version, or have an exception written.
    """

    id: ClassVar[str] = "minimum-age"
    exceptable: ClassVar[bool] = True
    needs: ClassVar[Price] = Price.LISTING

    minimum: timedelta = timedelta(days=7)
    indexes: Mapping[str, timedelta] = field(default_factory=dict, hash=False, metadata={"merge": "ages"})
    new_project: timedelta = timedelta(0)
    exempt: tuple[PackageSelector, ...] = ()
    security_fix: timedelta | None = None
    on_missing: Level | None = None

    def check(self, evidence: Evidence) -> Iterator[Finding]:
        """Yield a denial for a young file or project, or a note when a file passes early as a repair."""
        if is_own_path(evidence) or self._is_exempt(evidence, evidence.artifact.version):
            return
        if self._minimum(evidence):
            yield from self._file(evidence)
        if self.new_project:
            yield from self._new_project(evidence)

    def enough(self, artifact: Artifact) -> timedelta:
        """Return the age that it asks of *artifact*, whatever that repairs."""
        is_exempt = any(selector.matches(artifact.name, artifact.version) for selector in self.exempt)
        return timedelta(0) if is_exempt else self.indexes.get(artifact.source.name, self.minimum)

    def _file(self, evidence: Evidence) -> Iterator[Finding]:
        uploaded = evidence.upload_time
        if isinstance(uploaded, Missing):
            yield self._missing(f"the upload time is not known: {uploaded.reason}", uploaded.remedy)
        elif uploaded > evidence.as_of + _CLOCK_SKEW:
            yield self._missing(f"the index says uploaded at {utc(uploaded)}, which is in the future")
        elif evidence.as_of - uploaded < self._minimum(evidence):
            yield self._young(evidence, uploaded)

    def _minimum(self, evidence: Evidence) -> timedelta:
        return self.indexes.get(evidence.artifact.source.name, self.minimum)

    def _new_project(self, evidence: Evidence) -> Iterator[Finding]:
        first = evidence.first_upload
        if isinstance(first, Missing):
            yield self._missing(f"when the project began is not known: {first.reason}", first.remedy)
        elif evidence.as_of - first < self.new_project:
            yield Finding(
                rule=self.id,
                level=Level.DENY,
                message=f"its project's first file was uploaded {_ago(evidence.as_of - first)} ago; the policy asks for"
                f" {_ago(self.new_project)}",
                key="rules.minimum-age.new-project",
                remedy=f"wait until {utc(first + self.new_project)}, or take a project that is known for longer",
                until=first + self.new_project,
            )

    def _is_exempt(self, evidence: Evidence, version: Version) -> bool:
        return any(selector.matches(evidence.artifact.name, version) for selector in self.exempt)

    def _missing(self, message: str, remedy: str | None = None) -> Finding:
        return Finding(
            rule=self.id,
            level=Level.DENY,
            missing=True,
            message=message,
            key="rules.minimum-age.minimum",
            remedy=remedy
            or "take it from an index that publishes upload times (PEP 700), or add the package to exempt"
            " in [rules.minimum-age]",
        )

    def _young(self, evidence: Evidence, uploaded: datetime) -> Finding:
        minimum = self._minimum(evidence)
        if self.security_fix is not None and self.security_fix < minimum:
            repair = self._repair(evidence)
            if repair is not None:
                return self._repairing(evidence, uploaded, repair, self.security_fix)
        name = evidence.artifact.source.name
        option = f'indexes."{name}"' if name in self.indexes else "minimum"
        return self._denial(evidence, uploaded, minimum, option, "")

    def _repairing(
        self, evidence: Evidence, uploaded: datetime, repair: tuple[Advisory, Version], enough: timedelta
    ) -> Finding:
        advisory, current = repair
        repaired = f" for a repair of {advisory.id} in {current}"
        if evidence.as_of - uploaded < enough:
            return self._denial(evidence, uploaded, enough, "security-fix", repaired)
        return Finding(
            rule=self.id,
            level=Level.ALLOW,
            message=f"uploaded {_ago(evidence.as_of - uploaded)} ago; enough{repaired}",
            key="rules.minimum-age.security-fix",
            advisories=tuple(sorted(advisory.aliases | {advisory.id})),
        )

    def _denial(self, evidence: Evidence, uploaded: datetime, limit: timedelta, option: str, purpose: str) -> Finding:
        return Finding(
            rule=self.id,
            level=Level.DENY,
            message=f"uploaded {_ago(evidence.as_of - uploaded)} ago; the policy asks for {_ago(limit)}{purpose}",
            key=f"rules.minimum-age.{option}",
            remedy=f"wait until {utc(uploaded + limit)}, or ask for an older version",
            until=uploaded + limit,
        )

    def _repair(self, evidence: Evidence) -> tuple[Advisory, Version] | None:
        """Return an advisory that this version repairs, and the version that would be taken without it."""
        older = self._older(evidence)
        current = max((listed.version for listed in older if self._is_mature(evidence, listed)), default=None)
        if isinstance(evidence.advisories, Missing) or current is None:
            return None
        # A version in between that is not affected is the repair: it needs no later one.
        passed = {listed.version for listed in older if listed.version >= current}
        version = evidence.artifact.version
        fixed = [a for a in evidence.advisories if all(_repairs(a, one, version) for one in passed)]
        return (min(fixed, key=lambda a: a.id), current) if fixed else None

    def _older(self, evidence: Evidence) -> list[Listed]:
        """Return what is listed below this version and might be taken; nothing when an age among it is not known."""
        version = evidence.artifact.version
        older = [
            listed
            for listed in evidence.siblings
            if listed.version < version and not listed.yanked and listed.version.is_prerelease <= version.is_prerelease
        ]
        return [] if any(listed.upload_time is None for listed in older) else older

    def _is_mature(self, evidence: Evidence, listed: Listed) -> bool:
        old_enough = listed.upload_time is not None and evidence.as_of - listed.upload_time >= self._minimum(evidence)
        return old_enough or self._is_exempt(evidence, listed.version)


def _repairs(advisory: Advisory, current: Version, version: Version) -> bool:
    """Whether *advisory* itself states that *version* has the fix: not to be listed is no repair."""
    fixed = advisory.fixed_after(current) if advisory.affects(current) and not advisory.malicious else None
    return fixed is not None and fixed <= version and not advisory.affects(version)


def _ago(span: timedelta) -> str:
    """Show *span* in its two largest units, rounded down."""
    seconds, parts = max(0, int(span.total_seconds())), []
    for unit, length in _UNITS:
        count, seconds = divmod(seconds, length)
        if count:
            parts.append(f"{count} {unit}" if count == 1 else f"{count} {unit}s")
        elif parts:
            break
    return " ".join(parts[:2]) or "0 seconds"
