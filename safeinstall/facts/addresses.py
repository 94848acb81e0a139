"""Addresses that are one: which differences between two of them pip takes for none (pip: models/link.py)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol
from urllib.parse import parse_qs, urlsplit

from safeinstall.errors import IntegrityError

if TYPE_CHECKING:
    from collections.abc import Mapping


class Addressed(Protocol):
    """What lies at an address: a reference, or a file."""

    @property
    def url(self) -> str:
        """Without fragment."""
        ...

    @property
    def subdirectory(self) -> str:
        """The folder inside it."""
        ...

    @property
    def hashes(self) -> Mapping[str, str]:
        """What is promised of it, by algorithm."""
        ...


def comparable(url: str) -> str:
    """Return a text that is equal for all addresses that pip takes for the same, but for their fragments.

    User and password, the order of a query's keys, keys without a value, and ``localhost`` in a ``file:`` address are
    no difference (``links_equivalent``). Raises ``ValueError`` for what is no address.
    """
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2] or ("localhost" if parts.scheme == "file" else "")
    return repr((parts.scheme, host, parts.path, sorted(parse_qs(parts.query).items())))


def check_addresses(*told: Mapping[str, object]) -> None:
    """Raise ``IntegrityError`` where any of *told* says different things of two addresses that pip takes for the same.

    pip would build the one where the other was judged.
    """
    for values in told:
        first: dict[str, object] = {}
        for url, value in values.items():
            if first.setdefault(comparable(url), value) != value:
                place = f"{urlsplit(url).hostname or ''}{urlsplit(url).path}"
                raise IntegrityError(
                    f"two addresses of {place} give different bytes, and pip takes them for one",
                    hint="they differ in a user or in empty parts of the query alone: ask for one of them",
                )


def place_of(addressed: Addressed) -> tuple[object, ...]:
    """Return what tells *addressed* from everything at another address, in another folder, or with another hash."""
    return comparable(addressed.url), addressed.subdirectory, *sorted(addressed.hashes.items())
