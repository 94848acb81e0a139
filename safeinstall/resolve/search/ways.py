"""Who asked for what while a resolution was looked for: the ways to what it failed at."""

from __future__ import annotations

from typing import TYPE_CHECKING

from resolvelib.structs import RequirementInformation

from safeinstall.resolve.nodes import project_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from packaging.utils import NormalizedName

    from safeinstall.resolve.nodes import Candidate, Requires
    from safeinstall.resolve.preference import Information


class Ways:
    """Remembers, of each project that asked for another, the first requirement, whatever became of it."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self._first: dict[tuple[str, str | None], Information] = {}

    def adding_requirement(self, requirement: Requires, parent: Candidate | None) -> None:
        """Hear of a requirement (``resolvelib.BaseReporter``)."""
        key = requirement.key, None if parent is None else parent.key
        if key not in self._first:
            self._first[key] = RequirementInformation(requirement, parent)

    def above(self, causes: Iterable[Information]) -> Iterator[Information]:
        """Yield *causes*, and then who asked for those that they come from, up to the user."""
        waiting = list(causes)
        yield from waiting
        seen, by_project = {project_of(cause.requirement.key) for cause in waiting}, self._by_project()
        for cause in waiting:
            name = None if cause.parent is None else project_of(cause.parent.key)
            if name is not None and name not in seen:
                seen.add(name)
                waiting += by_project.get(name, ())
                yield from by_project.get(name, ())

    def _by_project(self) -> dict[NormalizedName, list[Information]]:
        found: dict[NormalizedName, list[Information]] = {}
        for asked in self._first.values():
            name = project_of(asked.requirement.key)
            if asked.parent is None or project_of(asked.parent.key) != name:  # one with extras asks for itself
                found.setdefault(name, []).append(asked)
        return found
