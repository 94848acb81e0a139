"""Real git repositories, made by git itself: honest ones, and such as only somebody who means harm has."""

from __future__ import annotations

import os
import subprocess
import threading
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path


@dataclass(frozen=True)
class Repository:
    """A repository on this disk."""

    folder: Path

    @classmethod
    def make(cls, folder: Path, files: Mapping[str, str | bytes] | None = None, *, form: str = "sha1") -> Repository:
        """Make one, with a commit of *files*."""
        folder.mkdir(parents=True)
        made = cls(folder)
        made.git("init", "--quiet", "--initial-branch=main", f"--object-format={form}")
        made.write(files or {"a.py": "print(1)\n"})
        made.commit()
        return made

    @property
    def url(self) -> str:
        """Where it is, for ``[provenance] mirrors``."""
        return self.folder.as_uri()

    def git(self, *words: str, data: bytes | None = None) -> str:
        """Run git in it, without anybody's configuration."""
        environ = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.folder),
            "GIT_CONFIG_NOSYSTEM": "1",
            **{f"GIT_{who}_{what}": value for who in ("AUTHOR", "COMMITTER") for what, value in _WHO.items()},
        }
        return subprocess.run(
            ["git", *words], cwd=self.folder, env=environ, input=data, capture_output=True, check=True
        ).stdout.decode().strip()  # fmt: skip

    def write(self, files: Mapping[str, str | bytes]) -> None:
        """Write *files*."""
        for name, text in files.items():
            path = self.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text if isinstance(text, bytes) else text.encode())

    def commit(self) -> str:
        """Commit all there is; return the hash."""
        self.git("add", "--all", "--force")
        self.git("commit", "--quiet", "--allow-empty", "-m", "made")
        return self.head

    @property
    def head(self) -> str:
        """The newest commit."""
        return self.git("rev-parse", "HEAD")

    def commit_tree(self, entries: bytes) -> str:
        """Commit a tree of *entries* as they are, whatever git thinks of them; return the hash."""
        tree = self.git("hash-object", "-t", "tree", "-w", "--stdin", "--literally", data=entries)
        commit = self.git("commit-tree", tree, "-m", "made")
        self.git("update-ref", "refs/heads/main", commit)
        return commit

    def blob(self, content: bytes) -> str:
        """Keep *content*; return its hash."""
        return self.git("hash-object", "-w", "--stdin", data=content)


_WHO = {"NAME": "acme", "EMAIL": "acme@acme.example", "DATE": "2026-01-01T00:00:00Z"}


def tree_entry(mode: str, name: bytes, digest: str) -> bytes:
    """Return one entry of a tree, as git keeps it."""
    return f"{mode} ".encode() + name + b"\0" + bytes.fromhex(digest)


class _Backend(BaseHTTPRequestHandler):
    """git's own server (``git http-backend``), as CGI."""

    def do_GET(self) -> None:
        place, _, query = self.path.partition("?")
        length = int(self.headers.get("Content-Length") or 0)
        environ = {
            "PATH": os.environ["PATH"],
            "GIT_PROJECT_ROOT": str(self.server.folder),
            "GIT_HTTP_EXPORT_ALL": "1",
            "GIT_PROTOCOL": self.headers.get("Git-Protocol", ""),
            "PATH_INFO": place,
            "QUERY_STRING": query,
            "REQUEST_METHOD": self.command,
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "CONTENT_LENGTH": str(length),
            "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
        }
        told = subprocess.run(
            ["git", "http-backend"], env=environ, input=self.rfile.read(length), capture_output=True, check=True
        )
        head, _, body = told.stdout.partition(b"\r\n\r\n")
        fields = dict(line.split(": ", 1) for line in head.decode().split("\r\n"))
        self.send_response(int(fields.pop("Status", "200 OK").split()[0]))
        for name, value in fields.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_GET

    def log_message(self, *args: object) -> None:
        """Stay silent."""


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """Serve the repositories in *folder* over HTTP; give the address."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Backend) as server:
        server.folder = folder
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
