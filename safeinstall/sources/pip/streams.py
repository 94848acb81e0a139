"""What we say goes to standard output and error, and no reader that has gone, no full disk ends a run half-way."""

from __future__ import annotations

import os
import sys
from errno import EPIPE
from io import TextIOWrapper
from typing import TYPE_CHECKING, NoReturn

from safeinstall.errors import EXIT_DENIED
from safeinstall.sources.pip.hosted.streams import LOST, hold_streams

if TYPE_CHECKING:
    from typing import TextIO


class Spoken(TextIOWrapper):
    """A standard stream that drops what it cannot write, and remembers why."""

    problem: OSError | None = None

    @classmethod
    def of(cls, stream: TextIO) -> Spoken:
        """Return *stream* in this kind; it is of no use itself from then on."""
        encoding, errors, by_line = stream.encoding, stream.errors, stream.line_buffering
        return cls(stream.detach(), encoding=encoding, errors=errors, line_buffering=by_line)  # type: ignore[attr-defined,arg-type]

    def write(self, text: str) -> int:
        """Write *text*, if anybody takes it."""
        try:
            return super().write(text)
        except OSError as error:
            self.problem = error
            return len(text)

    def flush(self) -> None:
        """Write out what was said, if anybody takes it."""
        try:
            super().flush()
        except OSError as error:
            self.problem = error


def open_streams() -> None:
    """Have all three standard streams, whatever we were started with. Call it before anything else is opened."""
    hold_streams()
    sys.stdout, sys.stderr = Spoken.of(sys.stdout), Spoken.of(sys.stderr)


def end(status: int) -> NoReturn:
    """Exit at once with *status*. Where not all could be said, what pip would exit with becomes :data:`LOST`, as pip's.

    Our own codes stay: a denial is no less one because nobody reads it.
    """
    for name, stream in (("standard output", sys.stdout), ("standard error", sys.stderr)):
        stream.flush()
        problem = stream.problem if isinstance(stream, Spoken) else None
        if problem and problem.errno != EPIPE:
            sys.stderr.write(f"safe-pip: {name} cannot be written: {problem.strerror}\n")
        if problem and status < EXIT_DENIED:
            status = LOST
    os._exit(status)
