"""Mutated wheels and source distributions, installed end to end: all of it, or nothing, and a message.

``python tests/fuzz/installs.py --seed 1 --only NUMBER --show`` makes one of them again.
"""

from __future__ import annotations

import re
from importlib.metadata import version

import pytest
from lib.installs import Installs
from lib.mutants import mutant
from lib.targets import Pip, find_pip

SEED, CHUNK = 1, 20
GATE, SLOW, LONG = range(0, 60, CHUNK), range(60, 200, CHUNK), range(200, 800, CHUNK)
OF_A_BUILD = re.compile(r"BackendUnavailable|argument of type|expandtabs|is quoted")
"""What pip itself says of a backend that is not there, or answers nonsense: its author is to read it."""


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    return tmp_path_factory.mktemp("mutants")


@pytest.fixture(scope="module", params=[version("pip")])
def installs(request, place):
    pip = find_pip(request.param, place / "pips")
    if not isinstance(pip, Pip):
        pytest.skip(pip)
    installs = Installs(place / f"with-{pip.version}", pip)
    yield installs
    installs.close()


def problems(installs, start):
    found = []
    for number in range(start, start + CHUNK):
        made = mutant(SEED, number)
        _, wrong = installs.run(made)
        found += [f"{number}: {p.kind}: {made.changes}: {p.text}" for p in wrong if not is_of_a_build(p, made)]
    return found


def is_of_a_build(problem, made):
    return OF_A_BUILD.search(problem.text) and re.search(r"setup\.py|pyproject|backend|tar", " ".join(made.changes))


@pytest.mark.parametrize("start", GATE)
def test_all_or_nothing_and_a_message(installs, start):
    assert problems(installs, start) == []


@pytest.mark.parametrize(
    "start",
    [
        *(pytest.param(start, marks=pytest.mark.slow) for start in SLOW),
        *(pytest.param(start, marks=pytest.mark.exhaustive) for start in LONG),
    ],
)
@pytest.mark.parametrize("installs", ["23.2.1", "26.3"], indirect=True)
def test_many_more(installs, start):
    assert problems(installs, start) == []


def test_a_number_is_always_the_same_mutant():
    assert [mutant(SEED, number) for number in range(50)] == [mutant(SEED, number) for number in range(50)]
