"""Rules and evidence make a verdict. The same evidence always makes the same one, in whatever order rules stand."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, time, timezone
from typing import TYPE_CHECKING, Literal

from safeinstall.facts.finding import Level, strictest_first
from safeinstall.facts.values import Missing
from safeinstall.facts.verdict import Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from safeinstall.facts.evidence import Evidence
    from safeinstall.facts.finding import Finding
    from safeinstall.facts.verdict import Waiver
    from safeinstall.rules.base import Rule

_ACCEPT = "look at what is warned of, and if you answer for it, write an entry of [[exceptions]]"


def evaluate(
    evidence: Evidence,
    *,
    rules: Iterable[Rule],
    exceptions: Iterable[Waiver],
    on_missing: Level,
    mode: Literal["enforce", "audit"],
    fail_on: Literal["warn", "deny"],
) -> Verdict:
    """Judge one file. Findings come strictest first; all rules run, none stops another."""
    waivers = [waiver for waiver in exceptions if _covers_file(waiver, evidence)]
    findings = [
        weighed(finding, mode=mode, fail_on=fail_on)
        for rule in rules
        for finding in _findings(rule, evidence, waivers, on_missing)
    ]
    found = tuple(sorted(findings, key=strictest_first))
    return Verdict(artifact=evidence.artifact, findings=found, provenance=evidence.provenance)


def _findings(rule: Rule, evidence: Evidence, waivers: list[Waiver], on_missing: Level) -> Iterator[Finding]:
    for found in rule.check(evidence):
        finding = _levelled(found, rule, on_missing) if found.missing else found
        reason = _waived(finding, evidence, waivers) if rule.exceptable and not finding.final else None
        yield finding if reason is None else replace(finding, suppressed_by=reason)


def _levelled(finding: Finding, rule: Rule, on_missing: Level) -> Finding:
    """Give a missing fact the level of the rule, else of the policy, and name the key that says so."""
    if rule.on_missing is not None:
        return replace(finding, level=rule.on_missing, key=f"rules.{rule.id}.on-missing")
    if finding.firm:
        return finding
    return replace(finding, level=on_missing, key="evidence.on-missing")


def _waived(finding: Finding, evidence: Evidence, waivers: list[Waiver]) -> str | None:
    """Return the reason of the first exception that covers *finding*. What is allowed needs none."""
    if finding.level is Level.ALLOW:
        return None
    covering = (w for w in waivers if finding.rule in w.rules and _covers_advisories(w, finding, evidence))
    return next((waiver.reason for waiver in covering), None)


def _covers_file(waiver: Waiver, evidence: Evidence) -> bool:
    artifact = evidence.artifact
    void_from = datetime.combine(waiver.expires, time.min, timezone.utc)
    is_hash_covered = not waiver.hashes or f"sha256:{evidence.sha256}" in waiver.hashes
    return evidence.as_of < void_from and is_hash_covered and waiver.package.matches(artifact.name, artifact.version)


def _covers_advisories(waiver: Waiver, finding: Finding, evidence: Evidence) -> bool:
    """Whether every advisory that *finding* rests on is excepted, under any of its names."""
    if not waiver.advisories:
        return True
    covered = {advisory.upper() for advisory in waiver.advisories}
    known = () if isinstance(evidence.advisories, Missing) else evidence.advisories
    groups = [{advisory.id.upper(), *map(str.upper, advisory.aliases)} for advisory in known]
    covered.update(*(group for group in groups if not covered.isdisjoint(group)))
    return bool(finding.advisories) and covered.issuperset(map(str.upper, finding.advisories))


def weighed(finding: Finding, *, mode: Literal["enforce", "audit"], fail_on: Literal["warn", "deny"]) -> Finding:
    """Return *finding* with the level that it has for the run as a whole.

    With ``fail-on = "warn"`` a warning that stands is a denial, and in the mode ``audit`` a denial that stands is a
    warning; each says so.
    """
    if finding.suppressed_by is not None:
        return finding
    if finding.level is Level.WARN and fail_on == "warn":
        remedy = finding.remedy or _ACCEPT
        finding = replace(finding, level=Level.DENY, escalated=True, remedy=remedy)
    if finding.level is Level.DENY and mode == "audit":
        finding = replace(finding, level=Level.WARN, audited=True)
    return finding
