"""Connections on which an answer comes at some pace, or is given up.

A library's timeout is that of one wait: a server that sends a byte now and then keeps its client for days.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import httpcore

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterable

    from httpcore import NetworkStream
    from httpcore._backends.base import SOCKET_OPTION

STRETCH = 4
"""Timeouts that the head of an answer may take, and each further stretch of its body."""
SLOWEST = 1024
"""Bytes that each second of a stretch must bring."""
HEAD_LIMIT = 1 << 20
"""Bytes of a head, and of the provisional answers (1xx) before it."""


class PacedBackend(httpcore.SyncBackend):
    """Opens connections that keep the pace."""

    def __init__(self, timeout: float) -> None:
        """Take the *timeout* of a single wait, in seconds."""
        self._stretch = STRETCH * timeout

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[SOCKET_OPTION] | None = None,
    ) -> PacedStream:
        """Connect, as :class:`httpcore.SyncBackend` does."""
        stream = super().connect_tcp(host, port, timeout, local_address, socket_options)
        return PacedStream(stream, self._stretch)


class PacedStream(httpcore.NetworkStream):
    """A connection that raises ``httpcore.ReadTimeout`` when an answer is too slow as a whole.

    Only the time counts that is spent waiting: whoever reads may take theirs.
    """

    def __init__(self, stream: NetworkStream, stretch: float) -> None:
        """Watch *stream*; *stretch* in seconds."""
        self._stream, self._stretch = stream, stretch
        self._least = self._come = 0
        self._waited = 0.0

    def head_came(self) -> None:
        """Ask for a pace from here on. Before, the whole head has one stretch, whatever comes."""
        self._begin(int(SLOWEST * self._stretch))

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Return what comes next."""
        if self._waited >= self._stretch:
            if not self._least or self._come < self._least:
                raise httpcore.ReadTimeout("too slow")
            self._begin(self._least)
        started = time.monotonic()
        data = self._stream.read(max_bytes, timeout)
        self._waited += time.monotonic() - started
        self._come += len(data)
        if not self._least and self._come > HEAD_LIMIT:
            raise httpcore.RemoteProtocolError("the head does not end")
        return data

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Send; a new answer is then waited for."""
        self._stream.write(buffer, timeout)
        self._begin(0)

    def close(self) -> None:
        """Close the connection."""
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> PacedStream:
        """Encrypt the connection."""
        return PacedStream(self._stream.start_tls(ssl_context, server_hostname, timeout), self._stretch)

    def get_extra_info(self, info: str) -> object:
        """Ask the connection."""
        return self._stream.get_extra_info(info)

    def _begin(self, least: int) -> None:
        """Begin a stretch that must bring *least* bytes; 0 for one that no other follows."""
        self._least, self._come, self._waited = least, 0, 0.0
