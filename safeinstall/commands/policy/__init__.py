"""``safe-pip policy``: write, check, show, explain, test and compare policies."""

from __future__ import annotations

from argparse import SUPPRESS
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from safeinstall.commands.parsing import CommandParser, at_least_one
from safeinstall.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


@dataclass(frozen=True, slots=True)
class Place:
    """Where a command runs."""

    environ: Mapping[str, str]
    cwd: Path
    policy: str | None
    """The value of ``--policy``."""


def main(argv: Sequence[str], environ: Mapping[str, str], policy: str | None) -> int:
    """Run one of the commands and return its exit code."""
    arguments = _parser().parse_args(argv)
    try:
        place = Place(environ, Path.cwd(), policy)
    except FileNotFoundError:
        raise UsageError("the current directory does not exist any more", hint="change to one that does") from None
    command = import_module(f"safeinstall.commands.policy.{arguments.command}")
    return int(command.run(arguments, place))


def _parser() -> CommandParser:
    common = CommandParser(add_help=False)
    common.add_argument("--format", choices=("text", "json"), default="text", help="(default: %(default)s)")
    common.add_argument("--output", metavar="FILE", type=Path, help="write there instead of to standard output")
    parser = CommandParser(
        prog="safe-pip policy",
        description="What may be installed: write, check, show, explain, test and compare policies."
        " --policy FILE, before or after the command, names the policy that is meant.",
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND", dest="command")

    init = commands.add_parser("init", help="write a first policy for a project")
    init.add_argument("file", nargs="*", help=SUPPRESS)
    init.add_argument("--preset", default="baseline", help="what it extends (default: %(default)s)")
    init.add_argument(
        "--from", dest="sources", action="append", default=[], metavar="FILE", type=Path,
        help="a requirements file or a pylock.toml: allow what it names, and pin its hashes (repeatable)",
    )  # fmt: skip
    init.add_argument(
        "--output",
        metavar="FILE",
        type=Path,
        default=Path("safe-pip.toml"),
        help="where to write it (default: %(default)s)",
    )
    init.add_argument("--force", action="store_true", help="overwrite the file if there is one")

    check = commands.add_parser("check", parents=[common], help="every error and doubt at once, with its line")
    check.add_argument("file", nargs="*", help="policy files (default: those that apply here)")
    check.add_argument("--strict", action="store_true", help="doubts are errors, too")
    check.add_argument(
        "--online", action="store_true", help="ask the indexes whether entries of publishers still name anybody"
    )
    check.add_argument(
        "--against", dest="sources", action="append", default=[], metavar="FILE", type=Path,
        help="a requirements file or a pylock.toml: point out what selects none of its packages (repeatable)",
    )  # fmt: skip

    show = commands.add_parser(
        "show", parents=[common], help="the policy that applies here, each value with its origin"
    )
    show.instead = "--policy {}"

    explain = commands.add_parser("explain", parents=[common], help="a rule, or what is said of a package now")
    explain.add_argument(
        "subject", metavar="RULE|PACKAGE", help="the id of a rule, else a requirement such as django>=5"
    )
    explain.add_argument("--package", action="store_true", help="take it for a package, though a rule is called so")
    explain.add_argument(
        "--files", type=at_least_one, default=5, metavar="N", help="of a package (default: %(default)s)"
    )

    test = commands.add_parser("test", parents=[common], help="judge made-up files and compare with what is expected")
    test.add_argument("cases", nargs="+", help="TOML files of [[cases]]")

    allow = commands.add_parser("allow", help="add an exception to a policy file")
    allow.add_argument("package", help="a name, with a specifier if it should not cover every version")
    allow.add_argument(
        "--rule", dest="rules", action="append", required=True, metavar="RULE", help="what it may break (repeatable)"
    )
    allow.add_argument("--reason", required=True, metavar="TEXT", help="why; it is shown in every report")
    allow.add_argument("--expires", required=True, metavar="DATE|DURATION", help="2027-01-31, or 30d from today")
    allow.add_argument(
        "--advisory",
        dest="advisories",
        action="append",
        default=[],
        metavar="ID",
        help="only for this one (repeatable)",
    )
    allow.add_argument(
        "--hash",
        dest="hashes",
        action="append",
        default=[],
        metavar="sha256:HEX",
        help="only for this file (repeatable)",
    )
    allow.add_argument("--approved-by", metavar="WHO", help="who answers for it")

    publishers = commands.add_parser(
        "publishers", parents=[common], help="propose who alone may have attested what is asked for, as a diff"
    )
    publishers.add_argument(
        "names", nargs="*", metavar="NAME|FILE", help="packages, or a lock (default: what is installed)"
    )
    publishers.add_argument(
        "-r", "--requirement", dest="requirements", action="append", default=[], metavar="FILE",
        help="a requirements file or a lock (repeatable)",
    )  # fmt: skip
    publishers.add_argument("--apply", action="store_true", help="write the change")
    publishers.add_argument("--claimed", action="store_true", help="believe what the index says, without proof")
    publishers.add_argument(
        "--python", metavar="PY", help="an interpreter or environment (default: where pip would act)"
    )

    trust = commands.add_parser("trust", parents=[common], help="let the project's policy loosen the defaults")
    trust.add_argument("--forget", action="store_true", help="take the trust back")

    diff = commands.add_parser("diff", parents=[common], help="what changed, and whether more passes")
    diff.add_argument("old", help="a policy file or a preset")
    diff.add_argument("new", help="another")
    diff.add_argument("--fail-if-loosened", action="store_true", help="exit 1 if something may pass that did not")

    commands.add_parser("schema", parents=[common], help="the JSON Schema of policy files, for editors")
    return parser
