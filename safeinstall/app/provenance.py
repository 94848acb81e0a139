"""The provenance of one run. Loaded when a rule asks: a policy without such rules waits for none of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from safeinstall.sources.places.directories import state_directory
from safeinstall.sources.provenance.index_provenance import IndexProvenance

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from safeinstall.app.indexes import Indexes
    from safeinstall.policy.model import Policy
    from safeinstall.sources.provenance.verification import Verifier


def open_it(indexes: Indexes, policy: Policy, environ: Mapping[str, str], as_of: datetime) -> IndexProvenance:
    """Return who tells what *indexes* announce, by their client. Nothing is fetched or proved before it is needed."""

    def open_verifier() -> Verifier:
        from safeinstall.sources.provenance.roots import roots_directory, trusted_root
        from safeinstall.sources.provenance.verification import Verifier

        root = trusted_root(policy.provenance, roots_directory(state_directory(environ)), as_of)
        return Verifier(root, indexes.cache / "proofs")

    folder, known = indexes.cache / "provenance", indexes.routes.indexes
    return IndexProvenance(indexes.client, folder, known, open_verifier=open_verifier)
