"""What the host in the target's interpreter says, line by line. Whatever runs there can write to the same pipe."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, TextIO

from safeinstall.errors import RefusedError

if TYPE_CHECKING:
    from collections.abc import Mapping

LIMIT = 64 << 20
"""Characters of one line: far above what an environment of ten thousand packages takes."""


def hear(stream: TextIO) -> Mapping[str, Any] | None:
    """Return the next message, ``None`` after the last. Raises ``RefusedError`` for what is none."""
    line = stream.readline(LIMIT + 1)
    if not line:
        return None
    if len(line) > LIMIT:
        raise _refusal(f"a line of more than {LIMIT} characters")
    try:
        message = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise _refusal("what is not JSON") from error
    if not isinstance(message, dict):
        raise _refusal("what is no JSON object")
    return message


def _refusal(what: str) -> RefusedError:
    return RefusedError(f"the pip of the target sent {what}", hint="look at what runs when that interpreter starts")
