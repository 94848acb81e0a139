"""The rule ``provenance`` over whole histories: silent where a project publishes as ever, and not where a thief does."""

from __future__ import annotations

from dataclasses import replace

import pytest
from lib.histories import DAY, OURS, SDIST, History, Upload, filename, said
from lib.provenance import github

from safeinstall.facts.finding import Level
from safeinstall.rules.provenance import Provenance

STRICT = Provenance(level=Level.ALLOW, verify=False)
AGES = (0 * DAY, 3 * DAY, 7 * DAY)
SEEDS = [0, *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(1, 30))]


@pytest.mark.parametrize("seed", SEEDS)
def test_no_false_alarm_over_200_releases(seed):
    history = History(seed)
    judged = history.settled
    assert len({upload.version for upload in judged}) >= 200
    alarms = [
        (upload.filename, finding.message)
        for number, upload in enumerate(judged)
        for finding in said(STRICT, history, upload, AGES[number % 3])
    ]
    assert alarms == []


@pytest.mark.parametrize("seed", SEEDS)
def test_a_thief_is_told_at_age_zero_after_any_release(seed):
    history = History(seed)
    settled = [upload for upload in history.settled if upload.by]
    quiet = []
    for number, last in enumerate(settled[::40]):
        time, age = last.time + DAY, AGES[number % 3]
        kinds = [SDIST, history.platforms[0], "any"]
        for kind in (kind for kind in kinds if kind not in history.by_hand and (kind != SDIST or history.has_sdist)):
            stolen = Upload(filename=filename("99.0", kind), version="99.0", time=time)
            registered = replace(stolen, by=github("evil/app", environment="pypi"))
            quiet += [upload for upload in (stolen, registered) if not said(STRICT, history, upload, age)]
            assert not said(STRICT, history, replace(stolen, by=OURS), age)
    assert quiet == []


def test_a_second_release_of_a_thief_is_not_compared_with_the_first():
    history = History(0, releases=20)
    last = history.settled[-1].time + DAY
    thefts = [
        Upload(filename=filename(version, "any"), version=version, time=last + hours * DAY / 24)
        for version, hours in (("99.0", 0), ("99.1", 1), ("99.2", 20))
    ]
    history.uploads += thefts
    assert [len(said(STRICT, history, stolen, age)) for stolen in thefts for age in AGES] == [1] * 9
