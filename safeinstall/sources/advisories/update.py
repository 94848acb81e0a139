"""What is new in one dump since it was last asked, and whether to believe it."""

from __future__ import annotations

import json
import time
from dataclasses import astuple, dataclass, replace
from typing import TYPE_CHECKING

from safeinstall.errors import ProjectNotFoundError, SourceError
from safeinstall.facts.osv import ECOSYSTEM
from safeinstall.sources.advisories.build import Part
from safeinstall.sources.advisories.changes import Changes, compare, is_earlier, objection
from safeinstall.sources.advisories.osv_dump import NOTHING, Dump, DumpReader, Validators
from safeinstall.sources.advisories.osv_records import Identity

if TYPE_CHECKING:
    from pathlib import Path

    from safeinstall.sources.advisories.build import Index

FEW = 200
"""Records that changed: up to so many are fetched one by one, more as the whole zip."""
_FORCE = "if that is as it should be, take it with `safe-pip advisories sync --force`"


@dataclass(frozen=True, slots=True)
class DumpState:
    """What a server told the files of a dump by when they were read."""

    zip: Validators = NOTHING
    list: Validators = NOTHING
    """Kept only of a list that agreed with every record here; else it is fetched, and compared, once more."""

    @classmethod
    def of(cls, identity: Identity) -> DumpState:
        """Read what :meth:`identity` wrote."""
        return cls(*(Validators(*written) for written in json.loads(identity.fingerprint)))

    def identity(self, dump: Dump) -> Identity:
        """Return this state as a database keeps it: *dump* has just answered."""
        return Identity(dump.name, json.dumps(astuple(self)), time.time_ns())


@dataclass(frozen=True, slots=True, kw_only=True)
class DumpUpdate:
    """One dump, to be asked what is new."""

    reader: DumpReader
    dump: Dump
    place: Path
    """Where its files may be put; nothing is there yet."""
    state: DumpState = DumpState()
    held: Index
    """The records that are here."""
    force: bool = False
    """Read the whole zip, and take what it holds."""

    def part(self) -> Part:
        """Ask. Raises :class:`SourceError` when there is no answer, or none to believe."""
        if self.force:
            return self._whole(NOTHING)
        try:
            listing = self.reader.listing(self.dump, self.state.list)
        except ProjectNotFoundError:  # a mirror of the zip alone
            return self._whole(self.state.zip)
        if listing is None:
            return self._unchanged()
        changes = compare(self.held, listing.modified)
        if not changes:
            return self._unchanged(listing.validators)
        self._believe(changes)
        return self._few(changes) if len(changes.wanted) <= FEW else self._whole(NOTHING)

    def _unchanged(self, validators: Validators | None = None) -> Part:
        state = self.state if validators is None else replace(self.state, list=validators)
        return Part(identity=state.identity(self.dump))

    def _few(self, changes: Changes) -> Part:
        try:
            self.reader.records(self.dump, changes.wanted, self.place)
        except ProjectNotFoundError:  # the list is ahead of the records
            return self._whole(NOTHING)
        state = replace(self.state, list=NOTHING)
        return Part(identity=state.identity(self.dump), records=self.place, replacing=changes.wanted | changes.gone)

    def _whole(self, known: Validators) -> Part:
        path = self.place.with_suffix(".zip")
        validators = self.reader.zip(self.dump, known, path)
        if validators is None:
            return self._unchanged()
        if is_earlier(validators.last_modified, self.state.zip.last_modified):
            self._refuse(
                f"it is of {validators.last_modified}, what is here was read from one of {self.state.zip.last_modified}"
            )
        return Part(identity=DumpState(validators).identity(self.dump), records=path, check=self._check)

    def _check(self, before: Index, after: Index, speaking: int) -> None:
        if not speaking:
            raise SourceError(
                f"advisory source {self.dump.name}: no record in it speaks of {ECOSYSTEM}",
                hint="check the address: a dump is published for each ecosystem",
            )
        self._believe(compare(before, after))

    def _believe(self, changes: Changes) -> None:
        if reason := objection(changes, len(self.held)):
            self._refuse(reason)

    def _refuse(self, reason: str) -> None:
        if not self.force:
            raise SourceError(f"advisory source {self.dump.name} was not taken: {reason}", hint=_FORCE)
