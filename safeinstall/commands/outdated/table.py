"""What ``safe-pip outdated`` found: a table, lines for a reader, and a mapping that JSON can hold."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from safeinstall.facts.finding import Level, utc
from safeinstall.report.audit import finding_json
from safeinstall.report.text import render_remarks, shown

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from safeinstall.facts.verdict import Verdict
    from safeinstall.policy.model import Policy
    from safeinstall.resolve.outcome import Standing, Survey

SHOWN_NAMES = 10
"""Names in a line about projects of which nothing is said."""
WIDEST = 40
"""Characters of a cell."""
NOTHING, ANY, NEVER = "none", "any", "not by waiting"


def table(survey: Survey, *, every: bool = False) -> str:
    """Return a row for each project that is outdated, or for *every* one, as pip lists packages."""
    told = [standing for standing in survey.standings if every or standing.is_behind]
    if not told:
        return ""
    heads = ("Package", *_present(survey), "Allowed", "Newest", "Held back by", "Allowed from")
    rows = [heads, *(_row(standing, survey) for standing in told)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    rows.insert(1, tuple("-" * width for width in widths))
    lines = ("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows)
    return "".join(f"{line.rstrip()}\n" for line in lines)


def _present(survey: Survey) -> tuple[str, ...]:
    return ("Asked for", "Within that") if survey.is_asked else ("Installed",)


def _row(standing: Standing, survey: Survey) -> tuple[str, ...]:
    present = (standing.present or ANY, _version(standing.within)) if survey.is_asked else (standing.present,)
    newest = str(standing.newest.artifact.version)
    cells = (standing.name, *present, _version(standing.passing), newest, ", ".join(_rules(standing)), _from(standing))
    return tuple(map(_cell, cells))


def _cell(text: str) -> str:
    text = shown(text)
    return text if len(text) <= WIDEST else f"{text[: WIDEST - 1]}…"


def _version(verdict: Verdict | None) -> str:
    return str(verdict.artifact.version) if verdict else NOTHING


def _rules(standing: Standing) -> list[str]:
    return sorted({finding.rule for finding in standing.newest.denials})


def _from(standing: Standing) -> str:
    if not standing.is_held:
        return ""
    return utc(standing.newest.complies_from) if standing.newest.complies_from else NEVER


def remarks_on(survey: Survey, policy: Policy) -> Iterator[str]:
    """Yield what is told beside the table: what could not be found out, what is not listed, and how many are."""
    yield from (f"no answer: {problem}" for problem in survey.problems)
    yield from (f"cannot be read: {problem}" for problem in survey.unread)
    yield from render_remarks([_missing(s.passing) for s in survey.standings if s.passing], policy, verbose=False)
    for message, held in _denied_for_lack(survey).items():
        yield f"held back, since a fact is missing: {_few(held)}: {message}"
    for why, names in survey.unlisted.items():
        yield f"{why.value}: {_few(names)}"
    yield f"{survey.subject} by policy {policy.file}: {_counted(survey)}"


def _missing(verdict: Verdict) -> Verdict:
    """Return *verdict* with no more than what could not be found out."""
    findings = tuple(f for f in verdict.findings if f.missing and f.level is Level.WARN and f.suppressed_by is None)
    return replace(verdict, findings=findings)


def _denied_for_lack(survey: Survey) -> dict[str, list[str]]:
    """Return what could not be found out and holds projects back, by what it is; of each project the first."""
    found: dict[str, list[str]] = {}
    for standing in survey.standings:
        lacking = [finding for finding in standing.newest.denials if finding.missing]
        if lacking:
            found.setdefault(lacking[0].message, []).append(standing.name)
    return found


def _few(names: Sequence[str]) -> str:
    more = len(names) - SHOWN_NAMES
    return ", ".join(names[:SHOWN_NAMES]) + (f" and {more} more" if more > 0 else "")


def _counted(survey: Survey) -> str:
    behind = sum(standing.is_behind for standing in survey.standings)
    held = sum(standing.is_behind and standing.is_held for standing in survey.standings)
    counts = {
        "outdated": behind,
        "of them held back": held,
        "up to date": len(survey.standings) - behind,
        "not listed": sum(map(len, survey.unlisted.values())),
    }
    return ", ".join(f"{number} {what}" for what, number in counts.items() if number) or "nothing to look up"


def survey_json(survey: Survey, policy: Policy) -> dict[str, Any]:
    """Return the survey for programs: every project, also what is up to date. No credentials are in it."""
    return {
        "subject": survey.subject,
        "policy": {"file": policy.file, "digest": policy.digest, "mode": policy.mode},
        "exit_code": survey.exit_code,
        "projects": [_project(standing, survey, policy) for standing in survey.standings],
        "not_listed": [{"name": name, "reason": why.value} for why, names in survey.unlisted.items() for name in names],
        "problems": [*survey.problems, *survey.unread],
    }


def _project(standing: Standing, survey: Survey, policy: Policy) -> dict[str, Any]:
    within = _json_version(standing.within)
    present = {"asked_for": standing.present, "within": within} if survey.is_asked else {"installed": standing.present}
    until = standing.newest.complies_from
    return {
        "name": standing.name,
        **present,
        "allowed": _json_version(standing.passing),
        "newest": _json_version(standing.newest),
        "outdated": standing.is_behind,
        "held_back": standing.is_held,
        "allowed_from": until.isoformat() if until else None,
        "findings": [finding_json(finding, policy) for finding in standing.newest.denials],
    }


def _json_version(verdict: Verdict | None) -> str | None:
    return str(verdict.artifact.version) if verdict else None
