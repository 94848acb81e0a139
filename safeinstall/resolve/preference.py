"""In which order pip pins what is still open (pip: resolution/resolvelib/provider.py, ``get_preference``).

pip changed its mind twice: 25.1 dropped the depth of a requirement and began to prefer upper bounds, 26.1 began to
promote what keeps conflicting. The target's own pip would go by its own order, so its version decides.
"""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from safeinstall.resolve.nodes import PYTHON, ExplicitRequirement, SpecifierRequirement

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from resolvelib.structs import RequirementInformation

    from safeinstall.resolve.nodes import Candidate, Requires

    Information = RequirementInformation[Requires, Candidate]

CONFLICT_THRESHOLD = 5
NARROWING_PIP = (25, 1)
PROMOTING_PIP = (26, 1)


def release_of(pip_version: str) -> tuple[int, ...]:
    """Return the leading numbers of a pip version."""
    return tuple(int(part) for part in pip_version.split(".")[:2] if part.isdigit())


def _operators(information: Iterable[Information]) -> list[tuple[str, str]]:
    return [
        (specifier.operator, specifier.version)
        for requirement, _ in information
        if isinstance(requirement, SpecifierRequirement)
        for specifier in requirement.specifier
    ]


def _names(causes: Iterable[Information]) -> list[str]:
    found = []
    for requirement, parent in causes:
        found.append(requirement.key)
        if parent is not None:
            found.append(parent.key)
    return found


@dataclass(slots=True)
class Preference:
    """Order of pip 25.1 and later."""

    user_order: Mapping[str, int]
    promotes: bool = True
    _conflicts: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    _promoted: set[str] = field(default_factory=set)

    def narrow(
        self,
        identifiers: Iterable[str],
        resolutions: Mapping[str, Candidate],
        _information: Mapping[str, Iterable[Information]],
        causes: Sequence[Information],
    ) -> Iterable[str]:
        """Return those of *identifiers* that come before all others."""
        backtracking = set()
        for name in _names(causes):
            backtracking.add(name)
            if self.promotes and name not in resolutions:
                self._conflicts[name] += 1
                if self._conflicts[name] >= CONFLICT_THRESHOLD:
                    self._promoted.add(name)
        open_names = list(identifiers)
        if PYTHON in open_names:
            return [PYTHON]
        caused = [name for name in open_names if name in backtracking]
        return caused or [name for name in open_names if name in self._promoted] or open_names

    def order(self, identifier: str, information: Iterable[Information], _causes: Sequence[Information]) -> Any:
        """Return the key of one identifier; the least is pinned first."""
        known = list(information)
        operators = _operators(known)
        return (
            identifier not in self._promoted,
            not any(isinstance(requirement, ExplicitRequirement) for requirement, _ in known),
            not any(op[:2] == "==" and "*" not in version for op, version in operators),
            not any(op in ("<", "<=", "~=") or (op == "==" and "*" in version) for op, version in operators),
            self.user_order.get(identifier, math.inf),
            not operators,
            identifier,
        )


@dataclass(slots=True)
class DepthPreference:
    """Order of pip before 25.1: what stands closer to the user comes first."""

    user_order: Mapping[str, int]
    _depths: dict[str, float] = field(default_factory=dict)

    def narrow(
        self,
        identifiers: Iterable[str],
        _resolutions: Mapping[str, Candidate],
        _information: Mapping[str, Iterable[Information]],
        _causes: Sequence[Information],
    ) -> Iterable[str]:
        """Narrow nothing."""
        return identifiers

    def order(self, identifier: str, information: Iterable[Information], causes: Sequence[Information]) -> Any:
        """Return the key of one identifier; the least is pinned first."""
        known = list(information)
        operators = _operators(known)
        depth = self._depth(identifier, known)
        self._depths[identifier] = depth
        return (
            identifier != PYTHON,
            # That pip meant "is direct", but asked whether a tuple is None: every known identifier is.
            not known,
            not any(op[:2] == "==" for op, _ in operators),
            identifier not in _names(causes),
            depth,
            self.user_order.get(identifier, math.inf),
            not operators,
            identifier,
        )

    def _depth(self, identifier: str, known: Sequence[Information]) -> float:
        if identifier in self.user_order:
            return 1.0
        parents = (0.0 if parent is None else self._depths.get(parent.key, math.inf) for _, parent in known)
        return min(parents, default=math.inf) + 1.0


def preference_of(pip_version: str, user_order: Mapping[str, int]) -> Preference | DepthPreference:
    """Return the order by which the pip of that version goes."""
    release = release_of(pip_version)
    if release < NARROWING_PIP:
        return DepthPreference(user_order)
    return Preference(user_order, promotes=release >= PROMOTING_PIP)
