"""git as a program over one bare repository of ours: it fetches and reads objects, and does nothing else.

What it reads is hostile. So it has no configuration but ours, no hooks, no templates, no filters, no credentials, and
nobody to ask; it can speak by one protocol, and is ended when it takes too long or too much.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import IO, TYPE_CHECKING

from safeinstall.errors import SourceError
from safeinstall.sources.network.urls import redacted

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from threading import Event

SECONDS = 120
"""Of each call of git."""
PACK = 1 << 30
"""Bytes of a file that git may write: what is fetched is one pack."""
MEMORY = 4 << 30
"""Bytes of memory of git, and of each program that it starts."""
TOLD = 1 << 16
"""Bytes of what git says on standard error."""
_SHOWN = 300
_ADDRESS = re.compile(r"[a-z+]+://[^\s'\"]+")
_STEP = 0.2
"""Seconds after which is looked whether somebody still waits."""
_PASSED = (
    "http_proxy", "https_proxy", "all_proxy", "no_proxy", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY",
    "SSL_CERT_FILE", "SSL_CERT_DIR", "GIT_SSL_CAINFO", "GIT_SSL_CAPATH", "TMPDIR",
)  # fmt: skip
"""Variables that say how the network is reached, and where room is."""
_SETTINGS = {
    "protocol.allow": "never",
    "transfer.fsckObjects": "true",
    "fetch.fsckObjects": "true",
    "fetch.recurseSubmodules": "false",
    "submodule.recurse": "false",
    "core.hooksPath": os.devnull,
    "core.attributesFile": os.devnull,
    "core.excludesFile": os.devnull,
    "core.fsmonitor": "false",
    "core.protectHFS": "true",
    "core.protectNTFS": "true",
    "core.bigFileThreshold": "8m",
    "core.askPass": "",
    "credential.helper": "",
    "credential.interactive": "false",
    "http.emptyAuth": "false",
    "http.lowSpeedLimit": "1024",
    "http.lowSpeedTime": "60",
    "fetch.unpackLimit": "1",
    "fetch.writeCommitGraph": "false",
    "gc.auto": "0",
    "maintenance.auto": "false",
    "pack.threads": "1",
    "advice.detachedHead": "false",
}
_LIMITED = 'ulimit -f "$1" && ulimit -t "$3" || exit 1; ulimit -v "$2" 2>/dev/null; shift 3; exec "$@"'
"""Not every system can limit memory."""
_BLOCK, _KIBIBYTE = 512, 1024
"""What ``ulimit`` counts in (POSIX sh)."""


@dataclass(frozen=True, slots=True)
class Git:
    """A git that works in one private directory, and by one protocol."""

    program: str
    folder: Path
    """Where only this user can read and write, and nothing is yet: the bare repository, and an empty home."""
    protocol: str
    """How a fetch may speak: ``https``, ``file``, …"""
    environ: Mapping[str, str]
    stop: Event
    """Set when nobody waits any more."""

    @classmethod
    def find(cls, folder: Path, protocol: str, environ: Mapping[str, str], stop: Event) -> Git:
        """Return the git of this machine. Raises ``SourceError`` where there is none."""
        places = [place for place in environ.get("PATH", os.defpath).split(os.pathsep) if place.startswith("/")]
        program = shutil.which("git", path=os.pathsep.join(places))  # what lies in the user's folder is not asked
        if program is None:
            raise SourceError("there is no git on this machine", hint="install git, so that a commit can be read")
        return cls(os.path.realpath(program), folder, protocol, environ, stop)

    @property
    def repository(self) -> Path:
        """The bare repository."""
        return self.folder / "repository"

    def __call__(self, *words: str, data: Path | None = None, limit: int = TOLD) -> bytes:
        """Run git with *words* in the repository, reading *data*; return what it says, at most *limit* bytes.

        Raises ``SourceError`` when it fails, says more, or takes too long.
        """
        with (self.folder / "said").open("w+b") as said, (self.folder / "errors").open("w+b") as errors:
            with (data or Path(os.devnull)).open("rb") as given:
                status = self._run(words, given, said, errors)
            if status:
                raise SourceError(f"git {_verb(words)} failed: {_last_line(errors) or f'exit {status}'}")
            said.seek(0)
            found = said.read(limit + 1)
        if len(found) > limit:
            raise SourceError(f"git {_verb(words)} says more than {limit} bytes")
        return found

    def stream(self, *words: str, data: Path) -> Path:
        """Run git likewise; return the file that has what it says, at most :data:`PACK` bytes."""
        answer = self.folder / "answer"
        with data.open("rb") as given, answer.open("wb") as said, (self.folder / "errors").open("w+b") as errors:
            status = self._run(words, given, said, errors)
            if status:
                raise SourceError(f"git {_verb(words)} failed: {_last_line(errors) or f'exit {status}'}")
        return answer

    def _run(self, words: Sequence[str], given: IO[bytes], said: IO[bytes], errors: IO[bytes]) -> int:
        limits = (str(PACK // _BLOCK), str(MEMORY // _KIBIBYTE), str(SECONDS))
        process = subprocess.Popen(
            ["/bin/sh", "-c", _LIMITED, "sh", *limits, self.program, *self._options(), *words],
            cwd=self.folder,
            env=self._environment(),
            stdin=given,
            stdout=said,
            stderr=errors,
            start_new_session=True,  # all that it starts ends with it, and Ctrl-C is for us
        )
        try:
            return self._ended(process, _verb(words))
        finally:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def _ended(self, process: subprocess.Popen[bytes], verb: str) -> int:
        """Wait for *process*. Raises ``SourceError`` when it takes too long, or nobody waits for it."""
        end = monotonic() + SECONDS
        while not self.stop.is_set():
            with suppress(subprocess.TimeoutExpired):
                return process.wait(min(_STEP, max(0, end - monotonic())))
            if monotonic() >= end:
                raise SourceError(f"git {verb} took longer than {SECONDS} seconds")
        raise SourceError(f"git {verb} was stopped")

    def _options(self) -> list[str]:
        settings = {**_SETTINGS, f"protocol.{self.protocol}.allow": "always"}
        return [word for key, value in settings.items() for word in ("-c", f"{key}={value}")]

    def _environment(self) -> dict[str, str]:
        passed = {name: self.environ[name] for name in _PASSED if name in self.environ}
        return passed | {
            "PATH": os.defpath,
            "HOME": str(self.folder / "home"),
            "XDG_CONFIG_HOME": str(self.folder / "home"),
            "LC_ALL": "C",
            "GIT_DIR": str(self.repository),
            "GIT_CEILING_DIRECTORIES": str(self.folder),
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_CONFIG_SYSTEM": os.devnull,
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_ATTR_NOSYSTEM": "1",
            "GIT_TERMINAL_PROMPT": "0",
            "GIT_ASKPASS": "/bin/false",
            "SSH_ASKPASS": "/bin/false",
            "GIT_SSH_COMMAND": "ssh -o BatchMode=yes -o StrictHostKeyChecking=yes",
            "GIT_NO_REPLACE_OBJECTS": "1",
            "GIT_NO_LAZY_FETCH": "1",
            "GIT_PROTOCOL_FROM_USER": "0",
            "GIT_ALLOW_PROTOCOL": self.protocol,
            "GIT_LFS_SKIP_SMUDGE": "1",
            "GIT_FLUSH": "0",
        }


def _verb(words: Sequence[str]) -> str:
    return next(word for word in words if not word.startswith("-"))


def _last_line(errors: IO[bytes]) -> str:
    """Return the last line that git said, as text of strangers."""
    errors.seek(0, os.SEEK_END)
    errors.seek(max(0, errors.tell() - TOLD))
    lines = [line for line in errors.read().decode(errors="replace").splitlines() if line.strip()]
    told = [line for line in lines if line.startswith(("fatal:", "error:"))] or lines[-1:]
    return _ADDRESS.sub(_without_password, told[0].strip())[:_SHOWN] if told else ""


def _without_password(address: re.Match[str]) -> str:
    """A mirror may be at an address with a password in it."""
    return redacted(address[0])
