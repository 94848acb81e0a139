"""An inspection as a mapping that JSON can hold (``docs/provenance.md``)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from safeinstall.facts.provenance import Provenance, Refuted, Unattested
from safeinstall.facts.values import Missing

if TYPE_CHECKING:
    from safeinstall.facts.provenance import Attestation
    from safeinstall.report.inspection.model import Compared, InspectedFile, Inspection


def inspection_json(inspection: Inspection) -> dict[str, Any]:
    """Return it for programs (``docs/provenance.md``). No credentials are in it."""
    return {
        "name": inspection.name,
        "version": str(inspection.version),
        "exit_code": inspection.exit_code,
        "files": [_file_json(file) for file in inspection.files],
        "comparisons": [_compared_json(compared) for compared in inspection.compared],
        "notes": list(inspection.notes),
    }


def _file_json(file: InspectedFile) -> dict[str, Any]:
    artifact = file.artifact
    return {
        "file": artifact.filename,
        "kind": artifact.kind.value,
        "index": artifact.source.display,
        "sha256": artifact.sha256,
        "index_sha256": file.index_sha256,
        "uploaded": artifact.upload_time and artifact.upload_time.isoformat(),
        "provenance": _provenance_json(file),
        "project_urls": [{"label": url.label, "url": url.url} for url in file.urls],
        "contradicting_urls": [{"label": url.label, "url": url.url} for url in file.contradicted],
    }


def _provenance_json(file: InspectedFile) -> dict[str, Any]:
    match file.provenance:
        case Provenance(attestations=attestations, verified=verified):
            reason = file.unproved.reason if file.unproved else None
            state = "verified" if verified else "claimed"
            return {
                "state": state,
                "reason": reason,
                "attestations": [_attestation_json(each) for each in attestations],
            }
        case Unattested():
            return {"state": "unattested", "reason": None, "attestations": []}
        case Refuted(reason=reason):
            return {"state": "refuted", "reason": reason, "attestations": []}
        case Missing(reason=reason):
            return {"state": "missing", "reason": reason, "attestations": []}


def _attestation_json(attestation: Attestation) -> dict[str, Any]:
    publisher = attestation.publisher
    return {
        "publisher": {
            "kind": publisher.kind.value,
            "repository": publisher.repository,
            "workflow": publisher.workflow,
            "environment": publisher.environment,
        },
        "predicate_type": attestation.predicate_type,
        "repository_url": attestation.repository_url,
        "commit": attestation.commit,
        "ref": attestation.ref,
        "run": attestation.run,
        "logged": attestation.logged and attestation.logged.isoformat(),
        "log_index": attestation.log_index,
    }


def _compared_json(compared: Compared) -> dict[str, Any]:
    result = compared.result
    found: dict[str, Any] = {"file": compared.file, "source": compared.source}
    if isinstance(result, Missing):
        return {**found, "problem": result.reason, "same": None, "unfound": []}
    return {
        **found,
        "problem": None,
        "same": result.found,
        "unfound": [
            {
                "path": each.path,
                "differs": each.differs,
                "python_runs_it": each.runs,
                "explained": each.explained and each.explained.value,
                "elsewhere": each.elsewhere or None,
                "note": each.note or None,
            }
            for each in result.unfound
        ],
    }
