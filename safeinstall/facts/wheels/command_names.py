"""What a command may be called: one plain name, which every installer puts in the same place.

pip hands ``name = package:function`` to distlib, which searches it for what it takes for a name. ``./pip``, ``x/pip``
and ``@pip`` become ``pip``, or another file, by the version of pip (distlib: util.py, ``ENTRY_RE``). A name is
therefore looked at before pip sees it, and what is not plain is refused (specification: Entry points).
"""

from __future__ import annotations

import re

LENGTH = 255
"""Bytes of a name: no file system takes more."""
_WORD = r"[\w+-](?:[\w.+-]*[\w+-])?"
_PLAIN = re.compile(rf"{_WORD}(?: +{_WORD})*")
_SHOWN = 60
"""Characters of something unclear that a message repeats."""


class UnclearError(ValueError):
    """What a wheel says of where its files go can be read in more than one way, or in none."""

    def __init__(self, reason: str, what: str) -> None:
        """Say *reason*, as the predicate of a wheel, of *what*, which may hold any character."""
        super().__init__(reason)
        self.reason = reason
        self.what = what if len(what) <= _SHOWN else what[:_SHOWN] + "…"


def is_plain(name: str) -> bool:
    """Whether *name* is letters, digits, ``.``, ``_``, ``-`` and ``+``, with spaces and dots only inside.

    A dot at the end is none: Windows leaves it out.
    """
    return _PLAIN.fullmatch(name) is not None and len(name.encode()) <= LENGTH


def landing_name(command: str) -> str:
    """Return the name of the file that becomes of a plain *command*: its last word.

    ``my pip`` becomes ``pip``. With a newer pip it is ``pip`` behind a space, which is no name that a file of a wheel
    may have: whoever compares names loses nothing by taking it for ``pip``.
    """
    return command.rpartition(" ")[2]
