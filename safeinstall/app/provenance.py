"""The provenance of one run. Loaded when a rule asks: a policy without such rules waits for none of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from safeinstall.sources.provenance.index_provenance import IndexProvenance

if TYPE_CHECKING:
    from safeinstall.app.indexes import Indexes


def open_it(indexes: Indexes) -> IndexProvenance:
    """Return who tells what *indexes* announce, by their client. Nothing is fetched before it is needed."""
    return IndexProvenance(indexes.client, indexes.cache / "provenance", indexes.routes.indexes)
