"""What is at a path, and how it is put there: whole or not at all."""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Content:
    """A regular file, or a symbolic link. ``None`` stands for nothing at all."""

    data: bytes
    """Of a link: where it points."""
    mode: int = 0o644
    """Permission bits; of a link they mean nothing."""
    is_link: bool = False

    @property
    def text(self) -> str:
        """The bytes as text, from which ``encode`` makes the same bytes again."""
        return self.data.decode("utf-8", "surrogateescape")


def encode(text: str) -> bytes:
    """Return the bytes of a text that :attr:`Content.text` gave, perhaps changed since."""
    return text.encode("utf-8", "surrogateescape")


def look(path: Path) -> Content | None:
    """Return what is at *path*. Raises ``OSError`` for what is neither a file nor a link, or cannot be read."""
    try:
        status = path.lstat()
        if stat.S_ISLNK(status.st_mode):
            return Content(os.fsencode(path.readlink()), is_link=True)
        return Content(path.read_bytes(), stat.S_IMODE(status.st_mode))
    except (FileNotFoundError, NotADirectoryError):
        return None


def put(path: Path, content: Content | None) -> None:
    """Make *content* what is at *path*, in one step. What was there keeps its owner. Raises ``OSError``."""
    if content is None:
        path.unlink(missing_ok=True)
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.safe-pip-{os.getpid()}")
    try:
        if content.is_link:
            part.symlink_to(os.fsdecode(content.data))
        else:
            _write(part, content, like=path)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def _write(part: Path, content: Content, *, like: Path) -> None:
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content.data)
        with suppress(FileNotFoundError, PermissionError):  # only root can give a file away
            owner = like.lstat()
            os.fchown(file.fileno(), owner.st_uid, owner.st_gid)
        os.fchmod(file.fileno(), content.mode)
        file.flush()
        os.fsync(file.fileno())
