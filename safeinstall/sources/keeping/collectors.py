"""Whom receipts are forwarded to: a syslog daemon, or an HTTP collector that takes lines of JSON."""

from __future__ import annotations

import errno
import json
import os
import socket
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import unquote

from safeinstall.errors import SourceError
from safeinstall.sources.keeping.passwords import find_password
from safeinstall.sources.keeping.syslog import syslog_message
from safeinstall.sources.network.httpx_transport import HttpxTransport
from safeinstall.sources.network.transport import HttpSettings, TransportError
from safeinstall.sources.network.urls import redacted, split

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from safeinstall.policy.model import LogSettings

PORTS = {"syslog+udp": 514, "syslog+tcp": 601}
"""RFC 5426 and RFC 6587."""
LONGEST_DATAGRAM = 60_000
"""Bytes."""


class Collector(Protocol):
    """Takes receipts."""

    @property
    def name(self) -> str:
        """Its address, as it may be shown."""
        ...

    def send(self, receipts: Sequence[Mapping[str, Any]]) -> None:
        """Hand *receipts* over. Raises ``SourceError`` unless they were all taken; some of them may have been."""
        ...


def collector_of(settings: LogSettings, environ: Mapping[str, str]) -> Collector:
    """Return the collector that *settings* name. Nothing is opened yet."""
    address = settings.forward_to or ""
    if address.startswith("syslog+"):
        return SyslogCollector(address, settings.timeout.total_seconds())
    bundles = (environ.get(name) for name in ("PIP_CERT", "REQUESTS_CA_BUNDLE"))
    reach = HttpSettings(cert=next(filter(None, bundles), None), timeout=settings.timeout.total_seconds())
    return HttpCollector(address, settings.credentials, environ, reach)


@dataclass(frozen=True, slots=True)
class HttpCollector:
    """Takes lines of JSON by POST, and answers with a 2xx when it has them."""

    address: str
    credentials: str | None
    environ: Mapping[str, str]
    settings: HttpSettings

    @property
    def name(self) -> str:
        """See :class:`Collector`."""
        return redacted(self.address)

    def send(self, receipts: Sequence[Mapping[str, Any]]) -> None:
        """See :class:`Collector`. No redirect is followed."""
        headers = {"content-type": "application/x-ndjson", "user-agent": self.settings.user_agent}
        if self.credentials is not None:
            headers["authorization"] = _authorization(find_password(self.credentials, self.environ))
        body = "".join(json.dumps(receipt, sort_keys=True, default=str) + "\n" for receipt in receipts)
        transport = HttpxTransport(self.settings)
        try:
            status = transport.post(self.address, headers, body.encode())
        except TransportError as error:
            raise SourceError(error.reason) from error
        finally:
            transport.close()
        if not 200 <= status < 300:  # noqa: PLR2004 - RFC 9110, section 15.3
            raise SourceError(f"it answered {status}")


def _authorization(secret: str) -> str:
    """A lone token is a bearer's (RFC 6750); what holds a space names its scheme itself."""
    return secret if " " in secret else f"Bearer {secret}"


@dataclass(frozen=True, slots=True)
class SyslogCollector:
    """Takes messages (RFC 5424) over a Unix socket, UDP or TCP. It never says whether it has understood them."""

    address: str
    timeout: float
    """Seconds, of each step."""

    @property
    def name(self) -> str:
        """See :class:`Collector`."""
        return self.address

    def send(self, receipts: Sequence[Mapping[str, Any]]) -> None:
        """See :class:`Collector`."""
        scheme = self.address.partition("://")[0]
        try:
            if scheme == "syslog+unix":
                self._local(receipts)
            elif scheme == "syslog+udp":
                self._datagrams(receipts)
            else:
                self._stream(receipts)
        except OSError as error:
            raise SourceError(_reason(error)) from error

    def _local(self, receipts: Sequence[Mapping[str, Any]]) -> None:
        path = unquote(split(self.address).path)
        try:
            with self._opened(socket.AF_UNIX, socket.SOCK_DGRAM, path) as sender:
                _send_datagrams(sender, receipts)
        except OSError as error:
            if error.errno != errno.EPROTOTYPE:
                raise
            with self._opened(socket.AF_UNIX, socket.SOCK_STREAM, path) as sender:
                for receipt in receipts:
                    sender.sendall(_message(receipt, None) + b"\n")

    def _opened(self, family: int, kind: int, place: Any) -> socket.socket:
        sender = socket.socket(family, kind)
        sender.settimeout(self.timeout)
        try:
            sender.connect(place)
        except OSError:
            sender.close()
            raise
        return sender

    def _datagrams(self, receipts: Sequence[Mapping[str, Any]]) -> None:
        family, kind, _, _, place = socket.getaddrinfo(*self._place, type=socket.SOCK_DGRAM)[0]
        with self._opened(family, kind, place) as sender:
            _send_datagrams(sender, receipts)

    def _stream(self, receipts: Sequence[Mapping[str, Any]]) -> None:
        """Send each message with its length (RFC 6587, octet counting)."""
        with socket.create_connection(self._place, timeout=self.timeout) as sender:
            for receipt in receipts:
                message = _message(receipt, None)
                sender.sendall(b"%d %s" % (len(message), message))

    @property
    def _place(self) -> tuple[str, int]:
        parts = split(self.address)
        return parts.hostname or "", parts.port or PORTS[parts.scheme]


def _send_datagrams(sender: socket.socket, receipts: Sequence[Mapping[str, Any]]) -> None:
    for receipt in receipts:
        sender.send(_message(receipt, LONGEST_DATAGRAM))


def _message(receipt: Mapping[str, Any], longest: int | None) -> bytes:
    return syslog_message(receipt, process=os.getpid(), longest=longest)


def _reason(error: OSError) -> str:
    return "it did not answer in time" if isinstance(error, TimeoutError) else (error.strerror or str(error))
