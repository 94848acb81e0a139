"""The journals of installations: made before pip installs, held while it does, read when it has ended or died.

There is one for each place that is installed into, in the state directory, from just before pip goes on until it has
ended. ``hosted/installing/journal.py`` writes it. Whoever holds its lock is at work: we from its making on, and pip
while it changes something. A journal that nobody holds was left by a run that was killed.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import stat
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from safeinstall.errors import JournalError
from safeinstall.sources.pip.hosted.installing.journal import ASIDE
from safeinstall.sources.places.directories import state_directory
from safeinstall.sources.places.seals import is_sealed, seal

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

SUFFIX = ".journal"
FORGET = "look at the environment, then run: safe-pip recover --keep"
LIMIT = 256 << 20
"""Bytes of a journal that is read."""
_SCHEMA = 1
_SHAPES: dict[str, tuple[type, ...]] = {
    "run": (dict, str),
    "begin": (dict,),
    "new": (str,),
    "kept": (str, str),
    "moved": (str, str, int),
    "gone": (str, int, int, int),
    "mode": (str, int),
    "beyond": (str,),
    "complete": (),
}
"""What follows the kind of each record."""
_MODES, _NUMBERS = 0o7777, 1 << 64
"""What a mode does not exceed, and no number reaches."""


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
    missing: tuple[str, ...] = ()
    """Those of them, and of the directories above them, that did not exist: they can be undone themselves."""
    sites: tuple[str, ...] = ()
    """Directories with distributions."""
    library: str = ""
    """The directory below which wheels were unpacked ahead, if they were."""
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
    own: bool = False
    """Whether it is this run that has made it: then it needs no seal."""
    room: str = ""
    """The folder in which wheels were unpacked ahead, which goes with it; empty where there is none."""

    def read(self) -> Installation:
        """Return what it says. Raises ``JournalError`` if anything in it is not as it is written, or it is not ours."""
        size = os.fstat(self.descriptor).st_size
        if size > LIMIT:
            raise self.damaged(f"is larger than {LIMIT} bytes")
        return self._parsed(os.pread(self.descriptor, size, 0))

    def _parsed(self, data: bytes) -> Installation:
        start, records = 0, []
        lines = data.split(b"\n")[:-1]  # a record without its end was never acted upon
        for number, line in enumerate(lines, start=1):
            try:
                kind, *rest = json.loads(line)
                _check(kind, rest, number)
            except (ValueError, TypeError, LookupError, RecursionError) as error:
                raise self.damaged(f"cannot be read (line {number})") from error
            records.append((kind, rest, start))
            start += len(line) + 1
        if not records:
            raise self.damaged("does not say what it is about")
        terms, said = records[0][1]
        if not self.own and not is_sealed(self.path, terms, said):
            raise self.damaged("was not made by this user's safe-pip at this place, and is not followed")
        try:
            told = _installation(terms, records[1:])
        except (LookupError, TypeError, ValueError) as error:
            raise self.damaged("does not say what it is about") from error
        self.room = _room(told.library, told.id)
        return told

    def damaged(self, why: str) -> JournalError:
        """Return the error to raise for a journal that cannot be followed."""
        return JournalError(f"the journal {self.path} {why}", hint=FORGET)

    def cut(self, length: int, stays: Sequence[str] = ()) -> None:
        """Take the records from byte *length* on away: what they told of is undone, but for changes beyond, *stays*."""
        os.ftruncate(self.descriptor, length)
        for path in stays:
            os.write(self.descriptor, json.dumps(["beyond", path]).encode() + b"\n")

    def begin(self, **terms: object) -> bool:
        """Write what it is about; return whether that is sealed, so that another run follows it. Raises ``OSError``."""
        terms = {"schema": _SCHEMA, **terms}
        sealed = seal(self.path, terms)
        line = json.dumps(["run", terms, sealed]).encode() + b"\n"
        if os.write(self.descriptor, line) != len(line):
            raise OSError(28, "No space left on device", str(self.path))
        return bool(sealed)

    def clear(self) -> None:
        """Remove what was unpacked and not needed: pip has ended."""
        if self.room:
            shutil.rmtree(self.room, ignore_errors=True)

    def remove(self) -> None:
        """Forget it, and remove what was unpacked and not needed."""
        self.clear()
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


def _check(kind: str, rest: Sequence[Any], number: int) -> None:
    """Raise ``ValueError`` for what is no record, or holds what no system call takes."""
    if tuple(map(type, rest)) != _SHAPES[kind] or (kind == "run") != (number == 1):
        raise ValueError
    for value in rest:
        if isinstance(value, str) and b"\0" in os.fsencode(value):
            raise ValueError
        if isinstance(value, int) and not 0 <= value < _NUMBERS:
            raise ValueError
    if kind in {"mode", "gone"} and rest[1] > _MODES:
        raise ValueError


def _installation(terms: Mapping[str, Any], records: Sequence[tuple[str, list[Any], int]]) -> Installation:
    kinds = [kind for kind, _, _ in records]
    changes = tuple(
        Change(kind, rest[0], tuple(rest[1:]), start)
        for kind, rest, start in records
        if kind not in {"begin", "complete"}
    )
    if terms["schema"] != _SCHEMA or kinds.count("begin") > 1 or (changes and kinds[0] != "begin"):
        raise ValueError
    told = {**terms, "watched": records[0][1][0]["watched"] if records else True}
    return Installation(
        id=_text(told["id"]),
        prefix=_text(told["prefix"]),
        python=_text(told["python"]),
        planned=_texts(told["planned"]),
        began=datetime.fromisoformat(told["began"]).isoformat(timespec="seconds"),
        roots=_texts(told["roots"]),
        missing=_texts(told["missing"]),
        sites=_texts(told["sites"]),
        library=_text(told.get("library", "")),
        changes=changes,
        complete="complete" in kinds,
        changing="begin" in kinds,
        watched=told["watched"] is True,
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
        raise JournalError(f"the journal {path} cannot be read: {error.strerror}", hint=FORGET) from error
    found, journal = os.fstat(descriptor), Journal(path, descriptor)
    private = found.st_uid == os.geteuid() and not found.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
    if not stat.S_ISREG(found.st_mode) or found.st_nlink > 1 or not private:
        journal.close()
        raise JournalError(f"the journal {path} is not a file that only this user can write", hint=FORGET)
    return journal


def is_there(journal: Journal) -> bool:
    """Whether *journal* still has its name: another run may have undone and removed it meanwhile."""
    try:
        return os.path.samestat(journal.path.stat(), os.fstat(journal.descriptor))
    except FileNotFoundError:
        return False


def make_journal(
    key: Sequence[str | None], environ: Mapping[str, str], *, library: str = "", **terms: object
) -> tuple[Journal, str]:
    """Make the journal of an installation into the place *key*, and return it and its identity.

    Its first record holds *library* and *terms*; below *library* a room is made for what is unpacked ahead, if it can
    be, and whoever finds the journal can follow it there. Waits for another installation into the same place.

    Raises ``OSError`` when it cannot be written, ``FileExistsError`` among them when one was left there by a run that
    was killed.
    """
    folder = journals_directory(environ)
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except FileExistsError as error:
        raise NotADirectoryError(20, "Not a directory", error.filename) from error
    path = folder / (hashlib.sha256(json.dumps(key).encode()).hexdigest()[:16] + SUFFIX)
    while True:
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        except FileExistsError:
            _wait_for(path)
            continue
        journal, identity = Journal(path, descriptor, own=True), uuid4().hex
        fcntl.flock(descriptor, fcntl.LOCK_SH)
        try:
            began = datetime.now(timezone.utc).isoformat()
            sealed = journal.begin(id=identity, began=began, library=library, **terms)
        except OSError:
            journal.remove()
            journal.close()
            raise
        if library and sealed:
            journal.room = _made(_room(library, identity))
        return journal, identity


def _room(library: str, identity: str) -> str:
    return os.path.join(library, f"{ASIDE}{identity}-ahead") if library else ""  # noqa: PTH118


def _made(room: str) -> str:
    try:
        os.mkdir(room, 0o700)  # noqa: PTH102
    except OSError:
        return ""
    return room


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


def abandoned_journals(environ: Mapping[str, str]) -> Iterator[tuple[Path, Journal | JournalError]]:
    """Yield each journal that nobody is at work with, locked, or why it cannot be one of ours."""
    for path in sorted(journals_directory(environ).glob(f"*{SUFFIX}")):
        try:
            journal = open_journal(path)
        except JournalError as error:
            yield path, error
            continue
        if journal is None:
            continue
        try:
            if journal.take(wait=False) and is_there(journal):
                yield path, journal
        finally:
            journal.close()
