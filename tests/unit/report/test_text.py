"""What a run that went well says beside pip: no more lines than it may, and the most important ones."""

from __future__ import annotations

from lib.facts import artifact
from lib.policies import layered

from safeinstall.facts.finding import Finding, Level
from safeinstall.facts.verdict import Verdict
from safeinstall.report.text import render_remarks

POLICY = layered(user="schema = 1\n")


def warned(rule, message, **more):
    return Finding(rule=rule, level=Level.WARN, message=message, key=f"rules.{rule}", **more)


def remarks(*findings, verbose=False, most=3):
    verdicts = [Verdict(artifact=artifact(f"app{n}==1.0"), findings=findings) for n in range(2)]
    return render_remarks(verdicts, POLICY, verbose=verbose, most=most)


def test_that_there_are_no_advisories_is_told_whatever_else_is():
    others = [warned(f"rule{n}", "something") for n in range(9)]
    missing = [warned(rule, "there are no advisories", missing=True) for rule in ("malware", "vulnerability")]
    told = remarks(*others, *missing)
    assert told[0] == "warned: app0 1.0, app1 1.0: malware, vulnerability: there are no advisories"
    assert (len(told), told[2]) == (
        3,
        f"and 8 more warnings, by {', '.join(f'rule{n}' for n in range(1, 9))}; -v tells them all",
    )


def test_rival_indexes_are_told_once_and_each_if_all_is_asked_for():
    findings = [warned("indexes", f"default and {name}", rivals=("default", name)) for name in ("near", "far")]
    verdicts = [
        Verdict(artifact=artifact(f"app{n}==1.0"), findings=(finding, warned("indexes", "plain HTTP")))
        for n, finding in enumerate(findings)
    ]
    said = render_remarks(verdicts, POLICY, verbose=False)
    assert len(said) == 2
    assert "app0 1.0, app1 1.0: indexes: default and far, near offer the same projects with different files" in said[0]
    assert said[1] == "warned: app0 1.0, app1 1.0: indexes: plain HTTP"
    assert len(render_remarks(verdicts, POLICY, verbose=True)) == 3
