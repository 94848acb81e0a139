"""What a check has to say: one line each, and for a problem what to do now."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing_extensions import Self


class Mark(Enum):
    """How it stands."""

    OK = "ok"
    NOTE = "note"
    """Worth knowing; nothing has to be done."""
    PROBLEM = "problem"


@dataclass(frozen=True, slots=True)
class Result:
    """One line of a check. Texts may be foreign: who prints them makes them safe to print."""

    check: str
    """What was looked at."""
    mark: Mark
    text: str
    remedy: str = ""
    """What to do now. Every problem has one."""

    @classmethod
    def ok(cls, check: str, text: str) -> Self:
        """Say that *check* is as it should be."""
        return cls(check, Mark.OK, text)

    @classmethod
    def note(cls, check: str, text: str, remedy: str = "") -> Self:
        """Say something that is worth knowing."""
        return cls(check, Mark.NOTE, text, remedy)

    @classmethod
    def problem(cls, check: str, text: str, remedy: str) -> Self:
        """Say what is wrong, and what to do now."""
        return cls(check, Mark.PROBLEM, text, remedy)
