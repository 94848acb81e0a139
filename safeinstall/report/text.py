"""What is told of a run in a terminal beside pip's own lines: fallbacks, warnings, exceptions that were used."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from safeinstall.facts.artifact import ArtifactKind
from safeinstall.facts.finding import Level
from safeinstall.report.gist import gists

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from packaging.utils import NormalizedName

    from safeinstall.facts.artifact import Artifact
    from safeinstall.facts.finding import Finding
    from safeinstall.facts.verdict import Verdict
    from safeinstall.policy.model import Policy
    from safeinstall.report.gist import Gist
    from safeinstall.resolve.outcome import Outcome
    from safeinstall.resolve.resolution import Resolution

PREFIX = "safe-pip: "
SHOWN_NAMES = 4
SHOWN_WARNINGS = 3
"""Lines that warnings may add to what pip says."""


def shown(text: str) -> str:
    """Return foreign *text* with what could steer a terminal made visible."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def describe(artifact: Artifact) -> str:
    """Name one file for a reader."""
    if artifact.kind in (ArtifactKind.TREE, ArtifactKind.VCS):
        return shown(f"{artifact.name} ({artifact.filename})")
    return shown(f"{artifact.name} {artifact.stated_version} ({artifact.filename})")


def shown_lines(text: str) -> list[str]:
    """Split *text* and make each line safe to print."""
    return [shown(line) for line in text.splitlines()]


def by_project(verdicts: Iterable[Verdict]) -> dict[NormalizedName, list[Verdict]]:
    """Return *verdicts* by the project that they are on, in the order in which they come."""
    found: dict[NormalizedName, list[Verdict]] = defaultdict(list)
    for verdict in verdicts:
        found[verdict.artifact.name].append(verdict)
    return found


def in_short(denied: Verdict) -> str:
    """Return why a file is denied, in one line of foreign text."""
    gist = gists(denied.denials)[0]
    return f"{gist.rule}: {gist.lines[0]}"


def render_summary(outcome: Outcome, policy: Policy, *, verbose: bool) -> str:
    """Return what the policy has to say about a run that went through: fallbacks, warnings, exceptions used."""
    if outcome.refused is not None:
        return ""
    resolution = outcome.resolved
    warnings = resolution.warnings if outcome.status is None else ()
    notices = map(shown, (*resolution.notices, *warnings))
    verdicts = [pin.verdict for pin in resolution.pins]
    lines = [*notices, *_fallbacks(resolution), *render_remarks(verdicts, policy, verbose=verbose)]
    return "\n".join(PREFIX + line for line in lines)


def render_remarks(
    verdicts: Sequence[Verdict], policy: Policy, *, verbose: bool, most: int = SHOWN_WARNINGS, located: bool = False
) -> list[str]:
    """Return at most so many lines of warnings on *verdicts*, like ones once, and the exceptions they made use of.

    Each warning is *located* in the policy. All are told, each with its place, if *verbose*.
    """
    warnings = _warnings(verdicts, policy, most=None if verbose else most, located=located or verbose)
    return [*warnings, *_waived(verdicts, verbose=verbose)]


def _fallbacks(resolution: Resolution) -> Iterator[str]:
    """One line for each project of which a better file was hidden."""
    chosen = {pin.artifact.name: pin.artifact for pin in resolution.pins}
    for name, verdicts in sorted(by_project(resolution.hidden).items()):
        artifact, best = chosen.get(name), verdicts[0]
        if artifact is None or (best.artifact.version, best.artifact.filename) == (artifact.version, artifact.filename):
            continue
        yield shown(f"{name} {artifact.version} instead of {best.artifact.version}: {in_short(best)}")


def _warnings(verdicts: Sequence[Verdict], policy: Policy, *, most: int | None, located: bool) -> Iterator[str]:
    """Like warnings are told once, with the files they concern; a fact that is missing, once for all rules."""
    verbose = most is None
    groups: dict[tuple[str, str], list[tuple[Artifact, Gist[Finding]]]] = defaultdict(list)
    for verdict in verdicts:
        for gist in _gists((f for f in verdict.findings if _is_warning(f)), each=verbose):
            missing = gist.findings[0].missing
            groups["" if missing else gist.rule, gist.message].append((verdict.artifact, gist))
    # What is known comes before what could not be found out, and a clean run stays short.
    ordered = sorted(groups.items(), key=lambda item: item[1][0][1].findings[0].missing)
    told = ordered if most is None or len(ordered) <= most else ordered[: most - 1]
    for (_, message), found in told:
        first = found[0][1].findings[0]
        kind = "would be denied" if first.audited else "warned"
        where = f" [{policy.origin(first.key)}]" if located else ""
        artifacts = list(dict.fromkeys(artifact for artifact, _ in found))
        yield shown(f"{kind}: {_names(artifacts, verbose=verbose)}: {_rules(g for _, g in found)}: {message}{where}")
    if rest := ordered[len(told) :]:
        rules = _rules(gist for _, found in rest for _, gist in found)
        yield f"and {len(rest)} more warnings, by {rules}; -v tells them all"


def _is_warning(finding: Finding) -> bool:
    return finding.level is Level.WARN and finding.suppressed_by is None


def _gists(findings: Iterable[Finding], *, each: bool) -> list[Gist[Finding]]:
    """Return the gist of what would be denied, and of what is warned of; with *each*, every finding is one."""
    groups: dict[Any, list[Finding]] = defaultdict(list)
    for number, finding in enumerate(findings):
        groups[number if each else finding.audited].append(finding)
    return [gist for group in groups.values() for gist in gists(group)]


def _rules(found: Iterable[Gist[Finding]]) -> str:
    return ", ".join(sorted({finding.rule for gist in found for finding in gist.findings}))


def release(artifact: Artifact) -> str:
    """Name a version for a reader; foreign text."""
    return f"{artifact.name} {artifact.stated_version}"


def _names(artifacts: Sequence[Artifact], *, verbose: bool) -> str:
    names = list(map(release, artifacts))
    if verbose or len(names) <= SHOWN_NAMES:
        return ", ".join(names)
    return f"{', '.join(names[: SHOWN_NAMES - 1])} and {len(names) - SHOWN_NAMES + 1} more"


def _waived(verdicts: Sequence[Verdict], *, verbose: bool) -> Iterator[str]:
    for verdict in verdicts:
        excepted: dict[Any, list[Finding]] = defaultdict(list)
        for number, finding in enumerate(verdict.findings):
            if finding.suppressed_by is not None:
                excepted[number if verbose else finding.suppressed_by].append(finding)
        for group in excepted.values():
            for gist in gists(group, excepted=True):
                said = f"{gist.rule}: {gist.message} ({group[0].suppressed_by})"
                yield shown(f"allowed by an exception: {release(verdict.artifact)}: {said}")


def render_would_install(resolution: Resolution) -> str:
    """Return pip's own line for a dry run (pip: commands/install.py)."""
    items = sorted(
        (_raw_name(pin.metadata.text) or pin.artifact.name, str(pin.metadata.version))
        for pin in resolution.pins
        if pin.installs
    )
    return "Would install " + " ".join(f"{name}-{version}" for name, version in items)


def _raw_name(text: str) -> str:
    line = next((line for line in text.splitlines() if line.lower().startswith("name:")), "")
    return line.partition(":")[2].strip()
