"""Candidate in, evidence out: asks only what the rules of the policy need."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from safeinstall.errors import SourceError
from safeinstall.models import Evidence, Listed, Missing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from datetime import datetime

    from packaging.utils import NormalizedName

    from safeinstall.models import Advisory, Artifact
    from safeinstall.ports import AdvisorySource


@dataclass(slots=True)
class Gatherer:
    """Collects the facts about one file. A fact that cannot be had becomes ``Missing`` here, and nowhere else."""

    advisories: AdvisorySource | None
    """``None`` when no rule of the policy asks for advisories."""
    siblings: Callable[[NormalizedName], Iterable[Artifact]]
    """The files of a project that could be installed here."""
    requested: frozenset[NormalizedName]
    user_hashes: Mapping[NormalizedName, frozenset[str]]
    as_of: datetime
    _advisories: dict[NormalizedName, tuple[Advisory, ...] | Missing] = field(default_factory=dict)
    _siblings: dict[tuple[NormalizedName, str], tuple[Listed, ...]] = field(default_factory=dict)

    def gather(self, artifact: Artifact, required_by: str | None) -> Evidence:
        """Return what is known of *artifact*; *required_by* names who wrote a direct reference, if not the user."""
        return Evidence(
            artifact=artifact,
            as_of=self.as_of,
            requested=artifact.name in self.requested,
            required_by=required_by,
            upload_time=artifact.upload_time
            or Missing(f"{artifact.source.display} does not tell when it was uploaded"),
            sha256=artifact.sha256 or Missing(f"{artifact.source.display} publishes no sha256"),
            user_hashes=self.user_hashes.get(artifact.name, frozenset()),
            siblings=self._siblings_of(artifact),
            advisories=self._advisories_of(artifact.name),
        )

    def _advisories_of(self, name: NormalizedName) -> tuple[Advisory, ...] | Missing:
        if name not in self._advisories:
            self._advisories[name] = self._ask(name)
        return self._advisories[name]

    def _ask(self, name: NormalizedName) -> tuple[Advisory, ...] | Missing:
        if self.advisories is None:
            return Missing("no rule asks for advisories")
        try:
            return self.advisories.advisories(name)
        except SourceError as error:
            return Missing(error.message)

    def _siblings_of(self, artifact: Artifact) -> tuple[Listed, ...]:
        key = (artifact.name, artifact.source.url)
        if self.advisories is None:
            return ()
        if key not in self._siblings:
            self._siblings[key] = tuple(
                Listed(version=a.version, upload_time=a.upload_time, yanked=a.yanked is not None)
                for a in self.siblings(artifact.name)
                if a.source.url == artifact.source.url
            )
        return self._siblings[key]
