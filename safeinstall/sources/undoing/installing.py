"""One installation from before pip goes on until it has ended: its journal is made, and settled however it ended."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from safeinstall.errors import JournalError, LeftHalfError, RefusedError
from safeinstall.resolve.outcome import Aftermath
from safeinstall.sources.undoing.completeness import sort_out
from safeinstall.sources.undoing.journals import make_journal
from safeinstall.sources.undoing.reach import ELSEWHERE, find_library, find_missing, find_roots, find_sites

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from safeinstall.request.invocation import Invocation
    from safeinstall.sources.undoing.journals import Journal


@dataclass(slots=True)
class Installing:
    """An installation that is about to begin."""

    planned: tuple[str, ...]
    sites: tuple[str, ...]
    """Where its distributions will be."""
    journal: Journal | None = None
    terms: Mapping[str, object] | None = None
    """What the host has to know of the journal; ``None`` without one."""
    problem: str = ""
    """Why there is none."""

    @property
    def room(self) -> str:
        """The folder in which wheels may be unpacked ahead; empty where there is none."""
        return self.journal.room if self.journal else ""

    @classmethod
    def begin(cls, invocation: Invocation, planned: Sequence[str], environ: Mapping[str, str]) -> Installing:
        """Make the journal; where the state directory cannot be written, do without. Waits for another installation.

        Raises ``RefusedError`` when there is a journal of one that was killed.
        """
        if invocation.command != "install" or not planned:
            return cls(tuple(planned), ())
        roots, sites = find_roots(invocation), find_sites(invocation)
        begun, reach = cls(tuple(planned), tuple(sites)), {"roots": roots, "missing": find_missing(roots)}
        key = [invocation.prefix, *(invocation.option(option) for option in ELSEWHERE)]
        terms = {"prefix": invocation.prefix, "python": invocation.python, "planned": list(planned)}
        library = find_library(invocation)
        try:
            begun.journal, identity = make_journal(key, environ, sites=sites, library=library, **reach, **terms)
        except FileExistsError as error:
            raise LeftHalfError(invocation.prefix) from error
        except JournalError as error:
            raise RefusedError(error.message, hint=error.hint) from error
        except OSError as error:
            begun.problem = f"no journal could be kept: {error}"
        else:
            begun.terms = {"path": str(begun.journal.path), "id": identity, "room": begun.room, **reach}
        return begun

    def settle(self, status: int) -> Aftermath | None:
        """Return what became of an installation that pip has ended with *status*, after undoing it if it is half.

        ``None`` if it ended well, or had not begun to change anything. Who is impatient has to wait.
        """
        from safeinstall.sources.pip.host import undisturbed  # noqa: PLC0415 - not while pip waits

        with undisturbed(stopping=True):
            if self.journal is None:
                return self._sorted_out(self.problem, self.sites) if self.problem and status else None
            try:
                self.journal.clear()
                return self._settled(self.journal, status)
            except JournalError as error:
                return self._sorted_out(error.message, self.sites)
            finally:
                self.journal.close()

    def _settled(self, journal: Journal, status: int) -> Aftermath | None:
        from safeinstall.sources.undoing.undo import let_go, undo  # noqa: PLC0415 - few installations end otherwise than well

        told = journal.read()
        if told.complete or not told.changing:
            let_go(journal, told)
            return Aftermath(complete=self.planned, finished=True) if told.complete and status else None
        try:
            undo(journal, told)
        except JournalError as error:
            return self._sorted_out(error.message, told.sites, recoverable=told.watched)
        return Aftermath(undone=True)

    def _sorted_out(self, problem: str, sites: Sequence[str], *, recoverable: bool = False) -> Aftermath:
        complete, half = sort_out(self.planned, sites)
        return Aftermath(complete=complete, half=half, problem=problem, recoverable=recoverable)
