"""The report as annotations of GitHub Actions: workflow commands, one a line.

They count on standard output and on standard error alike. The job summary is the form ``markdown``.
"""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from safeinstall.facts.finding import Level
from safeinstall.report.forms import heading
from safeinstall.report.gist import gists
from safeinstall.report.model import decided
from safeinstall.report.text import shown

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from safeinstall.facts.verdict import Location
    from safeinstall.report.gist import Gist
    from safeinstall.report.model import Report, ReportedFile, ReportedFinding

_COMMANDS = {Level.DENY: "error", Level.WARN: "warning", Level.ALLOW: "notice"}


def render(report: Report) -> str:
    """Return one annotation for each refused project and each file that is warned of, each fallback, and the error.

    A step shows ten errors and ten warnings, and no more.
    """
    return "".join(f"{line}\n" for line in _lines(report))


def _lines(report: Report) -> Iterator[str]:
    if report.error:
        yield _command("error", f"safe-pip: {heading(report)}", report.error.message, None)
    for file in report.told:
        for level, found in groupby(gists(file.counted), lambda gist: gist.level):
            yield _annotation(level, tuple(found), file, report)
    for fallback in report.fallbacks:
        yield _command("notice", fallback.title, f"{fallback.finding.rule}: {fallback.finding.message}", None)
    for exception in report.exceptions:
        title = f"exception for {exception.package} used"
        yield _command("notice", title, f"{exception.reason} (until {exception.expires})", None)


def _annotation(level: Level, found: Sequence[Gist[ReportedFinding]], file: ReportedFile, report: Report) -> str:
    place = next(iter(report.written_at(file.name)), None)
    verb = "refused" if level is Level.DENY else "warned"
    rules = ", ".join(gist.rule for gist in found)
    return _command(
        _COMMANDS[level], f"{rules}: {verb} {file.release}", "\n".join(_said(level, found, file, report)), place
    )


def _said(level: Level, found: Sequence[Gist[ReportedFinding]], file: ReportedFile, report: Report) -> Iterator[str]:
    for gist in found:
        first, *more = gist.lines
        yield f"{gist.rule}: {first}" if found[1:] else first
        yield from more
    yield decided(finding for gist in found for finding in gist.findings)
    if level is Level.DENY and (others := report.besides(file)):
        yield others
    if remedy := next((gist.remedy for gist in found if gist.remedy), None):
        yield f"way out: {remedy}"


def _command(name: str, title: str, text: str, place: Location | None) -> str:
    where = f"file={_property(place.file)},line={max(place.line, 1)}," if place else ""
    lines = "\n".join(map(shown, text.splitlines()))
    return f"::{name} {where}title={_property(title)}::{_data(lines)}"


def _data(text: str) -> str:
    """Escape as the runner's own toolkit does."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(shown(text)).replace(":", "%3A").replace(",", "%2C")
