"""Which distributions are there as a whole, and which are half there."""

from __future__ import annotations

import csv
import hashlib
import stat
from base64 import urlsafe_b64encode
from pathlib import Path
from typing import TYPE_CHECKING

from packaging.utils import canonicalize_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

ALGORITHMS = frozenset({"sha256", "sha384", "sha512"})
SMALL = 1 << 20
"""Bytes up to which a file's digest is compared, not its size alone."""


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
    """Whether the RECORD in the directory *info* lists what its installer writes last, and every file is as it says.

    A RECORD as the wheel brings it does not list ``INSTALLER`` (PEP 376; pip: operations/install/wheel.py).
    """
    try:
        with (info / "RECORD").open(encoding="utf-8", newline="") as file:
            rows = [(*row, "", "")[:3] for row in csv.reader(file) if row]
        listed = f"{info.name}/INSTALLER" in (path for path, _, _ in rows)
        return listed and all(_is_whole(info.parent / path, digest, size) for path, digest, size in rows)
    except (OSError, ValueError, csv.Error):
        return False


def _is_whole(path: Path, digest: str, size: str) -> bool:
    """Whether the file at *path* has its *size* and, a small one, its *digest*. Raises ``OSError``, ``ValueError``."""
    found = path.stat()
    if size and found.st_size != int(size):
        return False
    algorithm, _, expected = digest.partition("=")
    if algorithm not in ALGORITHMS or found.st_size > SMALL or not stat.S_ISREG(found.st_mode):
        return True
    return urlsafe_b64encode(hashlib.new(algorithm, path.read_bytes()).digest()).rstrip(b"=").decode() == expected


def _infos(name: str, version: str, sites: Sequence[str]) -> Iterator[Path]:
    for info in (info for site in sites for info in sorted(Path(site).glob("*.dist-info"))):
        stem = info.name.removesuffix(".dist-info").split("-")
        if len(stem) > 1 and canonicalize_name(stem[0]) == canonicalize_name(name) and stem[1] == version:
            yield info
