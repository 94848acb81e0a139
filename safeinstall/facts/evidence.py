"""Everything that is known of one file at one instant: what rules judge."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum
from typing import TYPE_CHECKING

from safeinstall.facts.provenance import UNASKED
from safeinstall.facts.values import Missing

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from packaging.utils import NormalizedName
    from packaging.version import Version

    from safeinstall.facts.advisory import Advisory
    from safeinstall.facts.artifact import Artifact, Metadata, Source
    from safeinstall.facts.origins.origin import Origin
    from safeinstall.facts.provenance import Precedent, ProvenanceFact
    from safeinstall.facts.values import Layout, Lookalike


class Price(IntEnum):
    """What the facts cost that a rule needs. Ordered: what is cheaper is asked and judged first."""

    LISTING = 0
    """Index pages and what is known on this machine: before anything of the file is asked for."""
    PROVENANCE = 1
    """Provenance of the file and of an earlier one: before its METADATA is asked for, and before any build."""
    METADATA = 2
    """The file's METADATA: while resolving, so that another file can still be taken."""
    CONTENTS = 3
    """The verified file: before pip goes on, too late for another choice."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """One file of a project as far as listings tell, for rules that compare a file with its siblings."""

    version: Version
    upload_time: datetime | None
    yanked: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """Everything known about one file at one instant. Each fact is a value or says why it is missing."""

    artifact: Artifact
    as_of: datetime
    """The instant of the judgement, with a time zone. Time is data: no rule reads a clock."""
    requested: bool
    """The user named this project; false for a dependency's dependency."""
    required_by: str | None = None
    """For a direct reference: who wrote it (``None``: the user)."""
    upload_time: datetime | Missing
    sha256: str | Missing
    user_hashes: frozenset[str] = frozenset()
    """``sha256:…`` as the user's own requirements or lock give them for this release; empty when they give none."""
    siblings: tuple[Listed, ...] = ()
    """The project's listed files on the same source."""
    advisories: tuple[Advisory, ...] | Missing = Missing("no advisory source was asked")
    """Live advisories naming this project, whichever versions they affect."""
    is_index_listed: bool = True
    """False for a file of an index that is missing in ``[[indexes]]``, where the policy has any."""
    rivals: tuple[Source, ...] = ()
    """Other indexes that were asked for this project, know it, and do not offer this very file. An index and its
    mirrors are none to each other."""
    altered: Source | None = None
    """The index that its own one mirrors, or another mirror of that, if it offers other bytes under this file name."""
    trusted_host: str | None = None
    """The entry of pip's ``trusted-host`` that switches off the TLS checks of its index or file."""
    lookalike: Lookalike | None = None
    """The popular project that this one's name resembles, unless it is popular itself."""
    first_upload: datetime | Missing = Missing("nobody asked")
    """Of the project's files that are listed on the same source; known where ``lookalike`` is."""
    popular_upload: datetime | None = None
    """Likewise of the popular project, on any index; ``None`` where none tells."""
    version_upload: datetime | Missing = Missing("nobody asked")
    """Of all files of this version that are listed, for this target or another; missing where its own source does not
    tell that of one. Known where an advisory of the project has no end."""
    vouched_by: NormalizedName | None = None
    """A popular project that requires this one, or one that it requires; known where ``lookalike`` is."""
    provenance: ProvenanceFact = UNASKED
    claimed: ProvenanceFact | None = None
    """What its index says of that, where it should have been proved and nobody can tell; otherwise ``None``."""
    precedent: Precedent | Missing | None = None
    """How the project's files came before this one; ``None`` where there was no earlier release old enough, or no rule
    asks."""
    metadata: Metadata | Missing = Missing("not asked for yet")
    contents: Layout | Missing = Missing("not fetched yet")
    """Of a wheel."""
    origin: Origin | Missing = Missing("no rule asks for its origin")
    """Which of a wheel's Python files are in no source of it."""
    overlaps: Mapping[NormalizedName, tuple[str, ...]] = field(default_factory=dict, hash=False)
    """Files and scripts that another wheel of the same plan installs too, with other contents, and files that an
    installed distribution has, which stays."""
