"""Talk with our parent, be stopped by it, and leave."""

import json
import os
import signal
import sys

from . import REFUSAL, REFUSED, STOPS


def stop_once(number, frame):
    """Stop as pip stops for Ctrl-C, and let nothing disturb it while it undoes what it can."""
    on_stops(lambda *_: None)  # not SIG_IGN, which what pip starts would inherit
    raise KeyboardInterrupt


def hear_stops():
    """Be open to Ctrl-C from here on."""
    on_stops(stop_once)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, STOPS)


def on_stops(handler):
    """Handle so what stops us, but for what was ignored when we were started (``nohup``), and stays so."""
    for each in STOPS:
        if signal.getsignal(each) is not signal.SIG_IGN:
            signal.signal(each, handler)


class Channel:
    """Lines of JSON over two pipes. Without a parent (a command that is not judged) nothing can be approved."""

    def __init__(self, read_fd, write_fd):
        """Keep both ends."""
        self.read_fd, self.write_fd = read_fd, write_fd

    def ask(self, message):
        """Send *message* and wait for the answer; ``None`` when there is nobody to answer."""
        if self.write_fd < 0:
            return None
        try:
            with os.fdopen(os.dup(self.write_fd), "w", encoding="utf-8") as out:
                out.write(json.dumps(message, default=str) + "\n")
            with os.fdopen(os.dup(self.read_fd), encoding="utf-8") as answers:
                text = answers.readline()
        except OSError:
            return None
        return json.loads(text) if text.endswith("\n") else None


def refuse(message, status=REFUSED):
    """Say why this pip cannot go on, and leave before it installs anything."""
    try:
        sys.stderr.write("%s%s\nsafe-pip: nothing was installed (exit %d)\n" % (REFUSAL, message, status))
        sys.stderr.flush()
    finally:
        os._exit(status)


def leave():
    """End this pip quietly. pip's own clean-up of its temporary files still runs."""
    import logging

    logging.disable(logging.CRITICAL)
    raise KeyboardInterrupt
