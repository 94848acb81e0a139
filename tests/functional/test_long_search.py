"""A search that takes its time, as a person at a terminal sees it. (That pip's lines are said is in the differential cases.)"""

import re

import pytest
from lib.terminals import on_a_terminal

OURS = re.compile(r"\r\x1b\[Ksafe-pip: (resolving: \d+ versions tried, now a \d+\.0)")
WIPE = "\r\x1b[K"


@pytest.fixture
def slow_shop(shell):
    """An index that takes its time over each file of a project of which only the oldest version fits."""
    for version in range(1, 12):
        shell.offer("a", f"{version}.0", ["c>1"] if version > 1 else [])
    shell.offer("c", "1.0")
    shell.index.delay = 0.2
    return shell


@pytest.mark.parametrize(
    ("more", "drawn"),
    [
        ((), True),
        pytest.param(("-q",), False, marks=pytest.mark.slow),
        pytest.param(("--progress-bar", "off"), False, marks=pytest.mark.slow),
    ],
)
def test_how_far_it_is_is_drawn_on_a_terminal_and_nothing_of_it_stays(slow_shop, more, drawn):
    text = on_a_terminal(slow_shop, 60, {"TERM": "xterm"}, "install", "--dry-run", *more, "a")
    lines = OURS.findall(text)
    assert bool(lines) is drawn
    assert all(len(f"safe-pip: {line}") < 60 for line in lines)
    assert "resolving" not in text.rpartition(WIPE)[2]


@pytest.mark.slow
def test_a_search_that_is_refused_leaves_nothing_of_it_either(slow_shop):
    text = on_a_terminal(slow_shop, 60, {"TERM": "xterm"}, "install", "--dry-run", "a>1")
    assert OURS.search(text)
    assert text.rpartition(WIPE)[2].startswith("\x1b[31mERROR: Cannot install a==10.0, ")  # as pip says it
    assert "resolving" not in text.rpartition(WIPE)[2]
