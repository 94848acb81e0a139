"""The terminal form, whole: at a width, with and without colours, for every ending."""

from __future__ import annotations

from dataclasses import replace

import pytest
from lib.reports import CLAIMED, VERIFIED, attested, denied, endings, passed, report
from lib.shell import told

from safeinstall.facts.provenance import Refuted, Unattested
from safeinstall.facts.values import Missing
from safeinstall.report.forms.screen import Screen
from safeinstall.report.forms.terminal import render
from safeinstall.report.model import Kept, Phase, Requirement


def plain(given, width=100):
    return render(given, Screen(width=width))


def quiet(given):
    """Without anything foreign in it, so that a whole report can be read here."""
    files = tuple(replace(file, findings=file.findings[:1], level=file.findings[0].level) for file in given.files)
    files = tuple(
        replace(f, findings=tuple(replace(g, exception=None, message="a hole", remedy=None) for g in f.findings))
        for f in files
    )
    policy = replace(given.policy, digest="sha256:d1", contact=None)
    return replace(
        given, files=files, exceptions=(), policy=policy, plan="9e7d", phases=(Phase(name="start", seconds=0.4),)
    )


def test_a_whole_report():
    kept = Kept(name="old", version="3.0", required_by=(Requirement(by="lib", text="old"),))
    assert plain(replace(quiet(report(passed())), kept=(kept,)), 80) == told("""
        safe-pip: 2 files passed the policy

        package   version   verdict   why
        ───────────────────────────────────────────────────────────────────────────────
        app       1.0       warned    vulnerability: a hole
                                      policy: user.toml:7 (rules.vulnerability.deny-at)
        lib       1.0       denied    vulnerability: a hole
                                      policy: user.toml:7 (rules.vulnerability.deny-at)
        old       3.0       kept      installed already

        Who required what
          you
          └── app 1.0  app>=1
              └── lib 1.0  lib<3
                  └── old 3.0  old

        Fallbacks
          app: pip would take 2.0, because of minimum-age (uploaded 1 day ago; the
          policy asks for 7 days) we take 1.0

        Evidence
          index default: of this run (2026-11-22 12:00 UTC)
          advisories osv: 3 hours old (2026-11-22 09:00 UTC)
          epss https://epss.example/: it did not answer

        Run
          safe-pip install app>=1 https://files.example/x.whl
          policy user.toml (enforce, compliant), digest sha256:d1
          plan 9e7d
          pip 26.3, Python 3.12.1 in /env
          1.2 s: pip's start 0.4 s; exit code 0
    """)


def test_who_built_each_file_is_told_and_the_others_are_counted():
    given = attested(
        app=VERIFIED, lib=CLAIMED, bad=Refuted(reason="its digest differs"),
        one=Unattested(), two=Unattested(), three=Missing("default did not answer"),
    )  # fmt: skip
    _, _, after = plain(given, 120).partition("Built by\n")
    assert after.partition("\n\n")[0].splitlines() == [
        "  app 1.0: GitHub acme/app, release.yml, environment pypi, commit 1f1f1f1f1f1f, verified",
        "  bad 1.0: refuted: its digest differs",
        "  lib 1.0: GitHub acme/app, release.yml, environment pypi, as its index says; not verified",
        "  2 of 6 files: not attested",
        "  1 of 6 files: not known: default did not answer",
    ]


def test_a_refusal_tells_the_way_out_and_what_would_pass():
    text = plain(report(denied(), exit_code=10), 200)
    assert text.startswith("safe-pip: denied: the policy refuses 1 project\n")
    assert "lib       1.0       refused   minimum-age: uploaded 1 day ago; the policy asks for 7 days\n" in text
    assert "way out: wait until 2026-11-28 12:00 UTC, or ask for an older version\n" in text
    assert "  └── lib 1.0  app → lib<3\n" in text
    assert "Newest allowed\n  lib 0.9 (lib-0.9-py3-none-any.whl)\n" in text
    assert "questions and waivers: https://sec.example/\n" in text


def test_an_exception_is_told_with_its_reason_and_end():
    text = plain(report(passed()), 400)
    assert "let pass by an exception: only PNG" in text
    assert "(vulnerability; until 2027-01-31, approved by secops; user.toml:8)\n" in text


def test_what_is_said_of_many_is_told_once():
    given = report(passed())
    first = given.files[0]
    twin = replace(first, name="twin", required_by=(Requirement(by="app", text="twin"),))
    text = plain(replace(given, files=(*given.files, twin)), 120)
    assert text.count("PYSEC-2026-2") == 1
    assert "twin      1.0       warned    vulnerability: as for app\n" in text


@pytest.mark.parametrize("ending", ["passed", "dry-run", "denied", "failed", "attested", "broken"])
@pytest.mark.parametrize("width", [40, 100])
def test_no_line_is_wider_than_the_screen_and_nothing_foreign_steers_it(ending, width):
    text = plain(endings()[ending], width)
    assert max(map(len, text.splitlines())) <= width
    assert {c for c in text if not c.isprintable()} <= {"\n"}


def test_colours_are_ours_alone():
    text = render(report(passed()), Screen(colour=True))
    assert "\x1b[32msafe-pip: 2 files passed the policy\x1b[0m\n" in text
    assert "\x1b[33mwarned" in text
    assert r"\x1b[31m %0A::error::x" in render(report(passed()), Screen(colour=True, width=400))
    assert text.count("\x1b[31m") == 0


def test_a_screen_that_knows_ascii_only_gets_nothing_else():
    text = render(report(passed()), Screen(encoding="ascii"))
    assert text.isascii()
    assert "`-- app 1.0" in text


def test_a_chain_that_is_deeper_than_a_screen_is_wide_ends():
    given = report(passed())
    chain = (
        replace(given.files[0], name=f"p{n}", required_by=(Requirement(by=f"p{n - 1}" if n else None, text="x"),))
        for n in range(1200)
    )
    assert "p1199" in plain(replace(given, files=tuple(chain)), 60)


def test_the_policys_line_stands_once_for_findings_in_a_row():
    given = report(passed())
    first = given.files[0]
    (finding,) = first.findings
    more = replace(first, findings=(finding, replace(finding, rule="malware", message="another hole")))
    text = plain(replace(given, files=(more, *given.files[1:])), 120)
    assert text.count("policy: user.toml:7 (rules.vulnerability.deny-at)") == 1
    assert "malware: another hole\n" in text


@pytest.mark.parametrize(
    ("command", "shown"),
    [("audit r.txt", "safe-pip audit r.txt"), ("install", "safe-pip install app>=1 https://files.example/x.whl")],
)
def test_what_was_called(command, shown):
    assert f"\nRun\n  {shown}\n" in plain(replace(report(passed()), command=command))
