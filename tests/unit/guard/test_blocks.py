from __future__ import annotations

import pytest

from safeinstall.guard.blocks import CLOSE, OPEN, BrokenMarksError, block, bodies, with_block, without_blocks


@pytest.mark.parametrize("text", ["", "a\n", "a\n\n", "# comment\n"])
def test_a_block_goes_to_the_end_and_comes_out_again(text):
    with_it = with_block(text, "ours\n")
    assert with_it == f"{text}# >>> safe-pip guard >>>\nours\n# <<< safe-pip guard <<<\n"
    assert without_blocks(with_it) == text
    assert bodies(with_it) == ["ours\n"]


def test_a_last_line_without_an_end_gets_one():
    assert with_block("a", "ours\n").startswith("a\n# >>>")


def test_lines_that_came_after_it_stay():
    text = with_block("a\n", "ours\n") + "later\n"
    assert without_blocks(text) == "a\nlater\n"


def test_several_blocks():
    text = block("x\n") + "a\n" + block("y\n")
    assert (bodies(text), without_blocks(text)) == (["x\n", "y\n"], "a\n")


@pytest.mark.parametrize("text", [f"{OPEN}\nours\n", f"ours\n{CLOSE}\n", f"{OPEN}\n{OPEN}\n{CLOSE}\n"])
def test_a_mark_without_the_other_is_an_error(text):
    with pytest.raises(BrokenMarksError):
        without_blocks(text)
    with pytest.raises(BrokenMarksError):
        bodies(text)
