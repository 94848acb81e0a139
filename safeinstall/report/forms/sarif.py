"""The report as SARIF 2.1.0: a result for each finding on the files that the run ended with, and for each fallback.

A result stands where the user's requirement is written, else in the policy's line; the other of the two is related.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from safeinstall.facts.finding import Level
from safeinstall.policy.shown.rule_docs import rule_docs
from safeinstall.report.text import shown
from safeinstall.rules.registry import known_rules

if TYPE_CHECKING:
    from collections.abc import Iterator

    from safeinstall.facts.verdict import Location
    from safeinstall.report.model import ExceptionUsed, Fallback, Report, ReportedFile, ReportedFinding

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_LEVELS = {Level.DENY: "error", Level.WARN: "warning", Level.ALLOW: "note"}


def render(report: Report) -> str:
    """Return *report* as a SARIF log of one run."""
    return json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [_run(report)]}, indent=2) + "\n"


def _run(report: Report) -> dict[str, Any]:
    built_from = list(_built_from(report))
    return {
        "tool": {"driver": _driver(report)},
        **({"versionControlProvenance": built_from} if built_from else {}),
        "invocations": [_invocation(report)],
        "results": [*_results(report), *(_passed_over(fallback, report) for fallback in report.fallbacks)],
        "properties": {
            "policy": report.policy.file if report.policy else None,
            "policyDigest": report.policy.digest if report.policy else None,
            "planDigest": report.plan,
        },
    }


def _built_from(report: Report) -> Iterator[dict[str, Any]]:
    """Yield, once for each, the commits from which the files were built: those that are proved."""
    found: dict[tuple[str, str | None, str | None], list[str]] = {}
    for file in report.mattering:
        for one in file.provenance.sources if file.provenance else ():
            if one.repository_url:
                found.setdefault((one.repository_url, one.commit, one.ref), []).append(file.filename)
    for (url, commit, ref), names in found.items():
        facts = {"repositoryUri": url, "revisionId": commit, **_branch_or_tag(ref)}
        said = {key: shown(value) for key, value in facts.items() if value}
        yield {**said, "properties": {"files": [shown(name) for name in dict.fromkeys(names)]}}


def _branch_or_tag(ref: str | None) -> dict[str, str]:
    for beginning, key in (("refs/tags/", "revisionTag"), ("refs/heads/", "branch")):
        if ref and ref.startswith(beginning):
            return {key: ref.removeprefix(beginning)}
    return {}


def _driver(report: Report) -> dict[str, Any]:
    known = known_rules()
    used = sorted({finding.rule for file in report.files for finding in file.findings})
    return {
        "name": "safe-pip",
        "semanticVersion": report.safe_pip_version,
        "rules": [
            {"id": rule, "shortDescription": {"text": rule_docs(known[rule]).summary.replace("``", "")}}
            for rule in used
            if rule in known
        ],
    }


def _invocation(report: Report) -> dict[str, Any]:
    said: dict[str, Any] = {
        "executionSuccessful": report.status in ("done", "dry-run"),
        "exitCode": report.exit_code,
        "startTimeUtc": report.started.strftime("%Y-%m-%dT%H:%M:%SZ"),
    }
    if report.error:
        text = shown(report.error.message)
        said["toolExecutionNotifications"] = [{"level": "error", "message": {"text": text}}]
    return said


def _results(report: Report) -> Iterator[dict[str, Any]]:
    for file in report.mattering:
        for finding in file.findings:
            verb = "refused" if finding.level is Level.DENY and not finding.exception else finding.level.name.lower()
            text = f"{file.release} ({file.filename}), {verb} by {finding.rule}: {finding.message}"
            yield _result(text, _LEVELS[finding.level], finding, file, report)


def _passed_over(fallback: Fallback, report: Report) -> dict[str, Any]:
    text = f"{fallback.title}: {fallback.finding.message}"
    file = next(f for f in report.having("hidden") if f.filename == fallback.hidden_filename)
    return _result(text, "note", fallback.finding, file, report)


def _result(text: str, level: str, finding: ReportedFinding, file: ReportedFile, report: Report) -> dict[str, Any]:
    written = report.written_at(file.name)
    places = [place for place in (*written, finding.location) if _is_file(place)]
    result: dict[str, Any] = {
        "ruleId": finding.rule,
        "level": level,
        "message": {"text": shown(text + (f". Way out: {finding.remedy}" if finding.remedy else ""))},
        "locations": [_location(places[0] if places else None, file)],
        "partialFingerprints": {"safe-pip/v1": f"{finding.rule}:{file.name}:{file.version}:{shown(file.filename)}"},
    }
    if file.provenance:
        result["properties"] = {"provenance": file.provenance.standing, "builtBy": shown(file.built_by) or None}
    if places[1:]:
        result["relatedLocations"] = [{"physicalLocation": _physical(place)} for place in places[1:]]
    if finding.exception:
        result["suppressions"] = [_suppression(finding.exception)]
    return result


def _location(place: Location | None, file: ReportedFile) -> dict[str, Any]:
    named = [{"name": file.release, "fullyQualifiedName": f"{file.name}=={file.version}", "kind": "package"}]
    return {"logicalLocations": named, **({"physicalLocation": _physical(place)} if place else {})}


def _physical(place: Location) -> dict[str, Any]:
    region = {"region": {"startLine": place.line}} if place.line else {}
    scheme = "file://" if place.file.startswith("/") else ""
    return {"artifactLocation": {"uri": scheme + quote(place.file, errors="replace")}, **region}


def _suppression(exception: ExceptionUsed) -> dict[str, Any]:
    by = f", approved by {exception.approved_by}" if exception.approved_by else ""
    said = shown(f"{exception.reason} (until {exception.expires}{by})")
    # Without a status a suppression is in force; drafts of 2.1.0 that are still in use call that key otherwise.
    suppression = {"kind": "external", "justification": said}
    return suppression | ({"location": _location_of(exception)} if _is_file(exception.location) else {})


def _location_of(exception: ExceptionUsed) -> dict[str, Any]:
    return {"physicalLocation": _physical(exception.location)}


def _is_file(place: Location) -> bool:
    """Whether *place* can be opened: a shipped preset or the layers together are no one file."""
    return bool(place.file) and not place.file.endswith(" (built in)") and " + " not in place.file
