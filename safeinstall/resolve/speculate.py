"""Ask for pages, metadata and files before the resolver does, along the most likely candidates.

A guess costs at most a request; it never decides. The judge is asked first, as for any candidate: neither the metadata
of a file that its listing denies nor a denied file itself is requested, not even on a guess.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from packaging.utils import canonicalize_name

from safeinstall.errors import SafeInstallError
from safeinstall.resolve.constraints import Constraint
from safeinstall.resolve.provider import applies

if TYPE_CHECKING:
    from collections.abc import Callable

    from packaging.specifiers import SpecifierSet
    from packaging.utils import NormalizedName

    from safeinstall.facts.artifact import Artifact, HeldArtifact, Metadata
    from safeinstall.request.requirements import Root
    from safeinstall.resolve.candidates import Candidates
    from safeinstall.resolve.provider import Provider


@dataclass(slots=True)
class Speculator:
    """Called by the index, in its own threads, as pages and metadata arrive."""

    provider: Provider
    """Whose way it goes, as far as that can be told."""
    foresee: Callable[[Artifact], bool]
    """Whether its listing lets a file pass; starts on its provenance, if a rule asks for that."""
    fetch: Callable[[HeldArtifact], None]
    """Starts to fetch a file."""
    is_doubtful: Callable[[NormalizedName], bool]
    """Whether to judge a project asks an index for more than its pages: that would be to wait."""
    wanted: dict[NormalizedName, SpecifierSet] = field(default_factory=dict)
    extras: dict[NormalizedName, frozenset[NormalizedName]] = field(default_factory=dict)

    def want(
        self, name: NormalizedName, specifier: SpecifierSet, extras: frozenset[NormalizedName], literal_name: str
    ) -> None:
        """Note that *name* is asked for, written so, and start on its pages, if any index is asked for it."""
        self._candidates.finder.literal_names.setdefault(name, literal_name)
        constraint = self.provider.constraints.get(name, Constraint())
        self.wanted[name] = self.wanted.get(name, constraint.specifier) & specifier
        self.extras[name] = self.extras.get(name, frozenset()) | extras
        if self.provider.asks_index(name):
            self._candidates.index.prefetch_pages(name)

    def want_root(self, root: Root, *, upgrades: bool) -> None:
        """Note a requirement of the user; nothing is fetched for what is installed and stays."""
        if root.name is None or root.reference is not None:
            return
        installed = None if upgrades else self._candidates.installed(root.name)
        if installed is None or not installed.meets(root.specifier):
            self.want(root.name, root.specifier, root.extras, root.literal_name)

    def on_page(self, name: NormalizedName) -> None:
        """Start on the provenance and the metadata of the file that pip would take first."""
        specifier = self.wanted.get(name)
        if specifier is None or self.is_doubtful(name):
            return
        try:
            for artifact in self._candidates.finder.applicable(name, specifier, {}):
                if self.foresee(artifact):
                    self._candidates.index.prefetch_metadata(self._candidates.hold(artifact))
                    return
        except SafeInstallError:
            # The resolver will meet the same fault, and tell it.
            return

    def on_metadata(self, artifact: HeldArtifact, metadata: Metadata) -> None:
        """Start on the file, unless it is denied now, and on the pages of what it requires."""
        if self._candidates.judge(artifact, None, metadata).denied:
            return
        self.fetch(artifact)
        if self.provider.rules.no_dependencies:
            return
        asked = self.extras.get(metadata.name, frozenset()) | {canonicalize_name("")}
        for requirement in metadata.requires_dist:
            name = canonicalize_name(requirement.name)
            known = name in self.wanted
            if known or requirement.url or not applies(requirement, self.provider.rules.markers, asked):
                continue
            if self._candidates.installed(name) is None:
                extras_asked = frozenset(canonicalize_name(e) for e in requirement.extras)
                self.want(name, requirement.specifier, extras_asked, requirement.name)

    @property
    def _candidates(self) -> Candidates:
        return self.provider.candidates
