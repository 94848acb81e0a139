"""The report as JUnit XML: a test case for each file that the run ended with; a denial is a failure."""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from safeinstall.facts.finding import Level
from safeinstall.report.forms import heading
from safeinstall.report.text import shown

if TYPE_CHECKING:
    from safeinstall.report.model import Report, ReportedFile, ReportedFinding


def render(report: Report) -> str:
    """Return *report* as one test suite. Warnings and what exceptions cover are in ``system-out``."""
    root = Element("testsuites", name="safe-pip")
    suite = SubElement(root, "testsuite", name=f"safe-pip {report.command or ''}".strip())
    _set_properties(suite, report)
    for file in report.mattering:
        _case(suite, file)
    if report.error:
        _error(suite, report)
    _count(suite, report)
    indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + tostring(root, encoding="unicode") + "\n"


def _set_properties(suite: Element, report: Report) -> None:
    properties = SubElement(suite, "properties")
    facts = {"status": report.status, "exit-code": str(report.exit_code)}
    if report.policy:
        facts |= {"policy": report.policy.file, "policy-digest": report.policy.digest}
    for name, value in facts.items():
        SubElement(properties, "property", name=name, value=shown(value))


def _case(suite: Element, file: ReportedFile) -> None:
    case = SubElement(suite, "testcase", classname=shown(file.name), name=_name(file), time="0")
    denials = [finding for finding in file.counted if finding.level is Level.DENY]
    if denials:
        failure = SubElement(case, "failure", message=shown(denials[0].message), type=denials[0].rule)
        failure.text = "\n".join(map(_line, denials))
    others = [_line(finding) for finding in file.findings if finding not in denials]
    if file.built_by:
        others.append(shown(f"built by: {file.built_by}"))
    if others:
        SubElement(case, "system-out").text = "\n".join(others)


def _name(file: ReportedFile) -> str:
    return shown(f"{file.version} ({file.filename})")


def _line(finding: ReportedFinding) -> str:
    excepted = f" (excepted: {finding.exception.reason})" if finding.exception else ""
    remedy = f"; way out: {finding.remedy}" if finding.remedy and finding.level is Level.DENY else ""
    level = finding.level.name.lower()
    return shown(f"{level}: {finding.rule}: {finding.message}{remedy} [{finding.location}]{excepted}")


def _error(suite: Element, report: Report) -> None:
    case = SubElement(suite, "testcase", classname="safe-pip", name=report.command or "run", time="0")
    message = report.error.message if report.error else ""
    SubElement(case, "error", message=shown(message), type=f"exit {report.exit_code}").text = heading(report)


def _count(suite: Element, report: Report) -> None:
    suite.set("tests", str(len(suite.findall("testcase"))))
    for count, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        suite.set(count, str(len(suite.findall(f"testcase/{tag}"))))
    suite.set("time", f"{report.seconds:.3f}")
    suite.set("timestamp", report.started.strftime("%Y-%m-%dT%H:%M:%S"))
