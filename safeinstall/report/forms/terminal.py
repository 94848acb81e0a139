"""The report for a reader at a terminal: verdicts as a table, who required what as a tree, then all that explains them.

rich lays it out. It is imported here alone, so that only who asks for this form pays for it.
"""

from __future__ import annotations

from io import BytesIO, TextIOWrapper
from typing import TYPE_CHECKING, TypeAlias

from rich import box
from rich.console import Console, Group
from rich.padding import Padding
from rich.table import Table
from rich.text import Text
from rich.tree import Tree

from safeinstall.facts.finding import Level
from safeinstall.report.forms import command_line, heading
from safeinstall.report.forms.screen import Screen
from safeinstall.report.forms.tree import USER, branches
from safeinstall.report.gist import gists
from safeinstall.report.model import decided
from safeinstall.report.provenance.words import told_of
from safeinstall.report.text import shown

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from rich.console import RenderableType

    from safeinstall.report.forms.tree import Branch
    from safeinstall.report.gist import Gist
    from safeinstall.report.model import EvidenceUsed, ExceptionUsed, Fallback, Report, ReportedFile, ReportedFinding

Said: TypeAlias = "tuple[str, Level, ExceptionUsed | None]"
"""A message, how much it weighs, and the exception that covers it."""
STYLES = {Level.DENY: "bold red", Level.WARN: "yellow", Level.ALLOW: "green"}
QUIET = "dim"
WORDS = {Level.DENY: "denied", Level.WARN: "warned", Level.ALLOW: "allowed"}
PHASES = {"start": "pip's start", "resolve": "resolution", "fetch": "download", "install": "pip's installation"}
OTHERS = 3
"""Further requirers of a project that the tree names; the rest is counted."""


def render(report: Report, screen: Screen | None = None) -> str:
    """Return the report for *screen*, by default a file of 100 columns without colours."""
    screen = screen or Screen()
    written = BytesIO()
    console = Console(
        file=TextIOWrapper(written, encoding=screen.encoding, errors="backslashreplace", write_through=True),
        width=screen.width,
        color_system="standard" if screen.colour else None,
        force_terminal=screen.colour,
        no_color=not screen.colour,
        legacy_windows=False,
        highlight=False,
        markup=False,
        emoji=False,
        _environ={},  # what the user's says is in the screen
    )
    for section in _sections(report, verbose=screen.verbose):
        console.print(section)
    lines = written.getvalue().decode(screen.encoding).splitlines()
    return "".join(f"{line.rstrip()}\n" for line in lines)


def _sections(report: Report, *, verbose: bool) -> Iterator[RenderableType]:
    style = STYLES[Level.DENY if report.status in {"denied", "failed"} else Level.ALLOW]
    yield _text(f"safe-pip: {heading(report)}", style)
    yield from map(_text, _error(report))
    if report.mattering or report.kept:
        yield Group("", _packages(report, verbose=verbose))
    if any(report.required_by.values()):
        yield _titled("Who required what", _required(report))
    yield from _lists(report)


def _text(foreign: str, style: str = "") -> Text:
    """Return *foreign* text as text: nothing in it steers the terminal, or is markup."""
    return Text(shown(foreign), style)


def _titled(title: str, body: RenderableType) -> RenderableType:
    return Group("", Text(title, "bold"), Padding(body, (0, 0, 0, 2)))


def _error(report: Report) -> Iterator[str]:
    if report.error:
        yield from report.error.message.splitlines()
        if report.error.hint:
            yield f"way out: {report.error.hint}"
    yield from report.conflict.splitlines()


# --- the table


def _packages(report: Report, *, verbose: bool) -> Table:
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, header_style="bold")
    table.add_column("package", overflow="fold")
    table.add_column("version", overflow="fold")
    table.add_column("verdict", no_wrap=True)
    table.add_column("why", ratio=1, overflow="fold")
    first: dict[Said, str] = {}
    for file in report.mattering if verbose else report.told:
        verdict = Text("refused" if file.state == "refused" else WORDS[file.level], STYLES[file.level])
        why = [*_why(file, first, verbose=verbose)]
        if not verbose and (others := report.besides(file)):
            why.append(_text(others))
        table.add_row(_text(file.name), _text(file.version), verdict, Group(*why))
    for kept in report.kept:
        table.add_row(_text(kept.name), _text(kept.version), Text("kept", QUIET), Text("installed already", QUIET))
    return table


def _why(file: ReportedFile, first: dict[Said, str], *, verbose: bool) -> Iterator[Text]:
    """Tell what was found. What is said of many files is told in full for the *first*, and by its name after that."""
    said: dict[Said, list[Gist[ReportedFinding]]] = {}
    for gist, exception in _found(file, verbose=verbose):
        said.setdefault((gist.message, gist.level, exception), []).append(gist)
    again: dict[str, list[str]] = {}
    place = ""
    for what, found in said.items():
        rules = sorted({finding.rule for gist in found for finding in gist.findings})
        if first.setdefault(what, file.name) == file.name:
            yield from _finding(", ".join(rules), found[0], what[-1], place)
            place = decided(found[0].findings)
        else:
            again.setdefault(first[what], []).extend(rules)
    yield from (_text(f"{', '.join(sorted(rules))}: as for {name}", QUIET) for name, rules in again.items())


def _found(file: ReportedFile, *, verbose: bool) -> Iterator[tuple[Gist[ReportedFinding], ExceptionUsed | None]]:
    groups: dict[object, list[ReportedFinding]] = {}
    for number, finding in enumerate(file.findings):
        if finding.level:
            groups.setdefault(number if verbose else finding.exception, []).append(finding)
    for group in groups.values():
        exception = group[0].exception
        yield from ((gist, exception) for gist in gists(group, excepted=exception is not None))


def _finding(rules: str, gist: Gist[ReportedFinding], exception: ExceptionUsed | None, before: str) -> Iterator[Text]:
    """Tell one finding, and the policy's line unless it is that of the one *before*."""
    head, *more = gist.lines
    if exception:
        yield _text(f"{rules}: {gist.message}", QUIET)
        yield _text(f"let pass by an exception: {exception.reason}", QUIET)
        return
    yield Text.assemble((f"{rules}: ", STYLES[gist.level]), _text(head))
    yield from map(_text, more)
    if (where := decided(gist.findings)) != before:
        yield _text(where, QUIET)
    if gist.remedy and gist.level is Level.DENY:
        yield _text(f"way out: {gist.remedy}")


# --- the tree


def _required(report: Report) -> Tree:
    files = {file.name: file for file in reversed(report.mattering)}
    versions = {kept.name: kept.version for kept in report.kept} | {file.name: file.version for file in files.values()}
    nodes = {USER: Tree("you", guide_style=QUIET)}
    for branch in branches(report.required_by):
        label = _label(branch, versions.get(branch.name, ""), files.get(branch.name))
        nodes[branch.name] = nodes[branch.above].add(label)
    return nodes[USER]


def _label(branch: Branch, version: str, file: ReportedFile | None) -> Text:
    style = STYLES[file.level] if file else ""
    label = Text.assemble(_text(f"{branch.name} {version}".rstrip(), style), _text(f"  {branch.text}", QUIET))
    if branch.others:
        named = ", ".join(other or "you" for other in branch.others[:OTHERS])
        more = f" and {len(branch.others) - OTHERS} more" if len(branch.others) > OTHERS else ""
        label.append_text(_text(f"  also for {named}{more}", QUIET))
    return label


# --- the rest


def _lists(report: Report) -> Iterator[RenderableType]:
    passing = (f"{p.name} {p.version} ({p.filename})" for p in report.newest_passing)
    sections = {
        "Newest allowed": passing,
        "Fallbacks": map(_fallback, report.fallbacks),
        "Exceptions used": _exceptions(report),
        "Built by": told_of((file.release, file.provenance) for file in report.told),
        "Evidence": (_evidence(used, report.started) for used in report.evidence),
        "Notices": report.notices,
        "Run": _run(report),
    }
    for title, lines in sections.items():
        if told := [_text(line) for line in lines]:
            yield _titled(title, Group(*told))


def _fallback(fallback: Fallback) -> str:
    finding = fallback.finding
    return (
        f"{fallback.name}: pip would take {fallback.hidden}, because of {finding.rule} ({finding.message})"
        f" we take {fallback.taken}"
    )


def _exceptions(report: Report) -> Iterator[str]:
    for used in report.exceptions:
        by = f", approved by {used.approved_by}" if used.approved_by else ""
        covers = ", ".join((*used.rules, *used.advisories))
        yield f"{used.package}: {used.reason} ({covers}; until {used.expires}{by}; {used.location})"


def _evidence(used: EvidenceUsed, now: datetime) -> str:
    if used.as_of is None:
        return f"{used.kind} {used.name}: {used.problem or 'no answer'}"
    minutes = int((now - used.as_of).total_seconds()) // 60
    age = "of this run" if minutes < 1 else f"{minutes} min old" if minutes < 120 else _hours(minutes // 60)  # noqa: PLR2004
    return f"{used.kind} {used.name}: {age} ({used.as_of:%Y-%m-%d %H:%M} UTC)"


def _hours(hours: int) -> str:
    return f"{hours} hours old" if hours < 48 else f"{hours // 24} days old"  # noqa: PLR2004


def _run(report: Report) -> Iterable[str]:
    policy, target = report.policy, report.target
    if called := command_line(report):
        yield called
    if policy:
        yield f"policy {policy.file} ({policy.mode}, {policy.select}), digest {policy.digest}"
    if report.plan:
        yield f"plan {report.plan}"
    if target:
        yield f"pip {target.pip_version}, Python {target.python_version} in {target.prefix}"
    phases = ", ".join(f"{PHASES[phase.name]} {phase.seconds:.1f} s" for phase in report.phases)
    yield f"{report.seconds:.1f} s{f': {phases}' if phases else ''}; exit code {report.exit_code}"
    if policy and policy.contact:
        yield f"questions and waivers: {policy.contact}"
