"""What became of the exceptions of a policy: how much they let pass, which are void, which were not needed.

Nothing is said of an exception whose package was not met: one run sees only a part of what a policy is for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from safeinstall.report.text import shown

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import date, datetime

    from safeinstall.facts.finding import Finding
    from safeinstall.facts.verdict import Verdict, Waiver
    from safeinstall.policy.model import Policy
    from safeinstall.resolve.outcome import Outcome


def render_exceptions(outcome: Outcome, policy: Policy, as_of: datetime) -> list[str]:
    """Return one line for each thing there is to say."""
    chosen = [] if outcome.refused else [pin.verdict for pin in outcome.resolved.pins]
    passed_over = outcome.refused.verdicts if outcome.refused else ()
    met = [*chosen, *passed_over, *outcome.result.hidden]
    lines = list(_counted(chosen))
    for number, waiver in enumerate(policy.exceptions):
        said = _said(waiver, met, as_of.date())
        if said:
            place = policy.origin(f"exceptions[{number}]")
            lines.append(shown(f"the exception for {waiver.package} ({place}) {said}"))
    return lines


def _counted(verdicts: Sequence[Verdict]) -> Iterator[str]:
    number = sum(finding.suppressed_by is not None for verdict in verdicts for finding in verdict.findings)
    if number:
        yield (
            "1 finding was let pass by an exception"
            if number == 1
            else f"{number} findings were let pass by exceptions"
        )


def _said(waiver: Waiver, met: Sequence[Verdict], today: date) -> str | None:
    own = [v for v in met if waiver.package.matches(v.artifact.name, v.artifact.version)]
    if not own:
        return None
    findings = [finding for verdict in own for finding in verdict.findings]
    if waiver.expires <= today:
        needed = any(f.rule in waiver.rules and f.suppressed_by is None and f.level for f in findings)
        return f"is void since {waiver.expires}" + ("" if needed else ", and nothing needs it: remove it")
    if any(_is_used(waiver, finding) for finding in findings):
        return None
    artifact = own[0].artifact
    return f"was not needed for {artifact.stated_name} {artifact.version}: remove it if that stays so"


def _is_used(waiver: Waiver, finding: Finding) -> bool:
    return finding.rule in waiver.rules and finding.suppressed_by == waiver.reason
