"""A real package index on a loopback socket, which can also lie, stall and fail.

It serves PEP 503 pages and PEP 691 ones (1.1: upload-time and size; with PEP 592, 714 and 792), the files with byte
ranges, PEP 658 metadata files and PEP 740 provenance objects. pip takes it as it is: no ``--trusted-host`` is needed on 127.0.0.1.
"""

from __future__ import annotations

import base64
import hashlib
import html
import io
import json
import re
import ssl
import threading
import time
import zipfile
from dataclasses import dataclass, field
from datetime import datetime, timezone
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote, urlsplit

from packaging.utils import canonicalize_name, parse_sdist_filename, parse_wheel_filename

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Mapping
    from types import TracebackType

    from typing_extensions import Self

JSON_TYPE = "application/vnd.pypi.simple.v1+json"
PROVENANCE_TYPE = "application/vnd.pypi.integrity.v1+json"
HTML_TYPE = "application/vnd.pypi.simple.v1+html"
CERTIFICATE = Path(__file__).parent.parent / "data" / "localhost.pem"
"""Self-signed, with its key."""
LONG_AGO = datetime(2020, 1, 1, tzinfo=timezone.utc)


@dataclass(frozen=True)
class Request:
    """One request that arrived. Header names are lower case."""

    method: str
    path: str
    headers: Mapping[str, str]


@dataclass(frozen=True)
class Reply:
    """An answer to give instead of the ordinary one; what is not set stays ordinary."""

    status: int | None = None
    body: bytes | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    truncate: int | None = None
    """Close the connection after this many bytes of the announced body."""
    delay: float = 0.0
    """Seconds."""
    send: Callable[[Exchange], None] | None = None
    """Puts the answer on the wire in place of the server (``lib/faults.py`` has such functions)."""


@dataclass(frozen=True)
class Exchange:
    """A request, and the answer that is due."""

    connection: socket.socket
    status: int
    headers: Mapping[str, str]
    body: bytes
    wanted: Mapping[str, str]
    """Headers of the request."""


@dataclass(frozen=True)
class IndexFile:
    """One file as listed."""

    filename: str
    data: bytes
    upload_time: datetime | None
    yanked: str | None
    requires_python: str | None
    metadata: bytes | None
    hashes: Mapping[str, str]
    listed: Mapping[str, Any]
    """Keys that replace those of the JSON entry; a value of ``None`` drops the key."""
    provenance: bytes | None = None


class LocalIndex:
    """A simple index on 127.0.0.1, started by ``with``.

    Attributes that change how it answers, at any time: ``html`` (HTML pages only), ``ranges``, ``etag``, ``max_age``
    (seconds of Cache-Control), ``delay`` (seconds before every answer), ``ahead`` (seconds by which its clock is
    ahead of ours), ``credentials`` (``(user, password)``),
    ``status`` (PEP 792 status by project name). ``requests`` records every request.
    """

    def __init__(self, *, tls: bool = False) -> None:
        """Speak HTTPS if *tls*, with :data:`CERTIFICATE`, which is good for localhost and 127.0.0.1."""
        self.scheme = "https" if tls else "http"
        self.html = False
        self.ranges = True
        self.etag = False
        self.max_age: int | None = None
        self.delay = 0.0
        self.ahead = 0.0
        self.credentials: tuple[str, str] | None = None
        self.status: dict[str, str] = {}
        self.requests: list[Request] = []
        self.projects: dict[str, list[IndexFile]] = {}
        self._replies: dict[str, list[Reply | None]] = {}
        self._lock = threading.Lock()
        self._server = _Server(self)
        if tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(CERTIFICATE)
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()

    @property
    def root(self) -> str:
        """The server's address, without a trailing slash."""
        return f"{self.scheme}://127.0.0.1:{self._server.server_address[1]}"

    @property
    def url(self) -> str:
        """What ``--index-url`` takes."""
        return f"{self.root}/simple/"

    def file_url(self, filename: str) -> str:
        """Where *filename* is served."""
        return f"{self.root}/files/{quote(filename)}"

    def provenance_path(self, filename: str) -> str:
        """The path of a provenance object, as :meth:`reply` and ``requests`` have it."""
        return _provenance_path(filename)

    def page_path(self, name: str) -> str:
        """The path of a project page, as :meth:`reply` and ``requests`` have it."""
        return f"/simple/{canonicalize_name(name)}/"

    def file_path(self, filename: str) -> str:
        """The path of a file, as :meth:`reply` and ``requests`` have it."""
        return f"/files/{quote(filename)}"

    def paths(self) -> list[str]:
        """The paths asked for so far, in order."""
        return [request.path for request in self.requests]

    def add(
        self,
        filename: str,
        data: bytes,
        *,
        upload_time: datetime | None = LONG_AGO,
        yanked: str | bool = False,
        requires_python: str | None = None,
        metadata: bool | bytes = True,
        hashes: Mapping[str, str] | None = None,
        listed: Mapping[str, Any] | None = None,
        project: str | None = None,
        provenance: bytes | Callable[[str, str], bytes] | None = None,
    ) -> IndexFile:
        """List *filename*, newest last. Adding it again replaces it.

        ``metadata``: serve and announce the wheel's own METADATA, or these bytes instead. ``hashes``: instead of the
        true sha256 (``{}``: none). ``listed``: JSON keys to replace. ``project``: instead of the file name's own.
        ``provenance``: the object that is announced and served (PEP 740), or what makes it of file name and sha256.
        """
        sha256 = hashlib.sha256(data).hexdigest()
        entry = IndexFile(
            filename=filename,
            data=data,
            upload_time=upload_time,
            yanked=("" if yanked is True else yanked) if yanked is not False else None,
            requires_python=requires_python,
            metadata=_sidecar(filename, data, metadata),
            hashes={"sha256": sha256} if hashes is None else hashes,
            listed=listed or {},
            provenance=provenance(filename, sha256) if callable(provenance) else provenance,
        )
        files = self.projects.setdefault(canonicalize_name(project or _project(filename)), [])
        files[:] = [f for f in files if f.filename != filename] + [entry]
        return entry

    def reply(self, path: str, *replies: Reply | None) -> None:
        """Answer the next requests for *path* (``"*"``: for any) in turn with *replies*; the last one stays.

        ``None`` is the ordinary answer, so ``reply(path, None, Reply(body=b"other"))`` is an index that lies the
        second time.
        """
        with self._lock:
            self._replies[path] = list(replies)

    def forget(self) -> None:
        """Forget all planned replies and recorded requests."""
        with self._lock:
            self._replies.clear()
        self.requests.clear()

    def find(self, filename: str) -> IndexFile | None:
        """Return the listed file, if there is one."""
        return next((f for files in self.projects.values() for f in files if f.filename == filename), None)

    def take_reply(self, path: str) -> Reply | None:
        """Return the planned reply for *path* and move on to the next."""
        with self._lock:
            replies = self._replies.get(path) or self._replies.get("*") or [None]
            return replies.pop(0) if len(replies) > 1 else replies[0]

    def page(self, name: str, *, as_html: bool) -> tuple[str, bytes] | None:
        """Return content type and body of a project page."""
        if name not in self.projects:
            return None
        files, status = self.projects[name], self.status.get(name)
        return (HTML_TYPE, _html_page(files, status)) if as_html else (JSON_TYPE, _json_page(name, files, status))


def _project(filename: str) -> str:
    parse = parse_wheel_filename if filename.endswith(".whl") else parse_sdist_filename
    return parse(filename)[0]


def _sidecar(filename: str, data: bytes, metadata: bool | bytes) -> bytes | None:
    if isinstance(metadata, bytes):
        return metadata
    if not metadata or not filename.endswith(".whl"):
        return None
    with zipfile.ZipFile(io.BytesIO(data)) as wheel:
        return wheel.read(next(n for n in wheel.namelist() if re.fullmatch(r"[^/]+\.dist-info/METADATA", n)))


def _json_page(name: str, files: list[IndexFile], status: str | None) -> bytes:
    page: dict[str, Any] = {"meta": {"api-version": "1.1"}, "name": name, "files": [_json_file(f) for f in files]}
    if status is not None:
        page["meta"]["api-version"] = "1.4"
        page["project-status"] = {"status": status}
    return json.dumps(page).encode()


def _json_file(file: IndexFile) -> dict[str, Any]:
    entry = {
        "filename": file.filename,
        "url": f"/files/{quote(file.filename)}",
        "hashes": dict(file.hashes),
        "size": len(file.data),
        "yanked": False if file.yanked is None else (file.yanked or True),
        "upload-time": file.upload_time and file.upload_time.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        "requires-python": file.requires_python,
        "core-metadata": {"sha256": hashlib.sha256(file.metadata).hexdigest()} if file.metadata is not None else None,
        "provenance": None if file.provenance is None else _provenance_path(file.filename),
        **file.listed,
    }
    return {key: value for key, value in entry.items() if value is not None}


def _html_page(files: list[IndexFile], status: str | None) -> bytes:
    meta = f'<meta name="pypi:project-status" content="{html.escape(status)}">' if status else ""
    anchors = "\n".join(_anchor(file) for file in files)
    return f"<!DOCTYPE html><html><head>{meta}</head><body>\n{anchors}\n</body></html>".encode()


def _anchor(file: IndexFile) -> str:
    digest = next((f"#{algorithm}={value}" for algorithm, value in file.hashes.items()), "")
    attributes = {
        "href": f"/files/{quote(file.filename)}{digest}",
        "data-requires-python": file.requires_python,
        "data-yanked": file.yanked,
        "data-core-metadata": None if file.metadata is None else f"sha256={hashlib.sha256(file.metadata).hexdigest()}",
    }
    attributes["data-provenance"] = None if file.provenance is None else _provenance_path(file.filename)
    text = " ".join(f'{key}="{html.escape(value)}"' for key, value in attributes.items() if value is not None)
    return f"<a {text}>{html.escape(file.filename)}</a><br>"


def _provenance_path(filename: str) -> str:
    return f"/integrity/{quote(filename)}/provenance"


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, index: LocalIndex) -> None:
        self.index = index
        super().__init__(("127.0.0.1", 0), _Handler)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Stay silent: a client that hangs up is what some tests are about."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # else every small answer waits 40 ms for the client's acknowledgement
    server: _Server

    def do_GET(self) -> None:
        index = self.server.index
        asked = Request(self.command, self.path, {k.lower(): v for k, v in self.headers.items()})
        index.requests.append(asked)
        reply = index.take_reply(self.path) or Reply()
        time.sleep(index.delay + reply.delay)
        status, headers, body = self._ordinary(index)
        if reply.body is not None:
            status, body = HTTPStatus.OK, reply.body
        if reply.send is not None:
            self.close_connection = True
            sent = {**headers, **reply.headers}
            reply.send(Exchange(self.connection, reply.status or status, sent, body, asked.headers))
        else:
            self._send(reply.status or status, {**headers, **reply.headers}, body, reply.truncate)

    do_HEAD = do_GET

    def date_time_string(self, timestamp: float | None = None) -> str:
        """Tell the time by the clock of the index."""
        return super().date_time_string(time.time() + self.server.index.ahead if timestamp is None else timestamp)

    def log_message(self, *args: Any) -> None:
        """Stay silent."""

    def _ordinary(self, index: LocalIndex) -> tuple[int, dict[str, str], bytes]:
        if index.credentials and self.headers.get("Authorization") != _basic(*index.credentials):
            return HTTPStatus.UNAUTHORIZED, {"WWW-Authenticate": 'Basic realm="index"'}, b"who are you?"
        content = self._content(index)
        if content is None:
            return HTTPStatus.NOT_FOUND, {"Content-Type": "text/plain"}, b"no such thing"
        headers, body = {"Content-Type": content[0]}, content[1]
        if index.max_age is not None:
            headers["Cache-Control"] = f"max-age={index.max_age}"
        if index.etag:
            headers["ETag"] = f'"{hashlib.sha256(body).hexdigest()[:16]}"'
            if self.headers.get("If-None-Match") == headers["ETag"]:
                return HTTPStatus.NOT_MODIFIED, headers, b""
        return self._ranged(index, headers, body)

    def _content(self, index: LocalIndex) -> tuple[str, bytes] | None:
        path = unquote(urlsplit(self.path).path)
        if match := re.fullmatch(r"/simple/([^/]+)/", path):
            return index.page(match[1], as_html=index.html or JSON_TYPE not in self.headers.get("Accept", ""))
        if match := re.fullmatch(r"/integrity/([^/]+)/provenance", path):
            attested = index.find(match[1])
            return None if attested is None or attested.provenance is None else (PROVENANCE_TYPE, attested.provenance)
        name = path.removeprefix("/files/")
        if file := index.find(name):
            return "application/octet-stream", file.data
        sidecar = index.find(name.removesuffix(".metadata"))
        if sidecar is None or sidecar.metadata is None:
            return None
        return "application/octet-stream", sidecar.metadata

    def _ranged(self, index: LocalIndex, headers: dict[str, str], body: bytes) -> tuple[int, dict[str, str], bytes]:
        wanted = re.fullmatch(r"bytes=(\d*)-(\d*)", self.headers.get("Range", ""))
        if self.headers.get("If-Range") not in {None, headers.get("ETag")}:
            return HTTPStatus.OK, headers, body
        if not index.ranges or wanted is None or wanted.group() == "bytes=-":
            return HTTPStatus.OK, headers, body
        first = int(wanted[1]) if wanted[1] else max(0, len(body) - int(wanted[2]))
        last = min(int(wanted[2]), len(body) - 1) if wanted[1] and wanted[2] else len(body) - 1
        if first >= len(body):
            return HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE, {"Content-Range": f"bytes */{len(body)}"}, b""
        headers["Content-Range"] = f"bytes {first}-{last}/{len(body)}"
        return HTTPStatus.PARTIAL_CONTENT, headers, body[first : last + 1]

    def _send(self, status: int, headers: Mapping[str, str], body: bytes, truncate: int | None) -> None:
        (self.send_response_only if "Date" in headers else self.send_response)(status)
        for key, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(key, value)
        self.end_headers()
        if self.command != "HEAD" and status != HTTPStatus.NOT_MODIFIED:
            self.wfile.write(body[:truncate])
        if truncate is not None:
            self.close_connection = True


def _basic(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()
