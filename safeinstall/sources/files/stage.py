"""A private index on disk (PEP 503) that holds the approved files and nothing else: all that pip gets to see."""

from __future__ import annotations

import html
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from safeinstall.sources.places.temporary import private_directory

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from packaging.utils import NormalizedName

    from safeinstall.facts.artifact import Artifact
    from safeinstall.plan.plan import VerifiedFile, VerifiedPlan

_PAGE = "<!DOCTYPE html>\n<html><body>\n{}</body></html>\n"


@dataclass(frozen=True, slots=True)
class Stage:
    """A directory that only this user can enter, there for as long as :func:`open_stage` runs."""

    root: Path
    anchors: dict[NormalizedName, dict[str, str]] = field(default_factory=dict)
    """What each page lists, by file name."""

    @property
    def files(self) -> Path:
        """Where the files go, each in a folder of its own."""
        return self.root / "files"

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
        href = f"../../files/{path.parent.name}/{quote(path.name)}#sha256={file.sha256}{_parts(artifact)}"
        yanked = "" if artifact.yanked is None else f' data-yanked="{html.escape(artifact.yanked)}"'
        return f'<a href="{html.escape(href)}"{yanked}>{html.escape(path.name)}</a><br>\n'


def _parts(artifact: Artifact) -> str:
    """Return what pip must be told of a file beside its name: the folder, and what its name does not say."""
    parts = f"&subdirectory={artifact.subdirectory}" if artifact.subdirectory else ""
    return f"{parts}&egg={artifact.egg}" if artifact.egg else parts


@contextmanager
def open_stage(parent: Path | None = None) -> Iterator[Stage]:
    """Give a fresh stage below *parent* (by default where temporary files go), and remove it at the end."""
    with private_directory(parent) as (root, _):
        yield Stage(root)
