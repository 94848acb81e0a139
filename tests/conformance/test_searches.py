"""The search is pip's, pin for pin: what each pip's resolver did, and what ours did with that pip (``lib/searches.py``).

An equal result can be luck, and a search that goes another way can take a hundred times as long.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from lib.cases import CASES, Bench, differences, load_case
from lib.searches import LONGEST, generate, traces
from lib.targets import Pip, find_pip
from packaging.specifiers import SpecifierSet

OLD, NEW, BETWEEN = "23.2.1", "26.3", "25.1.1"
"""Each has a resolvelib of its own: 1.0, 1.2 and 1.1."""
IN_EACH_GATE = {(NEW, 2), (NEW, 9), (NEW, 19), (NEW, 44), (OLD, 1), (OLD, 30), (OLD, 50)}
"""Some that went another way before their cause was found."""
SEEDS_OF_SLOW = 40
GENERATED = [(pip, seed) for pip in (NEW, OLD) for seed in range(200)] + [(BETWEEN, seed) for seed in range(40)]
CASES_THAT_GO_BACK = [load_case(path) for path in sorted((CASES / "backtracking").glob("*.toml"))]
WRITTEN = [(pip, case) for pip in (NEW, OLD) for case in CASES_THAT_GO_BACK if SpecifierSet(case.pip).contains(pip)]


@pytest.fixture(scope="module")
def bench_of(request, tmp_path_factory):
    """Return what gives the bench of a pip, made when it is first asked for."""
    benches: dict[str, Bench] = {}

    def bench(version: str) -> Bench:
        if version not in benches:
            pip = find_pip(version, Path(request.config.cache.mkdir("pips")))
            if not isinstance(pip, Pip):
                pytest.skip(pip)
            benches[version] = Bench(tmp_path_factory.mktemp("searches") / version, pip)
            request.addfinalizer(benches[version].close)
        return benches[version]

    return bench


def marks(pip, seed):
    if (pip, seed) in IN_EACH_GATE:
        return ()
    return pytest.mark.slow if seed < SEEDS_OF_SLOW else pytest.mark.exhaustive


@pytest.mark.xdist_group("searches")
@pytest.mark.parametrize(
    ("pip", "case"),
    [pytest.param(pip, generate(seed), id=f"{pip}-{seed}", marks=marks(pip, seed)) for pip, seed in GENERATED],
)
def test_every_step_is_pips_on_a_generated_index(pip, case, bench_of):
    compare(bench_of(pip), case)


@pytest.mark.slow
@pytest.mark.xdist_group("searches")
@pytest.mark.parametrize(("pip", "case"), [pytest.param(*run, id=f"{run[0]}-{run[1].name}") for run in WRITTEN])
def test_every_step_is_pips_where_it_goes_back(pip, case, bench_of):
    compare(bench_of(pip), case)


def compare(bench, case):
    (pip, wanted), (safe, done) = traces(bench, case)
    assert wanted, pip.stderr
    assert done == wanted
    if "RecursionError" in pip.stderr:  # docs/compatibility.md: "A circle that nobody asks for any more"
        assert (pip.exit, safe.exit) == (2, 0)
    elif len(wanted) < LONGEST and not case.difference:
        assert not differences(untold(pip), untold(safe)), f"--- pip\n{pip.stderr}\n--- safe-pip\n{safe.stderr}"


def untold(result):
    """Leave out what pip tells of a search: not where it is traced, but where safe-pip lets it install."""
    return replace(result, told=tuple(line for line in result.told if not line.startswith("INFO: ")))
