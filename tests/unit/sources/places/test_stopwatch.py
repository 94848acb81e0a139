from __future__ import annotations

import pytest

from safeinstall.sources.places import stopwatch
from safeinstall.sources.places.stopwatch import Stopwatch


@pytest.fixture
def clock(monkeypatch):
    """A clock that goes as it is told to."""
    now = [100.0]
    monkeypatch.setattr(stopwatch, "monotonic", lambda: now[0])

    def passes(seconds):
        now[0] += seconds

    return passes


def test_each_second_is_counted_once_and_to_the_innermost_phase(clock):
    watch = Stopwatch()
    clock(5)
    with watch("resolve"):
        clock(1)
        with watch("fetch"):
            clock(2)
        clock(4)
        with watch("install"):
            clock(8)
            with watch("fetch"):
                clock(16)
    clock(5)
    assert watch.seconds == {"resolve": 5, "fetch": 18, "install": 8}
    assert list(watch.seconds) == ["resolve", "fetch", "install"]


def test_a_phase_that_fails_is_counted(clock):
    watch = Stopwatch()
    with pytest.raises(ValueError, match="no"), watch("start"):
        clock(3)
        raise ValueError("no")
    assert watch.seconds == {"start": 3}
