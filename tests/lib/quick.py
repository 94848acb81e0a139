"""``safe-pip`` many times over: each run is forked from a process that has imported it, and so is its pip."""

from __future__ import annotations

import os
import shutil
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from lib.cases import PIP_MODULES, PREPARE, SAFE_PIP_MODULES
from lib.forks import Python, Run
from lib.index import CERTIFICATE
from lib.targets import make_target, snapshot

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lib.index import LocalIndex
    from lib.targets import Pip

LIMIT = 60.0
"""Seconds that no run may take."""


@dataclass(frozen=True)
class Told:
    """How a run ended."""

    exit: int
    out: str
    err: str


@dataclass
class Quick:
    """A user at *place*, like :class:`lib.shell.Shell`. Close it."""

    place: Path
    pip: Pip
    index: LocalIndex
    environ: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.place.mkdir(parents=True, exist_ok=True)
        for name in ("work", "home", "tmp"):
            (self.place / name).mkdir(exist_ok=True)
        python = str(make_target(self.target, self.pip))
        self._pip = Python(python, self.place / "pip.socket", PIP_MODULES)
        self._safe_pip = Python(sys.executable, self.place / "safe-pip.socket", SAFE_PIP_MODULES)
        self.policy("")

    def close(self) -> None:
        """End the processes."""
        self._pip.close()
        self._safe_pip.close()

    @property
    def target(self) -> Path:
        return self.place / "target"

    @property
    def cache(self) -> Path:
        return self.place / "cache"

    def policy(self, text: str) -> None:
        """Make *text* the policy."""
        (self.place / "policy.toml").write_text(f"schema = 1\n{text}")

    def renew(self) -> None:
        """Begin anew: an empty environment, no cache."""
        for name in ("target", "cache"):
            shutil.rmtree(self.place / name, ignore_errors=True)
        make_target(self.target, self.pip)

    def install(self, *argv: str, env: Mapping[str, str] | None = None) -> Told:
        """Run ``safe-pip install``."""
        return self.wait(self.start("install", *argv, env=env))

    def start(self, *argv: str, env: Mapping[str, str] | None = None) -> Run:
        """Start ``safe-pip``."""
        start = f"{PREPARE}; forks.start_pip_at({self._pip.address!r})"
        program = ["-c", f"{start}; from safeinstall.__main__ import main; main()"]
        return self._start(self._safe_pip, program, argv, env)

    def real_pip(self, *argv: str, env: Mapping[str, str] | None = None) -> Told:
        """Run the target's pip."""
        return self.wait(self._start(self._pip, ["-m", "pip"], argv, env))

    def wait(self, run: Run) -> Told:
        """Wait for what was started. Raises ``subprocess.TimeoutExpired``."""
        code = run.wait(LIMIT)
        out, err = ((self.place / name).read_text(errors="replace") for name in ("out", "err"))
        return Told(code, self.neutral(out), self.neutral(err))

    def snapshot(self) -> dict[str, bytes]:
        return snapshot(self.target)

    def installed(self) -> dict[str, str]:
        """Return names and versions, but for pip."""
        rows = [path.name.removesuffix(".dist-info").split("-") for path in self.target.rglob("*.dist-info")]
        return {name: version for name, version in sorted(rows) if name != "pip"}

    def leftovers(self) -> list[str]:
        return sorted(path.name for path in (self.place / "tmp").iterdir())

    def neutral(self, text: str) -> str:
        return text.replace(self.index.root, "INDEX").replace(str(self.place), "PLACE")

    def _start(self, python: Python, program: list[str], argv: tuple[str, ...], env: Mapping[str, str] | None) -> Run:
        environ = {**_environ(self.place, self.index), **self.environ, **(env or {})}
        with (self.place / "out").open("w") as out, (self.place / "err").open("w") as err:
            files = {1: out.fileno(), 2: err.fileno()}
            return Run(python.address, [*program, *argv], cwd=str(self.place / "work"), env=environ, files=files)


def _environ(place: Path, index: LocalIndex) -> dict[str, str]:
    return {
        "PATH": f"{place / 'target' / 'bin'}{os.pathsep}{os.environ['PATH']}",
        "VIRTUAL_ENV": str(place / "target"),
        "HOME": str(place / "home"),
        "TMPDIR": str(place / "tmp"),
        "XDG_CONFIG_DIRS": str(place / "home"),
        "LANG": "C.UTF-8",
        "SAFE_PIP_POLICY": str(place / "policy.toml"),
        "SAFE_PIP_CACHE_DIR": str(place / "cache"),
        "SAFE_PIP_STATE_DIR": str(place / "state"),
        "SAFE_PIP_OSV_URL": "http://127.0.0.1:9",
        "SSL_CERT_FILE": str(CERTIFICATE),  # one authority, not all that a run would have to read
        "PIP_CONFIG_FILE": os.devnull,
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "PIP_INDEX_URL": index.url,
        "PIP_RETRIES": "0",
    }
