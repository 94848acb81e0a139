"""Constraints: what binds a project that something else asks for (pip: resolution/resolvelib/base.py)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from packaging.specifiers import SpecifierSet

from safeinstall.errors import UnsatisfiableError
from safeinstall.facts.addresses import place_of
from safeinstall.resolve.finder import Hashes, merge_hashes, parse_hashes
from safeinstall.resolve.nodes import ExtrasCandidate, FileCandidate

if TYPE_CHECKING:
    from collections.abc import Iterable

    from packaging.utils import NormalizedName

    from safeinstall.request.requirements import Reference, Root
    from safeinstall.resolve.nodes import Candidate


@dataclass(frozen=True, slots=True, kw_only=True)
class Constraint:
    """All constraints on one project taken together (pip: base.py, ``Constraint``)."""

    specifier: SpecifierSet = field(default_factory=SpecifierSet)
    hashes: Hashes = field(default_factory=dict)
    references: tuple[Reference, ...] = ()

    def also(self, root: Root) -> Constraint:
        """Return this constraint narrowed by *root*."""
        return Constraint(
            specifier=self.specifier & root.specifier,
            hashes=merge_hashes(self.hashes, parse_hashes(root.hashes)),
            references=(*self.references, root.reference) if root.reference else self.references,
        )

    def is_satisfied_by(self, candidate: Candidate) -> bool:
        """Whether *candidate* may stand under it."""
        if self.references and not all(_is_from(candidate, reference) for reference in self.references):
            return False
        return self.specifier.contains(candidate.version, prereleases=True)


def _is_from(candidate: Candidate, reference: Reference) -> bool:
    base = candidate.base if isinstance(candidate, ExtrasCandidate) else candidate
    return isinstance(base, FileCandidate) and place_of(base.artifact) == place_of(reference)


FORMS = (
    "DEPRECATION: Constraints are only allowed to take the form of a package name and a version specifier. Other forms"
    " were originally permitted as an accident of the implementation, but were undocumented. The new implementation of"
    " the resolver no longer supports these forms. A possible replacement is replacing the constraint with a"
    " requirement. Discussion can be found at https://github.com/pypa/pip/issues/8210"
)


def collect_constraints(roots: Iterable[Root]) -> dict[NormalizedName, Constraint]:
    """Join the constraints of each project (pip: factory.py, ``collect_root_requirements``).

    Raises ``UnsatisfiableError`` for a constraint that pip does not accept.
    """
    found: dict[NormalizedName, Constraint] = {}
    for root in roots:
        problem = _problem_of_constraint(root)
        if root.name is None or problem:
            raise UnsatisfiableError(("warning", FORMS), problem)
        found[root.name] = found.get(root.name, Constraint()).also(root)
    return found


def _problem_of_constraint(root: Root) -> str:
    """pip: req_install.py, ``check_invalid_constraint_type``."""
    if root.name is None:
        return "Unnamed requirements are not allowed as constraints"
    if root.editable:
        return "Editable requirements are not allowed as constraints"
    return "Constraints cannot have extras" if root.extras else ""
