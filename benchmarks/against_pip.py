"""Give the same work to pip, to safe-pip and (where it is found) to uv, in turn, and print the ratios to pip.

    python benchmarks/against_pip.py RECORDING [--latency MS] [--install] [--runs N] [--policy FILE ...] [SET ...]

RECORDING is a folder that ``recorded_index.py`` serves from loopback; what it lacks is fetched once from the default
index. Each tool has an environment and caches of its own. "Cold" means empty caches, "warm" the run after that one.
Wall and processor seconds of the whole process tree, peak memory of its largest process; medians; below 1 means less
than pip. Asserts nothing: the machine may be busy. ``--short`` is for CI.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import venv
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

SETS = ("requests", "flask sqlalchemy httpx pandas", "jupyterlab", "apache-airflow")
SERVER = Path(__file__).with_name("recorded_index.py")
COLUMNS = ("wall", "cpu", "memory")


@dataclass(frozen=True)
class Tool:
    """One program, with an environment and caches of its own."""

    name: str
    work: Path
    index: str
    policy: str = ""

    @property
    def target(self) -> Path:
        return self.work / "env"

    @property
    def cache(self) -> Path:
        return self.work / "cache"

    def create(self, pip: str) -> None:
        """Make its environment, with *pip* of that version."""
        venv.create(self.work / "pristine", with_pip=True, symlinks=True)
        if pip:
            python = self.work / "pristine" / "bin" / "python"
            subprocess.run([python, "-m", "pip", "install", "-q", f"pip=={pip}"], check=True, capture_output=True)
        self.renew()

    def renew(self) -> None:
        """Empty its environment."""
        shutil.rmtree(self.target, ignore_errors=True)
        shutil.copytree(self.work / "pristine", self.target, symlinks=True)

    def environ(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("PIP_", "UV_", "SAFE_PIP"))}
        return kept | {
            "HOME": str(self.work),
            "VIRTUAL_ENV": str(self.target),
            "PIP_INDEX_URL": self.index,
            "PIP_CONFIG_FILE": os.devnull,
            "PIP_CACHE_DIR": str(self.cache),
            "PIP_DISABLE_PIP_VERSION_CHECK": "1",
            "UV_CACHE_DIR": str(self.cache),
            "UV_INDEX_URL": self.index,
            "UV_COMPILE_BYTECODE": "1",
            "SAFE_PIP_CACHE_DIR": str(self.cache),
            "SAFE_PIP_STATE_DIR": str(self.work / "state"),
        }

    def command(self, words: list[str]) -> list[str]:
        python = str(self.target / "bin" / "python")
        if self.name == "pip":
            return [python, "-m", "pip", "install", "-q", *words]
        if self.name == "uv":
            return ["uv", "pip", "install", "-q", *words]
        return [sys.executable, "-P", "-m", "safeinstall", "--policy", self.policy, "install", "-q", *words]

    def run(self, words: list[str]) -> tuple[float, ...]:
        """Return wall and processor seconds, and MiB."""
        start = time.perf_counter()
        process = subprocess.Popen(
            self.command(words), env=self.environ(), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
        )
        said = process.stderr.read() if process.stderr else b""
        _, status, used = os.wait4(process.pid, 0)
        wall = time.perf_counter() - start
        if status:
            raise SystemExit(f"{self.name} {' '.join(words)} ended with {status}:\n{said.decode()[-2000:]}")
        return wall, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024


@contextmanager
def served(folder: Path, latency: float) -> Iterator[str]:
    """Serve the recording; gives the index's address."""
    command = [sys.executable, str(SERVER), str(folder), "--latency", str(latency)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        yield server.stdout.readline().strip() if server.stdout else ""
        server.communicate("")


def measure(tools: list[Tool], words: list[str], *, cold: bool, runs: int) -> dict[str, tuple[float, ...]]:
    """Return each tool's medians; the tools take turns, so that a busy moment meets them all."""
    rows: dict[str, list[tuple[float, ...]]] = {tool.name: [] for tool in tools}
    for number in range(runs + 1):  # the first turn fills the recording and the caches, and does not count
        for tool in tools:
            if cold:
                shutil.rmtree(tool.cache, ignore_errors=True)
            if "--dry-run" not in words:
                tool.renew()
            row = tool.run(words)
            if number:
                rows[tool.name].append(row)
    return {name: tuple(map(statistics.median, zip(*found, strict=True))) for name, found in rows.items()}


def show(words: str, *, cold: bool, medians: dict[str, tuple[float, ...]]) -> None:
    """Print one line for each tool."""
    for name, row in medians.items():
        ratios = "".join(f"{mine / pips:8.2f}" for mine, pips in zip(row, medians["pip"], strict=True))
        figures = f"{row[0]:9.2f}{row[1]:8.2f}{row[2]:8.0f}"
        print(f"{words[:22]:<24}{'cold' if cold else 'warm':<6}{name:<20}{figures}  {ratios}", flush=True)


def parse_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("recording", type=Path)
    parser.add_argument("sets", nargs="*", default=SETS, metavar="SET")
    parser.add_argument("--latency", type=float, default=20.0, metavar="MS", help="of each answer; default 20")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--short", action="store_true", help="one run of the smallest set")
    parser.add_argument("--pip", default="", help="the target's pip version; default: the one that venv brings")
    parser.add_argument("--install", action="store_true", help="install for real instead of --dry-run")
    parser.add_argument("--policy", action="append", default=[], help="default: a policy without rules")
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_intermixed_args()
    if arguments.short:
        arguments.sets, arguments.runs = SETS[:1], 1
    return arguments


def main() -> None:
    """Print a table, and the same as JSON if asked to."""
    arguments, rows = parse_arguments(), []
    with tempfile.TemporaryDirectory() as folder, served(arguments.recording, arguments.latency) as index:
        work = Path(folder)
        (work / "nothing.toml").write_text("schema = 1\n")
        policies = arguments.policy or [str(work / "nothing.toml")]
        tools = [Tool("pip", work / "pip", index)]
        tools += [Tool("uv", work / "uv", index)] if shutil.which("uv") else []
        tools += [
            Tool(
                "safe-pip" if len(policies) == 1 else f"safe-pip {Path(policy).stem}", work / str(place), index, policy
            )
            for place, policy in enumerate(policies)
        ]
        for tool in tools:
            tool.create(arguments.pip)
        ratios = "".join(f"{column:>8}" for column in COLUMNS)
        print(f"{'set':<24}{'cache':<6}{'tool':<20}{'wall s':>9}{'cpu s':>8}{'MiB':>8}  {ratios}")
        for words in arguments.sets:
            job = [*([] if arguments.install else ["--dry-run"]), *words.split()]
            for cold in (True, False):
                medians = measure(tools, job, cold=cold, runs=arguments.runs)
                show(words, cold=cold, medians=medians)
                rows += [
                    {"set": words, "cold": cold, "tool": name, **dict(zip(COLUMNS, row, strict=True))}
                    for name, row in medians.items()
                ]
    if arguments.json:
        arguments.json.write_text(json.dumps(rows, indent=2))


if __name__ == "__main__":
    main()
