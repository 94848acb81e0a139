"""How a run ended: what every report is made from."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from safeinstall.resolve.resolution import Refusal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from packaging.utils import NormalizedName

    from safeinstall.models import Artifact, Verdict
    from safeinstall.plan import Plan, VerifiedPlan
    from safeinstall.resolve.resolution import Resolution


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How a run ended."""

    result: Resolution | Refusal
    plan: Plan | None = None
    verified: VerifiedPlan | None = None
    status: int | None = None
    """pip's exit code; ``None`` when pip was not let go on."""
    newest_passing: Mapping[NormalizedName, Artifact] = field(default_factory=dict)
    """For a refusal: the best file of each refused project that the policy lets pass, whatever the requirements say."""

    @property
    def refused(self) -> Refusal | None:
        """The refusal, if that is how it ended."""
        return self.result if isinstance(self.result, Refusal) else None

    @property
    def resolved(self) -> Resolution:
        """The resolution; only asked for where there was no refusal."""
        if isinstance(self.result, Refusal):
            raise TypeError("a refusal has no resolution")
        return self.result


@dataclass(frozen=True, slots=True, kw_only=True)
class Audit:
    """What the policy says of what is, or would be, installed. Nothing was installed to tell."""

    subject: str
    """What was judged, for a reader."""
    verdicts: tuple[Verdict, ...]
    """Of every package that was judged, sorted by name."""
    refusal: Refusal | None
    """What of it is refused, and why it is there."""
    newest_passing: Mapping[NormalizedName, Artifact] = field(default_factory=dict)
    """See :class:`Outcome`."""
    problems: tuple[str, ...] = ()
    """What sources failed to say."""

    @property
    def exit_code(self) -> int:
        """10 for a refusal, 11 where missing facts alone decided, else 0."""
        return 0 if self.refusal is None else self.refusal.exit_code
