"""Rule ``typosquats``: a name that is almost a popular one."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, ClassVar

from safeinstall.facts.evidence import Price
from safeinstall.facts.finding import Finding, Level
from safeinstall.facts.values import Likeness, Missing

if TYPE_CHECKING:
    from collections.abc import Iterator

    from safeinstall.facts.evidence import Evidence
    from safeinstall.facts.terms import PackageSelector
    from safeinstall.facts.values import Lookalike

_KEY = "rules.typosquats"


@dataclass(frozen=True, slots=True, kw_only=True)
class Typosquats:
    """Deny young projects whose name can be taken for a popular one, whoever asks for them.

    Stops packages that wait for a typing error, or for a name that somebody half remembered or a language model made
    up: ``reqeusts``, ``python-requests``, ``requests-oauth-helper``. Names are compared with those of the 10,000 most
    popular projects. A *sure* resemblance is hardly ever an accident, and counts against every one of them: two
    characters swapped, one doubled, left out or put for one that looks alike (``rn`` for ``m``, ``vv`` for ``w``,
    ``cl`` for ``d``, ``0`` for ``o``, ``1`` for ``l``), other separators, the same words in another order. An *unsure*
    one often is, and counts against names that are long and popular enough: another character added or replaced, a
    neighbouring key, two edits, an affix (``python-``, ``-utils``, ``-cuda``), alone or with a slip, a last word left
    out; and short names after a slip. A *combined* one is one of the 300 most popular names with two or more further
    words. Popular names themselves are never compared: honest projects have similar names too. ``docs/names.md`` says
    what was measured.

    A resemblance alone says nothing. It counts when the project is young, or has hardly any releases; a sure one also
    while the project could be waiting. It is warned of at most where the project is older than the popular one, and
    where a popular project requires it, as is known of the projects of this run and of a list that is shipped.

    Options:
        young: the age of a project's oldest file below which a resemblance is taken for intended. Default: ``"90d"``.
        releases: a project with fewer releases than this is pointed out at any age, unless the resemblance is a
            combined one. Default: ``3``.
        watched: the age below which a sure resemblance is warned of, however many releases the project has. Default:
            ``"730d"``.
        sure: what a young project gets for a sure resemblance. Default: ``"deny"``.
        sure-releases: what one with hardly any releases gets for it at any age. Default: ``"warn"``.
        level: what a young project gets for an unsure resemblance; with hardly any releases, a warning. Default:
            ``"deny"``.
        combined: what a young project gets for a popular name with further words. Default: ``"warn"``.
        exempt: selectors of packages that may be called what they are, such as your own. Default: none.
        on-missing: what follows when the index tells no upload times, so that the age is unknown.

    Denied: ``reqeusts 1.0``: "its name is requests (rank 6 of the most popular) but for two characters swapped, and the
    project is 2 days old". Fix: ask for ``requests``; if it is meant, add ``"reqeusts"`` to ``exempt``.
    """

    id: ClassVar[str] = "typosquats"
    exceptable: ClassVar[bool] = True
    needs: ClassVar[Price] = Price.LISTING

    young: timedelta = timedelta(days=90)
    releases: int = field(default=3, metadata={"merge": "highest"})
    watched: timedelta = timedelta(days=730)
    sure: Level = Level.DENY
    sure_releases: Level = Level.WARN
    level: Level = Level.DENY
    combined: Level = Level.WARN
    exempt: tuple[PackageSelector, ...] = ()
    on_missing: Level | None = None

    def check(self, evidence: Evidence) -> Iterator[Finding]:
        """Yield a finding for a name that resembles a popular one, when something else speaks against it too."""
        artifact, lookalike = evidence.artifact, evidence.lookalike
        is_exempt = any(s.matches(artifact.name, artifact.version) for s in self.exempt)
        if lookalike is None or is_exempt or self.level is Level.ALLOW:
            return
        began = evidence.first_upload
        if not isinstance(began, Missing):
            yield from self._found(evidence, lookalike, began)
        elif not self.young:  # then no age is asked for
            level, why, option = self._by_releases(evidence, lookalike)
            if level is not Level.ALLOW:
                yield _finding(evidence, lookalike, Level.WARN if evidence.vouched_by else level, why, option)
        elif (level := self._young_level(lookalike)) is not Level.ALLOW:
            why = f"the age of the project is not known: {began.reason}"
            is_combined = lookalike.likeness is Likeness.COMBINED
            if evidence.vouched_by or (is_combined and level is Level.WARN):  # no age would make it worse
                yield _finding(evidence, lookalike, Level.WARN, why, ".young")
            else:
                yield _finding(evidence, lookalike, Level.DENY, why, "", missing=True)

    def _found(self, evidence: Evidence, lookalike: Lookalike, began: datetime) -> Iterator[Finding]:
        level, why, option = self._weighed(evidence, lookalike, max(evidence.as_of - began, timedelta()))
        is_older = evidence.popular_upload is not None and began < evidence.popular_upload
        if level is Level.ALLOW or (is_older and lookalike.likeness is not Likeness.SURE):
            return
        if is_older:
            why += f", though it is older than {lookalike.popular}"
        if is_older or evidence.vouched_by:
            level = Level.WARN
        until = began + self.young if option == ".young" else None
        yield replace(_finding(evidence, lookalike, level, why, option), until=until)

    def _weighed(self, evidence: Evidence, lookalike: Lookalike, age: timedelta) -> tuple[Level, str, str]:
        """Return what the resemblance gets, what else speaks against the project, and the option that says so."""
        level, is_old = self._young_level(lookalike), f"the project is {_count(age.days, 'day')} old"
        if age < self.young and level is not Level.ALLOW:
            return level, is_old, ".young"
        by_releases = self._by_releases(evidence, lookalike)
        if by_releases[0] is Level.ALLOW and lookalike.likeness is Likeness.SURE and age < self.watched:
            return min(self.sure, Level.WARN), is_old, ".watched"
        return by_releases

    def _by_releases(self, evidence: Evidence, lookalike: Lookalike) -> tuple[Level, str, str]:
        releases = len({listed.version for listed in evidence.siblings})
        if releases >= self.releases or lookalike.likeness is Likeness.COMBINED:
            return Level.ALLOW, "", ""
        rare = self.sure_releases if lookalike.likeness is Likeness.SURE else min(self.level, Level.WARN)
        return rare, f"the project has {_count(releases, 'release')}", ".releases"

    def _young_level(self, lookalike: Lookalike) -> Level:
        by_likeness = {Likeness.SURE: self.sure, Likeness.UNSURE: self.level, Likeness.COMBINED: self.combined}
        return by_likeness[lookalike.likeness]


def _finding(
    evidence: Evidence, lookalike: Lookalike, level: Level, why: str, option: str, *, missing: bool = False
) -> Finding:
    name, popular = evidence.artifact.name, lookalike.popular
    message = f"its name is {popular} (rank {lookalike.rank} of the most popular) but for {lookalike.trick}, and {why}"
    if evidence.vouched_by:
        message += f"; {evidence.vouched_by} requires it"
    who = f"ask for {popular}" if evidence.requested else f"look at what requires {name}"
    remedy = f'{who}; if {name} is meant, add "{name}" to exempt in [rules.typosquats]'
    rule, key = Typosquats.id, f"{_KEY}{option}"
    return Finding(rule=rule, level=level, message=message, key=key, remedy=remedy, missing=missing)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
