"""Pages of the documentation that show commands and what they print: run, compared, and written anew when asked."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import dataclass
from difflib import unified_diff
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lib.shell import Shell

WRITE = "SAFEINSTALL_WRITE_DOCS"
"""Set: what the commands print now is written into the page."""
_BLOCK = re.compile(r"(?<=```console\n).*?(?=```\n)", re.DOTALL)
_VARYING = {
    r"\d{4}-\d\d-\d\d \d\d:\d\d(:\d\d)?": "DATE",
    r"\b\d+\.\d s\b": "SECONDS",
    r"\(\d+ bytes\)": "(SIZE)",
    r"\b[0-9a-f]{64}\b": "SHA256",
    r"\bpip \d+\.[\d.]+, Python 3\.[\d.]+": "PIP AND PYTHON",
}
_PLACES = {
    "INDEX/": "https://packages.acme.example/",
    "TMP/env": "/home/ada/shop/.venv",
    "TMP/work": "/home/ada/shop",
}
"""What the pages call the places of a run."""


@dataclass(frozen=True)
class Step:
    """One command of a page, and the text that stands below it."""

    command: str
    printed: str


def steps(block: str) -> Iterator[Step]:
    """Yield the steps of a block: each begins with ``$``."""
    for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
        command, _, printed = part.partition("\n")
        yield Step(command, printed)


def constant(text: str) -> str:
    """Return *text* without what is another at each run."""
    for pattern, name in _VARYING.items():
        text = re.sub(pattern, name, text)
    return text


def check(page: Path, shell: Shell) -> None:
    """Run the commands of *page* in order, in one directory, and compare. With :data:`WRITE` set, rewrite it first."""
    text = page.read_text(encoding="utf-8")

    def now(match: re.Match[str]) -> str:
        return "".join(f"$ {step.command}\n{run(step.command, shell)}" for step in steps(match[0]))

    found = _BLOCK.sub(now, text)
    if os.environ.get(WRITE):
        page.write_text(found, encoding="utf-8")
    else:
        shown, printed = (constant(each).splitlines() for each in (text, found))
        assert shown == printed, "\n".join(unified_diff(shown, printed, page.name, "as it is now", lineterm=""))


def run(command: str, shell: Shell) -> str:
    """Return what *command* prints in a user's shell. A failure is told as ``(exit CODE)``, as on the pages."""
    places = [shell.target / "bin", Path(sys.executable).parent]
    path = os.pathsep.join([*map(str, places), shell.environ["PATH"]])
    environ = {**shell.environ, "PATH": path, "COLUMNS": "200"}  # or the length of a temporary path would wrap lines
    done = subprocess.run(
        ["bash", "-c", command], cwd=shell.work, env=environ, stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, timeout=60,
    )  # fmt: skip
    text = shell.neutral(done.stdout)
    for found, said in _PLACES.items():
        text = text.replace(found, said)
    lines = [line for line in text.splitlines() if not line.startswith("Looking in indexes:")]
    lines += [f"(exit {done.returncode})"] if done.returncode else []
    return "".join(f"{line}\n" for line in lines)
