"""The receipt of a run: one line of JSON, what was installed, by which policy, with which verdicts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from safeinstall.plan import without_credentials

if TYPE_CHECKING:
    from datetime import datetime

    from safeinstall.invocation import Invocation
    from safeinstall.models import Finding, Verdict
    from safeinstall.outcome import Outcome
    from safeinstall.policy.model import Policy

SCHEMA = 1


def render_receipt(
    invocation: Invocation, policy: Policy, outcome: Outcome, *, exit_code: int, as_of: datetime
) -> dict[str, Any]:
    """Return the receipt as a mapping that JSON can hold. No credentials are in it."""
    return {
        "schema": SCHEMA,
        "time": as_of.isoformat(),
        "command": invocation.command,
        "requested": [root.text for root in invocation.roots],
        "python": invocation.python,
        "prefix": invocation.prefix,
        "pip": invocation.pip_version,
        "policy": {"file": policy.file, "digest": policy.digest, "mode": policy.mode, "select": policy.select},
        "plan": outcome.plan.digest if outcome.plan else None,
        "dry_run": invocation.dry_run,
        "exit_code": exit_code,
        "files": _files(outcome),
        "denied": [_verdict(v) for v in (outcome.refused.verdicts if outcome.refused else ())],
        "hidden": [_verdict(v) for v in outcome.result.hidden],
    }


def _files(outcome: Outcome) -> list[dict[str, Any]]:
    plan = outcome.verified.measured if outcome.verified else outcome.plan
    return [] if plan is None else [_verdict(pin.verdict) | {"sha256": pin.artifact.sha256} for pin in plan.pins]


def _verdict(verdict: Verdict) -> dict[str, Any]:
    artifact = verdict.artifact
    return {
        "name": artifact.name,
        "version": str(artifact.version),
        "file": artifact.filename,
        "url": without_credentials(artifact.url),
        "sha256": artifact.sha256,
        "level": verdict.level.name.lower(),
        "findings": [_finding(finding) for finding in verdict.findings],
    }


def _finding(finding: Finding) -> dict[str, Any]:
    return {
        "rule": finding.rule,
        "level": finding.level.name.lower(),
        "message": finding.message,
        "key": finding.key,
        "advisories": list(finding.advisories),
        "exception": finding.suppressed_by,
    }
