"""Lines of ours in a file of the user's, between marks, so that they can be found and taken out again."""

from __future__ import annotations

import re

OPEN = "# >>> safe-pip guard >>>"
CLOSE = "# <<< safe-pip guard <<<"
_BLOCK = re.compile(rf"^{re.escape(OPEN)}\n(?P<body>.*?)^{re.escape(CLOSE)}(?:\n|\Z)", re.MULTILINE | re.DOTALL)


class BrokenMarksError(ValueError):
    """A mark stands without the other one of its pair."""


def block(body: str) -> str:
    """Return *body*, which ends with a newline, between marks."""
    return f"{OPEN}\n{body}{CLOSE}\n"


def with_block(text: str, body: str) -> str:
    """Return *text* with *body* at its end."""
    return f"{text}{'' if text.endswith(chr(10)) or not text else chr(10)}{block(body)}"


def bodies(text: str) -> list[str]:
    """Return what stands between marks. Raises :class:`BrokenMarksError`."""
    without_blocks(text)
    return [match["body"] for match in _BLOCK.finditer(text)]


def without_blocks(text: str) -> str:
    """Return *text* without marks and what stands between them. Raises :class:`BrokenMarksError`."""
    rest = _BLOCK.sub("", text)
    if OPEN in rest or CLOSE in rest or any(OPEN in match["body"] for match in _BLOCK.finditer(text)):
        raise BrokenMarksError
    return rest
