"""Give the same work to pip and to safe-pip, in turn, and print the ratios.

    python benchmarks/against_pip.py [--runs N] [--install] [SET ...]

Uses the default index as pip is configured, a policy that allows all, and an environment of its own for each tool.
"Cold" means empty caches of both, "warm" the run after it. Whole-process wall and processor time; medians; below
1 means safe-pip was faster. Asserts nothing: the machine may be busy.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import venv
from pathlib import Path

SETS = ("requests", "apache-airflow")


def measured(command: list[str], environ: dict[str, str]) -> tuple[float, float]:
    """Run *command*; return wall and processor seconds of it and its children."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    start = time.perf_counter()
    done = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)
    wall = time.perf_counter() - start
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)} ended with {done.returncode}:\n{done.stderr[-2000:]}")
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


class Tool:
    """One of the two programs, with an environment and caches of its own."""

    def __init__(self, name: str, work: Path, pip: str) -> None:
        self.name, self.work, self.target, self.cache = name, work, work / f"{name}-env", work / f"{name}-cache"
        venv.create(self.target, with_pip=True)
        if pip:
            subprocess.run([self.python, "-m", "pip", "install", "-q", f"pip=={pip}"], check=True, capture_output=True)
        shutil.copytree(self.target, self.pristine, symlinks=True)

    @property
    def pristine(self) -> Path:
        return self.work / f"{self.name}-pristine"

    @property
    def python(self) -> str:
        return str(self.target / "bin" / "python")

    @property
    def environ(self) -> dict[str, str]:
        names = {"VIRTUAL_ENV": str(self.target), "SAFE_PIP_CACHE_DIR": str(self.cache)}
        return {**os.environ, **names, "PIP_CACHE_DIR": str(self.cache / "pip"), "SAFE_PIP_STATE_DIR": str(self.work)}

    def command(self, words: list[str]) -> list[str]:
        if self.name == "pip":
            return [self.python, "-m", "pip", "install", "-q", *words]
        return [sys.executable, "-m", "safeinstall", "--policy", str(self.work / "allow.toml"), "install", "-q", *words]

    def run(self, words: list[str], *, cold: bool, renew: bool) -> tuple[float, float]:
        if cold:
            shutil.rmtree(self.cache, ignore_errors=True)
        if renew:
            shutil.rmtree(self.target)
            shutil.copytree(self.pristine, self.target, symlinks=True)
        return measured(self.command(words), self.environ)


def compare(tools: list[Tool], words: list[str], *, cold: bool, renew: bool, runs: int) -> dict[str, float]:
    """Return the medians of all tools and the ratios of the second to the first."""
    times: dict[str, list[tuple[float, float]]] = {tool.name: [] for tool in tools}
    if not cold:
        for tool in tools:
            tool.run(words, cold=False, renew=renew)
    for _ in range(runs):
        for tool in tools:
            times[tool.name].append(tool.run(words, cold=cold, renew=renew))
    row: dict[str, float] = {}
    for name, found in times.items():
        row[f"{name}_wall"], row[f"{name}_cpu"] = (statistics.median(column) for column in zip(*found, strict=True))
    return row | {f"ratio_{kind}": row[f"safe-pip_{kind}"] / row[f"pip_{kind}"] for kind in ("wall", "cpu")}


def main() -> None:
    """Print a table, and the same as JSON if asked to."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sets", nargs="*", default=SETS, metavar="SET")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--pip", default="", help="the target's pip version; default: the one that venv brings")
    parser.add_argument("--install", action="store_true", help="install for real instead of --dry-run")
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        (work / "allow.toml").write_text("schema = 1\n")
        tools = [Tool(name, work, arguments.pip) for name in ("pip", "safe-pip")]
        rows = []
        print(f"{'set':<28}{'cache':<7}{'pip s':>8}{'safe-pip s':>12}{'wall':>7}{'cpu':>7}")
        for words in arguments.sets:
            for cold in (True, False):
                job = words.split() if arguments.install else ["--dry-run", *words.split()]
                row = compare(tools, job, cold=cold, renew=arguments.install, runs=arguments.runs)
                rows.append({"set": words, "cold": cold, **row})
                print(
                    f"{words:<28}{'cold' if cold else 'warm':<7}{row['pip_wall']:>8.2f}{row['safe-pip_wall']:>12.2f}"
                    f"{row['ratio_wall']:>7.2f}{row['ratio_cpu']:>7.2f}",
                    flush=True,
                )
        if arguments.json:
            arguments.json.write_text(json.dumps(rows, indent=2))


if __name__ == "__main__":
    main()
