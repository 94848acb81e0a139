"""The names of the most popular projects, as they are shipped: see ``benchmarks/refresh_popular_names.py``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from packaging.utils import NormalizedName

FILE = Path(__file__).with_name("popular_names.txt")


def popular_names() -> tuple[NormalizedName, ...]:
    """Return the names, normalised, the most popular first."""
    _, _, after_comments = FILE.read_text(encoding="ascii").rpartition("#")
    _, _, names = after_comments.partition("\n")
    return cast("tuple[NormalizedName, ...]", tuple(names.split()))
