"""Private directories that are there for as long as a run is. What a killed run left is removed by the next one."""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from safeinstall.errors import DiskError

if TYPE_CHECKING:
    from collections.abc import Iterator

PREFIX = "safe-pip-"
_made_here: set[Path] = set()
"""Every private directory of this process, also those that are gone."""


@contextmanager
def private_directory(parent: Path | None = None) -> Iterator[tuple[Path, int]]:
    """Make a directory that only this user can enter, below *parent* or where temporary files go; remove it at the end.

    Gives its path, without links, and the descriptor that locks it: a process that inherits it keeps the directory,
    even from those who clean up after us. Raises :class:`~safeinstall.errors.DiskError`.
    """
    try:
        parent = (Path(tempfile.gettempdir()) if parent is None else parent).resolve()
        sweep(parent)
        root, lock = _made(parent)
    except OSError as error:
        raise DiskError(
            f"a temporary directory cannot be made: {error.strerror}",
            hint="make room where temporary files go, or name another place with TMPDIR",
        ) from error
    try:
        yield root, lock
    finally:
        remove_tree(root)
        os.close(lock)


@cache
def sweep(parent: Path) -> None:
    """Remove what killed runs of this user left in *parent*; once for each process."""
    for root in parent.glob(f"{PREFIX}*"):
        with suppress(OSError):
            _remove_if_abandoned(root)


def make_folder(folder: Path, mode: int = 0o700) -> None:
    """Make *folder*, and what is missing above it but a private directory: one that is gone is not made again.

    So what a thread that was given up still wants to keep goes nowhere. Raises ``OSError``.
    """
    if folder in _made_here:
        folder.stat()
        return
    try:
        folder.mkdir(mode, exist_ok=True)
    except FileNotFoundError:
        make_folder(folder.parent, 0o777)
        folder.mkdir(mode, exist_ok=True)


def remove_tree(root: Path) -> None:
    """Remove *root* while threads that were given up may still write there: it gets a name that they do not know."""
    with suppress(OSError):
        root = root.rename(root.with_name(f"{root.name}.gone"))
    for _ in range(3):
        shutil.rmtree(root, ignore_errors=True)
        if not root.exists():
            return


def _made(parent: Path) -> tuple[Path, int]:
    """Make and lock a directory. A sweeper may come between the two: then it is gone, and another one is made."""
    while True:
        root = Path(tempfile.mkdtemp(prefix=PREFIX, dir=parent))
        with suppress(FileNotFoundError):
            lock = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            fcntl.flock(lock, fcntl.LOCK_SH)
            if root.exists():
                _made_here.add(root)
                return root, lock
            os.close(lock)


def _remove_if_abandoned(root: Path) -> None:
    """Remove *root* if it is a directory of this user that no process locks: a lock ends with its last process."""
    descriptor = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        if os.fstat(descriptor).st_uid != os.getuid():
            return
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        shutil.rmtree(root, ignore_errors=True)
    finally:
        os.close(descriptor)
