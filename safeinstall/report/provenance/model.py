"""What a report says of who built a file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    from datetime import datetime

Standing: TypeAlias = Literal["verified", "claimed", "unattested", "refuted", "missing"]
"""``verified``: proved; ``claimed``: its index says so, and nobody has verified it; ``unattested``: its index announces
nothing; ``refuted``: there is something, and it does not prove what it says; ``missing``: it could not be had."""
_SHORT = 12
"""Characters of a commit that a reader is shown."""
_COMMIT_PATHS = {"GitHub": "commit", "GitLab": "-/commit"}


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportedAttestation:
    """One signed statement about a file (PEP 740). What is not verified has no commit and no address."""

    publisher: str
    """On one line, for a reader."""
    kind: str
    """As the index names it: ``GitHub``."""
    repository: str
    workflow: str | None
    environment: str | None
    predicate_type: str
    commit: str | None
    ref: str | None
    run: str | None
    """An https address, without credentials."""
    repository_url: str | None
    """Likewise."""
    logged: datetime | None
    log_index: int | None

    @property
    def built(self) -> str:
        """Who built it, and where known from which commit, on one line."""
        commit = f", commit {self.commit[:_SHORT]}" if self.commit else ""
        return f"{self.publisher}{commit}"

    @property
    def commit_url(self) -> str | None:
        """The address of the commit, where its service is known to have one."""
        path = _COMMIT_PATHS.get(self.kind)
        return f"{self.repository_url}/{path}/{self.commit}" if self.repository_url and path and self.commit else None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportedProvenance:
    """What is known of who built a file."""

    standing: Standing
    reason: str | None
    """Why it is refuted or missing."""
    url: str | None
    """Where its index has what was verified: an https address, without credentials."""
    attestations: tuple[ReportedAttestation, ...]

    @property
    def is_attested(self) -> bool:
        """Whether anybody is named who built it."""
        return bool(self.attestations)

    @property
    def is_verified(self) -> bool:
        """Whether that is proved."""
        return self.standing == "verified"

    @property
    def sources(self) -> tuple[ReportedAttestation, ...]:
        """Of the attestations the first of each publisher and commit."""
        first = {(one.publisher, one.commit): one for one in reversed(self.attestations)}
        return tuple(one for one in self.attestations if first[one.publisher, one.commit] is one)

    @property
    def told(self) -> str:
        """All of it for a reader, on one line."""
        built = "; ".join(one.built for one in self.sources)
        return {
            "verified": f"{built}, verified",
            "claimed": f"{built}, as its index says; not verified",
            "unattested": "not attested",
            "refuted": f"refuted: {self.reason}",
            "missing": f"not known: {self.reason}",
        }[self.standing]
