from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pip._internal.models.link import _ensure_quoted_url
from pip._vendor.requests import PreparedRequest
from pip._vendor.urllib3.util.url import _encode_target

from safeinstall.errors import SourceError
from safeinstall.sources.network.urls import (
    as_sent,
    is_local,
    is_secure,
    is_trusted,
    local_path,
    origin,
    quoted,
    redacted,
    split,
    userinfo,
)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://a.example/simple/", "https://a.example/simple/"),
        ("https://user:pass@a.example/simple/", "https://****@a.example/simple/"),
        ("https://token@a.example/", "https://****@a.example/"),
        ("https://user:p@ss@a.example/", "https://****@a.example/"),
        ("https://a.example/x@y", "https://a.example/x@y"),
        ("https://a.example/\x1b[2J", "https://a.example/%1B[2J"),
    ],
)
def test_shows_no_credentials(url, shown):
    assert redacted(url) == shown


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://A.example/x", ("https", "a.example", 443)),
        ("http://a.example", ("http", "a.example", 80)),
        ("http://u@[::1]:8080/", ("http", "::1", 8080)),
    ],
)
def test_origin_has_the_default_port(url, expected):
    assert origin(split(url)) == expected


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://a.example/", None),
        ("https://me:p%40ss@a.example/", ("me", "p@ss")),
        ("https://token@a.example/", ("token", "")),
    ],
)
def test_userinfo_is_decoded(url, expected):
    assert userinfo(split(url)) == expected


@pytest.mark.parametrize(
    ("url", "trusted"),
    [
        ("https://a.example/", True),
        ("https://A.example:8443/", True),
        ("https://b.example:8080/", True),
        ("https://b.example/", False),
        ("https://x.a.example/", False),
        ("https://a.example.evil.example/", False),
        ("https://[fd00::1]/", True),
        ("https://c.example/", True),
    ],
)
def test_trusts_exactly_the_named_hosts(url, trusted):
    assert is_trusted(split(url), ["a.example", "B.example:8080", "[fd00::1]", "c.example:443"]) is trusted


@pytest.mark.parametrize(
    ("url", "secure"),
    [
        ("https://a.example/", True),
        ("http://a.example/", False),
        ("http://localhost:1/", True),
        ("http://127.3.2.1/", True),
        ("http://[::1]/", True),
        ("http://localhost.example/", False),
        ("http://127.0.0.1.example/", False),
        ("http://t.example/", True),
    ],
)
def test_plain_http_is_secure_only_on_loopback_and_trusted_hosts(url, secure):
    assert is_secure(split(url), ["t.example"]) is secure


@pytest.mark.parametrize(
    ("url", "local"),
    [
        ("file:///a", True),
        ("FILE:///a", True),
        ("/a/b", True),
        ("./a", True),
        ("a", True),
        ("https://a.example/", False),
        ("mailto:me", False),
    ],
)
def test_knows_local_places(url, local):
    assert is_local(url) is local


def test_finds_the_path_of_a_file_url():
    assert local_path("file:///a/b%20c") == Path("/a/b c")
    assert local_path("file://localhost/a") == Path("/a")
    assert local_path("a") == Path.cwd() / "a"


def test_a_file_of_another_host_is_refused():
    with pytest.raises(SourceError) as caught:
        local_path("file://host/a")
    assert caught.value.message == "file://host/a names a file of another host"


def test_a_path_with_a_nul_is_none():
    with pytest.raises(SourceError) as caught:
        local_path("file:///a%00/b.whl")
    assert caught.value.message == "file:///a%00/b.whl is no path"


PIECES = [*map(chr, range(32, 127)), "é", "日", "%41", "%7e", "%2f", "%2B", "%40", "%E9", "%zz"]
TEXTS = st.lists(st.sampled_from([piece for piece in PIECES if piece not in "#?;"]), max_size=6).map("".join)


@given(path=TEXTS, query=TEXTS)
def test_an_address_is_sent_as_pip_sends_it(path, query):
    url = f"https://me:secret@a.example/x{path}?y={query}"
    request = PreparedRequest()
    request.prepare_url(url, None)
    assert as_sent(split(url)) == f"https://a.example{_encode_target(request.path_url)}".replace("#", "")


@given(path=TEXTS, query=TEXTS)
def test_an_address_of_a_page_is_quoted_as_pip_quotes_it(path, query):
    for start in ("https://me:secret@a.example/", "file:///"):
        url = f"{start}x{path}?y={query}"
        assert quoted(url) == _ensure_quoted_url(url)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://a.example/a-1.0+mine.whl", "https://a.example/a-1.0%2Bmine.whl"),
        ("https://a.example/a b;c?d=e+f g#h", "https://a.example/a%20b%3Bc?d=e+f g#h"),
        ("git+https://a.example/%7ea%2fb@v+1", "git+https://a.example/~a%2Fb@v%2B1"),
        ("file:///a b+c@d", "file:///a%20b%2Bc@d"),
    ],
)
def test_the_path_of_an_address_is_quoted(url, expected):
    assert quoted(url) == expected
