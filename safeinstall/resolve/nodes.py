"""What resolvelib is given: requirements and candidates (pip: resolution/resolvelib/{requirements,candidates}.py)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from packaging.specifiers import SpecifierSet
from packaging.utils import NormalizedName, canonicalize_name

if TYPE_CHECKING:
    from packaging.requirements import Requirement
    from packaging.version import Version

    from safeinstall.facts.artifact import HeldArtifact, InstalledDistribution, Metadata
    from safeinstall.facts.verdict import Verdict
    from safeinstall.request.requirements import Root

PYTHON = "<Python from Requires-Python>"
"""pip's identifier for the interpreter itself."""


def identify(name: str, extras: frozenset[NormalizedName]) -> str:
    """Return resolvelib's identifier: ``name`` or ``name[a,b]``."""
    return f"{name}[{','.join(sorted(extras))}]" if extras else name


def project_of(identifier: str) -> NormalizedName:
    """Return the project an identifier speaks of."""
    return NormalizedName(identifier.partition("[")[0])


def extras_of(identifier: str) -> frozenset[NormalizedName]:
    """Return the extras an identifier speaks of."""
    inside = identifier.partition("[")[2].rstrip("]")
    return frozenset(canonicalize_name(extra) for extra in inside.split(",") if extra)


@dataclass(frozen=True, slots=True, eq=False)
class FileCandidate:
    """A file that may be installed. Compared by identity: the provider keeps one per file."""

    artifact: HeldArtifact
    verdict: Verdict
    metadata: Metadata | None
    """``None`` for a denied file under ``select = "strict"``: its metadata is never asked for."""

    @property
    def key(self) -> str:
        """Resolvelib's identifier."""
        return self.artifact.name

    @property
    def version(self) -> Version:
        """Of the file."""
        return self.artifact.version

    def __str__(self) -> str:
        """For messages."""
        return f"{self.artifact.name} {self.artifact.version}"


@dataclass(frozen=True, slots=True, eq=False)
class InstalledCandidate:
    """What the environment already holds."""

    distribution: InstalledDistribution

    @property
    def key(self) -> str:
        """Resolvelib's identifier."""
        return self.distribution.name

    @property
    def version(self) -> Version:
        """Of the installed distribution."""
        return self.distribution.version

    def __str__(self) -> str:
        """For messages, as pip writes it."""
        return f"{self.distribution.name} {self.distribution.stated_version} (Installed)"


BaseCandidate = FileCandidate | InstalledCandidate


@dataclass(frozen=True, slots=True)
class Asked:
    """By which requirement a candidate was looked at first: pip speaks of it so ever after."""

    name: str
    """Of the project, as it is written there."""
    by: str
    """See :attr:`SpecifierRequirement.asker`."""
    link: str = ""
    """The address that it names, if it does; may hold credentials."""
    editable: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class ExtrasCandidate:
    """A candidate with extras: depends on its base, and on what the extras bring in."""

    base: BaseCandidate
    extras: frozenset[NormalizedName]

    @property
    def key(self) -> str:
        """Resolvelib's identifier."""
        return identify(self.base.key, self.extras)

    @property
    def version(self) -> Version:
        """Of the base."""
        return self.base.version

    def __str__(self) -> str:
        """For messages, as pip writes it."""
        return f"{self.base} [{', '.join(sorted(self.extras))}]"


@dataclass(frozen=True, slots=True, eq=False)
class PythonCandidate:
    """The target interpreter."""

    version: Version
    key: str = PYTHON

    def __str__(self) -> str:
        """For messages."""
        return f"Python {self.version}"


Candidate = FileCandidate | InstalledCandidate | ExtrasCandidate | PythonCandidate


@dataclass(frozen=True, slots=True)
class SpecifierRequirement:
    """``name[extras]<specifier>``, looked up in the index."""

    name: NormalizedName
    specifier: SpecifierSet = field(default_factory=SpecifierSet)
    extras: frozenset[NormalizedName] = frozenset()
    origin: str = ""
    """Who asks; two requirements alike in all else differ by it, as in pip."""
    root: Root | None = field(default=None, compare=False)
    written: Requirement | None = field(default=None, compare=False)
    """As it is written. Shared: never change it."""
    asker: str = field(default="", compare=False)
    """Who asks, as pip names it: ``-r requirements.txt (line 3)``, a project; empty for an argument."""

    @property
    def key(self) -> str:
        """Resolvelib's identifier."""
        return identify(self.name, self.extras)

    def is_satisfied_by(self, candidate: Candidate) -> bool:
        """Pre-releases were decided on when the index was asked (pip: request/requirements.py)."""
        return self.specifier.contains(candidate.version, prereleases=True)

    @property
    def literal_name(self) -> str:
        """The name as it is written."""
        return self.written.name if self.written else self.name

    def __str__(self) -> str:
        """As it is written, without its marker."""
        extras = self.written.extras if self.written and self.extras else self.extras
        shown = f"[{','.join(sorted(extras))}]" if extras else ""
        return f"{self.literal_name}{shown}{self.specifier}"


@dataclass(frozen=True, slots=True)
class ExplicitRequirement:
    """Exactly this candidate: a direct reference, or the base of a candidate with extras."""

    candidate: BaseCandidate | ExtrasCandidate

    @property
    def key(self) -> str:
        """Resolvelib's identifier."""
        return self.candidate.key

    def is_satisfied_by(self, candidate: Candidate) -> bool:
        """Only by the very same candidate."""
        return candidate is self.candidate

    def __str__(self) -> str:
        """For messages."""
        return str(self.candidate)


@dataclass(frozen=True, slots=True)
class PythonRequirement:
    """A ``Requires-Python`` (core metadata)."""

    specifier: SpecifierSet
    key: str = PYTHON

    def is_satisfied_by(self, candidate: Candidate) -> bool:
        """Whether the interpreter is inside the specifier."""
        return self.specifier.contains(candidate.version, prereleases=True)

    def __str__(self) -> str:
        """For messages, as pip writes it."""
        return f"Python {self.specifier}"


@dataclass(frozen=True, slots=True)
class ImpossibleRequirement:
    """A direct reference that cannot be had: the resolver may back away from who asks for it."""

    name: NormalizedName
    why: str = ""

    @property
    def key(self) -> str:
        """Resolvelib's identifier."""
        return self.name

    def is_satisfied_by(self, _candidate: Candidate) -> bool:
        """Never."""
        return False

    def __str__(self) -> str:
        """For messages, as pip writes it."""
        return f"{self.name} (unavailable)"


Requires = SpecifierRequirement | ExplicitRequirement | PythonRequirement | ImpossibleRequirement
