"""Rule ``yanked``: nothing its publisher has taken back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from safeinstall.facts.evidence import Price
from safeinstall.facts.finding import Finding, Level
from safeinstall.rules.base import one_line, unheard

if TYPE_CHECKING:
    from collections.abc import Iterator

    from safeinstall.facts.evidence import Evidence


@dataclass(frozen=True, slots=True, kw_only=True)
class Yanked:
    """Deny files that their publisher has yanked (PEP 592), also when a requirement pins exactly that version.

    Stops releases that are broken, or that were withdrawn because an account was taken over: pip installs them
    for ``==`` with no more than a warning.

    Options:
        level: what a yanked file gets. Default: ``"deny"``.
        on-missing: what follows where no index can be asked of a file: one that a lock names, or that is installed. A
            file that an index lists and does not call yanked is not.

    Denied: ``acme==1.4.0`` after its publisher yanked it: 'yanked by its publisher ("breaks Python 3.12"); the policy
    takes no yanked file'. Fix: ask for another version.
    """

    id: ClassVar[str] = "yanked"
    exceptable: ClassVar[bool] = True
    needs: ClassVar[Price] = Price.LISTING

    level: Level = Level.DENY
    on_missing: Level | None = None

    def check(self, evidence: Evidence) -> Iterator[Finding]:
        """Yield a finding of the configured level for a yanked file."""
        artifact = evidence.artifact
        if self.level is Level.ALLOW:
            return
        if artifact.unheard is not None:
            yield unheard(self.id, artifact)
        if artifact.yanked is None:
            return
        said = one_line(artifact.yanked)
        reason = f'"{said}"' if said else "without a reason"
        yield Finding(
            rule=self.id,
            level=self.level,
            message=f"yanked by its publisher ({reason}); the policy asks for files that are not yanked",
            key="rules.yanked.level",
            remedy=f"ask for a version of {artifact.stated_name} other than {artifact.version}",
        )
