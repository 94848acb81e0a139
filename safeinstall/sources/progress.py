"""One line on a terminal that says how far something is; nothing at all where nobody looks."""

from __future__ import annotations

import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_EVERY = 0.1
_CLEAR = "\r\x1b[K"


@contextmanager
def progress_line(prefix: str) -> Iterator[Callable[[str], None]]:
    """Yield what shows a text after *prefix*, at most ten times a second; the line is gone at the end."""
    stream, last = sys.stderr, 0.0
    if not stream.isatty():
        yield lambda _text: None
        return

    def show(text: str) -> None:
        nonlocal last
        if time.monotonic() - last >= _EVERY:
            last = time.monotonic()
            stream.write(f"{_CLEAR}{prefix}{text}")
            stream.flush()

    try:
        yield show
    finally:
        stream.write(_CLEAR)
        stream.flush()
