"""Standard input, output and error: nobody else gets their numbers, and what is lost on them tells the exit code."""

from __future__ import annotations

import os
import sys

STANDARD = (0, 1, 2)
LOST = 120
"""What Python exits with when it cannot write out what was said (CPython: ``Py_RunMain``), and so pip."""


def hold_streams() -> None:
    """Open to the null device what we were started without, before anything else is opened.

    A file or socket that got such a number would take what is said, and what we start would take it for its own. Which
    streams are missing, Python found out when it started: ``None`` is never opened by its number, which by now may be
    that of a file.
    """
    number = os.open(os.devnull, os.O_RDWR)
    while number in STANDARD:
        os.set_inheritable(number, True)  # noqa: FBT003 - it takes no keyword
        number = os.open(os.devnull, os.O_RDWR)
    os.close(number)
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: SIM115 - it stays open


def written_out() -> bool:
    """Write out what was said; return whether that was possible."""
    done = True
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:  # noqa: PERF203 - two turns
            done = False
    return done
