"""What a run has in hand, filled in as it goes: whatever ends it, its report can be made from this."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from safeinstall.errors import SafeInstallError
from safeinstall.report.secrets import without_secrets

if TYPE_CHECKING:
    from datetime import datetime

    from safeinstall.policy.model import Policy
    from safeinstall.report.model import EvidenceUsed, Problem
    from safeinstall.request.invocation import Invocation
    from safeinstall.resolve.outcome import Aftermath, Outcome


@dataclass(slots=True)
class Run:
    """What is known of a run so far."""

    started: datetime
    id: str = ""
    """No other run has it."""
    arguments: tuple[str, ...] = ()
    """pip's, as they were given. They may hold credentials."""
    policy: Policy | None = None
    invocation: Invocation | None = None
    outcome: Outcome | None = None
    advisories: tuple[EvidenceUsed, ...] = ()
    """The advisories and the lists of CVEs, if any rule asked for them."""
    aftermath: Aftermath | None = None
    """What became of an installation that pip did not bring to a good end."""
    error: BaseException | None = None
    phases: dict[str, float] = field(default_factory=dict)
    """Seconds, in the order of the phases."""
    shown: bool = False
    """Whether a report will show the reader all of it, so that nothing need be told before."""
    exit_code: int | None = None
    """``None`` until it has ended by itself."""

    def forget(self) -> None:
        """Forget what was asked for and what came of it, as if it had not been begun."""
        self.invocation = self.outcome = self.aftermath = None
        self.advisories = ()

    @property
    def problem(self) -> Problem | None:
        """What ended it, if not pip or the policy, as it may be shown and kept."""
        if self.error is None:
            return None
        from safeinstall.report.model import Problem  # noqa: PLC0415 - pip is started before it is loaded

        if isinstance(self.error, SafeInstallError):
            hint = self.error.hint and without_secrets(self.error.hint)
            return Problem(message=without_secrets(self.error.message), hint=hint)
        cancelled = isinstance(self.error, KeyboardInterrupt)
        return Problem(message="cancelled" if cancelled else without_secrets(repr(self.error)), hint=None)

    @property
    def came_to_something(self) -> bool:
        """Whether there is anything to keep: pip that answered ``--help`` has done nothing."""
        return self.invocation is not None or self.error is not None or self.exit_code != 0
