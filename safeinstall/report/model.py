"""The report of a run: what was asked, what was judged by which policy, what came of it. Every form is made from this.

Texts in it may be foreign (file names, reasons, summaries): each form escapes them. Addresses hold no credentials.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

from safeinstall.facts.finding import Level

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import date, datetime

    from safeinstall.facts.finding import KnownVulnerability
    from safeinstall.facts.verdict import Location
    from safeinstall.report.provenance.model import ReportedProvenance

Status: TypeAlias = Literal["done", "dry-run", "denied", "failed"]
"""``denied``: refused by the policy, a missing fact included; ``failed``: an error, ours or pip's."""
State: TypeAlias = Literal["chosen", "refused", "hidden"]
"""Of a file: in the plan; what the run was denied for; passed over, so that another was chosen."""

EvidenceKind: TypeAlias = Literal["index", "find-links", "direct", "advisories", "exploited", "epss"]
TOLD = 3
"""Refused files of one project that are told, each denied by other rules: the fourth says nothing new."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One requirement of the user."""

    text: str
    name: str | None
    """The project; ``None`` where only the metadata of a direct reference tells."""
    location: Location | None
    """Where it is written; ``None`` for an argument."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Requirement:
    """One reason why a project is there."""

    by: str | None
    """The project that asks; ``None`` for the user."""
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """The error that ended the run."""

    message: str
    hint: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What the run acted on."""

    python: str
    python_version: str
    prefix: str
    pip_version: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyUsed:
    """The policy that judged."""

    file: str
    digest: str
    mode: str
    select: str
    contact: str | None
    rules: tuple[str, ...]
    """Ids of the rules that hold for some package."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExceptionUsed:
    """An exception of the policy that let something pass."""

    package: str
    rules: tuple[str, ...]
    advisories: tuple[str, ...]
    reason: str
    expires: date
    approved_by: str | None
    location: Location


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportedFinding:
    """What one rule said about a file."""

    rule: str
    level: Level
    message: str
    key: str
    location: Location
    """Where the policy says so."""
    missing: bool
    audited: bool
    escalated: bool
    remedy: str | None
    advisories: tuple[str, ...]
    exploited: date | None
    """Since when these are known to be exploited."""
    epss: float | None
    """Their highest EPSS score, 0 to 1."""
    vulnerability: KnownVulnerability | None
    exception: ExceptionUsed | None
    """What covers it; the finding then does not count."""

    @property
    def decided(self) -> str:
        """Where the policy says so, for a reader."""
        return decided((self,))


def decided(findings: Iterable[ReportedFinding]) -> str:
    """Return where the policy says what became of *findings*, in one line for a reader."""
    findings = tuple(findings)
    where = dict.fromkeys(f"{finding.location} ({finding.key})" for finding in findings)
    escalated = '; a warning, which fail-on = "warn" denies' if any(f.escalated for f in findings) else ""
    return f"policy: {', '.join(where)}{escalated}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportedFile:
    """One file that was judged."""

    state: State
    name: str
    version: str
    filename: str
    kind: str
    url: str
    source: str
    """The index, as the policy or pip names it."""
    sha256: str | None
    size: int | None
    upload_time: datetime | None
    requested: bool
    summary: str
    license: str
    provenance: ReportedProvenance | None
    """Who built it; ``None`` where no rule asked."""
    level: Level
    required_by: tuple[Requirement, ...]
    findings: tuple[ReportedFinding, ...]

    @property
    def release(self) -> str:
        """As a reader names it: ``flask 3.1.3``."""
        return f"{self.name} {self.version}"

    @property
    def built_by(self) -> str:
        """Who built it, as its publisher and the commit; empty where nobody is known."""
        return self.provenance.told if self.provenance and self.provenance.is_attested else ""

    @property
    def counted(self) -> tuple[ReportedFinding, ...]:
        """The findings that no exception covers and that say more than "allowed"."""
        return tuple(finding for finding in self.findings if finding.exception is None and finding.level)


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A distribution that was installed already, and stays."""

    name: str
    version: str
    required_by: tuple[Requirement, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """A project that leads to what was refused, and was for that never chosen itself."""

    name: str
    required_by: tuple[Requirement, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fallback:
    """A better file that the policy hid, and what was taken instead."""

    name: str
    hidden_version: str
    hidden_filename: str
    taken_version: str
    taken_filename: str
    finding: ReportedFinding

    @property
    def hidden(self) -> str:
        """The version, or the file where that is all that differs."""
        return self.hidden_filename if self.hidden_version == self.taken_version else self.hidden_version

    @property
    def taken(self) -> str:
        """Likewise."""
        return self.taken_filename if self.hidden_version == self.taken_version else self.taken_version

    @property
    def title(self) -> str:
        """Both in a line."""
        return f"{self.name} {self.taken} instead of {self.hidden}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Passing:
    """Of a refused project the best file that the policy lets pass, whatever the requirements say."""

    name: str
    version: str
    filename: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceUsed:
    """A source of facts that the verdicts rest on."""

    kind: EvidenceKind
    name: str
    as_of: datetime | None
    """Of what age its facts are; ``None`` when it did not answer."""
    problem: str | None = None
    """Why it did not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Phase:
    """A part of a run, and how long it took. What is loaded and written around the phases belongs to none."""

    name: str
    """``start``: until pip has said what it understood, while we load; ``resolve``: with all verdicts before the
    download; ``fetch``: with the verification; ``install``: pip's, with its builds."""
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """One run. What an error kept from being known is empty or ``None``."""

    safe_pip_version: str
    started: datetime
    """Also the instant of the judgement."""
    seconds: float
    phases: tuple[Phase, ...]
    """In this order; those that were come to."""
    status: Status
    exit_code: int
    error: Problem | None
    command: str | None
    dry_run: bool
    requests: tuple[Request, ...]
    target: Target | None
    policy: PolicyUsed | None
    plan: str | None
    """The sha256 of the plan's lock (PEP 751)."""
    files: tuple[ReportedFile, ...]
    kept: tuple[Kept, ...]
    asking: tuple[Asking, ...]
    fallbacks: tuple[Fallback, ...]
    exceptions: tuple[ExceptionUsed, ...]
    newest_passing: tuple[Passing, ...]
    evidence: tuple[EvidenceUsed, ...]
    conflict: str
    """What pip would say of requirements that cannot be met together."""
    notices: tuple[str, ...]

    def having(self, *states: State) -> tuple[ReportedFile, ...]:
        """Return the files in these states."""
        return tuple(file for file in self.files if file.state in states)

    @property
    def mattering(self) -> tuple[ReportedFile, ...]:
        """The files to put on record: of those refused the first of each kind, then those chosen."""
        return (*_first_of_each_kind(self.having("refused")), *self.having("chosen"))

    @property
    def told(self) -> tuple[ReportedFile, ...]:
        """The files to tell a reader of: of each refused project the first, then those chosen."""
        first = {file.name: file for file in reversed(self.having("refused"))}
        return (*(file for file in self.having("refused") if first[file.name] is file), *self.having("chosen"))

    def besides(self, file: ReportedFile) -> str:
        """Return for a reader which other files of the project of a refused *file* are refused, if any are."""
        others = [other for other in self.having("refused") if other.name == file.name and other is not file]
        if file.state != "refused" or not others:
            return ""
        rules = sorted({f.rule for other in others for f in other.counted if f.level is Level.DENY})
        return f"and {len(others)} more file{'s' if others[1:] else ''} of {file.name}, by {', '.join(rules)}"

    @property
    def required_by(self) -> dict[str, tuple[Requirement, ...]]:
        """Who asks for each project of the outcome."""
        kept = {kept.name: kept.required_by for kept in self.kept}
        return kept | {file.name: file.required_by for file in self.having("refused", "chosen")}

    def written_at(self, name: str) -> tuple[Location, ...]:
        """Return where the user's requirements stand that bring *name* in, directly or not."""
        reached = above(name, self.required_by)
        places = (request.location for request in self.requests if request.name in reached)
        return tuple(dict.fromkeys(place for place in places if place is not None))


def above(name: str, required_by: Mapping[str, Sequence[Requirement]]) -> set[str]:
    """Return *name* and all that requires it, directly or not."""
    seen, waiting = {name}, [name]
    while waiting:
        here = waiting.pop()
        new = {r.by for r in required_by.get(here, ()) if r.by is not None} - seen
        seen |= new
        waiting += new
    return seen


def _first_of_each_kind(refused: Iterable[ReportedFile]) -> Iterator[ReportedFile]:
    """Yield at most :data:`TOLD` files of each project; one denied by the same rules and more says the same again."""
    told: dict[str, list[set[str]]] = {}
    for file in refused:
        rules, before = {f.rule for f in file.counted if f.level is Level.DENY}, told.setdefault(file.name, [])
        if len(before) < TOLD and not any(other <= rules for other in before):
            before.append(rules)
            yield file
