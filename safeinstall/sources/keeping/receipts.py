"""What was installed and why, one JSON line for each run, appended and never rewritten.

A file that has grown to :data:`LARGEST` is put aside as ``receipts.jsonl.1``, that of before as ``.2``, and so on; of
these :data:`KEPT` are kept.
"""

from __future__ import annotations

import json
import os
from contextlib import contextmanager, suppress
from itertools import pairwise
from typing import TYPE_CHECKING

from safeinstall.sources.places.directories import state_directory

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

LARGEST = 8 << 20
"""Bytes after which a new file is begun."""
KEPT = 9
"""Full files that are kept."""


def receipts_file(environ: Mapping[str, str] = os.environ) -> Path:
    """Return where receipts are kept: below ``SAFE_PIP_STATE_DIR``, else in the user's state directory."""
    return state_directory(environ) / "receipts.jsonl"


def append_receipt(receipt: Mapping[str, object], file: Path) -> str | None:
    """Append *receipt* to *file*. Returns why that was not possible, or ``None``; never raises for it.

    The line goes out in one write to the end, so that runs at the same time cannot mix theirs.
    """
    line = json.dumps(receipt, sort_keys=True, default=str).encode() + b"\n"
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        _make_room(file)
        descriptor = os.open(
            file, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK, 0o600
        )
        try:
            written = os.write(descriptor, line)
        finally:
            os.close(descriptor)
    except OSError as error:
        return f"the receipt could not be written to {file}: {error.strerror}"
    return None if written == len(line) else f"the receipt in {file} is cut short: no space left"


def read_receipts(file: Path) -> Iterator[str]:
    """Yield every line that is kept, the oldest first. Raises ``OSError`` for a file that cannot be read."""
    for place in (*reversed(_full(file)), file):
        with suppress(FileNotFoundError), place.open(encoding="utf-8", errors="replace") as lines:
            yield from lines


def _full(file: Path) -> list[Path]:
    return [file.with_name(f"{file.name}.{number}") for number in range(1, KEPT + 1)]


def _make_room(file: Path) -> None:
    """Put *file* aside if it is full. Of runs at the same time one does it; a line under way goes to either file."""
    if not _is_full(file):
        return
    with _locked(file.with_name(f"{file.name}.lock")):
        if _is_full(file):
            places = [file, *_full(file)]
            for newer, older in reversed(list(pairwise(places))):
                with suppress(FileNotFoundError):
                    newer.replace(older)


def _is_full(file: Path) -> bool:
    with suppress(FileNotFoundError):
        return file.lstat().st_size >= LARGEST
    return False


@contextmanager
def _locked(lock: Path) -> Iterator[None]:
    import fcntl  # noqa: PLC0415 - POSIX, and rarely needed

    descriptor = os.open(lock, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
