from __future__ import annotations

import pytest

from safeinstall.facts.origins.project_urls import MOST, ProjectUrl, contradicting, project_urls, repository_of


def test_what_the_metadata_says():
    metadata = (
        b"Name: acme\nHome-page: https://acme.example\nProject-URL: Source Code , https://github.com/acme/app\n\nx"
    )
    assert project_urls(metadata) == (
        ProjectUrl("Home-page", "https://acme.example"),
        ProjectUrl("Source Code", "https://github.com/acme/app"),
    )


@pytest.mark.parametrize("metadata", [b"", b"\xff\xfe", b"Project-URL: nothing\n", b"Home-page:\n"])
def test_of_what_says_nothing(metadata):
    assert project_urls(metadata) == ()


def test_many_are_too_many():
    assert len(project_urls(b"Project-URL: a, https://a.example\n" * 1000)) == MOST


@pytest.mark.parametrize(
    ("url", "repository"),
    [
        ("https://github.com/Acme/App", "github.com/acme/app"),
        ("https://www.github.com/acme/app.git", "github.com/acme/app"),
        ("https://github.com/acme/app/issues/1#x", "github.com/acme/app"),
        ("git+https://github.com/acme/app", "github.com/acme/app"),
        ("https://gitlab.com/group/sub/app/-/tree/main", "gitlab.com/group/sub/app"),
        ("https://github.com/acme", None),
        ("https://github.com/sponsors/acme", None),
        ("https://acme.example/acme/app", None),
        ("https://[", None),
        ("", None),
        ("https://github.com/acme/" + "a" * 3000, None),
    ],
)
def test_which_repository_an_address_leads_into(url, repository):
    assert repository_of(url) == repository


def test_only_a_source_can_contradict():
    urls = tuple(
        ProjectUrl(label, "https://github.com/other/app")
        for label in ("Source", "Repository", "Docs", "Funding", "Home-page")
    )
    assert [url.label for url in contradicting(urls, "github.com/acme/app")] == ["Source", "Repository", "Home-page"]
    assert contradicting(urls, "github.com/other/app") == ()
    assert contradicting((ProjectUrl("Source", "https://acme.example"),), "github.com/acme/app") == ()
