"""Which distributions are there as a whole, and which are half there."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import TYPE_CHECKING

from packaging.utils import canonicalize_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence


def sort_out(planned: Iterable[str], sites: Sequence[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return which of the *planned* ``NAME==VERSION`` are complete in *sites*, and which are half there.

    Of one whose metadata directory does not exist yet nothing can be told: it is neither.
    """
    complete: list[str] = []
    half: list[str] = []
    for pin in planned:
        name, _, version = pin.partition("==")
        for info in _infos(name, version, sites):
            (complete if is_complete(info) else half).append(pin)
    return tuple(complete), tuple(half)


def is_complete(info: Path) -> bool:
    """Whether the RECORD in the directory *info* lists what its installer writes last, and every file of it is there.

    A RECORD as the wheel brings it does not list ``INSTALLER`` (PEP 376; pip: operations/install/wheel.py).
    """
    try:
        with (info / "RECORD").open(encoding="utf-8", newline="") as file:
            listed = [row[0] for row in csv.reader(file) if row]
    except (OSError, ValueError, csv.Error):
        return False
    return f"{info.name}/INSTALLER" in listed and all((info.parent / path).exists() for path in listed)


def _infos(name: str, version: str, sites: Sequence[str]) -> Iterator[Path]:
    for info in (info for site in sites for info in sorted(Path(site).glob("*.dist-info"))):
        stem = info.name.removesuffix(".dist-info").split("-")
        if len(stem) > 1 and canonicalize_name(stem[0]) == canonicalize_name(name) and stem[1] == version:
            yield info
