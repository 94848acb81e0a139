"""One change to one file: what was there, what is to be there, and how it stands now."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Literal, TypeAlias

from safeinstall.errors import RefusedError
from safeinstall.guard.blocks import BrokenMarksError, bodies, with_block, without_blocks
from safeinstall.guard.content import Content, encode, look
from safeinstall.guard.shims import MARK
from safeinstall.guard.wall import UnreadableError, is_walled, with_wall, without_wall

if TYPE_CHECKING:
    from pathlib import Path

How: TypeAlias = Literal["file", "block", "wall"]
"""``file``: ours as a whole. ``block``: lines between marks. ``wall``: entries of pip's configuration."""


class Standing(Enum):
    """How an edit stands, as ``guard status`` says it."""

    IN_PLACE = "in place"
    GONE = "no longer there"
    REWRITTEN = "rewritten by something else since"
    EDITED = "edited since"


@dataclass(frozen=True, slots=True)
class Edit:
    """What is to be done to the file at ``path``."""

    path: Path
    how: How
    text: str = ""
    """The whole file, or the lines between the marks; nothing for a wall."""
    mode: int = 0o644
    """Of a file that was not there, and of one that is ours as a whole."""

    def after(self, before: Content | None) -> Content:
        """Return what *before* becomes. Raises :class:`RefusedError` for a configuration that pip cannot read."""
        if self.how == "file":
            return Content(encode(self.text), self.mode)
        text = before.text if before else ""
        try:
            text = with_wall(text) if self.how == "wall" else with_block(text, self.text)
        except UnreadableError as error:
            raise RefusedError(f"{self.path} cannot be used: {error}", hint="mend it, and try again") from None
        return Content(encode(text), before.mode if before else self.mode)


@dataclass(frozen=True, slots=True)
class Change:
    """An edit that was made."""

    edit: Edit
    before: Content | None
    after: Content

    @property
    def path(self) -> Path:
        """The file."""
        return self.edit.path

    def standing(self, now: Content | None) -> Standing:
        """Return how the edit stands, when *now* is what is at its path."""
        if now is None:
            return Standing.GONE
        if now == self.after:
            return Standing.IN_PLACE
        if self.edit.how == "file":
            return Standing.EDITED if is_ours(now) else Standing.REWRITTEN
        try:
            found = bodies(now.text)
        except BrokenMarksError:
            return Standing.EDITED
        if self.edit.how == "wall":
            return Standing.IN_PLACE if is_walled(now.text) else Standing.GONE
        if found == [self.edit.text]:
            return Standing.IN_PLACE
        return Standing.EDITED if found else Standing.GONE

    def undone(self, now: Content | None, *, force: bool = False) -> Content | None:
        """Return what is to be at the path again, when *now* is there. What others wrote meanwhile stays.

        Raises :class:`RefusedError` where a mark is missing, so that nobody knows which lines are ours; with *force*
        what was there before comes back, and nothing that was written since.
        """
        if now == self.after:
            return self.before
        if self.edit.how == "file":
            return self.before if now and is_ours(now) else now
        try:
            return original(self.edit, now, was_absent=self.before is None)
        except RefusedError:
            if force:
                return self.before
            raise


def is_ours(content: Content) -> bool:
    """Whether a whole file is one that a guard put there."""
    return not content.is_link and encode(MARK) in content.data


def original(edit: Edit, now: Content | None, *, was_absent: bool = False) -> Content | None:
    """Return *now* without our lines; ``None`` if then nothing is left of a file that *was_absent*.

    Raises :class:`RefusedError` when one of the marks is missing.
    """
    if now is None:
        return None
    try:
        text = without_wall(now.text) if edit.how == "wall" else without_blocks(now.text)
    except BrokenMarksError:
        raise RefusedError(
            f"{edit.path}: a mark of safe-pip guard stands there without the other one", hint="take both out by hand"
        ) from None
    if was_absent and not text.strip():
        return None
    return Content(encode(text), now.mode)


def current(edit: Edit) -> Content | None:
    """Return what is at the edit's path. Raises :class:`RefusedError` when that cannot be read."""
    try:
        return look(edit.path)
    except OSError as error:
        raise RefusedError(f"{edit.path} cannot be read: {error.strerror}") from error
