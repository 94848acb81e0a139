"""The way of a file: from the commit by the workflow and the file itself to the environment."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from safeinstall.report.model import Report, ReportedFile
    from safeinstall.report.provenance.model import ReportedAttestation


def steps(one: ReportedAttestation, file: ReportedFile, report: Report) -> Iterator[tuple[str, str]]:
    """Yield the steps that *one* attestation of *file* tells of, in foreign text, each with what it is."""
    at = f" ({one.ref})" if one.ref else ""
    yield "commit", f"{one.commit_url or one.commit}{at}" if one.commit else "not known"
    yield "workflow", "; ".join(filter(None, (one.publisher, one.run, _logged(one))))
    yield "file", f"{file.filename}{f', sha256 {file.sha256}' if file.sha256 else ''}"
    if file.state == "chosen" and report.target:
        yield "environment", f"{report.target.prefix} (Python {report.target.python_version})"


def _logged(one: ReportedAttestation) -> str:
    if one.logged is None:
        return ""
    number = "" if one.log_index is None else f" as number {one.log_index}"
    return f"logged {one.logged:%Y-%m-%d %H:%M} UTC{number}"
