"""Who a publisher is, as the index names it in a provenance object (PEP 740, ``publisher``)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from safeinstall.facts.provenance import Publisher, PublisherKind
from safeinstall.sources.provenance.object_json import UnprovedError, shortened

if TYPE_CHECKING:
    from collections.abc import Mapping

NAME_LENGTH = 512
"""Characters of each of a publisher's names."""


class UnknownPublisherError(UnprovedError):
    """A publisher of a kind that is not known here: nothing speaks against it, and nothing can be told of it."""


def publisher_of(table: Mapping[str, Any]) -> Publisher:
    """Return whom *table* names.

    Raises :class:`UnprovedError`, and its subclass :class:`UnknownPublisherError` for a kind that is not known.
    """
    kind = _known(table)
    if kind is PublisherKind.GOOGLE:
        return Publisher(kind=kind, repository=_name(table, "email"))
    if kind is PublisherKind.ACTIVESTATE:
        return Publisher(kind=kind, repository=f"{_name(table, 'organization')}/{_name(table, 'project')}")
    if kind is PublisherKind.CIRCLECI:
        repository = _optional(table, "vcs_origin") or _name(table, "project_id")
        return Publisher(kind=kind, repository=repository, workflow=_name(table, "pipeline_definition_id"))
    workflow = _name(table, "workflow" if kind is PublisherKind.GITHUB else "workflow_filepath")
    environment = _optional(table, "environment")
    return Publisher(kind=kind, repository=_name(table, "repository"), workflow=workflow, environment=environment)


def _known(table: Mapping[str, Any]) -> PublisherKind:
    said = _name(table, "kind")
    try:
        return PublisherKind(said)
    except ValueError:
        raise UnknownPublisherError(f"its publisher is of the kind {shortened(said)}, which is not known") from None


def _name(table: Mapping[str, Any], key: str) -> str:
    if name := _optional(table, key):
        return name
    raise UnprovedError(f"a publisher of its provenance has no {key}")


def _optional(table: Mapping[str, Any], key: str) -> str | None:
    """Return what stands there; ``None`` for nothing and for ``""``, which the index writes in its place, too."""
    value = table.get(key)
    if value is None or (isinstance(value, str) and len(value) <= NAME_LENGTH and value.isprintable()):
        return value or None
    raise UnprovedError(f"a publisher of its provenance has a {key} that is no name")
