"""``safe-pip policy test CASES``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from safeinstall.commands.policy.cases import decode_cases, judge, midnight
from safeinstall.commands.policy.output import write
from safeinstall.errors import UsageError
from safeinstall.policy.load import parse_toml
from safeinstall.report.text import shown
from safeinstall.sources.policies.policy_files import load_policy
from safeinstall.sources.policies.policy_texts import read_file

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Iterator
    from datetime import datetime

    from safeinstall.commands.policy import Place
    from safeinstall.commands.policy.cases import Case
    from safeinstall.facts.verdict import Verdict
    from safeinstall.policy.model import Policy

EXIT_FAILED = 1


def run(arguments: Namespace, place: Place) -> int:
    """Judge every case and print which verdicts are not as expected; exit 1 if any is not."""
    policy = load_policy(place.policy, place.environ, place.cwd)
    rows = [row for name in arguments.cases for row in _rows(name, place, policy)]
    if not rows:
        raise UsageError("there is no case to judge", hint="write [[cases]] with package and expect")
    failed = sum(not row["passed"] for row in rows)
    lines = [*map(_line, rows), f"{len(rows)} cases, {failed} failed, by {policy.file}"]
    write(arguments, "".join(f"{shown(line)}\n" for line in lines), {"failed": failed, "cases": rows})
    return EXIT_FAILED if failed else 0


def _rows(name: str, place: Place, policy: Policy) -> Iterator[dict[str, Any]]:
    text = read_file(place.cwd / name, name, cwd=place.cwd)
    cases = decode_cases(text, parse_toml(text))
    for number, case in enumerate(cases.cases):
        place_ = str(text.location(("cases", number)))
        yield _row(place_, case, policy, midnight(cases.today))


def _row(place: str, case: Case, policy: Policy, as_of: datetime) -> dict[str, Any]:
    verdict = judge(policy, case, as_of)
    level = verdict.level.name.lower()
    decisive = _decisive(verdict)
    return {
        "place": place,
        "package": str(case.package),
        "expected": case.expect,
        "found": level,
        "passed": level == case.expect and set(case.rules) <= set(decisive),
        "expected-rules": list(case.rules),
        "rules": decisive,
        "messages": [f"{finding.rule}: {finding.message}" for finding in verdict.findings],
    }


def _decisive(verdict: Verdict) -> list[str]:
    return sorted({f.rule for f in verdict.findings if f.level is verdict.level and f.suppressed_by is None})


def _line(row: dict[str, Any]) -> str:
    if row["passed"]:
        by = f" by {', '.join(row['rules'])}" if row["rules"] else ""
        return f"ok      {row['place']}: {row['package']}: {row['found']}{by}"
    by = f" by {', '.join(row['expected-rules'])}" if row["expected-rules"] else ""
    said = f" ({'; '.join(row['messages'])})" if row["messages"] else ""
    return f"FAILED  {row['place']}: {row['package']}: expected {row['expected']}{by}, found {row['found']}{said}"
