"""The files of an archive as they are compared. The archive is opened as hostile input (``sources/archives/``)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from safeinstall.facts.origins.origin import TreeMaker, library_path
from safeinstall.sources.archives.archives import check_sdist, check_wheel

if TYPE_CHECKING:
    from pathlib import Path

    from safeinstall.facts.origins.origin import Tree


def wheel_tree(path: Path, filename: str) -> Tree:
    """Return the files of the wheel at *path* where they are installed. Raises ``IntegrityError``.

    No two are in one place: the check of the wheel has looked.
    """
    maker = TreeMaker()
    check_wheel(path, filename, visitors=[maker])
    return {library_path(name): member for name, member in maker.tree.items() if not name.endswith("/")}


def sdist_tree(path: Path, filename: str) -> Tree:
    """Return the files of the source distribution at *path* below its root. Raises ``IntegrityError``."""
    maker = TreeMaker()
    check_sdist(path, filename, visitors=[maker])
    files = {name: member for name, member in maker.tree.items() if not name.endswith("/")}
    tops = {name.partition("/")[0] for name in files}
    root = f"{tops.pop()}/" if len(tops) == 1 else ""
    return {name.removeprefix(root): member for name, member in files.items()}
