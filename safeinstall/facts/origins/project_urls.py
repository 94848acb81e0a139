"""What a project says of itself, and nobody vouches for: the addresses in its metadata (PEP 753)."""

from __future__ import annotations

import re
from email.parser import HeaderParser
from typing import NamedTuple
from urllib.parse import urlsplit

from safeinstall.facts.provenance import PublisherKind

MOST = 50
"""Addresses that are looked at."""
_SOURCE_LABELS = frozenset({"source", "sourcecode", "repository", "github", "gitlab", "code", "home", "homepage"})
"""Labels of the source and of what is mostly the same, as PEP 753 normalises them."""
_HOSTS = frozenset({"github.com", "gitlab.com", "bitbucket.org", "codeberg.org", "git.sr.ht"})
_NO_OWNERS = frozenset({"sponsors", "orgs", "marketplace", "apps", "about"})
_BASES = {PublisherKind.GITHUB: "https://github.com/", PublisherKind.GITLAB: "https://gitlab.com/"}
_LENGTH = 2048


class ProjectUrl(NamedTuple):
    """One address, by its label."""

    label: str
    url: str


def project_urls(metadata: bytes) -> tuple[ProjectUrl, ...]:
    """Return the addresses of METADATA or PKG-INFO, ``Home-page`` first."""
    message = HeaderParser().parsestr(metadata.decode("utf-8", "replace"))
    home = [ProjectUrl("Home-page", str(value).strip()) for value in message.get_all("Home-page", [])]
    pairs = (str(value).partition(",") for value in message.get_all("Project-URL", []))
    own = [ProjectUrl(label.strip(), url.strip()) for label, _, url in pairs]
    return tuple(each for each in (*home, *own) if each.url)[:MOST]


def repository_of(url: str) -> str | None:
    """Return which repository *url* leads into, in a form to be compared: ``github.com/acme/app``; else ``None``."""
    if len(url) > _LENGTH:
        return None
    try:
        parts = urlsplit(url.strip().lower())
        host = (parts.hostname or "").removeprefix("www.")
    except ValueError:
        return None
    steps = [step for step in parts.path.partition("/-/")[0].split("/") if step]
    if host not in _HOSTS or len(steps) < len(("owner", "name")) or steps[0] in _NO_OWNERS:
        return None
    depth = len(steps) if host == "gitlab.com" else len(("owner", "name"))
    return f"{host}/{'/'.join(steps[:depth])}".removesuffix(".git")


def attested_repository(kind: PublisherKind, repository: str) -> str | None:
    """Return the repository of a publisher in that form; ``None`` for a kind that names none."""
    base = _BASES.get(kind)
    return base and repository_of(f"{base}{repository}")


def contradicting(urls: tuple[ProjectUrl, ...], attested: str) -> tuple[ProjectUrl, ...]:
    """Return the addresses that claim another source than the repository *attested*."""
    return tuple(url for url in urls if _is_of_source(url.label) and repository_of(url.url) not in {None, attested})


def _is_of_source(label: str) -> bool:
    return re.sub(r"[\W_]+", "", label).lower() in _SOURCE_LABELS
