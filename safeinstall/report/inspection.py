"""What is known of where a release comes from, as text and as a mapping that JSON can hold."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from safeinstall.errors import EXIT_DENIED, EXIT_EVIDENCE
from safeinstall.facts.finding import utc
from safeinstall.facts.origins.origin import Explained
from safeinstall.facts.origins.project_urls import attested_repository, contradicting
from safeinstall.facts.provenance import Provenance, Refuted, Unattested
from safeinstall.facts.values import Missing
from safeinstall.report.text import shown

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from packaging.utils import NormalizedName
    from packaging.version import Version

    from safeinstall.facts.artifact import Artifact
    from safeinstall.facts.origins.origin import Comparison, Unfound
    from safeinstall.facts.origins.project_urls import ProjectUrl
    from safeinstall.facts.provenance import Attestation, ProvenanceFact

NAMED = 5
"""Files of a comparison that are named in a line of the text."""
_WIDTH = 14
_GENERATED = (Explained.VERSION, Explained.TEMPLATE, Explained.MATURIN)
_VERIFIED = "verified: signature, certificate, log entry, file name and sha256"


@dataclass(frozen=True, slots=True, kw_only=True)
class InspectedFile:
    """One file of the release."""

    artifact: Artifact
    provenance: ProvenanceFact
    """Proved, or what the index says."""
    unproved: Missing | None = None
    """Why it could not be proved, where it is what the index says."""
    urls: tuple[ProjectUrl, ...] = ()
    """What its metadata says."""

    @property
    def contradicted(self) -> tuple[ProjectUrl, ...]:
        """The addresses of its metadata that claim another repository than who built it."""
        if not isinstance(self.provenance, Provenance):
            return ()
        told = (attested_repository(each.kind, each.repository) for each in self.provenance.publishers)
        attested = next((each for each in told if each), None)
        return contradicting(self.urls, attested) if attested else ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """One file against a source."""

    file: str
    source: str
    result: Comparison | Missing


@dataclass(frozen=True, slots=True, kw_only=True)
class Inspection:
    """All that was found out."""

    name: NormalizedName
    version: Version
    files: tuple[InspectedFile, ...]
    compared: tuple[Compared, ...]
    notes: tuple[str, ...] = ()
    """What else is to be known, one line each."""

    @property
    def exit_code(self) -> int:
        """10 where what is attested does not hold, 11 where it could not be had or proved."""
        if any(isinstance(file.provenance, Refuted) for file in self.files):
            return EXIT_DENIED
        lacking = any(isinstance(file.provenance, Missing) or file.unproved for file in self.files)
        return EXIT_EVIDENCE if lacking else 0


def render_inspection(inspection: Inspection) -> str:
    """Return it as a screen of text."""
    lines = [f"{inspection.name} {inspection.version}"]
    for file in inspection.files:
        lines += ["", _headline(file), *(f"  {line}" for line in _file_lines(file))]
    for compared in inspection.compared:
        lines += ["", f"{compared.file} compared with {compared.source}"]
        lines += [f"  {line}" for line in _comparison_lines(compared.result)]
    lines += ["", *inspection.notes] if inspection.notes else []
    return "".join(f"{shown(line)}\n" for line in lines)


def _headline(file: InspectedFile) -> str:
    artifact = file.artifact
    uploaded = f", uploaded {utc(artifact.upload_time)}" if artifact.upload_time else ""
    return f"{artifact.filename} from {artifact.source.display}{uploaded}"


def _file_lines(file: InspectedFile) -> Iterator[str]:
    yield _line("sha256", file.artifact.sha256 or "not published")
    match file.provenance:
        case Provenance(attestations=attestations, verified=verified):
            yield _line("built by", "; ".join(each.shown for each in file.provenance.publishers))
            yield _line("this is", _VERIFIED if verified else _claimed(file))
            yield from _attested_lines(attestations)
        case Unattested():
            yield _line("built by", "nobody says: its index announces no provenance")
        case Refuted(reason=reason):
            yield _line("built by", f"REFUTED: what is attested does not hold: {reason}")
        case Missing(reason=reason, remedy=remedy):
            yield _line("built by", f"not known: {reason}")
            if remedy:
                yield _line("way out", remedy)
    yield from _url_lines(file)


def _claimed(file: InspectedFile) -> str:
    reason = file.unproved.reason if file.unproved else "nobody asked"
    remedy = f" ({file.unproved.remedy})" if file.unproved and file.unproved.remedy else ""
    return f"claimed by {file.artifact.source.display}, and not verified: {reason}{remedy}"


def _attested_lines(attestations: Sequence[Attestation]) -> Iterator[str]:
    """Yield what is proved of where and when it was built; of several attestations each line once."""
    lines = [line for attestation in attestations for line in _proved_lines(attestation)]
    yield from dict.fromkeys(lines)


def _proved_lines(attestation: Attestation) -> Iterator[str]:
    if attestation.commit:
        where = f" of {attestation.repository_url}" if attestation.repository_url else ""
        yield _line("commit", f"{attestation.commit}{where}{f' ({attestation.ref})' if attestation.ref else ''}")
    if attestation.run:
        yield _line("run", attestation.run)
    if attestation.logged:
        entry = "" if attestation.log_index is None else f", entry {attestation.log_index}"
        yield _line("logged", f"{utc(attestation.logged)}{entry}")


def _url_lines(file: InspectedFile) -> Iterator[str]:
    """Yield the addresses that contradict who built it: what a project says of itself is a claim, and nothing more."""
    for url in file.contradicted:
        yield _line("but", f"its metadata claims another repository: {url.label}, {url.url}")


def _comparison_lines(result: Comparison | Missing) -> Iterator[str]:
    if isinstance(result, Missing):
        yield f"not done: {result.reason}"
        return
    yield _line("the same", f"{result.found} file{'' if result.found == 1 else 's'}")
    yield from _explained_lines(result)
    told = result.told
    runs = [each for each in told if each.runs]
    for title, files in (
        ("NOT IN IT", [each for each in runs if not each.differs]),
        ("DIFFERS", [each for each in runs if each.differs]),
        ("other files", [each for each in told if not each.runs]),
    ):
        if files:
            yield _line(title, _few(files))
    if result.moved:
        yield _line("renamed", "; ".join(f"{place} is {path}" for path, place in result.moved[:NAMED]))


def _explained_lines(result: Comparison) -> Iterator[str]:
    """Yield what is not in the source for a known reason; what is Python with code in it by its name."""
    explained = [each for each in result.unfound if each.explained]
    counted = Counter(each.explained for each in explained if each.explained not in _GENERATED)
    told = [f"{count} {kind.value}" for kind, count in counted.items() if kind]
    told += [f"{each.path} ({each.explained.value})" for each in explained if each.explained in _GENERATED]
    if told:
        yield _line("explained", ", ".join(told))


def _few(files: Sequence[Unfound]) -> str:
    named = ", ".join(f"{each.path}{f' ({each.note})' if each.note else ''}" for each in files[:NAMED])
    return named + (f" and {len(files) - NAMED} more" if len(files) > NAMED else "")


def _line(title: str, text: str) -> str:
    return f"{title:<{_WIDTH}}{text}"


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
        return {**found, "problem": result.reason, "same": None, "unfound": [], "renamed": []}
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
                "note": each.note or None,
            }
            for each in result.unfound
        ],
        "renamed": [{"path": path, "in_source": place} for path, place in result.moved],
    }
