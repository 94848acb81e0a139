"""Bytes that have every hash known for them. Nothing else is opened, built, or installed.

Code of a package runs when its source distribution is built, long before anything is installed. What may be built is
therefore a type: a :class:`VerifiedBytes`, which only verification can make, or a :class:`SourceTree`, of which nobody
can take a hash, and for which none was asked.
"""

from __future__ import annotations

from dataclasses import InitVar, dataclass, replace
from typing import TYPE_CHECKING, Final

from safeinstall.errors import UnsatisfiableError
from safeinstall.facts.artifact import ArtifactKind

if TYPE_CHECKING:
    from safeinstall.facts.artifact import Artifact, HeldArtifact

_SEAL: Final = object()
"""Whoever holds it has measured the bytes: ``sources/files/fetch.py`` alone imports it (a test watches)."""
_UNHASHABLE = {
    ArtifactKind.TREE: "Can't verify hashes for these file:// requirements because they point to directories:",
    ArtifactKind.VCS: (
        "Can't verify hashes for these requirements because we don't have a way to hash version control repositories:"
    ),
}
"""pip: exceptions.py, ``DirectoryUrlHashUnsupported`` and ``VcsHashUnsupported``."""


@dataclass(frozen=True, slots=True)
class VerifiedBytes:
    """One file on this disk with every hash known for it: of the user, a constraint, a lock, an address, an index."""

    artifact: HeldArtifact
    path: str
    """Absolute: a name of its own in a directory that only this user can write."""
    sha256: str
    """Of the bytes on disk, whatever the index published."""
    size: int
    downloaded: bool
    """Whether it came over the network, and not from this machine."""
    seal: InitVar[object]

    def __post_init__(self, seal: object) -> None:
        """Refuse whoever does not hold the seal."""
        if seal is not _SEAL:
            raise TypeError("VerifiedBytes come from sources.fetch only")

    @property
    def measured(self) -> Artifact:
        """The artifact with what is known of it now: the sha256 and size that were measured."""
        hashes = {**self.artifact.hashes, "sha256": self.sha256}
        return replace(self.artifact, hashes=hashes, size=self.size)


@dataclass(frozen=True, slots=True)
class SourceTree:
    """A directory or repository, for which no hash was asked.

    Raises ``UnsatisfiableError`` where one was, in pip's words.
    """

    artifact: HeldArtifact

    def __post_init__(self) -> None:
        """Refuse what is a file, and what has to be verified and cannot be."""
        if self.artifact.kind not in _UNHASHABLE:
            raise TypeError("a file is no source tree: it has to be verified")
        if self.artifact.user_hashes or self.artifact.lacks_hash:
            raise UnsatisfiableError(f"{_UNHASHABLE[self.artifact.kind]}\n    {self.artifact.source.display}")

    @property
    def measured(self) -> Artifact:
        """The artifact: nothing more is known of it."""
        return self.artifact


Buildable = VerifiedBytes | SourceTree
"""What may be built, once a judge has let it pass."""
