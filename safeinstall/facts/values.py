"""What a fact may be: several values in one, or missing."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from packaging.utils import NormalizedName


@dataclass(frozen=True, slots=True)
class Missing:
    """A fact that could not be had, and why. A rule must handle it; it is never better than the fact."""

    reason: str
    remedy: str | None = None
    """What to do about it, where that does not depend on the rule."""


class Likeness(Enum):
    """How much a resemblance of names says."""

    SURE = "sure"
    """Hardly ever an accident: a slip of a finger or of the eye, other separators, another order of words."""
    UNSURE = "unsure"
    """Often an accident: a character added or replaced, an affix, two edits."""
    COMBINED = "combined"
    """The popular name and further words, as somebody would make it up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lookalike:
    """A popular name that another project's name can be taken for."""

    popular: NormalizedName
    rank: int
    """1 is the most popular of all."""
    trick: str
    """How the two differ: ``one character left out``."""
    likeness: Likeness = Likeness.UNSURE


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """What installing a wheel puts where (binary distribution format, "Installing a wheel")."""

    modules: Mapping[str, str] = field(default_factory=dict, hash=False)
    """Files below ``site-packages``, but for those of its own ``.dist-info``, to the members they are made of."""
    scripts: Mapping[str, str] = field(default_factory=dict, hash=False)
    """Commands to what they start: ``package.module:function``; empty for a file of the wheel."""
    data: tuple[str, ...] = ()
    """Other files, below the root of the environment."""
    startup: Mapping[str, str] = field(default_factory=dict, hash=False)
    """The text of each ``.pth`` file that an interpreter reads when it starts."""
    added: frozenset[str] = frozenset()
    """What ``.pth`` files of other wheels of the same plan add to the path (``path_files.added_directories``)."""
    declared: frozenset[str] = frozenset()
    """The packages that ``.pth`` files of the same plan declare namespaces (``path_files.declared_packages``)."""
    members: tuple[str, ...] = ()
    """All that are files, those of its own ``.dist-info`` included."""
    pure: bool = True
    """Whether what names no directory goes to ``purelib``, else to ``platlib``."""
