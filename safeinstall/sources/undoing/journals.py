"""The journals of installations: made before pip installs, held while it does, read when it has ended or died.

There is one for each place that is installed into, in the state directory, from just before pip goes on until it has
ended. ``hosted/journal.py`` writes it. Whoever holds its lock is at work: we from its making on, and pip while it
changes something. A journal that nobody holds was left by a run that was killed.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import stat
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from safeinstall.errors import JournalError
from safeinstall.sources.places.directories import state_directory

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

SUFFIX = ".journal"
FORGET = "look at the environment, then run: safe-pip recover --keep"
LIMIT = 256 << 20
"""Bytes of a journal that is read."""
_SCHEMA = 1
_SHAPES: dict[str, tuple[type, ...]] = {
    "new": (str,),
    "kept": (str, str),
    "moved": (str, str, int),
    "gone": (str, int, int, int),
    "mode": (str, int),
    "beyond": (str,),
    "complete": (),
}
"""What follows the kind of each record."""


@dataclass(frozen=True, slots=True)
class Change:
    """One change that was about to be made, or has been."""

    kind: str
    """``new``: there was nothing; ``kept``: what was there is kept elsewhere; ``moved``: it is elsewhere, by its inode;
    ``gone``: an empty directory; ``mode``: permissions; ``beyond``: below none of the roots."""
    path: str
    more: tuple[Any, ...]
    start: int
    """Where its record begins: the journal is cut there when it is undone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Installation:
    """What a journal says."""

    id: str
    prefix: str
    python: str
    planned: tuple[str, ...]
    """``NAME==VERSION`` of all that it was to install."""
    began: str
    """When, as ISO 8601."""
    roots: tuple[str, ...] = ()
    """Directories below which all is that can be undone."""
    sites: tuple[str, ...] = ()
    """Directories with distributions."""
    changes: tuple[Change, ...] = ()
    complete: bool = False
    changing: bool = False
    """Whether pip had begun to change anything."""
    watched: bool = True
    """Whether changes were seen: Python 3.7 has no audit hooks."""

    @property
    def is_half(self) -> bool:
        """Whether it has changed, or may have, what it has not brought to its end."""
        return self.changing and not self.complete and bool(self.changes or not self.watched)


@dataclass(slots=True)
class Journal:
    """An open journal, locked by us. Closing it lets go of the lock."""

    path: Path
    descriptor: int

    def read(self) -> Installation:
        """Return what it says. Raises ``JournalError`` if anything in it is not as it is written."""
        size = os.fstat(self.descriptor).st_size
        if size > LIMIT:
            raise self.damaged(f"is larger than {LIMIT} bytes")
        return self._parsed(os.pread(self.descriptor, size, 0))

    def _parsed(self, data: bytes) -> Installation:
        told: dict[str, Any] = {}
        start, changes, complete = 0, [], False
        lines = data.split(b"\n")[:-1]  # a record without its end was never acted upon
        for number, line in enumerate(lines, start=1):
            try:
                kind, *rest = json.loads(line)
                if kind in {"run", "begin"}:
                    told |= dict(*rest)
                elif not _fits(kind, rest):
                    raise ValueError  # noqa: TRY301 - told below, with its place
                elif kind == "complete":
                    complete = True
                else:
                    changes.append(Change(kind, rest[0], tuple(rest[1:]), start))
            except (ValueError, TypeError, AttributeError, RecursionError) as error:
                raise self.damaged(f"cannot be read (line {number})") from error
            start += len(line) + 1
        try:
            return _installation(told, tuple(changes), complete=complete)
        except (LookupError, TypeError, ValueError) as error:
            raise self.damaged("does not say what it is about") from error

    def damaged(self, why: str) -> JournalError:
        """Return the error to raise for a journal that cannot be followed."""
        return JournalError(f"the journal {self.path} {why}", hint=FORGET)

    def cut(self, length: int) -> None:
        """Take the records from byte *length* on away: what they told of is undone."""
        os.ftruncate(self.descriptor, length)

    def begin(self, **terms: object) -> None:
        """Write what it is about. Raises ``OSError``."""
        line = json.dumps(["run", {"schema": _SCHEMA, **terms}]).encode() + b"\n"
        if os.write(self.descriptor, line) != len(line):
            raise OSError(28, "No space left on device", str(self.path))

    def remove(self) -> None:
        """Forget it."""
        with suppress(FileNotFoundError):
            self.path.unlink()

    def close(self) -> None:
        """Let go of it."""
        os.close(self.descriptor)

    def take(self, *, wait: bool) -> bool:
        """Wait until nobody else is at work with it, or, without *wait*, return whether that is so."""
        try:
            fcntl.flock(self.descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError:
            return False
        return True


def _fits(kind: object, rest: Sequence[object]) -> bool:
    shape = _SHAPES.get(kind) if isinstance(kind, str) else None
    return shape is not None and tuple(map(type, rest)) == shape


def _installation(told: Mapping[str, Any], changes: tuple[Change, ...], *, complete: bool) -> Installation:
    if told["schema"] != _SCHEMA or (changes and "roots" not in told):
        raise ValueError
    return Installation(
        id=_text(told["id"]),
        prefix=_text(told["prefix"]),
        python=_text(told["python"]),
        planned=_texts(told["planned"]),
        began=datetime.fromisoformat(told["began"]).isoformat(timespec="seconds"),
        roots=_texts(told.get("roots", [])),
        sites=_texts(told.get("sites", [])),
        changes=changes,
        complete=complete,
        changing="roots" in told,
        watched=told.get("watched", True) is True,
    )


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value


def _texts(values: object) -> tuple[str, ...]:
    if not isinstance(values, list):
        raise TypeError
    return tuple(map(_text, values))


def journals_directory(environ: Mapping[str, str]) -> Path:
    """Return where journals lie."""
    return state_directory(environ) / "installing"


def open_journal(path: Path) -> Journal | None:
    """Open the journal at *path*; ``None`` if there is none. Raises ``JournalError`` for one that may not be ours."""
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise JournalError(
            f"the journal {path} cannot be read: {error.strerror}", hint="look at it, and remove it"
        ) from error
    found, journal = os.fstat(descriptor), Journal(path, descriptor)
    private = found.st_uid == os.geteuid() and not found.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
    if not stat.S_ISREG(found.st_mode) or found.st_nlink > 1 or not private:
        journal.close()
        raise JournalError(
            f"the journal {path} is not a file that only this user can write", hint="look at it, and remove it"
        )
    return journal


def is_there(journal: Journal) -> bool:
    """Whether *journal* still has its name: another run may have undone and removed it meanwhile."""
    try:
        return os.path.samestat(journal.path.stat(), os.fstat(journal.descriptor))
    except FileNotFoundError:
        return False


def make_journal(key: Sequence[str | None], environ: Mapping[str, str], **terms: object) -> tuple[Journal, str]:
    """Make the journal of an installation into the place *key*, and return it and its identity.

    Its first record holds *terms*. Waits for another installation into the same place. Raises ``OSError`` when it
    cannot be written, ``FileExistsError`` among them when one was left there by a run that was killed.
    """
    folder = journals_directory(environ)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = folder / (hashlib.sha256(json.dumps(key).encode()).hexdigest()[:16] + SUFFIX)
    while True:
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        except FileExistsError:
            _wait_for(path)
            continue
        journal, identity = Journal(path, descriptor), uuid4().hex
        fcntl.flock(descriptor, fcntl.LOCK_SH)
        try:
            journal.begin(id=identity, began=datetime.now(timezone.utc).isoformat(), **terms)
        except OSError:
            journal.remove()
            journal.close()
            raise
        return journal, identity


def _wait_for(path: Path) -> None:
    """Return when the journal at *path* is gone. Raises ``FileExistsError`` if whoever held it left it behind."""
    journal = open_journal(path)
    if journal is None:
        return
    try:
        journal.take(wait=True)
        if not is_there(journal):
            return
        told = journal.read()
        if told.is_half and told.watched:
            raise FileExistsError(17, "an installation was killed there", str(path))
        journal.remove()
    finally:
        journal.close()


def abandoned_journals(environ: Mapping[str, str]) -> Iterator[Journal]:
    """Yield each journal that nobody is at work with, locked. Raises ``JournalError`` for one that is not ours."""
    for path in sorted(journals_directory(environ).glob(f"*{SUFFIX}")):
        journal = open_journal(path)
        if journal is None:
            continue
        try:
            if journal.take(wait=False) and is_there(journal):
                yield journal
        finally:
            journal.close()
