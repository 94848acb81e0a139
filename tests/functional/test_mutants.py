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
GATE, LONG = range(0, 200, CHUNK), range(200, 800, CHUNK)
KNOWN: tuple[tuple[int, str, str], ...] = ()
"""Point of the issue, the problem, the change: to be mended."""


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
        found += [f"{number}: {p.kind}: {made.changes}: {p.text}" for p in wrong if not is_known(p, made)]
    return found


def is_known(problem, made):
    changes = " ".join(made.changes)
    return any(re.search(kind, problem.kind) and re.search(change, changes) for _, kind, change in KNOWN)


@pytest.mark.parametrize("start", GATE)
def test_all_or_nothing_and_a_message(installs, start):
    assert problems(installs, start) == []


@pytest.mark.slow
@pytest.mark.parametrize("start", LONG)
@pytest.mark.parametrize("installs", ["23.2.1", "26.3"], indirect=True)
def test_many_more(installs, start):
    assert problems(installs, start) == []


def test_a_number_is_always_the_same_mutant():
    assert [mutant(SEED, number) for number in range(50)] == [mutant(SEED, number) for number in range(50)]
