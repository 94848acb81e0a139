from __future__ import annotations

from lib.facts import evidence

from safeinstall.facts.finding import Finding, Level
from safeinstall.policy.selectors import parse_selector
from safeinstall.rules.denylist import Denied, Denylist


def denied(package, reason="unmaintained", use_instead=None):
    return Denied(package=parse_selector(package), reason=reason, use_instead=use_instead)


def test_what_is_listed_is_denied_with_its_reason_and_its_replacement():
    rule = Denylist(packages=(denied("other"), denied("PyCrypto", use_instead="pycryptodome")))
    assert list(rule.check(evidence("pycrypto==2.6.1"))) == [
        Finding(
            rule="denylist",
            level=Level.DENY,
            message="pycrypto 2.6.1 is on the denylist as pycrypto: unmaintained",
            key="rules.denylist.packages[1]",
            remedy="use pycryptodome instead",
        )
    ]


def test_a_reason_may_be_empty():
    (finding,) = Denylist(packages=(denied("acme", reason=" "),)).check(evidence("acme==1.0"))
    assert finding.message == "acme 1.0 is on the denylist as acme"


def test_another_version_passes():
    assert list(Denylist(packages=(denied("acme<2"),)).check(evidence("acme==2.0"))) == []


def test_every_entry_that_matches_has_its_say():
    rule = Denylist(packages=(denied("acme<2", "unsupported"), denied("ac*", "not ours")))
    assert [(f.key, f.message, f.remedy) for f in rule.check(evidence("acme==1.0"))] == [
        (
            "rules.denylist.packages[0]",
            "acme 1.0 is on the denylist as acme<2: unsupported",
            "ask for a version outside acme<2",
        ),
        (
            "rules.denylist.packages[1]",
            "acme 1.0 is on the denylist as ac*: not ours",
            "do without ac*, or ask whoever keeps the policy for an exception",
        ),
    ]
