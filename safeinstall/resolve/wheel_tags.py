"""Which wheels run here, told from their file names (PEP 425, PEP 427)."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

_WHEEL_PARTS = (5, 6)


@dataclass(slots=True)
class WheelTags:
    """The tags of one target, in its order of preference: ``cp311-cp311-manylinux_2_17_x86_64``."""

    tags: Sequence[str]
    _order: dict[str, int] = field(default_factory=dict)
    _places: dict[str, int | None] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Number the tags once."""
        for place, tag in enumerate(self.tags):
            self._order.setdefault(tag, place)

    @property
    def digest(self) -> str:
        """What tells this target from one that takes other wheels."""
        return hashlib.sha256("\n".join(self.tags).encode()).hexdigest()

    def place(self, triple: str) -> int | None:
        """Return the place of the best supported tag in a compressed tag set, or ``None``."""
        if triple not in self._places:
            pythons, abis, platforms = (part.lower().split(".") for part in triple.split("-"))
            tags = (f"{p}-{a}-{f}" for p in pythons for a in abis for f in platforms)
            self._places[triple] = min((self._order[t] for t in tags if t in self._order), default=None)
        return self._places[triple]

    def admit(self, filename: str) -> bool:
        """Whether *filename* may be installed here: all but a wheel for another interpreter or platform."""
        if not filename.endswith(".whl"):
            return True
        parts = filename[:-4].rsplit("-", 3)
        return len(parts) == 4 and self.place("-".join(parts[1:])) is not None  # noqa: PLR2004 - name and three tags
