from __future__ import annotations

import pytest

from safeinstall.facts.wheels.command_names import LENGTH, UnclearError, is_plain, landing_name


@pytest.mark.parametrize(
    "name",
    [
        "pip",
        "pip3.12",
        "g++",
        "x86_64-linux-gnu-g++",
        "_x",
        "+x",
        "-x",
        "a..b",
        "my pip",
        "a  b",
        "Straße",
        "é",
        "x" * LENGTH,
    ],
)
def test_a_plain_name(name):
    assert is_plain(name)


@pytest.mark.parametrize(
    "name",
    [
        "", ".", "..", "./pip", "../bin/pip", "x/pip", "/pip", "pip/", "..\\pip", "x\\pip", "C:pip", "C:\\pip", "\\\\x\\pip",
        ".pip", "my .pip", "pip.", "pip. x", " pip", "pip ", "my\tpip", "my\u00a0pip", "pip\n", "\npip", "pi\x00p", "pi\x1bp",
        "pi\u200dp", "pi\u202ep", "e\u0301", "pip=x", "[pip", "@pip", "; pip", "#pip", "~pip", "$pip", "pip*", "'pip'",
        "x" * (LENGTH + 1), "é" * LENGTH,
    ],
)  # fmt: skip
def test_a_name_that_is_not(name):
    assert not is_plain(name)


@pytest.mark.parametrize(("command", "name"), [("pip", "pip"), ("my pip", "pip"), ("a  b c", "c")])
def test_what_becomes_of_a_space(command, name):
    assert landing_name(command) == name


def test_what_is_unclear_is_told_in_short():
    assert UnclearError("holds", "x" * 60).what == "x" * 60
    assert UnclearError("holds", "x" * 61).what == "x" * 60 + "…"
