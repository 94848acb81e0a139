"""What a refusal looks like in a terminal: a block for each project, which fits on a screen with nine others.

``-v`` tells every finding on every file instead.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from safeinstall.facts.artifact import SourceKind
from safeinstall.report.gist import gists
from safeinstall.report.text import PREFIX, SHOWN_NAMES, by_project, describe, in_short, shown, shown_lines
from safeinstall.rules.base import one_line

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from packaging.utils import NormalizedName

    from safeinstall.facts.artifact import Artifact
    from safeinstall.facts.finding import Finding
    from safeinstall.facts.verdict import Verdict
    from safeinstall.policy.model import Policy
    from safeinstall.resolve.resolution import Refusal, Requirer

COLUMN = 18
"""Where the text of a line begins, after a rule's name or a label."""
REASONS = 4
"""Lines in which a block says why. So a block alone, with the verdict, has at most twelve."""
CROWD = 3
"""Refused projects up to which each has these; of more, each has half of them, and one line of the policy
is told once."""
BLOCKS = 10
"""Refused projects that have a block; each further one has a line."""


def render_refusal(
    refusal: Refusal, policy: Policy, newest: Mapping[NormalizedName, Artifact], *, verbose: bool = False
) -> str:
    """Return every refused project, with its reasons and ways out, and the verdict as last line."""
    return "\n".join([*render_refused(refusal, policy, newest, verbose=verbose), render_denied(policy)])


def render_denied(policy: Policy) -> str:
    """Return the verdict on a run that was refused."""
    return f"{PREFIX}denied by policy {shown(policy.file)}; nothing was installed"


def render_refused(
    refusal: Refusal, policy: Policy, newest: Mapping[NormalizedName, Artifact], *, verbose: bool = False
) -> list[str]:
    """Return one block for each refused project, then what else there is to know of the refusal."""
    blocks = ["\n".join(lines) for lines in _Blocks(refusal, policy, newest, verbose=verbose)]
    if refusal.notices:
        blocks.append(_indented(map(shown, refusal.notices)))
    if refusal.conflict:
        blocks.append(_indented(shown_lines(refusal.conflict)))
    if policy.contact:
        blocks.append(f"{PREFIX}questions and waivers: {shown(policy.contact)}")
    return blocks


def _indented(lines: Iterable[str]) -> str:
    return "\n".join(f"  {line}" if line else "" for line in lines)


@dataclass(slots=True)
class _Blocks:
    """Tells of the refused projects, one after the other."""

    refusal: Refusal
    policy: Policy
    newest: Mapping[NormalizedName, Artifact]
    verbose: bool
    said: set[str] = field(default_factory=set)
    """Lines of the policy that were told before."""
    cut: bool = False
    """Whether something is left to be told by ``-v``."""

    def __iter__(self) -> Iterator[Iterable[str]]:
        """Yield the lines of each block."""
        projects = {name: _gravest_first(found) for name, found in by_project(self.refusal.verdicts).items()}
        is_crowd = len(projects) > CROWD
        tell = self._all if self.verbose else self._short if is_crowd else self._block
        for number, (name, verdicts) in enumerate(projects.items()):
            yield [self._line_of(name, verdicts)] if number >= BLOCKS and tell == self._short else tell(name, verdicts)
        if self.cut:
            yield [f"{PREFIX}-v tells every finding"]

    def _all(self, name: NormalizedName, verdicts: Sequence[Verdict]) -> Iterator[str]:
        for verdict in verdicts:
            yield _head(verdict)
            for finding in verdict.denials:
                yield _line(finding.rule, shown(finding.message))
                yield from self._decided([finding])
        yield from self._ends(name, verdicts)

    def _block(self, name: NormalizedName, verdicts: Sequence[Verdict]) -> Iterator[str]:
        first, *others = verdicts
        reasons = self._reasons(first, REASONS)
        yield _head(first)
        yield from reasons
        yield from self._decided(_ordered(first))
        kinds = _of_other_kinds(verdicts)
        told = kinds[: REASONS - len(reasons)]
        self.cut |= len(told) < len(kinds)
        yield from (_line("also refused", f"{describe(other.artifact)}: {shown(in_short(other))}") for other in told)
        if rest := [other for other in others if other not in told]:
            rules = ", ".join(sorted({finding.rule for other in rest for finding in other.denials}))
            files = f"file{'s' if len(rest) > 1 else ''} of {shown(first.artifact.stated_name)}"
            yield f"  and {len(rest)} more {files}, by {rules}"
        yield from self._ends(name, verdicts)

    def _short(self, name: NormalizedName, verdicts: Sequence[Verdict]) -> Iterator[str]:
        first, *others = verdicts
        self.cut |= bool(_of_other_kinds(verdicts))
        yield _head(first) + (f", and {len(others)} more of its files" if others else "")
        yield from self._reasons(first, REASONS // 2)
        yield from self._decided(denial for denial in _ordered(first) if self._where(denial) not in self.said)
        yield from self._required(name)
        yield _line("way out", self._ways_out(name, verdicts))

    def _line_of(self, name: NormalizedName, verdicts: Sequence[Verdict]) -> str:
        self.cut = True
        rules = ", ".join(gist.rule for gist in gists(verdicts[0].denials))
        return f"{PREFIX}refused {shown(verdicts[0].artifact.release)}: {rules}; {self._ways_out(name, verdicts)}"

    def _reasons(self, verdict: Verdict, most: int) -> list[str]:
        """Return at most so many lines; the rules for which there is no room are named in the last."""
        found = gists(verdict.denials)
        lines = [(gist.rule if not nth else "", text) for gist in found for nth, text in enumerate(gist.lines)]
        self.cut |= len(lines) > most or any(gist.is_cut for gist in found)
        unsaid = [rule for rule, _ in lines[most - 1 :] if rule] if len(lines) > most else []
        if unsaid:
            lines[most - 1 :] = [("", f"also by {', '.join(unsaid)}")]
        return [_line(rule, shown(text)) for rule, text in lines[:most]]

    def _decided(self, denials: Iterable[Finding]) -> Iterator[str]:
        """Tell the lines of the policy that decided, in one."""
        denials = list(denials)
        if where := list(dict.fromkeys(map(self._where, denials))):
            self.said.update(where)
            yield _line("", f"policy: {', '.join(where)}")
        if any(denial.escalated for denial in denials):
            yield _line("", f'a warning, and {self.policy.origin("fail-on")} says fail-on = "warn"')

    def _where(self, denial: Finding) -> str:
        return f"{self.policy.origin(denial.key)} ({denial.key})"

    def _ends(self, name: NormalizedName, verdicts: Sequence[Verdict]) -> Iterator[str]:
        yield from self._required(name)
        if newest := self._newest(name, verdicts, describe):
            yield _line("newest allowed", newest)
        if remedy := _remedy(verdicts):
            yield _line("way out", remedy)

    def _required(self, name: NormalizedName) -> Iterator[str]:
        if requirers := self.refusal.required_by.get(name):
            yield _line("required by", _requirers(requirers, who="a build" if self.refusal.building else "you"))

    def _ways_out(self, name: NormalizedName, verdicts: Sequence[Verdict]) -> str:
        newest = self._newest(name, verdicts, lambda artifact: f"newest allowed: {shown(artifact.release)}")
        return "; ".join(filter(None, (_remedy(verdicts), newest)))

    def _newest(self, name: NormalizedName, verdicts: Sequence[Verdict], told: Callable[[Artifact], str]) -> str:
        """Return what else could be had of a project; empty for what no index offers."""
        if all(verdict.artifact.source.kind is SourceKind.DIRECT for verdict in verdicts):
            return ""
        literal = verdicts[0].artifact.stated_name
        if lock := next((verdict.artifact.lock for verdict in verdicts if verdict.artifact.lock), None):
            by_us = "" if "://" in lock else f" (safe-pip fix {lock})"
            return shown(f"{lock} binds {literal} to this file; lock again for another{by_us}")
        newest = self.newest.get(name)
        return told(newest) if newest else f"no file of {shown(literal)} passes this policy"


def _gravest_first(verdicts: Sequence[Verdict]) -> list[Verdict]:
    """Of the first release, put first what no exception can cover: an exception is of a whole release, so none is to be
    advised where another file of it is forged.
    """
    release = verdicts[0].artifact.version
    return sorted(verdicts, key=lambda each: each.artifact.version != release or not _is_final(each))


def _is_final(verdict: Verdict) -> bool:
    return any(denial.final for denial in verdict.denials)


def _ordered(verdict: Verdict) -> list[Finding]:
    """Return what denies a file, in the order in which it is told."""
    return [finding for gist in gists(verdict.denials) for finding in gist.findings]


def _head(verdict: Verdict) -> str:
    return f"{PREFIX}refused {describe(verdict.artifact)} from {shown(verdict.artifact.source.display)}"


def _line(label: str, text: str) -> str:
    return f"  {label:<{COLUMN - 1}} {text}"


def _of_other_kinds(verdicts: Sequence[Verdict]) -> list[Verdict]:
    """Return those after the first that say something new: the same rules and more would say the same again."""
    found: dict[frozenset[str], Verdict] = {}
    said = {f"{gist.rule}: {gist.lines[0]}" for gist in gists(verdicts[0].denials)}
    for verdict in verdicts:
        rules = frozenset(finding.rule for finding in verdict.denials)
        if not any(told <= rules for told in found) and (not found or in_short(verdict) not in said):
            found[rules] = verdict
            said.add(in_short(verdict))
    return list(found.values())[1:]


def _remedy(verdicts: Sequence[Verdict]) -> str:
    return shown(next((gist.remedy for gist in gists(verdicts[0].denials) if gist.remedy), ""))


def _requirers(requirers: Sequence[Requirer], *, who: str) -> str:
    parts = [
        one_line(f"{r.text} ({who})" if r.by is None else f"{r.asker or r.by} → {r.text}")
        for r in requirers[:SHOWN_NAMES]
    ]
    more = len(requirers) - SHOWN_NAMES
    return ", ".join(parts) + (f", and {more} more" if more > 0 else "")
