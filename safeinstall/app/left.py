"""What an installation that was killed has left half there: undone before another one, and told."""

from __future__ import annotations

from typing import TYPE_CHECKING

from safeinstall.errors import LeftHalfError
from safeinstall.sources.undoing.journals import journals_directory

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from safeinstall.request.invocation import Invocation


def may_be_left(environ: Mapping[str, str]) -> bool:
    """Whether there is any journal at all."""
    place = journals_directory(environ)
    return place.is_dir() and any(place.iterdir())


def undo_first(invocation: Invocation, environ: Mapping[str, str], say: Callable[[str], None]) -> bool:
    """Undo what a killed installation left where pip will install now; whether anything was: pip has to look again."""
    if invocation.command != "install" or invocation.dry_run or not may_be_left(environ):
        return False
    from safeinstall.report.aftermath import render_left  # most runs find nothing
    from safeinstall.report.text import shown
    from safeinstall.sources.undoing.recovery import into, recover

    undone = False
    for left in recover(environ, into(invocation.prefix), careful=True):
        undone = undone or left.aftermath.undone
        for line in render_left(left):
            say(shown(line))
    return undone


def look_for_half(invocation: Invocation, environ: Mapping[str, str], say: Callable[[str], None]) -> None:
    """Say what is half there in the environment. Raises ``LeftHalfError`` for an installation into it."""
    if not may_be_left(environ):
        return
    from safeinstall.report.aftermath import render_left  # most runs find nothing
    from safeinstall.report.text import shown
    from safeinstall.sources.undoing.recovery import find_left, into

    installs = invocation.command == "install" and not invocation.dry_run
    for left in find_left(environ, into(invocation.prefix)):
        if installs and left.aftermath.recoverable:
            raise LeftHalfError(invocation.prefix)
        if not installs:
            for line in render_left(left):
                say(shown(line))
