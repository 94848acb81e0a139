"""Serve what the default index serves from a folder on loopback, with a latency: the same bytes for every tool.

    python benchmarks/recorded_index.py FOLDER [--latency MS] [--port N]

What FOLDER does not hold yet is fetched from the default index and kept. Pages are JSON, gzip if asked for, with
``core-metadata``, ETag and ``max-age=600`` as large public indexes have them; files and metadata are said to be
immutable. Prints its address, and serves until its standard input ends.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import io
import json
import os
import re
import sys
import threading
import time
import urllib.request
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import quote, unquote, urljoin

from pip._internal.models.index import PyPI

JSON_TYPE = "application/vnd.pypi.simple.v1+json"
IMMUTABLE = "max-age=365000000, immutable, public"


class Recording:
    """The folder: what the default index said, once and for all."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.lock = threading.Lock()
        self.address = ""
        self.pages: dict[str, bytes] = {}
        for name in ("pages", "files"):
            (folder / name).mkdir(parents=True, exist_ok=True)

    def page(self, name: str) -> bytes | None:
        """Return the page of project *name*, gzipped, with this server's address in those of the files."""
        kept = self.folder / "pages" / f"{name}.json"
        with self.lock:
            if name not in self.pages:
                if not kept.exists():
                    self._record(name, kept)
                page = kept.read_bytes().replace(b"http://files.example", self.address.encode())
                self.pages[name] = gzip.compress(page, 6, mtime=0) if page else b""
            return self.pages[name] or None

    def _record(self, name: str, kept: Path) -> None:
        url = f"{PyPI.simple_url}/{name}/"
        try:
            page = json.loads(fetch(url, JSON_TYPE))
        except urllib.error.HTTPError as error:
            if error.code != 404:
                raise
            keep(kept, b"")
            return
        addresses = {}
        for file in page["files"]:
            addresses[file["filename"]] = urljoin(url, file["url"])
            file["url"] = f"http://files.example/files/{name}/{quote(file['filename'])}"
            if file["filename"].endswith(".whl"):
                file["core-metadata"] = True
        keep(kept.with_suffix(".addresses"), json.dumps(addresses).encode())
        keep(kept, json.dumps(page).encode())

    def file(self, name: str, filename: str) -> bytes:
        """Return a file of project *name*; ``FILE.metadata`` is taken out of the wheel."""
        kept = self.folder / "files" / filename
        with self.lock:
            if kept.exists():
                return kept.read_bytes()
        if filename.endswith(".metadata"):
            wheel = zipfile.ZipFile(io.BytesIO(self.file(name, filename.removesuffix(".metadata"))))
            (member,) = (n for n in wheel.namelist() if re.fullmatch(r"[^/]+\.dist-info/METADATA", n))
            data = wheel.read(member)
        else:
            addresses = json.loads((self.folder / "pages" / f"{name}.addresses").read_text())
            data = fetch(addresses[filename], "*/*")
        keep(kept, data)
        return data


def keep(path: Path, data: bytes) -> None:
    """Write a file whole or not at all: other servers may have the same folder."""
    part = path.with_name(f"{path.name}.{os.getpid()}.{threading.get_ident()}")
    part.write_bytes(data)
    part.replace(path)


def fetch(url: str, accept: str) -> bytes:
    """Return what *url* answers."""
    with urllib.request.urlopen(urllib.request.Request(url, headers={"accept": accept})) as answer:
        return bytes(answer.read())


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    recording: Recording
    latency = 0.0

    def setup(self) -> None:
        """A connection costs a round trip too."""
        super().setup()
        time.sleep(self.latency)

    def do_GET(self) -> None:
        """Answer after one round trip."""
        time.sleep(self.latency)
        match unquote(self.path).strip("/").split("/"):
            case ["simple", name]:
                self._page(self.recording.page(name))
            case ["files", name, filename]:
                self._send(
                    self.recording.file(name, filename), "application/octet-stream", {"Cache-Control": IMMUTABLE}
                )
            case _:
                self._send(b"", "text/plain", {}, status=404)

    def _page(self, page: bytes | None) -> None:
        if page is None:
            self._send(b"", "text/plain", {}, status=404)
            return
        headers = {"ETag": f'"{hashlib.md5(page).hexdigest()}"', "Cache-Control": "max-age=600, public"}
        headers["Vary"] = "Accept, Accept-Encoding"
        if self.headers.get("If-None-Match") == headers["ETag"]:
            self._send(b"", JSON_TYPE, headers, status=304)
        elif "gzip" in self.headers.get("Accept-Encoding", ""):
            self._send(page, JSON_TYPE, headers | {"Content-Encoding": "gzip"})
        else:
            self._send(gzip.decompress(page), JSON_TYPE, headers)

    def _send(self, body: bytes, kind: str, headers: dict[str, str], *, status: int = 200) -> None:
        first, last = 0, len(body)
        if (asked := re.fullmatch(r"bytes=(\d*)-(\d*)", self.headers.get("Range", ""))) and status == 200:
            start, end = asked.groups()
            first, last = (int(start), min(int(end or last) + 1, last)) if start else (max(0, last - int(end)), last)
            headers = headers | {"Content-Range": f"bytes {first}-{last - 1}/{len(body)}"}
            status = 206
        self.send_response_only(status)
        for name, value in {"Content-Type": kind, "Content-Length": str(last - first), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body[first:last])

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def main() -> None:
    """Serve."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--latency", type=float, default=0.0, metavar="MS", help="of each answer; default 0")
    parser.add_argument("--port", type=int, default=0)
    arguments = parser.parse_args()
    Handler.recording, Handler.latency = Recording(arguments.folder), arguments.latency / 1000
    server = ThreadingHTTPServer(("127.0.0.1", arguments.port), Handler)
    Handler.recording.address = f"http://127.0.0.1:{server.server_address[1]}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(f"{Handler.recording.address}/simple/", flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
