"""Putting a guard in place and taking it away: all of it or nothing, with a record first."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from safeinstall.errors import RefusedError, SafeInstallError
from safeinstall.guard.content import Content, put
from safeinstall.guard.edits import Change, Edit, Standing, current, is_ours, original
from safeinstall.guard.record import Record, drop_record, read_record, record_file, write_record
from safeinstall.guard.scopes import edits_for, environment_scope

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from safeinstall.guard.scopes import Scope

FORCE_INSTALL = "look at it; --force writes over it, and keeps what was there before the first guard"
FORCE_REMOVE = "look at it; --force puts back what was there before the guard"


@dataclass(frozen=True, slots=True)
class Step:
    """One file that is written, or left: what is there, and what is to be there."""

    change: Change
    now: Content | None
    then: Content | None
    note: str = ""
    """What a user should know about it."""

    @property
    def path(self) -> Path:
        """The file."""
        return self.change.path


# Putting it in place


def plan_install(scope: Scope, edits: Iterable[Edit], known: Record | None, *, force: bool = False) -> list[Step]:
    """Return what has to be written so that every edit is in place. Raises ``RefusedError``; changes nothing.

    *known* is the record of an earlier guard. A file that somebody has edited since is refused unless *force*.
    """
    changes = {change.path: change for change in known.changes} if known else {}
    return [_installed(scope, edit, changes.get(edit.path), force=force) for edit in edits]


def _installed(scope: Scope, edit: Edit, earlier: Change | None, *, force: bool) -> Step:
    now = current(edit)
    if earlier is None and edit.how == "file" and now is not None and is_ours(now):
        raise RefusedError(
            f"{edit.path} is guarded already, but nothing is recorded about it here",
            hint=_unrecorded(scope),
        )
    before = _before(scope, edit, earlier, now, force=force)
    after = edit.after(before)
    note = _renewed(earlier, now)
    return Step(Change(edit, before, after), now, after, note)


def _unrecorded(scope: Scope) -> str:
    hint = "remove that guard with the user and the SAFE_PIP_STATE_DIR that it was installed with"
    if scope.python is None:
        return hint
    return (
        f"{hint}; or have pip write its own files again: safe-pip --python {scope.python} install --force-reinstall pip"
    )


def _before(scope: Scope, edit: Edit, earlier: Change | None, now: Content | None, *, force: bool) -> Content | None:
    """Return what was there without any guard."""
    if earlier is None:
        return now if edit.how == "file" else original(edit, now)
    if earlier.standing(now) is Standing.EDITED and not force:
        raise RefusedError(f"{edit.path}, which guards {scope.name}, was edited since", hint=FORCE_INSTALL)
    if edit.how == "file" and earlier.standing(now) is Standing.GONE:
        return None
    return earlier.undone(now, force=force)


def _renewed(earlier: Change | None, now: Content | None) -> str:
    standing = earlier.standing(now) if earlier else Standing.IN_PLACE
    return "" if standing is Standing.IN_PLACE else standing.value


def install(scope: Scope, steps: list[Step], known: Record | None, environ: Mapping[str, str]) -> None:
    """Carry out *steps*, the record first. Raises ``RefusedError`` after taking back what was done."""
    paths = {step.path for step in steps}
    kept = tuple(change for change in known.changes if change.path not in paths) if known else ()
    folders = (*(known.folders if known else ()), *_missing_folders([*paths, record_file(scope, environ)]))
    record = Record(scope, (*(step.change for step in steps), *kept), tuple(dict.fromkeys(folders)))
    done: list[Step] = []
    try:
        write_record(record, environ)
        for step in steps:
            if step.now != step.then:
                done.append(step)
                put(step.path, step.then)
    except OSError as error:
        _take_back(done)
        _forget(record, known, environ)
        place = done[-1].path if done else record_file(scope, environ)
        raise RefusedError(f"{place} cannot be written: {error.strerror}", hint="nothing is guarded by this") from error


def _take_back(done: list[Step]) -> None:
    for step in reversed(done):
        with suppress(OSError):
            put(step.path, step.now)


def _forget(record: Record, known: Record | None, environ: Mapping[str, str]) -> None:
    with suppress(OSError):
        if known is None:
            drop_record(record.scope, environ)
            _remove_folders(record.folders)
        else:
            write_record(known, environ)


def _missing_folders(paths: Iterable[Path]) -> Iterator[Path]:
    for path in paths:
        yield from reversed([folder for folder in path.parents if not folder.exists()])


# Taking it away


def plan_removal(record: Record, *, force: bool = False) -> list[Step]:
    """Return what has to be written so that the guard is gone. Raises ``RefusedError``; changes nothing.

    A file that something else has put in place since, as a new pip does, stays as it is.
    """
    return [_removed(record, change, force=force) for change in reversed(record.changes)]


def _removed(record: Record, change: Change, *, force: bool) -> Step:
    now = current(change.edit)
    standing = change.standing(now)
    if standing is Standing.EDITED and not force:
        raise RefusedError(f"{change.path}, which guards {record.scope.name}, was edited since", hint=FORCE_REMOVE)
    if change.edit.how == "file" and standing in {Standing.GONE, Standing.REWRITTEN}:
        note = "" if now == change.before else f"left as it is: {standing.value}"
        return Step(change, now, now, note)
    return Step(change, now, change.undone(now, force=force))


def remove(record: Record, steps: list[Step], environ: Mapping[str, str]) -> None:
    """Carry out *steps*, and forget the guard. Raises ``RefusedError`` after taking back what was done."""
    done: list[Step] = []
    try:
        for step in steps:
            if step.now != step.then:
                done.append(step)
                put(step.path, step.then)
        drop_record(record.scope, environ)
        _remove_folders(record.folders)
    except OSError as error:
        _take_back(done)
        place = done[-1].path if done else record_file(record.scope, environ)
        raise RefusedError(
            f"{place} cannot be written: {error.strerror}", hint="the guard stays as it was; try as its owner"
        ) from error


def _remove_folders(folders: Iterable[Path]) -> None:
    for folder in sorted(folders, key=lambda folder: len(folder.parts), reverse=True):
        with suppress(OSError):  # others have put something there
            folder.rmdir()


# After pip has replaced itself


def renew(python: str, prefix: str, environ: Mapping[str, str]) -> str:
    """Put the guard of an environment in place again, if it has one and something of that is missing.

    Returns what to tell the user; empty when there was nothing to do. Never raises for it.
    """
    try:
        record = read_record(environment_scope(python, Path(prefix)), environ)
        if record is None or _stands(record):
            return ""
        steps = plan_install(record.scope, edits_for(record.scope, environ), record)
        install(record.scope, steps, record, environ)
    except SafeInstallError as error:
        return f"the guard of {prefix} could not be renewed: {error.message}; run: safe-pip guard install"
    return f"pip has replaced its own files; {record.scope.name} is guarded again"


def _stands(record: Record) -> bool:
    return all(change.standing(current(change.edit)) is Standing.IN_PLACE for change in record.changes)
