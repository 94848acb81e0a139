"""One installation, made by pip and by safe-pip at the same path, one after the other, and what each of them leaves."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from lib.shell import KEPT_VARIABLES, MODULE
from lib.targets import make_target
from lib.trees import differences, read_tree

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from lib.targets import Pip
    from lib.trees import Tree

IMPORTS = Path(__file__).with_name("in_target") / "imports.py"
PIP, COLD, WARM = "pip", "cold", "warm"
WAYS = (PIP, COLD, WARM)
"""pip; safe-pip that knows nothing yet; the same with what it has kept then."""
LIMIT = 1200
"""Seconds that no installation takes."""
LINES, LINE = 20, 400
"""How many differences are told, and how much of each."""
COARSE = 0.05
"""Seconds by which the times of files are behind the clock."""
NOT_COMPILED = re.compile(r"^\*\*\* .*?Error:.*?$", re.MULTILINE | re.DOTALL)
"""What ``compileall`` says of a module."""


@dataclass(frozen=True)
class Asked:
    """What is installed, and how."""

    commands: Sequence[Sequence[str]]
    """Arguments of pip, one command after the other; ``{here}`` is :attr:`BothWays.here`, ``{root}`` the index's."""
    modules: Sequence[str] = ()
    """What is imported afterwards; all that lies at the top if there are none."""
    env: Mapping[str, str] = field(default_factory=dict)
    umask: int = 0o022
    system_site: bool = False
    """Whether the environment sees the packages of its base, which ``--user`` asks for."""


@dataclass(frozen=True)
class Left:
    """What one way has left."""

    root: Path
    """Where that is now."""
    tree: Tree
    imported: object
    """What ``in_target/imports.py`` says."""
    not_compiled: list[str]
    """What pip's log says of modules that cannot be compiled."""


@dataclass
class BothWays:
    """A user whose environment, user site and working directory are the same folders whoever installs.

    They lie in ``here``, which each way finds anew; caches and state lie beside it.
    """

    place: Path
    pip: Pip
    index: str
    base: Path | None = None
    """The interpreter of the environment; ours if there is none."""
    left: dict[str, Left] = field(default_factory=dict)

    @property
    def here(self) -> Path:
        return self.place / "here"

    @property
    def target(self) -> Path:
        return self.here / "env"

    @property
    def pycache(self) -> Path:
        """Where compiled files go that have a folder of their own (``PYTHONPYCACHEPREFIX``)."""
        return self.here / "pycache"

    def install(self, asked: Asked, way: str) -> None:
        """Install *way*, and move what is there then aside."""
        self._renew(asked)
        since = time.time() - COARSE
        for number, words in enumerate(asked.commands):
            argv = [word.format(here=self.here, root=self.index.removesuffix("/simple/")) for word in words]
            self._run(way, [*argv, "--log", str(self.place / f"{way}.{number}.log")], asked)
        tree = {path: entry for path, entry in read_tree(self.here, since, self.pycache).items() if self._counts(path)}
        imported = self._imported(asked)
        root = self.here.rename(self.place / way)
        logs = [path.read_text() for path in sorted(self.place.glob(f"{way}.*.log"))]
        self.left[way] = Left(root, tree, imported, [text for log in logs for text in said_of_modules(log)])

    def differences(self, way: str) -> str:
        """Say in what *way* differs from pip: nothing if it does not."""
        pip, ours = self.left[PIP], self.left[way]
        said = differences((pip.root, pip.tree), (ours.root, ours.tree), self._python)
        said += [] if ours.imported == pip.imported else _unlike("imports", pip.imported, ours.imported)
        said += _unlike("log", pip.not_compiled, ours.not_compiled)
        return "\n".join(line[:LINE] for line in said[:LINES])

    @property
    def _python(self) -> Path:
        return self.base or Path(sys.executable)

    def _renew(self, asked: Asked) -> None:
        shutil.rmtree(self.here, ignore_errors=True)
        for folder in (self.here / "work", self.place / "home", self.place / "tmp"):
            folder.mkdir(parents=True, exist_ok=True)
        make_target(self.target, self.pip, self.base)
        configuration = self.target / "pyvenv.cfg"
        if asked.system_site:
            configuration.write_text(configuration.read_text().replace("packages = false", "packages = true"))
        os.utime(configuration, (0, 0))  # of long ago, as whatever an installation finds

    def _run(self, way: str, argv: Sequence[str], asked: Asked) -> None:
        program = [str(self.target / "bin" / "python"), "-m", "pip"] if way == PIP else MODULE
        done = subprocess.run(
            [*program, *argv], env=self._environ(asked), cwd=self.here / "work", umask=asked.umask,
            stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=LIMIT, check=False,
        )  # fmt: skip
        assert done.returncode == 0, f"{way}: {done.stdout[-2000:]}{done.stderr[-2000:]}"

    def _environ(self, asked: Asked) -> dict[str, str]:
        kept = {name: os.environ[name] for name in KEPT_VARIABLES if name in os.environ}
        policy = self.place / "policy.toml"
        policy.write_text("schema = 1\n")
        return {
            **kept,
            "HOME": str(self.place / "home"),
            "PYTHONUSERBASE": str(self.here / "user"),
            "TMPDIR": str(self.place / "tmp"),
            "VIRTUAL_ENV": str(self.target),
            "PIP_CONFIG_FILE": os.devnull,
            "PIP_CACHE_DIR": str(self.place / "pip-cache"),
            "PIP_DISABLE_PIP_VERSION_CHECK": "1",
            "PIP_INDEX_URL": self.index,
            "PIP_RETRIES": "0",
            "SAFE_PIP_POLICY": str(policy),
            "SAFE_PIP_CACHE_DIR": str(self.place / "cache"),
            "SAFE_PIP_STATE_DIR": str(self.place / "state"),
            "SAFE_PIP_OSV_URL": "http://127.0.0.1:9",
            **{name: value.format(here=self.here) for name, value in asked.env.items()},
        }

    def _counts(self, path: str) -> bool:
        """Whether *path* is of what was installed: in a cache prefix are also the modules of pip and Python."""
        prefix = f"pycache{self.here}/"
        if not path.startswith("pycache"):
            return True
        return path.startswith(prefix) and "/site-packages/pip" not in path

    def _imported(self, asked: Asked) -> object:
        answer = self.place / "imported.json"
        answer.unlink(missing_ok=True)
        command = [self.target / "bin" / "python", IMPORTS, self.here, answer, *(asked.modules or self._tops())]
        done = subprocess.run(
            command, env=self._environ(asked), cwd=self.here / "work", stdin=subprocess.DEVNULL,
            capture_output=True, text=True, timeout=LIMIT, check=False,
        )  # fmt: skip
        assert answer.exists(), f"{done.returncode}: {done.stdout[-2000:]}{done.stderr[-2000:]}"
        return json.loads(answer.read_text())

    def _tops(self) -> list[str]:
        """Return the modules at the top of the environment, but for pip's."""
        (site,) = self.target.glob("lib/python*/site-packages")
        packages = [path.parent.name for path in site.glob("*/__init__.py")]
        modules = [path.stem for path in site.glob("*.py")]
        return sorted(name for name in packages + modules if name.isidentifier() and name != "pip")


def said_of_modules(log: str) -> list[str]:
    """Return what a log of pip says of modules that cannot be compiled."""
    for changing in (r"^\d{4}-\d\d-\S+ ( +)?", r"(safe-pip-\w+/)?pip-target-\w+/"):
        log = re.sub(changing, "", log, flags=re.MULTILINE)
    return NOT_COMPILED.findall(log)


def _unlike(where: str, pips: object, ours: object) -> list[str]:
    """Say where two values of JSON differ."""
    if isinstance(pips, dict) and isinstance(ours, dict):
        keys = sorted(pips.keys() | ours.keys())
        return [said for key in keys for said in _unlike(f"{where}: {key}", pips.get(key), ours.get(key))]
    return [] if pips == ours else [f"{where}: {ours}, pip: {pips}"]
