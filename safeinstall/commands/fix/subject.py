"""The file that ``safe-pip fix`` is about: read, changed, written."""

from __future__ import annotations

import os
import shlex
import shutil
import tempfile
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from safeinstall.errors import RefusedError, UsageError
from safeinstall.repair.entries import edit
from safeinstall.repair.lock import LockText, edit_lock, read_lock
from safeinstall.repair.pyproject import (
    read_parts,
    read_pyproject,
    read_requirement_texts,
    what_only_a_build_tells,
)
from safeinstall.repair.requirements import read_requirements

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from packaging.utils import NormalizedName

    from safeinstall.repair.entries import Change, Entry
    from safeinstall.request.invocation import Invocation


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
    parts: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """The requirements of each extra and group of a ``pyproject.toml``."""

    def part(self, name: str) -> Subject:
        """Return one of :attr:`parts` as a subject: a requirement that stands in several changes in all of them."""
        texts = self.parts[name]
        entries = [entry for entry in self.entries if entry.text in {text.strip() for text in texts}]
        return replace(self, entries=entries, words=("--", *texts), parts={})

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


def read_subject(path: str) -> Subject:
    """Read the file at *path*. Raises :class:`UsageError`."""
    return parse_subject(path, read_text(path))


def read_whole_subject(path: str) -> Subject:
    """Read the file at *path*, which tells all that is required.

    Raises :class:`UsageError`, and :class:`RefusedError` for a project of which only its build tells some.
    """
    subject = read_subject(path)
    if Path(path).name == "pyproject.toml" and (untold := what_only_a_build_tells(subject.text)):
        place = shlex.quote(str(Path(path).parent))
        raise RefusedError(
            f"{path} leaves its {untold} to the build of the project (dynamic), and this command builds nothing",
            hint=f"have it built, if the policy lets it be: safe-pip install --dry-run {place}",
        )
    return subject


def read_text(path: str) -> str:
    """Return the text of the file at *path*. Raises :class:`UsageError`."""
    try:
        return Path(path).read_bytes().decode()
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise UsageError(f"cannot read {path}: not UTF-8") from None


def parse_subject(path: str, text: str) -> Subject:
    """Read *text*, which is that of the file at *path*. Raises :class:`UsageError`."""
    if not path.endswith(".toml"):
        return Subject(path, text, read_requirements(text), ("-r", path), f"-r {path} (")
    try:
        if Path(path).name == "pyproject.toml":
            words = ("--", *read_requirement_texts(text))
            return Subject(path, text, read_pyproject(text), words, "", parts=read_parts(text))
        lock = read_lock(text)
        return Subject(path, text, lock.entries, ("--", *lock.words), "", lock)
    except (ValueError, TypeError, RecursionError) as error:
        raise UsageError(f"cannot read {path}: {error}") from None


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
