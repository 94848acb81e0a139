"""``safe-pip advisories``: the records of known vulnerabilities and malware on this machine.

Every answer is a list of rows: ``--format json`` prints each as one line, ``text`` says the same to a person.
"""

from __future__ import annotations

import json
import sys
import time
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from safeinstall.commands.advisories.place import Place
from safeinstall.commands.advisories.show import record_row, record_text
from safeinstall.commands.advisories.status import status_rows, status_text
from safeinstall.commands.parsing import CommandParser
from safeinstall.commands.pins import Pin, read_pins
from safeinstall.errors import EXIT_EVIDENCE, EXIT_PIP_ERROR, UsageError
from safeinstall.facts.advisories import matching
from safeinstall.facts.values import Missing
from safeinstall.report.text import shown
from safeinstall.sources.advisories.osv_dump import DumpReader
from safeinstall.sources.network.http import HttpClient
from safeinstall.sources.network.progress import progress_line
from safeinstall.sources.pip.configuration import pip_http_settings
from safeinstall.sources.policies.policy_files import load_policy

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Iterable, Mapping, Sequence

Row: TypeAlias = "dict[str, Any]"


def main(argv: Sequence[str], environ: Mapping[str, str], policy: str | None) -> int:
    """Run one of the commands and return its exit code."""
    arguments = _parser().parse_args(argv)
    settings = load_policy(policy, environ, Path.cwd())
    rows, exit_code = arguments.answer(arguments, Place.of(settings, environ))
    _write(rows, arguments)
    return int(exit_code)


def _parser() -> CommandParser:
    common = CommandParser(add_help=False)
    common.add_argument("--format", choices=("text", "json"), default="text", help="json: one object on each line")
    common.add_argument("--output", metavar="FILE", type=Path, help="write there instead of to standard output")
    parser = CommandParser(
        prog="safe-pip advisories", description="Known vulnerabilities and malware, from the sources the policy names."
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    sync = commands.add_parser("sync", parents=[common], help="bring them up to date now")
    sync.add_argument(
        "--force", action="store_true", help="read everything anew, even if there is less of it than before, or older"
    )
    sync.set_defaults(answer=_sync, text=_synced_text)

    status = commands.add_parser("status", parents=[common], help="how old they are, how many, and where from")
    status.set_defaults(answer=lambda _, place: status_rows(place), text=status_text)

    show = commands.add_parser("show", parents=[common], help="one advisory, with all its aliases")
    show.add_argument("id", metavar="ID", help="of any database: PYSEC-…, GHSA-…, CVE-…, MAL-…")
    show.set_defaults(answer=_show, text=record_text)

    match = commands.add_parser("match", parents=[common], help="which of them affect a package at a version")
    match.add_argument("pins", metavar="NAME==VERSION", nargs="+", help="or - to read such lines from standard input")
    match.set_defaults(answer=_match, text=_match_text)
    return parser


def _write(rows: Iterable[Row], arguments: Namespace) -> None:
    lines = map(json.dumps if arguments.format == "json" else arguments.text, rows)
    text = "".join(f"{line}\n" for line in lines)
    if arguments.output is None:
        sys.stdout.write(text)
        sys.stdout.flush()
        return
    try:
        arguments.output.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UsageError(f"cannot write {arguments.output}: {error.strerror}", hint="name another --output") from error


def _say(text: str) -> None:
    sys.stderr.write(f"safe-pip: {shown(text)}\n")


# sync


def _sync(arguments: Namespace, place: Place) -> tuple[list[Row], int]:
    since = time.time()
    with ExitStack() as stack:
        client = stack.enter_context(HttpClient(pip_http_settings(place.environ)))
        progress = stack.enter_context(progress_line("safe-pip: advisories: "))
        reader = DumpReader(client=client, progress=progress)
        synced = replace(place.syncer, reader=reader).sync(since=since, force=arguments.force)
    failures = [s.failure for s in synced if s.failure]
    rows = [{"source": s.source, "done": s.done or None, "problem": s.failure and s.failure.message} for s in synced]
    for failure in failures:
        _say(failure.message)
        _say(f"way out: {failure.hint or 'try again'}; what was here before stays in use")
    return rows, EXIT_EVIDENCE if failures else 0


def _synced_text(row: Row) -> str:
    return shown(f"{row['source']}: {row['done'] or 'not synced'}")


# show


def _show(arguments: Namespace, place: Place) -> tuple[list[Row], int]:
    with place.open() as database:
        rows = [record_row(record) for record in database.records(arguments.id)]
    if not rows:
        _say(f"no record here is called {arguments.id}")
    return rows, 0 if rows else EXIT_PIP_ERROR


# match


def _match(arguments: Namespace, place: Place) -> tuple[list[Row], int]:
    pins = [pin for number, argument in enumerate(arguments.pins, 1) for pin in _pins(argument, number)]
    rows, exit_code = [], 0
    with place.open() as database:
        for package, version in pins:
            found = database.advisories(package)
            if isinstance(found, Missing):
                _say(f"{package}=={version} is left out: {found.reason}")
                exit_code = EXIT_EVIDENCE
            else:
                rows.append({"package": package, "version": version, "advisories": list(matching(found, version))})
    return rows, exit_code


def _pins(argument: str, number: int) -> list[Pin]:
    if argument != "-":
        return list(read_pins([argument], "argument", first=number))
    text = sys.stdin.buffer.read().decode("utf-8-sig", "surrogateescape")
    return list(read_pins(text.split("\n"), "standard input, line"))


def _match_text(row: Row) -> str:
    return shown(f"{row['package']}=={row['version']}: {', '.join(row['advisories']) or 'none'}")
