"""Whether what is attested of a file is proved: offline, by one trusted root, each attestation of it or none."""

from __future__ import annotations

import hashlib
from threading import Lock
from typing import TYPE_CHECKING

from safeinstall.facts.provenance import Provenance, Refuted
from safeinstall.facts.values import Missing
from safeinstall.sources.provenance.extra import INSTALL, versions
from safeinstall.sources.provenance.object_json import UnprovedError, read_claims, shortened
from safeinstall.sources.provenance.proofs import KeptProofs
from safeinstall.sources.provenance.publishers import UnknownPublisherError, said_of
from safeinstall.sources.provenance.roots import UPDATE

if TYPE_CHECKING:
    from pathlib import Path

    from safeinstall.facts.provenance import Attestation
    from safeinstall.sources.provenance.object_json import Claim
    from safeinstall.sources.provenance.proving import Prover
    from safeinstall.sources.provenance.roots import TrustedRoot

_NEWER = "a newer safe-pip, or a newer pypi-attestations, may know it"


class Verifier:
    """Verifies provenance objects (PEP 740). May be used by many threads.

    pypi-attestations and sigstore are loaded when something is to be proved that was not proved before.
    """

    def __init__(self, root: TrustedRoot | Missing, directory: Path | None = None) -> None:
        """Prove with *root*. What was proved is kept in *directory*, if there is one."""
        self._root = root
        self._kept = KeptProofs(directory) if directory else None
        self._versions = versions()
        self._lock = Lock()
        self._prover: Prover | Missing | None = None

    def verify(self, raw: bytes, *, filename: str, sha256: str) -> Provenance | Refuted | Missing:
        """Return what the object *raw* proves of the file of that name and digest (lower-case hex).

        ``Refuted`` if anything of it does not hold, and ``Missing`` if that cannot be told here: the trusted root is
        too old or cannot be read, the libraries are not installed, or the kind of publisher is not known. Never raises.
        """
        if isinstance(self._root, Missing):
            return self._root
        if None in self._versions.values():
            return Missing("what proves provenance is not installed", INSTALL)
        terms = (sha256, filename, hashlib.sha256(raw).hexdigest(), self._root.sha256, self._versions)
        if self._kept and (known := self._kept.find(*terms)):
            return known
        found = self._proved(raw, filename, sha256)
        if self._kept and isinstance(found, Provenance):
            self._kept.add(found, *terms)
        return found

    def _proved(self, raw: bytes, filename: str, sha256: str) -> Provenance | Refuted | Missing:
        try:
            claims = read_claims(raw)
            prover = self._loaded()
            if isinstance(prover, Missing):
                return prover
            proved = [_prove(prover, claims, place, filename, sha256) for place in range(len(claims))]
        except UnknownPublisherError as error:
            return Missing(str(error), _NEWER)
        except UnprovedError as error:
            return Refuted(reason=str(error))
        return Provenance(attestations=tuple(proved), verified=True)

    def _loaded(self) -> Prover | Missing:
        """Return what proves by the trusted root, loaded now if need be."""
        with self._lock:
            if self._prover is None:
                self._prover = _load(self._root)
        return self._prover


def _load(root: TrustedRoot | Missing) -> Prover | Missing:
    if isinstance(root, Missing):
        return root
    try:
        from safeinstall.sources.provenance.proving import Prover  # noqa: PLC0415 - it takes most of a second

        return Prover(root.raw)
    except ImportError as error:
        return Missing(f"what proves provenance cannot be loaded: {shortened(str(error), 200)}", INSTALL)
    except UnprovedError as error:
        return Missing(f"the trusted root {root.origin} cannot be used: {error}", UPDATE)


def _prove(prover: Prover, claims: tuple[Claim, ...], place: int, filename: str, sha256: str) -> Attestation:
    """Return what the claim at *place* attests; what does not hold is said of that one."""
    with said_of(claims, place):
        return prover.prove(claims[place], filename=filename, sha256=sha256)
