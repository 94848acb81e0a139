"""The target of a command that installs nothing: what pip would do there, and the world to ask about it."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from typing import TYPE_CHECKING

from safeinstall.app.world import LiveWorld
from safeinstall.errors import UnsatisfiableError
from safeinstall.pipeline import run
from safeinstall.request.invocation import parse_invocation
from safeinstall.resolve.finder import CandidateFinder
from safeinstall.sources.index.locked import LockedIndex
from safeinstall.sources.pip.host import HostedPip

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from safeinstall.policy.model import Policy
    from safeinstall.request.invocation import Invocation

DRY_RUN = ("install", "--dry-run", "--quiet")
NOTHING = ("--no-deps", "pip")
"""Requirements for a pip that is only asked how it would look for files."""


@dataclass(frozen=True, slots=True)
class Target:
    """A judged command that never goes on to install."""

    invocation: Invocation
    world: LiveWorld
    as_of: datetime
    environ: Mapping[str, str]

    @property
    def finder(self) -> CandidateFinder:
        """A finder over what the indexes offer to this target."""
        return CandidateFinder(self.world.index, self.invocation.selection)

    def unbound(self) -> Target:
        """Return this target, whose locks bind no project to a file any more: its indexes tell of all."""
        self.world.index = LockedIndex(self.world.pages, {})
        return self


def fits_together(target: Target, policy: Policy) -> bool:
    """Whether pip alone would find an answer to what it was asked, be it one that *policy* then refuses."""
    try:
        outcome = run(target.invocation, replace(policy, select="strict"), target.world, target.as_of)
    except UnsatisfiableError:
        return False
    return outcome.refused is None or not outcome.refused.conflict


@contextmanager
def open_target(
    requirements: Sequence[str],
    policy: Policy,
    environ: Mapping[str, str],
    *,
    python: str | None = None,
    all_platforms: bool = False,
    installed: bool = False,
) -> Iterator[Target]:
    """Hear what pip would do with *requirements* in *python* (default: where pip would act), from nothing installed.

    Its index tells of files for other platforms than this one's if *all_platforms*; what is installed is told, and
    counts, if *installed*.

    Raises ``UnsatisfiableError`` when pip itself gives up; it has said why on standard error.
    """
    chosen = ("--python", python) if python else ()
    sys.stderr.flush()
    options = () if installed else ("--ignore-installed",)
    with HostedPip.start((*chosen, *DRY_RUN, *options, *requirements), environ, output=sys.stderr.fileno()) as pip:
        said = pip.describe()
        if said is None:
            raise UnsatisfiableError("pip cannot read what it was given, as it says above")
        invocation, as_of = parse_invocation(said), datetime.now(timezone.utc)
        with LiveWorld.open(
            invocation, policy, pip, as_of=as_of, environ=environ, all_platforms=all_platforms
        ) as world:
            yield Target(invocation, world, as_of, environ)
