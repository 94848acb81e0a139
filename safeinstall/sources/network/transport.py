"""What the HTTP client asks of a library that speaks HTTP. No such library is imported here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from contextlib import AbstractContextManager

BODY_LIMIT = 64 << 20
"""Bytes of a body that is read into memory, unless the caller knows better."""

_DIGITS = 20
"""Of a length that can be one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpSettings:
    """How to reach the network. The defaults are pip's."""

    cert: str | None = None
    """File or directory of CA certificates, which replaces the system's (pip's ``--cert``)."""
    client_cert: str | None = None
    """PEM file with certificate and private key."""
    proxy: str | None = None
    """``None``: as the environment says. Empty: none."""
    trusted_hosts: tuple[str, ...] = ()
    """``HOST`` or ``HOST:PORT``: neither TLS nor a valid certificate is asked of exactly these."""
    timeout: float = 15.0
    """Seconds, of each single wait for the network."""
    retries: int = 5
    """Further attempts after the first."""
    netrc: bool = True
    """Read credentials from ``$NETRC``, ``~/.netrc`` or ``~/_netrc``."""
    user_agent: str = "safe-pip"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """One answer, its body not yet read."""

    status: int
    headers: Mapping[str, str]
    """Names in lower case."""
    body: Iterator[bytes]
    """Decoded from Content-Encoding. May raise :class:`TransportError`."""


def announced(headers: Mapping[str, str]) -> int:
    """Return how many bytes a body is to have by its *headers* (RFC 9110, 8.6); 0 if they do not say so."""
    length = headers.get("content-length", "")
    known = len(length) < _DIGITS and length.isdecimal() and "content-encoding" not in headers
    return int(length) if known else 0


class TransportError(Exception):
    """No answer, or not a whole one. The text says why, for a user."""

    def __init__(self, reason: str, *, hint: str | None = None, retryable: bool = True) -> None:
        """Keep the *reason*, what to do, and whether another attempt could help."""
        super().__init__(reason)
        self.reason = reason
        self.hint = hint
        self.retryable = retryable


class Transport(Protocol):
    """Sends one GET. Follows no redirect, adds no credentials, and may be used by many threads."""

    def get(self, url: str, headers: Mapping[str, str], *, verify: bool) -> AbstractContextManager[Reply]:
        """Send the request; *verify* says whether the server's certificate must be valid."""
        ...

    def close(self) -> None:
        """Close all connections."""
        ...
