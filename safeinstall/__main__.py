"""``python -m safeinstall`` and the console script ``safe-pip``."""

from __future__ import annotations

import gc
import signal

from safeinstall.app.cli import main as run
from safeinstall.sources.pip.host import TerminatedError
from safeinstall.sources.pip.streams import end, open_streams


def main() -> None:
    """Run, and exit at once: a thread that still waits for a server must not hold up the user."""
    open_streams()
    gc.disable()  # a run is short: to look for its garbage costs more than the garbage
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is not signal.SIG_IGN:  # else whoever started us wants us to go on (``nohup``)
            signal.signal(number, _terminate)
    try:
        status = run()
    except SystemExit as asked_for_help:
        status = int(asked_for_help.code or 0)
    end(status)


def _terminate(number: int, _frame: object) -> None:
    raise TerminatedError(number)


if __name__ == "__main__":
    main()
