"""A little of what ``tests/fuzz/run.py`` does for long: no parser of foreign bytes fails in a way that nobody foresaw."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lib.parsers import PARSERS, seeds, survive

CORPUS = Path(__file__).parents[1] / "fuzz" / "corpus"
SEEDS = seeds()
FOUND = {
    "a deep marker": ("metadata", b"Name: app\nVersion: 1.0\nRequires-Dist: b; " + b"(" * 20_000),
    "a long version": ("metadata", b"Name: app\nVersion: " + b"9" * 5000),
    "a long bound": ("metadata", b"Name: app\nVersion: 1.0\nRequires-Dist: b>=" + b"9" * 5000),
    "a long Requires-Python": ("metadata", b"Name: app\nVersion: 1.0\nRequires-Python: >=" + b"9" * 5000),
    "a marker without meaning": ("metadata", b"Name: app\nVersion: 1.0\nRequires-Dist: b; python_version ~= '3'"),
    "a long file name": ("page_html", b"<a href=app-" + b"9" * 5000 + b"-py3-none-any.whl>x</a>"),
    "a name of many tags": ("page_html", b"<a href=app-1.0-" + b"-".join([b"a." * 2000 + b"a"] * 3) + b".whl>x</a>"),
    "a broken declaration": ("page_html", b"<![OCTYPE html>"),
    "a time to wait": ("headers", b"0\x1e"),
    "a long path": ("reference", b"file:" + b"x" * 5000 + b"/app-1.0-py3-none-any.whl"),
}
"""What fuzzing found, and what was as bad as that."""


@pytest.mark.parametrize("name", PARSERS)
def test_everything_in_the_corpus(name):
    inputs = [path.read_bytes() for path in sorted((CORPUS / name).iterdir())]
    assert inputs
    for data in inputs:
        survive(name, data)


@pytest.mark.parametrize("found", FOUND)
def test_what_was_found(found):
    survive(*FOUND[found])


@pytest.mark.parametrize("name", PARSERS)
@settings(max_examples=60)
@given(data=st.data())
def test_what_is_nearly_honest(name, data):
    """A place of an honest input is replaced by something else."""
    text = data.draw(st.sampled_from(SEEDS[name]))
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, min(len(text), start + 8)))
    survive(name, text[:start] + data.draw(st.binary(max_size=12)) + text[end:])
