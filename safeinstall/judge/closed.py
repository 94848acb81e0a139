"""Sources that are never asked: the policy denies whatever file of a project they may offer."""

from __future__ import annotations

from datetime import datetime, time, timezone
from typing import TYPE_CHECKING

from packaging.version import Version

from safeinstall.facts.artifact import Artifact, ArtifactKind
from safeinstall.facts.finding import Level
from safeinstall.facts.verdict import Verdict
from safeinstall.judge.evaluate import weighed
from safeinstall.rules.base import SourceRule

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from packaging.utils import NormalizedName

    from safeinstall.facts.artifact import Source
    from safeinstall.facts.finding import Finding
    from safeinstall.facts.verdict import Waiver
    from safeinstall.policy.model import Policy
    from safeinstall.ports import ProjectPage

ANY_VERSION, EVERY_FILE = "any version", "every file"


def denials(
    name: NormalizedName, source: Source, trusted_host: str | None, policy: Policy, as_of: datetime
) -> tuple[Finding, ...]:
    """Return the findings by which *policy* denies every file of *name* on *source*; none where some file may pass.

    An exception that may cover a file, or an override for some version, is enough for the source to be asked.
    *trusted_host* is the entry of pip's ``trusted-host`` that switches off the TLS checks of the source, if one does.
    """
    overridden = {rule.id for o in policy.overrides if o.package.matches_name(name) for rule in o.rules}
    rules = [rule for rule in policy.rules if isinstance(rule, SourceRule) and rule.id not in overridden]
    found = (finding for rule in rules for finding in rule.of_source(name, source, trusted_host))
    told = (weighed(finding, mode=policy.mode, fail_on=policy.fail_on) for finding in found)
    waivers = [waiver for waiver in policy.exceptions if _may_cover(waiver, name, as_of)]
    return tuple(f for f in told if f.level is Level.DENY and not any(f.rule in w.rules for w in waivers))


def closed_verdicts(name: NormalizedName, pages: Iterable[ProjectPage]) -> Iterator[Verdict]:
    """Yield the denial of each source that was not asked for *name*, with an artifact that stands for all of its."""
    for page in pages:
        if page.source.denied:
            yield Verdict(artifact=_every_file(name, page.source), findings=page.source.denied)


def _may_cover(waiver: Waiver, name: NormalizedName, as_of: datetime) -> bool:
    is_valid = as_of < datetime.combine(waiver.expires, time.min, timezone.utc)
    return is_valid and not waiver.advisories and waiver.package.matches_name(name)


def _every_file(name: NormalizedName, source: Source) -> Artifact:
    return Artifact(
        name=name,
        version=Version("0"),
        filename=EVERY_FILE,
        url=source.url,
        kind=ArtifactKind.WHEEL,
        source=source,
        literal_version=ANY_VERSION,
    )
