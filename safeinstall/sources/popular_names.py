"""The names of the most popular projects, as they are shipped: see ``benchmarks/refresh_popular_names.py``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from packaging.utils import NormalizedName

FILE = Path(__file__).with_name("popular_names.txt")


def popular_names() -> tuple[NormalizedName, ...]:
    """Return the names, normalised, the most popular first."""
    lines = FILE.read_text(encoding="ascii").splitlines()
    return cast("tuple[NormalizedName, ...]", tuple(line for line in lines if not line.startswith("#")))
