"""Cases of a policy: facts about a file, and the verdict that is expected of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time, timedelta, timezone
from typing import TYPE_CHECKING, Any, Literal

from packaging.version import InvalidVersion, Version

from safeinstall.errors import PolicyError
from safeinstall.facts.advisory import Advisory, AffectedRange
from safeinstall.facts.artifact import Artifact, ArtifactKind, Metadata, Source, SourceKind
from safeinstall.facts.evidence import Evidence, Price
from safeinstall.facts.provenance import Attestation, Precedent, Provenance, Publisher, PublisherKind, Unattested
from safeinstall.facts.values import Missing
from safeinstall.judge.evaluate import evaluate
from safeinstall.policy.schema import Decoder

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from safeinstall.facts.provenance import ProvenanceFact
    from safeinstall.facts.terms import Digest, Probability, PublisherService, Release
    from safeinstall.facts.verdict import Verdict
    from safeinstall.policy.locations import Path
    from safeinstall.policy.merge import PolicyText
    from safeinstall.policy.model import Policy

_UNKNOWN = Missing("the case does not tell")
_ANNOUNCED = "https://default.invalid/provenance"
_KINDS: dict[str, ArtifactKind] = {kind.value: kind for kind in ArtifactKind}


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownHole:
    """One entry of ``advisories``."""

    id: str
    severity: str | None = None
    """A CVSS score; none: nobody has scored it."""
    fixed: str | None = None
    """The version that repairs it; none: every version is affected."""
    published: date | None = None
    exploited: date | None = None
    """Since when it is listed as exploited."""
    epss: Probability | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Attester:
    """One entry of ``attested-by`` and ``attested-before``."""

    kind: PublisherService
    repository: str
    workflow: str | None = None
    environment: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One entry of ``[[cases]]``. What is not said of the file is unremarkable: old, hashed, known to be safe."""

    package: Release
    expect: Literal["deny", "warn", "allow"]
    rules: tuple[str, ...] = ()
    """The rules that must say so; empty: whichever."""
    age: timedelta | None = timedelta(days=365)
    project_age: timedelta | None = None
    """Of the oldest file of the project; the age of this one, if it is not told."""
    kind: Literal["wheel", "sdist", "tree", "vcs"] = "wheel"
    index: str = "default"
    url: str | None = None
    """Of a direct reference."""
    required_by: str | None = None
    yanked: str | None = None
    status: str | None = None
    sha256: Digest | None = None
    requirement_hashes: tuple[Digest, ...] = ()
    missing: tuple[Literal["age", "sha256", "advisories", "provenance"], ...] = ()
    """Facts that cannot be had."""
    advisories: tuple[KnownHole, ...] = ()
    attested_by: tuple[Attester, ...] | None = None
    """Who has attested it, proved; empty: nobody. Neither told nor missing: no rule is asked that looks at that."""
    attested_before: tuple[Attester, ...] = ()
    """Who had attested the file that it is compared with; empty: nobody, or there is none."""
    license: str | None = None
    """An SPDX expression. Without one no rule is asked that reads metadata."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cases:
    """A file of cases."""

    cases: tuple[Case, ...]
    today: date
    """The day of the judgement: cases must mean the same tomorrow."""


def decode_cases(text: PolicyText, data: dict[str, Any]) -> Cases:
    """Return the cases of *data*, the content of *text*. Raises :class:`PolicyError` with every problem."""
    decoder = Decoder({(KnownHole, "severity"): _check_score, (KnownHole, "fixed"): _check_version})
    cases: Cases | None = decoder.table(data, Cases, ())
    if cases is None or decoder.problems:
        raise PolicyError(tuple(f"{text.location(p.path)}: {p.message}" for p in decoder.problems))
    return cases


def _check_score(score: str) -> Iterator[tuple[Path, str]]:
    try:
        float(score)
    except ValueError:
        yield (), f'expected a CVSS score such as "7.5", found "{score}"'


def _check_version(version: str) -> Iterator[tuple[Path, str]]:
    try:
        Version(version)
    except InvalidVersion:
        yield (), f'"{version}" is not a version'


def judge(policy: Policy, case: Case, as_of: datetime) -> Verdict:
    """Return what *policy* says of *case*."""
    ruled = policy.rules_for(case.package.name, case.package.version)
    known = {Price.LISTING}
    known |= {Price.METADATA} if case.license is not None else set()
    known |= {Price.PROVENANCE} if case.attested_by is not None or "provenance" in case.missing else set()
    verdict = evaluate(
        evidence_of(case, as_of),
        rules=[rule for rule in ruled.rules if rule.needs in known],
        exceptions=policy.exceptions,
        on_missing=policy.evidence.on_missing,
        mode=policy.mode,
        fail_on=policy.fail_on,
    )
    return verdict.renamed(ruled.key_as_written)


def evidence_of(case: Case, as_of: datetime) -> Evidence:
    """Return the facts that *case* states."""
    age = case.age or timedelta(0)
    hashes = (
        {} if "sha256" in case.missing else {"sha256": (case.sha256 or f"sha256:{'0' * 64}").removeprefix("sha256:")}
    )
    uploaded: datetime | Missing = _UNKNOWN if "age" in case.missing or case.url else as_of - age
    artifact = _artifact(case, hashes)
    return Evidence(
        artifact=artifact,
        as_of=as_of,
        requested=case.required_by is None,
        required_by=case.required_by,
        upload_time=uploaded,
        sha256=artifact.sha256 or _UNKNOWN,
        user_hashes=frozenset(case.requirement_hashes),
        advisories=_UNKNOWN if "advisories" in case.missing else tuple(map(_advisory, case.advisories)),
        provenance=_provenance(case),
        precedent=_precedent(case, as_of) if case.attested_before else None,
        metadata=_UNKNOWN if case.license is None else _metadata(case),
        version_upload=uploaded,
        first_upload=_UNKNOWN if isinstance(uploaded, Missing) else as_of - (case.project_age or age),
    )


def _artifact(case: Case, hashes: dict[str, str]) -> Artifact:
    name, version, kind = case.package.name, case.package.version, _KINDS[case.kind]
    filename = {
        ArtifactKind.WHEEL: f"{name.replace('-', '_')}-{version}-py3-none-any.whl",
        ArtifactKind.SDIST: f"{name.replace('-', '_')}-{version}.tar.gz",
    }.get(kind, name)
    where = SourceKind.DIRECT if case.url else SourceKind.INDEX
    return Artifact(
        name=name,
        version=version,
        filename=filename,
        url=case.url or f"https://{case.index}.invalid/{filename}",
        kind=kind,
        source=Source(kind=where, url=case.url or f"https://{case.index}.invalid/", name=case.url or case.index),
        hashes=hashes,
        yanked=case.yanked,
        project_status=case.status,
        provenance=_ANNOUNCED if case.attested_by or "provenance" in case.missing else None,
    )


def _provenance(case: Case) -> ProvenanceFact:
    if case.attested_by is None or "provenance" in case.missing:
        return _UNKNOWN
    return _attested(case.attested_by) if case.attested_by else Unattested()


def _attested(by: tuple[Attester, ...]) -> Provenance:
    return Provenance(attestations=tuple(map(_attestation, by)), verified=True)


def _attestation(by: Attester) -> Attestation:
    kind = PublisherKind(by.kind)
    publisher = Publisher(kind=kind, repository=by.repository, workflow=by.workflow, environment=by.environment)
    return Attestation(publisher=publisher, predicate_type="")


def _precedent(case: Case, as_of: datetime) -> Precedent:
    return Precedent(
        version=Version("0"),
        filename=f"the release before {case.package}",
        upload_time=as_of - (case.age or timedelta(0)) - timedelta(days=365),
        provenance=_attested(case.attested_before),
    )


def _metadata(case: Case) -> Metadata:
    name, version = case.package.name, case.package.version
    return Metadata(
        name=name,
        version=version,
        requires_dist=(),
        requires_python=None,
        provides_extra=frozenset(),
        text=f"Metadata-Version: 2.4\nName: {name}\nVersion: {version}\nLicense-Expression: {case.license}\n",
    )


def _advisory(hole: KnownHole) -> Advisory:
    fixed = None if hole.fixed is None else Version(hole.fixed)
    return Advisory(
        id=hole.id,
        aliases=frozenset({hole.id}),
        summary="",
        severity=Missing("nobody has scored it") if hole.severity is None else float(hole.severity),
        malicious=hole.id.startswith("MAL-"),
        versions=frozenset(),
        literal_versions=frozenset(),
        ranges=(AffectedRange(introduced=None, fixed=fixed),),
        published=hole.published,
        exploited=hole.exploited,
        epss=hole.epss,
    )


def midnight(day: date) -> datetime:
    """Return the instant at which *day* begins."""
    return datetime.combine(day, time.min, timezone.utc)
