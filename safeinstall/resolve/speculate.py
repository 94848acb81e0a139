"""Ask for pages, metadata and files before the resolver does, along the most likely candidates.

A guess costs at most a request; it never decides. The judge is asked first, as for any candidate: neither the metadata
of a denied file nor the file itself is requested, not even on a guess.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

from safeinstall.errors import SafeInstallError
from safeinstall.resolve.provider import applies

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from packaging.utils import NormalizedName

    from safeinstall.facts.artifact import Artifact, HeldArtifact, InstalledDistribution, Metadata
    from safeinstall.facts.verdict import Verdict
    from safeinstall.ports import IndexSource
    from safeinstall.request.requirements import Root
    from safeinstall.resolve.finder import CandidateFinder


@dataclass(slots=True)
class Speculator:
    """Called by the index, in its own threads, as pages and metadata arrive."""

    finder: CandidateFinder
    index: IndexSource
    judge: Callable[[Artifact, str | None, Metadata | None], Verdict]
    installed: Callable[[NormalizedName], InstalledDistribution | None]
    markers: Mapping[str, str]
    hold: Callable[[Artifact], HeldArtifact]
    """Adds what the user has to say of the hash of a file."""
    fetch: Callable[[HeldArtifact], None]
    """Starts to fetch a file."""
    follows: bool = True
    """Whether what a file requires is wanted, too."""
    wanted: dict[NormalizedName, SpecifierSet] = field(default_factory=dict)
    extras: dict[NormalizedName, frozenset[NormalizedName]] = field(default_factory=dict)

    def want(
        self, name: NormalizedName, specifier: SpecifierSet, extras: frozenset[NormalizedName], literal_name: str
    ) -> None:
        """Note that *name* is asked for, written so, and start on its pages."""
        self.finder.literal_names.setdefault(name, literal_name)
        self.wanted[name] = self.wanted.get(name, SpecifierSet()) & specifier
        self.extras[name] = self.extras.get(name, frozenset()) | extras
        self.index.prefetch_pages(name)

    def want_root(self, root: Root, *, upgrades: bool) -> None:
        """Note a requirement of the user; nothing is fetched for what is installed and stays."""
        if root.name is None or root.reference is not None:
            return
        installed = None if upgrades else self.installed(root.name)
        if installed is None or not root.specifier.contains(installed.version, prereleases=True):
            self.want(root.name, root.specifier, root.extras, root.literal_name)

    def on_page(self, name: NormalizedName) -> None:
        """Start on the metadata of the file that pip would take first."""
        specifier = self.wanted.get(name)
        if specifier is None:
            return
        try:
            for artifact in self.finder.applicable(name, specifier, {}):
                if not self.judge(artifact, None, None).denied:
                    self.index.prefetch_metadata(self.hold(artifact))
                    return
        except SafeInstallError:
            # The resolver will meet the same fault, and tell it.
            return

    def on_metadata(self, artifact: HeldArtifact, metadata: Metadata) -> None:
        """Start on the file, unless it is denied now, and on the pages of what it requires."""
        if self.judge(artifact, None, metadata).denied:
            return
        self.fetch(artifact)
        if not self.follows:
            return
        extras = self.extras.get(metadata.name, frozenset())
        for requirement in metadata.requires_dist:
            name = canonicalize_name(requirement.name)
            known = name in self.wanted
            if known or requirement.url or not applies(requirement, self.markers, extras | {canonicalize_name("")}):
                continue
            if self.installed(name) is None:
                extras_asked = frozenset(canonicalize_name(e) for e in requirement.extras)
                self.want(name, requirement.specifier, extras_asked, requirement.name)
