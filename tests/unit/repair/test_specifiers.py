from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.specifiers import SpecifierSet
from packaging.version import Version

from safeinstall.repair.specifiers import is_editable, respecify


@pytest.mark.parametrize(
    ("old", "version", "new"),
    [
        ("==1.24.1", "1.26.20", "==1.26.20"),
        ("== 1.24.1", "2.0", "== 2.0"),
        ("===1.0", "1.5", "===1.5"),
        ("==3.2.*", "4.2.11", "==4.2.*"),
        ("==3.*", "4.2.11", "==4.*"),
        ("~=2.1", "3.4.2", "~=3.4"),
        ("~=2.1.0", "3.4.2", "~=3.4.2"),
        ("~=2.1", "2.9", "~=2.1"),
        (">=2.0, <3", "3.4", ">=2.0, <4"),
        (">=2,<3.0", "3.4", ">=2,<4.0"),
        ("<3.1", "3.4.2", "<3.5"),
        ("<=3.0", "3.4.2", "<=3.4.2"),
        ("<4,>=2", "1.9", "<4,>=1.9"),
        ("==1.0,!=1.0.1", "1.5", "==1.5,!=1.0.1"),
        ("<1!3", "1!3.4", "<1!4"),
        ("==1.0", "1.0.post1", "==1.0.post1"),
    ],
)
def test_what_keeps_a_version_out_moves(old, version, new):
    assert respecify(old, Version(version)) == new
    assert SpecifierSet(new).contains(version, prereleases=True)


RELEASES = st.lists(st.integers(0, 30), min_size=1, max_size=4).map(lambda numbers: ".".join(map(str, numbers)))


@given(operator=st.sampled_from(["==", "~=", "<", "<=", ">="]), old=RELEASES, version=RELEASES)
def test_the_version_is_always_let_in(operator, old, version):
    old = f"{old}.0" if operator == "~=" and "." not in old else old
    assert SpecifierSet(respecify(operator + old, Version(version))).contains(version)


@pytest.mark.parametrize(
    ("specifier", "expected"),
    [("==1", True), ("<2", True), (">=1,<2", True), ("~=1.0", True), (">=1", False), ("", False), ("!=3", False)],
)
def test_only_what_keeps_newer_versions_out_is_editable(specifier, expected):
    assert is_editable(SpecifierSet(specifier)) is expected
