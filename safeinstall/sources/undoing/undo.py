"""Undo a half installation by its journal: the last change first, each record taken away when its change is undone.

So it can be interrupted at any point, and goes on from there the next time. Everything in the journal is looked at
before anything is touched.
"""

from __future__ import annotations

import os
import shutil
import stat
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from safeinstall.errors import JournalError
from safeinstall.sources.pip.host import undisturbed
from safeinstall.sources.pip.hosted.installing.journal import ASIDE, copy
from safeinstall.sources.undoing.journals import FORGET

if TYPE_CHECKING:
    from collections.abc import Sequence

    from safeinstall.sources.undoing.journals import Change, Installation, Journal


def undo(journal: Journal, installation: Installation) -> None:
    """Make everything as it was before *installation*, and remove the *journal*. Ctrl-C has to wait.

    Raises ``JournalError``; what is not undone by then stays in the journal.
    """
    if not installation.watched:
        raise JournalError("the target's Python has no audit hooks (3.8 and later have), so no change was seen")
    with undisturbed():
        try:
            for change in installation.changes:
                _look_at(change, installation, journal)
            beyond = _undo_all(journal, installation.changes)
        except OSError as error:
            raise JournalError(f"{error.filename or journal.path}: {error.strerror}") from error
        if beyond:
            raise JournalError(f"{beyond[0]} was changed, which is outside of the environment", hint=FORGET)
        journal.remove()


def _undo_all(journal: Journal, changes: Sequence[Change]) -> list[str]:
    """Undo *changes*, and return what cannot be undone, which stays in the *journal*."""
    beyond: list[str] = []
    unfinished = True
    for change in reversed(changes):
        if change.kind == "beyond":
            beyond.append(change.path)
        else:
            _undo(change, unfinished=unfinished)
            unfinished = False
        journal.cut(change.start, beyond)
    return beyond


def let_go(journal: Journal, installation: Installation) -> None:
    """Keep what *installation* has done, remove what it had put aside, and remove the *journal*."""
    for change in installation.changes:
        if change.kind == "new" and Path(change.path).name == ASIDE + installation.id:
            _look_at(change, installation, journal)
            shutil.rmtree(change.path, ignore_errors=True)
    journal.remove()


def is_below(path: str, root: str) -> bool:
    """Whether *path* is below the directory *root*."""
    return path.startswith(root.rstrip("/") + "/")


def _look_at(change: Change, installation: Installation, journal: Journal) -> None:
    """Raise ``JournalError`` if *change* speaks of anything that is not below the roots, also by way of a link."""
    if change.kind == "beyond":
        return
    for path in (change.path, *(each for each in change.more if isinstance(each, str))):
        above = Path(path).parent
        below = any(is_below(path, root) for root in installation.roots)
        below = below or (change.kind == "new" and path in installation.missing)
        if not below or os.path.normpath(path) != path or os.path.realpath(above) != str(above):
            raise journal.damaged(f"cannot be followed: {path} is not, or not any more, below what was installed into")


def _undo(change: Change, *, unfinished: bool) -> None:
    """Undo one change. Only one that is *unfinished*, the last, may not have been made."""
    path = Path(change.path)
    if change.kind == "new":
        _remove(path)
    elif change.kind == "kept":
        _put_back(Path(change.more[0]), path, unfinished=unfinished)
    elif change.kind == "moved":
        _move_back(Path(change.more[0]), path, change.more[1])
    elif change.kind == "gone":
        _make_again(path, *change.more)
    elif change.kind == "mode":
        with suppress(FileNotFoundError):
            path.chmod(change.more[0])


def _remove(path: Path) -> None:
    if not os.path.lexists(path):
        return
    if stat.S_ISDIR(path.lstat().st_mode):
        shutil.rmtree(path)
    else:
        path.unlink()


def _put_back(place: Path, path: Path, *, unfinished: bool) -> None:
    if not os.path.lexists(place):
        if unfinished:
            return
        raise JournalError(f"{place}, where {path} was kept, is gone")
    _remove(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    if place.lstat().st_dev == path.parent.stat().st_dev:
        place.rename(path)
    else:
        copy(str(place), str(path))


def _move_back(place: Path, path: Path, inode: int) -> None:
    """Rename *place* to *path* again, if what is at *place* is what was at *path*: the attempt may have failed."""
    if os.path.lexists(place) and place.lstat().st_ino == inode:
        if os.path.lexists(path):
            raise JournalError(f"{path} is there again")
        path.parent.mkdir(parents=True, exist_ok=True)
        place.rename(path)
    elif not os.path.lexists(path):
        raise JournalError(f"{place}, where {path} was moved to, is gone")


def _make_again(path: Path, mode: int, user: int, group: int) -> None:
    path.mkdir(parents=True, exist_ok=True)
    path.chmod(mode)
    with suppress(OSError):
        os.chown(path, user, group)
