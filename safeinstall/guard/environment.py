"""Where an environment has what a guard stands in front of, as its own interpreter says it."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from safeinstall.errors import RefusedError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_ASK = """\
import json, os, sys, sysconfig
from importlib.util import find_spec
pip = find_spec("pip")
print(json.dumps({
    "python": os.path.abspath(sys.executable),
    "prefix": os.path.abspath(sys.prefix),
    "scripts": os.path.abspath(sysconfig.get_path("scripts")),
    "pip": pip and pip.origin and os.path.dirname(os.path.abspath(pip.origin)),
}))
"""
_TIMEOUT = 60
_NAME = re.compile(r"pip(3(\.\d+)?)?")
_INTERPRETER = re.compile(rb"""^(?:\#!|'''exec'\ )\ *(?:"(/[^"\n]+)"|(/\S+))""", re.MULTILINE | re.VERBOSE)


@dataclass(frozen=True, slots=True)
class Environment:
    """An interpreter and what belongs to it."""

    python: str
    prefix: Path
    scripts: Path
    """Where pip puts the scripts of what it installs."""
    pip: Path | None
    """The folder of its own pip; ``None`` when it has none, or one that it shares with another environment."""
    has_pip: bool
    """Whether ``python -m pip`` finds one at all."""

    @property
    def commands(self) -> list[Path]:
        """The paths of every ``pip`` of this environment; ``pip`` and ``pip3`` also where they do not exist."""
        beside = Path(self.python).parent
        found = {self.scripts / "pip", self.scripts / "pip3", *_commands(self.scripts)}
        return sorted(found | {path for path in _commands(beside) if self._starts(path)})

    def _starts(self, command: Path) -> bool:
        """Whether *command* is a script that starts this environment's interpreter."""
        try:
            with command.open("rb") as file:
                named = _INTERPRETER.findall(file.read(1024))
            interpreters = [Path(os.fsdecode(quoted or plain)) for quoted, plain in named]
            return any(Path(self.python).samefile(path) for path in interpreters if path.name.startswith("python"))
        except OSError:
            return False


def _commands(folder: Path) -> Iterator[Path]:
    try:
        yield from (path for path in folder.iterdir() if _NAME.fullmatch(path.name) and not path.is_dir())
    except OSError:
        return


def find_environment(wanted: str | None, environ: Mapping[str, str]) -> Environment:
    """Return the environment that *wanted*, else ``PIP_PYTHON``, names by folder or interpreter; else the active one.

    Raises ``UsageError`` when none is named, ``RefusedError`` when it cannot be asked.
    """
    wanted = wanted or environ.get("PIP_PYTHON") or environ.get("VIRTUAL_ENV")
    if not wanted:
        raise UsageError(
            "no environment is active",
            hint="name what to guard: --python ENVIRONMENT_OR_INTERPRETER, --user or --system",
        )
    return _ask(_interpreter(wanted, environ), environ)


def check_own_interpreter() -> None:
    """Raise ``RefusedError`` unless safe-pip starts as shims start it: by no variable, and from no user's folder."""
    done = subprocess.run([sys.executable, "-I", "-c", "import safeinstall"], check=False, capture_output=True, cwd="/")
    if done.returncode:
        raise RefusedError(
            f"{sys.executable} finds safe-pip by PYTHONPATH or among a user's packages, which no guard may depend on",
            hint="install safe-pip into an environment of its own, and guard from there",
        )


def _interpreter(wanted: str, environ: Mapping[str, str]) -> str:
    if Path(wanted).is_dir():
        places = [Path(wanted, "bin", name) for name in ("python", "python3")]
        found = next((str(place) for place in places if place.exists()), None)
    else:
        found = shutil.which(wanted, path=environ.get("PATH"))
    if found is None:
        raise UsageError(f"{wanted} is neither an environment nor an interpreter", hint="name one that exists")
    return os.path.abspath(found)  # noqa: PTH100 - its links tell its environment


def _ask(python: str, environ: Mapping[str, str]) -> Environment:
    own = {name: value for name, value in environ.items() if not name.startswith("PYTHON")}
    try:
        done = subprocess.run(
            [python, "-I", "-c", _ASK],
            env=own,
            cwd="/",
            capture_output=True,
            text=True,
            timeout=_TIMEOUT,
            check=True,
        )
        said = json.loads(done.stdout)
    except (OSError, subprocess.SubprocessError, ValueError) as error:
        reason = getattr(error, "stderr", None) or str(error)
        raise RefusedError(f"cannot ask {python}: {reason.strip().splitlines()[-1]}") from error
    prefix, pip = Path(said["prefix"]), said["pip"] and Path(said["pip"])
    own_pip = bool(pip) and prefix.resolve() in pip.resolve().parents
    return Environment(said["python"], prefix, Path(said["scripts"]), pip if own_pip else None, has_pip=bool(pip))
