# ruff: noqa: INP001
"""A hook of mkdocs: pages that stand outside of ``docs/`` belong to the site, too, and links to them hold."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from mkdocs.structure.files import File

if TYPE_CHECKING:
    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.files import Files

ROOT = Path(__file__).parents[1]
OUTSIDE = ("CHANGELOG.md", "SECURITY.md")
_INTO_DOCS = re.compile(r"\]\((?:\./)?docs/")
_OUT_OF_DOCS = re.compile(rf"\]\(\.\./({'|'.join(map(re.escape, OUTSIDE))})")


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages, with their links as seen from within ``docs/``."""
    for name in OUTSIDE:
        if (path := ROOT / name).is_file():
            text = _INTO_DOCS.sub("](", path.read_text(encoding="utf-8"))
            files.append(File.generated(config, name, content=text))
    return files


def on_page_markdown(markdown: str, **_: object) -> str:
    """Let links that lead out of ``docs/`` lead to the added pages."""
    return _OUT_OF_DOCS.sub(r"](\1", markdown)
