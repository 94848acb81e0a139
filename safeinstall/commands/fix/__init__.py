"""``safe-pip fix``: the smallest change of a file's pins that the policy lets pass, as a diff or applied."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from safeinstall.commands.fix.subject import parse_subject, read_subject, replace_text
from safeinstall.commands.parsing import CommandParser
from safeinstall.commands.policy.output import write
from safeinstall.commands.target import fits_together, open_target
from safeinstall.errors import UnsatisfiableError
from safeinstall.repair.repair import Repair, Search
from safeinstall.report.fix import diff, fix_json, render_fix
from safeinstall.report.text import PREFIX, shown
from safeinstall.resolve.outcome import Fix, Move
from safeinstall.sources.policies.policy_files import load_policy

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from safeinstall.commands.fix.subject import Subject
    from safeinstall.policy.model import Policy

ROUNDS = 3
"""How often the extras and groups of a file are gone through until no change of one needs another."""


def main(argv: Sequence[str], environ: Mapping[str, str], policy: str | None) -> int:
    """Run the command and return its exit code."""
    arguments = _parser().parse_args(argv)
    settings = load_policy(policy, environ, Path.cwd())
    for note in settings.notes:
        _say(f"policy: {note}")
    subject = read_subject(arguments.file)
    fix = _Fixer(settings, environ, arguments.python)(subject)
    is_new = not fix.problem and fix.new != fix.old
    if arguments.apply and is_new:
        replace_text(Path(subject.path), fix.new)
    applied = arguments.apply and is_new
    write(arguments, diff(fix.path, fix.old, fix.new), fix_json(fix, settings, applied=applied))
    if arguments.format == "text":
        sys.stderr.write(render_fix(fix, settings, applied=applied, verbose=arguments.verbose))
    return fix.exit_code


def _parser() -> CommandParser:
    parser = CommandParser(
        prog="safe-pip fix",
        description="Print, as a diff, the smallest change of versions that the policy lets pass."
        " Exit 0: nothing to do, or done; 10: it cannot be fixed.",
    )
    parser.asks_indexes = True
    parser.add_argument("file", help="a requirements file, a pyproject.toml or a pylock.toml")
    parser.add_argument("--apply", action="store_true", help="write the change")
    parser.add_argument("--python", metavar="PY", help="an interpreter or environment (default: where pip would act)")
    parser.add_argument(
        "--format", choices=("text", "json"), default="text", help="text: the diff (default: %(default)s)"
    )
    parser.add_argument("--output", metavar="FILE", type=Path, help="write there instead of to standard output")
    parser.add_argument("-v", "--verbose", action="store_true", help="tell every finding on what cannot be fixed")
    return parser


def _say(text: str) -> None:
    sys.stderr.write(f"{PREFIX}{shown(text)}\n")


@dataclass(frozen=True, slots=True)
class _Fixer:
    policy: Policy
    environ: Mapping[str, str]
    python: str | None

    def __call__(self, subject: Subject) -> Fix:
        """Fix *subject* as a whole, else each extra and group by itself.

        Raises ``UnsatisfiableError`` where pip alone would fail too, and what the sources raise.
        """
        if not subject.entries:
            _say("nothing in it is pinned or capped")
        repair = self._search(subject)
        return self._apart(subject) if repair is None else _fix(subject, repair)

    def _search(self, subject: Subject) -> Repair | None:
        """Return ``None`` for a file whose parts cannot be installed together."""
        if subject.words == ("--",):
            return Repair()
        with open_target(subject.words, self.policy, self.environ, python=self.python, all_platforms=True) as target:
            if len(subject.parts) > 1 and not fits_together(target, self.policy):
                return None
            return Search(
                subject.entries,
                subject.origin,
                subject.told(target.invocation),
                self.policy,
                target.world,
                target.as_of,
                closed=subject.lock is not None,
            )()

    def _apart(self, subject: Subject) -> Fix:
        """Fix one part after the other, until a round changes nothing: what is common to several must suit all."""
        _say(f"{subject.path}: judged apart, since pip cannot install all of it together: {', '.join(subject.parts)}")
        moves: list[Move] = []
        text = subject.text
        for _ in range(ROUNDS):
            before = text
            for fix in self._round(subject, text):
                if fix.problem:
                    return fix
                text = fix.new
                moves += fix.moves
            if text == before:
                return Fix(path=subject.path, moves=tuple(moves), old=subject.text, new=text)
        raise UnsatisfiableError(
            f"{subject.path}: its extras and groups want different versions of what they have in common",
            hint="give each a requirement of its own",
        )

    def _round(self, subject: Subject, text: str) -> Iterator[Fix]:
        for number in range(len(subject.parts)):
            whole = parse_subject(subject.path, text)
            name = list(whole.parts)[number]
            try:
                fix = _fix(whole.part(name), self._search(whole.part(name)) or Repair(), name)
            except UnsatisfiableError as error:
                raise UnsatisfiableError(f"{name}: {error.message}", hint=error.hint) from error
            text = fix.new
            yield fix


def _fix(subject: Subject, repair: Repair, part: str = "") -> Fix:
    moves = (
        Move(name=name, old=repair.present[name], new=change.version, reason=repair.reasons.get(name), part=part)
        for name, change in repair.changes.items()
    )
    return Fix(
        path=subject.path,
        moves=tuple(moves),
        old=subject.text,
        new=subject.changed(repair.changes),
        refusal=repair.refusal,
        newest_passing=repair.newest_passing,
        problem=f"{part}: {repair.problem}" if part and repair.problem else repair.problem,
    )
