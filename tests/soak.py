"""Run the soak: ``python tests/soak.py --runs 500 --seed 1``. Prints what was wrong, and fails if anything was.

With ``--together 8`` each run is made by eight users at once, who share a cache.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path

from lib.index import LocalIndex
from lib.quick import Quick
from lib.soak import Soak
from lib.targets import Pip, find_pip


def main() -> int:
    """Soak."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=500)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--only", type=int, help="this run alone")
    parser.add_argument("--together", type=int, default=1, help="so many users at once, with one cache")
    parser.add_argument("--pip", default=version("pip"), help="the pip of the target")
    wanted = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, LocalIndex() as index:
        pip = find_pip(wanted.pip, Path(folder))
        if not isinstance(pip, Pip):
            sys.exit(pip)
        users = [Quick(Path(folder) / f"user{number}", pip, index) for number in range(wanted.together)]
        soak = Soak(users[0], index, wanted.seed, users[1:])
        run = soak.run if wanted.together == 1 else soak.run_together
        problems = 0
        try:
            for number in range(wanted.runs) if wanted.only is None else [wanted.only]:
                for problem in run(number):
                    problems += 1
                    print(f"run {number} of seed {wanted.seed}: {problem}", flush=True)
        finally:
            for user in users:
                user.close()
    ends = ", ".join(f"{count} {kind}" for kind, count in sorted(soak.ends.items()))
    print(f"seed {wanted.seed}, pip {wanted.pip}: {ends}; the longest took {soak.longest:.1f} s; {problems} problems")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
