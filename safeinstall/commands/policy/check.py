"""``safe-pip policy check``."""

from __future__ import annotations

from datetime import datetime, timezone
from functools import partial
from typing import TYPE_CHECKING

from packaging.utils import canonicalize_name

from safeinstall.app.proof import require_root
from safeinstall.commands.policy.listed import read_listed
from safeinstall.commands.policy.output import Remark, shown_remark, write
from safeinstall.errors import EXIT_EVIDENCE, EXIT_POLICY, PolicyError
from safeinstall.policy.layers import stack
from safeinstall.policy.shown.lint import Lint, lint, unmatched
from safeinstall.report.text import shown
from safeinstall.rules.provenance import Provenance
from safeinstall.sources.policies.policy_files import layer_errors, load_policy, read_named

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Callable, Iterator
    from datetime import date

    from safeinstall.commands.policy import Place
    from safeinstall.policy.model import Policy


def run(arguments: Namespace, place: Place) -> int:
    """Print every error and doubt; exit 12 when there is an error."""
    checked = [_checked(read, arguments, place) for read in _policies(arguments, place)]
    remarks = [remark for _, found in checked for remark in found]
    names = [name for name, _ in checked]
    is_wrong = any(remark.level == "error" or arguments.strict for remark in remarks)
    lines = [shown_remark(remark, place.cwd, place.environ) for remark in remarks]
    lines.append(_summary(remarks, names))
    data = {"valid": not is_wrong, "remarks": [_row(remark) for remark in remarks]}
    write(arguments, "".join(f"{_clean(line)}\n" for line in lines), data)
    return EXIT_POLICY if is_wrong else 0


def _policies(arguments: Namespace, place: Place) -> Iterator[Callable[[], Policy]]:
    """Yield what reads each policy in question: so the errors of one do not hide those of another."""
    for name in arguments.file:
        yield partial(_alone, name, place)
    if not arguments.file:
        yield partial(_together, place)


def _alone(name: str, place: Place) -> Policy:
    return stack([read_named(name, place.environ, place.cwd)], today=_today())


def _together(place: Place) -> Policy:
    errors = layer_errors(place.policy, place.environ, place.cwd)
    if errors:
        raise PolicyError(tuple(dict.fromkeys(problem for error in errors for problem in error.problems)))
    return load_policy(place.policy, place.environ, place.cwd)


def _checked(read: Callable[[], Policy], arguments: Namespace, place: Place) -> tuple[str, list[Remark]]:
    try:
        policy = read()
        require_root(policy)
    except PolicyError as error:
        return "", [Remark.of(problem) for problem in error.problems]
    return policy.file, list(_doubts(policy, arguments, place))


def _doubts(policy: Policy, arguments: Namespace, place: Place) -> Iterator[Remark]:
    for note in policy.notes:
        yield Remark.of(note, "warning")
    found = list(lint(policy, _today()))
    if arguments.sources:
        listed, _ = read_listed(arguments.sources)
        found += unmatched(policy, [(item.name, item.pinned) for item in listed])
    found += _unnamed(policy, place) if arguments.online else ()
    for doubt in found:
        origin = policy.origin(doubt.key)
        yield Remark("warning", origin.file, origin.line, doubt.message)


def _unnamed(policy: Policy, place: Place) -> Iterator[Lint]:
    """Yield the entries of ``publishers`` that name none of those who have attested the newest release."""
    from safeinstall.commands.asked import Asked  # noqa: PLC0415
    from safeinstall.commands.attesters import OTHERS, Attesters, outdated  # noqa: PLC0415
    from safeinstall.commands.target import NOTHING, open_target  # noqa: PLC0415 - only this needs pip and the network

    rules = [rule for rule in policy.rules if isinstance(rule, Provenance)]
    names = dict.fromkeys(
        one.package.pattern for rule in rules for one in rule.publishers if "*" not in one.package.pattern
    )
    if names:
        with open_target(NOTHING, policy.without(OTHERS), place.environ) as target:
            asked = [Asked(name=canonicalize_name(name), label=name) for name in names]
            found = Attesters.over(target, policy, proof=False)(asked)
        for one in found:
            if one.exit_code == EXIT_EVIDENCE:
                yield Lint("rules.provenance.publishers", one.problem)
        for key, message in outdated(policy, [(one.artifact, one.publishers) for one in found if one.artifact]):
            yield Lint(key, message)


def _today() -> date:
    return datetime.now(timezone.utc).date()


def _row(remark: Remark) -> dict[str, object]:
    return {"level": remark.level, "file": remark.file, "line": remark.line, "message": remark.message}


def _summary(remarks: list[Remark], names: list[str]) -> str:
    errors = sum(remark.level == "error" for remark in remarks)
    warnings = len(remarks) - errors
    if not remarks:
        return f"{', '.join(names)}: no error, and nothing to doubt"
    return f"{_count(errors, 'error')}, {_count(warnings, 'warning')}"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _clean(text: str) -> str:
    return "\n".join(map(shown, text.split("\n")))
