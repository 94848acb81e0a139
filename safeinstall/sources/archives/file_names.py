"""How the file system of a place compares names, found out without writing there."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from safeinstall.facts.wheels.file_names import FileNames

if TYPE_CHECKING:
    from pathlib import Path


def names_in(folder: Path) -> FileNames:
    """Return how names are compared in *folder*, or where it would be made: by a name that is there, in the other case.

    Where nothing can be found out, case does not count: two names too many are one, rather than one too few.
    """
    for place in (folder, *folder.parents):
        with suppress(OSError):
            for entry in place.iterdir():
                other = entry.with_name(entry.name.swapcase())
                if other.name != entry.name and entry.exists():
                    return FileNames(folds_case=other.exists() and entry.samefile(other))
    return FileNames(folds_case=True)
