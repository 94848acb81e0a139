"""What a person sees of a search; the clock is ours, the stream a terminal."""

import io
import sys

import pytest

from safeinstall.app.screen import PATIENCE, PAUSE, WIDTH, Screen

WIPE = "\r\x1b[K"


class Clock:
    now = 100.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def open_err(monkeypatch):
    """Return what puts a stream in the place of standard error; pytest puts its own there after each fixture."""

    def open_it(*, terminal=True):
        stream = io.StringIO()
        stream.isatty = lambda: terminal
        monkeypatch.setattr(sys, "stderr", stream)
        return stream

    return open_it


def test_a_short_search_draws_nothing(open_err, clock):
    err = open_err()
    screen = Screen(speaks=True, draws=True, clock=clock)
    screen.see("a")
    clock.now += PATIENCE / 2
    screen.see("b")
    screen.end()
    assert err.getvalue() == ""


def test_a_long_one_is_drawn_in_one_line_now_and_then_and_wiped(open_err, clock):
    err = open_err()
    screen = Screen(speaks=True, draws=True, clock=clock)
    clock.now += PATIENCE
    screen.see("a")
    screen.see("too soon")
    clock.now += PAUSE * 2
    screen.see("x" * 200)
    screen.end()
    screen.end()
    shown = "safe-pip: " + "x" * 200
    assert err.getvalue() == f"{WIPE}safe-pip: a{WIPE}{shown[: WIDTH - 1]}{WIPE}"


def test_pips_line_stands_where_ours_was(open_err, clock, capsys):
    err = open_err()
    screen = Screen(speaks=True, draws=True, clock=clock)
    clock.now += PATIENCE
    screen.see("a")
    screen.hear("INFO: b")
    assert err.getvalue() == f"{WIPE}safe-pip: a{WIPE}"
    assert capsys.readouterr().out == "INFO: b\n"
    clock.now += PAUSE * 2
    screen.see("c")
    assert err.getvalue().endswith("safe-pip: c")


@pytest.mark.parametrize("terminal", [True, False])
def test_nobody_sees_or_hears_of_it_who_does_not_want_to(open_err, clock, capsys, terminal):
    err = open_err(terminal=terminal)
    screen = Screen(speaks=False, draws=False, clock=clock)
    clock.now += PATIENCE
    screen.see("a")
    screen.hear("b")
    screen.end()
    assert (err.getvalue(), capsys.readouterr().out) == ("", "")


def test_a_stream_that_is_no_terminal_is_not_drawn_on(open_err, clock):
    err = open_err(terminal=False)
    screen = Screen(speaks=True, draws=True, clock=clock)
    clock.now += PATIENCE
    screen.see("a")
    screen.end()
    assert err.getvalue() == ""
