from __future__ import annotations

import pytest

from safeinstall.facts.wheels.file_names import FileNames, folded


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Beta", "beta"),
        ("caf\u00e9/X", "cafe\u0301/x"),
        ("STRASSE", "stra\u00dfe"),
        ("\ufb01sh", "FISH"),
        ("\u212aey", "key"),
        ("\u0130x", "i\u0307x"),
    ],
)
def test_what_is_one_file_where_case_does_not_count(one, other):
    assert folded(one) == folded(other) == folded(folded(one))
    assert FileNames(folds_case=True).key(one) == FileNames(folds_case=True).key(other)


@pytest.mark.parametrize(("one", "other"), [("beta", "beta.py"), ("a/b", "a_b"), ("e", "\u00e9")])
def test_what_is_never_one_file(one, other):
    assert folded(one) != folded(other)


def test_case_counts_where_it_does():
    assert FileNames().key("Beta") != FileNames().key("beta")


def test_the_form_of_unicode_never_counts():
    assert FileNames().key("caf\u00e9") == FileNames().key("cafe\u0301")
