"""What is said, once a run, of indexes that offer the same projects with different files: mirrors, mostly."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from safeinstall.policy.model import DEFAULT_INDEX
from safeinstall.policy.render import render_value
from safeinstall.report.secrets import without_secrets

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from safeinstall.policy.model import Policy
    from safeinstall.request.invocation import ConfiguredSources


def render_rivals(names: Iterable[str], policy: Policy, sources: ConfiguredSources | None, said: str) -> str:
    """Return what to say of the indexes *names*, as findings name them, and what to write if they are mirrors.

    *said* is what is to be said, if it is of one project. *sources* is what pip is configured with; where it is not
    known, the entry is described. Foreign text.
    """
    asked = [index.name for index in policy.indexes] or _configured(sources)
    original, *others = sorted(map(_bare, set(names)), key=lambda name: (name not in asked, name in asked[1:], name))
    if policy.indexes or original not in asked:
        entry = f"mirror-of = {render_value(original)} in the [[indexes]] of {', '.join(others)}"
    else:
        entry = f"indexes = {_entries(asked, original, others)}"
    several = f"{original} and {', '.join(others)} offer the same projects with different files"
    mirrors = "this is a mirror" if len(others) == 1 else "these are mirrors"
    said = said or f"{several}; nothing says which is meant"
    return f"{said}; if {mirrors} of {original}, the policy can say so: {entry}"


def _configured(sources: ConfiguredSources | None) -> list[str]:
    """Return the indexes that pip is configured with, as findings name them."""
    if sources is None:
        return []
    default = _bare(sources.default_index)
    return [DEFAULT_INDEX if url == default else url for url in dict.fromkeys(map(_bare, sources.index_urls))]


def _entries(asked: Sequence[str], original: str, mirrors: Sequence[str]) -> str:
    """Return all that are *asked*, as a policy lists them: it then asks no other."""
    names: dict[str, str] = {}
    for index in asked:
        names[index] = index if index == DEFAULT_INDEX else _unused(_slug(index), names.values())
    entries = (
        {"name": name}
        | ({} if index == DEFAULT_INDEX else {"url": index})
        | ({"mirror-of": names[original]} if index in mirrors else {})
        for index, name in names.items()
    )
    return f"[{', '.join(map(render_value, entries))}]"


def _bare(url: str) -> str:
    return without_secrets(url).rstrip("/")


def _slug(url: str) -> str:
    """Return a name for an index: its host and path in short."""
    place = url.partition("://")[2].removesuffix("/simple")
    return re.sub(r"[^a-z0-9]+", "-", place.lower()).strip("-") or "extra"


def _unused(name: str, used: Iterable[str]) -> str:
    return name if name not in used else _unused(f"{name}-2", used)
