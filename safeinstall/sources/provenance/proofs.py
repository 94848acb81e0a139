"""What was proved in earlier runs, each result in a file behind a seal: what is read there is believed.

A result is of one file by one name, of one object, by one trusted root and one version of each library: whatever of
these is another, there is none. The seal (:mod:`~safeinstall.sources.places.seals`) tells that this user's safe-pip
has written it: a cache directory may come with a repository or from a CI job.
"""

from __future__ import annotations

import hashlib
import json
from contextlib import suppress
from dataclasses import asdict, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from safeinstall.facts.provenance import Attestation, Provenance, Publisher, PublisherKind
from safeinstall.sources.places.kept_files import written_whole
from safeinstall.sources.places.regular_files import read_regular
from safeinstall.sources.places.seals import is_sealed, seal

if TYPE_CHECKING:
    from pathlib import Path

FORMAT = 1
"""Counts up with what is asked of an attestation: what was proved by less is proved again."""
BYTES = 1 << 20
"""Of one result."""


class KeptProofs:
    """A directory of results. It may vanish at any time, and what cannot be written is not kept."""

    def __init__(self, directory: Path) -> None:
        """Use *directory*, which is made when needed."""
        self._directory = directory

    def find(self, *terms: object) -> Provenance | None:
        """Return what was proved on these *terms*, if this user's safe-pip has written it."""
        key = _key(terms)
        path = self._path(key)
        with suppress(OSError, ValueError, TypeError, KeyError):
            said, _, body = read_regular(path, BYTES).partition(b"\n")
            if is_sealed(path, _sealed(key, body), said.decode()):
                return _read(json.loads(body))
        return None

    def add(self, provenance: Provenance, *terms: object) -> None:
        """Keep that *provenance* was proved on these *terms*."""
        key = _key(terms)
        path, body = self._path(key), json.dumps(asdict(provenance), default=_written).encode()
        if said := seal(path, _sealed(key, body)):
            with suppress(OSError), written_whole(path) as file:
                file.write(said.encode() + b"\n" + body)

    def _path(self, key: str) -> Path:
        return self._directory / key[:2] / key[2:]


def _key(terms: tuple[object, ...]) -> str:
    return hashlib.sha256(json.dumps([FORMAT, *terms], sort_keys=True).encode()).hexdigest()


def _sealed(key: str, body: bytes) -> dict[str, str]:
    return {"proof": hashlib.sha256(body).hexdigest(), "of": key}


def _written(value: Any) -> str:
    return str(value.value if isinstance(value, PublisherKind) else value.isoformat())


def _read(found: dict[str, Any]) -> Provenance:
    return Provenance(attestations=tuple(map(_attestation, found["attestations"])), verified=found["verified"])


def _attestation(found: dict[str, Any]) -> Attestation:
    publisher = Publisher(**{**found["publisher"], "kind": PublisherKind(found["publisher"]["kind"])})
    logged = found["logged"] and datetime.fromisoformat(found["logged"])
    return replace(Attestation(**{**found, "publisher": publisher}), logged=logged)
