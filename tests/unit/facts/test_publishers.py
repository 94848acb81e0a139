"""Publishers as tables: read and written as the index has them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safeinstall.facts.provenance import Publisher, PublisherKind
from safeinstall.facts.publishers import NAME_LENGTH, PublisherError, UnknownKindError, publisher_of, table_of

UUID = "8ac4d9ac-6d41-4b13-9df5-5c1f5c1b5f0e"
GITHUB = {"kind": "GitHub", "repository": "acme/app", "workflow": "release.yml"}
TABLES = [
    GITHUB,
    {**GITHUB, "environment": "pypi"},
    {"kind": "GitLab", "repository": "acme/tools/app", "workflow_filepath": ".gitlab-ci.yml", "environment": "pypi"},
    {"kind": "Google", "email": "builder@acme.example"},
    {"kind": "ActiveState", "organization": "acme", "project": "app"},
    {"kind": "CircleCI", "vcs_origin": "forge.example/acme/app", "pipeline_definition_id": UUID},
    {"kind": "CircleCI", "project_id": UUID, "pipeline_definition_id": UUID},
]


@pytest.mark.parametrize("table", TABLES, ids=[table["kind"] for table in TABLES])
def test_what_is_read_is_written_as_it_was(table):
    assert table_of(publisher_of(table)) == table


def test_every_kind_is_known():
    assert {publisher_of(table).kind for table in TABLES} == set(PublisherKind)


def test_an_environment_that_is_empty_is_none_and_other_keys_are_passed_over():
    told = {**GITHUB, "environment": "", "claims": {"ref": "refs/tags/v1"}}
    assert publisher_of(told) == Publisher(
        kind=PublisherKind.GITHUB, repository="acme/app", workflow="release.yml", environment=None
    )


@pytest.mark.parametrize(
    ("changed", "problem"),
    [
        ({"kind": None}, "has no kind"),
        ({"kind": ""}, "has no kind"),
        ({"kind": 3}, "has a kind that is no name"),
        ({"repository": None}, "has no repository"),
        ({"repository": ["acme/app"]}, "has a repository that is no name"),
        ({"repository": "acme/app\x1b[31m"}, "has a repository that is no name"),
        ({"repository": "a" * (NAME_LENGTH + 1)}, "has a repository that is no name"),
        ({"repository": "acme/*"}, "has a repository that is no name"),
        ({"repository": "[a-z]cme/app"}, "has a repository that is no name"),
        ({"workflow": None}, "has no workflow"),
        ({"environment": 3}, "has an environment that is no name"),
    ],
)
def test_what_names_nobody_says_why(changed, problem):
    with pytest.raises(PublisherError) as error:
        publisher_of({**GITHUB, **changed})
    assert str(error.value) == problem


@pytest.mark.parametrize(("kind", "told"), [("Forge", "Forge"), ("github", "github"), ("x" * 99, "x" * 60 + "…")])
def test_an_unknown_kind_is_told_apart(kind, told):
    with pytest.raises(UnknownKindError) as error:
        publisher_of({**GITHUB, "kind": kind})
    assert str(error.value) == f"is of the kind {told}, which is not known"


KEYS = ("kind", "repository", "workflow", "workflow_filepath", "environment", "email", "organization", "project")
VALUES = st.sampled_from([kind.value for kind in PublisherKind]) | st.text() | st.integers() | st.lists(st.text())


@given(st.dictionaries(st.sampled_from(KEYS) | st.text(), VALUES))
def test_whatever_a_table_holds_it_names_somebody_or_nobody(table):
    try:
        publisher = publisher_of(table)
    except PublisherError:
        return
    written = table_of(publisher)
    assert all(value.isprintable() and value for value in written.values())
    assert publisher_of(written).kind is publisher.kind
