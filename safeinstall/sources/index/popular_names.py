"""The names of the most popular projects, as they are shipped: see ``benchmarks/refresh_popular_names.py``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from packaging.utils import NormalizedName

FILE = Path(__file__).with_name("popular_names.txt")
REQUIRED = Path(__file__).with_name("required_names.txt")
AS_OF = "# As of "


def popular_names() -> tuple[NormalizedName, ...]:
    """Return the names, normalised, the most popular first."""
    _, names = _parts(FILE)
    return cast("tuple[NormalizedName, ...]", tuple(names.split()))


def required_names() -> dict[NormalizedName, NormalizedName]:
    """Return names that resemble a popular one, each with a popular project, or another of them, that requires it."""
    _, lines = _parts(REQUIRED)
    return dict(cast("tuple[NormalizedName, NormalizedName]", tuple(line.split())) for line in lines.splitlines())


def names_as_of() -> str:
    """Return of which day the ranking is that the list was made of, ``YYYY-MM-DD``."""
    comments, _ = _parts(FILE)
    return comments.partition(AS_OF)[2][: len("YYYY-MM-DD")]


def _parts(file: Path) -> tuple[str, str]:
    before, _, last = file.read_text(encoding="ascii").rpartition("#")
    comment, _, lines = last.partition("\n")
    return f"{before}#{comment}", lines
