"""Receipts forwarded to where the policy says, within a bounded time. What is not taken waits for the next run."""

from __future__ import annotations

from dataclasses import dataclass
from threading import Thread
from typing import TYPE_CHECKING, Any

from safeinstall.errors import SourceError
from safeinstall.sources.keeping.collectors import collector_of
from safeinstall.sources.keeping.outbox import Outbox
from safeinstall.sources.places.directories import state_directory

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from safeinstall.policy.model import LogSettings
    from safeinstall.sources.keeping.collectors import Collector

BATCH = 50
"""Receipts of earlier runs that one run sends at most, beside its own."""


@dataclass(frozen=True, slots=True)
class Forwarder:
    """Sends to one collector. It may get a receipt twice, and tells by its ``id``."""

    collector: Collector
    outbox: Outbox
    timeout: float
    """Seconds, of all that is done at once."""

    @classmethod
    def of(cls, settings: LogSettings, environ: Mapping[str, str]) -> Forwarder:
        """Return the forwarder that *settings* ask for."""
        outbox = Outbox(state_directory(environ) / "outbox")
        return cls(collector_of(settings, environ), outbox, settings.timeout.total_seconds())

    def announce(self, receipt: Mapping[str, Any]) -> None:
        """Send what waits, and that a run begins. Raises ``SourceError``; the announcement is then forgotten."""
        self._send(self._waiting(), receipt)

    def deliver(self, receipt: Mapping[str, Any]) -> str:
        """Send what waits, and *receipt*, which else waits too. Returns why that was not possible; never raises."""
        waiting = self._waiting()
        own = self.outbox.put(receipt)
        try:
            self._send(waiting, receipt)
        except SourceError as error:
            kept = "it waits for the next run" if own else "and it cannot be kept for the next run"
            return f"the receipt was not forwarded to {self.collector.name}: {error.message}; {kept}"
        self.outbox.forget([own] if own else [])
        return ""

    def keep(self, receipt: Mapping[str, Any]) -> None:
        """Leave *receipt* to the next run."""
        self.outbox.put(receipt)

    def _waiting(self) -> list[Path]:
        return self.outbox.waiting()[:BATCH]

    def _send(self, waiting: Sequence[Path], receipt: Mapping[str, Any]) -> None:
        earlier = [found for file in waiting if (found := self.outbox.read(file)) is not None]
        _within(self.timeout, self.collector, [*earlier, receipt])
        self.outbox.forget(waiting)


def _within(seconds: float, collector: Collector, receipts: Sequence[Mapping[str, Any]]) -> None:
    """Send *receipts* in a thread that nobody waits for any longer: names, keyrings and slow bodies know no timeout."""
    ended: list[BaseException | None] = []

    def send() -> None:
        try:
            collector.send(receipts)
        except BaseException as error:  # noqa: BLE001 - whoever waits gets it, whatever it is
            ended.append(error)
        else:
            ended.append(None)

    thread = Thread(target=send, name="forward", daemon=True)
    thread.start()
    thread.join(seconds)
    if not ended:
        raise SourceError(f"no answer within {seconds:g} seconds")
    if ended[0] is not None:
        raise ended[0]
