"""``safe-pip inspect NAME==VERSION|FILE``: who built a release, from which commit, and what is in it alone."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from safeinstall.commands.inspect.inspector import Inspector
from safeinstall.commands.inspect.subject import read_subject
from safeinstall.commands.parsing import CommandParser
from safeinstall.commands.policy.output import write
from safeinstall.commands.target import open_target
from safeinstall.report.inspection.json import inspection_json
from safeinstall.report.inspection.text import render_inspection
from safeinstall.report.text import PREFIX, shown
from safeinstall.sources.policies.policy_files import load_policy

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

NOTHING = ("--no-deps", "pip")
"""Requirements for a pip that is only asked how it would look for files."""


def main(argv: Sequence[str], environ: Mapping[str, str], policy: str | None) -> int:
    """Print where a release comes from; exit 10 if what is attested does not hold, 11 if it could not be had."""
    arguments = _parser().parse_args(argv)
    subject = read_subject(arguments.subject)
    settings = load_policy(policy, environ, Path.cwd())
    for note in settings.notes:
        sys.stderr.write(f"{PREFIX}policy: {shown(note)}\n")
    with open_target(NOTHING, settings, environ, python=arguments.python) as target:
        inspection = Inspector(target.unbound())(subject)
    write(arguments, render_inspection(inspection), inspection_json(inspection))
    return inspection.exit_code


def _parser() -> CommandParser:
    parser = CommandParser(
        prog="safe-pip inspect",
        description="Tell of a release who built its wheel for this target and its source distribution, from which"
        " commit and by which run, and what of that is proved; compare the wheel with the source distribution, and that"
        " with the commit. Nothing of it is run, imported, built or installed. Exit 0: told, whatever it is; 10: what"
        " is attested does not hold, a file is not what its index promised, or the index has another of its name; 11:"
        " what is attested could not be had or proved. Without a release or file, and with --local, --user or --path,"
        " it is pip's own inspect, of the environment.",
    )
    parser.asks_indexes = True
    parser.add_argument("subject", metavar="NAME==VERSION|FILE", help="a release, or a wheel or source distribution")
    parser.add_argument("--python", metavar="PY", help="an interpreter or environment (default: where pip would act)")
    parser.add_argument("--format", choices=("text", "json"), default="text", help="(default: %(default)s)")
    parser.add_argument("--json", dest="format", action="store_const", const="json", help="the same as --format json")
    parser.add_argument("--output", metavar="FILE", type=Path, help="write there instead of to standard output")
    return parser
