"""Lists of exploited vulnerabilities and of EPSS scores: where they lie, and how each is read and believed."""

from __future__ import annotations

import gzip
import io
import json
import zlib
from dataclasses import astuple, dataclass, replace
from pathlib import Path
from time import time_ns
from typing import TYPE_CHECKING

from safeinstall.errors import ProjectNotFoundError, SourceError
from safeinstall.facts.exploitation import PARSERS, UnreadableListError
from safeinstall.sources.advisories.changes import LOST_SHARE
from safeinstall.sources.advisories.cve_list_tables import ListPart
from safeinstall.sources.advisories.osv_dump import NOTHING, Validators
from safeinstall.sources.advisories.osv_records import Identity, identify
from safeinstall.sources.network.urls import is_local, local_path, redacted

if TYPE_CHECKING:
    from safeinstall.facts.exploitation import CveList, Kind
    from safeinstall.policy.model import AdvisorySettings
    from safeinstall.sources.advisories.cve_list_tables import StoredList
    from safeinstall.sources.advisories.osv_dump import DumpReader

PACKED_LIMIT = 32 << 20
"""Bytes of a list as it is served or lies on disk."""
LIMIT = 128 << 20
"""Bytes of a list, unpacked."""
_GZIP = b"\x1f\x8b"
_FORCE = "if that is as it should be, take it with `safe-pip advisories sync --force`"
_TITLES: dict[Kind, str] = {"exploited": "the list of exploited vulnerabilities", "epss": "the list of EPSS scores"}


@dataclass(frozen=True, slots=True)
class ListSource:
    """One list that a policy names."""

    kind: Kind
    place: Path | str
    """A path, or an address, which may hold credentials."""

    @property
    def title(self) -> str:
        """How messages call it."""
        return _TITLES[self.kind]

    @property
    def name(self) -> str:
        """Its place as it may be shown and kept."""
        return redacted(str(self.place))

    @property
    def is_remote(self) -> bool:
        """Whether it is fetched."""
        return not isinstance(self.place, Path)

    def unusable(self, reason: str, hint: str = "") -> SourceError:
        """Return the error that says why this list is not taken."""
        correct = f"fetch it again, or correct `{self.kind}` under [advisories] in the policy"
        return SourceError(f"advisory list {self.name}: {reason}", hint=hint or correct)


def list_sources(settings: AdvisorySettings) -> tuple[ListSource, ...]:
    """Return the lists that a policy names; paths are made absolute."""
    named: dict[Kind, str | None] = {"exploited": settings.exploited, "epss": settings.epss}
    places = {kind: local_path(text) if is_local(text) else text for kind, text in named.items() if text is not None}
    return tuple(ListSource(kind, place) for kind, place in places.items())


@dataclass(frozen=True, slots=True, kw_only=True)
class ListUpdate:
    """One list, to be asked what is new."""

    source: ListSource
    stored: StoredList | None
    """What is here of it."""
    reader: DumpReader | None = None
    """``None``: no address is asked."""
    work: Path
    """Where a file may be put; it is there."""
    force: bool = False
    """Take what there is even if it is less than what is here, or older."""

    def part(self) -> ListPart | None:
        """Return what is new, ``None`` if nothing can be. Raises :class:`SourceError` for no answer, or a wrong one."""
        place = self.source.place
        if isinstance(place, Path):
            return self._from_path(place)
        if self.reader is None:
            if self.stored is None:
                raise self.source.unusable("not synced yet: run `safe-pip advisories sync`")
            return None
        return self._fetched(self.reader, place)

    def _from_path(self, place: Path) -> ListPart | None:
        try:
            identity = identify(place)
        except SourceError as error:
            raise self.source.unusable(error.message.rpartition(": ")[2]) from error
        if self.stored is not None and identity == self.stored.identity and not self.force:
            return None
        return self._read(identity, place)

    def _fetched(self, reader: DumpReader, url: str) -> ListPart:
        known = (
            NOTHING if self.stored is None or self.force else Validators(*json.loads(self.stored.identity.fingerprint))
        )
        path = self.work / self.source.kind
        try:
            validators = reader.file(self.source.kind, url, known, path, PACKED_LIMIT)
        except ProjectNotFoundError as error:  # no project was asked for
            raise self.source.unusable(error.message.rpartition(" answered ")[2]) from error
        state = json.dumps(astuple(validators or known))
        identity = Identity(self.source.name, state, time_ns())
        if validators is None and self.stored is not None:
            return replace(self.stored.kept(self.source.kind), identity=identity)
        return self._read(identity, path)

    def _read(self, identity: Identity, path: Path) -> ListPart:
        try:
            found = PARSERS[self.source.kind](self._text(path))
        except UnreadableListError as error:
            raise self.source.unusable(str(error)) from error
        if self.stored is not None and not self.force and (reason := _objection(found, self.stored)):
            raise self.source.unusable(f"not taken: {reason}", _FORCE)
        entries = found.entries
        return ListPart(
            kind=self.source.kind, identity=identity, issued=found.issued, count=len(entries), entries=entries
        )

    def _text(self, path: Path) -> str:
        """Return the text of the file at *path*, unpacked if it is a gzip file, whatever it is called."""
        try:
            with path.open("rb") as file:
                packed = self._measured(file.read(PACKED_LIMIT + 1), PACKED_LIMIT)
            is_packed = packed.startswith(_GZIP)
            data = gzip.GzipFile(fileobj=io.BytesIO(packed)).read(LIMIT + 1) if is_packed else packed
        except (gzip.BadGzipFile, EOFError, zlib.error) as error:
            raise self.source.unusable(f"the gzip file is damaged or incomplete ({error})") from error
        except OSError as error:
            raise self.source.unusable((error.strerror or str(error)).lower()) from error
        return self._measured(data, LIMIT).decode("utf-8-sig", "replace")

    def _measured(self, data: bytes, limit: int) -> bytes:
        if len(data) > limit:
            raise self.source.unusable(f"larger than {limit} bytes")
        return data


def _objection(new: CveList, held: StoredList) -> str | None:
    """Return why *new* should not take the place of what is *held*, if so."""
    if new.issued and new.issued < held.issued:
        return f"it is of {new.issued}, what is here is of {held.issued}"
    lost = held.count - len(new.entries)
    if lost > LOST_SHARE * held.count:
        return f"{lost:,} of the {held.count:,} vulnerabilities that are here are gone from it"
    return None
