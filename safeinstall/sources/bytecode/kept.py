"""Compiled wheels of earlier runs, each in one file behind a seal: what is written there will be run.

A checksum would tell damage. The seal (:mod:`~safeinstall.sources.places.seals`) tells that this user's safe-pip has
written it, for this wheel and this interpreter: a cache directory may come with a repository or from a CI job.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import stat
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from safeinstall.sources.places.kept_files import written_whole
from safeinstall.sources.places.seals import is_sealed, seal

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

LIMIT = 512 << 20
"""Bytes of all compiled wheels; what was used least recently goes first."""
HEAD = 130
"""Bytes before the code: the seal and its sha256, in hexadecimal, and what separates them."""


class CodeFile(NamedTuple):
    """A file of compiled modules, in the form of ``sources/pip/hosted/installing/bytecode.py``."""

    path: str
    begin: int = 0
    """Where its records begin."""
    sha256: str = ""
    """Of all from there on; empty for what lies where only this run can write."""


class KeptBytecode:
    """A directory of compiled wheels for one interpreter, by the sha256 of the wheel. It may vanish at any time."""

    def __init__(self, directory: Path, interpreter: str, *, limit: int = LIMIT) -> None:
        """Use the folder *interpreter* of *directory*, which is made when needed. *limit* is for all of *directory*."""
        self.interpreter = interpreter
        self._all, self._folder, self._limit = directory, directory / interpreter, limit

    def find(self, sha256: str) -> CodeFile | None:
        """Return what is kept for the wheel, if this user's safe-pip has written it. Whoever reads it measures it."""
        path = self._path(sha256)
        with suppress(OSError, ValueError):
            said, digest = _head(path).decode("ascii").split()
            if is_sealed(path, self._terms(sha256, digest), said):
                os.utime(path)
                return CodeFile(str(path), HEAD, digest)
        return None

    def add(self, sha256: str, files: Sequence[CodeFile]) -> None:
        """Keep what *files* hold together, whole or not at all; nothing where there can be no seal."""
        path = self._path(sha256)
        digest = _sha256(files)
        said = seal(path, self._terms(sha256, digest))
        if not said:
            return
        with suppress(OSError), written_whole(path) as out:
            out.write(f"{said} {digest}\n".encode("ascii"))
            for file in files:
                with Path(file.path).open("rb") as source:
                    shutil.copyfileobj(source, out)

    def discard(self, sha256: str) -> None:
        """Forget the wheel."""
        with suppress(OSError):
            self._path(sha256).unlink()

    def prune(self) -> None:
        """Remove what was used least recently until all is within the limit."""
        found = [] if self._all.is_symlink() else sorted(_entries(self._all), reverse=True)
        room = self._limit
        for _, size, path in found:
            room -= size
            if room < 0:
                with suppress(OSError):
                    path.unlink()

    def _path(self, sha256: str) -> Path:
        return self._folder / sha256[:2] / sha256[2:]

    def _terms(self, sha256: str, digest: str) -> dict[str, str]:
        """Return what is sealed: also of what this is the code, as a link may lead from one folder to another."""
        return {"bytecode": digest, "wheel": sha256, "interpreter": self.interpreter}


def _head(path: Path) -> bytes:
    """Return the beginning of a file that is this user's and that nobody else can write. Raises ``OSError``."""
    with os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:
        found = os.fstat(file.fileno())
        others = found.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
        if not stat.S_ISREG(found.st_mode) or found.st_uid != os.geteuid() or others:
            raise PermissionError(path)
        return file.read(HEAD)


def _sha256(files: Sequence[CodeFile]) -> str:
    digest = hashlib.sha256()
    for file in files:
        with suppress(OSError):
            digest.update(Path(file.path).read_bytes())
    return digest.hexdigest()


def _entries(directory: Path, depth: int = 2) -> Iterator[tuple[float, int, Path]]:
    """Yield when each file was last used, its size, and its path. No link is followed: what it leads to is not ours."""
    with suppress(OSError), os.scandir(directory) as entries:
        for entry in entries:
            if depth and entry.is_dir(follow_symlinks=False):
                yield from _entries(Path(entry), depth - 1)
            elif not depth and entry.is_file(follow_symlinks=False):
                found = entry.stat(follow_symlinks=False)
                yield found.st_mtime, found.st_size, Path(entry)
