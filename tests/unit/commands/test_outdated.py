"""The table of ``safe-pip outdated`` and the lines beside it, of odd names and of many."""

from __future__ import annotations

from lib.facts import artifact
from lib.policies import layered

from safeinstall.commands.outdated.table import remarks_on, table
from safeinstall.facts.finding import Finding, Level
from safeinstall.facts.verdict import Verdict
from safeinstall.resolve.outcome import Standing, Survey, Unlisted

POLICY = layered(user="schema = 1\n")


def standing(name="app", *, present="1.0", findings=(), passing=True):
    verdict = Verdict(artifact=artifact(f"{name}==2.0"), findings=findings)
    return Standing(
        name=name, present=present, newest=verdict, passing=verdict if passing else None, is_behind=present != "2.0"
    )


def survey(*standings, **more):
    return Survey(subject="env", standings=standings, is_asked=False, **more)


def test_what_a_package_calls_its_version_steers_no_terminal_and_widens_no_table():
    row = table(survey(standing(present="\x1b[31m" + "9" * 90))).splitlines()[2]
    assert row == f"app      \\x1b[31m{'9' * 31}…  2.0      2.0"


def test_a_table_without_rows_has_no_head():
    assert table(survey(standing(present="2.0"))) == ""
    assert len(table(survey(standing(present="2.0")), every=True).splitlines()) == 3


def test_of_many_names_ten_are_told():
    names = tuple(f"own{n}" for n in range(12))
    told = list(remarks_on(survey(unlisted={Unlisted.UNKNOWN: names}), POLICY))
    assert told[0] == f"on no index: {', '.join(names[:10])} and 2 more"
    assert told[1].endswith(": 12 not listed")


def test_a_missing_fact_is_told_once_whether_it_holds_back_or_not():
    def missing(level):
        return Finding(rule="malware", level=level, message="there are no advisories", key="", missing=True)

    other = Finding(rule="yanked", level=Level.WARN, message="yanked", key="")
    passed = [standing(name, findings=(missing(Level.WARN), other)) for name in ("one", "two")]
    held = [standing(name, findings=(missing(Level.DENY),), passing=False) for name in ("three", "four")]
    assert list(remarks_on(survey(*passed, *held), POLICY)) == [
        "warned: one 2.0, two 2.0: malware: there are no advisories",
        "held back, since a fact is missing: three, four: there are no advisories",
        f"env by policy {POLICY.file}: 4 outdated, 2 of them held back",
    ]
    assert list(remarks_on(survey(), POLICY)) == [f"env by policy {POLICY.file}: nothing to look up"]
