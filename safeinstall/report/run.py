"""What a run has in hand, filled in as it goes: whatever ends it, its report can be made from this."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from safeinstall.invocation import Invocation
    from safeinstall.outcome import Outcome
    from safeinstall.policy.model import Policy
    from safeinstall.report.model import EvidenceUsed


@dataclass(slots=True)
class Run:
    """What is known of a run so far."""

    started: datetime
    policy: Policy | None = None
    invocation: Invocation | None = None
    outcome: Outcome | None = None
    advisories: EvidenceUsed | None = None
    """The advisories, if any rule asked for them."""
    error: BaseException | None = None
    exit_code: int | None = None
    """``None`` until it has ended by itself."""
