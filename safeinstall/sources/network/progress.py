"""One line on a terminal that says how far something is; nothing at all where nobody looks."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_CLEAR = "\r\x1b[K"


@contextmanager
def progress_line(prefix: str) -> Iterator[Callable[[str], None]]:
    """Yield what shows a text after *prefix*, in place of the text before; the line is gone at the end."""
    stream = sys.stderr
    if not stream.isatty():
        yield lambda _text: None
        return

    def show(text: str) -> None:
        stream.write(f"{_CLEAR}{prefix}{text}")
        stream.flush()

    try:
        yield show
    finally:
        stream.write(_CLEAR)
        stream.flush()
