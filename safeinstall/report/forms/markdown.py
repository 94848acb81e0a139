"""The report as Markdown, for job summaries, pull requests and tickets."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from safeinstall.report.forms import heading
from safeinstall.report.gist import gists
from safeinstall.report.text import shown

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from safeinstall.report.model import Report, ReportedFile, Requirement

_SPECIAL = re.compile(r"[\\`*_{}\[\]#|~$]")
_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", "@": "&#64;"}
_REQUIRERS = 3
_LISTED = 60
"""Files of a long plan that are listed; the rest is counted."""


def render(report: Report) -> str:
    """Return *report* as a page: how it ended, what was refused and why, what was taken."""
    sections = [
        [f"## safe-pip: {escaped(heading(report))}"],
        list(_error(report)),
        _table(("refused", "rule", "why", "way out", "required by"), _refused(report)),
        _table(("newest allowed", "version", "file"), ((p.name, p.version, p.filename) for p in report.newest_passing)),
        _table(("taken", "instead of", "because"), _fallbacks(report)),
        _table(("warned", "rule", "what"), _warned(report)),
        _table(("exception for", "reason", "expires", "rules"), _exceptions(report)),
        list(_chosen(report)),
        list(_footer(report)),
    ]
    return "\n\n".join("\n".join(lines) for lines in sections if lines) + "\n"


def escaped(text: str) -> str:
    """Return foreign *text* so that Markdown and HTML in it are only text."""
    return "".join(_ENTITIES.get(c, c) for c in _SPECIAL.sub(r"\\\g<0>", shown(text)))


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    lines = [f"| {' | '.join(map(escaped, row))} |" for row in rows]
    return [f"| {' | '.join(heads)} |", "|" + "---|" * len(heads), *lines] if lines else []


def _error(report: Report) -> Iterator[str]:
    if report.error:
        yield "\\\n".join(map(escaped, report.error.message.splitlines()))
        if report.error.hint:
            yield f"\nWay out: {escaped(report.error.hint)}"
    yield from map(escaped, report.conflict.splitlines())


def _refused(report: Report) -> Iterator[Sequence[str]]:
    for file in report.told:
        for gist in gists(file.counted) if file.state == "refused" else ():
            yield file.release, gist.rule, gist.message, gist.remedy or "", _by(file.required_by)
        if others := report.besides(file):
            yield others, "", "", "", ""


def _by(requirers: Sequence[Requirement]) -> str:
    names = [r.text if r.by is None else f"{r.by} → {r.text}" for r in requirers]
    more = f" and {len(names) - _REQUIRERS} more" if len(names) > _REQUIRERS else ""
    return ", ".join(names[:_REQUIRERS]) + more


def _fallbacks(report: Report) -> Iterator[Sequence[str]]:
    for f in report.fallbacks:
        yield f"{f.name} {f.taken}", f.hidden, f"{f.finding.rule}: {f.finding.message}"


def _warned(report: Report) -> Iterator[Sequence[str]]:
    for file in report.having("chosen"):
        for gist in gists(file.counted):
            yield file.release, gist.rule, gist.message


def _exceptions(report: Report) -> Iterator[Sequence[str]]:
    for used in report.exceptions:
        yield used.package, used.reason, str(used.expires), ", ".join(used.rules)


def _chosen(report: Report) -> Iterator[str]:
    chosen = report.having("chosen")
    if chosen:
        yield f"<details><summary>{len(chosen)} chosen</summary>\n"
        listed, is_known = chosen[:_LISTED], any(file.built_by for file in chosen)
        heads = ("package", "version", "file", "required by", *(["built by"] if is_known else []))
        yield from _table(heads, ((*_row(file), *([file.built_by] if is_known else [])) for file in listed))
        if len(chosen) > _LISTED:
            yield f"\nand {len(chosen) - _LISTED} more"
        yield "\n</details>"


def _row(file: ReportedFile) -> Sequence[str]:
    return file.name, file.version, file.filename, _by(file.required_by)


def _footer(report: Report) -> Iterator[str]:
    policy, target = report.policy, report.target
    parts = [f"exit code {report.exit_code}", f"{report.seconds:.1f} s"]
    if policy:
        parts.insert(0, f"policy {policy.file} ({policy.mode}, {policy.select})")
    if target:
        parts.append(f"pip {target.pip_version}, Python {target.python_version}")
    yield escaped("; ".join(parts))
    if policy and policy.contact:
        yield f"\nQuestions and waivers: {escaped(policy.contact)}"
