"""What a report is written to: how wide it is, whether it shows colours, which characters it knows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from typing_extensions import Self

NARROWEST = 40
"""Columns below which a table is no table any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Screen:
    """A terminal, or a file that is like one."""

    width: int = 100
    """In columns."""
    colour: bool = False
    encoding: str = "utf-8"
    verbose: bool = False
    """Whether its reader wants to see every finding."""

    @classmethod
    def of(
        cls, environ: Mapping[str, str], *, terminal: bool, columns: int, encoding: str, verbose: bool = False
    ) -> Self:
        """Return the screen that a user of a stream with these properties wants; *columns* is 0 where unknown.

        ``NO_COLOR`` (no-color.org) comes before ``FORCE_COLOR`` (force-color.org), and that before ``TERM=dumb``. An
        empty one is not there. ``COLUMNS`` comes before what the terminal says.
        """
        wanted = environ.get("COLUMNS", "")
        width = int(wanted) if wanted.isdecimal() and int(wanted) else columns
        return cls(
            width=max(width or cls().width, NARROWEST),
            colour=not environ.get("NO_COLOR")
            and bool(environ.get("FORCE_COLOR") or (terminal and environ.get("TERM") != "dumb")),
            encoding=encoding,
            verbose=verbose,
        )
