"""What a receipt keeps of who built the files."""

from __future__ import annotations

from dataclasses import replace

from lib.facts import NOW
from lib.reports import CLAIMED, VERIFIED, passed, policy

from safeinstall.facts.provenance import Unattested
from safeinstall.plan.plan import Plan
from safeinstall.report.receipt import render_receipt
from safeinstall.report.run import Run


def kept(*facts):
    outcome = passed()
    pins = [
        replace(pin, verdict=replace(pin.verdict, provenance=fact))
        for pin, fact in zip(outcome.resolved.pins, facts, strict=True)
    ]
    run = Run(NOW, policy=policy(), outcome=replace(outcome, plan=Plan.of(pins)))
    return [file["provenance"] for file in render_receipt(run, exit_code=0, who={})["files"]]


def test_who_built_a_file_is_kept_and_whether_that_is_proved():
    publisher = "GitHub acme/app, release.yml, environment pypi"
    assert kept(VERIFIED, CLAIMED) == [
        {"verified": True, "built": [{"publisher": publisher, "commit": "1f" * 20}]},
        {"verified": False, "built": [{"publisher": publisher, "commit": None}]},
    ]


def test_of_what_is_not_attested_nothing_is_kept():
    assert kept(Unattested(), Unattested()) == [None, None]
