"""However much there is to say of a refused project, it fits on a screen; and ten of them do."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations

import pytest
from lib.facts import INDEX, artifact
from lib.policies import layered

from safeinstall.facts.finding import Finding, Level
from safeinstall.facts.verdict import Verdict
from safeinstall.report.refusal import render_refusal
from safeinstall.resolve.resolution import Refusal, Requirer
from safeinstall.rules.base import ALLOW
from safeinstall.rules.registry import known_rules

RULES = sorted(known_rules())


def verdict(release, rules, *, each=1):
    findings = (
        Finding(rule=rule, level=Level.DENY, message=f"m{n}", key=f"rules.{rule}", remedy=f"cure {rule}")
        for rule in rules
        for n in range(each)
    )
    return Verdict(artifact=artifact(release, source=INDEX), findings=tuple(findings))


def rendered(*verdicts, verbose=False):
    required_by = {v.artifact.name: (Requirer(by=None, text=v.artifact.name),) for v in verdicts}
    newest = {v.artifact.name: artifact(f"{v.artifact.name}==0.1") for v in verdicts}
    refusal = Refusal(verdicts=verdicts, required_by=required_by)
    return render_refusal(refusal, layered(user="schema = 1\n"), newest, verbose=verbose)


@pytest.mark.parametrize("each", [1, 2, 9])
@pytest.mark.parametrize("count", [1, 2, 3, 4, 5, len(RULES)])
def test_a_project_has_at_most_twelve_lines_and_each_rule_is_named(count, each):
    others = [verdict(f"app==1.{n}", rules, each=each) for n, rules in enumerate(combinations(RULES, 2))]
    text = rendered(verdict("app==2.0", RULES[:count], each=each), *others)
    assert len(text.splitlines()) <= 12
    assert all(rule in text for rule in RULES[:count])


def test_a_label_that_is_too_long_is_still_apart_from_what_it_says():
    missing = [
        Finding(rule=r, level=Level.DENY, message="no list", key="k", missing=True) for r in ("malware", "yanked")
    ]
    one = Verdict(artifact=artifact("app==1.0"), findings=(*missing, *verdict("app==1.0", ["vulnerability"]).findings))
    assert rendered(one).splitlines()[2] == "  malware, yanked   no list"
    two = [*missing, Finding(rule="vulnerability", level=Level.DENY, message="no list", key="k", missing=True)]
    lines = rendered(Verdict(artifact=artifact("app==1.0"), findings=tuple(two))).splitlines()
    assert lines[1] == "  malware, vulnerability, yanked no list"


def test_no_two_files_are_told_with_the_same_words():
    kinds = (["licenses"], ["hashes", "sdists"], ["hashes", "yanked"])
    text = rendered(*(verdict(f"app==1.{n}", rules) for n, rules in enumerate(kinds)))
    assert text.count("  also refused      ") == 1


def test_malware_is_never_what_there_is_no_room_for():
    lines = rendered(verdict("app==2.0", RULES, each=3)).splitlines()
    assert lines[1] == "  malware           m0"
    assert "  way out           cure malware" in lines


@pytest.mark.parametrize("count", [4, 10])
def test_ten_projects_have_at_most_sixty_lines(count):
    some = [verdict(f"app{n}==1.{m}", RULES[:3], each=2) for n in range(count) for m in range(3)]
    lines = rendered(*some).splitlines()
    assert len(lines) <= 6 * count
    assert sum(line.startswith("safe-pip: refused app") for line in lines) == count


def test_of_more_than_ten_each_further_one_is_a_line():
    lines = rendered(*(verdict(f"app{n}==1.0", ["licenses"]) for n in range(40))).splitlines()
    assert [line for line in lines if "app39" in line] == [
        "safe-pip: refused app39 1.0: licenses; cure licenses; newest allowed: app39 0.1"
    ]
    assert len(lines) <= 60 + 30 + 1


def test_nothing_is_left_out_where_all_is_asked_for():
    text = rendered(*(verdict(f"app{n}==1.{m}", RULES, each=3) for n in range(12) for m in range(3)), verbose=True)
    assert text.count("  malware           ") == 12 * 3 * 3
    assert "-v tells" not in text


def test_what_is_told_in_full_names_no_way_to_more():
    assert "-v tells" not in rendered(verdict("app==1.0", RULES[:3]), verdict("app==0.9", RULES[:3]))
    assert "safe-pip: -v tells every finding\n" in rendered(verdict("app==1.0", RULES[:3], each=3))


def test_no_exception_is_advised_for_a_release_with_a_file_that_none_covers():
    sdist, wheel = verdict("app==1.0", ["sdists"]), verdict("app==1.0", ["provenance"])
    excusable = replace(sdist, findings=(replace(sdist.findings[0], remedy=f"answer for it: {ALLOW} app==1.0"),))
    final = replace(wheel, findings=(replace(wheel.findings[0], final=True),))
    assert "  way out           cure provenance" in rendered(excusable, final).splitlines()
    assert f"  way out           answer for it: {ALLOW} app==1.0" in rendered(excusable, wheel).splitlines()
    other = replace(final, artifact=artifact("app==0.9", source=INDEX))
    assert f"  way out           answer for it: {ALLOW} app==1.0" in rendered(excusable, other).splitlines()
