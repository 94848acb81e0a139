"""``safe-pip audit``: judge what is, or would be, installed by the whole policy, and install nothing."""

from __future__ import annotations

import sys
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING

from packaging.utils import canonicalize_name

from safeinstall.app.recorder import STANDARD_OUTPUT, Wanted, render_for
from safeinstall.commands.audit.installed import InstalledJudge
from safeinstall.commands.fix.subject import read_whole_subject
from safeinstall.commands.parsing import CommandParser, check_is_there
from safeinstall.commands.pins import read_pins
from safeinstall.commands.policy.output import write, write_text
from safeinstall.commands.target import NOTHING, fits_together, open_target
from safeinstall.errors import SourceError, UnsatisfiableError, UsageError
from safeinstall.pipeline import newest_passing, run
from safeinstall.report.audit import audit_json, render_audit
from safeinstall.report.audit_report import audit_report
from safeinstall.report.forms import FORMS
from safeinstall.report.run import Run
from safeinstall.report.text import shown
from safeinstall.resolve.outcome import Audit
from safeinstall.resolve.resolution import Refusal
from safeinstall.sources.pip.environment import InstalledPackage, list_environment
from safeinstall.sources.policies.policy_files import load_policy

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Iterator, Mapping, Sequence

    from packaging.utils import NormalizedName

    from safeinstall.commands.target import Target
    from safeinstall.facts.artifact import Artifact
    from safeinstall.facts.verdict import Verdict
    from safeinstall.policy.model import Policy
    from safeinstall.resolve.outcome import Outcome

OWN_FORMS = ("text", "json")
"""The others are those of a report."""
STANDARD_INPUT, STANDARD_INPUT_WORD = "standard input", "-"


def main(argv: Sequence[str], environ: Mapping[str, str], policy: str | None) -> int:
    """Run the command and return its exit code."""
    arguments = _parser().parse_args(argv)
    if arguments.files and arguments.requirements:
        raise UsageError("a lock or standard input is judged by itself", hint="give it without -r, or the lock by -r")
    if len(arguments.files) > 1 and STANDARD_INPUT_WORD in arguments.files:
        raise UsageError("standard input is judged by itself", hint="give it without files")
    settings = load_policy(policy, environ, Path.cwd())
    for note in settings.notes:
        sys.stderr.write(f"safe-pip: policy: {shown(note)}\n")
    if arguments.format not in OWN_FORMS and len(arguments.files) > 1:
        raise UsageError(f"a report in the form {arguments.format} is of one file", hint="audit each file by itself")
    asked = Asked(arguments, settings, environ, Run(datetime.now(timezone.utc)))
    began = monotonic()
    audits = [_audit(file, asked) for file in arguments.files or [None]]
    if arguments.format not in OWN_FORMS:
        report = audit_report(audits[0], asked.record, settings, seconds=monotonic() - began)
        wanted = Wanted(arguments.format, str(arguments.output or STANDARD_OUTPUT))
        write_text(arguments, render_for(wanted, report, environ, verbose=arguments.verbose))
        return audits[0].exit_code
    data = [audit_json(audit, settings) for audit in audits]
    sources = asked.record.invocation.sources if asked.record.invocation else None
    text = "".join(render_audit(audit, settings, verbose=arguments.verbose, sources=sources) for audit in audits)
    write(arguments, text, data if len(data) > 1 else data[0])
    return min((audit.exit_code for audit in audits if audit.exit_code), default=0)


def _parser() -> CommandParser:
    parser = CommandParser(
        prog="safe-pip audit",
        description="Judge an environment (default), requirements, a lock or a list of versions by the whole policy,"
        " without installing anything. Exit 10: something is denied; 11: facts are missing.",
    )
    parser.asks_indexes = True
    parser.add_argument(
        "files",
        nargs="*",
        metavar="FILE",
        help="a lock, requirements file or pyproject.toml, each judged by itself, or - for name==version lines on"
        " standard input",
    )
    parser.add_argument(
        "-r", "--requirement", dest="requirements", action="append", default=[], metavar="FILE",
        help="judge what pip would install from this file into an empty environment (repeatable)",
    )  # fmt: skip
    parser.add_argument("--python", metavar="PY", help="an interpreter or environment (default: where pip would act)")
    parser.add_argument(
        "--format", choices=tuple(dict.fromkeys((*OWN_FORMS, *FORMS))), default="text",
        help="text, json, or a form of --policy-report (default: %(default)s)", metavar="FORMAT",
    )  # fmt: skip
    parser.add_argument("--output", metavar="FILE", type=Path, help="write there instead of to standard output")
    parser.add_argument("-v", "--verbose", action="store_true", help="tell every finding, and every warning")
    return parser


@dataclass(frozen=True, slots=True)
class Asked:
    """What was asked, and what is put on record on the way."""

    arguments: Namespace
    policy: Policy
    environ: Mapping[str, str]
    record: Run

    @contextmanager
    def target(self, words: Sequence[str], *, installed: bool = False) -> Iterator[Target]:
        """Open the target of *words*; note what it said, and which advisories it went by."""
        python = self.arguments.python
        with open_target(words, self.policy, self.environ, python=python, installed=installed) as target:
            self.record.invocation = target.invocation
            yield target
            self.record.advisories = target.world.advisories_used(self.policy)


def _audit(named: str | None, asked: Asked) -> Audit:
    own = [named] if named not in {None, STANDARD_INPUT_WORD} else []
    files = [*asked.arguments.requirements, *own]
    for file in own:
        check_is_there(file, "to judge a package that is not installed: safe-pip install --dry-run NAME")
    for file in files:
        check_is_there(file)
    if len(files) == 1 and Path(files[0]).name == "pyproject.toml":
        return _pyproject(files[0], asked)
    if files:
        words = [word for file in files for word in ("-r", file)]
        with asked.target(words) as target:
            return _resolved(target, asked.policy, ", ".join(files))
    pins = list(_pins()) if named else None
    with asked.target(NOTHING, installed=pins is None) as target:
        asked.record.invocation = replace(target.invocation, roots=())  # nobody asked for NOTHING
        if pins is not None:
            return _installed(pins, target, asked.policy, STANDARD_INPUT)
        invocation = target.invocation
        held = list_environment(invocation.python, asked.environ, invocation.installed)
        return replace(_installed(held.packages, target, asked.policy, invocation.prefix), unread=held.lost)


def _tell_outdated(target: Target, policy: Policy, verdicts: Sequence[Verdict]) -> None:
    """Tell of the entries of ``publishers`` that name nobody any more."""
    if any(rule.id == "provenance" for rule in policy.rules):
        from safeinstall.commands.attesters import outdated_here  # noqa: PLC0415 - loaded where a policy may have some

        for key, message in outdated_here(policy, target, (verdict.artifact for verdict in verdicts)):
            sys.stderr.write(f"safe-pip: policy: {shown(f'{policy.origin(key)}: {message}')}\n")


# requirements


def _pyproject(file: str, asked: Asked) -> Audit:
    """Judge all that a project asks for, or each extra and group by itself where pip cannot install all of it."""
    subject = read_whole_subject(file)
    if not subject.parts:
        return Audit(subject=file, verdicts=(), refusal=None)
    with asked.target(subject.words) as target:
        if len(subject.parts) == 1 or fits_together(target, asked.policy):
            return _resolved(target, asked.policy, file)
    audits = []
    for name in subject.parts:
        with asked.target(subject.part(name).words) as target:
            audits.append(_resolved(target, asked.policy, name))
    return _together(audits, f"{file} ({', '.join(subject.parts)}, each by itself)")


def _together(audits: Sequence[Audit], subject: str) -> Audit:
    refusals = [audit.refusal for audit in audits if audit.refusal]
    verdicts = {_place(v): v for audit in audits for v in audit.verdicts}
    return Audit(
        subject=subject,
        verdicts=tuple(sorted(verdicts.values(), key=_name)),
        refusal=_joined(refusals) if refusals else None,
        required_by={name: who for audit in audits for name, who in audit.required_by.items()},
        newest_passing={name: artifact for audit in audits for name, artifact in audit.newest_passing.items()},
    )


def _resolved(target: Target, policy: Policy, subject: str) -> Audit:
    outcome = run(target.invocation, policy, target.world, target.as_of)
    if outcome.refused is None:
        verdicts = tuple(pin.verdict for pin in outcome.resolved.pins)
        _tell_outdated(target, policy, verdicts)
        return Audit(subject=subject, verdicts=verdicts, refusal=None, required_by=outcome.resolved.required_by)
    refusals = [(outcome.refused, outcome.newest_passing), *_strictly(target, policy)]
    refusal = _joined([refusal for refusal, _ in refusals])
    newest = {name: artifact for _, passing in refusals for name, artifact in passing.items()}
    return Audit(
        subject=subject,
        verdicts=refusal.verdicts,
        refusal=refusal,
        required_by=refusal.required_by,
        newest_passing=newest,
    )


def _strictly(target: Target, policy: Policy) -> list[tuple[Refusal, Mapping[NormalizedName, Artifact]]]:
    """Return all that is denied of what pip alone would take: a search over what passes ends at the first dead end."""
    outcome: Outcome | None = None
    with suppress(UnsatisfiableError):
        outcome = run(target.invocation, replace(policy, select="strict"), target.world, target.as_of)
    return [(outcome.refused, outcome.newest_passing)] if outcome and outcome.refused else []


def _joined(refusals: Sequence[Refusal]) -> Refusal:
    first = refusals[0]
    verdicts = {_place(v): v for refusal in refusals for v in refusal.verdicts}
    ordered = sorted(verdicts.values(), key=_name)
    required_by = {name: who for refusal in reversed(refusals) for name, who in refusal.required_by.items()}
    return replace(first, verdicts=tuple(ordered), required_by=required_by)


def _place(verdict: Verdict) -> tuple[str, str, str]:
    return verdict.artifact.name, verdict.artifact.url, verdict.artifact.subdirectory


def _name(verdict: Verdict) -> str:
    return verdict.artifact.name


# versions


def _pins() -> Sequence[InstalledPackage]:
    text = sys.stdin.buffer.read().decode("utf-8-sig", "surrogateescape")
    return [
        InstalledPackage(name=canonicalize_name(pin.package), version=pin.version)
        for pin in read_pins(text.split("\n"), "standard input, line")
    ]


def _installed(packages: Sequence[InstalledPackage], target: Target, policy: Policy, subject: str) -> Audit:
    judge = InstalledJudge.over(packages, target, policy, subject)
    verdicts = tuple(sorted(map(judge, packages), key=_name))
    _tell_outdated(target, policy, verdicts)
    denied = tuple(verdict for verdict in verdicts if verdict.denied)
    refusal = Refusal(verdicts=denied) if denied else None
    newest: Mapping[NormalizedName, Artifact] = {}
    if refusal is not None:
        with suppress(SourceError):
            newest = newest_passing(refusal, judge.finder, judge.listed)
    return Audit(
        subject=subject, verdicts=verdicts, refusal=refusal, newest_passing=newest, problems=tuple(judge.problems)
    )
