"""The forms that a report can be written in, each a module ``form_NAME`` with ``render(report) -> str``."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from safeinstall.report.model import Report

FORMS = ("cyclonedx", "github", "html", "json", "junit", "markdown", "sarif", "terminal")


def render_form(name: str, report: Report) -> str:
    """Return *report* in the form *name*, one of :data:`FORMS`, ending in a newline unless it is empty."""
    return str(import_module(f"safeinstall.report.forms.{name}").render(report))


def heading(report: Report) -> str:
    """Return how the run ended, in one line for a reader."""
    chosen, refused = len(report.having("chosen")), len({file.name for file in report.having("refused")})
    return {
        "done": f"{_files(chosen)} passed the policy",
        "dry-run": f"{_files(chosen)} would pass the policy",
        "denied": f"denied: the policy refuses {refused} {'project' if refused == 1 else 'projects'}",
        "failed": f"failed with exit code {report.exit_code}",
    }[report.status]


def command_line(report: Report) -> str:
    """Return what was called, in short; empty where pip could not read it."""
    if report.command is None or report.command.startswith("audit "):
        return f"safe-pip {report.command}" if report.command else ""
    asked = [request.text for request in report.requests]
    return " ".join(["safe-pip", report.command, *asked, *(["--dry-run"] if report.dry_run else [])])


def _files(number: int) -> str:
    return "1 file" if number == 1 else f"{number} files"
