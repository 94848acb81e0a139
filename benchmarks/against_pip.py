"""Give the same work to pip, to uv (where it is found) and to safe-pip, in turn, and print the ratios.

    python benchmarks/against_pip.py RECORDING [--resolve] [--install] [--pip VERSION] [--runs N] [--json FILE] [SET]

RECORDING is a folder that ``recorded_index.py`` serves from loopback; what it lacks is fetched once from the default
index. Each tool has an environment and caches of its own. "Cold" means empty caches, "warm" the runs after those.
Wall and processor seconds of the whole process tree, peak memory of its largest process; medians; below 1 means less
than pip, and in the last column less wall time than uv at the same work, which for an installation includes bytecode.
Under safe-pip stands how a run of it that does not count spends its time. ``--json`` keeps every run for
``scale_figures.py``. ``--all-rules`` lets safe-pip also work under a policy with every rule, and has a column for that.
Asserts nothing: the machine may be busy. ``--short`` is for CI.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import venv
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING

from all_rules import write_all_rules

if TYPE_CHECKING:
    from collections.abc import Iterator

SETS = ("idna", "requests", "flask sqlalchemy httpx pandas", "jupyterlab", "apache-airflow")
SERVER = Path(__file__).with_name("recorded_index.py")
RESOLVE, INSTALL = "resolve", "install"
PIP, UV, UV_BYTECODE, SAFE_PIP, ALL_RULES = "pip", "uv", "uv bytecode", "safe-pip", "safe-pip all rules"
ALIKE = {RESOLVE: UV, INSTALL: UV_BYTECODE}
"""The uv that does the same work as pip."""
TITLES = {UV: "to uv", UV_BYTECODE: "to uv", SAFE_PIP: "to none"}
"""The column of the wall time in ratio to that of a tool."""

LEFT_OUT = ("PIP_", "UV_", "SAFE_PIP", "PYTHON")
"""How the variables begin that no tool gets: with PYTHONDONTWRITEBYTECODE each run would compile its own modules."""

Figures = tuple[float, ...]
"""Wall and processor seconds, and MiB."""


@dataclass(frozen=True)
class Tool:
    """One program, with an environment and caches of its own."""

    name: str
    work: Path
    index: str
    pristine: Path
    """An environment that holds pip alone."""
    policy: Path | None = None

    @property
    def target(self) -> Path:
        return self.work / "env"

    @property
    def cache(self) -> Path:
        return self.work / "cache"

    def renew(self) -> None:
        """Empty its environment."""
        shutil.rmtree(self.target, ignore_errors=True)
        shutil.copytree(self.pristine, self.target, symlinks=True)

    def forget(self) -> None:
        """Empty its cache."""
        shutil.rmtree(self.cache, ignore_errors=True)

    def environ(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(LEFT_OUT)}
        return kept | {
            "HOME": str(self.work),
            "VIRTUAL_ENV": str(self.target),
            "PIP_INDEX_URL": self.index,
            "PIP_CONFIG_FILE": os.devnull,
            "PIP_CACHE_DIR": str(self.cache),
            "PIP_DISABLE_PIP_VERSION_CHECK": "1",
            "UV_CACHE_DIR": str(self.cache),
            "UV_INDEX_URL": self.index,
            "UV_COMPILE_BYTECODE": str(int(self.name == UV_BYTECODE)),
            "SAFE_PIP_CACHE_DIR": str(self.cache),
            "SAFE_PIP_STATE_DIR": str(self.work / "state"),
        }

    def command(self, words: list[str]) -> list[str]:
        if self.policy:
            policy = ["--policy", str(self.policy)]
            return [sys.executable, "-P", "-m", "safeinstall", *policy, "install", "-q", *words]
        if self.name == PIP:
            return [str(self.target / "bin" / "python"), "-m", "pip", "install", "-q", *words]
        return ["uv", "pip", "install", "-q", *words]

    def run(self, words: list[str]) -> Figures:
        """Do it once."""
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


@dataclass(frozen=True)
class Job:
    """One work, on one set, with a cache or without."""

    work: str
    set: str
    cold: bool

    @property
    def words(self) -> list[str]:
        return [*(["--dry-run"] if self.work == RESOLVE else []), *self.set.split()]

    def do(self, tool: Tool, *more: str) -> Figures:
        """Let *tool* do it once, with *more* options."""
        if self.cold:
            tool.forget()
        if self.work == INSTALL:
            tool.renew()
        return tool.run([*self.words, *more])


@dataclass
class Row:
    """What one tool needed for one job."""

    work: str
    set: str
    cold: bool
    tool: str
    runs: list[Figures] = field(default_factory=list)
    packages: int = 0
    phases: dict[str, float] = field(default_factory=dict)
    """Seconds of safe-pip's phases in a run that does not count, and of that whole run as ``total``."""

    @property
    def medians(self) -> Figures:
        return tuple(map(statistics.median, zip(*self.runs, strict=True)))


def make_pristine(folder: Path, pip: str) -> Path:
    """Make an environment with *pip* of that version."""
    venv.create(folder, with_pip=True, symlinks=True)
    if pip:
        command = [folder / "bin" / "python", "-m", "pip", "install", "-q", f"pip=={pip}"]
        subprocess.run(command, check=True, capture_output=True)
    return folder


@contextmanager
def served(folder: Path, latency: float) -> Iterator[str]:
    """Serve the recording; gives the index's address."""
    command = [sys.executable, str(SERVER), str(folder), "--latency", str(latency)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        yield server.stdout.readline().strip() if server.stdout else ""
        server.communicate("")


def measure(tools: list[Tool], job: Job, runs: int) -> list[Row]:
    """Return what each tool needed; they take turns, so that a busy moment meets them all."""
    rows = {tool.name: Row(**asdict(job), tool=tool.name) for tool in tools}
    for tool in tools:  # this turn fills the recording and the caches, and does not count
        if tool.policy:
            rows[tool.name].packages, rows[tool.name].phases = explain(tool, job)
        elif job.cold:
            job.do(tool)
    for _ in range(runs):
        for tool in tools:
            rows[tool.name].runs.append(job.do(tool))
    packages = max(row.packages for row in rows.values())
    for row in rows.values():
        row.packages = packages
    return list(rows.values())


def explain(tool: Tool, job: Job) -> tuple[int, dict[str, float]]:
    """Let safe-pip report on one run: how many packages it chose, and the seconds of each phase."""
    place = tool.work / "report.json"
    job.do(tool, "--policy-report", f"json={place}")
    report = json.loads(place.read_text())
    chosen = [file for file in report["files"] if file["state"] == "chosen"]
    return len(chosen), {phase["name"]: phase["seconds"] for phase in report["phases"]} | {"total": report["seconds"]}


def heading(bases: list[str]) -> str:
    """Return the first line of a table; each of *bases* has a column of wall times in ratio to its own."""
    ratios = "".join(f"{column:>8}" for column in ("wall", "cpu", "memory", *(TITLES[base] for base in bases)))
    return f"{'set':<24}{'n':>4} {'cache':<6}{'tool':<20}{'wall s':>9}{'cpu s':>8}{'MiB':>8}  {ratios}"


def show(rows: list[Row], bases: list[str]) -> None:
    """Print one line for each tool, and one for the phases of safe-pip."""
    medians = {row.tool: row.medians for row in rows}
    for row in rows:
        pips = [mine / pips for mine, pips in zip(row.medians, medians[PIP], strict=True)]
        walls = [row.medians[0] / medians[base][0] for base in bases if base in medians]
        ratios = "".join(f"{ratio:8.2f}" for ratio in (*pips, *walls))
        figures = "{:9.2f}{:8.2f}{:8.0f}".format(*row.medians)
        cache = "cold" if row.cold else "warm"
        print(f"{row.set[:22]:<24}{row.packages:>4} {cache:<6}{row.tool:<20}{figures}  {ratios}", flush=True)
        if row.phases:
            print(f"{'':<35}{shares(row.phases)}", flush=True)


def shares(phases: dict[str, float]) -> str:
    """Say what share of its time safe-pip spends in each phase."""
    total = phases["total"]
    known = {name: seconds for name, seconds in phases.items() if name != "total"}
    known["the rest"] = total - sum(known.values())
    return ", ".join(f"{name} {seconds:.2f} s ({seconds / total:.0%})" for name, seconds in known.items())


def parse_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("recording", type=Path)
    parser.add_argument("sets", nargs="*", default=SETS, metavar="SET")
    parser.add_argument("--latency", type=float, default=20.0, metavar="MS", help="of each answer; default 20")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--short", action="store_true", help="one run of the smallest set")
    parser.add_argument("--pip", default="", help="the target's pip version; default: the one that venv brings")
    parser.add_argument("--resolve", action="append_const", dest="works", const=RESOLVE, help="--dry-run; the default")
    parser.add_argument("--install", action="append_const", dest="works", const=INSTALL, help="install for real")
    parser.add_argument("--policy", type=Path, help="safe-pip's; default: one without rules")
    parser.add_argument("--all-rules", action="store_true", help="safe-pip once more, with every rule")
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_intermixed_args()
    if arguments.short:
        arguments.sets, arguments.runs = SETS[:1], 1
    return arguments


def tools_for(work: str, arguments: argparse.Namespace, folder: Path, index: str) -> list[Tool]:
    """Return the tools that take turns at *work*."""
    none = folder / "nothing.toml"
    none.write_text("schema = 1\n")
    policies: dict[str, Path | None] = {PIP: None}
    policies |= dict.fromkeys((UV, ALIKE[work]) if shutil.which("uv") else ())
    policies[SAFE_PIP] = arguments.policy or none
    policies |= {ALL_RULES: write_all_rules(folder)} if arguments.all_rules else {}
    return [
        Tool(name, folder / work / name.replace(" ", "-"), index, folder / "pristine", policy)
        for name, policy in policies.items()
    ]


def carry_out(arguments: argparse.Namespace, folder: Path, index: str) -> Iterator[list[Row]]:
    """Measure everything, print it, and give what was found for each job."""
    make_pristine(folder / "pristine", arguments.pip)
    for work in arguments.works or [RESOLVE]:
        tools = tools_for(work, arguments, folder, index)
        for tool in tools:
            tool.renew()
        bases = [ALIKE[work], *([SAFE_PIP] if arguments.all_rules else [])]
        print(f"{work}\n{heading(bases)}")
        for job in (Job(work, each, cold) for each in arguments.sets for cold in (True, False)):
            rows = measure(tools, job, arguments.runs)
            show(rows, bases)
            yield rows


def keep(place: Path, arguments: argparse.Namespace, rows: list[Row]) -> None:
    """Write down how it was measured, and every run."""
    told = {
        "date": datetime.now(timezone.utc).date().isoformat(), "pip": arguments.pip, "latency": arguments.latency,
        "runs": arguments.runs, "python": platform.python_version(), "processors": os.cpu_count(),
    }  # fmt: skip
    place.write_text(json.dumps({**told, "rows": [asdict(row) for row in rows]}, indent=1))


def main() -> None:
    """Print tables, and keep the same as JSON if asked to: what is measured is kept, should the rest be stopped."""
    arguments, rows = parse_arguments(), []
    with tempfile.TemporaryDirectory() as folder, served(arguments.recording, arguments.latency) as index:
        for found in carry_out(arguments, Path(folder), index):
            rows += found
            if arguments.json:
                keep(arguments.json, arguments, rows)


if __name__ == "__main__":
    main()
