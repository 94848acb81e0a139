"""How long the phases of a run took, by the wall clock."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from time import monotonic
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(slots=True)
class Stopwatch:
    """Adds up seconds by phase. A phase within another one interrupts it: each second is counted once."""

    seconds: dict[str, float] = field(default_factory=dict)
    _phase: str | None = None
    _since: float = 0.0

    @contextmanager
    def __call__(self, phase: str) -> Iterator[None]:
        """Count what happens in the context to *phase*."""
        outer = self._turn_to(phase)
        try:
            yield
        finally:
            self._turn_to(outer)

    def _turn_to(self, phase: str | None) -> str | None:
        """Begin to count to *phase*; return what was counted to until now."""
        now, before = monotonic(), self._phase
        if before is not None:
            self.seconds[before] = self.seconds.get(before, 0.0) + now - self._since
        self._phase, self._since = phase, now
        return before
