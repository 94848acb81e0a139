"""``safe-pip policy publishers``."""

from __future__ import annotations

import sys
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from packaging.requirements import InvalidRequirement, Requirement

from safeinstall.commands.asked import asked_of, held_of
from safeinstall.commands.attesters import OTHERS, Attesters, outdated
from safeinstall.commands.parsing import check_is_there
from safeinstall.commands.policy.allow import appended, editable, told_trust
from safeinstall.commands.policy.output import write, write_file
from safeinstall.commands.target import NOTHING, open_target
from safeinstall.errors import EXIT_DENIED, EXIT_EVIDENCE, EXIT_PIP_ERROR, PolicyError, UsageError
from safeinstall.facts.terms import PublisherBinding
from safeinstall.policy.load import read_layer
from safeinstall.policy.locations import render_key
from safeinstall.policy.render import options, render_value
from safeinstall.policy.selectors import parse_selector
from safeinstall.report.fix import diff
from safeinstall.report.text import PREFIX, shown
from safeinstall.rules.provenance import Provenance
from safeinstall.sources.pip.environment import list_environment
from safeinstall.sources.policies.policy_files import load_policy
from safeinstall.sources.policies.policy_texts import read_policy
from safeinstall.sources.provenance.extra import require_extra

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Iterator, Sequence

    from safeinstall.commands.asked import Asked
    from safeinstall.commands.attesters import Found
    from safeinstall.commands.policy import Place
    from safeinstall.commands.target import Target
    from safeinstall.facts.provenance import Publisher
    from safeinstall.policy.merge import PolicyText
    from safeinstall.policy.model import Policy

_TABLE = ("rules", "provenance", "publishers")
_WORST = (EXIT_DENIED, EXIT_EVIDENCE, EXIT_PIP_ERROR, 0)


def run(arguments: Namespace, place: Place) -> int:
    """Propose an entry for each project that has none, as a diff of the policy; write it if that is asked for."""
    if arguments.names and arguments.requirements:
        raise UsageError("names and files are asked about by themselves", hint="give names, or files by -r")
    words = list(_words(arguments))
    policy, text = load_policy(place.policy, place.environ, place.cwd), editable(place)
    if not arguments.claimed:
        require_extra("policy publishers", "--claimed believes what the index says")
    with _target(arguments, words, place, policy) as target:
        found = Attesters.over(target, policy, proof=not arguments.claimed)(_asked(arguments, target, place))
    entries = [entry for one in found for entry in _entries(one, policy)]
    wrong = _wrong(text, entries, place)
    entries = [entry for entry in entries if entry not in wrong]
    new = _with(text, entries)
    said = [*_said(found, policy), *wrong.values(), _summary(text, entries, applied=arguments.apply)]
    if arguments.apply and entries:
        said += _applied(new, place)
    write(arguments, diff(text.file, text.text, new.text), _data(found, entries, policy))
    sys.stderr.writelines(f"{PREFIX}{shown(line)}\n" for line in said)
    return min((one.exit_code for one in found), key=_WORST.index, default=0)


def _target(arguments: Namespace, words: Sequence[str], place: Place, policy: Policy) -> Any:
    return open_target(
        words or NOTHING, policy.without(OTHERS), place.environ, python=arguments.python, installed=not words
    )


def _words(arguments: Namespace) -> Iterator[str]:
    """Yield what pip is asked for. Raises :class:`UsageError` for what is no package, and for a file that is none."""
    names = {name: Path(name).suffix in {".txt", ".toml", ".in"} for name in arguments.names}
    for file in (*arguments.requirements, *(name for name, is_file in names.items() if is_file)):
        check_is_there(file)
        yield from ("-r", file)
    yield from (_name(name) for name, is_file in names.items() if not is_file)


def _name(text: str) -> str:
    try:
        return str(Requirement(text))
    except InvalidRequirement:
        raise UsageError(
            f"{text} is neither a package nor a requirements file or lock", hint="give names, or files by -r"
        ) from None


def _asked(arguments: Namespace, target: Target, place: Place) -> list[Asked]:
    if arguments.names or arguments.requirements:
        return asked_of(target.invocation)
    invocation = target.invocation
    return [held_of(held) for held in list_environment(invocation.python, place.environ, invocation.installed).packages]


def _entries(found: Found, policy: Policy) -> Iterator[PublisherBinding]:
    """Yield an entry for each publisher of a project that no entry is for."""
    if found.artifact is None or found.problem or _bound(found, policy):
        return
    for publisher in found.publishers:
        yield PublisherBinding(
            package=parse_selector(found.artifact.name),
            kind=publisher.kind.value,
            repository=publisher.repository,
            workflow=publisher.workflow,
        )


def _bound(found: Found, policy: Policy) -> list[PublisherBinding]:
    if found.artifact is None:
        return []
    name, version = found.artifact.name, found.artifact.version
    rules = policy.rules_for(name, version).rules
    bindings = [binding for rule in rules if isinstance(rule, Provenance) for binding in rule.publishers]
    return [binding for binding in bindings if binding.package.matches(name, version)]


def _with(text: PolicyText, entries: Sequence[PublisherBinding]) -> PolicyText:
    for entry in entries:
        text = appended(text, _written(text, entry), _TABLE)
    return text


def _wrong(text: PolicyText, entries: Sequence[PublisherBinding], place: Place) -> dict[PublisherBinding, str]:
    """Return the entries that no policy may have, because of what an index calls a publisher, and why."""
    read = partial(read_layer, role="project", read=partial(read_policy, cwd=place.cwd, environ=place.environ))
    read(text)
    wrong = {}
    with suppress(PolicyError):
        read(_with(text, entries))
        return {}
    for entry in entries:
        new = _with(text, [entry])
        try:
            read(new)
        except PolicyError as error:
            problem = error.problems[0].removeprefix(f"{new.file}:").partition(": ")[2]
            wrong[entry] = f"{entry.package}: not proposed: {problem}"
    return wrong


def _written(text: PolicyText, entry: PublisherBinding) -> str:
    values = options(entry, all_of_them=False)
    lines = (f"{key} = {render_value(value)}" for key, value in values.items())
    return "\n".join([f"[[{render_key((*text.table, *_TABLE))}]]", *lines, ""])


def _said(found: Sequence[Found], policy: Policy) -> Iterator[str]:
    for one in found:
        if one.problem:
            yield f"{one.problem}; way out: {one.remedy}" if one.remedy else one.problem
        elif bound := _bound(one, policy):
            yield f"{one.label}: bound already, to {' or '.join(binding.publisher.shown for binding in bound)}"
    known = [(one.artifact, one.publishers) for one in found if one.artifact is not None]
    for key, message in outdated(policy, known):
        yield f"{policy.origin(key)}: {message}"


def _summary(text: PolicyText, entries: Sequence[PublisherBinding], *, applied: bool) -> str:
    number = "1 entry" if len(entries) == 1 else f"{len(entries)} entries"
    if not entries:
        return f"{text.file}: nothing to add"
    return f"{text.file}: {number}, {'written' if applied else 'not written (--apply writes it)'}"


def _applied(new: PolicyText, place: Place) -> list[str]:
    trusted = told_trust(place)
    write_file(place.cwd / new.file, new.text)
    return [*trusted(), *load_policy(place.policy, place.environ, place.cwd).notes]


def _data(found: Sequence[Found], entries: Sequence[PublisherBinding], policy: Policy) -> dict[str, Any]:
    return {
        "projects": [
            {
                "name": one.label,
                "version": None if one.artifact is None else str(one.artifact.version),
                "publishers": [_publisher(publisher) for publisher in one.publishers],
                "bound": bool(_bound(one, policy)),
                "problem": one.problem or None,
            }
            for one in found
        ],
        "proposed": [{**_publisher(entry.publisher), "package": str(entry.package)} for entry in entries],
    }


def _publisher(publisher: Publisher) -> dict[str, Any]:
    return {
        "kind": publisher.kind.value,
        "repository": publisher.repository,
        "workflow": publisher.workflow,
        "environment": publisher.environment,
    }
