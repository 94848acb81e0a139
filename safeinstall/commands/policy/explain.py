"""``safe-pip policy explain RULE|PACKAGE``."""

from __future__ import annotations

from datetime import datetime, timezone
from difflib import get_close_matches
from textwrap import fill, indent
from typing import TYPE_CHECKING, Any

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from safeinstall.commands.policy.output import write
from safeinstall.commands.policy.show import origin
from safeinstall.errors import MetadataDynamicError, SourceError, UsageError
from safeinstall.facts.evidence import Price
from safeinstall.facts.finding import Level
from safeinstall.facts.names.lookalikes import Lookalikes
from safeinstall.facts.values import Likeness
from safeinstall.policy.render import options, render_value
from safeinstall.policy.shown.rule_docs import rule_docs
from safeinstall.report.text import describe, shown
from safeinstall.rules.registry import known_rules
from safeinstall.rules.typosquats import Typosquats
from safeinstall.sources.index.popular_names import names_as_of, popular_names, required_names
from safeinstall.sources.policies.policy_files import load_policy

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Iterator, Sequence

    from packaging.utils import NormalizedName

    from safeinstall.commands.policy import Place
    from safeinstall.facts.verdict import Verdict
    from safeinstall.policy.model import Policy
    from safeinstall.rules.base import Rule

_WIDTH = 100
_ALIKE = 0.8
"""How much of a word must be that of a rule's id for it to be a slip."""
_LIKENESS = {
    Likeness.SURE: "a sure resemblance",
    Likeness.UNSURE: "an unsure resemblance",
    Likeness.COMBINED: "a combined name",
}
_SHOWN = 5
"""Findings on one file that are told in full."""


def run(arguments: Namespace, place: Place) -> int:
    """Print what a rule stops and how it is set, or what the policy says of the newest files of a package."""
    policy = load_policy(place.policy, place.environ, place.cwd)
    known = known_rules()
    if arguments.subject in known and not arguments.package:
        rule = known[arguments.subject]
        write(arguments, "\n".join([*_rule(rule, policy), ""]), _rule_data(rule, policy))
        return 0
    if not arguments.package and (near := get_close_matches(arguments.subject, known, n=1, cutoff=_ALIKE)):
        raise UsageError(
            f"there is no rule {arguments.subject}; did you mean {near[0]}?",
            hint="--package says that a package is meant",
        )
    return _package(arguments, place, policy)


# rules


def _rule(rule: type[Rule], policy: Policy) -> Iterator[str]:
    docs, values = rule_docs(rule), _values(rule, policy)
    yield f"{rule.id}: {_plain(docs.summary)}"
    yield from ("", _filled(docs.description), "", f"{docs.heading}:")
    for key, said in docs.options.items():
        yield indent(_filled(f"{key}: {said}"), "  ")
        if key in values:
            yield f"      here: {render_value(values[key])}  ({origin(policy, f'rules.{rule.id}.{key}')})"
    yield from ("", _plain(docs.example), "")
    if rule is Typosquats:
        yield f"popular names: those of {names_as_of()}"
    yield f"{policy.file}: {'lists' if values else 'does not list'} this rule" + _overridden(rule, policy)


def _overridden(rule: type[Rule], policy: Policy) -> str:
    packages = [str(override.package) for override in policy.overrides if rule.id in override.written]
    return f"; other options for {', '.join(packages)}" if packages else ""


def _values(rule: type[Rule], policy: Policy) -> dict[str, Any]:
    return next((options(own) for own in policy.rules if own.id == rule.id), {})


def _rule_data(rule: type[Rule], policy: Policy) -> dict[str, Any]:
    docs, values = rule_docs(rule), _values(rule, policy)
    return {
        "rule": rule.id,
        "summary": docs.summary,
        "description": docs.description,
        "options": docs.options,
        "example": docs.example,
        "listed": bool(values),
        "values": {key: render_value(value) for key, value in values.items()},
    }


def _filled(text: str) -> str:
    paragraphs = _plain(text).split("\n\n")
    return "\n\n".join(fill(" ".join(p.split()), _WIDTH, subsequent_indent="") for p in paragraphs)


def _plain(text: str) -> str:
    return text.replace("``", "")


# packages


def _package(arguments: Namespace, place: Place, policy: Policy) -> int:
    try:
        requirement = Requirement(arguments.subject)
    except InvalidRequirement:
        known = ", ".join(known_rules())
        raise UsageError(f"{arguments.subject} is neither a rule nor a package", hint=f"rules: {known}") from None
    if requirement.url:
        raise UsageError("a direct reference is judged when it is installed", hint="name a package of an index")
    verdicts = judge_newest(requirement, place, policy, arguments.files)
    if verdicts is None:
        return 1
    name = canonicalize_name(requirement.name)
    resemblance, of_name = _resemblance(name)
    rows = [_row(verdict, policy) for verdict in verdicts]
    text = "\n".join([*_said(requirement, verdicts, policy), "", resemblance, ""])
    write(arguments, text, {"package": name, "policy": policy.file, "name": of_name, "files": rows})
    return 0


def _resemblance(name: NormalizedName) -> tuple[str, dict[str, Any]]:
    """Return in words, and as data, which popular name *name* resembles and how. No project is asked for."""
    popular, as_of, voucher = popular_names(), names_as_of(), required_names().get(name)
    among = f"the {len(popular)} most popular of {as_of}"
    data: dict[str, Any] = {"as-of": as_of, "required-by": voucher}
    if name in popular:
        rank = popular.index(name) + 1
        return f"the name {name} is popular itself: rank {rank} of {among}", {**data, "rank": rank}
    found = Lookalikes(popular)(name)
    if found is None:
        return f"the name {name} resembles none of {among}", data
    how = f"{found.popular} (rank {found.rank} of {among}) but for {found.trick}"
    required = f"; {voucher} requires it" if voucher else ""
    text = f"the name {name} is {how}: {_LIKENESS[found.likeness]} (rules.typosquats){required}"
    likeness = found.likeness.value
    return text, {**data, "resembles": found.popular, "rank": found.rank, "trick": found.trick, "likeness": likeness}


def judge_newest(requirement: Requirement, place: Place, policy: Policy, number: int) -> Sequence[Verdict] | None:
    """Return the verdicts on the files that pip would take first; ``None`` when pip itself did not start."""
    from safeinstall.app.world import LiveWorld  # noqa: PLC0415
    from safeinstall.judge.closed import closed_verdicts  # noqa: PLC0415
    from safeinstall.pipeline import make_judge  # noqa: PLC0415
    from safeinstall.request.invocation import parse_invocation  # noqa: PLC0415 - only this needs pip and the network
    from safeinstall.resolve.finder import CandidateFinder  # noqa: PLC0415
    from safeinstall.sources.pip.host import HostedPip  # noqa: PLC0415

    as_of = datetime.now(timezone.utc)
    asked = ("install", "--dry-run", "--no-deps", "--quiet", str(requirement))
    with HostedPip.start(asked, place.environ) as pip:
        said = pip.describe()
        if said is None:
            return None
        invocation = parse_invocation(said)
        with LiveWorld.open(invocation, policy, pip, as_of=as_of, environ=place.environ) as world:
            finder = CandidateFinder(world.index, invocation.selection)
            judge = make_judge(invocation, policy, world, finder, as_of)
            name = canonicalize_name(requirement.name)
            finder.literal_names[name] = requirement.name
            files = finder.applicable(name, requirement.specifier, {})[:number]
            unasked = closed_verdicts(name, world.index.pages(name))
            verdicts = [*(judge(artifact, None) for artifact in files), *unasked]
            if judge.asks(Price.METADATA):
                verdicts = [_with_metadata(verdict, judge, world) for verdict in verdicts]
            return verdicts


def _with_metadata(verdict: Verdict, judge: Any, world: Any) -> Verdict:
    """Judge what the listing lets pass by its metadata, too."""
    if verdict.denied:
        return verdict
    try:
        from safeinstall.resolve.user_hashes import UserHashes  # noqa: PLC0415

        held = UserHashes.none(world.invocation.selection).hold(verdict.artifact)
        judged: Verdict = judge(held, None, world.index.metadata(held))
    except (SourceError, MetadataDynamicError):  # nothing is built to answer a question
        return verdict
    return judged


def _said(requirement: Requirement, verdicts: Sequence[Verdict], policy: Policy) -> Iterator[str]:
    if not verdicts:
        yield shown(f"no file that could be installed here matches {requirement}")
        return
    said: set[str] = set()
    told, several = None, len({verdict.artifact.source for verdict in verdicts}) > 1
    for verdict in verdicts:
        where = f" from {shown(verdict.artifact.source.display)}" if several else ""
        yield f"{_word(verdict):<8}{describe(verdict.artifact)}{where}"
        if verdict.artifact.version == told:
            yield from _in_short(verdict)
        else:
            yield from _in_full(verdict, policy, said)
        told = verdict.artifact.version
    passing = next((verdict for verdict in verdicts if not verdict.denied), None)
    yield ""
    yield f"pip would take {describe(verdicts[0].artifact)}"
    yield f"the policy allows {describe(passing.artifact) if passing else 'none of the files above'}"


def _in_full(verdict: Verdict, policy: Policy, said: set[str]) -> Iterator[str]:
    """Tell what was found in a file; what was *said* of another before is only named."""
    again = {finding.rule for finding in verdict.findings if finding.message in said}
    fresh = {finding.message: finding for finding in reversed(verdict.findings) if finding.message not in said}
    findings = [finding for finding in verdict.findings if fresh.get(finding.message) is finding]
    said.update(fresh)
    rules = {told: sorted({other.rule for other in verdict.findings if other.message == told}) for told in fresh}
    for finding in findings[:_SHOWN]:
        counted = f" (excepted: {finding.suppressed_by})" if finding.suppressed_by is not None else ""
        yield shown(f"  {', '.join(rules[finding.message]):<17} {finding.message}{counted}")
        yield f"  {'':<18}policy: {policy.origin(finding.key)} ({finding.key})"
        if finding.remedy and finding.level is Level.DENY and finding.suppressed_by is None:
            yield shown(f"  {'':<18}way out: {finding.remedy}")
    if len(findings) > _SHOWN:
        others = ", ".join(sorted({finding.rule for finding in findings[_SHOWN:]}))
        yield f"  and {len(findings) - _SHOWN} more, by {others}"
    if again:
        yield f"  as above, by {', '.join(sorted(again))}"


def _in_short(verdict: Verdict) -> Iterator[str]:
    rules = sorted({finding.rule for finding in verdict.findings if finding.suppressed_by is None})
    if rules:
        yield f"  by {', '.join(rules)}"


def _word(verdict: Verdict) -> str:
    return {Level.DENY: "denied", Level.WARN: "warned", Level.ALLOW: "allowed"}[verdict.level]


def _row(verdict: Verdict, policy: Policy) -> dict[str, Any]:
    artifact = verdict.artifact
    return {
        "version": str(artifact.version),
        "file": artifact.filename,
        "level": verdict.level.name.lower(),
        "findings": [
            {
                "rule": finding.rule,
                "level": finding.level.name.lower(),
                "message": finding.message,
                "key": finding.key,
                "origin": str(policy.origin(finding.key)),
                "remedy": finding.remedy,
                "exception": finding.suppressed_by,
            }
            for finding in verdict.findings
        ],
    }
