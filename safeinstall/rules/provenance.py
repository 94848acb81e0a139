"""Rule ``provenance``: files from whoever has always built them, and with the proof of it."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, ClassVar

from safeinstall.facts.artifact import SourceKind
from safeinstall.facts.evidence import Price
from safeinstall.facts.finding import Finding, Level
from safeinstall.facts.provenance import Provenance as Attested
from safeinstall.facts.provenance import Publisher, Refuted, Unattested, UnknownPublisher
from safeinstall.facts.terms import admits, is_same_environment
from safeinstall.facts.values import Missing
from safeinstall.rules.base import exception_command, is_local, is_own_path, one_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from safeinstall.facts.artifact import Artifact
    from safeinstall.facts.evidence import Evidence
    from safeinstall.facts.provenance import Precedent
    from safeinstall.facts.terms import PackageSelector, PublisherBinding

_KEY = "rules.provenance"
_ENTRY = f"[[{_KEY}.publishers]]"


@dataclass(frozen=True, slots=True)
class _Demand:
    """What the policy, or a lock, asks of one file."""

    key: str
    level: Level
    said: str
    """The end of a sentence that says what was found."""
    of: tuple[Publisher, ...] = ()
    """Who may have attested it; empty: whoever."""
    package: str = ""
    """The selector of an entry of ``publishers``."""
    excuses: bool = False
    """Whether these are no regression either."""
    is_locked: bool = False
    """Whether a lock asks for it: a promise like a hash, which no exception covers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """Deny files without the provenance that is asked for, by another publisher, or with less than came before.

    Stops releases of stolen accounts in the first minute, where ages and advisories need days: a thief uploads from a
    laptop, and no file of it is attested, or registers a workflow of their own as the publisher, and that is named in
    the attestation (PEP 740). Does not stop code that was smuggled into the repository, or a build that was poisoned:
    those are attested as ever.

    A *regression* needs no configuration. A file is compared with the newest release of its project that was as old
    when it was uploaded as ``minimum`` of ``[rules.minimum-age]`` asks (a month is always enough), whatever its
    version; of that release with the file most like it, in kind, then in platform. It is one where that one was
    attested and this one is not; or where this one's publisher is another: of another service, owner, repository or
    workflow. An environment that was not there before is none, since it can only keep more people from publishing;
    another one, or none at all, is. Files that ``publishers`` binds are held to that alone, unless the entry is that of
    a layer which may only tighten.

    What an index announces and what does not prove what it says is denied always: no level and no exception is for it.
    A path that you name yourself has no provenance, and is not asked for any.

    Proof (``pip install 'safeinstall[provenance]'``) is needed where ``verify`` is true, and for the files of which
    ``level``, ``require``, ``publishers`` or a lock ask who attested them. Otherwise it is believed what the index
    says: it saw who uploaded, and whoever has stolen an account cannot change that.

    Options:
        level: the level of a file that nobody has attested. Default: ``"deny"``.
        require: selectors of packages of which it is denied, whatever ``level`` says. Default: none.
        publishers: who alone may have attested the files of some packages: ``package``, a selector; ``kind``,
            ``"GitHub"``, ``"GitLab"``, ``"Google"``, ``"ActiveState"`` or ``"CircleCI"``; ``repository``,
            ``"owner/name"``, for all of an owner ``"owner/*"``, of Google the address of the account; and, unless any
            may be, ``workflow``, the name of its file (of GitLab the path, of CircleCI the id of the pipeline's
            definition), and ``environment``. Several entries with one selector are alternatives;
            what different selectors ask for must all be met, by everybody who has attested the file. One that nobody
            has attested is denied. Default: none.
        regression: the level of a file with less than its project's files had before. Default: ``"deny"``.
        verify: whether what an index announces has to be proved where nothing else asks for it. Default: ``true``.
        on-missing: what follows when provenance is announced and cannot be had; when a file of no index is asked for
            it; and when it is not known in which order the project's files were uploaded, or by whom. Where it is not
            written here, what ``level``, ``require``, ``publishers`` or a lock ask for and is not known is denied,
            whatever ``on-missing`` of ``[evidence]`` says.

    Denied: ``ultralytics 8.3.45``: "nobody has attested it; ultralytics 8.3.44 of 2024-12-06 was attested by GitHub
    ultralytics/ultralytics, publish.yml". Fix: do not install it before the project tells why. Where it has moved, bind
    it to its new place::

        [[rules.provenance.publishers]]
        package = "acme"
        kind = "GitHub"
        repository = "acme/app"
        workflow = "release.yml"
    """

    id: ClassVar[str] = "provenance"
    exceptable: ClassVar[bool] = True
    needs: ClassVar[Price] = Price.PROVENANCE

    level: Level = Level.DENY
    require: tuple[PackageSelector, ...] = field(default=(), metadata={"merge": "union"})
    publishers: tuple[PublisherBinding, ...] = field(default=(), metadata={"merge": "publishers"})
    regression: Level = Level.DENY
    verify: bool = True
    on_missing: Level | None = None

    @property
    def proof(self) -> str | None:
        """The key by which it may ask for proof, of some file; ``None`` where it never does but for a lock."""
        asking = {
            "verify": self.verify,
            "level": self.level,
            "require": self.require,
            "publishers": self.publishers,
        }
        return next((f"{_KEY}.{option}" for option, asks in asking.items() if asks), None)

    def wants_proof(self, artifact: Artifact) -> bool:
        """Whether more is asked for than a comparison with earlier files."""
        is_asked = self.verify or any(demand.level for demand in self._demands(artifact))
        return is_asked and (not is_local(artifact) or artifact.lock is not None)

    def wants_precedent(self, artifact: Artifact) -> bool:
        """Whether it has to be like the files before it: not where it is said who may have attested it."""
        is_excused = any(demand.excuses for demand in self._demands(artifact))
        return self.regression is not Level.ALLOW and not is_excused and not is_local(artifact)

    def check(self, evidence: Evidence) -> Iterator[Finding]:
        """Yield what does not hold, what is asked for and not there, and what was there before."""
        if is_own_path(evidence):
            return
        match evidence.provenance:
            case Refuted() as refuted:
                yield _refuted(refuted)
            case Missing() as missing:
                yield from self._unknown(evidence, missing)
                yield from self._claimed(evidence)
                if isinstance(missing, UnknownPublisher):
                    yield from self._of_unknown_kind(evidence, missing)
            case Unattested():
                yield from self._unattested(evidence)
            case Attested() as attested:
                yield from self._attested(evidence, attested)

    def _demands(self, artifact: Artifact) -> tuple[_Demand, ...]:
        """Return what is asked of *artifact*, the most exact first."""
        required = next((s for s in self.require if s.matches(artifact.name, artifact.version)), None)
        demands = [*self._bindings(artifact)]
        if artifact.lock_publishers:
            named = f"{one_line(artifact.lock or '')} names {_shown(artifact.lock_publishers)}"
            demands.append(_Demand(_KEY, Level.DENY, named, artifact.lock_publishers, is_locked=True))
        if required is not None:
            demands.append(_Demand(f"{_KEY}.require", Level.DENY, f"the policy asks for provenance of {required}"))
        return (*demands, _Demand(f"{_KEY}.level", self.level, "the policy asks for provenance"))

    def _bindings(self, artifact: Artifact) -> Iterator[_Demand]:
        groups: dict[PackageSelector, list[int]] = {}
        for number, binding in enumerate(self.publishers):
            if binding.package.matches(artifact.name, artifact.version):
                groups.setdefault(binding.package, []).append(number)
        for selector, numbers in groups.items():
            bound = tuple(self.publishers[number].publisher for number in numbers)
            said = f"the policy binds {selector} to {_shown(bound)}"
            excuses = all(self.publishers[number].excuses for number in numbers)
            yield _Demand(f"{_KEY}.publishers[{numbers[0]}]", Level.DENY, said, bound, str(selector), excuses)

    def _unknown(self, evidence: Evidence, missing: Missing) -> Iterator[Finding]:
        """What is of no index has nothing to prove or to lose, unless it is asked for."""
        artifact = evidence.artifact
        is_announced = artifact.provenance is not None or (self.verify and artifact.unheard is not None)
        demand = next((demand for demand in self._demands(artifact) if demand.level), None)
        if demand is not None or (is_announced and (self.verify or self._may_lose(evidence))):
            key = f"{_KEY}.{'verify' if self.verify else 'regression'}"
            yield _unproved(demand, key, f"who attested it is not known: {missing.reason}", missing.remedy)

    def _may_lose(self, evidence: Evidence) -> bool:
        """Whether what came before was attested, as far as anybody knows: an index that is down must not hide it."""
        before, artifact = evidence.precedent, evidence.artifact
        if before is None or not self.wants_precedent(artifact):
            return False
        if isinstance(before, Missing):
            return artifact.source.kind is SourceKind.INDEX
        return not isinstance(before.provenance, Unattested)

    def _claimed(self, evidence: Evidence) -> Iterator[Finding]:
        """What nobody can prove now is judged by what the index says of it, too: to ask for proof is no way around."""
        if isinstance(evidence.claimed, Refuted):
            yield _refuted(evidence.claimed)
        elif isinstance(evidence.claimed, Attested):
            yield from self._held(evidence, evidence.claimed)

    def _of_unknown_kind(self, evidence: Evidence, unknown: UnknownPublisher) -> Iterator[Finding]:
        """It is none of those who are bound, and none of those before. A lock may name it: that cannot be told."""
        for demand in self._demands(evidence.artifact):
            if demand.of and not demand.is_locked:
                yield Finding(
                    rule=self.id,
                    level=demand.level,
                    message=f"{one_line(unknown.reason)}; {demand.said}",
                    key=demand.key,
                    remedy=unknown.remedy,
                )
        if self.wants_precedent(evidence.artifact) and (earlier := _attested_before(evidence.precedent)):
            by = f"before, it was {_shown(earlier.publishers)}"
            yield self._regressed(f"{one_line(unknown.reason)}; {by}", unknown.remedy)

    def _unattested(self, evidence: Evidence) -> Iterator[Finding]:
        artifact = evidence.artifact
        asked = [demand for demand in self._demands(artifact) if demand.level]
        for demand in asked[:1] + [demand for demand in asked[1:] if demand.is_locked]:
            yield Finding(
                rule=self.id,
                level=demand.level,
                message=f"nobody has attested it; {demand.said}",
                key=demand.key,
                remedy="if the project tells why, lock again"
                if demand.is_locked
                else f"take a version that is attested, or answer for it: {_exception(artifact)}",
                final=demand.is_locked,
            )
        yield from self._compared(evidence, None)

    def _attested(self, evidence: Evidence, attested: Attested) -> Iterator[Finding]:
        if not attested.verified and self.wants_proof(evidence.artifact):
            demand = next((demand for demand in self._demands(evidence.artifact) if demand.level), None)
            yield _unproved(demand, f"{_KEY}.verify", "who attested it has not been verified")
        yield from self._held(evidence, attested)

    def _held(self, evidence: Evidence, attested: Attested) -> Iterator[Finding]:
        """Hold whoever has attested it to what is asked for, and to who came before."""
        for demand in self._demands(evidence.artifact):
            strangers = [one for one in attested.publishers if not any(admits(bound, one) for bound in demand.of)]
            if demand.of and strangers:
                yield Finding(
                    rule=self.id,
                    level=demand.level,
                    message=f"attested by {_shown(strangers)}; {demand.said}",
                    key=demand.key,
                    remedy=_bind(demand.package, strangers[0])
                    if demand.package
                    else "if the project tells that it has moved, lock again",
                    final=demand.is_locked,
                )
        yield from self._compared(evidence, attested)

    def _compared(self, evidence: Evidence, attested: Attested | None) -> Iterator[Finding]:
        """Compare with what came before; *attested* is what is there now."""
        before, artifact = evidence.precedent, evidence.artifact
        if before is None or not self.wants_precedent(artifact):
            return
        if isinstance(before, Missing) and artifact.source.kind is SourceKind.INDEX:
            yield _missing(f"{_KEY}.regression", f"how its project's files came before is not known: {before.reason}")
        elif isinstance(before, Missing):
            return
        elif isinstance(before.provenance, Missing | Refuted):
            why = f"who attested {before.filename} is not known: {before.provenance.reason}"
            yield _missing(f"{_KEY}.regression", one_line(why))
        elif isinstance(before.provenance, Attested):
            yield from self._regression(artifact, before, before.provenance, attested)

    def _regression(
        self, artifact: Artifact, before: Precedent, earlier: Attested, attested: Attested | None
    ) -> Iterator[Finding]:
        release = f"{artifact.stated_name} {before.version} of {before.upload_time:%Y-%m-%d}"
        if attested is None:
            since = f"since {before.since:%Y-%m-%d} every file was attested, " if before.since else ""
            by = f"{release}{'' if since else ' was attested'} by {_shown(earlier.publishers)}"
            message = f"nobody has attested it; {since}{by}"
            remedy = f"do not install it before the project tells why; to answer for it: {_exception(artifact)}"
            yield self._regressed(message, remedy)
            return
        for publisher in attested.publishers:
            if what := _change(publisher, earlier.publishers):
                message = f"attested by {_shown([publisher])}, {what} than before: {release}"
                yield self._regressed(f"{message} was by {_shown(earlier.publishers)}", _bind(artifact.name, publisher))

    def _regressed(self, message: str, remedy: str | None) -> Finding:
        return Finding(rule=self.id, level=self.regression, message=message, key=f"{_KEY}.regression", remedy=remedy)


def _refuted(refuted: Refuted) -> Finding:
    return Finding(
        rule=Provenance.id,
        level=Level.DENY,
        message=f"its provenance does not prove what it says: {one_line(refuted.reason)}",
        key=_KEY,
        remedy="do not install it; tell the project and whoever runs the index",
        final=True,
    )


def _unproved(demand: _Demand | None, key: str, message: str, remedy: str | None = None) -> Finding:
    """Return a missing fact: one that something asks for is not there as if it were the opposite."""
    if demand is None:
        return _missing(key, message, remedy)
    return replace(_missing(demand.key, message, remedy), level=demand.level, firm=True)


def _missing(key: str, message: str, remedy: str | None = None) -> Finding:
    return Finding(
        rule=Provenance.id,
        level=Level.DENY,
        missing=True,
        message=one_line(message),
        key=key,
        remedy=remedy or "try again later, or take it from an index that serves provenance (PEP 740)",
    )


def _attested_before(before: Precedent | Missing | None) -> Attested | None:
    found = None if before is None or isinstance(before, Missing) else before.provenance
    return found if isinstance(found, Attested) else None


def _change(now: Publisher, before: Iterable[Publisher]) -> str | None:
    """Return what is another one than that of everybody *before*; ``None`` where somebody is the same."""
    return min((_difference(now, one) for one in before), key=lambda found: found[0], default=(0, None))[1]


def _difference(now: Publisher, then: Publisher) -> tuple[int, str | None]:
    """Return how far *now* is from *then*, and in what; an environment more is nothing."""
    owners = [one.repository.lower().partition("/")[0] for one in (now, then)]
    if now.kind is not then.kind:
        return 5, "another service"
    if owners[0] != owners[1]:
        return 4, "another owner"
    if now.repository.lower() != then.repository.lower():
        return 3, "another repository"
    if now.workflow != then.workflow:
        return 2, "another workflow"
    is_same = not then.environment or is_same_environment(then.environment, now.environment)
    return (0, None) if is_same else (1, "another environment")


def _shown(publishers: Iterable[Publisher]) -> str:
    return " or ".join(one_line(publisher.shown) for publisher in publishers)


def _exception(artifact: Artifact) -> str:
    return exception_command(artifact, Provenance.id, "--reason", "…", "--expires", "30d")


def _bind(package: str, publisher: Publisher) -> str:
    """Return the way out where the project has moved: the entry that says so, which may stand beside others."""
    values = {"package": package, "kind": publisher.kind.value, "repository": publisher.repository}
    values |= {"workflow": publisher.workflow} if publisher.workflow else {}
    if publisher.shown != one_line(publisher.shown):
        return f"if the project tells that it has moved, add {_ENTRY} for it"
    entry = ", ".join(f"{key} = {json.dumps(value)}" for key, value in values.items())
    return f"if the project tells that it has moved, add {_ENTRY} with {entry}"
