from __future__ import annotations

import pytest
from lib.facts import FIND_LINKS, direct, evidence

from safeinstall.facts.artifact import ArtifactKind
from safeinstall.facts.finding import Finding, Level
from safeinstall.rules.direct_references import DirectReferences

URL = "https://files.acme.example/acme-1.0-py3-none-any.whl"
EVERYTHING = DirectReferences(
    url=Level.ALLOW, vcs=Level.ALLOW, local=Level.ALLOW, transitive=Level.ALLOW, find_links=Level.ALLOW
)


def found(rule, given):
    return [(f.level, f.key.removeprefix("rules.direct-references."), f.message, f.remedy) for f in rule.check(given)]


def test_a_file_of_an_index_passes():
    assert list(DirectReferences().check(evidence())) == []


def test_a_url_is_denied():
    assert list(DirectReferences().check(direct("acme==1.0", url=URL))) == [
        Finding(
            rule="direct-references",
            level=Level.DENY,
            message=f"comes from a URL ({URL}); the policy asks for an index",
            key="rules.direct-references.url",
            remedy="install acme from an index, or download the file, look at it, and install the local file",
        )
    ]


def test_credentials_are_not_shown():
    given = direct(url="https://me:secret@files.acme.example/a.whl", name="https://files.acme.example/a.whl")
    (finding,) = DirectReferences().check(given)
    assert "secret" not in repr(finding)


@pytest.mark.parametrize(
    ("given", "level", "key", "noun"),
    [
        (direct(kind=ArtifactKind.VCS, url="file:///srv/acme.git"), Level.DENY, "vcs", "a version control repository"),
        (evidence(source=FIND_LINKS), Level.WARN, "find-links", "a find-links location"),
    ],
)
def test_other_ways_have_levels_of_their_own(given, level, key, noun):
    shown = given.artifact.source.display
    assert found(DirectReferences(), given) == [
        (level, key, f"comes from {noun} ({shown}); the policy asks for an index", "install acme from an index")
    ]


@pytest.mark.parametrize("kind", [ArtifactKind.TREE, ArtifactKind.WHEEL, ArtifactKind.SDIST])
def test_a_local_path_is_allowed_unless_said_otherwise(kind):
    given = direct(kind=kind, url="FILE:///home/me/acme")
    assert list(DirectReferences().check(given)) == []
    assert found(DirectReferences(local=Level.WARN), given) == [
        (
            Level.WARN,
            "local",
            "comes from a local path (FILE:///home/me/acme); the policy asks for an index",
            "install acme from an index",
        )
    ]


def test_what_a_dependency_names_is_denied_whatever_it_is():
    given = direct("acme==1.0", kind=ArtifactKind.TREE, url="file:///home/me/acme", required_by="other 2.0")
    assert found(DirectReferences(), given) == [
        (
            Level.DENY,
            "transitive",
            "comes from a local path (file:///home/me/acme), named by other 2.0; the policy asks for an index",
            "ask for a version of other 2.0 that names acme without an address",
        )
    ]


def test_the_stricter_of_the_two_levels_counts_for_a_dependency():
    given = direct(url=URL, required_by="other 2.0")
    assert [f.key for f in DirectReferences(transitive=Level.WARN).check(given)] == ["rules.direct-references.url"]
    assert [f.key for f in DirectReferences(url=Level.WARN).check(given)] == ["rules.direct-references.transitive"]
    assert [f.key for f in DirectReferences().check(given)] == ["rules.direct-references.transitive"]


def test_find_links_are_of_the_users_choice_whoever_needs_the_file():
    (finding,) = DirectReferences().check(evidence(source=FIND_LINKS, required_by="other 2.0"))
    assert finding.key == "rules.direct-references.find-links"


@pytest.mark.parametrize(
    "given",
    [direct(url=URL), direct(kind=ArtifactKind.VCS), evidence(source=FIND_LINKS), direct(url=URL, required_by="x")],
)
def test_allow_says_nothing(given):
    assert list(EVERYTHING.check(given)) == []
