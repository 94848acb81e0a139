"""Candidate in, evidence out: asks only what the rules of the policy need."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from safeinstall.errors import SourceError
from safeinstall.facts.artifact import ArtifactKind, SourceKind, contradict
from safeinstall.facts.evidence import Evidence, Listed
from safeinstall.facts.values import Missing
from safeinstall.judge.version_uploads import VersionUploads

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterable, Mapping, Sequence
    from datetime import datetime

    from packaging.utils import NormalizedName

    from safeinstall.facts.advisory import Advisory
    from safeinstall.facts.artifact import Artifact, Source
    from safeinstall.facts.values import Lookalike
    from safeinstall.judge.attestations import Attestations
    from safeinstall.judge.origins import Origins
    from safeinstall.ports import AdvisorySource, ProjectPage
    from safeinstall.rules.base import ProvenanceRule

CLOCK_TOLERANCE = timedelta(days=1)
"""How far the clock of an index may be from that of this machine before neither is believed."""
_FILES = frozenset({ArtifactKind.WHEEL, ArtifactKind.SDIST})
_SET_CLOCK = "set the clock of this machine, or tell whoever runs the index that theirs is wrong"
_ASK_AN_INDEX = "let an index be asked that lists this very file, or lock again from one"


@dataclass(slots=True)
class Gatherer:
    """Collects the facts about one file. A fact that cannot be had becomes ``Missing`` here, and nowhere else."""

    advisories: AdvisorySource | None
    """``None`` when no rule of the policy asks for advisories."""
    siblings: Callable[[NormalizedName], Iterable[Artifact]]
    """The files of a project that could be installed here."""
    requested: frozenset[NormalizedName]
    user_hashes: Mapping[NormalizedName, frozenset[str]]
    as_of: datetime
    pages: Callable[[NormalizedName], Sequence[ProjectPage]] = lambda _: ()
    """What every source says of a project; asked only of a project whose pages have come."""
    indexes: frozenset[str] = frozenset()
    """The names of the indexes that the policy lists; empty when it lists none."""
    trusted_hosts: Sequence[str] = ()
    """As pip is configured: hosts, with or without a port."""
    lookalike: Callable[[NormalizedName], Lookalike | None] = lambda _: None
    """Finds the popular name that another one resembles; ``None`` always, when no rule asks."""
    popular: Container[NormalizedName] = frozenset()
    """The popular names, when a rule asks for resemblances."""
    vouchers: dict[NormalizedName, NormalizedName] = field(default_factory=dict)
    """Of what popular projects are known to require: who does."""
    attestations: Attestations | None = None
    """``None`` when no rule of the policy asks for provenance."""
    origins: Origins | None = None
    """``None`` when no rule of the policy asks for the origin of files."""
    first_uploads: bool = False
    """Whether a rule asks when projects began."""
    _doubt: Missing | None = None
    """Why no time can be relied on, if so."""
    _advisories: dict[NormalizedName, tuple[Advisory, ...] | Missing] = field(default_factory=dict)
    _siblings: dict[tuple[NormalizedName, str], tuple[Listed, ...]] = field(default_factory=dict)
    _version_uploads: dict[tuple[NormalizedName, str], VersionUploads] = field(default_factory=dict)
    _first_uploads: dict[tuple[NormalizedName, str], datetime | Missing] = field(default_factory=dict)

    def gather(self, artifact: Artifact, required_by: str | None) -> Evidence:
        """Return what is known of *artifact*; *required_by* names who wrote a direct reference, if not the user."""
        artifact = self._looked_up(artifact)
        source, lookalike = artifact.source, self.lookalike(artifact.name)
        self._compare_clocks(artifact)
        return Evidence(
            artifact=artifact,
            as_of=self.as_of,
            requested=artifact.name in self.requested,
            required_by=required_by,
            upload_time=self._doubt or artifact.upload_time or self._no_upload_time(artifact),
            sha256=artifact.sha256 or Missing(f"{source.display} publishes no sha256"),
            user_hashes=self.user_hashes.get(artifact.name, frozenset()),
            siblings=self._siblings_of(artifact) if self.advisories or lookalike else (),
            advisories=self._advisories_of(artifact.name),
            is_index_listed=self._is_listed(artifact),
            rivals=self._rivals(artifact),
            altered=self._altered(artifact),
            trusted_host=trusted_host(source.url, self.trusted_hosts) or trusted_host(artifact.url, self.trusted_hosts),
            version_upload=self._doubt or self._version_upload(artifact),
            lookalike=lookalike,
            popular_upload=self._popular_upload(lookalike) if lookalike else None,
            vouched_by=self.vouchers.get(artifact.name) if lookalike else None,
            first_upload=self._doubt or self._first_upload(artifact)
            if lookalike or self.first_uploads
            else Missing("nobody asked"),
        )

    def attested(self, evidence: Evidence, rules: Sequence[ProvenanceRule]) -> Evidence:
        """Return *evidence* with what *rules* ask of provenance. Waits for what has to be fetched for that."""
        if self.attestations is None or not rules:
            return evidence
        artifact = _measured(evidence)
        self.prefetch_attested(replace(evidence, artifact=artifact), rules)  # both at once, if nobody has foreseen it
        wants_proof = _wants_proof(rules, artifact)
        fact = self.attestations.fact(artifact, verify=wants_proof)
        if wants_proof and isinstance(fact, Missing):
            evidence = replace(evidence, claimed=self.attestations.fact(artifact, verify=False))
        if not any(rule.wants_precedent(artifact) for rule in rules):
            return replace(evidence, provenance=fact)
        precedent = self._doubt or self.attestations.precedent(
            artifact, evidence.as_of, lambda file: _wants_proof(rules, file)
        )
        return replace(evidence, provenance=fact, precedent=precedent)

    def prefetch_attested(self, evidence: Evidence, rules: Sequence[ProvenanceRule]) -> None:
        """Start on what :meth:`attested` will fetch."""
        if self.attestations is None or not rules:
            return
        self.attestations.prefetch(evidence.artifact)
        if any(rule.wants_precedent(evidence.artifact) for rule in rules):
            self.attestations.prefetch_earlier(evidence.artifact, evidence.as_of)

    def hear(self, artifact: Artifact, requires: Iterable[NormalizedName]) -> None:
        """Note what a file *requires* that passed and will perhaps be installed.

        That counts where the project is popular, or required by one that is: what anybody else requires says nothing.
        Nor does a file that no index offers, or one of which another index has another, which can be anybody's.
        """
        if artifact.name not in self.popular and artifact.name not in self.vouchers:
            return
        if artifact.source.kind is SourceKind.INDEX and not self._rivals(artifact):
            for name in requires:
                self.vouchers.setdefault(name, artifact.name)

    def _popular_upload(self, lookalike: Lookalike) -> datetime | None:
        """Return when the popular project began. Where no index tells, its place in the list stands for it."""
        try:
            times = [page.first_upload for page in self.pages(lookalike.popular)]
        except SourceError:
            return None
        return min((time for time in times if time is not None), default=None)

    def _is_listed(self, artifact: Artifact) -> bool:
        if not self.indexes or artifact.source.kind is not SourceKind.INDEX:
            return True
        return artifact.unheard is None and artifact.source.name in self.indexes

    def _looked_up(self, artifact: Artifact) -> Artifact:
        """Return a file that a lock names by its address with what an index knows of it: the lock is no witness."""
        if artifact.lock is None or artifact.source.kind is not SourceKind.DIRECT or artifact.kind not in _FILES:
            return artifact
        digests = {artifact.sha256, *(d.removeprefix("sha256:") for held in artifact.user_hashes for d in held)} - {
            None
        }
        try:
            pages = self.pages(artifact.name)
        except SourceError as error:
            return replace(artifact, unheard=error.message)
        for page in pages:
            for file in page.files:
                if file.hashes.get("sha256") in digests:
                    return replace(
                        artifact,
                        upload_time=file.upload_time,
                        yanked=file.yanked,
                        provenance=file.provenance,
                        project_status=page.status,
                    )
        return replace(artifact, unheard=f"no index that may be asked lists {artifact.filename}")

    def _compare_clocks(self, artifact: Artifact) -> None:
        """Doubt every time, from the first page on whose index has another one. What expires does so by the later."""
        if self._doubt is not None or artifact.source.kind is not SourceKind.INDEX:
            return
        for page in self.pages(artifact.name):
            if page.answered is not None and abs(page.answered - self.as_of) > CLOCK_TOLERANCE:
                ours, theirs = (f"{clock:%Y-%m-%d}" for clock in (self.as_of, page.answered))
                name = page.source.display
                self._doubt = Missing(f"the clock of this machine says {ours}, that of {name} {theirs}", _SET_CLOCK)
                self.as_of = max(self.as_of, page.answered)
                return

    def _rivals(self, artifact: Artifact) -> tuple[Source, ...]:
        if artifact.source.kind is not SourceKind.INDEX:
            return ()
        pages = {page.source.url: page for page in self.pages(artifact.name) if page.source.kind is SourceKind.INDEX}
        return tuple(
            page.source
            for url, page in pages.items()
            if url != artifact.source.url
            and page.source.family != artifact.source.family
            and not page.source.denied
            and not _offers(page, artifact.sha256)
        )

    def _altered(self, artifact: Artifact) -> Source | None:
        """Return whom a mirror's file contradicts: its original, or where that has no such file, another mirror."""
        if artifact.source.mirror_of is None:
            return None
        own = artifact.source
        family = [p for p in self.pages(artifact.name) if p.source.family == own.family and p.source.url != own.url]
        same = [(page.source, file) for page in family for file in page.files if file.filename == artifact.filename]
        asked = [(source, file) for source, file in same if source.mirror_of is None] or same
        is_altered = asked and all(contradict(artifact.hashes, file.hashes) for _, file in asked)
        return asked[0][0] if is_altered else None

    def _version_upload(self, artifact: Artifact) -> datetime | Missing:
        known = self._advisories_of(artifact.name)
        if isinstance(known, Missing) or not any(interval.is_open for one in known for interval in one.ranges):
            return Missing("nobody asked")
        if artifact.unheard is not None or (artifact.source.kind is SourceKind.DIRECT and artifact.lock is None):
            return self._no_upload_time(artifact)
        key = (artifact.name, artifact.source.url)
        if key not in self._version_uploads:
            self._version_uploads[key] = VersionUploads.of(artifact.name, artifact.source, self.pages(artifact.name))
        return self._version_uploads[key].first(artifact.version) or self._no_upload_time(artifact)

    def _first_upload(self, artifact: Artifact) -> datetime | Missing:
        if artifact.source.kind is SourceKind.DIRECT:
            return Missing(f"{artifact.source.display} is no index")
        key = (artifact.name, artifact.source.url)
        if key not in self._first_uploads:
            self._first_uploads[key] = self._first_upload_of(artifact)
        return self._first_uploads[key]

    def _first_upload_of(self, artifact: Artifact) -> datetime | Missing:
        pages = [page for page in self.pages(artifact.name) if page.source.url == artifact.source.url]
        times = [page.first_upload for page in pages if page.first_upload is not None]
        return min(times, default=None) or self._no_upload_time(artifact)

    def _no_upload_time(self, artifact: Artifact) -> Missing:
        if artifact.unheard is not None:
            return Missing(artifact.unheard, _ASK_AN_INDEX)
        source = artifact.source
        for page in self.pages(artifact.name) if source.mirror_of else ():
            if page.source.name == source.mirror_of and _has_another(page, artifact):
                others = f"{page.source.display} has other files of {artifact.name} {artifact.version} than this one"
                return Missing(f"{others}, and what its mirror {source.display} says of that is not believed")
        return Missing(f"{source.display} does not tell when it was uploaded")

    def _advisories_of(self, name: NormalizedName) -> tuple[Advisory, ...] | Missing:
        if name not in self._advisories:
            self._advisories[name] = self._ask(name)
        return self._advisories[name]

    def _ask(self, name: NormalizedName) -> tuple[Advisory, ...] | Missing:
        if self.advisories is None:
            return Missing("no rule asks for advisories")
        if self._doubt is not None:
            return Missing(f"how old the advisories are is not known: {self._doubt.reason}", self._doubt.remedy)
        try:
            return self.advisories.advisories(name)
        except SourceError as error:
            return Missing(error.message, error.hint)

    def _siblings_of(self, artifact: Artifact) -> tuple[Listed, ...]:
        key = (artifact.name, artifact.source.url)
        if key not in self._siblings:
            self._siblings[key] = tuple(
                Listed(version=a.version, upload_time=a.upload_time, yanked=a.yanked is not None)
                for a in self.siblings(artifact.name)
                if a.source.url == artifact.source.url
            )
        return self._siblings[key]


def _measured(evidence: Evidence) -> Artifact:
    """Return the file with the sha256 that is known of it by now."""
    artifact, sha256 = evidence.artifact, evidence.sha256
    if isinstance(sha256, Missing) or artifact.sha256 == sha256:
        return artifact
    return replace(artifact, hashes={**artifact.hashes, "sha256": sha256})


def _wants_proof(rules: Sequence[ProvenanceRule], artifact: Artifact) -> bool:
    return any(rule.wants_proof(artifact) for rule in rules)


def _has_another(page: ProjectPage, artifact: Artifact) -> bool:
    """Whether *page* has files of the version of *artifact*, and not that one."""
    same = (file for file in page.files if file.filename == artifact.filename and file.hashes)
    has_version = VersionUploads.of(artifact.name, page.source, [page]).has(artifact.version)
    return has_version and all(contradict(artifact.hashes, file.hashes) for file in same)


def _offers(page: ProjectPage, sha256: str | None) -> bool:
    return sha256 is not None and any(file.hashes.get("sha256") == sha256 for file in page.files)


def trusted_host(url: str, entries: Sequence[str]) -> str | None:
    """Return the entry of pip's ``trusted-host`` that switches off the TLS checks of *url*, if one does."""
    hosts = _hosts(url) if entries else ()
    return next((entry for entry in entries if entry.lower() in hosts), None)


def _hosts(url: str) -> set[str]:
    """Return how an entry of ``trusted-host`` may name the host of an encrypted *url* (pip: network/session.py)."""
    try:
        parts = urlsplit(url)
        port = parts.port or 443
    except ValueError:  # no address: whoever asks it is told so
        return set()
    if parts.scheme != "https" or not parts.hostname:
        return set()
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    return {parts.hostname, host, f"{host}:{port}"}
