"""The entry that makes an index a mirror, as it has to be written here."""

from __future__ import annotations

import pytest
from lib.policies import layered

from safeinstall.report.rivals import render_rivals
from safeinstall.request.invocation import ConfiguredSources

DEFAULT = "https://packages.example/simple"
NEAR, FAR = "file:///srv/near/simple", "https://u:secret@far.example/simple/"
NONE = layered(user="schema = 1\n")
LISTED = layered(
    user='schema = 1\n[[indexes]]\nname = "acme"\nurl = "https://a.example/"\n[[indexes]]\nname = "near"\nurl = "https://b.example/"\n'
)


def configured(*urls, default=DEFAULT):
    return ConfiguredSources(index_urls=urls, find_links=(), default_index=default)


def told(names, *urls, policy=NONE, said=""):
    return render_rivals(names, policy, configured(*urls) if urls else None, said)


def entry(names, *urls):
    """The indexes of a policy that holds what is told."""
    indexes = layered(user=told(names, *urls).partition("the policy can say so: ")[2] + "\n").indexes
    return [(index.name, index.url, index.mirror_of) for index in indexes]


def test_every_index_that_pip_is_configured_with_is_listed_and_the_rivals_are_mirrors():
    assert entry(["default", NEAR], f"{DEFAULT}/", NEAR, FAR) == [
        ("default", None, None),
        ("srv-near", NEAR, "default"),
        ("far-example", "https://far.example/simple", None),
    ]


def test_without_the_default_index_the_first_is_the_original():
    assert entry(["https://****@far.example/simple/", NEAR], FAR, NEAR) == [
        ("far-example", "https://far.example/simple", None),
        ("srv-near", NEAR, "far-example"),
    ]


def test_names_differ_and_what_an_address_holds_stays_a_string():
    names = [name for name, _, _ in entry(["default", "https://a.b/"], DEFAULT, "https://a.b/", "https://a-b")]
    assert names == ["default", "a-b", "a-b-2"]
    odd = 'https://x.example/"}]\\'
    assert entry(["default", odd], DEFAULT, odd)[1][1] == odd


@pytest.mark.parametrize(
    ("policy", "urls", "names", "said"),
    [
        (LISTED, (DEFAULT, NEAR), ["near", "acme"], 'this is a mirror of acme, the policy can say so: mirror-of = "acme" in the [[indexes]] of near'),
        (NONE, (), ["default", NEAR], f'this is a mirror of default, the policy can say so: mirror-of = "default" in the [[indexes]] of {NEAR}'),
    ],
)  # fmt: skip
def test_where_there_are_entries_the_key_alone_is_told(policy, urls, names, said):
    assert told(names, *urls, policy=policy).endswith(f"; if {said}")


def test_of_one_project_its_own_words_are_told():
    assert told(["default", NEAR], DEFAULT, NEAR, said="both offer app").startswith(
        "both offer app; if this is a mirror"
    )
