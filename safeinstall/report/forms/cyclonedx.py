"""The report as a CycloneDX 1.6 BOM: what was chosen, what it depends on, and which advisories affect it.

An exception accepts a risk and does not say that the code cannot be reached. So its VEX analysis is ``exploitable``
with the response ``will_not_fix``, never ``not_affected``; what no exception covers is ``in_triage``.
"""

from __future__ import annotations

import json
from collections import defaultdict
from typing import TYPE_CHECKING, Any
from urllib.parse import quote
from uuid import UUID, uuid5

from safeinstall.facts.finding import Level
from safeinstall.report.text import shown

if TYPE_CHECKING:
    from collections.abc import Iterator

    from safeinstall.report.model import Kept, Report, ReportedFile, ReportedFinding
    from safeinstall.report.provenance.model import ReportedProvenance

SCHEMA = "http://cyclonedx.org/schema/bom-1.6.schema.json"
_NAMESPACE = UUID("9f0a1a86-5a5b-4b6e-9f1e-6c4b8f0f5b11")
_OSV = "https://osv.dev/vulnerability/"
_PREFERRED = ("CVE-", "GHSA-", "PYSEC-", "MAL-")


def render(report: Report) -> str:
    """Return *report* as a BOM. Refused files are components of the scope ``excluded``: they are not installed."""
    bom = {
        "$schema": SCHEMA,
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid5(_NAMESPACE, f'{report.started.isoformat()} {report.plan}')}",
        "version": 1,
        "metadata": _metadata(report),
        "components": _unique([*map(_component, report.mattering), *map(_kept, report.kept)]),
        "dependencies": list(_dependencies(report)),
        "vulnerabilities": list(_vulnerabilities(report)),
    }
    return json.dumps(bom, indent=2) + "\n"


def _metadata(report: Report) -> dict[str, Any]:
    policy = report.policy
    facts = {
        "status": report.status,
        "exit-code": str(report.exit_code),
        "plan-digest": report.plan,
        "policy": policy.file if policy else None,
        "policy-digest": policy.digest if policy else None,
    }
    return {
        "timestamp": report.started.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "tools": {
            "components": [{"type": "application", "name": "safe-pip", "version": report.safe_pip_version}],
        },
        "component": {"type": "application", "name": "environment", "bom-ref": "environment"},
        "properties": [{"name": f"safe-pip:{k}", "value": shown(v)} for k, v in facts.items() if v is not None],
    }


def _purl(name: str, version: str) -> str:
    return f"pkg:pypi/{quote(name)}@{quote(version)}"


def _component(file: ReportedFile) -> dict[str, Any]:
    is_refused = file.state == "refused"
    properties = {"file": file.filename, "source": file.source, "verdict": "refused" if is_refused else "allowed"}
    component: dict[str, Any] = {
        "type": "library",
        "bom-ref": _purl(file.name, file.version),
        "name": file.name,
        "version": file.version,
        "scope": "excluded" if is_refused else "required",
        "purl": _purl(file.name, file.version),
        "properties": [{"name": f"safe-pip:{key}", "value": shown(value)} for key, value in properties.items()],
    }
    if file.summary:
        component["description"] = shown(file.summary)
    if file.sha256:
        component["hashes"] = [{"alg": "SHA-256", "content": file.sha256}]
    if file.license:
        component["licenses"] = [{"license": {"name": shown(file.license)}}]
    return component | _built(file.provenance, component["properties"])


def _built(provenance: ReportedProvenance | None, properties: list[dict[str, str]]) -> dict[str, Any]:
    """Return what is proved of who built it; what is only claimed is one of the *properties*, as all of it is."""
    if provenance is None:
        return {}
    properties.append({"name": "safe-pip:provenance", "value": provenance.standing})
    properties.append({"name": "safe-pip:built-by", "value": shown(provenance.told)})
    if not provenance.is_verified:
        return {}
    methods = [{"technique": "attestation", "confidence": 1, "value": shown(one.built)} for one in provenance.sources]
    built: dict[str, Any] = {"evidence": {"identity": [{"field": "hash", "confidence": 1, "methods": methods}]}}
    if references := list(dict.fromkeys(_references(provenance))):
        built["externalReferences"] = [{"type": kind, "url": url} for kind, url in references]
    if commits := {one.commit: one.commit_url for one in provenance.sources if one.commit}:
        built["pedigree"] = {"commits": [{"uid": uid, **({"url": url} if url else {})} for uid, url in commits.items()]}
    return built


def _references(provenance: ReportedProvenance) -> Iterator[tuple[str, str]]:
    for one in provenance.sources:
        for kind, url in (("vcs", one.repository_url), ("build-meta", one.run)):
            if url:
                yield kind, url
    if provenance.url:
        yield "attestation", provenance.url


def _kept(kept: Kept) -> dict[str, Any]:
    purl = _purl(kept.name, kept.version)
    return {"type": "library", "bom-ref": purl, "name": kept.name, "version": kept.version, "purl": purl}


def _unique(components: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Of several files of one version keep the first: a component is a version."""
    return list({component["bom-ref"]: component for component in reversed(components)}.values())[::-1]


def _dependencies(report: Report) -> Iterator[dict[str, Any]]:
    refs = {kept.name: _purl(kept.name, kept.version) for kept in report.kept}
    refs |= {file.name: _purl(file.name, file.version) for file in reversed(report.mattering)}
    below: dict[str, set[str]] = defaultdict(set)
    for name, requirers in report.required_by.items():
        for requirer in requirers:
            below["environment" if requirer.by is None else refs.get(requirer.by, "")].add(refs[name])
    for ref in ("environment", *sorted(set(refs.values()))):
        yield {"ref": ref, "dependsOn": sorted(below[ref] - {ref})}


def _vulnerabilities(report: Report) -> Iterator[dict[str, Any]]:
    for file in report.mattering:
        for finding in file.findings:
            if finding.advisories:
                yield _vulnerability(finding, file)


def _vulnerability(finding: ReportedFinding, file: ReportedFile) -> dict[str, Any]:
    first, *others = sorted(map(shown, finding.advisories), key=_preference)
    said: dict[str, Any] = {
        "bom-ref": f"{first} {_purl(file.name, file.version)} {shown(file.filename)}",
        "id": first,
        "source": _source(first),
        "references": [{"id": other, "source": _source(other)} for other in others],
        "description": shown(finding.message),
        "analysis": _analysis(finding, file),
        "affects": [{"ref": _purl(file.name, file.version)}],
    }
    if finding.epss is not None:
        said["ratings"] = [{"source": {"name": "EPSS"}, "score": finding.epss, "method": "other"}]
    if finding.exploited is not None:
        said["properties"] = [{"name": "safe-pip:exploited-since", "value": finding.exploited.isoformat()}]
    return said | ({"recommendation": shown(finding.remedy)} if finding.remedy else {})


def _preference(advisory: str) -> tuple[int, str]:
    kinds = (place for place, kind in enumerate(_PREFERRED) if advisory.startswith(kind))
    return next(kinds, len(_PREFERRED)), advisory


def _source(advisory: str) -> dict[str, str]:
    return {"name": "OSV", "url": _OSV + quote(advisory)}


def _analysis(finding: ReportedFinding, file: ReportedFile) -> dict[str, Any]:
    exception = finding.exception
    if exception is None:
        denied = finding.level is Level.DENY or file.state == "refused"
        return {"state": "in_triage", "detail": f"{'denied' if denied else 'not denied'} by the policy ({finding.key})"}
    by = f", approved by {exception.approved_by}" if exception.approved_by else ""
    detail = shown(f"{exception.reason} (accepted until {exception.expires}{by})")
    return {"state": "exploitable", "response": ["will_not_fix"], "detail": detail}
