from __future__ import annotations

import pytest
from lib.facts import evidence

from safeinstall.facts.finding import Finding, Level
from safeinstall.policy.selectors import parse_selector
from safeinstall.rules.allowlist import Allowlist


def allowlist(*packages):
    return Allowlist(packages=tuple(map(parse_selector, packages)))


@pytest.mark.parametrize("selector", ["acme", "acme>=1,<2", "ac*", "*"])
def test_what_is_listed_passes(selector):
    assert list(allowlist("other", selector).check(evidence("acme==1.0"))) == []


def test_an_empty_list_allows_nothing():
    assert list(Allowlist().check(evidence("acme==1.0"))) == [
        Finding(
            rule="allowlist",
            level=Level.DENY,
            message="acme is not on the allowlist (0 entries)",
            key="rules.allowlist.packages",
            remedy='if it may be installed, add "acme==1.0" to packages in [rules.allowlist]',
        )
    ]


@pytest.mark.parametrize(
    ("listed", "message"),
    [
        (["numpy"], "acme is not on the allowlist (1 entry)"),
        (["acme>=2"], "acme 1.0 is outside acme>=2, which the allowlist asks for"),
        (["acme>=2", "acme<1"], "acme 1.0 is outside acme>=2 and acme<1, which the allowlist asks for"),
        (["acme-*"], "acme is not on the allowlist (1 entry)"),
    ],
)
def test_the_message_tells_an_unknown_name_from_an_unlisted_version(listed, message):
    (finding,) = allowlist(*listed).check(evidence("acme==1.0"))
    assert finding.message == message


def test_dependencies_are_held_to_it_too():
    (finding,) = allowlist("other").check(evidence("acme==1.0", requested=False))
    assert finding.level is Level.DENY
