"""Everything that can go wrong on the way, on each kind of address: told or survived, never taken for an answer."""

from __future__ import annotations

from importlib.metadata import version

import pytest
from lib.faults import FAULTS, reset
from lib.gate import parametrize
from lib.index import LocalIndex, Reply
from lib.quick import Quick
from lib.targets import find_pip
from lib.wheels import make_wheel

NAME, DATA = make_wheel("app", "2.0", ["dep"])
PLACES = {"page": "/simple/app/", "metadata": f"/files/{NAME}.metadata", "file": f"/files/{NAME}"}


@pytest.fixture(scope="module")
def user(tmp_path_factory):
    place = tmp_path_factory.mktemp("faults")
    with LocalIndex() as index:
        user = Quick(place / "user", find_pip(version("pip"), place), index)
        yield user
        user.close()


@pytest.fixture
def fresh(user):
    """An environment, a cache and an index without a past."""
    user.renew()
    user.index.forget()
    user.index.add(*make_wheel("app", "1.0"))
    user.index.add(NAME, DATA)
    user.index.add(*make_wheel("dep", "1.0"))
    return user


@parametrize("fault", FAULTS, gate=range(0, len(FAULTS), 3))
def test_a_fault_that_lasts(fresh, fault):
    """Nothing is installed, not an older version either, and the cause is said. The run after it is whole."""
    before = fresh.snapshot()
    for path in PLACES.values():
        fresh.index.forget()
        fresh.index.reply(path, FAULTS[fault])
        told = fresh.install("app")
        assert told.exit in {10, 11}, told
        assert told.err.endswith(f"safe-pip: nothing was installed (exit {told.exit})\n")
        assert told.err.startswith("safe-pip: ")
        assert "version" not in told.err
        assert "Traceback" not in told.err
        assert path in fresh.index.paths()
        assert fresh.snapshot() == before
        assert fresh.leftovers() == []
    fresh.index.forget()
    assert fresh.install("app").exit == 0
    assert fresh.installed() == {"app": "2.0", "dep": "1.0"}


PASSING = {
    name: fault
    for name, fault in FAULTS.items()
    if name in {"500", "502", "503", "hang up", "reset at once", "reset in the middle", "cut off", "no last chunk"}
}


@pytest.mark.parametrize("fault", PASSING)
def test_a_fault_that_passes(fresh, fault):
    for path in PLACES.values():
        fresh.index.reply(path, PASSING[fault], None)
    told = fresh.install("app", env={"PIP_RETRIES": "1"})
    assert (told.exit, told.err) == (0, "")
    assert fresh.installed() == {"app": "2.0", "dep": "1.0"}


@pytest.mark.parametrize("after", [0, 0.01, 0.5, 0.99])
def test_a_reset_at_any_byte_of_every_answer_is_survived_or_told(fresh, after):
    fresh.index.reply("*", Reply(send=lambda exchange: reset(exchange, after=after)), None)
    assert fresh.install("app", env={"PIP_RETRIES": "2"}).exit == 0
    assert fresh.installed() == {"app": "2.0", "dep": "1.0"}


def test_the_server_says_how_long_to_wait(fresh):
    fresh.index.reply(PLACES["page"], Reply(status=429, headers={"Retry-After": "0"}), None)
    assert fresh.install("app", env={"PIP_RETRIES": "1"}).exit == 0
    assert fresh.index.paths().count(PLACES["page"]) == 2
