"""What the host makes of addresses: it imports nothing of ours, and has to come to the same."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pip._internal.models.link import Link

from safeinstall.facts import addresses
from safeinstall.sources.pip.hosted.addresses import ByAddress, address_of, comparable, fragment_of

SCHEMES = st.sampled_from(["https://", "HTTP://", "file://", "file:", "git+https://"])
HOSTS = st.sampled_from(["", "localhost", "h.example", "me:secret@h.example"])
QUERIES = st.lists(st.sampled_from(["x=1", "x=2", "y=1", "x=", "y"]), max_size=3).map("&".join)


@given(scheme=SCHEMES, host=HOSTS, query=QUERIES)
def test_it_compares_as_we_do(scheme, host, query):
    url = f"{scheme}{host}/a-1.0.tar.gz?{query}"
    assert comparable(url) == addresses.comparable(url)


@pytest.mark.parametrize(
    ("said", "address", "fragment"),
    [
        ("https://h.example/a?x#egg=a", "https://h.example/a?x", "egg=a"),
        ("file:/a/b#subdirectory=c", "file:///a/b", "subdirectory=c"),
        ("file:b c/d#egg=a", "{cwd}/b%20c/d", "egg=a"),
        ("file:../b", "{cwd}/../b", ""),
    ],
)
def test_a_relative_path_is_that_of_the_working_directory(monkeypatch, tmp_path, said, address, fragment):
    monkeypatch.chdir(tmp_path)
    link = Link(said)
    assert address_of(link) == address.format(cwd=tmp_path.as_uri())
    assert fragment_of(link) == fragment


def test_what_is_told_of_an_address_is_found_by_its_other_forms(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    told = ByAddress(
        {"https://h.example/a?x=1&y=2": "a", f"{tmp_path.as_uri()}/b": "b", "git+https://h.example/c": "c"}
    )
    forms = [
        "https://me@h.example/a?y=2&x=1#egg=a",
        f"file://localhost{tmp_path}/b",
        "file:b",
        "git+https://me@h.example/c",
    ]
    assert [told.get(Link(form)) for form in forms] == ["a", "b", "b", "c"]
    assert [told.get(link) for link in (Link("https://h.example/a"), Link("git+https://h.example/c@v1"), None)] == [
        None
    ] * 3
