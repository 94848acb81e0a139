"""An inspection as a screen of text."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from safeinstall.facts.finding import utc_minute
from safeinstall.facts.origins.origin import Explained
from safeinstall.facts.provenance import Provenance, Refuted, Unattested
from safeinstall.facts.values import Missing
from safeinstall.report.text import shown

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from safeinstall.facts.origins.origin import Comparison, Unfound
    from safeinstall.facts.provenance import Attestation
    from safeinstall.report.inspection.model import InspectedFile, Inspection

NAMED = 5
"""Files of a comparison that are named in a line of the text."""
_WIDTH = 14
_GENERATED = (Explained.VERSION, Explained.TEMPLATE, Explained.MATURIN)
DO_NOT_INSTALL = "do not install it; tell the project and whoever runs the index"
_VERIFIED = "verified: signature, certificate, log entry, file name and sha256"


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
    uploaded = f", uploaded {utc_minute(artifact.upload_time)}" if artifact.upload_time else ""
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
            yield _line("built by", f"REFUTED: {reason}")
            yield _line("way out", DO_NOT_INSTALL)
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
        yield _line("logged", f"{utc_minute(attestation.logged)}{entry}")


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
