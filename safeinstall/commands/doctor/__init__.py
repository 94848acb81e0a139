"""``safe-pip doctor``: look at everything an installation depends on, try the gate, and say what to do."""

from __future__ import annotations

from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING

from safeinstall.commands.doctor.advisories import check_advisories
from safeinstall.commands.doctor.builds import check_builds
from safeinstall.commands.doctor.clock import check_clock
from safeinstall.commands.doctor.directories import check_directories
from safeinstall.commands.doctor.indexes import check_indexes
from safeinstall.commands.doctor.interception import check_interception
from safeinstall.commands.doctor.log import check_log
from safeinstall.commands.doctor.names import check_names
from safeinstall.commands.doctor.patient import admit
from safeinstall.commands.doctor.policies import check_policy
from safeinstall.commands.doctor.recovery import check_recovery
from safeinstall.commands.doctor.result import Mark
from safeinstall.commands.doctor.selftest import check_self_test
from safeinstall.commands.doctor.target import check_environment, check_target
from safeinstall.commands.parsing import CommandParser
from safeinstall.commands.policy.output import write
from safeinstall.errors import EXIT_UNSOUND
from safeinstall.report.text import shown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from safeinstall.commands.doctor.patient import Patient
    from safeinstall.commands.doctor.result import Result

CHECKS: tuple[Callable[[Patient], Iterator[Result]], ...] = (
    check_target,
    check_environment,
    check_recovery,
    check_policy,
    check_indexes,
    check_clock,
    check_advisories,
    check_names,
    check_interception,
    check_directories,
    check_log,
    check_builds,
    check_self_test,
)
"""In this order: a later one may use what an earlier one found out."""
MARK, CHECK = 8, 13
"""Widths of the first two columns."""


def main(argv: Sequence[str], environ: Mapping[str, str], policy: str | None) -> int:
    """Run every check and return 0, or :data:`EXIT_UNSOUND` if there is a problem."""
    arguments = _parser().parse_args(argv)
    now = datetime.now(timezone.utc)
    with admit(environ, Path.cwd(), now, explicit=policy, python=arguments.python) as patient:
        results = [result for check in CHECKS for result in check(patient)]
    problems = sum(result.mark is Mark.PROBLEM for result in results)
    write(arguments, render_text(results, problems), {"problems": problems, "checks": list(map(as_data, results))})
    return EXIT_UNSOUND if problems else 0


def _parser() -> CommandParser:
    parser = CommandParser(
        prog="safe-pip doctor",
        description="Check target, policy, indexes, advisories, interception and directories, and try the gate on"
        f" two harmless packages. Exit {EXIT_UNSOUND}: there is a problem.",
    )
    parser.add_argument("--python", metavar="PY", help="an interpreter or environment (default: where pip would act)")
    parser.add_argument("--format", choices=("text", "json"), default="text", help="(default: %(default)s)")
    parser.add_argument("--output", metavar="FILE", type=Path, help="write there instead of to standard output")
    return parser


def render_text(results: Sequence[Result], problems: int) -> str:
    """Return one line for each result, a second one with what to do, and the verdict."""
    lines = [line for result in results for line in _lines(result)]
    if problems:
        lines.append(f"{problems} problem{'s' if problems > 1 else ''} found (exit {EXIT_UNSOUND})")
    else:
        lines.append("no problem found")
    return "".join(f"{line}\n" for line in lines)


def _lines(result: Result) -> Iterator[str]:
    yield f"{result.mark.value:<{MARK}} {result.check:<{CHECK}} {shown(result.text)}"
    if result.remedy:
        yield f"{'':<{MARK}} {'way out':<{CHECK}} {shown(result.remedy)}"


def as_data(result: Result) -> dict[str, str | None]:
    """Return *result* as JSON has it."""
    return {
        "check": result.check,
        "mark": result.mark.value,
        "text": result.text,
        "remedy": result.remedy or None,
    }
