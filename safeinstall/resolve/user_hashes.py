"""The hashes that the user gave: what each file is held to, before anybody opens it.

pip checks this while it prepares files (pip: operations/prepare.py, ``_get_linked_req_hashes``); the words are pip's
(exceptions.py). A file is held to every hash that the user gives for it, to a constraint's too; whether a constraint's
hash also does for the mode in which every file needs one depends on the version of pip.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from safeinstall.errors import IntegrityError, UnsatisfiableError
from safeinstall.facts.addresses import comparable
from safeinstall.facts.artifact import HeldArtifact, SourceKind
from safeinstall.resolve.finder import is_pinned

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from safeinstall.facts.artifact import Artifact
    from safeinstall.request.invocation import Invocation, Selection
    from safeinstall.request.requirements import Root

MISSING = (
    "Hashes are required in --require-hashes mode, but they are missing from some requirements. Here is a list of those"
    " requirements along with the hashes their {} Add lines like these to your requirements files to"
    " prevent tampering. (If you did not enable --require-hashes manually, note that it turns on automatically when any"
    " package has a hash.)"
)
MISMATCH = "this is not the file that the hash was taken of: find out why before you take over another hash"


@dataclass(frozen=True, slots=True)
class UserHashes:
    """Which hashes the user's requirements and constraints give for a file. The one maker of ``HeldArtifact``."""

    roots: Mapping[str, Sequence[Root]]
    """By name."""
    selection: Selection
    outer: tuple[Root, ...] = ()
    """What the user asks for where this is about a build: it binds the same release, and no other."""
    references: Mapping[str, Sequence[Root]] = field(default_factory=dict)
    """By what pip compares of their addresses."""

    @classmethod
    def of(cls, invocation: Invocation) -> UserHashes:
        """Return what the requirements and constraints of *invocation* say."""
        asked: dict[str, list[Root]] = {}
        references: dict[str, list[Root]] = {}
        for root in (*invocation.roots, *invocation.constraints):
            if root.name is not None:
                asked.setdefault(root.name, []).append(root)
            if root.reference is not None:
                references.setdefault(comparable(root.reference.url), []).append(root)
        return cls(asked, invocation.selection, invocation.outer, references)

    @classmethod
    def none(cls, selection: Selection) -> UserHashes:
        """Return that of somebody who gives no hash, and is not asked for one."""
        return cls({}, replace(selection, require_hashes=False))

    def hold(self, artifact: Artifact) -> HeldArtifact:
        """Return *artifact* with every hash that the user gives for it."""
        sets = _sets([*self._about(artifact), *(root for root in self.outer if _is_release(root, artifact))])
        lacks = self.selection.require_hashes and not self.is_hashed(artifact)
        if (sets, lacks) == (artifact.user_hashes, artifact.lacks_hash):
            return HeldArtifact(artifact)
        return HeldArtifact(replace(artifact, user_hashes=sets, lacks_hash=lacks))

    def is_hashed(self, artifact: Artifact) -> bool:
        """Whether there is a hash for *artifact* that pip's hash-checking mode takes."""
        roots = self._about(artifact)
        if not self.selection.takes_hashes_of_constraints:
            roots = [root for root in roots if not root.constraint]
        return bool(_sets(roots))

    def _about(self, artifact: Artifact) -> list[Root]:
        named = self.roots.get(artifact.name, ())
        return [*named, *self.references.get(comparable(artifact.url), ())] if self.references else [*named]


def missing_hashes(artifacts: Iterable[Artifact], *, measured: bool) -> UnsatisfiableError:
    """Return pip's error for files that need a hash of the user and have none, with those *measured* or published."""
    told = MISSING.format("downloaded archives actually had." if measured else "index publishes.")
    return UnsatisfiableError("\n".join([told, *(f"    {_line(artifact)}" for artifact in artifacts)]))


def check_user_hashes(artifact: Artifact, digests: Mapping[str, str]) -> None:
    """Raise ``IntegrityError`` when *digests*, by algorithm, show that the file is not the one that the user means."""
    for wanted in artifact.user_hashes:
        kinds = {digest.partition(":")[0] for digest in wanted}
        found = {f"{kind}:{digests[kind].lower()}" for kind in kinds & digests.keys()}
        if kinds <= digests.keys() and found.isdisjoint(wanted):
            raise IntegrityError(
                f"{artifact.filename} from {artifact.source.display} has {' and '.join(sorted(found))};"
                f" you ask for {' or '.join(sorted(map(_told, wanted)))}",
                hint=MISMATCH,
            )


def _told(digest: str) -> str:
    kind, _, value = digest.partition(":")
    return digest if value else f"an empty {kind}"


def _sets(roots: Iterable[Root]) -> tuple[frozenset[str], ...]:
    """Return what each of *roots* allows: hashes of options and of the address are peers (pip: req_install.py)."""
    return tuple(dict.fromkeys(allowed for root in roots for allowed in _allowed(root) if allowed))


def _allowed(root: Root) -> Iterator[frozenset[str]]:
    digests = root.hashes | (root.reference.digests if root.reference else frozenset())
    if not root.of_lock:
        yield digests
        return
    for kind in {digest.partition(":")[0] for digest in digests}:
        yield frozenset(digest for digest in digests if digest.startswith(f"{kind}:"))


def _is_release(root: Root, artifact: Artifact) -> bool:
    """Whether *root* speaks of this very release or address, wherever else it is needed."""
    if root.reference is not None:
        return comparable(root.reference.url) == comparable(artifact.url)
    same = root.name == artifact.name and is_pinned(root.specifier)
    return same and root.specifier.contains(artifact.version, prereleases=True)


def _line(artifact: Artifact) -> str:
    is_direct = artifact.source.kind is SourceKind.DIRECT
    what = artifact.source.display if is_direct else f"{artifact.stated_name}=={artifact.version}"
    return f"{what} --hash=sha256:{artifact.sha256}" if artifact.sha256 else what
