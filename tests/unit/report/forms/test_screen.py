from __future__ import annotations

import pytest

from safeinstall.report.forms.screen import NARROWEST, Screen


def of(environ, *, terminal=True, columns=120):
    return Screen.of(environ, terminal=terminal, columns=columns, encoding="utf-8")


@pytest.mark.parametrize(
    ("environ", "on_a_terminal", "in_a_file"),
    [
        ({}, True, False),
        ({"TERM": "xterm-256color"}, True, False),
        ({"TERM": "dumb"}, False, False),
        ({"NO_COLOR": "1"}, False, False),
        ({"NO_COLOR": ""}, True, False),
        ({"FORCE_COLOR": "1"}, True, True),
        ({"FORCE_COLOR": ""}, True, False),
        ({"FORCE_COLOR": "1", "TERM": "dumb"}, True, True),
        ({"FORCE_COLOR": "1", "NO_COLOR": "1"}, False, False),
    ],
)
def test_colours_are_for_terminals_unless_the_user_says_otherwise(environ, on_a_terminal, in_a_file):
    assert (of(environ).colour, of(environ, terminal=False).colour) == (on_a_terminal, in_a_file)


@pytest.mark.parametrize(
    ("environ", "columns", "width"),
    [
        ({}, 120, 120),
        ({}, 0, 100),
        ({"COLUMNS": "72"}, 120, 72),
        ({"COLUMNS": "0"}, 120, 120),
        ({"COLUMNS": "wide"}, 120, 120),
        ({}, 12, NARROWEST),
    ],
)
def test_the_width_is_the_terminals_or_what_the_user_says(environ, columns, width):
    assert of(environ, columns=columns).width == width
