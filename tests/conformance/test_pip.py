"""safe-pip against pip: the same command on the same indexes must end the same way (``lib/cases.py`` has the format).

Nothing here says what is right: pip does. Where safe-pip means to differ, the case names the heading in
``docs/compatibility.md`` that gives the reason.
"""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from lib.cases import CASES, differences, load_case, run_case
from lib.targets import find_pip
from packaging.specifiers import SpecifierSet

PIPS = ("23.2.1", "26.3")
LOADED = [load_case(path) for path in sorted(CASES.rglob("*.toml"))]
COMPATIBILITY = Path(__file__).parents[2] / "docs" / "compatibility.md"
RUNS = [(pip, case) for pip in PIPS for case in LOADED if SpecifierSet(case.pip).contains(pip)]


@pytest.fixture(scope="session")
def pips(request):
    """Each pip, or why it cannot be had."""
    return {pip: find_pip(pip, Path(request.config.cache.mkdir("pips"))) for pip in PIPS}


@pytest.fixture(scope="session")
def results(request, pips, tmp_path_factory):
    """Run all selected cases, two at a time: they mostly wait for processes."""
    own = [item for item in request.session.items if getattr(item, "originalname", "") == test_safe_pip_does.__name__]
    with ThreadPoolExecutor(2) as pool:
        futures = {}
        for pip, case in (item.callspec.params["run"] for item in own):
            if not isinstance(pips[pip], str):
                place = tmp_path_factory.mktemp("case")
                futures[pip, case.name] = pool.submit(run_case, case, pips[pip], place)
        yield futures
        pool.shutdown(cancel_futures=True)


@pytest.mark.parametrize("run", RUNS, ids=[f"{case.name}-{pip}" for pip, case in RUNS])
def test_safe_pip_does(run, pips, results):
    version, case = run
    if isinstance(pips[version], str):
        pytest.skip(pips[version])
    pip, safe = results[version, case.name].result()
    where = f"{case.why}\n--- pip\n{pip.stdout}{pip.stderr}\n--- safe-pip\n{safe.stdout}{safe.stderr}"
    assert pip.exit == case.exit, where
    assert case.chosen is None or pip.chosen == sorted(case.chosen), where
    assert case.safe_exit in {None, safe.exit}, where
    unequal = [line for line in differences(pip, safe) if not line.startswith(case.differs)]
    assert not unequal, "\n".join([*unequal, where])


def test_each_difference_has_its_reason_written_down():
    headings = re.findall(r"^### (.+)$", COMPATIBILITY.read_text(encoding="utf-8"), re.MULTILINE)
    assert {case.difference for case in LOADED if case.difference} == set(headings)
