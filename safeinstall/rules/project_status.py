"""Rule ``project-status``: what the index says of the project as a whole (PEP 792)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from safeinstall.facts.evidence import Price
from safeinstall.facts.finding import Finding, Level
from safeinstall.rules.base import one_line, unheard

if TYPE_CHECKING:
    from collections.abc import Iterator

    from safeinstall.facts.evidence import Evidence
    from safeinstall.facts.terms import PackageSelector


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectStatus:
    """Deny projects that their index has quarantined, and point out those that nobody maintains.

    Stops files that an index still lists although it takes the project for compromised. A quarantine has no level and
    no exception: one that was written while the project was merely archived must not cover it.

    Options:
        archived: the level of a project that will have no more releases. Default: ``"warn"``.
        deprecated: the level of a project that its owners advise against. Default: ``"warn"``.
        exempt: selectors of packages that may be archived or deprecated. Default: none.
        on-missing: what follows when the index gives a status that this version does not know, and where no index can
            be asked of a file: one that a lock names, or that is installed.

    Denied: ``acme 1.0`` after a report of malware: "default has quarantined acme: it may be compromised". Fix: do not
    install it before the index has lifted the quarantine; take another package.
    """

    id: ClassVar[str] = "project-status"
    exceptable: ClassVar[bool] = False
    needs: ClassVar[Price] = Price.LISTING

    archived: Level = Level.WARN
    deprecated: Level = Level.WARN
    exempt: tuple[PackageSelector, ...] = ()
    on_missing: Level | None = None

    def check(self, evidence: Evidence) -> Iterator[Finding]:
        """Yield a finding for every status but ``active``, which is also the meaning of none."""
        artifact = evidence.artifact
        index, name = one_line(artifact.source.display), artifact.stated_name
        if artifact.unheard is not None:
            yield unheard(self.id, artifact)
        match (artifact.project_status or "active").strip().lower():
            case "active":
                return
            case "quarantined":
                message = f"{index} has quarantined {name}: it may be compromised"
                yield self._finding("", Level.DENY, message, "do not install it before the quarantine is lifted")
            case ("archived" | "deprecated") as status:
                level = self.archived if status == "archived" else self.deprecated
                if level is Level.ALLOW or any(s.matches(artifact.name, artifact.version) for s in self.exempt):
                    return
                meaning = "no more releases will come" if status == "archived" else "its owners advise against it"
                remedy = f'look for a successor of {name}, or add "{name}" to exempt in [rules.project-status]'
                yield self._finding(f".{status}", level, f"{index} says {name} is {status}: {meaning}", remedy)
            case unknown:
                message = f"{index} gives {name} a status that is not known here: {one_line(unknown)}"
                yield self._finding("", Level.DENY, message, "look at the project, and upgrade safe-pip", missing=True)

    def _finding(self, option: str, level: Level, message: str, remedy: str, *, missing: bool = False) -> Finding:
        key = f"rules.project-status{option}"
        return Finding(rule=self.id, level=level, message=message, key=key, remedy=remedy, missing=missing)
