"""Where an installation may change something, worked out from what pip has understood, before pip goes on.

Only there is anything ever undone. A journal says it too, but is believed only where it is sealed (``places.seals``).
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from safeinstall.request.invocation import Invocation

ELSEWHERE = ("target_dir", "prefix_path", "root_path")
"""pip's options that install elsewhere than into the environment."""


def find_roots(invocation: Invocation) -> list[str]:
    """Return the directories, without links, below which all is that can be undone; the longest first."""
    named = [invocation.prefix, *(invocation.option(option) for option in (*ELSEWHERE, "src_dir"))]
    scheme = () if invocation.option("target_dir") else invocation.scheme.values()
    roots = {os.path.realpath(root) for root in (*named, *scheme, *_installed(invocation)) if root}
    return sorted(roots - {os.sep} if invocation.option("root_path") != os.sep else roots, key=len, reverse=True)


def find_sites(invocation: Invocation) -> list[str]:
    """Return the directories in which the distributions will be."""
    if target := invocation.option("target_dir"):
        return [os.path.realpath(target)]
    return sorted({os.path.realpath(invocation.scheme[key]) for key in ("purelib", "platlib")})


def find_library(invocation: Invocation) -> str:
    """Return the directory that pip puts modules into, if it is there and pip does so directly; else nothing."""
    library = invocation.scheme["purelib"]
    elsewhere = any(invocation.option(option) for option in ELSEWHERE)
    return "" if elsewhere or os.path.realpath(library) != library or not os.path.isdir(library) else library  # noqa: PTH112


def find_missing(roots: Iterable[str]) -> list[str]:
    """Return which of *roots*, and of the directories above them, do not exist: pip makes them, and they are new."""
    return sorted({place for root in roots for place in _missing(root)})


def _installed(invocation: Invocation) -> Iterator[str]:
    """Yield where the installed distributions are, which may be replaced, and where their commands are."""
    for site in {Path(row["info"]).parent for row in invocation.installed if row["info"]}:
        yield str(site)
        if len(site.parents) > 2 and site.parents[1].name in {"lib", "lib64"}:  # noqa: PLR2004 - PREFIX/lib/python3/site
            yield str(site.parents[2])


def _missing(root: str) -> Iterator[str]:
    while not os.path.lexists(root):
        yield root
        root = os.path.dirname(root)  # noqa: PTH120 - text is written to the journal
