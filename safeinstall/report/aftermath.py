"""What became of an installation that pip did not bring to a good end, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from safeinstall.errors import UNDO_OR_KEEP, AftermathError, SafeInstallError, UndoneError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from safeinstall.resolve.outcome import Aftermath, Left


def render_failed(aftermath: Aftermath, exit_code: int) -> list[str]:
    """Return what to say when pip has ended with *exit_code*, after what it said itself."""
    happened = f"pip failed while it installed (exit {exit_code})"
    if aftermath.undone:
        return [f"{happened}; what it had changed was undone: the environment is as before"]
    if aftermath.finished:
        return [f"pip failed after it had installed (exit {exit_code}); what it installed stays as it is"]
    return [*f"{happened}; {_not_undone(aftermath)}".splitlines(), f"way out: {way_out(aftermath)}"]


def stopped(aftermath: Aftermath, exit_code: int) -> SafeInstallError:
    """Return the error to raise when a signal has stopped pip."""
    error: SafeInstallError
    if aftermath.undone:
        error = UndoneError("stopped while pip was installing; what it had changed was undone")
    elif aftermath.finished:
        error = AftermathError("stopped when pip had installed")
    else:
        error = AftermathError(f"stopped while pip was installing; {_not_undone(aftermath)}", hint=way_out(aftermath))
    error.exit_code = exit_code
    return error


def render_left(left: Left, *, kept: bool = False) -> list[str]:
    """Return what to say of an installation that was killed."""
    if not left.prefix:
        look = f"look at {left.journal}, then forget about it: safe-pip recover --keep"
        then = "it is forgotten" if kept else f"way out: {look}"
        return [left.aftermath.problem, then]
    told = f"an installation into {left.prefix} was killed (it began {left.began})"
    if left.aftermath.undone:
        return [f"{told}; what it had changed was undone: the environment is as before it"]
    half = [lists] if (lists := _lists(left.aftermath)) else []
    if kept:
        return [f"{told}; it stays as it is", *half]
    if left.changed:
        return [
            f"{told}, and is half there; something has changed {left.changed} since",
            *half,
            f"way out: {UNDO_OR_KEEP}",
        ]
    why = f": {left.aftermath.problem}" if left.aftermath.problem else ""
    return [f"{told}, and is half there{why}", *half, f"way out: {way_out(left.aftermath)}"]


def _not_undone(aftermath: Aftermath) -> str:
    lists = _lists(aftermath)
    told = f"what it had changed could not be undone: {aftermath.problem}"
    return f"{told}\n{lists}" if lists else told


def _lists(aftermath: Aftermath) -> str:
    named = {"complete": aftermath.complete, "half there": aftermath.half}
    return "; ".join(f"{what}: {_few(pins)}" for what, pins in named.items() if pins)


def way_out(aftermath: Aftermath) -> str:
    """Return the commands that repair it. pip cannot uninstall what has no RECORD yet, but can install over it."""
    undo = ["undo it: safe-pip recover"] if aftermath.recoverable else []
    again = [f"safe-pip install --ignore-installed --no-deps {' '.join(aftermath.half)}"] if aftermath.half else []
    return ", or: ".join(undo + again) or "look at the environment before you use it"


def _few(pins: Sequence[str], shown: int = 8) -> str:
    return ", ".join(pins[:shown]) + (f" and {len(pins) - shown} more" if len(pins) > shown else "")
