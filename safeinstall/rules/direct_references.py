"""Rule ``direct-references``: files that come from elsewhere than an index."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from safeinstall.facts.artifact import ArtifactKind, SourceKind
from safeinstall.facts.evidence import Price
from safeinstall.facts.finding import Finding, Level
from safeinstall.rules.base import is_local, one_line

if TYPE_CHECKING:
    from collections.abc import Iterator

    from packaging.utils import NormalizedName

    from safeinstall.facts.artifact import Artifact, Source
    from safeinstall.facts.evidence import Evidence

_NOUNS = {
    "url": "a URL",
    "vcs": "a version control repository",
    "local": "a local path",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class DirectReferences:
    """Deny files that do not come from an index: no index vouches for their name, their age or their bytes.

    Stops a dependency from bringing in code from an address of its own choice, which no gate on an index sees,
    and files whose bytes may change from one day to the next.

    Options, each a level:
        url: ``name @ https://…``. Default: ``"deny"``.
        vcs: ``name @ git+https://…``. Default: ``"deny"``.
        local: a file or directory of this machine. Default: ``"allow"``.
        transitive: any of these written in the metadata of a dependency instead of by you; the stricter of the two
            levels counts. Default: ``"deny"``.
        find-links: a file found through ``--find-links``. Default: ``"warn"``.
        on-missing: unused, since the way a file came is always known.

    Denied: ``acme @ https://files.acme.example/acme-1.0-py3-none-any.whl``: "comes from a URL
    (https://files.acme.example/acme-1.0-py3-none-any.whl); the policy asks for an index". Fix: install it from an
    index, or download it, look at it, and install the local file.
    """

    id: ClassVar[str] = "direct-references"
    exceptable: ClassVar[bool] = True
    needs: ClassVar[Price] = Price.LISTING

    url: Level = Level.DENY
    vcs: Level = Level.DENY
    local: Level = Level.ALLOW
    transitive: Level = Level.DENY
    find_links: Level = Level.WARN
    on_missing: Level | None = None

    def check(self, evidence: Evidence) -> Iterator[Finding]:
        """Yield one finding of the strictest level that applies, unless that is ``allow``."""
        artifact = evidence.artifact
        if artifact.source.kind is SourceKind.INDEX:
            return
        if artifact.source.kind is SourceKind.FIND_LINKS:
            yield from self.of_source(artifact.name, artifact.source, None)
            return
        way = _way(artifact)
        key, level = way, getattr(self, way)
        by_dependency = evidence.required_by is not None
        if by_dependency and self.transitive >= level:
            key, level = "transitive", self.transitive
        if level is not Level.ALLOW:
            author = f", named by {one_line(evidence.required_by or '')}" if by_dependency else ""
            remedy = _remedy(artifact, way, evidence.required_by)
            yield self._finding(key, level, f"{_NOUNS[way]} ({one_line(artifact.source.display)}){author}", remedy)

    def of_source(self, name: NormalizedName, source: Source, _trusted_host: str | None) -> Iterator[Finding]:
        """See :class:`~safeinstall.rules.base.SourceRule`: a find-links location is one for all of its files."""
        if source.kind is SourceKind.FIND_LINKS and self.find_links is not Level.ALLOW:
            place = f"a find-links location ({one_line(source.display)})"
            yield self._finding("find-links", self.find_links, place, f"install {name} from an index")

    def _finding(self, key: str, level: Level, place: str, remedy: str) -> Finding:
        message = f"comes from {place}; the policy asks for an index"
        return Finding(rule=self.id, level=level, message=message, key=f"rules.{self.id}.{key}", remedy=remedy)


def _way(artifact: Artifact) -> str:
    if artifact.kind is ArtifactKind.VCS:
        return "vcs"
    return "local" if is_local(artifact) else "url"


def _remedy(artifact: Artifact, way: str, author: str | None) -> str:
    if author is not None:
        return f"ask for a version of {one_line(author)} that names {artifact.stated_name} without an address"
    way_out = f"install {artifact.stated_name} from an index"
    return f"{way_out}, or download the file, look at it, and install the local file" if way == "url" else way_out
