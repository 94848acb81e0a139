"""``safe-pip policy diff OLD NEW``."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime, timezone
from typing import TYPE_CHECKING

from safeinstall.commands.policy.output import write
from safeinstall.policy.layers import stack
from safeinstall.policy.shown.diff import changes
from safeinstall.report.text import shown
from safeinstall.sources.policies.policy_files import read_named

if TYPE_CHECKING:
    from argparse import Namespace

    from safeinstall.commands.policy import Place
    from safeinstall.policy.shown.diff import Change

EXIT_LOOSENED = 1
_SIGNS = {"loosens": "loosens ", "tightens": "tightens", "differs": "differs ", "says": "says    "}


def run(arguments: Namespace, place: Place) -> int:
    """Print the differences of two policies; exit 1 when asked to and something may pass that did not."""
    today = datetime.now(timezone.utc).date()
    old, new = (
        stack([read_named(reference, place.environ, place.cwd)], today=today)
        for reference in (arguments.old, arguments.new)
    )
    found = changes(old, new)
    loosened = any(change.may_loosen for change in found)
    verdict = "some changes may let more pass" if loosened else "nothing passes that did not"
    lines = [*map(_line, found), f"{len(found)} differences: {verdict}" if found else "the same"]
    write(arguments, "\n".join([*map(shown, lines), ""]), {"loosened": loosened, "changes": [asdict(c) for c in found]})
    return EXIT_LOOSENED if loosened and arguments.fail_if_loosened else 0


def _line(change: Change) -> str:
    sign = _SIGNS[change.effect]
    if change.old is None:
        return f"{sign}  {change.key}: {change.new} is new"
    if change.new is None:
        return f"{sign}  {change.key}: {change.old} is gone"
    return f"{sign}  {change.key}: {change.old} → {change.new}"
