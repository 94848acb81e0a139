"""``safe-pip recover``: undo what installations that were killed have left half there."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from safeinstall.commands.parsing import CommandParser
from safeinstall.errors import EXIT_PIP_ERROR
from safeinstall.report.aftermath import render_left
from safeinstall.report.text import shown
from safeinstall.sources.undoing.recovery import anywhere, find_left, recover

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from safeinstall.resolve.outcome import Left


def main(argv: Sequence[str], environ: Mapping[str, str], _policy: str | None) -> int:
    """Recover every environment; return 0 unless something stays half there."""
    arguments = _parser().parse_args(argv)
    if arguments.dry_run:
        left = list(find_left(environ, anywhere))
    else:
        left = list(recover(environ, anywhere, careful=False, keep=arguments.keep))
    for each in left:
        for line in render_left(each, kept=arguments.keep and not arguments.dry_run):
            sys.stdout.write(f"{shown(line)}\n")
        for line in _reach(each, named=arguments.dry_run):
            sys.stdout.write(f"{shown(line)}\n")
    if not left:
        sys.stdout.write("nothing was left half there\n")
    done = arguments.keep or all(each.aftermath.undone for each in left)
    return 0 if done or arguments.dry_run else EXIT_PIP_ERROR


def _reach(left: Left, *, named: bool) -> list[str]:
    """Return on what it is about; each path, if they are to be *named*."""
    if not left.paths:
        return []
    told = f"{len(left.paths)} path{'s' if len(left.paths) > 1 else ''} below {', '.join(left.roots)}"
    return [told, *(f"  {path}" for path in left.paths if named)]


def _parser() -> CommandParser:
    parser = CommandParser(
        prog="safe-pip recover",
        description="Undo what an installation that was killed has left half there, so that the environment is as"
        f" before. Exit {EXIT_PIP_ERROR}: something could not be undone.",
    )
    parser.add_argument("--keep", action="store_true", help="leave the environments as they are, and forget about it")
    parser.add_argument("--dry-run", action="store_true", help="tell what was left half there, and change nothing")
    return parser
