"""Content codings (RFC 9110, 8.4.1) as hostile input: one that was asked for, unpacked in small steps, to its end."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

ASKED = "gzip, deflate"
"""What :func:`decoded` understands, as ``Accept-Encoding`` has it."""
IDENTITY = "identity"
STEP = 1 << 18
"""Bytes that are unpacked at once: a few packed ones can stand for a thousand times as many."""
_GZIP = frozenset({"gzip", "x-gzip"})


class CodingError(Exception):
    """A body is not encoded as its head says. The text says why."""


def decoded(chunks: Iterable[bytes], coding: str) -> Iterator[bytes]:
    """Yield the bytes that *chunks* stand for by *coding*, the value of ``Content-Encoding``.

    Raises :class:`CodingError` for another coding than was asked for, for several of them (each could unpack to a
    thousand times the one before), and for what is damaged, cut off, or followed by something else.
    """
    kind = coding.strip().lower()
    if kind in {"", IDENTITY}:
        yield from chunks
    elif kind in _GZIP:
        yield from _gunzipped(chunks)
    elif kind == "deflate":
        yield from _inflated(chunks)
    else:
        raise CodingError(f"its answer is encoded as {coding!r}, which was not asked for")


def _gunzipped(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Unpack members one after another: a gzip file may hold several (RFC 1952, 2.2)."""
    member = zlib.decompressobj(zlib.MAX_WBITS | 16)
    for chunk in chunks:
        rest = chunk
        while rest:
            if member.eof:
                member = zlib.decompressobj(zlib.MAX_WBITS | 16)
            yield from _unpacked(member, rest)
            rest = member.unused_data
    _check_end(member)


def _inflated(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Unpack zlib's format, or, as some servers send it, bare deflate."""
    packed = None
    for chunk in chunks:
        if packed is None and chunk:
            packed = zlib.decompressobj(zlib.MAX_WBITS if chunk[0] & 0x0F == zlib.DEFLATED else -zlib.MAX_WBITS)
        if packed is not None:
            if packed.eof and chunk:
                raise CodingError("its answer goes on after its end")
            yield from _unpacked(packed, chunk)
            if packed.unused_data:
                raise CodingError("its answer goes on after its end")
    if packed is not None:
        _check_end(packed)


def _unpacked(packed: zlib._Decompress, chunk: bytes) -> Iterator[bytes]:
    try:
        while chunk and not packed.eof:
            yield packed.decompress(chunk, STEP)
            chunk = packed.unconsumed_tail
    except zlib.error as error:
        raise CodingError("its answer is not encoded as it says") from error


def _check_end(packed: zlib._Decompress) -> None:
    if not packed.eof:
        raise CodingError("its encoded answer was cut off")
