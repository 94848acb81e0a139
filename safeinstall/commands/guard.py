"""``safe-pip guard``: puts pip behind the gate where people and programs start it by its own name."""

from __future__ import annotations

import sys
from difflib import unified_diff
from pathlib import Path
from typing import TYPE_CHECKING

from safeinstall.commands.parsing import CommandParser
from safeinstall.commands.policy.output import write
from safeinstall.errors import EXIT_UNSOUND, UsageError
from safeinstall.guard.environment import check_own_interpreter, find_environment
from safeinstall.guard.installation import Step, install, plan_install, plan_removal, remove
from safeinstall.guard.proof import Outcome, examine
from safeinstall.guard.record import Record, read_record, read_records
from safeinstall.guard.scopes import SYSTEM, USER, Scope, edits_for, environment_scope, parse_shells
from safeinstall.report.text import shown

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Iterator, Mapping, Sequence

    from safeinstall.guard.content import Content

WHY = {
    "file": "starts safe-pip; what was there is kept",
    "block": "puts the folder with the guarded pip first on PATH",
    "wall": "stops a pip that is not started by safe-pip",
}


def main(argv: Sequence[str], environ: Mapping[str, str], _policy: str | None) -> int:
    """Run one of the commands and return its exit code."""
    arguments = _parser().parse_args(argv)
    return int(arguments.answer(arguments, environ))


def _parser() -> CommandParser:
    scope = CommandParser(add_help=False)
    one = scope.add_mutually_exclusive_group()
    one.add_argument("--python", metavar="PLACE", help="this environment or interpreter (default: the active one)")
    one.add_argument("--user", action="store_const", dest="scope", const=USER, help="your shells and your pip settings")
    one.add_argument("--system", action="store_const", dest="scope", const=SYSTEM, help="pip's settings of the system")
    writes = CommandParser(add_help=False)
    writes.add_argument("--dry-run", action="store_true", help="show what would be written, and write nothing")
    writes.add_argument("--force", action="store_true", help="also where files of the guard were edited since")
    parser = CommandParser(
        prog="safe-pip guard", description="Put pip, pip3 and python -m pip behind the gate. Exit codes: see README."
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    first = commands.add_parser("install", parents=[scope, writes], help="guard; once more does no harm")
    first.add_argument("--shells", metavar="A,B", help="with --user: bash, zsh, fish, pwsh (default: those on PATH)")
    first.set_defaults(answer=_install)
    last = commands.add_parser("remove", parents=[scope, writes], help="put everything back as it was")
    last.set_defaults(answer=_remove)
    status = commands.add_parser(
        "status", parents=[scope], help=f"try whether it holds; exit code {EXIT_UNSOUND} if not"
    )
    status.add_argument("--format", choices=("text", "json"), default="text")
    status.add_argument("--output", metavar="FILE", type=Path, help="write there instead of to standard output")
    status.set_defaults(answer=_status)
    return parser


def _scope(arguments: Namespace, environ: Mapping[str, str]) -> Scope:
    chosen: Scope | None = arguments.scope
    if chosen is not None:
        return chosen
    try:
        environment = find_environment(arguments.python, environ)
    except UsageError:
        if gone := [r.scope for r in read_records(environ) if _is_named(r.scope, arguments.python)]:
            return gone[0]
        raise
    return environment_scope(environment.python, environment.prefix)


def _is_named(scope: Scope, wanted: str | None) -> bool:
    """Whether *wanted* names an environment that was guarded and may be gone."""
    return bool(wanted) and str(Path(str(wanted)).absolute()) in {scope.name, scope.python}


def _print(line: str) -> None:
    sys.stdout.write(f"{line}\n")


# install and remove


def _install(arguments: Namespace, environ: Mapping[str, str]) -> int:
    scope = _scope(arguments, environ)
    if arguments.shells is not None and scope != USER:
        raise UsageError("--shells goes with --user alone")
    check_own_interpreter()
    shells = None if arguments.shells is None else parse_shells(arguments.shells)
    known = read_record(scope, environ)
    steps = plan_install(scope, edits_for(scope, environ, shells), known, force=arguments.force)
    _tell(steps, dry_run=arguments.dry_run)
    if arguments.dry_run:
        return 0
    install(scope, steps, known, environ)
    _print(f"{shown(scope.name)} is guarded; to see that it is: safe-pip guard status {shown(scope.option)}")
    if scope == USER:
        _print("a shell that is open already has to be opened anew")
    return 0


def _remove(arguments: Namespace, environ: Mapping[str, str]) -> int:
    scope = _scope(arguments, environ)
    record = read_record(scope, environ)
    if record is None:
        raise UsageError(f"nothing is recorded of a guard of {scope.name}", hint="safe-pip guard status lists what is")
    steps = plan_removal(record, force=arguments.force)
    _tell(steps, dry_run=arguments.dry_run)
    if not arguments.dry_run:
        remove(record, steps, environ)
        _print(f"{shown(scope.name)} is no longer guarded")
    return 0


def _tell(steps: Sequence[Step], *, dry_run: bool) -> None:
    """Say what is written, and why, before it is written."""
    for step in steps:
        verb = _verb(step, would=dry_run)
        note = f" ({step.note})" if step.note else ""
        why = f": {WHY[step.change.edit.how]}" if step.then == step.change.after and step.now != step.then else ""
        _print(shown(f"{verb} {step.path}{why}{note}"))
        for line in _difference(step) if step.change.edit.how != "file" else ():
            _print(f"    {shown(line)}")
    sys.stdout.flush()


def _verb(step: Step, *, would: bool) -> str:
    if step.now == step.then:
        return "as it is:"
    if step.then is None:
        return "would delete" if would else "deletes"
    if step.then == step.change.before:
        return "would put back" if would else "puts back"
    if step.now is None:
        return "would create" if would else "creates"
    return "would change" if would else "changes"


def _difference(step: Step) -> Iterator[str]:
    """Yield the lines that go and come."""
    for line in list(unified_diff(_lines(step.now), _lines(step.then), n=0, lineterm=""))[2:]:
        if not line.startswith("@@"):
            yield line


def _lines(content: Content | None) -> list[str]:
    return content.text.splitlines() if content else []


# status


def _status(arguments: Namespace, environ: Mapping[str, str]) -> int:
    records = _records(arguments, environ)
    guards = [(record, list(examine(record, environ))) for record in records]
    rows = [
        {
            "scope": record.scope.kind,
            "name": record.scope.name,
            "holds": all(outcome.holds for outcome in outcomes),
            "tried": [{"what": o.name, "holds": o.holds, "how": o.how} for o in outcomes],
        }
        for record, outcomes in guards
    ]
    lines = [line for guard in guards for line in _status_lines(*guard)]
    text = "\n".join(map(shown, lines or ["nothing is guarded; safe-pip guard install --help"])) + "\n"
    write(arguments, text, rows)
    return 0 if rows and all(row["holds"] for row in rows) else EXIT_UNSOUND


def _records(arguments: Namespace, environ: Mapping[str, str]) -> list[Record]:
    if not arguments.scope and not arguments.python and "PIP_PYTHON" not in environ:
        return read_records(environ)
    scope = _scope(arguments, environ)
    return [read_record(scope, environ) or Record(scope, ())]


def _status_lines(record: Record, outcomes: Sequence[Outcome]) -> Iterator[str]:
    holds = all(outcome.holds for outcome in outcomes)
    yield f"{record.scope.name}: {'guarded' if holds else 'NOT guarded as it should be'}"
    for outcome in outcomes:
        yield f"  {'ok' if outcome.holds else 'NO':<4}{outcome.name}: {outcome.how}"
    if not holds:
        yield f"  way out: safe-pip guard install {record.scope.option} puts back what is missing"
