"""``python -m safeinstall`` and the console script ``safe-pip``."""

from __future__ import annotations

import gc
import os
import signal
import sys
from contextlib import suppress

from safeinstall.cli import main as run
from safeinstall.sources.pip import TerminatedError


def main() -> None:
    """Run, and exit at once: a thread that still waits for a server must not hold up the user."""
    gc.disable()  # a run is short: to look for its garbage costs more than the garbage
    signal.signal(signal.SIGTERM, _terminate)
    status = run()
    with suppress(BrokenPipeError):
        sys.stdout.flush()
        sys.stderr.flush()
    os._exit(status)


def _terminate(_number: int, _frame: object) -> None:
    raise TerminatedError


if __name__ == "__main__":
    main()
