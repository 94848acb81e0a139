"""How the memory of this process is shared among its threads."""

from __future__ import annotations

import sys
from contextlib import suppress

_M_ARENA_MAX, _ARENAS = -8, 2
"""``malloc.h`` of glibc. Each thread has an arena of its own else, and keeps what it has freed: a fifth of all."""


def share_memory() -> None:
    """Let all threads allocate from few arenas. To be called before they begin; other C libraries do so anyway."""
    if sys.platform == "linux":
        with suppress(ImportError, OSError, AttributeError):
            import ctypes  # noqa: PLC0415 - only where many threads are about to begin

            ctypes.CDLL(None).mallopt(_M_ARENA_MAX, _ARENAS)
