"""How a run ended: what every report is made from."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING

from safeinstall.errors import EXIT_EVIDENCE
from safeinstall.resolve.resolution import Refusal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from packaging.utils import NormalizedName
    from packaging.version import Version

    from safeinstall.facts.artifact import Artifact
    from safeinstall.facts.verdict import Verdict
    from safeinstall.plan.plan import Plan, VerifiedPlan
    from safeinstall.resolve.resolution import Requirer, Resolution


@dataclass(frozen=True, slots=True, kw_only=True)
class Aftermath:
    """What became of an installation that pip did not bring to a good end."""

    undone: bool = False
    """Whether the environment is as it was before."""
    finished: bool = False
    """Whether all was installed by then."""
    complete: tuple[str, ...] = ()
    """Each ``NAME==VERSION`` that is there as a whole, where it was not undone."""
    half: tuple[str, ...] = ()
    """Likewise, what is half there."""
    problem: str = ""
    """Why it was not undone."""
    recoverable: bool = False
    """Whether it still can be, by its journal."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Left:
    """An installation that was killed."""

    prefix: str = ""
    """Where it was to; empty if its journal cannot be read."""
    began: str = ""
    journal: str = ""
    """The file that says so."""
    roots: tuple[str, ...] = ()
    """The directories below which it has changed something."""
    paths: tuple[str, ...] = ()
    """What is undone, in that order."""
    changed: str = ""
    """A path that something has changed after it was killed; to undo it would undo that."""
    aftermath: Aftermath


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
    required_by: Mapping[NormalizedName, tuple[Requirer, ...]] = field(default_factory=dict)
    """Who requires what, where that was asked."""
    newest_passing: Mapping[NormalizedName, Artifact] = field(default_factory=dict)
    """See :class:`Outcome`."""
    problems: tuple[str, ...] = ()
    """What sources failed to say."""
    unread: tuple[str, ...] = ()
    """Files of an environment that cannot be read, and that tell not even a name."""

    @property
    def exit_code(self) -> int:
        """10 for a refusal, 11 where missing facts alone decided, else 0."""
        return 0 if self.refusal is None else self.refusal.exit_code


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """One project that moves to another version."""

    name: NormalizedName
    old: Version
    new: Version
    reason: Verdict | None
    """The denial of the old version; ``None`` for one that moves so that the others fit."""
    part: str = ""
    """The extra or group it was judged with, where each was judged by itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fix:
    """What can be done about the pins of a file."""

    path: str
    moves: tuple[Move, ...] = ()
    old: str
    """The text as it is."""
    new: str
    """The text with the moves."""
    refusal: Refusal | None = None
    """What is refused, if it cannot be fixed."""
    newest_passing: Mapping[NormalizedName, Artifact] = field(default_factory=dict)
    """See :class:`Outcome`."""
    problem: str = ""
    """Why it cannot be fixed; empty if it can."""

    @property
    def exit_code(self) -> int:
        """0 for a file that passes or can be made to; else 10, or 11 where missing facts alone decided."""
        return self.refusal.exit_code if self.refusal and self.problem else 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What could be had of one project now."""

    name: NormalizedName
    present: str
    """The version that is installed; of requirements, what they ask for, which may be empty: any version."""
    newest: Verdict
    """On the newest version that pip would take from nothing installed: on a file that passes, else will first."""
    passing: Verdict | None
    """On the newest version that the policy lets pass; ``None`` where it lets none."""
    within: Verdict | None = None
    """Likewise, of those that are asked for."""
    is_behind: bool
    """Whether there is a newer version than what is installed, or than what would be taken now."""

    @property
    def is_held(self) -> bool:
        """Whether the policy holds the newest version back."""
        return self.passing is None or self.passing.artifact.version != self.newest.artifact.version


class Unlisted(Enum):
    """Why nothing is said of a project."""

    UNKNOWN = "on no index"
    UNFIT = "without a file for this environment"
    CLOSED = "on indexes that the policy denies, and that were not asked"
    DIRECT = "from an address or a directory, whose name no index was told"


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """What is newer than what is there, and what of it the policy lets pass."""

    subject: str
    standings: tuple[Standing, ...]
    """Sorted by name."""
    is_asked: bool
    """Whether it is about requirements, not about what is installed."""
    unlisted: Mapping[Unlisted, tuple[str, ...]] = field(default_factory=dict)
    """Names."""
    problems: tuple[str, ...] = ()
    """What indexes failed to say, so that projects are missing."""
    unread: tuple[str, ...] = ()
    """What of an environment cannot be read."""

    @property
    def exit_code(self) -> int:
        """11 where an index did not answer, else 0: to be outdated is no failure."""
        return EXIT_EVIDENCE if self.problems else 0
