"""The target's pip, from our side: find its interpreter, start it, hear what it understood, let it go on or leave.

``pip_host.py`` is the other side.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from contextlib import suppress
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any, TextIO, cast

from safeinstall.errors import RefusedError
from safeinstall.sources.pip_host import BOOT
from safeinstall.sources.pylock_files import LockRequest, select

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from typing_extensions import Self

HOST = Path(__file__).with_name("pip_host.py")
JUDGED = frozenset({"install", "download", "wheel", "lock"})


def may_be_judged(argv: Sequence[str]) -> bool:
    """Whether *argv* can hold a command that we judge. pip takes command names whole, so a word decides."""
    return not JUDGED.isdisjoint(argv)


def find_target(environ: Mapping[str, str]) -> str:
    """Return the interpreter whose pip a shell would reach: the active virtual environment, ``python`` on PATH, ours.

    ``--python`` and ``PIP_PYTHON`` are pip's to read: the host follows them.
    """
    active = environ.get("VIRTUAL_ENV")
    if active and (python := shutil.which("python", path=str(Path(active, "bin")))):
        return python
    path = environ.get("PATH")
    return shutil.which("python", path=path) or shutil.which("python3", path=path) or sys.executable


def lent_pip() -> str:
    """Return the folder of our own pip, to be lent to a target without one; empty when we have none."""
    spec = find_spec("pip")
    return str(Path(spec.origin).parent.parent) if spec and spec.origin else ""


def host_environment(environ: Mapping[str, str]) -> dict[str, str]:
    """Return *environ* without what would make pip believe that another pip started it."""
    return {name: value for name, value in environ.items() if not name.startswith("_PIP_")}


def host_command(python: str, argv: Sequence[str], *, neutral: str, cwd: str, read: int, write: int) -> list[str]:
    """Return the command line that starts the host. It starts in *neutral*: ``./pip`` must never be imported."""
    return [python, "-c", BOOT, str(HOST), str(read), str(write), neutral, cwd, lent_pip(), *argv]


def pass_through(argv: Sequence[str], environ: Mapping[str, str]) -> int:
    """Become the target's pip with *argv*, for a command that installs nothing. Returns only if that fails."""
    python, cwd = find_target(environ), _cwd()
    os.chdir("/")
    command = host_command(python, argv, neutral="/", cwd=cwd, read=-1, write=-1)
    try:
        os.execve(python, command, host_environment(environ))  # noqa: S606 - no shell is the point
    except OSError as error:
        raise RefusedError(f"cannot start {python}: {error.strerror}") from error


def _cwd() -> str:
    try:
        return os.getcwd()  # noqa: PTH109 - a str is passed on
    except FileNotFoundError:
        raise RefusedError("the current directory does not exist any more", hint="change to one that does") from None


def _read_lock(request: LockRequest) -> dict[str, Any]:
    try:
        return {"packages": select(request)}
    except RefusedError as error:
        return {"problem": error.message}


@dataclass(slots=True)
class HostedPip:
    """A pip that runs in the target and waits for our word. Use as a context manager: leaving it ends the pip."""

    process: subprocess.Popen[bytes]
    heard: TextIO
    told: TextIO
    neutral: tempfile.TemporaryDirectory[str]
    asking: Lock = field(default_factory=Lock)

    @classmethod
    def start(
        cls, argv: Sequence[str], environ: Mapping[str, str], *, python: str | None = None, output: int | None = None
    ) -> HostedPip:
        """Start the pip of *python* (the target, if not given) with *argv*; its output goes to *output*.

        Raises ``RefusedError`` when the interpreter cannot be started.
        """
        python, cwd = python or find_target(environ), _cwd()
        heard, child_write = os.pipe()
        child_read, told = os.pipe()
        neutral = tempfile.TemporaryDirectory(prefix="safe-pip-neutral-")
        command = host_command(python, argv, neutral=neutral.name, cwd=cwd, read=child_read, write=child_write)
        try:
            process = subprocess.Popen(
                command,
                cwd=neutral.name,
                env=host_environment(environ),
                pass_fds=(child_read, child_write),
                stdout=output,
                stderr=output,
            )
        except OSError as error:
            neutral.cleanup()
            raise RefusedError(f"cannot start {python}: {error.strerror}") from error
        finally:
            os.close(child_read)
            os.close(child_write)
        return cls(process, os.fdopen(heard, encoding="utf-8"), os.fdopen(told, "w", encoding="utf-8"), neutral)

    def describe(self) -> Mapping[str, Any] | None:
        """Return what pip understood, or ``None`` when it ended by itself (``--help``, a usage error)."""
        while text := self.heard.readline():
            said = cast("Mapping[str, Any]", json.loads(text))
            if "lock" not in said:
                return said
            self._tell(_read_lock(LockRequest(**said["lock"])))
        return None

    def credentials(self, url: str) -> tuple[str, str] | None:
        """Ask pip, which waits, for what it finds in the keyring for *url* after a 401."""
        with self.asking:
            self._tell({"credentials": url})
            text = self.heard.readline()
        found = json.loads(text)["credentials"] if text else None
        return (found[0] or "", found[1] or "") if found else None

    def proceed(self, answer: Mapping[str, Any], on_build: Callable[[Sequence[str]], bool]) -> int:
        """Let pip go on as *answer* says; return its exit code.

        *on_build* is called with the requirements of each isolated build, and returns whether they are on the stage.
        """
        self._tell(answer)
        for text in self.heard:
            self._tell({"staged": on_build(json.loads(text)["build"])})
        return self.wait()

    def _tell(self, message: Mapping[str, Any]) -> None:
        with suppress(BrokenPipeError):  # pip has ended; its exit code says why
            self.told.write(json.dumps(message) + "\n")
            self.told.flush()

    def wait(self) -> int:
        """Return pip's exit code; 128 and more when a signal ended it, as shells count."""
        status = self.process.wait()
        return status if status >= 0 else 128 - status

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """End pip if it still waits (closing the pipe tells it to leave), and tidy up."""
        with suppress(BrokenPipeError):
            self.told.close()
        self.heard.close()
        with suppress(KeyboardInterrupt):
            self.process.wait()
        self.neutral.cleanup()
