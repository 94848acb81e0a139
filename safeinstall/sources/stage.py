"""A private index on disk (PEP 503) that holds the approved files and nothing else: all that pip gets to see."""

from __future__ import annotations

import fcntl
import html
import os
import shutil
import tempfile
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from packaging.utils import NormalizedName

    from safeinstall.plan import VerifiedFile, VerifiedPlan

_PREFIX = "safe-pip-stage-"
_LOCK = "in-use"
_PAGE = "<!DOCTYPE html>\n<html><body>\n{}</body></html>\n"


@dataclass(frozen=True, slots=True)
class Stage:
    """A directory that only this user can enter, there for as long as :func:`open_stage` runs."""

    root: Path
    anchors: dict[NormalizedName, dict[str, str]] = field(default_factory=dict)
    """What each page lists, by file name."""

    @property
    def files(self) -> Path:
        """Where the files go, in folders of :meth:`new_folder`."""
        return self.root / "files"

    def new_folder(self) -> Path:
        """Return a folder that does not exist yet: whoever fetches files makes it."""
        self.files.mkdir(mode=0o700, exist_ok=True)
        return self.files / str(len(list(self.files.iterdir())))

    @property
    def index_url(self) -> str:
        """What pip takes as ``--index-url``."""
        return (self.root / "simple").as_uri()

    def publish(self, verified: VerifiedPlan, *, empty: Iterable[NormalizedName] = ()) -> None:
        """Write a page for each project of *verified*, and one without files for each of *empty*, beside earlier ones.

        pip looks for a newer version of what is installed, and would complain of a missing page.
        """
        for name in empty:
            self.anchors.setdefault(name, {})
        for file in verified.files:
            anchors = self.anchors.setdefault(file.pin.artifact.name, {})
            anchors[Path(file.path).name] = self._anchor(file)
        for name, anchors in self.anchors.items():
            self._write_page(name, "".join(anchors.values()))

    def _write_page(self, name: NormalizedName, anchors: str) -> None:
        page = self.root / "simple" / name / "index.html"
        page.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        page.write_text(_PAGE.format(anchors), encoding="utf-8")

    def _anchor(self, file: VerifiedFile) -> str:
        artifact = file.pin.artifact
        path = Path(file.path)
        if path.parent.parent != self.files:
            raise ValueError(f"{path.name} is not in the staged directory")
        href = f"../../files/{path.parent.name}/{quote(path.name)}#sha256={file.sha256}"
        yanked = "" if artifact.yanked is None else f' data-yanked="{html.escape(artifact.yanked)}"'
        return f'<a href="{html.escape(href)}"{yanked}>{html.escape(path.name)}</a><br>\n'


@contextmanager
def open_stage(parent: Path | None = None) -> Iterator[Stage]:
    """Give a fresh stage below *parent* (by default where temporary files go), and remove it at the end.

    Stages of runs that were killed are removed first.
    """
    parent = Path(tempfile.gettempdir()) if parent is None else parent
    _sweep(parent)
    root = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=parent)).resolve()
    try:
        with _locked(root):
            yield Stage(root)
    finally:
        shutil.rmtree(root, ignore_errors=True)


@contextmanager
def _locked(root: Path) -> Iterator[None]:
    with (root / f"{_LOCK}.new").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        Path(lock.name).rename(root / _LOCK)  # only now can another run find it, and find it locked
        yield


def _sweep(parent: Path) -> None:
    for root in parent.glob(f"{_PREFIX}*"):
        with suppress(OSError):
            if _is_ours(root) and _is_abandoned(root):
                shutil.rmtree(root, ignore_errors=True)


def _is_ours(root: Path) -> bool:
    """Whether the entry is a directory of this user: others may put links with our prefix into a shared one."""
    status = root.lstat()
    return status.st_uid == os.getuid() and root.is_dir() and not root.is_symlink()


def _is_abandoned(root: Path) -> bool:
    """Whether no process holds the lock: the kernel lets go of it however a process ends."""
    with (root / _LOCK).open("r+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
    return True
