"""Who built a file, from which commit: what an index says of it (PEP 740), and what is proved of that."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, TypeAlias

from safeinstall.facts.values import Missing

if TYPE_CHECKING:
    from datetime import datetime

    from packaging.version import Version


class PublisherKind(Enum):
    """The services whose identities the index takes for a project's publisher, named as it names them."""

    GITHUB = "GitHub"
    GITLAB = "GitLab"
    GOOGLE = "Google"
    ACTIVESTATE = "ActiveState"
    CIRCLECI = "CircleCI"


@dataclass(frozen=True, slots=True, kw_only=True)
class Publisher:
    """Who uploads a project's files, without a password of a person (a Trusted Publisher)."""

    kind: PublisherKind
    repository: str
    """``owner/name``, of GitLab with all its groups; of Google the account's address; of ActiveState
    ``organization/project``; of CircleCI the repository's address, else the project's id. Compared without regard to
    case."""
    workflow: str | None = None
    """The file that was run, as it is called below ``.github/workflows/``; of GitLab its path in the repository; of
    CircleCI the id of the pipeline's definition."""
    environment: str | None = None
    """``None`` where none is set; the index writes that as ``""``, too. Not every certificate tells it."""

    @property
    def shown(self) -> str:
        """On one line: ``GitHub acme/app, release.yml, environment pypi``."""
        parts = [f"{self.kind.value} {self.repository}", self.workflow or ""]
        parts += [f"environment {self.environment}"] if self.environment else []
        return ", ".join(part for part in parts if part)


@dataclass(frozen=True, slots=True, kw_only=True)
class Attestation:
    """One signed statement about a file (PEP 740)."""

    publisher: Publisher
    predicate_type: str
    """What is stated: that it was published, or how it was built (SLSA provenance)."""
    commit: str | None = None
    """The commit that the workflow ran at, from the certificate; ``None`` where it tells none, or is not verified."""
    ref: str | None = None
    """The branch or tag, likewise: ``refs/tags/v1``."""
    run: str | None = None
    """The address of the run, likewise."""
    repository_url: str | None = None
    """The address of the repository, likewise."""
    logged: datetime | None = None
    """When the transparency log took it, likewise."""
    log_index: int | None = None
    """Its number there, likewise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """What the attestations of one file say. There is one at least."""

    attestations: tuple[Attestation, ...]
    verified: bool
    """Whether all are proved: signature, certificate, log, name and digest. Otherwise it is what the index says."""

    @property
    def publishers(self) -> tuple[Publisher, ...]:
        """Each publisher once, in the order of the attestations. More than one is possible, and rare."""
        return tuple(dict.fromkeys(attestation.publisher for attestation in self.attestations))


@dataclass(frozen=True, slots=True, kw_only=True)
class Unattested:
    """Its index lists the file, and announces no provenance for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refuted:
    """There is provenance, and it does not prove what it says: a denial always, which no setting softens."""

    reason: str
    """What does not hold, of which attestation."""


@dataclass(frozen=True, slots=True)
class UnknownPublisher(Missing):
    """Who has attested it is of a kind that is not known here, so that it is nobody of those that are."""


ProvenanceFact: TypeAlias = Provenance | Unattested | Refuted | Missing

UNASKED = Missing("no rule asks for provenance")


@dataclass(frozen=True, slots=True, kw_only=True)
class Precedent:
    """How the project's files came before: by the newest earlier release that is old enough to be believed."""

    version: Version
    filename: str
    """The file of that release that is most like the one judged: of its kind, for its platform."""
    upload_time: datetime
    provenance: ProvenanceFact
    since: datetime | None = None
    """The upload of the first file from which on all files of the project that are listed here bore provenance."""
    carried: tuple[str, ...] = field(default=())
    """Which other files of that release bore provenance, where the most alike one did not."""
