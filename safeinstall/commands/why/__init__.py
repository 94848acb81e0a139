"""``safe-pip why PACKAGE [REQUIREMENT…]``: who brings it in, and what the policy says about it."""

from __future__ import annotations

import re
import sys
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, TYPE_CHECKING, Any

from packaging.specifiers import SpecifierSet
from packaging.utils import NormalizedName, canonicalize_name, is_normalized_name

from safeinstall import pipeline
from safeinstall.app.world import LiveWorld
from safeinstall.commands.parsing import CommandParser
from safeinstall.commands.policy.output import write
from safeinstall.commands.why.installed_graph import installed_requirements, unread
from safeinstall.errors import EXIT_DENIED, MetadataDynamicError, SourceError, UsageError
from safeinstall.facts.evidence import Price
from safeinstall.facts.finding import Level
from safeinstall.report.build import build_report, report_file
from safeinstall.report.chains import chains
from safeinstall.report.forms.json import plain
from safeinstall.report.gist import gists
from safeinstall.report.model import decided
from safeinstall.report.run import Run
from safeinstall.report.text import shown
from safeinstall.request.invocation import parse_invocation
from safeinstall.request.options import OPTIONS, spelled
from safeinstall.resolve.finder import CandidateFinder
from safeinstall.resolve.user_hashes import UserHashes
from safeinstall.sources.pip.host import HostedPip
from safeinstall.sources.policies.policy_files import load_policy

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Iterator, Mapping, Sequence

    from packaging.version import Version

    from safeinstall.policy.model import Policy
    from safeinstall.report.model import ExceptionUsed, ReportedFile, ReportedFinding, Requirement
    from safeinstall.request.invocation import Invocation

CHAINS = 10
NOT_THERE = 1
_NO_OPTION = re.compile(r"^no such option: (\S+)", re.MULTILINE)
"""pip's own words (optparse)."""
_SAID = {Level.DENY: "denies it", Level.WARN: "warns of it", Level.ALLOW: "allows it"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """Why a package is there."""

    package: str
    version: str | None
    """``None`` when it is not there."""
    required_by: Mapping[str, Sequence[Requirement]]
    file: ReportedFile | None
    """The file that was judged; ``None`` when there is none to judge."""
    problem: str = ""
    """Why it was not judged."""
    unread: Sequence[str] = ()
    """What is installed and cannot be read: whether it brings the package in is not known."""
    exit_code: int = 0


def main(argv: Sequence[str], environ: Mapping[str, str], policy: str | None) -> int:
    """Print the chains of requirements that lead to a package; exit 1 if it is not there, 10 if it is refused."""
    arguments, rest = _parser().parse_words(argv)
    if not rest or rest[0].startswith("-") or not is_normalized_name(canonicalize_name(rest[0])):
        raise UsageError("why needs the name of a package first", hint="safe-pip why urllib3 -r requirements.txt")
    package, asked = canonicalize_name(rest[0]), rest[1:]
    own = load_policy(policy, environ, Path.cwd())
    options = ("--ignore-installed", *asked) if asked else ("--no-deps", package)
    with (
        TemporaryFile("w+") as heard,
        HostedPip.start(
            ("install", "--dry-run", "--quiet", *options), environ, output=heard.fileno() if _is_odd(asked) else None
        ) as pip,
    ):
        said = pip.describe()
        if said is None:
            status = pip.wait()
            _say_again(heard)
            return status
        _say_again(heard)
        as_of = datetime.now(timezone.utc)
        invocation = parse_invocation(said)
        with LiveWorld.open(invocation, own, pip, as_of=as_of, environ=environ) as world:
            find = _resolved if asked else _installed
            answer = find(package, invocation, own, world, as_of)
    _write(answer, own, arguments)
    return answer.exit_code


def _is_odd(words: Sequence[str]) -> bool:
    """Whether one of *words* is an option that is perhaps none of pip's: what pip says of it is heard first."""
    known = {*map(spelled, OPTIONS), "-r", "-c", "-e"}
    return any(word.startswith("-") and word.partition("=")[0] not in known for word in words)


def _say_again(heard: IO[str]) -> None:
    """Say what pip said. Raises ``UsageError`` in place of how pip is used, where that is not how this command is."""
    heard.seek(0)
    text = heard.read()
    if found := _NO_OPTION.search(text):
        raise UsageError(
            f"why: neither it nor pip install takes {found[1]}", hint="safe-pip why --help tells how it is used"
        )
    sys.stderr.write(text)


def _parser() -> CommandParser:
    parser = CommandParser(
        prog="safe-pip why",
        usage="safe-pip why [--format text|json] [--output FILE] PACKAGE [REQUIREMENT… | options of pip install]",
        description="Which requirements bring a package in: those given, else of what is installed."
        " And what the policy says about it.",
        allow_abbrev=False,
    )
    parser.add_argument("--format", choices=("text", "json"), default="text", help="(default: %(default)s)")
    parser.add_argument("--output", metavar="FILE", type=Path, help="write there instead of to standard output")
    return parser


def _resolved(
    package: NormalizedName, invocation: Invocation, policy: Policy, world: LiveWorld, as_of: datetime
) -> Answer:
    """Answer from the resolution of the given requirements."""
    outcome = pipeline.run(invocation, policy, world, as_of)
    exit_code = EXIT_DENIED if outcome.refused else 0
    report = build_report(
        Run(as_of, policy=policy, invocation=invocation, outcome=outcome), exit_code=exit_code, seconds=0
    )
    file = next((file for file in report.mattering if file.name == package), None)
    version = file.version if file else None
    return Answer(
        package=package,
        version=version,
        required_by=report.required_by,
        file=file,
        problem="the policy refuses these requirements: safe-pip install --dry-run tells why" if exit_code else "",
        exit_code=exit_code or (0 if file else NOT_THERE),
    )


def _installed(
    package: NormalizedName, invocation: Invocation, policy: Policy, world: LiveWorld, as_of: datetime
) -> Answer:
    """Answer from what the environment holds."""
    held, lost = world.holds(package), unread(invocation, world.holds)
    if held is None:
        return Answer(package=package, version=None, required_by={}, file=None, unread=lost, exit_code=NOT_THERE)
    required_by = installed_requirements(invocation, world.holds)
    file, problem = None, f"no index offers {package} {held.stated_version}"
    try:
        file = _judged(package, held.version, invocation, policy, world, as_of)
    except SourceError as error:
        problem = error.message
    return Answer(
        package=package,
        version=str(held.stated_version),
        required_by=required_by,
        file=file,
        problem="" if file else problem,
        unread=lost,
    )


def _judged(  # noqa: PLR0917 - called in one place
    package: NormalizedName,
    version: Version,
    invocation: Invocation,
    policy: Policy,
    world: LiveWorld,
    as_of: datetime,
) -> ReportedFile | None:
    """Judge the file of this version that pip would take; ``None`` if there is none."""
    finder = CandidateFinder(world.index, invocation.selection)
    judge = pipeline.make_judge(invocation, policy, world, finder, as_of)
    files = finder.applicable(package, SpecifierSet(f"=={version}"), {})
    if not files:
        return None
    verdict = judge(files[0], None)
    if judge.asks(Price.METADATA) and not verdict.denied:
        with suppress(MetadataDynamicError):  # only a build could tell, and nothing is built to answer a question
            verdict = judge(files[0], None, world.index.metadata(UserHashes.none(invocation.selection).hold(files[0])))
    return report_file(verdict, policy)


def _write(answer: Answer, policy: Policy, arguments: Namespace) -> None:
    found = chains(answer.package, answer.required_by, most=CHAINS + 1)
    lines = [shown(line) for line in _lines(answer, found, policy)]
    data: dict[str, Any] = {
        "package": answer.package,
        "version": answer.version,
        "chains": [list(chain) for chain in found[:CHAINS]],
        "more": len(found) > CHAINS,
        "policy": policy.file,
        "file": plain(answer.file),
        "problem": answer.problem,
        "unread": list(answer.unread),
    }
    write(arguments, "".join(f"{line}\n" for line in lines), data)


def _lines(answer: Answer, found: Sequence[tuple[str, ...]], policy: Policy) -> Iterator[str]:
    if answer.version is None:
        yield f"{answer.package} is not there: nothing brings it in"
    else:
        yield f"{answer.package} {answer.version}"
        yield from (f"  you → {' → '.join(chain)}" for chain in found[:CHAINS])
        if len(found) > CHAINS:
            yield "  and more"
    if answer.file:
        yield f"the policy {policy.file} {_SAID[answer.file.level]} ({answer.file.filename})"
        if answer.file.built_by:
            yield f"  {'built by':<17} {answer.file.built_by}"
        for exception, findings in _by_exception(answer.file.findings):
            excepted = f" (excepted: {exception.reason})" if exception else ""
            for gist in gists(findings, excepted=exception is not None):
                first, *more = gist.lines
                yield f"  {gist.rule:<17} {first}{excepted}"
                yield from (f"  {'':<18}{line}" for line in (*more, decided(gist.findings)))
    if answer.problem:
        yield answer.problem
    for text in answer.unread:
        yield f"cannot be read: {text}"


def _by_exception(
    findings: Sequence[ReportedFinding],
) -> Iterator[tuple[ExceptionUsed | None, Sequence[ReportedFinding]]]:
    """Yield the findings that count, and those that each exception covers."""
    for exception in dict.fromkeys(finding.exception for finding in findings):
        yield exception, [finding for finding in findings if finding.exception == exception]
