"""pip's installation report (pip: models/installation_report.py), with the addresses the files really came from."""

from __future__ import annotations

import textwrap
from email.parser import HeaderParser
from typing import TYPE_CHECKING, Any

from packaging.utils import canonicalize_name
from packaging.version import Version

from safeinstall.facts.artifact import ArtifactKind, SourceKind
from safeinstall.plan.plan import vcs_table, without_credentials

if TYPE_CHECKING:
    from collections.abc import Mapping

    from safeinstall.facts.artifact import Artifact
    from safeinstall.facts.verdict import Pinned
    from safeinstall.plan.plan import VerifiedPlan
    from safeinstall.request.invocation import Invocation, Selection
    from safeinstall.resolve.resolution import Resolution

SINGLE = (
    "metadata-version", "name", "version", "summary", "description", "description-content-type", "keywords",
    "home-page", "download-url", "author", "author-email", "maintainer", "maintainer-email", "license",
    "license-expression", "requires-python",
)  # fmt: skip
"""The fields that pip reports (pip: metadata/_json.py)."""
MULTIPLE = (
    "dynamic", "platform", "supported-platform", "license-file", "classifier", "requires-dist", "requires-external",
    "project-url", "provides-extra", "provides-dist", "obsoletes-dist",
)  # fmt: skip
"""Those that may stand more than once (PEP 566, "JSON-compatible metadata")."""
PEP_639 = frozenset({"license-expression", "license-file"})
TELLING_LICENSES = (25, 0)
"""The first pip whose report has the fields of PEP 639."""
TELLING_YANKED = (23, 3)
"""The first pip whose report says which files are yanked."""
DEDENTING = Version("3.11")
"""The first Python on which pip reads metadata by importlib.metadata."""


def dry_run_report(invocation: Invocation, resolution: Resolution, commits: Mapping[str, str]) -> dict[str, Any]:
    """Return the report that pip would write for this resolution. *commits* are those of repositories, by address."""
    edited = {root.reference.url for root in invocation.roots if root.reference and root.editable}
    installs = [pin for pin in resolution.pins if pin.installs]
    return {
        "version": "1",
        "pip_version": invocation.pip_version,
        "install": [
            _item(pin, _origin(pin.artifact, commits, editable=pin.artifact.url in edited), invocation.selection)
            for pin in installs
        ],
        "environment": dict(invocation.markers),
    }


def _item(pin: Pinned, origin: Mapping[str, Any], selection: Selection) -> dict[str, Any]:
    artifact = pin.artifact
    folder = {"subdirectory": artifact.subdirectory} if artifact.subdirectory else {}
    item: dict[str, Any] = {
        "download_info": {"url": without_credentials(artifact.url), **origin, **folder},
        "is_direct": artifact.source.kind is SourceKind.DIRECT,
        **({"is_yanked": artifact.yanked is not None} if selection.pip >= TELLING_YANKED else {}),
        "requested": pin.requested,
        "metadata": metadata_json(pin.metadata.text, selection.pip, dedents=selection.python >= DEDENTING),
    }
    if pin.requested and pin.extras:
        item["requested_extras"] = sorted(pin.extras)
    return item


def _origin(artifact: Artifact, commits: Mapping[str, str], *, editable: bool) -> dict[str, Any]:
    """Return what the report has of an address by its kind (PEP 610; pip: utils/direct_url_helpers.py)."""
    match artifact.kind:
        case ArtifactKind.TREE:
            return {"dir_info": {"editable": True} if editable else {}}
        case ArtifactKind.VCS:
            table = {"commit-id": commits.get(artifact.url), **vcs_table(artifact)}
            keys = {"vcs": "type", "requested_revision": "requested-revision", "commit_id": "commit-id"}
            return {"url": table["url"], "vcs_info": {key: table[own] for key, own in keys.items() if table.get(own)}}
        case _:
            return {"archive_info": _archive_info(artifact.hashes)}


def _archive_info(hashes: Mapping[str, str]) -> dict[str, Any]:
    """Of several hashes the first one is pip's."""
    if not hashes:
        return {}
    kind = next(iter(hashes))
    return {"hash": f"{kind}={hashes[kind]}", "hashes": dict(hashes)}


def metadata_json(text: str, pip: tuple[int, ...], *, dedents: bool) -> dict[str, Any]:
    """Return a METADATA file as the report of a *pip* of that version has it (PEP 566).

    Lines that continue a field lose the indentation they have in common, where *dedents*.
    """
    message = HeaderParser().parsestr(text)
    left_out = PEP_639 if pip < TELLING_LICENSES else frozenset()
    found: dict[str, Any] = {}
    for field in (field for field in SINGLE + MULTIPLE if field in message and field not in left_out):
        values = [_dedented(str(value)) if dedents else str(value) for value in message.get_all(field, [])]
        found[field.replace("-", "_")] = values if field in MULTIPLE else values[0]
    if words := found.get("keywords"):
        found["keywords"] = [word.strip() for word in (words.split(",") if "," in words else words.split())]
    body = message.get_payload()
    if isinstance(body, str) and body:
        found["description"] = body
    return found


def _dedented(value: str) -> str:
    """As importlib.metadata has it, which takes it that the first line stood eight to the right."""
    return textwrap.dedent(" " * 8 + value) if "\n" in value else value


def with_original_addresses(report: dict[str, Any], verified: VerifiedPlan) -> dict[str, Any]:
    """Return pip's own *report* of a staged installation with the staged addresses replaced by the original ones."""
    originals = {file.sha256: file.pin.artifact for file in verified.files}
    for item in report.get("install", ()):
        artifact = originals.get(_reported_sha256(item, verified))
        if artifact is not None:
            item["download_info"]["url"] = without_credentials(artifact.url)
    return report


def _reported_sha256(item: Mapping[str, Any], verified: VerifiedPlan) -> str:
    """Return the sha256 of the file that pip reports for one project; empty when it is none of *verified*.

    Of an address with a hash pip reports that hash alone, whatever its kind (pip: utils/direct_url_helpers.py).
    """
    archive = item.get("download_info", {}).get("archive_info") or {}
    kind, _, digest = str(archive.get("hash", "")).partition("=")
    told = {kind: digest, **(archive.get("hashes") or {})}
    if "sha256" in told:
        return str(told["sha256"])
    artifacts = ((file.pin.artifact, file.sha256) for file in verified.files)
    return next((sha for artifact, sha in artifacts if told.items() & artifact.hashes.items()), "")


def difference(report: Mapping[str, Any], verified: VerifiedPlan) -> str:
    """Return how pip's *report* differs from what was verified; empty when it is the same set of files."""
    planned = {(str(file.pin.artifact.name), file.sha256) for file in verified.files if file.pin.installs}
    # A tree or a repository has no hash: pip builds it where it is.
    built = (pin for pin in verified.plan.pins if pin.installs and pin not in verified.plan.files)
    planned |= {(str(pin.artifact.name), "") for pin in built}
    reported = {(_normalised(item), _reported_sha256(item, verified)) for item in report.get("install", ())}
    extra, absent = sorted(reported - planned), sorted(planned - reported)
    parts = [f"pip installed {name} with sha256 {sha256 or '(none)'}" for name, sha256 in extra]
    parts += [f"pip did not install {name} with sha256 {sha256 or '(none)'}" for name, sha256 in absent]
    return "; ".join(parts)


def _normalised(item: Mapping[str, Any]) -> str:
    return canonicalize_name(str(item.get("metadata", {}).get("name", "")))
