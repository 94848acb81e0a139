"""Keeps the receipt of a run on this machine, and forwards it to where the policy says."""

from __future__ import annotations

import getpass
import os
import socket
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from safeinstall.errors import EXIT_LOG, AftermathError, LogError, SafeInstallError, SourceError
from safeinstall.report.receipt import render_receipt
from safeinstall.sources.keeping.receipts import append_receipt, receipts_file

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from safeinstall.policy.model import LogSettings
    from safeinstall.report.run import Run
    from safeinstall.sources.keeping.forward import Forwarder

_LATER = "it goes out with the next run; until it does, the next one is refused"


@dataclass(frozen=True, slots=True)
class Keeper:
    """Knows where receipts go."""

    environ: Mapping[str, str]
    say: Callable[[str], None]

    def announce(self, run: Run) -> None:
        """Tell the collector that *run* begins, if the policy requires that it hears of it. Raises ``LogError``."""
        log = _forwarded(run)
        if run.policy is None or log is None or not log.required:
            return
        forwarder = self._forwarder(log)
        try:
            forwarder.announce(render_receipt(run, exit_code=None, who=whoami()))
        except SourceError as error:
            place = run.policy.origin("log.required")
            raise LogError(
                f"{forwarder.collector.name} has to take the receipt of every run ({place}), and does not:"
                f" {error.message}",
                hint="try again when it answers, or ask whoever runs it",
            ) from error

    def keep(self, run: Run, exit_code: int) -> SafeInstallError | None:
        """Append the receipt of *run* to the log of this machine, and forward it.

        Returns the error that a good run has become, because a collector that has to take the receipt does not. What
        else goes wrong is said.
        """
        receipt = render_receipt(run, exit_code=exit_code, who=whoami())
        if problem := append_receipt(receipt, receipts_file(self.environ)):
            self.say(problem)
        log = _forwarded(run)
        if log is None:
            return None
        forwarder = self._forwarder(log)
        if isinstance(run.error, LogError | KeyboardInterrupt):  # it has just failed, or somebody waits for the prompt
            forwarder.keep(receipt)
            return None
        problem = forwarder.deliver(receipt)
        if problem and log.required and exit_code == 0:
            return _failure(problem, receipt)
        if problem:
            self.say(problem)
        return None

    def _forwarder(self, log: LogSettings) -> Forwarder:
        from safeinstall.sources.keeping.forward import Forwarder  # few policies ask for it

        return Forwarder.of(log, self.environ)


def _forwarded(run: Run) -> LogSettings | None:
    """Return where the receipt of *run* goes, if its policy could be read and says so."""
    return run.policy.log if run.policy is not None and run.policy.log.forward_to is not None else None


def _failure(problem: str, receipt: Mapping[str, Any]) -> SafeInstallError:
    if receipt["dry_run"]:
        return LogError(problem, hint=_LATER)
    failure = AftermathError(problem, hint=_LATER)
    failure.exit_code = EXIT_LOG
    return failure


def whoami() -> dict[str, str]:
    """Return who runs this, on which machine and in which directory."""
    found = {"host": socket.gethostname()}
    with suppress(OSError, KeyError, ImportError):  # a container may run a user that has no name
        found["user"] = getpass.getuser()
    with suppress(OSError):
        found["directory"] = os.getcwd()  # noqa: PTH109 - a str is kept
    return found
