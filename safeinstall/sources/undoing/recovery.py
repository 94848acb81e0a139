"""Installations that were killed: found by the journals that nobody is at work with, and undone, or let be."""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from safeinstall.errors import JournalError
from safeinstall.resolve.outcome import Aftermath, Left
from safeinstall.sources.undoing.completeness import sort_out
from safeinstall.sources.undoing.journals import abandoned_journals
from safeinstall.sources.undoing.undo import is_below, let_go, undo

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


def find_left(environ: Mapping[str, str], wanted: Callable[[Installation], bool]) -> Iterator[Left]:
    """Yield what was left half there, and each journal that cannot be followed, wherever it may lead.

    Changes nothing but that it forgets those of which nothing is half there.
    """
    return (found.left for found in _half(environ, wanted))


def recover(
    environ: Mapping[str, str], wanted: Callable[[Installation], bool], *, careful: bool, keep: bool = False
) -> Iterator[Left]:
    """Undo what was left half there, and yield how that went; with *keep*, leave it as it is.

    One where something was changed later is not undone if *careful*. A journal that cannot be followed is yielded too,
    and forgotten with *keep*.
    """
    for found in _half(environ, wanted):
        if keep:
            found.forget()
            yield found.left
        elif found.journal is None or found.told is None or (careful and found.left.changed):
            yield found.left
        else:
            yield replace(found.left, aftermath=_undone(found.journal, found.told, found.left.aftermath))


@dataclass(frozen=True, slots=True)
class _Found:
    path: Path
    left: Left
    journal: Journal | None = None
    told: Installation | None = None
    """What the journal says, where it can be followed."""

    def forget(self) -> None:
        if self.journal is not None and self.told is not None:
            with suppress(JournalError):  # then what it had put aside stays
                let_go(self.journal, self.told)
        self.path.unlink(missing_ok=True)


def _undone(journal: Journal, told: Installation, half: Aftermath) -> Aftermath:
    try:
        undo(journal, told)
    except JournalError as error:
        return replace(half, problem=error.message, recoverable=told.watched)
    return Aftermath(undone=True)


def _half(environ: Mapping[str, str], wanted: Callable[[Installation], bool]) -> Iterator[_Found]:
    """Yield what was left half there. One journal that is odd does not stand in the way of the others."""
    for path, journal in abandoned_journals(environ):
        try:
            found = _look_into(path, journal, wanted)
        except (JournalError, OSError) as error:
            why = (
                error.message if isinstance(error, JournalError) else f"the journal {path} cannot be followed: {error}"
            )
            opened = None if isinstance(journal, JournalError) else journal
            found = _Found(path, Left(journal=str(path), aftermath=Aftermath(problem=why)), opened)
        if found is not None:
            yield found


def _look_into(path: Path, journal: Journal | JournalError, wanted: Callable[[Installation], bool]) -> _Found | None:
    """Return what was left half there. Raises ``JournalError`` and ``OSError`` where the journal cannot be followed."""
    if isinstance(journal, JournalError):
        raise journal
    told = journal.read()
    if not wanted(told):
        return None
    if not told.is_half:
        let_go(journal, told)
        return None
    if not told.watched and not sort_out(told.planned, told.sites)[1]:
        journal.remove()  # repaired by now
        return None
    return _Found(path, _left(journal, told), journal, told)


def _left(journal: Journal, told: Installation) -> Left:
    complete, half = sort_out(told.planned, told.sites)
    problem = "" if told.watched else "the target's Python is older than 3.8"
    return Left(
        prefix=told.prefix,
        began=told.began,
        journal=str(journal.path),
        roots=tuple(sorted({_root_of(change.path, told) for change in told.changes if change.kind != "beyond"})),
        paths=tuple(change.path for change in reversed(told.changes) if change.kind != "beyond"),
        changed=_changed_later(journal, told),
        aftermath=Aftermath(complete=complete, half=half, problem=problem, recoverable=told.watched),
    )


def _root_of(path: str, told: Installation) -> str:
    """Return the root above *path*, or it itself if it is to go as a whole."""
    return next((root for root in told.roots if is_below(path, root)), path)


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
