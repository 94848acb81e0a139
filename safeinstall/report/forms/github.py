"""The report as annotations of GitHub Actions: workflow commands, one a line.

They count on standard output and on standard error alike. The job summary is the form ``markdown``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from safeinstall.facts.finding import Level
from safeinstall.report.forms import heading
from safeinstall.report.text import shown

if TYPE_CHECKING:
    from collections.abc import Iterator

    from safeinstall.facts.verdict import Location
    from safeinstall.report.model import Report, ReportedFile, ReportedFinding

_COMMANDS = {Level.DENY: "error", Level.WARN: "warning", Level.ALLOW: "notice"}


def render(report: Report) -> str:
    """Return one annotation for each finding that counts, each fallback, and the error, if there is one."""
    return "".join(f"{line}\n" for line in _lines(report))


def _lines(report: Report) -> Iterator[str]:
    if report.error:
        yield _command("error", f"safe-pip: {heading(report)}", report.error.message, None)
    for file in report.mattering:
        for finding in file.counted:
            yield _finding(finding, file, report)
    for fallback in report.fallbacks:
        yield _command("notice", fallback.title, f"{fallback.finding.rule}: {fallback.finding.message}", None)
    for exception in report.exceptions:
        title = f"exception for {exception.package} used"
        yield _command("notice", title, f"{exception.reason} (until {exception.expires})", None)


def _finding(finding: ReportedFinding, file: ReportedFile, report: Report) -> str:
    place = next(iter(report.written_at(file.name)), None)
    verb = "refused" if finding.level is Level.DENY else "warned"
    remedy = f"\nway out: {finding.remedy}" if finding.remedy else ""
    text = f"{finding.message}\n{finding.decided}{remedy}"
    return _command(_COMMANDS[finding.level], f"{finding.rule}: {verb} {file.release}", text, place)


def _command(name: str, title: str, text: str, place: Location | None) -> str:
    where = f"file={_property(place.file)},line={max(place.line, 1)}," if place else ""
    lines = "\n".join(map(shown, text.splitlines()))
    return f"::{name} {where}title={_property(title)}::{_data(lines)}"


def _data(text: str) -> str:
    """Escape as the runner's own toolkit does."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(shown(text)).replace(":", "%3A").replace(",", "%2C")
