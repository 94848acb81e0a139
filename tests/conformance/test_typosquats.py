"""What the shipped names are measured to tell: the tables of ``docs/names.md``, made again in part."""

from __future__ import annotations

import os
import random
import runpy
from pathlib import Path

import pytest

from safeinstall.facts.finding import Level

DATA = Path(os.environ.get("SAFEINSTALL_TEST_DATA") or Path(__file__).parents[3] / "shared" / "data")
DUMP = DATA / "osv-pypi.zip"
RANKING = DATA / "popular-names.txt"
MEASURE = runpy.run_path(str(Path(__file__).parents[2] / "benchmarks" / "names.py"))
YOUNG, WAITED, GROWN = MEASURE["YOUNG"], MEASURE["WAITED"], MEASURE["GROWN"]
TARGETS = 1000
SLIPS = {
    *("two characters swapped", "one doubled", "`0` for `o`", "`1` for `l`", "`rn` for `m`", "`vv` for `w`"),
    *("`cl` for `d`", "other separators", "another order of words", "one left out inside"),
}

needs_data = pytest.mark.skipif(
    not DUMP.is_file() or not RANKING.is_file(),
    reason=f"no OSV dump or ranking in {DATA}; SAFEINSTALL_TEST_DATA names the directory that holds them",
)


@pytest.fixture(scope="module")
def names():
    return MEASURE["Names"]()


def told(names, some, state, *, preset="baseline", at_least=Level.WARN):
    return [name for name in some if names.verdict(preset, name, state) >= at_least]


@needs_data
def test_malware_that_is_one_edit_from_a_popular_name_is_found(names):
    targets = [name for name in names.popular[:TARGETS] if len(name) > 4]
    near = MEASURE["near"](MEASURE["malware"](str(DUMP)) - names.known, targets)
    found, later = told(names, near, YOUNG), told(names, near, WAITED)
    denied = told(names, near, YOUNG, at_least=Level.DENY)
    print(
        f"of {len(near)} malicious names one edit from a name of the top {TARGETS} {len(found)} are told while young,"
    )
    print(f"{len(denied)} denied, and {len(later)} told later")
    assert len(near) > 600
    assert len(found) / len(near) > 0.98
    assert len(denied) / len(near) > 0.7
    assert set(later) == set(denied)


def test_reported_typosquats_are_found(names):
    reported = [name for name, _ in MEASURE["listed"]("reported.txt") if name not in names.known]
    assert len(told(names, reported, YOUNG)) / len(reported) > 0.88
    assert len(told(names, reported, YOUNG, at_least=Level.DENY)) / len(reported) > 0.6


def test_half_of_the_names_that_are_made_up_are_found(names):
    invented = [name for (name,) in MEASURE["listed"]("invented-held.txt")]
    assert len(told(names, invented, YOUNG)) / len(invented) > 0.45
    assert told(names, invented, YOUNG, at_least=Level.DENY) == []


@needs_data
def test_honest_names_that_are_less_popular_seldom_resemble_one(names):
    rest = RANKING.read_text(encoding="ascii").split()[len(names.popular) :]
    while_young, denied = told(names, rest, YOUNG), told(names, rest, YOUNG, at_least=Level.DENY)
    print(f"{len(while_young)} of {len(rest)} honest names resemble a popular one, {len(denied)} surely")
    assert len(while_young) / len(rest) < 0.03
    assert len(denied) / len(rest) < 0.004
    assert told(names, rest, GROWN) == []


@pytest.mark.parametrize("trick", MEASURE["TRICKS"])
def test_a_trick_is_found_in_the_whole_list_when_it_is_no_accident(names, trick):
    rng = random.Random(trick)
    popular = [name for name in names.popular[2000:] if len(name.replace("-", "")) > 4]
    made = [copy for name in rng.sample(popular, 300) if (copy := MEASURE["TRICKS"][trick](name, rng))]
    fresh = [copy for copy in made if copy not in names.known]
    found = sum(names.alike(copy) is not None for copy in fresh) / len(fresh)
    assert (found > 0.85) is (trick in SLIPS)
