from __future__ import annotations

import pytest
from packaging.licenses import canonicalize_license_expression

from safeinstall.facts.spdx import CLASSIFIERS, VAGUE_CLASSIFIERS, canonical, not_allowed

ALLOWED = ("MIT", "Apache-2.0", "GPL-2.0-only")


@pytest.mark.parametrize(
    ("expression", "missing"),
    [
        ("MIT", ()),
        ("ISC", ("ISC",)),
        ("MIT OR ISC", ()),
        ("ISC OR MIT", ()),
        ("ISC OR Zlib", ("ISC", "Zlib")),
        ("MIT AND ISC", ("ISC",)),
        ("ISC AND Zlib AND ISC", ("ISC", "Zlib")),
        ("MIT AND ISC OR Apache-2.0", ()),
        ("Apache-2.0 OR MIT AND ISC", ()),
        ("(Apache-2.0 OR MIT) AND ISC", ("ISC",)),
        ("(ISC OR (Zlib AND MIT))", ("ISC", "Zlib")),
        ("((MIT))", ()),
        ("Apache-2.0+", ()),
        ("Zlib+", ("Zlib+",)),
        ("GPL-2.0-only WITH Classpath-exception-2.0", ()),
        ("GPL-3.0-only WITH Classpath-exception-2.0", ("GPL-3.0-only WITH Classpath-exception-2.0",)),
        ("ISC WITH LLVM-exception OR MIT", ()),
    ],
)
def test_which_licences_stand_in_the_way(expression, missing):
    assert not_allowed(expression, ALLOWED) == missing


def test_an_exception_may_be_allowed_without_the_licence_alone():
    allowed = ["GPL-3.0-only WITH GCC-exception-3.1"]
    assert not_allowed("GPL-3.0-only WITH GCC-exception-3.1", allowed) == ()
    assert not_allowed("GPL-3.0-only", allowed) == ("GPL-3.0-only",)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("mit", "MIT"),
        ("gpl-2.0", "GPL-2.0-only"),
        ("LGPL-2.1+", "LGPL-2.1-or-later"),
        ("(AGPL-3.0 or mit)", "(AGPL-3.0-only OR MIT)"),
        ("Apache-2.0+", "Apache-2.0+"),
        ("", None),
        ("MIT License", None),
        ("MIT OR", None),
        ("(" * 9999 + "MIT" + ")" * 9999, None),
        ("MIT OR " * 9999 + "MIT", None),
    ],
)
def test_spelling(text, expected):
    assert canonical(text) == expected


def test_the_table_of_classifiers_is_of_licences_that_exist():
    for expression in (*CLASSIFIERS.values(), *VAGUE_CLASSIFIERS.values()):
        assert canonicalize_license_expression(expression) == expression == canonical(expression)
