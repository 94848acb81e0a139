"""An audit as a report, so that it can be written in every form of one."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from safeinstall.report.build import build_report, evidence, report_file
from safeinstall.resolve.outcome import Outcome
from safeinstall.resolve.resolution import Resolution

if TYPE_CHECKING:
    from safeinstall.policy.model import Policy
    from safeinstall.report.model import Report
    from safeinstall.report.run import Run
    from safeinstall.resolve.outcome import Audit


def audit_report(audit: Audit, run: Run, policy: Policy, *, seconds: float) -> Report:
    """Return the report of *audit*, which *run* recorded, by *policy*. What is not refused counts as chosen."""
    result = audit.refusal or Resolution(pins=(), kept=(), required_by={})
    outcome = Outcome(result=replace(result, required_by=audit.required_by), newest_passing=audit.newest_passing)
    report = build_report(replace(run, outcome=outcome, policy=policy), exit_code=audit.exit_code, seconds=seconds)
    refused = {(file.name, file.version, file.filename) for file in report.files}
    others = (report_file(verdict, policy, outcome) for verdict in audit.verdicts)
    files = (*report.files, *(file for file in others if (file.name, file.version, file.filename) not in refused))
    return replace(
        report,
        command=f"audit {audit.subject}",
        dry_run=False,
        files=files,
        exceptions=tuple(dict.fromkeys(f.exception for file in files for f in file.findings if f.exception)),
        evidence=tuple(evidence(audit.verdicts, run)),
        notices=(*audit.problems, *audit.unread),
    )
