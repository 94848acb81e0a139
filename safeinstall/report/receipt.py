"""The receipt of a run: one line of JSON, what was installed, by which policy, with which verdicts, or why not."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from safeinstall.plan.plan import without_credentials
from safeinstall.report.provenance.build import report_provenance
from safeinstall.report.secrets import without_secrets
from safeinstall.request.invocation import COMMANDS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from safeinstall.facts.finding import Finding
    from safeinstall.facts.verdict import Verdict
    from safeinstall.report.run import Run
    from safeinstall.resolve.outcome import Aftermath, Outcome

SCHEMA = 2


def render_receipt(run: Run, *, exit_code: int | None, who: Mapping[str, str]) -> dict[str, Any]:
    """Return the receipt as a mapping that JSON can hold; what an error kept from being known is ``None`` or empty.

    Without *exit_code* it announces a run that begins.

    No credentials are in it. *who* names the user, the machine and the directory of the run.
    """
    invocation, policy, outcome, error = run.invocation, run.policy, run.outcome, run.problem
    return {
        "schema": SCHEMA,
        "id": run.id,
        "time": run.started.isoformat(),
        "who": dict(who),
        "command": invocation.command if invocation else _command(run),
        "arguments": [without_secrets(word) for word in run.arguments],
        "requested": [without_secrets(root.text) for root in invocation.roots] if invocation else _requested(run),
        "python": invocation.python if invocation else None,
        "prefix": invocation.prefix if invocation else None,
        "pip": invocation.pip_version if invocation else None,
        "policy": policy
        and {"file": policy.file, "digest": policy.digest, "mode": policy.mode, "select": policy.select},
        "plan": outcome.plan.digest if outcome and outcome.plan else None,
        "dry_run": invocation.dry_run if invocation else "--dry-run" in run.arguments,
        "exit_code": exit_code,
        "error": error and asdict(error),
        "aftermath": run.aftermath and _aftermath(run.aftermath),
        "files": _files(outcome),
        "denied": [_verdict(v) for v in (outcome.refused.verdicts if outcome and outcome.refused else ())],
        "hidden": [_verdict(v) for v in (outcome.result.hidden if outcome else ())],
    }


def _aftermath(aftermath: Aftermath) -> dict[str, Any]:
    state = "undone" if aftermath.undone else "installed" if aftermath.finished else "half"
    lists = {"complete": list(aftermath.complete), "half": list(aftermath.half)}
    return {"state": state, **lists, "problem": aftermath.problem or None}


def _command(run: Run) -> str | None:
    """Return the command of a run that pip has not said anything about."""
    return next((word for word in run.arguments if word in COMMANDS), None)


def _requested(run: Run) -> list[str]:
    """Return what was asked, options included, where pip has not told them apart."""
    return [without_secrets(word) for word in run.arguments if word not in COMMANDS]


def _files(outcome: Outcome | None) -> list[dict[str, Any]]:
    if outcome is None:
        return []
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
        "provenance": _provenance(verdict),
        "level": verdict.level.name.lower(),
        "findings": [_finding(finding) for finding in verdict.findings],
    }


def _provenance(verdict: Verdict) -> dict[str, Any] | None:
    """Return who built the file, where somebody is named; the reports tell all of it."""
    said = report_provenance(verdict)
    if said is None or not said.sources:
        return None
    built = [{"publisher": one.publisher, "commit": one.commit} for one in said.sources]
    return {"verified": said.is_verified, "built": built}


def _finding(finding: Finding) -> dict[str, Any]:
    return {
        "rule": finding.rule,
        "level": finding.level.name.lower(),
        "message": without_secrets(finding.message),
        "key": finding.key,
        "advisories": list(finding.advisories),
        "exception": finding.suppressed_by,
    }
