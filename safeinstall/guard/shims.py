"""The texts that stand where pip was, and what puts them first on PATH."""

from __future__ import annotations

from shlex import quote
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

MARK = "# safe-pip guard:"
"""In every file that is ours as a whole."""
_SCRIPT = """\
#!/bin/sh
{mark} this starts safe-pip in pip's place, and "safe-pip guard remove" takes it away.
if [ ! -x {safe_pip} ]; then
    echo "pip: pip is guarded here, and safe-pip is gone from "{safe_pip}"; nothing was done (exit 13)" >&2
    exit 13
fi
exec {safe_pip} -I -m safeinstall {target}"$@"
"""
_MODULE = """\
{mark} this starts safe-pip for "python -m pip", and "safe-pip guard remove" puts pip's own back.
import os
import sys

if __name__ == "__main__":
    # pip starts itself so to fill the environment of a build; that pip is under guard, or stopped by its configuration.
    if any(getattr(finder, "__name__", "") == "PipImportRedirectingFinder" for finder in sys.meta_path):
        from pip._internal.cli.main import main

        sys.exit(main())
    safe_pip = {safe_pip!r}
    try:
        os.execv(safe_pip, [safe_pip, "-I", "-m", "safeinstall", "--python", sys.executable, *sys.argv[1:]])
    except OSError as error:
        sys.exit("pip: pip is guarded here, and safe-pip cannot be started: %s: %s" % (safe_pip, error.strerror))
"""


def script(safe_pip: str, target: str | None) -> str:
    """Return a ``pip`` that starts safe-pip by its interpreter *safe_pip*.

    It acts on the interpreter *target*; ``None``: on whatever safe-pip finds.
    """
    option = f"--python {quote(target)} " if target else ""
    return _SCRIPT.format(mark=MARK, safe_pip=quote(safe_pip), target=option)


def module(safe_pip: str) -> str:
    """Return a ``pip/__main__.py`` that starts safe-pip by its interpreter *safe_pip*."""
    return _MODULE.format(mark=MARK, safe_pip=safe_pip)


def _posix(folder: str) -> str:
    first = quote(folder)
    return f'case "$PATH" in {first}:*) ;; *) PATH={first}:"$PATH"; export PATH ;; esac\n'


def _fish(folder: str) -> str:
    first = "'" + folder.replace("\\", "\\\\").replace("'", "\\'") + "'"
    return f'test "$PATH[1]" = {first}; or set -gx PATH {first} $PATH\n'


def _powershell(folder: str) -> str:
    first = "'" + folder.replace("'", "''") + ":'"
    return f"if (-not $env:PATH.StartsWith({first})) {{ $env:PATH = {first} + $env:PATH }}\n"


FIRST_ON_PATH: Mapping[str, Callable[[str], str]] = {
    "bash": _posix,
    "zsh": _posix,
    "fish": _fish,
    "pwsh": _powershell,
}
"""For each shell we know, by the name of its program: the lines that put a folder first on PATH."""
