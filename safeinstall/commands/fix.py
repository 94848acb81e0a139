"""``safe-pip fix``: the smallest change of a file's pins that the policy lets pass, as a diff or applied."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from contextlib import suppress
from dataclasses import dataclass, replace
from difflib import unified_diff
from pathlib import Path
from typing import TYPE_CHECKING

from safeinstall.commands.parsing import CommandParser
from safeinstall.commands.target import open_target
from safeinstall.edit.entries import edit
from safeinstall.edit.lock import LockText, edit_lock, read_lock
from safeinstall.edit.pyproject import read_pyproject, read_requirement_texts
from safeinstall.edit.requirements import read_requirements
from safeinstall.errors import UsageError
from safeinstall.repair import Repair, Search
from safeinstall.report.text import PREFIX, render_refused, shown
from safeinstall.sources.policy_files import load_policy

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from packaging.utils import NormalizedName

    from safeinstall.edit.entries import Change, Entry
    from safeinstall.invocation import Invocation
    from safeinstall.policy.model import Policy


@dataclass(frozen=True, slots=True)
class Subject:
    """The file to be fixed, read."""

    path: str
    text: str
    entries: Sequence[Entry]
    words: Sequence[str]
    """What pip is given to hear of the same requirements."""
    origin: str
    """How pip then names where they stand."""
    lock: LockText | None = None

    def changed(self, changes: Mapping[NormalizedName, Change]) -> str:
        """Return the text with *changes*. Raises :class:`UsageError` for a lock that cannot be changed safely."""
        if self.lock is None:
            return edit(self.text, self.entries, changes)
        try:
            return edit_lock(self.text, self.entries, changes)
        except ValueError as error:
            raise UsageError(f"cannot change {self.path}: {error}") from None

    def told(self, invocation: Invocation) -> Invocation:
        """Return *invocation* with the hashes that a lock holds its packages to."""
        known = self.lock.hashes if self.lock else {}
        roots = [
            replace(root, hashes=known[root.name]) if root.name is not None and root.name in known else root
            for root in invocation.roots
        ]
        return replace(invocation, roots=tuple(roots))


def main(argv: Sequence[str], environ: Mapping[str, str], policy: str | None) -> int:
    """Run the command and return its exit code."""
    arguments = _parser().parse_args(argv)
    settings = load_policy(policy, environ, Path.cwd())
    for note in settings.notes:
        _say(f"policy: {note}")
    subject = read_subject(arguments.file)
    repair = _search(subject, settings, environ, arguments.python)
    if repair.problem and repair.refusal:
        return _give_up(repair, repair.refusal.exit_code, subject, settings)
    changed = subject.changed(repair.changes)
    sys.stdout.write(diff(subject.path, subject.text, changed))
    sys.stdout.flush()
    if arguments.apply and changed != subject.text:
        replace_text(Path(subject.path), changed)
    _tell(repair, subject, applied=arguments.apply)
    return 0


def _parser() -> CommandParser:
    parser = CommandParser(
        prog="safe-pip fix",
        description="Print, as a diff, the smallest change of versions that the policy lets pass."
        " Exit 0: nothing to do, or done; 10: it cannot be fixed.",
    )
    parser.add_argument("file", help="a requirements file, a pyproject.toml or a pylock.toml")
    parser.add_argument("--apply", action="store_true", help="write the change")
    parser.add_argument("--python", metavar="PY", help="an interpreter or environment (default: where pip would act)")
    return parser


def _say(text: str) -> None:
    sys.stderr.write(f"{PREFIX}{shown(text)}\n")


def read_subject(path: str) -> Subject:
    """Read the file at *path*. Raises :class:`UsageError`."""
    try:
        text = Path(path).read_bytes().decode()
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise UsageError(f"cannot read {path}: not UTF-8") from None
    if not path.endswith(".toml"):
        return Subject(path, text, read_requirements(text), ("-r", path), f"-r {path} (")
    try:
        if Path(path).name == "pyproject.toml":
            return Subject(path, text, read_pyproject(text), ("--", *read_requirement_texts(text)), "")
        lock = read_lock(text)
        return Subject(path, text, lock.entries, ("--", *lock.words), "", lock)
    except (ValueError, TypeError, RecursionError) as error:
        raise UsageError(f"cannot read {path}: {error}") from None


def _search(subject: Subject, policy: Policy, environ: Mapping[str, str], python: str | None) -> Repair:
    if not subject.entries:
        _say("nothing in it is pinned or capped")
    if subject.words == ("--",):
        return Repair()
    with open_target(subject.words, policy, environ, python=python, all_platforms=True) as target:
        return Search(
            subject.entries,
            subject.origin,
            subject.told(target.invocation),
            policy,
            target.world,
            target.as_of,
            closed=subject.lock is not None,
        )()


def diff(path: str, old: str, new: str) -> str:
    """Return a unified diff that ``patch`` and ``git apply`` take; empty for no difference."""
    name = path.lstrip("/")
    lines = unified_diff(_lines(old), _lines(new), f"a/{name}", f"b/{name}")
    return "".join(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines)


def _lines(text: str) -> list[str]:
    return [line + "\n" for line in text.split("\n")[:-1]] + [last for last in text.split("\n")[-1:] if last]


def _tell(repair: Repair, subject: Subject, *, applied: bool) -> None:
    for name, change in repair.changes.items():
        _say(f"{name} {repair.present[name]} → {change.version}: {_reason(repair, name)}")
    if not repair.changes:
        _say(f"{subject.path}: nothing to do")
        return
    word = "written" if applied else "not written (--apply writes it)"
    _say(f"{subject.path}: {len(repair.changes)} changed, {word}; what it asks for then passes the policy")


def _reason(repair: Repair, name: NormalizedName) -> str:
    verdict = repair.reasons.get(name)
    return f"{verdict.denials[0].rule}: {verdict.denials[0].message}" if verdict else "so that the others fit"


def _give_up(repair: Repair, exit_code: int, subject: Subject, policy: Policy) -> int:
    if repair.refusal:
        sys.stderr.write("\n".join(render_refused(repair.refusal, policy, repair.newest_passing)) + "\n")
    for line in repair.problem.splitlines():
        _say(line)
    _say(f"{subject.path} cannot be fixed; nothing was changed (exit {exit_code})")
    return exit_code


def replace_text(path: Path, text: str) -> None:
    """Put *text* in the place of the file at *path*: whole or not at all. Raises :class:`UsageError`."""
    path = path.resolve()
    try:
        number, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        try:
            with os.fdopen(number, "wb") as file:
                file.write(text.encode())
            shutil.copymode(path, name)
            Path(name).replace(path)
        finally:
            with suppress(FileNotFoundError):
                Path(name).unlink()
    except OSError as error:
        raise UsageError(f"cannot write {path}: {error.strerror}", hint="nothing was changed") from error
