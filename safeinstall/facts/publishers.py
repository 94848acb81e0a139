"""How a publisher is written down: the tables of PEP 740 (``publisher``), which locks have, too (PEP 751)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

from safeinstall.facts.provenance import Publisher, PublisherKind

if TYPE_CHECKING:
    from collections.abc import Mapping

NAME_LENGTH = 512
"""Characters of each of a publisher's names."""
_SHOWN = 60
"""Characters of an unknown kind that a message repeats."""
_PATTERN = frozenset("*?[")
"""What a policy writes a pattern with, and no service takes in a name."""
_WORKFLOWS = {PublisherKind.GITHUB: "workflow", PublisherKind.GITLAB: "workflow_filepath"}


class PublisherError(ValueError):
    """A table names no publisher. The message ends a sentence that begins with it: ``has no repository``."""


class UnknownKindError(PublisherError):
    """A publisher of a kind that is not known here: nothing speaks against it, and nothing can be told of it."""


def publisher_of(table: Mapping[str, Any]) -> Publisher:
    """Return whom *table* names; what else it holds is passed over.

    Raises :class:`PublisherError`, and its subclass :class:`UnknownKindError` for a kind that is not known.
    """
    publisher = _publisher_of(_kind(table), table)
    if not _PATTERN.isdisjoint(publisher.repository):
        raise PublisherError("has a repository that is no name")
    return publisher


def _publisher_of(kind: PublisherKind, table: Mapping[str, Any]) -> Publisher:
    if kind is PublisherKind.GOOGLE:
        return Publisher(kind=kind, repository=_name(table, "email"))
    if kind is PublisherKind.ACTIVESTATE:
        return Publisher(kind=kind, repository=f"{_name(table, 'organization')}/{_name(table, 'project')}")
    if kind is PublisherKind.CIRCLECI:
        repository = _optional(table, "vcs_origin") or _name(table, "project_id")
        return Publisher(kind=kind, repository=repository, workflow=_name(table, "pipeline_definition_id"))
    workflow, environment = _name(table, _WORKFLOWS[kind]), _optional(table, "environment")
    return Publisher(kind=kind, repository=_name(table, "repository"), workflow=workflow, environment=environment)


def table_of(publisher: Publisher) -> dict[str, str]:
    """Return the table that names *publisher*, without the keys of which nothing is known."""
    kind, repository = publisher.kind, publisher.repository
    table: dict[str, str | None] = {"kind": kind.value}
    match kind:
        case PublisherKind.GOOGLE:
            table["email"] = repository
        case PublisherKind.ACTIVESTATE:
            table["organization"], _, table["project"] = repository.partition("/")
        case PublisherKind.CIRCLECI:
            table["project_id" if _is_uuid(repository) else "vcs_origin"] = repository
            table["pipeline_definition_id"] = publisher.workflow
        case _:
            table |= {"repository": repository, _WORKFLOWS[kind]: publisher.workflow}
            table["environment"] = publisher.environment
    return {key: value for key, value in table.items() if value}


def _kind(table: Mapping[str, Any]) -> PublisherKind:
    said = _name(table, "kind")
    try:
        return PublisherKind(said)
    except ValueError:
        begins = said if len(said) <= _SHOWN else f"{said[:_SHOWN]}…"
        raise UnknownKindError(f"is of the kind {begins}, which is not known") from None


def _name(table: Mapping[str, Any], key: str) -> str:
    if name := _optional(table, key):
        return name
    raise PublisherError(f"has no {key}")


def _optional(table: Mapping[str, Any], key: str) -> str | None:
    """Return what stands there; ``None`` for nothing and for ``""``, which the index writes in its place, too."""
    value = table.get(key)
    if value is None or (isinstance(value, str) and len(value) <= NAME_LENGTH and value.isprintable()):
        return value or None
    raise PublisherError(f"has {'an' if key[0] in 'aeiou' else 'a'} {key} that is no name")


def _is_uuid(text: str) -> bool:
    try:
        return bool(UUID(text))
    except ValueError:
        return False
