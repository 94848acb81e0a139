"""What is told while a search goes on: pip's lines, and how far it is (pip: resolution/resolvelib/reporter.py)."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Protocol

from resolvelib import BaseReporter

from safeinstall.resolve.nodes import project_of
from safeinstall.resolve.search.ways import Ways

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from packaging.utils import NormalizedName
    from resolvelib.resolvers import Criterion

    from safeinstall.resolve.nodes import Candidate, Requires


class Onlooker(Protocol):
    """Sees and hears what is told of a search."""

    def hear(self, line: str) -> None:
        """Take a line that pip itself says here."""

    def see(self, text: str) -> None:
        """Take how far the search is; called very often."""

    def end(self) -> None:
        """Take that the search has ended, however it did."""


class Nobody:
    """An onlooker for a search that nobody looks on."""

    def hear(self, line: str) -> None:
        """Do nothing."""

    def see(self, text: str) -> None:
        """Do nothing."""

    def end(self) -> None:
        """Do nothing."""


class Reporter(BaseReporter["Requires", "Candidate", str]):
    """Tells an onlooker of one search."""

    def __init__(
        self, lines: Mapping[int, str], onlooker: Onlooker, hides: Callable[[NormalizedName], bool] = lambda _: False
    ) -> None:
        """Take the *lines* of the target's pip, by how many versions of a project are rejected when it says them.

        What is rejected for a project of which the policy *hides* anything does not count: pip would have gone on.
        """
        self.ways = Ways()
        self.onlooker = onlooker
        self._lines = lines
        self._hides = hides
        self._rejected: Counter[str] = Counter()
        self._tried = 0

    def adding_requirement(self, requirement: Requires, parent: Candidate | None) -> None:
        """See :class:`resolvelib.BaseReporter`."""
        self.ways.adding_requirement(requirement, parent)

    def rejecting_candidate(self, criterion: Criterion[Requires, Candidate], candidate: Candidate) -> None:
        """See :class:`resolvelib.BaseReporter`."""
        if not any(self._hides(project_of(requirement.key)) for requirement in criterion.iter_requirement()):
            self._reject(candidate.key)
        self._tried += 1
        self._show(candidate)

    def _reject(self, name: str) -> None:
        self._rejected[name] += 1
        if line := self._lines.get(self._rejected[name]):
            self.onlooker.hear("INFO: " + line.replace("{package_name}", name))

    def pinning(self, candidate: Candidate) -> None:
        """See :class:`resolvelib.BaseReporter`."""
        self._tried += 1
        self._show(candidate)

    def _show(self, candidate: Candidate) -> None:
        self.onlooker.see(f"resolving: {self._tried} versions tried, now {candidate}")
