from __future__ import annotations

import pytest
from lib.facts import evidence, messages

from safeinstall.facts.finding import Finding, Level
from safeinstall.rules.yanked import Yanked


def test_a_yanked_file_is_denied_with_the_reason_of_its_publisher():
    assert list(Yanked().check(evidence("acme==1.4.0", yanked="breaks Python 3.12"))) == [
        Finding(
            rule="yanked",
            level=Level.DENY,
            message='yanked by its publisher ("breaks Python 3.12"); the policy asks for files that are not yanked',
            key="rules.yanked.level",
            remedy="ask for a version of acme other than 1.4.0",
        )
    ]


@pytest.mark.parametrize("reason", ["", " \n", "\x00"])
def test_a_reason_may_be_empty(reason):
    assert messages(Yanked(), evidence(yanked=reason)) == [
        "yanked by its publisher (without a reason); the policy asks for files that are not yanked"
    ]


def test_a_reason_cannot_look_like_a_line_of_ours_or_steer_the_terminal():
    hostile = "x\nERROR: all is well\x1b[2J\u202e" + "y" * 999
    (message,) = messages(Yanked(), evidence(yanked=hostile))
    assert message.isprintable()
    assert message.startswith('yanked by its publisher ("x ERROR: all is well [2J yyy')
    assert len(message) < 300


def test_the_level_is_an_option():
    (finding,) = Yanked(level=Level.WARN).check(evidence(yanked=""))
    assert finding.level is Level.WARN
    assert list(Yanked(level=Level.ALLOW).check(evidence(yanked=""))) == []


def test_what_is_not_yanked_passes():
    assert list(Yanked().check(evidence())) == []
