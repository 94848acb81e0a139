"""The files of an archive as they are compared. The archive is opened as hostile input (``sources/archives/``)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from safeinstall.facts.origins.origin import MemberReader, installed_path
from safeinstall.sources.archives.archives import check_sdist, check_wheel

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from safeinstall.facts.origins.origin import Member, Tree


class TreeReader:
    """Sees every member of an archive (``archives.Visitor``)."""

    def __init__(self, place: Callable[[str], str]) -> None:
        """Keep each member by its *place* in the tree."""
        self.tree: dict[str, Member] = {}
        self._place = place
        self._member, self._reader = "", MemberReader("")

    def begin(self, member: str) -> None:
        """The bytes of *member* follow."""
        self._member, self._reader = member, MemberReader(member)

    def feed(self, chunk: bytes) -> None:
        """Take the next bytes."""
        self._reader.feed(chunk)

    def end(self) -> None:
        """The member is whole."""
        if not self._member.endswith("/"):
            self.tree[self._place(self._member)] = self._reader.end()


def wheel_tree(path: Path, filename: str) -> Tree:
    """Return the files of the wheel at *path* where they are installed. Raises ``IntegrityError``."""
    reader = TreeReader(installed_path)
    check_wheel(path, filename, visitors=[reader])
    return reader.tree


def sdist_tree(path: Path, filename: str) -> Tree:
    """Return the files of the source distribution at *path* below its root. Raises ``IntegrityError``."""
    reader = TreeReader(str)
    check_sdist(path, filename, visitors=[reader])
    tops = {name.partition("/")[0] for name in reader.tree}
    root = f"{tops.pop()}/" if len(tops) == 1 else ""
    return {name.removeprefix(root): member for name, member in reader.tree.items()}
