"""Package selectors, releases and hashes as a policy writes them."""

from __future__ import annotations

import re
from fnmatch import fnmatchcase

from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import Version

from safeinstall.facts.terms import Digest, PackageSelector, Release

_GLOB = re.compile(r"[A-Za-z0-9._*-]*\*[A-Za-z0-9._*-]*", re.ASCII)
_DIGEST = re.compile(r"sha256:[0-9a-fA-F]{64}", re.ASCII)


def parse_selector(text: str) -> PackageSelector:
    """Read a name with an optional specifier, or a glob. Raises :class:`ValueError` with a message for the author."""
    stripped = text.strip()
    if _GLOB.fullmatch(stripped):
        return PackageSelector(re.sub(r"[-_.]+", "-", stripped).lower(), SpecifierSet())
    requirement = _requirement(stripped)
    return PackageSelector(canonicalize_name(requirement.name), requirement.specifier)


def common(one: PackageSelector, other: PackageSelector) -> PackageSelector | None:
    """Return a selector of nothing but what both select; ``None`` when there is none.

    Two globs of which neither holds the other (``acme-*``, ``*-core``) count as having nothing in common.
    """
    for narrow, wide in ((one, other), (other, one)):
        if fnmatchcase(narrow.pattern, wide.pattern):  # a star matches a star
            return PackageSelector(narrow.pattern, one.specifier & other.specifier)
    return None


def covers(wide: PackageSelector, narrow: PackageSelector) -> bool:
    """Whether all that *narrow* selects is surely selected by *wide*."""
    is_wider = not wide.specifier or wide.specifier == narrow.specifier
    return is_wider and fnmatchcase(narrow.pattern, wide.pattern)


def parse_release(text: str) -> Release:
    """Read ``name==version``, one exact version. Raises :class:`ValueError` with a message for the author."""
    requirement = _requirement(text.strip())
    specifiers = list(requirement.specifier)
    if len(specifiers) != 1 or specifiers[0].operator != "==" or specifiers[0].version.endswith(".*"):
        raise ValueError(f'"{text}" is not one version; write "{requirement.name}==1.2.3"')
    return Release(canonicalize_name(requirement.name), Version(specifiers[0].version))


def parse_digest(text: str) -> Digest:
    """Read ``sha256:…``. Raises :class:`ValueError` with a message for the author."""
    if not _DIGEST.fullmatch(text):
        raise ValueError(f'"{text}" is not a hash; write "sha256:" and 64 hex digits')
    return Digest(text.lower())


def _requirement(text: str) -> Requirement:
    try:
        requirement = Requirement(text)
    except InvalidRequirement:
        raise ValueError(_explain(text)) from None
    for part, name in ((requirement.extras, "extras"), (requirement.url, "a URL"), (requirement.marker, "a marker")):
        if part:
            raise ValueError(f'"{text}" has {name}; a package selector is a name and a specifier only')
    return requirement


def _explain(text: str) -> str:
    if "*" in text and not re.search(r"[<>=!~]", text):
        return f'"{text}" is not a package selector; a glob has letters, digits, "-" and "*" only'
    return f'"{text}" is not a package selector; write "django", "django>=5,<6" or, as a glob, "acme-*"'
