"""When two names are the same file: file systems differ in whether ``Beta`` is ``beta``."""

from __future__ import annotations

from dataclasses import dataclass
from unicodedata import normalize


def folded(path: str) -> str:
    """Return *path* as a file system sees it that tells neither cases nor forms of Unicode apart."""
    return path.lower() if path.isascii() else _composed(_composed(path).casefold())


def _composed(path: str) -> str:
    return path if path.isascii() else normalize("NFC", path)


@dataclass(frozen=True, slots=True)
class FileNames:
    """How the names of files are compared in one place."""

    folds_case: bool = False

    def key(self, path: str) -> str:
        """Return what is the same for two paths that are, or may be, one file.

        The form of Unicode never counts: whether it does cannot be found out without writing, and no two honest names
        differ in it alone.
        """
        return folded(path) if self.folds_case else _composed(path)
