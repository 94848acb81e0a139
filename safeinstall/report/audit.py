"""An audit, as text and as a mapping that JSON can hold."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from safeinstall.facts.finding import Level
from safeinstall.report.forms.json import plain
from safeinstall.report.provenance.build import report_provenance
from safeinstall.report.refusal import render_refused
from safeinstall.report.text import PREFIX, built_by, render_remarks, shown

if TYPE_CHECKING:
    from collections.abc import Mapping

    from packaging.utils import NormalizedName

    from safeinstall.facts.artifact import Artifact
    from safeinstall.facts.finding import Finding
    from safeinstall.facts.verdict import Verdict
    from safeinstall.policy.model import Policy
    from safeinstall.request.invocation import ConfiguredSources
    from safeinstall.resolve.outcome import Audit

SHOWN_WARNINGS = 10
"""Lines of warnings: to tell of them is what an audit is for."""


def render_audit(
    audit: Audit, policy: Policy, *, verbose: bool = False, sources: ConfiguredSources | None = None
) -> str:
    """Return a block for each refused package, the warnings once each, and the verdict as last line.

    *sources* is what pip is configured with.
    """
    refusal = audit.refusal
    blocks = render_refused(refusal, policy, audit.newest_passing, verbose=verbose) if refusal else []
    notes = [f"no answer: {shown(problem)}" for problem in audit.problems]
    notes += [f"cannot be read: {shown(problem)}" for problem in audit.unread]
    passed = [verdict for verdict in audit.verdicts if not verdict.denied]
    remarks = render_remarks(passed, policy, verbose=verbose, most=SHOWN_WARNINGS, located=True, sources=sources)
    built = built_by(passed) if verbose else ()
    lines = [PREFIX + line for line in (*notes, *remarks, *built, _verdict(audit, policy))]
    return "\n".join([*blocks, *lines]) + "\n"


def _verdict(audit: Audit, policy: Policy) -> str:
    counts = count(audit)
    said = ", ".join(f"{number} {what}" for what, number in counts.items() if number)
    return shown(f"{audit.subject} by policy {policy.file}: {said or 'no packages'}")


def count(audit: Audit) -> dict[str, int]:
    """Return how many packages are refused, warned of and allowed. A package with several refused files is one."""
    levels: dict[str, Level] = {}
    for verdict in audit.verdicts:
        levels[verdict.artifact.name] = max(verdict.level, levels.get(verdict.artifact.name, Level.ALLOW))
    words = {"refused": Level.DENY, "warned of": Level.WARN, "allowed": Level.ALLOW}
    return {word: sum(found is level for found in levels.values()) for word, level in words.items()}


def audit_json(audit: Audit, policy: Policy) -> dict[str, Any]:
    """Return the audit for programs. No credentials are in it."""
    return {
        "subject": audit.subject,
        "policy": {"file": policy.file, "digest": policy.digest, "mode": policy.mode},
        "exit_code": audit.exit_code,
        "counts": {word.partition(" ")[0]: number for word, number in count(audit).items()},
        "packages": [package_json(verdict, audit.newest_passing, policy) for verdict in audit.verdicts],
        "conflict": audit.refusal.conflict or None if audit.refusal else None,
        "problems": [*audit.problems, *audit.unread],
    }


def package_json(verdict: Verdict, newest_passing: Mapping[NormalizedName, Artifact], policy: Policy) -> dict[str, Any]:
    """Return what is said of one package for programs."""
    artifact = verdict.artifact
    newest = newest_passing.get(artifact.name)
    return {
        "name": artifact.name,
        "version": str(artifact.stated_version),
        "file": artifact.filename,
        "index": artifact.source.display,
        "provenance": plain(report_provenance(verdict)),
        "level": verdict.level.name.lower(),
        "newest_allowed": str(newest.version) if newest else None,
        "findings": [finding_json(finding, policy) for finding in verdict.findings],
    }


def finding_json(finding: Finding, policy: Policy) -> dict[str, Any]:
    """Return one finding for programs."""
    return {
        "rule": finding.rule,
        "level": finding.level.name.lower(),
        "message": finding.message,
        "key": finding.key,
        "origin": str(policy.origin(finding.key)),
        "missing": finding.missing,
        "audited": finding.audited,
        "escalated": finding.escalated,
        "advisories": list(finding.advisories),
        "exploited": finding.exploited and finding.exploited.isoformat(),
        "epss": finding.epss,
        "vulnerability": plain(finding.vulnerability),
        "remedy": finding.remedy,
        "exception": finding.suppressed_by,
    }
