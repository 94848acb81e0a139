"""Collectors of receipts on loopback sockets: one that speaks HTTP, and syslog daemons. They can also fail."""

from __future__ import annotations

import json
import socket
import threading
import time
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

    from typing_extensions import Self


class LocalCollector:
    """Takes lines of JSON by POST on 127.0.0.1, started by ``with``.

    Attributes that change how it answers, at any time: ``statuses`` (one for each request to come; then 204), ``delay``
    (seconds before each answer), ``drip`` (seconds between the bytes of its answer). ``received`` has the receipts of
    each request it took, ``headers`` the headers of every request.
    """

    def __init__(self) -> None:
        self.statuses: list[int] = []
        self.delay = self.drip = 0.0
        self.received: list[list[dict[str, Any]]] = []
        self.headers: list[dict[str, str]] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
        self._server.daemon_threads = True
        self._server.collector = self

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}/receipts"

    @property
    def receipts(self) -> list[dict[str, Any]]:
        """All that it has taken, in order."""
        return [receipt for batch in self.received for receipt in batch]


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        collector = self.server.collector
        body = self.rfile.read(int(self.headers["Content-Length"]))
        collector.headers.append({name.lower(): value for name, value in self.headers.items()})
        time.sleep(collector.delay)
        status = collector.statuses.pop(0) if collector.statuses else 204
        if status < 300:
            collector.received.append([json.loads(line) for line in body.decode().splitlines()])
        try:
            for byte in f"HTTP/1.1 {status} X\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode():
                self.wfile.write(bytes([byte]))
                time.sleep(collector.drip)
        except OSError:  # who asked has not waited
            pass

    def log_message(self, *_: object) -> None:
        """Stay silent."""


class LocalSyslog:
    """A syslog daemon, started by ``with``: ``udp``, ``tcp``, or ``unix`` (datagrams) or ``unix-stream`` at *path*.

    ``messages`` has what it has read so far.
    """

    def __init__(self, kind: str, path: Path | None = None) -> None:
        family = socket.AF_UNIX if kind.startswith("unix") else socket.AF_INET
        self._stream = kind in {"tcp", "unix-stream"}
        self._socket = socket.socket(family, socket.SOCK_STREAM if self._stream else socket.SOCK_DGRAM)
        self._socket.bind(str(path) if path else ("127.0.0.1", 0))
        self.url = f"syslog+unix://{path}" if path else f"syslog+{kind}://127.0.0.1:{self._socket.getsockname()[1]}"
        self.messages: list[bytes] = []

    def __enter__(self) -> Self:
        if self._stream:
            self._socket.listen()
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def _read(self) -> None:
        with suppress(OSError):  # closed
            while True:
                self.messages.append(self._message())

    def _message(self) -> bytes:
        if not self._stream:
            return self._socket.recv(1 << 20)
        connection, _ = self._socket.accept()
        with connection, connection.makefile("rb") as stream:
            return stream.read()
