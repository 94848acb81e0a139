"""Rule ``sdists``: no building, and so no code of a package run, unless named."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from safeinstall.facts.artifact import ArtifactKind
from safeinstall.facts.evidence import Price
from safeinstall.facts.finding import Finding, Level

if TYPE_CHECKING:
    from collections.abc import Iterator

    from safeinstall.facts.evidence import Evidence
    from safeinstall.facts.terms import PackageSelector

_NOUNS = {
    ArtifactKind.SDIST: "a source distribution",
    ArtifactKind.TREE: "a source tree",
    ArtifactKind.VCS: "a version control checkout",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Sdists:
    """Deny what has to be built: to build a package is to run its code before anything of it is installed.

    Stops ``setup.py`` and build backends of packages nobody looked at. A directory that you name yourself
    (``pip install .``) is yours to build: ``local`` of ``[rules.direct-references]`` rules it. One that a
    dependency names is denied here.

    Options:
        allow: the selectors that may be built. Default: none.
        on-missing: unused, since the kind of a file is always known.

    Denied: ``acme-1.0.tar.gz``: "a source distribution, which runs code of acme 1.0 when built; the policy asks for
    wheels". Fix: ask for a version that has a wheel, or add ``"acme==1.0"`` to ``allow`` after looking at it.
    """

    id: ClassVar[str] = "sdists"
    exceptable: ClassVar[bool] = True
    needs: ClassVar[Price] = Price.LISTING

    allow: tuple[PackageSelector, ...] = ()
    on_missing: Level | None = None

    def check(self, evidence: Evidence) -> Iterator[Finding]:
        """Yield a denial for everything that is neither a wheel, nor allowed, nor the user's own tree."""
        artifact = evidence.artifact
        own_tree = artifact.kind is ArtifactKind.TREE and evidence.required_by is None
        if artifact.kind is ArtifactKind.WHEEL or own_tree:
            return
        if any(selector.matches(artifact.name, artifact.version) for selector in self.allow):
            return
        noun = _NOUNS[artifact.kind]
        yield Finding(
            rule=self.id,
            level=Level.DENY,
            message=f"{noun}, which runs code of {artifact.release} when built; the policy asks for wheels",
            key="rules.sdists.allow",
            remedy="ask for a version that has a wheel for this Python and platform, or, if it may be built,"
            f' add "{artifact.selector}" to allow in [rules.sdists]',
        )
