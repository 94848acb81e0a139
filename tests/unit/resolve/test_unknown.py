from __future__ import annotations

import pytest
from lib.policies import layered

from safeinstall.request.invocation import ConfiguredSources
from safeinstall.resolve.unknown import explain_unknown

DEFAULT, OTHER = "https://default.example/simple", "https://other.example/simple/"
INDEXES = """
[[indexes]]
name = "default"
packages = ["lib", "app-*"]
[[indexes]]
name = "acme"
url = "https://acme.example/simple/"
packages = ["acme-*"]
"""


def told(name, policy="", *, indexes=(DEFAULT,)):
    sources = ConfiguredSources(index_urls=indexes, find_links=(), default_index=DEFAULT)
    policy = layered(user=policy and f"schema = 1\n{policy}")
    return list(explain_unknown([name], sources, policy, lambda: ("requests", "numpy")))


def test_nothing_to_add():
    assert told("nothing-like-it") == []
    assert told("requests") == []


@pytest.mark.parametrize("name", ["reqeusts", "Reqeusts", "request_s"])
def test_a_slip(name):
    assert told(name) == [f"no such project: {name}; did you mean requests?"]


def test_a_slip_where_no_index_was_asked():
    assert told("reqeusts", indexes=()) == []


def test_no_index_is_left():
    assert told("Reqeusts", INDEXES) == [
        "the policy leaves no index for Reqeusts, by its [[indexes]]:",
        '  user.toml:3: default has "lib", "app-*"',
        '  user.toml:6: acme has "acme-*"',
    ]


def test_one_of_them_is_left():
    assert told("acme-x", INDEXES)[0] == "the policy asks acme alone for acme-x, by its [[indexes]]:"


def test_an_index_of_pip_that_the_policy_does_not_list():
    policy = '[[indexes]]\nname = "default"\n'
    assert told("x", policy) == []
    assert told("x", policy, indexes=(f"{DEFAULT}/", OTHER))[0] == (
        "the policy asks default alone for x, by its [[indexes]]:"
    )
