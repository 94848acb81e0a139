from __future__ import annotations

from datetime import date, timedelta

from lib.facts import NOW, evidence
from lib.policies import judged, layered

from safeinstall.facts.artifact import Metadata
from safeinstall.facts.verdict import Pinned
from safeinstall.report.exceptions import render_exceptions
from safeinstall.resolve.outcome import Outcome
from safeinstall.resolve.resolution import Refusal, Resolution

RULES = "[rules.minimum-age]\n[rules.yanked]\n"
EXCEPTION = '[[exceptions]]\npackage = "{}"\nrules = ["minimum-age", "yanked"]\nreason = "{}"\nexpires = {}\n'


def policy(package="acme", expires="2027-01-01", reason="urgent"):
    return layered(user=RULES + EXCEPTION.format(package, reason, expires))


def pin(verdict):
    artifact = verdict.artifact
    metadata = Metadata(
        name=artifact.name,
        version=artifact.version,
        requires_dist=(),
        requires_python=None,
        provides_extra=frozenset(),
        text="",
    )
    return Pinned(artifact=artifact, metadata=metadata, verdict=verdict, requested=True)


def said(own, *given, hidden=()):
    pins = tuple(pin(judged(own, one)) for one in given)
    hidden = tuple(judged(own, one) for one in hidden)
    outcome = Outcome(result=Resolution(pins=pins, kept=(), required_by={}, hidden=hidden))
    return render_exceptions(outcome, own, NOW)


def test_what_exceptions_let_pass_is_counted():
    assert said(policy(), evidence(age=timedelta(days=1))) == ["1 finding was let pass by an exception"]
    both = evidence(age=timedelta(days=1), yanked="x")
    assert said(policy(), both) == ["2 findings were let pass by exceptions"]


def test_an_exception_that_was_not_needed_is_told_when_its_package_was_met():
    assert said(policy(), evidence()) == [
        "the exception for acme (user.toml:3) was not needed for acme 1.0: remove it if that stays so"
    ]
    assert said(policy("other"), evidence()) == []
    assert said(policy("acme<1"), evidence()) == []


def test_a_void_exception_is_told_when_its_package_was_met():
    void = policy(expires="2026-11-22")
    young = evidence(age=timedelta(days=1))
    assert said(void, hidden=[young]) == ["the exception for acme (user.toml:3) is void since 2026-11-22"]
    assert said(void, evidence()) == [
        "the exception for acme (user.toml:3) is void since 2026-11-22, and nothing needs it: remove it"
    ]
    assert said(policy("other", expires="2026-11-22"), evidence()) == []


def test_a_refused_package_was_met_too():
    void = policy(expires="2026-11-01")
    refusal = Refusal(verdicts=(judged(void, evidence(age=timedelta(days=1))),))
    assert render_exceptions(Outcome(result=refusal), void, NOW) == [
        "the exception for acme (user.toml:3) is void since 2026-11-01"
    ]
    assert void.exceptions[0].expires == date(2026, 11, 1)
