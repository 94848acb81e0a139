"""A receipt as a syslog message (RFC 5424)."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

APPLICATION, MESSAGE_ID = "safe-pip", "receipt"
_FACILITY = 10
"""Security and authorization messages."""
_WARNING, _INFORMATIONAL = 4, 6
_NOT_PRINTABLE = re.compile(r"[^\x21-\x7e]")
_LONGEST_NAME = 255
_LISTS = ("files", "denied", "hidden")


def syslog_message(receipt: Mapping[str, Any], *, process: int, longest: int | None = None) -> bytes:
    """Return *receipt* as one message; a run that did not go well is a warning, any other informational.

    One that would be longer than *longest* bytes, which no datagram carries, says how many files it had in place of
    naming them.
    """
    severity = _WARNING if receipt["exit_code"] else _INFORMATIONAL
    host = _NOT_PRINTABLE.sub("", receipt["who"].get("host", ""))[:_LONGEST_NAME] or "-"
    head = f"<{_FACILITY * 8 + severity}>1 {receipt['time']} {host} {APPLICATION} {process} {MESSAGE_ID} - "
    message = (head + json.dumps(receipt, sort_keys=True, default=str)).encode("ascii")
    if longest is None or len(message) <= longest:
        return message
    counted = {**receipt, **{key: len(receipt[key]) for key in _LISTS}, "requested": len(receipt["requested"])}
    return (head + json.dumps(counted | {"shortened": True}, sort_keys=True, default=str)).encode("ascii")
