"""The target's pip, from our side: find its interpreter, start it, hear what it understood, let it go on or leave.

``hosted/`` is the other side.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any, TextIO

from safeinstall.errors import EXIT_PIP_ERROR, RefusedError
from safeinstall.sources.pip.channel import hear
from safeinstall.sources.pip.hosted import BOOT, JUDGED, STOPS
from safeinstall.sources.places.temporary import private_directory

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from typing import TypeAlias

    from typing_extensions import Self

    from safeinstall.errors import Said

    Reply: TypeAlias = Callable[[str, Sequence[str]], Mapping[str, Any]]

GRACE = 2.0
"""Seconds that a pip which is to leave gets to tidy up."""
FOLLOWED = "_PIP_RUNNING_IN_SUBPROCESS"
"""With it pip takes ``--python`` and ``PIP_PYTHON`` as followed (cli/main_parser.py, ``parse_command``)."""
BACKEND = "_PIP_USE_IMPORTLIB_METADATA"
"""The user's say in how pip reads what is installed (pip: metadata/__init__.py)."""
NEUTRAL = "/"
"""Where the host starts: ``./pip`` must never be imported."""
HOST = Path(__file__).parent / "hosted" / "__init__.py"


class TerminatedError(KeyboardInterrupt):
    """SIGTERM or SIGHUP has come: as Ctrl-C, but for the exit code."""

    def __init__(self, number: int) -> None:
        """Keep the *number* of the signal."""
        super().__init__(number)
        self.number = number


def exit_code_of(stop: KeyboardInterrupt) -> int:
    """Return pip's exit code for Ctrl-C, and the shells' for SIGTERM and SIGHUP."""
    return 128 + stop.number if isinstance(stop, TerminatedError) else EXIT_PIP_ERROR


def _signal_of(error: BaseException) -> int:
    """Return the signal that stops a hosted pip as *error* stopped us: what we were born to ignore, it ignores too."""
    if isinstance(error, TerminatedError):
        return error.number
    return signal.SIGINT if isinstance(error, KeyboardInterrupt) else signal.SIGTERM


def may_be_judged(argv: Sequence[str]) -> bool:
    """Whether *argv* can hold a command that we judge. pip takes command names whole, so a word decides."""
    if len(argv) == 2 and argv[1] in {"-h", "--help"}:  # noqa: PLR2004 - a command, and nothing but a question
        return False
    return any(word in JUDGED for word in argv)


def find_target(environ: Mapping[str, str]) -> str:
    """Return the interpreter whose pip a shell would reach: the active virtual environment, ``python`` on PATH, ours.

    ``--python`` and ``PIP_PYTHON`` are pip's to read: the host follows them.
    """
    active = environ.get("VIRTUAL_ENV")
    places = [str(Path(active, "bin"))] if active else []
    for place in (*places, environ.get("PATH")):
        if python := shutil.which("python", path=place) or shutil.which("python3", path=place):
            return os.path.abspath(python)  # noqa: PTH100 - it is started elsewhere, and its links tell its environment
    return sys.executable


def lent_pip() -> str:
    """Return the folder of our own pip, to be lent to a target without one; empty when we have none."""
    spec = find_spec("pip")
    return str(Path(spec.origin).parent.parent) if spec and spec.origin else ""


def host_environment(environ: Mapping[str, str]) -> dict[str, str]:
    """Return *environ* without what would make pip believe that another pip started it."""
    return {name: value for name, value in environ.items() if not name.startswith("_PIP_") or name == BACKEND}


def follow_python(argv: Sequence[str], environ: Mapping[str, str]) -> tuple[str, Sequence[str], dict[str, str]]:
    """Return the interpreter to start, what is left of *argv*, and the environment for it.

    ``--python INTERPRETER`` at the very beginning is followed here, since pip would start twice to do so. Any other way
    to say it is pip's to read.
    """
    own = host_environment(environ)
    said_again = any(word.startswith("--py") for word in argv[2:])
    if tuple(argv[:1]) != ("--python",) or said_again or not _is_program(argv[1:2]):
        return find_target(environ), argv, own
    return os.path.abspath(argv[1]), argv[2:], own | {FOLLOWED: "1"}  # noqa: PTH100 - its links tell its environment


def _is_program(words: Sequence[str]) -> bool:
    return bool(words) and Path(words[0]).is_file() and os.access(words[0], os.X_OK)


def host_command(python: str, argv: Sequence[str], *, cwd: str, read: int, write: int) -> list[str]:
    """Return the command line that starts the host, which then changes to *cwd*."""
    return [python, "-c", BOOT, str(HOST), str(read), str(write), NEUTRAL, cwd, lent_pip(), *argv]


@contextmanager
def _stops_held_back() -> Iterator[None]:
    """Let a process started meanwhile be deaf to Ctrl-C until it says otherwise: a waiting pip is ours to stop."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, STOPS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextmanager
def undisturbed(*, stopping: bool = False) -> Iterator[None]:
    """Let signals that stop us wait until the end; not heard at all are those that come when we are *stopping* anyway.

    No signal is blocked: it would come to another thread, and interrupt this one all the same. In the main thread only.
    """
    handlers = {number: signal.getsignal(number) for number in STOPS}
    heard: list[int] = []
    try:
        for number, handler in handlers.items():
            if handler not in {None, signal.SIG_IGN}:
                signal.signal(number, lambda number, _frame: heard.append(number))
        yield
    finally:
        for number, handler in handlers.items():
            if handler not in {None, signal.SIG_IGN}:
                signal.signal(number, handler)
        for again in () if stopping else heard[:1]:
            signal.raise_signal(again)


def pass_through(argv: Sequence[str], environ: Mapping[str, str]) -> int:
    """Become the target's pip with *argv*, for a command that installs nothing. Returns only if that fails."""
    cwd = _cwd()
    python, argv, own = follow_python(argv, environ)
    os.chdir(NEUTRAL)
    command = host_command(python, argv, cwd=cwd, read=-1, write=-1)
    try:
        os.execve(python, command, own)  # noqa: S606 - no shell is the point
    except OSError as error:
        raise RefusedError(f"cannot start {python}: {error.strerror}") from error


def _cwd() -> str:
    try:
        return os.getcwd()  # noqa: PTH109 - a str is passed on
    except FileNotFoundError:
        raise RefusedError("the current directory does not exist any more", hint="change to one that does") from None


def _read_lock(request: Mapping[str, Any]) -> dict[str, Any]:
    from safeinstall.sources.pip.pylock_files import LockRequest, select  # noqa: PLC0415 - few runs read a lock

    try:
        return {"packages": select(LockRequest(**request))}
    except RefusedError as error:
        return {"problem": error.message}


@dataclass(slots=True)
class HostedPip:
    """A pip that runs in the target and waits for our word. Use as a context manager: leaving it ends the pip."""

    process: subprocess.Popen[bytes]
    heard: TextIO
    told: TextIO
    folder: Path
    """Private to this run: where pip, and what it starts, put their temporary files. It goes when the pip has ended."""
    closing: ExitStack
    goes_on: bool = False
    """Whether it has been let go on, and may have changed the environment."""
    asking: Lock = field(default_factory=Lock)

    @classmethod
    def start(
        cls, argv: Sequence[str], environ: Mapping[str, str], *, python: str | None = None, output: int | None = None
    ) -> HostedPip:
        """Start the pip of *python* (the target, if not given) with *argv*; its output goes to *output*.

        Raises ``RefusedError`` when the interpreter cannot be started, ``DiskError`` when nothing can be written.
        """
        cwd, own = _cwd(), host_environment(environ)
        if python is None:
            python, argv, own = follow_python(argv, environ)
        closing = ExitStack()
        folder, lock = closing.enter_context(private_directory())
        heard, child_write = os.pipe()
        child_read, told = os.pipe()
        command = host_command(python, argv, cwd=cwd, read=child_read, write=child_write)
        try:
            with _stops_held_back():
                process = subprocess.Popen(
                    command,
                    cwd=NEUTRAL,
                    env=own | {"TMPDIR": str(folder)},
                    pass_fds=(child_read, child_write, lock),  # should we be killed, its files stay as long as it needs
                    stdout=output,
                    stderr=output,
                )
        except OSError as error:
            os.close(heard)
            os.close(told)
            closing.close()
            raise RefusedError(f"cannot start {python}: {error.strerror}") from error
        finally:
            os.close(child_read)
            os.close(child_write)
        return cls(process, os.fdopen(heard, encoding="utf-8"), os.fdopen(told, "w", encoding="utf-8"), folder, closing)

    def describe(self) -> Mapping[str, Any] | None:
        """Return what pip understood, or ``None`` when it ended by itself (``--help``, a usage error)."""
        while said := hear(self.heard):
            if "lock" not in said:
                return said
            self._tell(_read_lock(said["lock"]))
        return None

    def credentials(self, url: str) -> tuple[str, str] | None:
        """Ask pip, which waits, for what it finds in the keyring for *url* after a 401."""
        with self.asking:
            self._tell({"credentials": url})
            said = hear(self.heard)
        found = said["credentials"] if said else None
        return (found[0] or "", found[1] or "") if found else None

    def fail(self, said: Sequence[Said]) -> int:
        """Let pip, which waits, say why nothing fits; return its exit code, or 0 where it waits no more."""
        if self.goes_on:
            return 0
        self._tell({"failed": said})
        return self.wait()

    def proceed(self, answer: Mapping[str, Any], reply: Reply) -> int:
        """Let pip go on as *answer* says; return its exit code. pip has ended then, also when this raises.

        *reply* is called with each question that pip has then, and what it is about: ``build``, the requirements of an
        isolated build, which are on the stage if ``allowed``; ``built``, the paths of wheels that pip has built;
        ``bytecode``, a wheel whose modules are to be compiled, and ``damaged``, one of which that was no good.
        """
        self.goes_on = True
        try:
            self._tell(answer)
            while said := hear(self.heard):
                ((question, words),) = said.items()
                self._tell(reply(question, words))
            return self.wait()
        except BaseException as error:
            with undisturbed(stopping=True):  # what it has changed can only be undone when it has tidied up and ended
                self.process.send_signal(_signal_of(error))
                status = self.wait()
            if status == 0 and isinstance(error, KeyboardInterrupt):
                return status  # it was done already
            raise

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
        with self.closing:
            with suppress(BrokenPipeError):
                self.told.close()
            self.heard.close()
            with suppress(KeyboardInterrupt):
                self._leave()

    def _leave(self) -> None:
        try:
            self.process.wait(None if self.goes_on else GRACE)
        except subprocess.TimeoutExpired:  # it has not come to the point where it would hear that it is to leave
            self.process.kill()
            self.process.wait()
