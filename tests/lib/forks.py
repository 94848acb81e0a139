"""Python programs that start in no time: a process that has imported what they need forks for each run.

Starting pip takes three times as long as what it does in a test. ``Python`` is that process; ``Python.popen`` is
:class:`subprocess.Popen` as far as safe-pip uses it. A run has its own arguments, environment, directory and open files,
as if it had just been started. The first half runs in the interpreter that is served, and knows nothing but its
standard library.
"""

from __future__ import annotations

import fcntl
import gc
import json
import os
import runpy
import signal
import socket
import subprocess
import sys
import traceback
from contextlib import suppress
from importlib import import_module, invalidate_caches
from pathlib import Path
from typing import Any

HIGH = 100
"""Above the numbers that a run gives to its files."""
SIZE = 1 << 20
TIMEOUT = 120
"""Seconds after which a run is given up."""


def serve(address: str, modules: list[str]) -> None:
    """Import *modules*, and fork for each request that arrives at *address*."""
    sys.path.pop(0)
    for name in modules:
        with suppress(ImportError):  # not in every version of pip
            import_module(name)
    gc.freeze()
    server = socket.socket(socket.AF_UNIX)
    server.bind(address)
    server.listen()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    print("ready", flush=True)
    while True:
        connection, _ = server.accept()
        with connection:
            if os.fork() == 0:
                server.close()
                signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                attend(connection)


def attend(connection: socket.socket) -> None:
    """Run one request in a process of its own, and answer with its exit code."""
    text, files, _, _ = socket.recv_fds(connection, SIZE, 8)
    if not text:  # whoever asked was killed
        os._exit(0)
    request = json.loads(text)
    child = os.fork()
    if child == 0:
        connection.close()
        become(request, files)
    for file in files:
        os.close(file)
    with suppress(OSError):
        connection.sendall(f"{child}\n".encode())
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    with suppress(OSError):
        connection.sendall(f"{code}\n".encode())
    os._exit(0)


def become(request: dict[str, Any], files: list[int]) -> None:
    """Be the program of *request*."""
    moved = [fcntl.fcntl(file, fcntl.F_DUPFD, HIGH) for file in files]
    for file, number in zip(moved, request["numbers"], strict=True):
        os.dup2(file, number)
        os.close(file)
    os.environ.clear()
    os.environ.update(request["env"])
    os.chdir(request["cwd"])
    invalidate_caches()
    code = 1
    try:
        run(request["argv"])
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:  # noqa: BLE001 - as the interpreter itself does
        traceback.print_exc()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def run(argv: list[str]) -> None:
    """Do what ``python`` does with these arguments: ``-m MODULE …`` or ``-c CODE …``."""
    kind, what, *rest = argv
    sys.argv = [kind, *rest]
    sys.path.insert(0, "" if kind == "-c" else str(Path.cwd()))
    if kind == "-m":
        runpy.run_module(what, run_name="__main__", alter_sys=True)
    else:
        exec(what, {"__name__": "__main__"})


class Python:
    """An interpreter that has imported *modules*. Close it."""

    def __init__(self, python: str, address: Path, modules: list[str]) -> None:
        self.python = python
        self.address = str(address)
        self._server = subprocess.Popen(
            [python, __file__, self.address, *modules], stdout=subprocess.PIPE, stdin=subprocess.DEVNULL
        )
        assert self._server.stdout
        self._server.stdout.readline()

    def close(self) -> None:
        """Serve no more."""
        self._server.kill()
        self._server.communicate()


class Run:
    """One run of the interpreter that is served at *address*."""

    def __init__(self, address: str, argv: list[str], *, cwd: str, env: dict[str, str], files: dict[int, int]) -> None:
        """Run with *files*: the numbers they have there, and those they have here."""
        self._code: int | None = None
        self._connection = socket.socket(socket.AF_UNIX)
        self._connection.settimeout(TIMEOUT)
        self._connection.connect(address)
        request = {"argv": argv, "cwd": cwd, "env": env, "numbers": list(files)}
        socket.send_fds(self._connection, [json.dumps(request).encode()], list(files.values()))
        self.pid = int(self._answer())

    def wait(self, timeout: float | None = TIMEOUT) -> int:
        """Return its exit code."""
        if self._code is None:
            self._connection.settimeout(timeout)
            try:
                self._code = int(self._answer())
            except TimeoutError as error:
                raise subprocess.TimeoutExpired(str(self.pid), timeout or 0) from error
            self._connection.close()
        return self._code

    def _answer(self) -> bytes:
        """Return the next line; after a timeout it may still come, which a file of this socket would not see."""
        line = b""
        while not line.endswith(b"\n"):
            line += self._connection.recv(1) or b"?\n"
        return line

    def send_signal(self, number: int) -> None:
        """Send it a signal, unless it has ended."""
        with suppress(ProcessLookupError):
            os.kill(self.pid, number)

    def kill(self) -> None:
        """End it."""
        self.send_signal(signal.SIGKILL)


def popen(
    address: str, command: list[str], *, cwd: str, env: dict[str, str], pass_fds: tuple[int, ...], **to: Any
) -> Run:
    """Be ``subprocess.Popen`` for the interpreter that is served at *address*."""
    output, errors = (to.get(name) for name in ("stdout", "stderr"))
    files = {1: 1 if output is None else output, 2: 2 if errors is None else errors}
    return Run(address, list(command[1:]), cwd=cwd, env=env, files=files | {number: number for number in pass_fds})


def start_pip_at(address: str) -> None:
    """Make safe-pip, in this process, start its pip in the interpreter that is served at *address*."""
    from functools import partial
    from types import SimpleNamespace

    from safeinstall.sources.pip import host as pip

    pip.subprocess = SimpleNamespace(**{**vars(subprocess), "Popen": partial(popen, address)})


if __name__ == "__main__":
    serve(sys.argv[1], sys.argv[2:])
