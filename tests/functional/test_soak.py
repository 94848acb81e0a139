"""A few runs of the soak, the same ones each time; ``python tests/soak.py`` makes as many others as one likes."""

from __future__ import annotations

from importlib.metadata import version

import pytest
from lib.gate import parametrize
from lib.index import LocalIndex
from lib.quick import Quick
from lib.soak import Soak
from lib.targets import find_pip

RUNS = 10
SEED = 1


@pytest.fixture(scope="module")
def soak(tmp_path_factory):
    place = tmp_path_factory.mktemp("soak")
    with LocalIndex() as index:
        user = Quick(place / "user", find_pip(version("pip"), place), index)
        yield Soak(user, index, SEED)
        user.close()


@parametrize("number", range(RUNS), gate=range(3))
def test_a_random_installation_with_faults(soak, number):
    assert soak.run(number) == []


@pytest.mark.slow
def test_eight_users_at_once_share_a_cache(tmp_path):
    with LocalIndex() as index:
        users = [Quick(tmp_path / str(number), find_pip(version("pip"), tmp_path), index) for number in range(8)]
        soak = Soak(users[0], index, SEED, users[1:])
        try:
            assert [problem for number in range(RUNS) for problem in soak.run_together(number)] == []
        finally:
            for user in users:
                user.close()
        assert soak.ends["installed"] > 8
