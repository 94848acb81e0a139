"""The report as one page that needs nothing else: no network, no other file, no scripts but its own.

Its content security policy names those by their hashes, so that nothing foreign in the page could ever run. Without
scripts it has all the same, but for the picture and the filters.
"""

from __future__ import annotations

import json
from base64 import b64encode
from hashlib import sha256
from html import escape
from typing import TYPE_CHECKING

from safeinstall.facts.finding import Level
from safeinstall.report.forms import command_line, heading
from safeinstall.report.forms.graph import nodes_of
from safeinstall.report.forms.page import SCRIPTS, STYLE
from safeinstall.report.forms.way import steps
from safeinstall.report.text import shown

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from safeinstall.report.forms.graph import Node
    from safeinstall.report.model import EvidenceUsed, Report, ReportedFile, ReportedFinding


def render(report: Report) -> str:
    """Return the page."""
    body = [_head(report), _graph(nodes_of(report)), _controls(report), _files(report), *_facts(report)]
    allowed = " ".join(map(_hash, SCRIPTS))
    return _PAGE.format(
        policy=f"{_NOTHING}; style-src {_hash(STYLE)}; script-src {allowed}",
        title=_text(f"safe-pip: {heading(report)}"),
        style=STYLE,
        body="\n".join(body),
        scripts="\n".join(f"<script>{script}</script>" for script in SCRIPTS),
    )


_NOTHING = "default-src 'none'; base-uri 'none'; form-action 'none'"
_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width">
<title>{title}</title>
<style>{style}</style>
</head>
<body>
{body}
{scripts}
</body>
</html>
"""


def _hash(text: str) -> str:
    return f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'"


def _text(foreign: object) -> str:
    """Return *foreign* text so that it is only text, in an element and in an attribute."""
    return escape(shown(str(foreign)))


def _head(report: Report) -> str:
    error = ""
    if report.error:
        hint = f"\nway out: {report.error.hint}" if report.error.hint else ""
        error = f"<pre class=error>{_lines(report.error.message + hint)}</pre>"
    if report.conflict:
        error += f"<pre class=error>{_lines(report.conflict)}</pre>"
    title = f"<h1 class={report.status}>{_text(heading(report))}</h1>"
    return f"<header>{title}<p><code>{_text(command_line(report))}</code></p>{error}</header>"


def _lines(text: str) -> str:
    return "\n".join(map(_text, text.splitlines()))


# --- the graph


def _graph(nodes: Iterable[Node]) -> str:
    """Return the picture, which the page's scripts draw by the table, and the table, which can be read without them."""
    nodes = tuple(nodes)
    is_known = any(node.provenance for node in nodes)
    marks = "".join(f" <b>{mark} {meaning}</b>" for mark, meaning in _MARKS.values()) if is_known else ""
    rows = "\n".join(_row(node, is_known=is_known) for node in nodes)
    return _PICTURE.format(marks=marks) + _TABLE.format(built="<th>built by</th>" if is_known else "", rows=rows)


_PICTURE = """<figure id=graph class=needs-script>
<div id=tools><output id=shown></output>
<button type=button data-view=first>Findings</button> <button type=button data-view=all>All</button>
<button type=button data-key="-" aria-label="zoom out">&minus;</button>
<button type=button data-key="+" aria-label="zoom in">+</button>
<button type=button data-key="0">Fit</button></div>
<svg id=picture role=group tabindex=0 aria-label="dependency graph: arrow keys move it, + and - zoom, 0 fits"></svg>
<figcaption id=legend><b>✕ refused</b> <b>! warned of</b>{marks} <b>dashed box: stays installed, or not chosen</b>
<b class=by-hand>dotted line: required directly, too</b> <b class=by-hand>click: keep its ways lit, list its files</b>
<b class=by-hand>drag: move</b> <b class=by-hand>Ctrl + wheel: zoom</b></figcaption>
</figure>
"""
_TABLE = """<details id=requirements><summary>Who requires what, as a table</summary>
<table><thead><tr><th>project</th><th>version</th><th>verdict</th><th>required by</th>{built}</thead><tbody>
{rows}
</tbody></table></details>"""


_MARKS = {"verified": ("✓", "who built it is proved"), "claimed": ("○", "who built it is claimed")}
"""By what is known of who built a file: the sign at the end of its box."""


def _row(node: Node, *, is_known: bool) -> str:
    level, said = node.level.name.lower(), node.provenance
    mark, _ = _MARKS.get(said.standing if said else "", ("", ""))
    built = f'<td data-mark="{mark}">{_text(said.told if said else "")}</td>' if is_known else ""
    by = ", ".join(name or "you" for name in node.required_by)
    return (
        f'<tr class={level} data-name="{_text(node.name)}" data-version="{_text(node.version)}" data-level={level} '
        f'data-standing={node.standing} data-by="{_text(json.dumps([shown(name) for name in node.required_by]))}">'
        f"<th scope=row>{_text(node.name)}</th><td>{_text(node.version)}</td><td>{_verdict(node)}</td>"
        f"<td>{_text(by)}</td>{built}</tr>"
    )


def _verdict(node: Node) -> str:
    if special := {"kept": "stays installed", "asking": "not chosen"}.get(node.standing):
        return special
    return {Level.ALLOW: "passes", Level.WARN: "warned of", Level.DENY: "refused"}[node.level]


# --- the files


def _controls(report: Report) -> str:
    rules = sorted({finding.rule for file in report.files for finding in file.findings})
    states = ["refused", "chosen", "hidden"]
    return (
        "<form id=filters class=needs-script>"
        '<input id=search type=search placeholder="name, file, message" aria-label="search">'
        f"{_select('state', states)}{_select('level', ['deny', 'warn', 'allow'])}{_select('rule', rules)}"
        "<output id=count></output></form>"
    )


def _select(name: str, values: Iterable[str]) -> str:
    options = "".join(f'<option value="{_text(value)}">{_text(value)}</option>' for value in values)
    return f'<select id={name} aria-label="{name}"><option value="">any {name}</option>{options}</select>'


def _files(report: Report) -> str:
    order = (*report.having("refused"), *report.having("chosen"), *report.having("hidden"))
    return f"<section id=files>\n{chr(10).join(_file(file, report) for file in order)}\n</section>"


def _file(file: ReportedFile, report: Report) -> str:
    rules = " ".join(dict.fromkeys(finding.rule for finding in file.findings))
    level = file.level.name.lower()
    opened = " open" if file.state == "refused" else ""
    return (
        f'<details class="file {file.state} {level}" data-name="{_text(file.name)}" data-state="{file.state}" '
        f'data-level="{level}" data-rule="{_text(rules)}"{opened}>'
        f"<summary><b>{_text(file.name)}</b> {_text(file.version)} <span>{_text(file.filename)}</span>"
        f"<i>{file.state}</i></summary>{_findings(file.findings)}{_built(file, report)}{_details(file)}</details>"
    )


def _findings(findings: Iterable[ReportedFinding]) -> str:
    return "".join(map(_finding, findings))


def _finding(finding: ReportedFinding) -> str:
    level = "excepted" if finding.exception else finding.level.name.lower()
    more = [finding.decided]
    if finding.remedy:
        more.append(f"way out: {finding.remedy}")
    if finding.exception:
        used = finding.exception
        by = f", approved by {used.approved_by}" if used.approved_by else ""
        more.append(f"exception: {used.reason} (until {used.expires}{by}; {used.location})")
    lines = "".join(f"<br><small>{_text(line)}</small>" for line in more)
    return f"<p class={level}><b>{_text(finding.rule)}</b> {_text(finding.message)}{lines}</p>"


def _built(file: ReportedFile, report: Report) -> str:
    """Return the ways from a commit to the environment, else why there is none to show."""
    said = file.provenance
    if said is None:
        return ""
    if not said.is_attested:
        return f"<p><b>built by</b> {_text(said.told)}</p>"
    known = "proved" if said.is_verified else "as its index says; not verified"
    ways = "".join(f"<ol>{''.join(map(_step, steps(one, file, report)))}</ol>" for one in said.sources)
    return f'<div class="way {said.standing}"><b>from commit to environment</b> {known}{ways}</div>'


def _step(step: tuple[str, str]) -> str:
    title, text = step
    return f"<li><b>{_text(title)}</b> {_text(text)}</li>"


def _details(file: ReportedFile) -> str:
    facts = {
        "summary": file.summary,
        "license": file.license,
        "required by": ", ".join(r.text if r.by is None else f"{r.by} → {r.text}" for r in file.required_by),
        "source": file.source,
        "address": file.url,
        "uploaded": file.upload_time.strftime("%Y-%m-%d %H:%M UTC") if file.upload_time else "",
        "sha256": file.sha256 or "",
        "size": f"{file.size} bytes" if file.size is not None else "",
    }
    return _list(facts) + (_WAYS.format(name=_text(file.name)) if file.state != "hidden" else "")


_WAYS = '<button type=button class=needs-script data-ways="{name}">show in the picture</button>'


def _list(facts: dict[str, str]) -> str:
    rows = (f"<dt>{_text(key)}</dt><dd>{_text(value)}</dd>" for key, value in facts.items() if value)
    return f"<dl>{''.join(rows)}</dl>"


# --- the rest


def _facts(report: Report) -> Iterator[str]:
    if report.fallbacks:
        items = (
            f"<li>{_text(f.title)}: {_text(f'{f.finding.rule}: {f.finding.message}')}</li>" for f in report.fallbacks
        )
        yield f"<section><h2>Fallbacks</h2><ul>{''.join(items)}</ul></section>"
    if report.newest_passing:
        passing = {p.name: f"{p.version} ({p.filename})" for p in report.newest_passing}
        yield f"<section><h2>Newest allowed</h2>{_list(passing)}</section>"
    yield f"<section><h2>Run</h2>{_list(_run(report))}</section>"
    if report.evidence:
        used = {f"{evidence.kind} {evidence.name}": _age(evidence) for evidence in report.evidence}
        yield f"<section><h2>Evidence</h2>{_list(used)}</section>"


def _age(evidence: EvidenceUsed) -> str:
    return f"as of {evidence.as_of:%Y-%m-%d %H:%M} UTC" if evidence.as_of else evidence.problem or ""


def _run(report: Report) -> dict[str, str]:
    policy, target = report.policy, report.target
    facts = {
        "started": report.started.strftime("%Y-%m-%d %H:%M:%S UTC"),
        "took": f"{report.seconds:.1f} s",
        "exit code": str(report.exit_code),
        "safe-pip": report.safe_pip_version,
    }
    if policy:
        facts |= {"policy": policy.file, "policy digest": policy.digest, "mode": f"{policy.mode}, {policy.select}"}
        facts |= {"contact": policy.contact or ""}
    if target:
        facts |= {"pip": target.pip_version, "python": f"{target.python_version} ({target.python})"}
    return facts | {"plan": report.plan or ""}
