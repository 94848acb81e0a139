"""From what a run had in hand when it ended to its report."""

from __future__ import annotations

import re
from dataclasses import dataclass
from email.parser import HeaderParser
from typing import TYPE_CHECKING

from safeinstall import __version__
from safeinstall.facts.artifact import SourceKind
from safeinstall.facts.verdict import Location
from safeinstall.plan.plan import without_credentials
from safeinstall.report.model import (
    Asking,
    EvidenceUsed,
    ExceptionUsed,
    Fallback,
    Kept,
    Passing,
    Phase,
    PolicyUsed,
    Report,
    ReportedFile,
    ReportedFinding,
    Request,
    Requirement,
    Target,
    above,
)
from safeinstall.report.provenance.build import report_provenance
from safeinstall.report.secrets import without_secrets

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from email.message import Message

    from packaging.utils import NormalizedName

    from safeinstall.facts.finding import Finding
    from safeinstall.facts.verdict import Pinned, Verdict
    from safeinstall.policy.model import Policy
    from safeinstall.report.model import EvidenceKind, State, Status
    from safeinstall.report.run import Run
    from safeinstall.request.invocation import Invocation
    from safeinstall.request.requirements import Root
    from safeinstall.resolve.outcome import Outcome
    from safeinstall.resolve.resolution import Requirer

_ORIGIN = re.compile(r"-[rc] (?P<file>.+) \(line (?P<line>\d+)\)")
_KINDS: dict[SourceKind, EvidenceKind] = {
    SourceKind.INDEX: "index",
    SourceKind.FIND_LINKS: "find-links",
    SourceKind.DIRECT: "direct",
}
_LONGEST_LICENSE = 200
"""Some put the whole text into the field."""


def build_report(run: Run, *, exit_code: int, seconds: float) -> Report:
    """Return the report of *run*, which ended with *exit_code* after *seconds*."""
    invocation, outcome = run.invocation, run.outcome
    said = _Sayer(run.policy, outcome)
    files = tuple(said.files())
    return Report(
        safe_pip_version=__version__,
        started=run.started,
        seconds=round(seconds, 3),
        phases=tuple(Phase(name=name, seconds=round(took, 3)) for name, took in run.phases.items()),
        status=_status(run, exit_code),
        exit_code=exit_code,
        error=run.problem,
        command=invocation.command if invocation else None,
        dry_run=invocation.dry_run if invocation else False,
        requests=tuple(map(_request, invocation.roots if invocation else ())),
        target=_target(invocation) if invocation else None,
        policy=_policy(run.policy) if run.policy else None,
        plan=outcome.plan.digest if outcome and outcome.plan else None,
        files=files,
        kept=tuple(said.kept()),
        asking=tuple(said.asking(files)),
        fallbacks=tuple(said.fallbacks(files)),
        exceptions=tuple(dict.fromkeys(f.exception for file in files for f in file.findings if f.exception)),
        newest_passing=tuple(_passing(outcome)) if outcome else (),
        evidence=tuple(evidence(_verdicts(outcome) if outcome else (), run)),
        conflict=outcome.refused.conflict if outcome and outcome.refused else "",
        notices=outcome.result.notices if outcome else (),
    )


def report_file(verdict: Verdict, policy: Policy, outcome: Outcome | None = None) -> ReportedFile:
    """Return what a report says of one file that is no part of a plan; *outcome* knows who requires it."""
    return _Sayer(policy, outcome).file(verdict, "chosen")


def _status(run: Run, exit_code: int) -> Status:
    if run.outcome is None:
        return "failed"
    if run.outcome.refused is not None:
        return "denied"
    if exit_code or run.error:
        return "failed"
    return "done" if run.outcome.status is not None else "dry-run"


def _request(root: Root) -> Request:
    match = _ORIGIN.search(root.origin)
    location = Location(match["file"], int(match["line"])) if match else None
    return Request(text=without_secrets(root.text), name=root.name, location=location)


def _target(invocation: Invocation) -> Target:
    return Target(
        python=invocation.python,
        python_version=invocation.markers.get("python_full_version", ""),
        prefix=invocation.prefix,
        pip_version=invocation.pip_version,
    )


def _policy(policy: Policy) -> PolicyUsed:
    return PolicyUsed(
        file=policy.file,
        digest=policy.digest,
        mode=policy.mode,
        select=policy.select,
        contact=policy.contact,
        rules=tuple(sorted({rule.id for rule in policy.all_rules})),
    )


def _passing(outcome: Outcome) -> Iterator[Passing]:
    for name, artifact in sorted(outcome.newest_passing.items()):
        yield Passing(name=name, version=str(artifact.version), filename=artifact.filename)


def evidence(verdicts: Iterable[Verdict], run: Run) -> Iterator[EvidenceUsed]:
    """Yield the sources of the judged files, which were all asked in this run, and the advisories."""
    sources = {
        (v.artifact.source.kind, without_secrets(v.artifact.source.display))
        for v in verdicts
        if not v.artifact.source.denied
    }
    for kind, name in sorted(sources, key=str):
        yield EvidenceUsed(kind=_KINDS[kind], name=name, as_of=run.started)
    yield from run.advisories


def _verdicts(outcome: Outcome) -> Iterator[Verdict]:
    yield from outcome.refused.verdicts if outcome.refused else ()
    yield from (pin.verdict for pin in _pins(outcome))
    yield from outcome.result.hidden


def _pins(outcome: Outcome) -> Sequence[Pinned]:
    """Return the chosen files, with the verdicts on their contents where these were seen."""
    plan = outcome.verified.measured if outcome.verified else outcome.plan
    if plan is not None:
        return plan.pins
    return () if outcome.refused else outcome.resolved.pins


@dataclass(slots=True)
class _Sayer:
    """Turns verdicts into what the report says of them."""

    policy: Policy | None
    outcome: Outcome | None

    def files(self) -> Iterator[ReportedFile]:
        """Yield each judged file once, in the state that says most."""
        if self.outcome is None:
            return
        refused = self.outcome.refused.verdicts if self.outcome.refused else ()
        told = {_identity(verdict) for verdict in refused}
        for verdict in refused:
            yield self.file(verdict, "refused")
        for pin in _pins(self.outcome):
            if _identity(pin.verdict) not in told:
                told.add(_identity(pin.verdict))
                yield self.file(pin.verdict, "chosen", pin)
        for verdict in self.outcome.result.hidden:
            if _identity(verdict) not in told:
                yield self.file(verdict, "hidden")

    def kept(self) -> Iterator[Kept]:
        """Yield what was installed already and stays."""
        for kept in () if self.outcome is None or self.outcome.refused else self.outcome.resolved.kept:
            yield Kept(name=kept.name, version=str(kept.version), required_by=self._requirements(kept.name))

    def fallbacks(self, files: Iterable[ReportedFile]) -> Iterator[Fallback]:
        """Yield, for each project of which a better file was hidden, the best of these."""
        files = tuple(files)
        chosen = {file.name: file for file in files if file.state == "chosen"}
        best = {file.name: file for file in reversed(files) if file.state == "hidden"}
        for name, hidden in sorted(best.items()):
            taken = chosen.get(name)
            if taken and hidden.counted and (hidden.version, hidden.filename) != (taken.version, taken.filename):
                yield _fallback(hidden, taken)

    def file(self, verdict: Verdict, state: State, pin: Pinned | None = None) -> ReportedFile:
        """Return one file, of a plan if it has a *pin*."""
        artifact = pin.artifact if pin else verdict.artifact
        metadata = HeaderParser().parsestr(pin.metadata.text if pin else "")
        return ReportedFile(
            state=state,
            name=artifact.name,
            version=str(artifact.stated_version),
            filename=artifact.filename,
            kind=artifact.kind.value,
            url=without_credentials(artifact.url),
            source=without_secrets(artifact.source.display),
            sha256=artifact.sha256,
            size=artifact.size,
            upload_time=artifact.upload_time,
            requested=pin.requested if pin else any(r.by is None for r in self._requirements(artifact.name)),
            summary=str(metadata.get("Summary", "")),
            license=_license(metadata),
            provenance=report_provenance(verdict),
            level=verdict.level,
            required_by=self._requirements(artifact.name),
            findings=tuple(self._finding(finding, verdict) for finding in verdict.findings),
        )

    def asking(self, files: Iterable[ReportedFile]) -> Iterator[Asking]:
        """Yield what leads to the refused among *files*, and is none of the others itself."""
        known = {file.name for file in files if file.state != "hidden"}
        found = {str(name): self._requirements(name) for name in self._required_by}
        refused = (file.name for file in files if file.state == "refused")
        leading = {name for one in refused for name in above(one, found)}
        for name in sorted(leading - known):
            yield Asking(name=name, required_by=found.get(name, ()))

    @property
    def _required_by(self) -> Mapping[NormalizedName, tuple[Requirer, ...]]:
        return {} if self.outcome is None else (self.outcome.refused or self.outcome.resolved).required_by

    def _requirements(self, name: NormalizedName) -> tuple[Requirement, ...]:
        requirers = self._required_by.get(name, ())
        return tuple(Requirement(by=r.by, text=without_secrets(r.text)) for r in requirers)

    def _finding(self, finding: Finding, verdict: Verdict) -> ReportedFinding:
        return ReportedFinding(
            rule=finding.rule,
            level=finding.level,
            message=without_secrets(finding.message),
            key=finding.key,
            location=self.policy.origin(finding.key) if self.policy else Location("", 0),
            missing=finding.missing,
            audited=finding.audited,
            escalated=finding.escalated,
            remedy=finding.remedy,
            advisories=finding.advisories,
            exploited=finding.exploited,
            epss=finding.epss,
            vulnerability=finding.vulnerability,
            exception=self._exception(finding, verdict),
        )

    def _exception(self, finding: Finding, verdict: Verdict) -> ExceptionUsed | None:
        """Return the exception that covers *finding*: a verdict keeps its reason only."""
        artifact = verdict.artifact
        if finding.suppressed_by is None or self.policy is None:
            return None
        for number, waiver in enumerate(self.policy.exceptions):
            is_it = finding.rule in waiver.rules and waiver.reason == finding.suppressed_by
            if is_it and waiver.package.matches(artifact.name, artifact.version):
                return _exception(self.policy, number)
        return None


def _exception(policy: Policy, number: int) -> ExceptionUsed:
    waiver = policy.exceptions[number]
    return ExceptionUsed(
        package=str(waiver.package),
        rules=waiver.rules,
        advisories=waiver.advisories,
        reason=waiver.reason,
        expires=waiver.expires,
        approved_by=waiver.approved_by,
        location=policy.origin(f"exceptions[{number}]"),
    )


def _fallback(hidden: ReportedFile, taken: ReportedFile) -> Fallback:
    return Fallback(
        name=hidden.name,
        hidden_version=hidden.version,
        hidden_filename=hidden.filename,
        taken_version=taken.version,
        taken_filename=taken.filename,
        finding=hidden.counted[0],
    )


def _identity(verdict: Verdict) -> tuple[str, str, str]:
    return verdict.artifact.name, str(verdict.artifact.stated_version), verdict.artifact.url


def _license(metadata: Message) -> str:
    """Return the licence a package names: the expression (PEP 639), else the first line of the older field."""
    first = next(iter(str(metadata.get("License", "")).splitlines()), "")
    return str(metadata.get("License-Expression") or first)[:_LONGEST_LICENSE]
