"""Reading provenance objects (PEP 740), and the statements in them: hostile JSON, read strictly and within limits."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

BYTES = 1 << 20
"""Of an object; real ones have 5 to 60 kB."""
DEPTH = 32
"""Of lists and tables within each other, in an object and in a statement."""
VALUES = 16384
"""In an object, and in a statement: who models them needs a kilobyte for each. Real ones have less than 100."""
ATTESTATIONS = 16
"""Of one object; the index takes two for a file."""
ENTRIES = 4
"""Log entries of one attestation."""


class UnprovedError(Exception):
    """Something of a provenance object does not hold. The message says what, in words for a reader."""


@dataclass(frozen=True, slots=True)
class Claim:
    """One attestation, and whose its bundle says that it is."""

    publisher: Mapping[str, Any]
    """As it is written (:mod:`~safeinstall.sources.provenance.publishers`)."""
    attestation: Mapping[str, Any]
    """Version 1, not looked into."""


def read_claims(raw: bytes) -> tuple[Claim, ...]:
    """Return the attestations of the object *raw*, one at least. Raises :class:`UnprovedError`."""
    if len(raw) > BYTES:
        raise UnprovedError(f"its provenance has more than {BYTES} bytes")
    found = read_strictly(raw, "its provenance")
    _expect_version(found, "its provenance")
    bundles = _listed(found, "attestation_bundles", "its provenance")
    claims = tuple(claim for bundle in bundles for claim in _claims(bundle))
    if not claims:
        raise UnprovedError("its provenance has no attestation")
    if len(claims) > ATTESTATIONS:
        raise UnprovedError(f"its provenance has more than {ATTESTATIONS} attestations")
    return claims


def read_strictly(raw: bytes, what: str) -> Any:
    """Return the JSON *raw* of *what*: UTF-8, no key twice, only numbers. Raises :class:`UnprovedError`."""
    try:
        found = json.loads(raw.decode(), object_pairs_hook=_table, parse_constant=_no_number)
    except UnicodeDecodeError:
        raise UnprovedError(f"{what} is not UTF-8") from None
    except RecursionError:
        raise UnprovedError(f"{what} is nested more than {DEPTH} deep") from None
    except ValueError:
        raise UnprovedError(f"{what} is not JSON") from None
    except KeyError as twice:
        raise UnprovedError(f"{what} has the key {twice} twice") from None
    _expect_limits(found, what)
    return found


def _table(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise KeyError(shortened(key))
        found[key] = value
    return found


def _no_number(name: str) -> NoReturn:
    raise ValueError(name)


def _expect_limits(found: Any, what: str) -> None:
    level, values = [found], 0
    for _ in range(DEPTH + 1):
        values += len(level)
        if values > VALUES:
            raise UnprovedError(f"{what} has more than {VALUES} values")
        level = [inner for outer in level for inner in _inside(outer)]
    if level:
        raise UnprovedError(f"{what} is nested more than {DEPTH} deep")


def _inside(value: Any) -> Iterator[Any]:
    if isinstance(value, dict):
        yield from value.values()
    elif isinstance(value, list):
        yield from value


def _claims(bundle: Any) -> Iterator[Claim]:
    publisher = bundle.get("publisher") if isinstance(bundle, dict) else None
    if not isinstance(publisher, dict):
        raise UnprovedError("a bundle of its provenance names no publisher")
    for attestation in _listed(bundle, "attestations", "a bundle of its provenance"):
        _expect_version(attestation, "an attestation of its provenance")
        yield Claim(publisher, attestation)


def _expect_version(found: Any, what: str) -> None:
    """PEP 740 has version 1 of objects and of attestations; true and 1.0 are none."""
    version = found.get("version") if isinstance(found, dict) else None
    if type(version) is not int or version != 1:
        shown = shortened(json.dumps(version))
        raise UnprovedError(f"{what} is of version {shown}: only version 1 is known")


def _listed(found: Mapping[str, Any], key: str, what: str) -> list[Any]:
    listed = found.get(key)
    if not isinstance(listed, list):
        raise UnprovedError(f"{what} has no list of {key}")
    if not listed:
        raise UnprovedError(f"{what} has no {key}")
    return listed


def shortened(text: str, length: int = 60) -> str:
    """Return the beginning of foreign *text*, made fit for a line."""
    printable = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text[: length + 1])
    return printable if len(text) <= length else f"{printable[:length]}…"
