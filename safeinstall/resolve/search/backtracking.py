"""How pip goes back from a dead end (pip: _vendor/resolvelib).

Each pip brings its own resolvelib along. We run the newest one, and where an older one goes another way, its steps: so
that the target's pip, over the same files, pins the same ones in the same order, and gives up where it gives up.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Any

from resolvelib import ResolutionImpossible
from resolvelib.resolvers import Resolution

from safeinstall.resolve.preference import NARROWING_PIP, release_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from resolvelib import BaseReporter
    from resolvelib.resolvers import Criterion
    from resolvelib.structs import State

    from safeinstall.resolve.nodes import Candidate, Requires
    from safeinstall.resolve.preference import Information

    States = State[Requires, Candidate, str]

OPTIMISTIC_PIP = (25, 2)


@dataclass(frozen=True, slots=True)
class Found:
    """What a search has come to."""

    mapping: Mapping[str, Candidate]
    """What was pinned, and is still asked for."""
    criteria: Mapping[str, Criterion[Requires, Candidate]]
    """Who asks for it, and for what was tried on the way."""
    forgetful: bool
    """Whether anything that was asked for was forgotten on the way."""


def _wanted(state: States) -> set[str]:
    """Return the names that the user, or what is pinned, asks for (resolvelib: ``_has_route_to_root``).

    The way from the user on, not back to him: where names that nobody asks for any more require each other, resolvelib
    goes round and round until Python stops it, and pip with it.
    """
    asked: dict[int, list[str]] = {}
    for name, criterion in state.criteria.items():
        for parent in criterion.iter_parent():
            asked.setdefault(id(parent), []).append(name)
    found: set[str] = set()
    names = list(asked.get(id(None), ()))
    while names:
        name = names.pop()
        if name not in found:
            found.add(name)
            names += asked.get(id(state.mapping[name]), ())
    return found


class Search(Resolution["Requires", "Candidate", str]):
    """That of pip 25.2 and later (resolvelib 1.2): far back at first, and if nothing is found so, in small steps."""

    forgetful = False

    @classmethod
    def run(
        cls,
        provider: Any,
        reporter: BaseReporter[Requires, Candidate, str],
        requirements: Iterable[Requires],
        max_rounds: int,
    ) -> Found:
        """Return what was pinned. Raises as ``resolvelib.Resolver.resolve``, which knows no other search."""
        search = cls(provider, reporter)
        state = search.resolve(requirements, max_rounds)
        wanted = _wanted(state)
        mapping = {name: candidate for name, candidate in state.mapping.items() if name in wanted}
        return Found(mapping, state.criteria, search.forgetful)

    def _remove_information_from_criteria(
        self, criteria: dict[str, Criterion[Requires, Candidate]], parents: Collection[str]
    ) -> None:
        self.forgetful = self.forgetful or bool(parents)
        super()._remove_information_from_criteria(criteria, parents)


class SmallSteps(Search):
    """That of pip 25.1 (resolvelib 1.1)."""

    def __init__(self, provider: Any, reporter: BaseReporter[Requires, Candidate, str]) -> None:
        """Take no jump that may have to be taken back."""
        super().__init__(provider, reporter)
        self._optimistic_backjumping_ratio = 0.0


class FarJumps(SmallSteps):
    """That of pip before 25.1 (resolvelib 1.0): always far back, and then it may give up too early."""

    _weighed = False
    """Whether the order of any name was asked for in this round."""

    def _get_preference(self, name: str) -> Any:
        self._weighed = True
        return super()._get_preference(name)

    def _attempt_to_pin_criterion(self, name: str) -> list[Criterion[Requires, Candidate]]:
        if not self._weighed:  # it asked also where there was no choice, and pip remembers the depth from that
            self._get_preference(name)
        self._weighed = False
        return super()._attempt_to_pin_criterion(name)

    def _extract_causes(self, criteron: list[Criterion[Requires, Candidate]]) -> list[Information]:
        return [information for criterion in criteron for information in criterion.information]

    def _backjump(self, causes: list[Information]) -> bool:
        parents = (cause.parent for cause in causes if cause.parent is not None)
        involved = {self._p.identify(each) for each in chain(parents, (cause.requirement for cause in causes))}
        while len(self._states) >= 3:  # noqa: PLR2004 - the root, the one before the first pin, and a pin
            del self._states[-1]
            broken, name, candidate = self._last_that_requires(involved, causes)
            ruled_out = [(each, list(criterion.incompatibilities)) for each, criterion in broken.criteria.items()]
            self._push_new_state()
            if self._patch_criteria([*ruled_out, (name, [candidate])]):
                return True
        return False

    def _last_that_requires(
        self, involved: Collection[str], causes: list[Information]
    ) -> tuple[States, str, Candidate]:
        while self._states:
            state = self._states.pop()
            if not state.mapping:
                break
            name, candidate = state.mapping.popitem()
            if any(self._p.identify(each) in involved for each in self._p.get_dependencies(candidate)):
                return state, name, candidate
        raise ResolutionImpossible(causes)


def search_of(pip_version: str) -> type[Search]:
    """Return the search of the pip of that version."""
    release = release_of(pip_version)
    if release < NARROWING_PIP:
        return FarJumps
    return Search if release >= OPTIMISTIC_PIP else SmallSteps
