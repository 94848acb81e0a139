from __future__ import annotations

import pytest

from safeinstall.report.secrets import without_secrets


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("https://user:s3cret@host.example/simple/ and more", "https://host.example/simple/ and more"),
        ("app @ git+https://token@host.example/r.git@v1", "app @ git+https://host.example/r.git@v1"),
        ("git+ssh://git@host.example/r.git", "git+ssh://git@host.example/r.git"),
        ("https://us@er:p@ss@host.example/", "https://host.example/"),
        ("--index-url=https://u:p@[::1]:80/simple/", "--index-url=https://[::1]:80/simple/"),
        ("--proxy=user:s3cret@proxy.example:3128", "--proxy=proxy.example:3128"),
        ("user:s3cret@proxy.example:3128", "proxy.example:3128"),
        ("app @ file:///tmp/x@2.whl", "app @ file:///tmp/x@2.whl"),
        ("http://[bad", "http://[bad"),
        ("name@host.example", "name@host.example"),
    ],
)
def test_credentials_go_and_the_rest_stays(text, expected):
    assert without_secrets(text) == expected
