from __future__ import annotations

import pytest
from lib.facts import direct, evidence, messages

from safeinstall.facts.artifact import ArtifactKind
from safeinstall.facts.finding import Finding, Level
from safeinstall.facts.origins.origin import Explained, Unfound
from safeinstall.facts.origins.origin import Origin as OriginFact
from safeinstall.facts.values import Missing
from safeinstall.policy.selectors import parse_selector
from safeinstall.rules.base import OriginRule
from safeinstall.rules.origin import Origin


def unfound(path, *, differs=False, explained=None):
    return Unfound(path=path, differs=differs, runs=True, explained=explained)


def found(*files, sources=("acme-1.0.tar.gz",)):
    return evidence("acme==1.0", origin=OriginFact(sources=sources, unfound=files))


def test_python_that_is_in_no_source_is_denied():
    assert list(Origin().check(found(unfound("acme/hook.py")))) == [
        Finding(
            rule="origin",
            level=Level.DENY,
            message="runs Python that is not in acme-1.0.tar.gz: acme/hook.py",
            key="rules.origin.level",
            remedy="look at what it is: safe-pip inspect acme==1.0; then take another version, or add"
            ' "acme==1.0" to exempt in [rules.origin]',
        )
    ]


def test_what_is_told_of_each_file():
    files = [unfound("_version.py"), unfound("a.py", differs=True), unfound("b.pyc", differs=True), unfound("c.py")]
    assert messages(Origin(), found(*files, sources=("acme-1.0.tar.gz", "commit 1234 of https://g.example/a"))) == [
        (
            "runs Python that is not in acme-1.0.tar.gz or commit 1234 of https://g.example/a:"
            " _version.py (called like a version file, but it does more than to assign constants),"
            " a.py (another one is), b.pyc (another one is; bytecode) and 1 more"
        )
    ]


def test_a_name_that_would_steer_a_terminal_is_told_on_one_line():
    assert messages(Origin(), found(unfound("a\x1b[2J\nsafe-pip: ok.py"))) == [
        "runs Python that is not in acme-1.0.tar.gz: a [2J safe-pip: ok.py"
    ]


def test_what_is_explained_passes():
    assert list(Origin().check(found(unfound("acme/_version.py", explained=Explained.VERSION)))) == []


def test_its_level():
    (finding,) = Origin(level=Level.WARN).check(found(unfound("a.py")))
    assert finding.level is Level.WARN
    assert list(Origin(level=Level.ALLOW).check(found(unfound("a.py")))) == []


@pytest.mark.parametrize(("selector", "passes"), [("acme", True), ("acme==1.0", True), ("acme>1", False)])
def test_what_is_exempt(selector, passes):
    rule = Origin(exempt=(parse_selector(selector),))
    assert (list(rule.check(found(unfound("a.py")))) == []) is passes


def test_where_there_is_nothing_to_compare_with():
    (finding,) = Origin().check(evidence("acme==1.0", origin=Missing("there is no source distribution of acme 1.0")))
    assert (finding.missing, finding.message) == (
        True,
        "whether its source holds its code is not known: there is no source distribution of acme 1.0",
    )
    assert finding.remedy == 'if it may be so, add "acme==1.0" to exempt in [rules.origin]'


def test_what_is_built_here_is_its_own_source():
    assert list(Origin().check(evidence("acme==1.0", kind=ArtifactKind.SDIST))) == []


def test_nor_is_anything_said_of_your_own_file():
    assert list(Origin().check(direct("acme==1.0", url="file:///home/me/acme-1.0-py3-none-any.whl"))) == []


def test_it_is_asked_for_only_where_there_would_be_something_to_say():
    wheel, sdist = evidence("acme==1.0").artifact, evidence("acme==1.0", kind=ArtifactKind.SDIST).artifact
    assert isinstance(Origin(), OriginRule)
    assert Origin().wants_origin(wheel)
    assert not Origin().wants_origin(sdist)
    assert not Origin(level=Level.ALLOW).wants_origin(wheel)
    assert not Origin(exempt=(parse_selector("acme"),)).wants_origin(wheel)
