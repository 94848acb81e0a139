"""``safe-pip outdated``: the newest versions, the newest that pass the policy, and from when on the others will."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from safeinstall.commands.asked import Asked, asked_of, held_of
from safeinstall.commands.fix.subject import read_whole_subject
from safeinstall.commands.outdated.surveyor import Surveyor
from safeinstall.commands.outdated.table import remarks_on, survey_json, table
from safeinstall.commands.parsing import CommandParser, check_is_there
from safeinstall.commands.policy.output import write
from safeinstall.commands.target import NOTHING, open_target
from safeinstall.report.text import PREFIX, shown
from safeinstall.sources.pip.environment import list_environment
from safeinstall.sources.policies.policy_files import load_policy

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Mapping, Sequence

    from safeinstall.policy.model import Policy
    from safeinstall.resolve.outcome import Survey


def main(argv: Sequence[str], environ: Mapping[str, str], policy: str | None) -> int:
    """Print what is outdated; exit 0 whatever that is, and 11 where an index does not answer."""
    arguments = _parser().parse_args(argv)
    settings = load_policy(policy, environ, Path.cwd())
    notes = [f"policy: {note}" for note in settings.notes]
    survey = _of_files(arguments, settings, environ) if arguments.files else _of_target(arguments, settings, environ)
    write(arguments, table(survey, every=arguments.all), survey_json(survey, settings))
    for line in (*notes, *remarks_on(survey, settings)):
        sys.stderr.write(f"{PREFIX}{shown(line)}\n")
    return survey.exit_code


def _parser() -> CommandParser:
    parser = CommandParser(
        prog="safe-pip outdated",
        description="List of an environment (default) or of requirements the newest versions, the newest that the"
        " policy lets pass, what holds the others back, and from when on they pass. Nothing is installed, resolved or"
        " built. Exit 0, whatever is outdated; 11: an index did not answer.",
    )
    parser.instead = "-r {}"
    parser.asks_indexes = True
    parser.add_argument(
        "-r", "--requirement", dest="files", action="append", default=[], metavar="FILE",
        help="a requirements file, a lock or a pyproject.toml, instead of an environment (repeatable)",
    )  # fmt: skip
    parser.add_argument("--all", action="store_true", help="list what is up to date, too")
    parser.add_argument("--pre", action="store_true", help="take pre-releases like final versions")
    parser.add_argument("--python", metavar="PY", help="an interpreter or environment (default: where pip would act)")
    parser.add_argument("--format", choices=("text", "json"), default="text", help="(default: %(default)s)")
    parser.add_argument("--output", metavar="FILE", type=Path, help="write there instead of to standard output")
    return parser


def _of_files(arguments: Namespace, policy: Policy, environ: Mapping[str, str]) -> Survey:
    words: list[str] = []
    texts: list[str] = []
    for file in arguments.files:
        check_is_there(file)
        if Path(file).name == "pyproject.toml":
            texts += read_whole_subject(file).words[1:]
        else:
            words += ["-r", file]
    subject = ", ".join(arguments.files)
    if not words and not texts:
        return Surveyor.empty(subject)
    options = _options(arguments)
    with open_target([*options, *words, "--", *texts], policy, environ, python=arguments.python) as target:
        return Surveyor.over(target.unbound(), policy)(asked_of(target.invocation), subject, is_asked=True)


def _of_target(arguments: Namespace, policy: Policy, environ: Mapping[str, str]) -> Survey:
    words = [*_options(arguments), *NOTHING]
    with open_target(words, policy, environ, python=arguments.python, installed=True) as target:
        invocation = target.invocation
        held = list_environment(invocation.python, environ, invocation.installed)
        asked: list[Asked] = list(map(held_of, held.packages))
        return Surveyor.over(target, policy)(asked, invocation.prefix, is_asked=False, unread=held.problems)


def _options(arguments: Namespace) -> tuple[str, ...]:
    return ("--pre",) if arguments.pre else ()
