from __future__ import annotations

import pytest
from lib.facts import evidence, messages

from safeinstall.facts.finding import Finding, Level
from safeinstall.policy.selectors import parse_selector
from safeinstall.rules.project_status import ProjectStatus


def test_a_quarantined_project_is_denied_whatever_the_options_say():
    rule = ProjectStatus(archived=Level.ALLOW, deprecated=Level.ALLOW, exempt=(parse_selector("acme"),))
    assert list(rule.check(evidence(project_status="quarantined"))) == [
        Finding(
            rule="project-status",
            level=Level.DENY,
            message="default has quarantined acme: it may be compromised",
            key="rules.project-status",
            remedy="do not install it before the quarantine is lifted",
        )
    ]


def test_it_knows_no_exceptions():
    assert not ProjectStatus.exceptable


@pytest.mark.parametrize("status", [None, "active", " Active "])
def test_an_active_project_passes(status):
    assert messages(ProjectStatus(), evidence(project_status=status)) == []


@pytest.mark.parametrize(
    ("status", "message"),
    [
        ("archived", "default says acme is archived: no more releases will come"),
        ("deprecated", "default says acme is deprecated: its owners advise against it"),
    ],
)
def test_a_project_that_is_given_up_is_pointed_out(status, message):
    (finding,) = ProjectStatus().check(evidence(project_status=status))
    assert (finding.level, finding.message) == (Level.WARN, message)
    assert finding.key == f"rules.project-status.{status}"


@pytest.mark.parametrize("status", ["archived", "deprecated"])
def test_each_status_has_a_level(status):
    (finding,) = ProjectStatus(**{status: Level.DENY}).check(evidence(project_status=status))
    assert finding.level is Level.DENY
    assert messages(ProjectStatus(**{status: Level.ALLOW}), evidence(project_status=status)) == []


def test_a_package_may_be_exempt():
    rule = ProjectStatus(archived=Level.DENY, exempt=(parse_selector("acme<2"),))
    assert messages(rule, evidence("acme==1.0", project_status="archived")) == []
    assert len(messages(rule, evidence("acme==2.0", project_status="archived"))) == 1


def test_a_status_of_the_future_is_a_missing_fact():
    (finding,) = ProjectStatus().check(evidence(project_status="haunted\n\x1b[2J"))
    assert finding.missing
    assert finding.message == "default gives acme a status that is not known here: haunted [2j"
