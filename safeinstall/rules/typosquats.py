"""Rule ``typosquats``: a name that is almost a popular one."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, ClassVar

from safeinstall.facts.evidence import Price
from safeinstall.facts.finding import Finding, Level
from safeinstall.facts.values import Missing

if TYPE_CHECKING:
    from collections.abc import Iterator

    from safeinstall.facts.evidence import Evidence
    from safeinstall.facts.terms import PackageSelector

_KEY = "rules.typosquats"


@dataclass(frozen=True, slots=True, kw_only=True)
class Typosquats:
    """Deny young projects whose name can be taken for a popular one, whoever asks for them.

    Stops packages that wait for a typing error, or for a name that somebody half remembered or a language model made
    up: ``reqeusts``, ``python-requests``, ``dateutil-python``. Names are compared with those of the 2,000 most popular
    projects, by edits (a character left out, added or replaced, two swapped, a neighbouring key, a character that looks
    alike), by separators, by the order of words and by affixes such as ``python-``; two edits count only against long
    and very popular names. Popular names themselves are never compared: honest projects have similar names too.

    A resemblance alone says nothing. It counts when the project is young, or has hardly any releases.

    Options:
        young: the age of a project's oldest file below which a resemblance is taken for intended. Default: ``"90d"``.
        releases: a project with fewer releases than this is pointed out at any age, with a warning. Default: ``3``.
        level: what a young project with such a name gets. Default: ``"deny"``.
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
    level: Level = Level.DENY
    exempt: tuple[PackageSelector, ...] = ()
    on_missing: Level | None = None

    def check(self, evidence: Evidence) -> Iterator[Finding]:
        """Yield a finding for a name that resembles a popular one, when something else speaks against it too."""
        artifact, lookalike = evidence.artifact, evidence.lookalike
        is_exempt = any(s.matches(artifact.name, artifact.version) for s in self.exempt)
        if lookalike is None or is_exempt or self.level is Level.ALLOW:
            return
        resemblance = (
            f"its name is {lookalike.popular} (rank {lookalike.rank} of the most popular) but for {lookalike.trick}"
        )
        uploaded = evidence.first_upload
        releases = len({listed.version for listed in evidence.siblings})
        if self.young and isinstance(uploaded, Missing):
            message = f"{resemblance}, and the age of the project is not known: {uploaded.reason}"
            yield self._finding(evidence, Level.DENY, message, "", missing=True)
        elif self.young and not isinstance(uploaded, Missing) and evidence.as_of - uploaded < self.young:
            age = _count(max(0, (evidence.as_of - uploaded).days), "day")
            yield self._finding(evidence, self.level, f"{resemblance}, and the project is {age} old", ".young")
        elif releases < self.releases:
            message = f"{resemblance}, and the project has {_count(releases, 'release')}"
            yield self._finding(evidence, Level.WARN, message, ".releases")

    def _finding(
        self, evidence: Evidence, level: Level, message: str, option: str, *, missing: bool = False
    ) -> Finding:
        popular = evidence.lookalike.popular if evidence.lookalike else ""
        name = evidence.artifact.name
        who = f"ask for {popular}" if evidence.requested else f"look at what requires {name}"
        remedy = f'{who}; if {name} is meant, add "{name}" to exempt in [rules.typosquats]'
        return Finding(
            rule=self.id, level=level, message=message, key=f"{_KEY}{option}", remedy=remedy, missing=missing
        )


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
