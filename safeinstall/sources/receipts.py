"""What was installed and why, one JSON line for each run, appended and never rewritten."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

import platformdirs

if TYPE_CHECKING:
    from collections.abc import Mapping

STATE_DIR_VARIABLE = "SAFE_PIP_STATE_DIR"


def receipts_file(environ: Mapping[str, str] = os.environ) -> Path:
    """Return where receipts are kept: below ``SAFE_PIP_STATE_DIR``, else in the user's state directory."""
    directory = environ.get(STATE_DIR_VARIABLE) or platformdirs.user_state_dir("safe-pip", appauthor=False)
    return Path(directory) / "receipts.jsonl"


def append_receipt(receipt: Mapping[str, object], file: Path) -> str | None:
    """Append *receipt* to *file*. Returns why that was not possible, or ``None``; never raises for it.

    The line goes out in one write to the end, so that runs at the same time cannot mix theirs.
    """
    line = json.dumps(receipt, sort_keys=True, default=str).encode() + b"\n"
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        try:
            written = os.write(descriptor, line)
        finally:
            os.close(descriptor)
    except OSError as error:
        return f"the receipt could not be written to {file}: {error.strerror}"
    return None if written == len(line) else f"the receipt in {file} is cut short: no space left"
