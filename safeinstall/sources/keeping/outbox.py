"""Receipts that wait to be forwarded: one file each, so that runs at the same time do not disturb one another."""

from __future__ import annotations

import json
import os
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

KEPT = 1000
"""Receipts that wait at most. The oldest give way; in the log of this machine they stay."""


@dataclass(frozen=True, slots=True)
class Outbox:
    """A folder in the state directory."""

    folder: Path

    def put(self, receipt: Mapping[str, Any]) -> Path | None:
        """Keep *receipt*; return its file, or ``None`` where nothing can be written."""
        file = self.folder / f"{receipt['time'].replace(':', '')}-{receipt['id']}.json"
        part = file.with_suffix(".part")
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
            with os.fdopen(descriptor, "w", encoding="utf-8") as out:
                json.dump(receipt, out, sort_keys=True, default=str)
            part.replace(file)
        except OSError:
            return None
        self.forget(self.waiting()[:-KEPT])
        return file

    def waiting(self) -> list[Path]:
        """Return the files of what waits, the oldest first."""
        return sorted(self.folder.glob("*.json"))

    def read(self, file: Path) -> dict[str, Any] | None:
        """Return one receipt; ``None`` if another run has sent it meanwhile, or it is damaged."""
        try:
            receipt = json.loads(file.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None
        return receipt if isinstance(receipt, dict) and {"exit_code", "time", "who"} <= receipt.keys() else None

    def forget(self, files: Iterable[Path]) -> None:
        """Remove these files."""
        for file in files:
            with suppress(OSError):
                file.unlink()
