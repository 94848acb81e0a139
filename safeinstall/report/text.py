"""What is told of a run in a terminal beside pip's own lines: fallbacks, warnings, exceptions that were used."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from safeinstall.facts.artifact import ArtifactKind, contradict
from safeinstall.facts.finding import Level, utc
from safeinstall.report.gist import gists
from safeinstall.report.provenance.build import report_provenance
from safeinstall.report.provenance.words import told_of
from safeinstall.report.rivals import render_rivals

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from packaging.utils import NormalizedName

    from safeinstall.facts.artifact import Artifact
    from safeinstall.facts.finding import Finding
    from safeinstall.facts.verdict import Verdict
    from safeinstall.policy.model import Policy
    from safeinstall.report.gist import Gist
    from safeinstall.request.invocation import ConfiguredSources, Invocation
    from safeinstall.resolve.outcome import Outcome
    from safeinstall.resolve.resolution import Resolution

Warned: TypeAlias = "tuple[Artifact, Gist[Finding]]"
PREFIX = "safe-pip: "
SHOWN_NAMES = 4
SHOWN_WARNINGS = 3
"""Lines that warnings may add to what pip says."""
SHOWN_FALLBACKS = 3
"""Lines of what was passed over."""


def shown(text: str) -> str:
    """Return foreign *text* with what could steer a terminal made visible."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def describe(artifact: Artifact) -> str:
    """Name one file for a reader."""
    if artifact.kind in (ArtifactKind.TREE, ArtifactKind.VCS):
        return shown(f"{artifact.stated_name} ({artifact.filename})")
    return shown(f"{artifact.release} ({artifact.filename})")


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


def with_end(denied: Verdict) -> str:
    """Return the same, with the time from which on it passes, else by what does not end, and what is to be done."""
    if denied.complies_from is not None:
        return f"{in_short(denied)}; complies from {utc(denied.complies_from)} on"
    lasting = tuple(finding for finding in denied.denials if finding.until is None)
    if not lasting:  # something else denies it when these end
        return in_short(denied)
    gist = gists(lasting)[0]
    remedy = f"; way out: {gist.remedy}" if gist.remedy else ""
    return f"{gist.rule}: {gist.lines[0]}{remedy}"


def render_summary(outcome: Outcome, policy: Policy, invocation: Invocation) -> str:
    """Return what the policy has to say about a run that went through: fallbacks, warnings, exceptions used.

    Of a run that is to be quiet these are the warnings alone.
    """
    if outcome.refused is not None:
        return ""
    resolution, verbose = outcome.resolved, invocation.verbosity > 0
    warnings = list(map(shown, resolution.warnings if outcome.status is None else ()))
    verdicts = [pin.verdict for pin in resolution.pins]
    if not invocation.informs:
        lines = [
            *warnings,
            *_Warnings(policy, SHOWN_WARNINGS, located=False, sources=invocation.sources).told(verdicts),
        ]
    else:
        remarks = render_remarks(verdicts, policy, verbose=verbose, sources=invocation.sources)
        built = built_by(verdicts) if verbose else ()
        lines = [*map(shown, resolution.notices), *warnings, *_told_fallbacks(outcome, invocation), *remarks, *built]
    return "\n".join(PREFIX + line for line in lines)


def built_by(verdicts: Sequence[Verdict]) -> Iterator[str]:
    """Return lines that say who built each file, where a rule asked; those of whom nobody is known are counted."""
    told = told_of((verdict.artifact.release, report_provenance(verdict)) for verdict in verdicts)
    return (shown(f"built by: {line}") for line in told)


def _told_fallbacks(outcome: Outcome, invocation: Invocation) -> Sequence[str]:
    """Return lines of what was passed over. What is installed has no second run with ``-v`` that would tell more."""
    installed = invocation.command == "install" and outcome.status is not None
    all_told = "safe-pip outdated lists them" if installed else "-v tells them all"
    most = None if invocation.verbosity > 0 else SHOWN_FALLBACKS
    return _in_few(list(_fallbacks(outcome.resolved)), most, all_told)


def render_remarks(
    verdicts: Sequence[Verdict],
    policy: Policy,
    *,
    verbose: bool,
    most: int = SHOWN_WARNINGS,
    located: bool = False,
    sources: ConfiguredSources | None = None,
) -> list[str]:
    """Return at most so many lines of warnings on *verdicts*, like ones once, and the exceptions they made use of.

    Each warning is *located* in the policy. All are told, each with its place, if *verbose*.
    """
    warnings = _Warnings(policy, None if verbose else most, located or verbose, sources)
    return [*warnings.told(verdicts), *_waived(verdicts, verbose=verbose)]


def _fallbacks(resolution: Resolution) -> Iterator[str]:
    """One line for each project of which a better file was hidden."""
    chosen = {pin.artifact.name: pin.artifact for pin in resolution.pins}
    for name, verdicts in sorted(by_project(resolution.hidden).items()):
        artifact, best = chosen.get(name), verdicts[0]
        if artifact is None or _is_same_file(best.artifact, artifact):
            continue
        taken, hidden = str(artifact.version), str(best.artifact.version)
        if taken == hidden:
            taken, hidden = artifact.filename, best.artifact.filename
        yield shown(f"{artifact.stated_name} {taken} instead of {hidden}: {with_end(best)}")


def _in_few(lines: Sequence[str], most: int | None, all_told: str) -> Sequence[str]:
    """Return at most so many *lines*, of which the last then says how many more there are, and how *all* are *told*."""
    if most is None or len(lines) <= most:
        return lines
    told = lines[: most - 1]
    return [*told, f"and {len(lines) - len(told)} more; {all_told}"]


def _is_same_file(one: Artifact, other: Artifact) -> bool:
    """Whether two indexes offer one file, as far as they tell."""
    is_one_name = (one.version, one.filename) == (other.version, other.filename)
    return is_one_name and not contradict(one.hashes, other.hashes)


@dataclass(frozen=True, slots=True)
class _Warnings:
    """Tells like warnings once, with the files they concern."""

    policy: Policy
    most: int | None
    """Lines; ``None``: every finding has one."""
    located: bool
    sources: ConfiguredSources | None

    def told(self, verdicts: Sequence[Verdict]) -> Iterator[str]:
        """Yield what is said of malware first, and what could not be found out last; a clean run stays short."""
        groups: dict[tuple[str, str], list[Warned]] = defaultdict(list)
        for verdict in verdicts:
            for gist in _gists((f for f in verdict.findings if _is_warning(f)), each=self.most is None):
                groups[self._key(gist)].append((verdict.artifact, gist))
        ordered = sorted(groups.values(), key=_weight)
        told = ordered if self.most is None or len(ordered) <= self.most else ordered[: self.most - 1]
        yield from map(self._line, told)
        if rest := ordered[len(told) :]:
            rules = _rules(gist for found in rest for _, gist in found)
            yield f"and {len(rest)} more warnings, by {rules}; -v tells them all"

    def _key(self, gist: Gist[Finding]) -> tuple[str, str]:
        """Return what like warnings have in common; a missing fact is one for all rules, a pair of indexes for all."""
        first = gist.findings[0]
        if first.rivals and self.most is not None:
            return gist.rule, ""
        return "" if first.missing else gist.rule, gist.message

    def _line(self, found: Sequence[Warned]) -> str:
        first = found[0][1].findings[0]
        kind = "would be denied" if first.audited else "warned"
        where = f" [{self.policy.origin(first.key)}]" if self.located else ""
        artifacts = list(dict.fromkeys(artifact for artifact, _ in found))
        message = found[0][1].message
        if first.rivals and self.most is not None:
            names = {name for _, gist in found for finding in gist.findings for name in finding.rivals}
            said = message if len(artifacts) == 1 else ""
            message = render_rivals(names, self.policy, self.sources, said)
        names_ = _names(artifacts, verbose=self.most is None)
        return shown(f"{kind}: {names_}: {_rules(gist for _, gist in found)}: {message}{where}")


def _weight(found: Sequence[Warned]) -> tuple[bool, bool]:
    findings = [finding for _, gist in found for finding in gist.findings]
    return all(finding.rule != "malware" for finding in findings), findings[0].missing


def _is_warning(finding: Finding) -> bool:
    return finding.level is Level.WARN and finding.suppressed_by is None


def _gists(findings: Iterable[Finding], *, each: bool) -> list[Gist[Finding]]:
    """Return the gist of what would be denied, of what is warned of, and of rival indexes; or *each* finding as one."""
    groups: dict[Any, list[Finding]] = defaultdict(list)
    for number, finding in enumerate(findings):
        groups[number if each else (finding.audited, bool(finding.rivals))].append(finding)
    return [gist for group in groups.values() for gist in gists(group)]


def _rules(found: Iterable[Gist[Finding]]) -> str:
    return ", ".join(sorted({finding.rule for gist in found for finding in gist.findings}))


def _names(artifacts: Sequence[Artifact], *, verbose: bool) -> str:
    names = [artifact.release for artifact in artifacts]
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
                yield shown(f"allowed by an exception: {verdict.artifact.release}: {said}")


def render_would_install(resolution: Resolution) -> str:
    """Return pip's own line for a dry run (pip: commands/install.py)."""
    items = sorted(
        (pin.metadata.literal_name or pin.artifact.name, str(pin.metadata.version))
        for pin in resolution.pins
        if pin.installs
    )
    return "Would install " + " ".join(f"{name}-{version}" for name, version in items)
