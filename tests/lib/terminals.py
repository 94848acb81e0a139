"""A terminal to run safe-pip on."""

from __future__ import annotations

import fcntl
import os
import pty
import struct
import subprocess
import termios
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lib.shell import Shell


def on_a_terminal(shell: Shell, columns: int, env: Mapping[str, str], *argv: str) -> str:
    """Run safe-pip with standard error on a terminal of that width, and return what comes there."""
    ours, its = pty.openpty()
    fcntl.ioctl(its, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    process = subprocess.Popen(
        [*shell.program, *argv], cwd=shell.work, env={**shell.environ, **env},
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=its,
    )  # fmt: skip
    os.close(its)
    chunks = []
    with suppress(OSError):  # how Linux tells that nobody holds the other end any more
        while chunk := os.read(ours, 4096):
            chunks.append(chunk)
    os.close(ours)
    process.wait(timeout=60)
    return b"".join(chunks).decode()
