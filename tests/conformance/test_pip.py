"""safe-pip against pip: the same command on the same indexes must end the same way (``lib/cases.py`` has the format).

Nothing here says what is right: pip does. Where safe-pip means to differ, the case names the heading in
``docs/compatibility.md`` that gives the reason.
"""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue

import pytest
from lib.cases import CASES, Bench, Case, Result, differences, error_differences, load_case
from lib.targets import Pip, find_pip
from packaging.specifiers import SpecifierSet

PIPS = ("23.2.1", "26.3")
WORKERS = 2
LOADED = [load_case(path) for path in sorted(CASES.rglob("*.toml"))]
COMPATIBILITY = Path(__file__).parents[2] / "docs" / "compatibility.md"
RUNS = [(pip, case) for pip in PIPS for case in LOADED if SpecifierSet(case.pip).contains(pip)]
NEWEST, MOST, FEW, SLOW = PIPS[-1], 4, 60, pytest.mark.slow
MARKED = [
    # Three of four cases meet the newest pip they are for, and every sixtieth the older one; the rest is not for each gate.
    run
    if (run[0] == NEWEST and place % MOST) or place % FEW == 0 or (NEWEST, run[1]) not in RUNS
    else pytest.param(run, marks=SLOW)
    for place, run in enumerate(RUNS)
]


@pytest.fixture(scope="session")
def pips(request):
    """Each pip, or why it cannot be had."""
    return {version: find_pip(version, Path(request.config.cache.mkdir("pips"))) for version in PIPS}


@pytest.fixture(scope="session")
def results(request, pips, tmp_path_factory):
    """Run all selected cases, two at a time."""
    own = [item for item in request.session.items if getattr(item, "originalname", "") == test_safe_pip_does.__name__]
    benches: dict[str, SimpleQueue[Bench]] = {}
    for pip in (pip for pip in pips.values() if isinstance(pip, Pip)):
        benches[pip.version] = SimpleQueue()
        for number in range(WORKERS):
            benches[pip.version].put(Bench(tmp_path_factory.mktemp("bench") / str(number), pip))

    def run(pip: str, case: Case) -> tuple[Result, Result]:
        bench = benches[pip].get()
        try:
            return bench.run(case)
        finally:
            benches[pip].put(bench)

    with ThreadPoolExecutor(WORKERS) as pool:
        futures = {}
        for pip, case in (item.callspec.params["run"] for item in own):
            if pip in benches:
                futures[pip, case.name] = pool.submit(run, pip, case)
        yield futures
        pool.shutdown(cancel_futures=True)
    for queue in benches.values():
        for _ in range(WORKERS):
            queue.get().close()


@pytest.mark.xdist_group("pip")  # one process of the run has them all, and makes its benches once
@pytest.mark.parametrize("run", MARKED, ids=[f"{case.name}-{pip}" for pip, case in RUNS])
def test_safe_pip_does(run, pips, results):
    version, case = run
    if isinstance(pips[version], str):
        pytest.skip(pips[version])
    pip, safe = results[version, case.name].result()
    where = f"{case.why}\n--- pip\n{pip.stdout}{pip.stderr}\n--- safe-pip\n{safe.stdout}{safe.stderr}"
    assert pip.exit == case.exit, where
    assert case.chosen is None or pip.chosen == sorted(case.chosen), where
    assert case.safe_exit in {None, safe.exit}, where
    lines = differences(pip, safe) + (error_differences(pip, safe) if case.same_error else [])
    unequal = [line for line in lines if not line.startswith(case.differs)]
    assert not unequal, "\n".join([*unequal, where])
    assert all(any(line.startswith(known) for line in lines) for known in case.differs), where


def test_each_difference_has_its_reason_written_down():
    section = COMPATIBILITY.read_text(encoding="utf-8").partition("## Differences\n")[2].partition("\n## ")[0]
    headings = re.findall(r"^### (.+)$", section, re.MULTILINE)
    assert {case.difference for case in LOADED if case.difference} == set(headings)
