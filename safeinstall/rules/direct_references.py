"""Rule ``direct-references``: files that come from elsewhere than an index."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from safeinstall.models import ArtifactKind, Finding, Level, Price, SourceKind
from safeinstall.rules.base import is_local, one_line

if TYPE_CHECKING:
    from collections.abc import Iterator

    from safeinstall.models import Artifact, Evidence

_NOUNS = {
    "url": "a URL",
    "vcs": "a version control repository",
    "local": "a local path",
    "find-links": "a find-links location",
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
        way = _way(artifact)
        key, level = way, getattr(self, way.replace("-", "_"))
        by_dependency = artifact.source.kind is SourceKind.DIRECT and evidence.required_by is not None
        if by_dependency and self.transitive >= level:
            key, level = "transitive", self.transitive
        if level is not Level.ALLOW:
            author = f", named by {one_line(evidence.required_by or '')}" if by_dependency else ""
            yield Finding(
                rule=self.id,
                level=level,
                message=f"comes from {_NOUNS[way]} ({one_line(artifact.source.display)}){author};"
                " the policy asks for an index",
                key=f"rules.direct-references.{key}",
                remedy=_remedy(artifact, way, evidence.required_by if by_dependency else None),
            )


def _way(artifact: Artifact) -> str:
    if artifact.source.kind is SourceKind.FIND_LINKS:
        return "find-links"
    if artifact.kind is ArtifactKind.VCS:
        return "vcs"
    return "local" if is_local(artifact) else "url"


def _remedy(artifact: Artifact, way: str, author: str | None) -> str:
    if author is not None:
        return f"ask for a version of {one_line(author)} that names {artifact.name} without an address"
    if way == "url":
        return f"install {artifact.name} from an index, or download the file, look at it, and install the local file"
    return f"install {artifact.name} from an index"
