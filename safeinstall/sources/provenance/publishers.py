"""Who a publisher is, as the index names it in a provenance object (PEP 740, ``publisher``)."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from safeinstall.facts import publishers
from safeinstall.sources.provenance.object_json import UnprovedError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from safeinstall.facts.provenance import Publisher
    from safeinstall.sources.provenance.object_json import Claim

NAME_LENGTH = publishers.NAME_LENGTH


class UnknownPublisherError(UnprovedError):
    """A publisher of a kind that is not known here: nothing speaks against it, and nothing can be told of it."""


def publisher_of(table: Mapping[str, Any]) -> Publisher:
    """Return whom *table* names.

    Raises :class:`UnprovedError`, and its subclass :class:`UnknownPublisherError` for a kind that is not known.
    """
    try:
        return publishers.publisher_of(table)
    except publishers.UnknownKindError as error:
        raise UnknownPublisherError(f"its publisher {error}") from None
    except publishers.PublisherError as error:
        raise UnprovedError(f"a publisher of its provenance {error}") from None


@contextmanager
def said_of(claims: Sequence[Claim], place: int) -> Iterator[None]:
    """Let :class:`UnprovedError` say of which of the *claims* it is, but not where its kind of publisher is unknown."""
    try:
        yield
    except UnknownPublisherError:
        raise
    except UnprovedError as error:
        which = f"attestation {place + 1} of {len(claims)}" if len(claims) > 1 else "the attestation"
        raise UnprovedError(
            f"{which} of {publisher_of(claims[place].publisher).shown} does not hold: {error}"
        ) from None
