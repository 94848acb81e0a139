"""``safe-pip`` as a user meets it: a subprocess, a virtual environment to act on, an index, and nothing else."""

from __future__ import annotations

import hashlib
import json
import os
import re
import signal
import subprocess
import sys
import textwrap
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lib.wheels import make_sdist, make_wheel

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from lib.index import IndexFile, LocalIndex

MODULE = (
    (sys.executable, "-P", "-m", "safeinstall")
    if sys.version_info >= (3, 11)
    else (sys.executable, "-m", "safeinstall")
)
CONSOLE_SCRIPT = (str(Path(sys.executable).with_name("safe-pip")),)
TIMEOUT = 60
_HASHES: dict[tuple[int, int, int], str] = {}
KEPT_VARIABLES = ("PATH", "LANG", "LC_ALL", "COVERAGE_PROCESS_START", "COVERAGE_PROCESS_CONFIG", "COVERAGE_FILE")


@dataclass(frozen=True)
class Done:
    """One finished command, its text normalised by :meth:`Shell.neutral`."""

    exit: int
    out: str
    err: str


@dataclass
class Shell:
    """A user at *tmp* whose active virtual environment is *target*, and whose pip looks at *index* alone.

    The user's working directory, home, temporary directory, cache and state are all below *tmp*.
    """

    tmp: Path
    target: Path
    index: LocalIndex
    environ: dict[str, str] = field(default_factory=dict)
    program: tuple[str, ...] = MODULE
    _started: list[subprocess.Popen[str]] = field(default_factory=list, init=False, repr=False)

    def __post_init__(self) -> None:
        for folder in (self.work, self.home, self.temporary):
            folder.mkdir()
        kept = {name: os.environ[name] for name in KEPT_VARIABLES if name in os.environ}
        self.environ = {
            **kept,
            "HOME": str(self.home),
            "TMPDIR": str(self.temporary),
            "VIRTUAL_ENV": str(self.target),
            "PIP_INDEX_URL": self.index.url,
            "PIP_RETRIES": "0",
            "SAFE_PIP_CACHE_DIR": str(self.tmp / "cache"),
            "SAFE_PIP_STATE_DIR": str(self.tmp / "state"),
            "SAFE_PIP_OSV_URL": "http://127.0.0.1:9",  # nobody is there: no test leaves this machine
            **self.environ,
        }

    # --- places

    @property
    def work(self) -> Path:
        return self.tmp / "work"

    @property
    def home(self) -> Path:
        return self.tmp / "home"

    @property
    def temporary(self) -> Path:
        return self.tmp / "tmp"

    @property
    def python(self) -> Path:
        return self.target / "bin" / "python"

    @property
    def site(self) -> Path:
        return site_packages(self.target)

    # --- things to act on

    def offer(self, name: str, version: str, requires: Sequence[str] = (), **listed: Any) -> IndexFile:
        """Put a wheel on the index; *listed* goes to :meth:`LocalIndex.add`, or to :func:`make_wheel`."""
        made = {k: listed.pop(k) for k in ("extras", "requires_python", "files", "entry_points") if k in listed}
        return self.index.add(*make_wheel(name, version, requires, **made), **listed)

    def offer_sdist(self, name: str, version: str, requires: Sequence[str] = (), **made: Any) -> IndexFile:
        """Put a source distribution on the index."""
        return self.index.add(*make_sdist(name, version, requires, **made))

    def write(self, path: str, text: str | bytes) -> Path:
        """Write a file below the working directory."""
        file = self.work / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(text.encode() if isinstance(text, str) else text)
        return file

    def policy(self, text: str) -> None:
        """Make *text* the policy of every run from now on. It is ``policy.toml`` in messages."""
        self.write("policy.toml", f"schema = 1\n{text}")
        self.environ["SAFE_PIP_POLICY"] = "policy.toml"

    # --- acting

    def start(self, *argv: str | Path, env: Mapping[str, str | None] | None = None) -> subprocess.Popen[str]:
        """Start ``safe-pip`` in a process group of its own, as a shell does."""
        changed = {**self.environ, **(env or {})}
        process = subprocess.Popen(
            [*self.program, *map(str, argv)],
            cwd=self.work,
            env={name: value for name, value in changed.items() if value is not None},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        self._started.append(process)
        return process

    def close(self) -> None:
        """End what was started and has not ended, and close its files: a test that fails breaks no other."""
        for process in self._started:
            with process:
                if process.poll() is None:
                    os.killpg(process.pid, signal.SIGKILL)

    def finish(self, process: subprocess.Popen[str]) -> Done:
        """Wait for a started command."""
        try:
            out, err = process.communicate(timeout=TIMEOUT)
        finally:
            process.kill()
        return Done(process.returncode, self.neutral(out), self.neutral(err))

    def run(self, *argv: str | Path, env: Mapping[str, str | None] | None = None) -> Done:
        """Run ``safe-pip``. It must leave no temporary file behind, whatever happens."""
        done = self.finish(self.start(*argv, env=env))
        assert self.leftovers() == [], done
        assert "Traceback" not in done.err, done.err
        assert "internal error" not in done.err, done.err
        return done

    def install(self, *argv: str | Path, env: Mapping[str, str | None] | None = None) -> Done:
        return self.run("install", *argv, env=env)

    def refuses(self, *argv: str | Path, code: int = 10, env: Mapping[str, str | None] | None = None) -> str:
        """Run a command that must change nothing, and return what it says on standard error.

        What pip says of its own failure, it says on standard output, too.
        """
        before = self.snapshot()
        done = self.run(*argv, env=env)
        assert done.exit == code, done
        assert self.snapshot() == before
        assert done.out == "" or code in {1, 2}, done
        return done.err

    def pip(self, *argv: str | Path, env: Mapping[str, str | None] | None = None) -> Done:
        """Run the target's own pip, for comparison."""
        changed = {**self.environ, **(env or {})}
        done = subprocess.run(
            [self.python, "-m", "pip", *map(str, argv)],
            cwd=self.work,
            env={name: value for name, value in changed.items() if value is not None},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=TIMEOUT,
            check=False,
        )
        return Done(done.returncode, self.neutral(done.stdout), self.neutral(done.stderr))

    # --- what is there afterwards

    def snapshot(self) -> dict[str, str]:
        """Return every file of the target and its bytes' hash."""
        return dict(sorted(_files(self.target)))

    def leftovers(self) -> list[str]:
        return sorted(path.name for path in self.temporary.iterdir())

    def installed(self) -> dict[str, str]:
        """Return names and versions in the target, but for what a new environment holds."""
        rows = [path.name.removesuffix(".dist-info").split("-") for path in self.site.glob("*.dist-info")]
        return {name: version for name, version in sorted(rows) if name not in {"pip", "setuptools"}}

    def dist_info(self, name: str) -> dict[str, str]:
        """Return the files of an installed distribution's ``.dist-info`` that pip wrote."""
        (folder,) = self.site.glob(f"{name}-*.dist-info")
        return {path.name: path.read_text() for path in folder.iterdir() if path.is_file()}

    def receipts(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in (self.tmp / "state" / "receipts.jsonl").read_text().splitlines()]

    def neutral(self, text: str) -> str:
        """Replace what differs from run to run: the index's address, the directories, the stage."""
        text = text.replace(self.index.root, "INDEX").replace(str(self.tmp), "TMP")
        return re.sub(r"TMP/tmp/[\w-]+", "TMP/tmp/RANDOM", text)


def told(text: str) -> str:
    """Return a whole message, written in a test as an indented block."""
    return textwrap.dedent(text).removeprefix("\n")


def site_packages(target: Path) -> Path:
    (site,) = target.glob("lib/python*/site-packages")
    return site


def copy_environment(template: Path, target: Path) -> None:
    """Copy a virtual environment. Its files are linked: whoever changes one replaces it, and we look out for the rest."""
    target.mkdir(template.stat().st_mode)
    with os.scandir(template) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                copy_environment(template / entry.name, target / entry.name)
            else:
                os.link(entry.path, target / entry.name, follow_symlinks=False)


def wait_until(condition: Callable[[], object], what: str) -> None:
    """Wait for something that another process or thread does."""
    end = time.monotonic() + TIMEOUT
    while not condition():
        assert time.monotonic() < end, f"no {what}"
        time.sleep(0.01)


def _files(folder: Path | str, above: str = "") -> Iterator[tuple[str, str]]:
    """Yield the files and links below *folder*, and the hash of a file, or where a link leads."""
    with os.scandir(folder) as entries:
        for entry in entries:
            path = f"{above}{entry.name}"
            if entry.is_symlink():
                yield path, str(Path(entry.path).readlink())
            elif entry.is_dir():
                yield from _files(entry.path, f"{path}/")
            elif entry.is_file():
                yield path, _sha256(entry)


def _sha256(file: os.DirEntry[str]) -> str:
    """Environments share their files, so that most of them are read once in a session."""
    status = file.stat()
    key = (status.st_ino, status.st_size, status.st_mtime_ns)
    if status.st_nlink == 1 or key not in _HASHES:
        _HASHES[key] = hashlib.sha256(Path(file.path).read_bytes()).hexdigest()
    return _HASHES[key]
