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


@pytest.mark.parametrize("seed", range(8))
def test_no_false_alarm_over_200_releases(seed):
    history = History(seed)
    judged = [upload for upload in history.uploads if upload.time >= history.began]
    assert len({upload.version for upload in judged}) >= 200
    alarms = [
        (upload.filename, finding.message)
        for number, upload in enumerate(judged)
        for finding in said(STRICT, history, upload, AGES[number % 3])
    ]
    assert alarms == []
