from __future__ import annotations

import pytest
from lib.facts import direct, evidence, messages

from safeinstall.facts.artifact import ArtifactKind
from safeinstall.facts.finding import Finding, Level
from safeinstall.policy.selectors import parse_selector
from safeinstall.rules.sdists import Sdists


def test_a_source_distribution_is_denied():
    assert list(Sdists().check(evidence("acme==1.0", kind=ArtifactKind.SDIST))) == [
        Finding(
            rule="sdists",
            level=Level.DENY,
            message="a source distribution, which runs code of acme 1.0 when built; the policy asks for wheels",
            key="rules.sdists.allow",
            remedy="ask for a version that has a wheel for this Python and platform, or, if it may be built,"
            ' add "acme==1.0" to allow in [rules.sdists]',
        )
    ]


def test_a_wheel_passes():
    assert list(Sdists().check(evidence())) == []


@pytest.mark.parametrize(
    ("selector", "passes"), [("acme", True), ("acme==1.0", True), ("ac*", True), ("acme>1", False)]
)
def test_what_is_allowed_may_be_built(selector, passes):
    rule = Sdists(allow=(parse_selector(selector),))
    assert (list(rule.check(evidence("acme==1.0", kind=ArtifactKind.SDIST))) == []) is passes


def test_a_checkout_has_to_be_built_too():
    given = direct("acme==1.0", kind=ArtifactKind.VCS, url="https://git.example/acme")
    assert messages(Sdists(), given) == [
        "a version control checkout, which runs code of acme 1.0 when built; the policy asks for wheels"
    ]


def test_your_own_tree_is_yours_to_build():
    assert list(Sdists().check(direct(kind=ArtifactKind.TREE, url="file:///home/me/acme"))) == []


def test_the_tree_that_a_dependency_names_is_not():
    given = direct("acme==1.0", kind=ArtifactKind.TREE, url="file:///home/me/acme", required_by="other 1.0")
    assert messages(Sdists(), given) == [
        "a source tree, which runs code of acme 1.0 when built; the policy asks for wheels"
    ]


def test_an_archive_on_this_machine_is_a_source_distribution_all_the_same():
    given = direct("acme==1.0", kind=ArtifactKind.SDIST, url="file:///tmp/acme-1.0.tar.gz")
    assert messages(Sdists(), given) == [
        "a source distribution, which runs code of acme 1.0 when built; the policy asks for wheels"
    ]


def test_of_what_only_a_build_tells_the_version_of_all_versions_are_named():
    (finding,) = Sdists().check(direct("acme==0", kind=ArtifactKind.VCS, url="https://git.example/acme"))
    assert (
        finding.message == "a version control checkout, which runs code of acme when built; the policy asks for wheels"
    )
    assert finding.remedy.endswith('add "acme" to allow in [rules.sdists]')
    (finding,) = Sdists().check(evidence("acme==0", kind=ArtifactKind.SDIST))
    assert finding.remedy.endswith('add "acme==0" to allow in [rules.sdists]')
