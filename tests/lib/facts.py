"""Evidence in one line, for tests of rules and verdicts."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta, timezone

from packaging.utils import canonicalize_name
from packaging.version import Version

from safeinstall.facts.advisory import Advisory, AffectedRange
from safeinstall.facts.artifact import Artifact, ArtifactKind, Source, SourceKind
from safeinstall.facts.evidence import Evidence, Listed

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=timezone.utc)
INDEX = Source(kind=SourceKind.INDEX, url="https://packages.example/simple/", name="default")
FIND_LINKS = Source(kind=SourceKind.FIND_LINKS, url="file:///srv/wheels/", name="file:///srv/wheels/")
SHA = "ab" * 32
OTHER_SHA = "cd" * 32
_OF_ARTIFACT = ("hashes", "kind", "project_status", "source", "url", "yanked")


def artifact(release="acme==1.0", *, kind=ArtifactKind.WHEEL, source=INDEX, **fields):
    name, version = release.split("==")
    filename = {
        ArtifactKind.WHEEL: f"{name}-{version}-py3-none-any.whl",
        ArtifactKind.SDIST: f"{name}-{version}.tar.gz",
    }.get(kind, name)
    return Artifact(
        name=canonicalize_name(name),
        version=Version(version),
        filename=filename,
        kind=kind,
        source=source,
        **{"url": f"https://files.example/{filename}", **fields},
    )


def evidence(release="acme==1.0", *, age=timedelta(days=365), **facts):
    """Facts of a year-old wheel, except for *facts*; those of an artifact may be given too."""
    own = {key: facts.pop(key) for key in _OF_ARTIFACT if key in facts}
    defaults = {
        "as_of": NOW,
        "requested": True,
        "upload_time": NOW - age,
        "version_upload": facts.get("upload_time", NOW - age),
        "sha256": SHA,
        "advisories": (),
    }
    return Evidence(artifact=artifact(release, **own), **{**defaults, **facts})


def direct(release="acme==1.0", *, url="https://files.acme.example/acme.whl", name=None, **facts):
    """Facts of something that a requirement names by *url*."""
    source = Source(kind=SourceKind.DIRECT, url=url, name=name or url)
    return evidence(release, url=url, source=source, **facts)


def listed(version, *, age=timedelta(days=365), yanked=False):
    return Listed(version=Version(version), upload_time=None if age is None else NOW - age, yanked=yanked)


def advisory(id_="PYSEC-2026-1", *, fixed="1.1", introduced=None, malicious=False, aliases=(), **fields):
    bounds = AffectedRange(
        introduced=introduced and Version(introduced),
        fixed=fixed and Version(fixed),
    )
    made = Advisory(
        id=id_,
        aliases=frozenset((id_, *aliases)),
        summary="a hole",
        severity=9.8,
        malicious=malicious,
        versions=frozenset(),
        literal_versions=frozenset(),
        ranges=(bounds,),
    )
    return replace(made, **fields)


def messages(rule, given):
    return [finding.message for finding in rule.check(given)]
