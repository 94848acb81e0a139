"""Who required what, as a tree: each project once, at the end of a shortest way from the user."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from safeinstall.report.model import Requirement

USER = ""
"""Who asked for all of it: no project is called so."""


@dataclass(frozen=True, slots=True)
class Branch:
    """A project below one that requires it."""

    above: str
    name: str
    text: str
    """The requirement by which it is here."""
    others: tuple[str, ...]
    """Who else requires it."""


def branches(required_by: Mapping[str, Sequence[Requirement]]) -> Iterator[Branch]:
    """Yield each project that the user's requirements lead to, after the one above it, and sorted below that.

    What nothing leads to, as after a refusal what required the refused, is named in the requirement instead.
    """
    below: dict[str, dict[str, str]] = {}
    for name in sorted(required_by):
        for requirer in required_by[name]:
            above, text = requirer.by or USER, requirer.text
            if above != USER and above not in required_by:
                above, text = USER, f"{requirer.by} → {text}"
            below.setdefault(above, {}).setdefault(name, text)
    seen, waiting = {USER}, [USER]
    for above in waiting:
        for name, text in below.get(above, {}).items():
            if name not in seen:
                seen.add(name)
                waiting.append(name)
                others = (other for other, names in below.items() if name in names and other != above)
                yield Branch(above, name, text, tuple(others))
