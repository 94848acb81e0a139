"""The terminal form of a run: what happened, to which file, by which rule and policy line, and what to do now."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from safeinstall.facts.artifact import ArtifactKind, SourceKind
from safeinstall.facts.finding import Level

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from packaging.utils import NormalizedName

    from safeinstall.facts.artifact import Artifact
    from safeinstall.facts.finding import Finding
    from safeinstall.facts.verdict import Verdict
    from safeinstall.policy.model import Policy
    from safeinstall.resolve.outcome import Outcome
    from safeinstall.resolve.resolution import Refusal, Requirer, Resolution

PREFIX = "safe-pip: "
COLUMN = 18
"""Where the text of a line begins, after a rule's name or a label."""
SHOWN_NAMES = 4
SHOWN_WARNINGS = 3
"""Lines that warnings may add to what pip says."""
SHOWN_DENIALS = 3
"""Refused files of one project that are told in full, each denied by other rules; the rest is counted."""


def shown(text: str) -> str:
    """Return foreign *text* with what could steer a terminal made visible."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def describe(artifact: Artifact) -> str:
    """Name one file for a reader."""
    if artifact.kind in (ArtifactKind.TREE, ArtifactKind.VCS):
        return shown(f"{artifact.stated_name} ({artifact.filename})")
    return shown(f"{artifact.stated_name} {artifact.stated_version} ({artifact.filename})")


def render_refusal(refusal: Refusal, policy: Policy, newest: Mapping[NormalizedName, Artifact]) -> str:
    """Return every refused file that mattered, with its reasons and ways out, and the verdict as last line."""
    return "\n".join([*render_refused(refusal, policy, newest), render_denied(policy)])


def render_denied(policy: Policy) -> str:
    """Return the verdict on a run that was refused."""
    return f"{PREFIX}denied by policy {shown(policy.file)}; nothing was installed"


def render_refused(refusal: Refusal, policy: Policy, newest: Mapping[NormalizedName, Artifact]) -> list[str]:
    """Return one block for each refused project, then what else there is to know of the refusal."""
    blocks = [
        "\n".join(_project(name, verdicts, refusal, policy, newest.get(name)))
        for name, verdicts in _by_project(refusal.verdicts).items()
    ]
    if refusal.notices:
        blocks.append(_indented(map(shown, refusal.notices)))
    if refusal.conflict:
        blocks.append(_indented(shown_lines(refusal.conflict)))
    if policy.contact:
        blocks.append(f"{PREFIX}questions and waivers: {shown(policy.contact)}")
    return blocks


def shown_lines(text: str) -> list[str]:
    """Split *text* and make each line safe to print."""
    return [shown(line) for line in text.splitlines()]


def _indented(lines: Iterable[str]) -> str:
    return "\n".join(f"  {line}" if line else "" for line in lines)


def _by_project(verdicts: Iterable[Verdict]) -> dict[NormalizedName, list[Verdict]]:
    found: dict[NormalizedName, list[Verdict]] = defaultdict(list)
    for verdict in verdicts:
        found[verdict.artifact.name].append(verdict)
    return found


def _project(
    name: NormalizedName, verdicts: Sequence[Verdict], refusal: Refusal, policy: Policy, newest: Artifact | None
) -> Iterator[str]:
    told, literal = _first_of_each_kind(verdicts), verdicts[0].artifact.stated_name
    for verdict in told:
        yield from _refused_file(verdict, policy)
    if rest := [verdict for verdict in verdicts if verdict not in told]:
        rules = ", ".join(sorted({finding.rule for verdict in rest for finding in verdict.denials}))
        yield f"  and {len(rest)} more file{'s' if len(rest) > 1 else ''} of {shown(literal)}, by {rules}"
    if requirers := refusal.required_by.get(name):
        yield _line("required by", _requirers(requirers, who="a build" if refusal.building else "you"))
    if any(verdict.artifact.source.kind is not SourceKind.DIRECT for verdict in verdicts):
        yield _line("newest allowed", _newest(literal, verdicts, newest))
    if remedy := next((f.remedy for f in verdicts[0].denials if f.remedy), None):
        yield _line("way out", shown(remedy))


def _newest(name: str, verdicts: Sequence[Verdict], newest: Artifact | None) -> str:
    if lock := next((verdict.artifact.lock for verdict in verdicts if verdict.artifact.lock), None):
        by_us = "" if "://" in lock else f" (safe-pip fix {lock})"
        return shown(f"{lock} binds {name} to this file; lock again for another{by_us}")
    return describe(newest) if newest else f"no file of {shown(name)} passes this policy"


def _first_of_each_kind(verdicts: Sequence[Verdict]) -> list[Verdict]:
    """Return the first verdicts that say something new: the same rules and more would say the same again."""
    found: dict[frozenset[str], Verdict] = {}
    for verdict in verdicts:
        rules = frozenset(finding.rule for finding in verdict.denials)
        if not any(told <= rules for told in found):
            found[rules] = verdict
    return list(found.values())[:SHOWN_DENIALS]


def _refused_file(verdict: Verdict, policy: Policy) -> Iterator[str]:
    yield f"{PREFIX}refused {describe(verdict.artifact)} from {shown(verdict.artifact.source.display)}"
    for finding in verdict.denials:
        yield _line(finding.rule, shown(finding.message))
        yield _line("", f"policy: {policy.origin(finding.key)} ({finding.key})")
        if finding.escalated:
            yield _line("", f'a warning, and {policy.origin("fail-on")} says fail-on = "warn"')


def _line(label: str, text: str) -> str:
    return f"  {label:<{COLUMN}}{text}"


def _requirers(requirers: Sequence[Requirer], *, who: str) -> str:
    parts = [
        shown(f"{r.text} ({who})" if r.by is None else f"{r.asker or r.by} → {r.text}") for r in requirers[:SHOWN_NAMES]
    ]
    more = len(requirers) - SHOWN_NAMES
    return ", ".join(parts) + (f", and {more} more" if more > 0 else "")


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


def render_remarks(verdicts: Sequence[Verdict], policy: Policy, *, verbose: bool) -> list[str]:
    """Return the warnings of *verdicts*, like ones once, and the exceptions that they made use of."""
    return [*_warnings(verdicts, policy, verbose=verbose), *_waived(verdicts)]


def _fallbacks(resolution: Resolution) -> Iterator[str]:
    """One line for each project of which a better file was hidden."""
    chosen = {pin.artifact.name: pin.artifact for pin in resolution.pins}
    for name, verdicts in sorted(_by_project(resolution.hidden).items()):
        artifact, best = chosen.get(name), verdicts[0]
        if artifact is None or (best.artifact.version, best.artifact.filename) == (artifact.version, artifact.filename):
            continue
        reason, taken, hidden = (
            best.denials[0],
            f"{artifact.stated_name} {artifact.version}",
            str(best.artifact.version),
        )
        if artifact.version == best.artifact.version:
            taken, hidden = f"{artifact.stated_name} {artifact.filename}", best.artifact.filename
        yield shown(f"{taken} instead of {hidden}: {reason.rule}: {reason.message}")


def _warnings(verdicts: Sequence[Verdict], policy: Policy, *, verbose: bool) -> Iterator[str]:
    """Like warnings are told once, with the files they concern; a fact that is missing, once for all rules."""
    groups: dict[tuple[str, str], list[tuple[Artifact, Finding]]] = defaultdict(list)
    for verdict in verdicts:
        for finding in verdict.findings:
            if finding.level is Level.WARN and finding.suppressed_by is None:
                groups["" if finding.missing else finding.rule, finding.message].append((verdict.artifact, finding))
    # What is known comes before what could not be found out, and a clean run stays short.
    ordered = sorted(groups.items(), key=lambda item: item[1][0][1].missing)
    told = ordered if verbose or len(ordered) <= SHOWN_WARNINGS else ordered[: SHOWN_WARNINGS - 1]
    for (_, message), found in told:
        kind = "would be denied" if found[0][1].audited else "warned"
        rule = ", ".join(sorted({finding.rule for _, finding in found}))
        where = f" [{policy.origin(found[0][1].key)}]" if verbose else ""
        artifacts = list(dict.fromkeys(artifact for artifact, _ in found))
        yield shown(f"{kind}: {_names(artifacts, verbose=verbose)}: {rule}: {message}{where}")
    if rest := ordered[len(told) :]:
        rules = ", ".join(sorted({finding.rule for _, found in rest for _, finding in found}))
        yield f"and {len(rest)} more warnings, by {rules}; -v tells them all"


def _names(artifacts: Sequence[Artifact], *, verbose: bool) -> str:
    names = [f"{a.stated_name} {a.stated_version}" for a in artifacts]
    if verbose or len(names) <= SHOWN_NAMES:
        return ", ".join(names)
    return f"{', '.join(names[: SHOWN_NAMES - 1])} and {len(names) - SHOWN_NAMES + 1} more"


def _waived(verdicts: Sequence[Verdict]) -> Iterator[str]:
    for verdict in verdicts:
        for finding in verdict.findings:
            if finding.suppressed_by is not None:
                release = f"{verdict.artifact.stated_name} {verdict.artifact.stated_version}"
                said = f"{finding.rule}: {finding.message} ({finding.suppressed_by})"
                yield shown(f"allowed by an exception: {release}: {said}")


def render_would_install(resolution: Resolution) -> str:
    """Return pip's own line for a dry run (pip: commands/install.py)."""
    items = sorted(
        (pin.metadata.literal_name or pin.artifact.name, str(pin.metadata.version))
        for pin in resolution.pins
        if pin.installs
    )
    return "Would install " + " ".join(f"{name}-{version}" for name, version in items)
