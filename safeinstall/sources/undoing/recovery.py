"""Installations that were killed: found by the journals that nobody is at work with, and undone, or let be."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from safeinstall.errors import JournalError
from safeinstall.resolve.outcome import Aftermath, Left
from safeinstall.sources.undoing.completeness import sort_out
from safeinstall.sources.undoing.journals import abandoned_journals
from safeinstall.sources.undoing.undo import let_go, undo

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from safeinstall.sources.undoing.journals import Installation, Journal

SLACK = 60
"""Seconds after the last record in which pip may still have changed something."""


def anywhere(_told: Installation) -> bool:
    """Whether an installation was into any environment."""
    return True


def into(prefix: str) -> Callable[[Installation], bool]:
    """Return what tells whether an installation was into the environment *prefix*."""
    return lambda told: told.prefix == prefix


def by(python: str) -> Callable[[Installation], bool]:
    """Return what tells whether an installation was into the environment of the interpreter *python*."""
    return lambda told: Path(told.python).parent == Path(python).parent


def find_left(environ: Mapping[str, str], wanted: Callable[[Installation], bool]) -> Iterator[Left]:
    """Yield what was left half there. Changes nothing but that it forgets those of which nothing is half there."""
    half = _half(environ, wanted)
    return (_left(journal, told) for journal, told in half if not isinstance(told, JournalError))


def recover(
    environ: Mapping[str, str], wanted: Callable[[Installation], bool], *, careful: bool, keep: bool = False
) -> Iterator[Left]:
    """Undo what was left half there, and yield how that went; with *keep*, leave it as it is.

    One where something was changed later is not undone if *careful*. A journal that cannot be read is yielded too,
    and forgotten with *keep*.
    """
    for journal, told in _half(environ, wanted):
        if isinstance(told, JournalError):
            if keep:
                journal.remove()
            yield Left(aftermath=Aftermath(problem=told.message))
            continue
        left = _left(journal, told)
        if keep:
            let_go(journal, told)
            yield left
        elif careful and left.changed:
            yield left
        else:
            yield replace(left, aftermath=_undone(journal, told, left.aftermath))


def _undone(journal: Journal, told: Installation, half: Aftermath) -> Aftermath:
    try:
        undo(journal, told)
    except JournalError as error:
        return replace(half, problem=error.message, recoverable=told.watched)
    return Aftermath(undone=True)


def _half(
    environ: Mapping[str, str], wanted: Callable[[Installation], bool]
) -> Iterator[tuple[Journal, Installation | JournalError]]:
    """Yield the journals of what was left half there, with what they say or why they cannot be read."""
    for journal in abandoned_journals(environ):
        try:
            told = journal.read()
        except JournalError as error:
            yield journal, error
            continue
        if not wanted(told):
            continue
        if not told.is_half:
            let_go(journal, told)
        elif not told.watched and not sort_out(told.planned, told.sites)[1]:
            journal.remove()  # repaired by now
        else:
            yield journal, told


def _left(journal: Journal, told: Installation) -> Left:
    complete, half = sort_out(told.planned, told.sites)
    problem = "" if told.watched else "the target's Python is older than 3.8"
    return Left(
        prefix=told.prefix,
        began=told.began,
        changed=_changed_later(journal, told),
        aftermath=Aftermath(complete=complete, half=half, problem=problem, recoverable=told.watched),
    )


def _changed_later(journal: Journal, told: Installation) -> str:
    """Return a file that was changed when that installation was dead; what Python compiles does not count."""
    end = os.fstat(journal.descriptor).st_mtime + SLACK
    new = (Path(change.path) for change in told.changes if change.kind == "new")
    return next((str(path) for top in new for path in _files(top) if path.lstat().st_ctime > end), "")


def _files(top: Path) -> Iterator[Path]:
    if os.path.lexists(top):
        yield top
    for folder, folders, names in os.walk(top):
        folders[:] = [name for name in folders if name != "__pycache__"]
        yield from (Path(folder, name) for name in names)
