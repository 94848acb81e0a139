"""How long a search takes that finds nothing, for pip and for safe-pip, in one run on one index on loopback.

    python benchmarks/searches.py [--pip VERSION ...] [N,V ...]

Projects p0 to p(N-1) in versions 1 to V bind each other so that nothing can be had (``projects`` below). Prints wall
seconds and the ratio to pip, the tools taking turns; asserts nothing: the machine may be busy.
"""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from argparse import ArgumentParser
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from lib.index import LocalIndex
from lib.targets import Pip, find_pip, make_target
from lib.wheels import make_wheel

if TYPE_CHECKING:
    from collections.abc import Iterator

SIZES = ("6,10", "6,8", "8,15")
PIPS = ("26.3", "23.2.1")
REQUEST = ["install", "--dry-run", "p0"]
LONGEST = 600
"""Seconds after which a run is given up."""


def projects(number: int, versions: int) -> Iterator[tuple[str, str, list[str]]]:
    """Yield name, version and requirements of each file."""
    for place in range(number):
        for version in range(1, versions + 1):
            is_last = place == number - 1
            following = f"nowhere=={version}" if is_last else f"p{place + 1}!={version}"
            yield f"p{place}", f"{version}.0", [following, f"p{(place + 3) % number}<={version}"]


def measure(command: list[str], work: Path, index: str) -> float:
    """Return wall seconds of one run with empty caches."""
    shutil.rmtree(work / "cache", ignore_errors=True)
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("PIP_", "SAFE_PIP"))}
    environ |= {
        "HOME": str(work), "VIRTUAL_ENV": str(work / "env"), "PIP_INDEX_URL": index, "PIP_CONFIG_FILE": os.devnull,
        "PIP_CACHE_DIR": str(work / "cache"), "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "SAFE_PIP_CACHE_DIR": str(work / "cache"), "SAFE_PIP_STATE_DIR": str(work / "state"),
        "SAFE_PIP_POLICY": str(work / "policy.toml"),
    }  # fmt: skip
    start = time.perf_counter()
    done = subprocess.run(command, check=False, env=environ, capture_output=True, text=True, timeout=LONGEST)
    if done.returncode != 1:
        raise SystemExit(f"{' '.join(command)} ended with {done.returncode}:\n{done.stderr[-2000:]}")
    return time.perf_counter() - start


def compare(pip: Pip, size: str, runs: int) -> None:
    """Print one line."""
    with tempfile.TemporaryDirectory() as folder, LocalIndex() as index:
        work = Path(folder)
        (work / "policy.toml").write_text("schema = 1\n")
        python = str(make_target(work / "env", pip))
        for name, version, requires in projects(*map(int, size.split(","))):
            index.add(*make_wheel(name, version, requires))
        programs = [[python, "-m", "pip"], [sys.executable, "-P", "-m", "safeinstall"]]
        seconds = [[measure([*program, *REQUEST], work, index.url) for program in programs] for _ in range(runs)]
    its, ours = (statistics.median(column) for column in zip(*seconds, strict=True))
    print(
        f"pip {pip.version:8} n,V = {size:6} pip {its:7.2f} s   safe-pip {ours:7.2f} s   ratio {ours / its:5.2f}",
        flush=True,
    )


def main() -> None:
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("sizes", nargs="*", default=SIZES, metavar="N,V")
    parser.add_argument("--pip", nargs="+", default=PIPS)
    parser.add_argument("--runs", type=int, default=1)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        for version in arguments.pip:
            pip = find_pip(version, Path(folder))
            if isinstance(pip, str):
                raise SystemExit(pip)
            for size in arguments.sizes:
                compare(pip, size, arguments.runs)


if __name__ == "__main__":
    main()
