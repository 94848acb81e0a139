"""Install mutants: ``python tests/fuzz/installs.py --runs 5000 --seed 1``. Fails if anything was wrong with one."""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections import Counter
from importlib.metadata import version
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))


def main() -> int:
    """Make and install them."""
    from lib.installs import Installs
    from lib.mutants import mutant
    from lib.targets import Pip, find_pip

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5000)
    parser.add_argument("--start", type=int, default=0)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--only", type=int, nargs="*", help="these numbers alone")
    parser.add_argument("--keep", type=int, nargs="*", help="these changes alone, counted from 0")
    parser.add_argument("--pip", default=version("pip"), help="the pip of the target")
    parser.add_argument("--beside", action="store_true", help="let pip alone do the same, and note where it ends badly")
    parser.add_argument("--show", action="store_true", help="print what each run says")
    wanted = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        pip = find_pip(wanted.pip, Path(folder) / "pips")
        if not isinstance(pip, Pip):
            sys.exit(pip)
        installs = Installs(Path(folder) / "user", pip)
        kinds: Counter[str] = Counter()
        notes: Counter[str] = Counter()
        started = time.monotonic()
        try:
            for number in wanted.only or range(wanted.start, wanted.start + wanted.runs):
                made = mutant(wanted.seed, number, wanted.keep)
                told, problems = installs.run(made)
                if wanted.show and told:
                    print(f"{number}: exit {told.exit}: {made.changes}\n{told.out}{told.err}", flush=True)
                for problem in problems:
                    kinds[problem.kind] += 1
                    print(
                        f"## {number} of seed {wanted.seed}: {problem.kind}: {made.changes}\n  {problem.text}",
                        flush=True,
                    )
                if wanted.beside and told:
                    code, said, same = installs.real_pip(made)
                    bad = "a traceback" if "Traceback" in said else "half" if code and not same else f"exit {code}"
                    notes[f"safe-pip {told.exit}, pip {bad}"] += 1
                    if bad in {"a traceback", "half"} or told.exit != code:
                        print(
                            f"-- {number}: safe-pip {told.exit}, pip {bad}: {made.changes}\n   {said.strip().splitlines()[-1:]}"
                        )
        finally:
            installs.close()
    for note, count in sorted(notes.items()):
        print(f"{count:6} {note}")
    for kind, count in kinds.most_common():
        print(f"{count:6} {kind}")
    ends = ", ".join(f"{count} of exit {code}" for code, count in sorted(installs.ends.items()))
    print(
        f"seed {wanted.seed}, pip {wanted.pip}: {ends}; {time.monotonic() - started:.0f} s, "
        f"the longest {installs.longest:.1f} s; {sum(kinds.values())} problems"
    )
    return 1 if kinds else 0


if __name__ == "__main__":
    sys.exit(main())
