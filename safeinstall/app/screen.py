"""What is shown while a search goes on: pip's own lines on standard output, and to a person how far it is."""

from __future__ import annotations

import os
import sys
import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from safeinstall.sources.network.progress import progress_line

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from safeinstall.request.invocation import Invocation

PATIENCE = 1.0
"""Seconds in which nothing is drawn: most searches are over by then."""
PAUSE = 0.1
"""Seconds between two drawings."""
PREFIX = "safe-pip: "
WIDTH = 80
"""Columns of a terminal that does not tell."""


@dataclass(slots=True)
class Screen:
    """The onlooker of a run (:class:`~safeinstall.resolve.search.reporter.Onlooker`)."""

    speaks: bool
    """Whether pip's lines are said."""
    draws: bool
    """Whether how far it is is drawn, where standard error is a terminal."""
    before: Callable[[], None] = lambda: None
    """Called before anything is said: raises what speaks against it."""
    clock: Callable[[], float] = time.monotonic
    _due: float = field(init=False)
    _line: ExitStack = field(default_factory=ExitStack)
    _show: Callable[[str], None] | None = None

    def __post_init__(self) -> None:
        """Begin to wait."""
        self._due = self.clock() + PATIENCE

    @classmethod
    def of(
        cls, invocation: Invocation, environ: Mapping[str, str], before: Callable[[], None] = lambda: None
    ) -> Screen:
        """Return the one that the command line asks for: with ``-q`` nothing, with ``--progress-bar off`` no line."""
        speaks = invocation.informs
        moves = environ.get("TERM", "dumb") != "dumb" and invocation.option("progress_bar") != "off"
        return cls(speaks, draws=speaks and moves, before=before)

    def hear(self, line: str) -> None:
        """Say *line* as pip does."""
        self.before()
        self.end()
        if self.speaks:
            sys.stdout.write(line + "\n")
            sys.stdout.flush()

    def see(self, text: str) -> None:
        """Draw *text*, if it is time to."""
        if not self.draws or self.clock() < self._due:
            return
        self._due = self.clock() + PAUSE
        if self._show is None:
            self._show = self._line.enter_context(progress_line(PREFIX))
        self._show(text[: _columns() - len(PREFIX) - 1])

    def end(self) -> None:
        """Wipe what was drawn."""
        self._line.close()
        self._show = None


def _columns() -> int:
    try:
        return os.get_terminal_size(sys.stderr.fileno()).columns or WIDTH
    except (OSError, ValueError):
        return WIDTH
