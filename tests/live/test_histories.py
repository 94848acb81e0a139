"""Regressions over real release histories: which files, in which order, for which platforms. Run with ``-m live``.

The default index here tells nobody's provenance. So each project is taken to attest all it uploads from a day on, or all
but the files of one kind or platform, which somebody builds by hand: for each of those in turn.
"""

from __future__ import annotations

import json
import os
import urllib.request
from datetime import datetime, timezone
from pathlib import Path
from types import SimpleNamespace

import pytest
from lib.histories import DAY, OURS, SDIST, Upload, said
from packaging.utils import (
    InvalidSdistFilename,
    InvalidVersion,
    InvalidWheelFilename,
    parse_sdist_filename,
    parse_wheel_filename,
)
from pip._internal.models.index import PyPI

from safeinstall.facts.finding import Level
from safeinstall.rules.provenance import Provenance

pytestmark = pytest.mark.live

NAMES = Path(os.environ.get("SAFEINSTALL_DATA", Path(__file__).parents[3] / "shared" / "data")) / "popular-names.txt"
PROJECTS, FILES, JUDGED = 60, 700, 120
ATTESTED_FROM = datetime(2024, 11, 1, tzinfo=timezone.utc)
BEFORE = 6
"""Attested releases that are there already."""
RULE = Provenance(level=Level.ALLOW, verify=False)
AGES = (0 * DAY, 3 * DAY, 7 * DAY)
PLATFORM_OF_AN_OLD_LINE = {"pydantic"}
"""If its wheels of 1.10 for one platform were built by hand: 2.x has none for any, and a thief's would look alike."""


def test_real_histories_raise_no_false_alarm():
    if not NAMES.exists():
        pytest.skip(f"there is no {NAMES}")
    alarms, releases = {}, 0
    for name in NAMES.read_text().split()[:PROJECTS]:
        files = listed(name)
        kinds = {kind for *_, kind in files}
        for by_hand in [None, *(sorted(kinds) if len(kinds) > 1 else ())]:
            found, judged = alarms_of(files, by_hand)
            alarms |= {(name, by_hand): found} if found else {}
            releases += judged
    assert releases > 1000
    assert {name for name, _ in alarms} <= PLATFORM_OF_AN_OLD_LINE, alarms


def listed(name):
    """The last files of a project: when, which, of which version, of which kind or platform."""
    request = urllib.request.Request(
        f"{PyPI.simple_url}/{name}/", headers={"Accept": "application/vnd.pypi.simple.v1+json"}
    )
    with urllib.request.urlopen(request, timeout=20) as answer:
        page = json.load(answer)
    return sorted(filter(None, map(understood, page["files"])))[-FILES:]


def understood(file):
    filename, time = file["filename"], datetime.fromisoformat(file["upload-time"].replace("Z", "+00:00"))
    try:
        if filename.endswith(".whl"):
            return time, filename, str(parse_wheel_filename(filename)[1]), filename[:-4].rpartition("-")[2]
        return time, filename, str(parse_sdist_filename(filename)[1]), SDIST
    except (InvalidSdistFilename, InvalidVersion, InvalidWheelFilename):
        return None


def alarms_of(files, by_hand):
    """What is said of the latest files, and how many releases they are of."""
    uploads = [
        Upload(
            filename=name, version=version, time=time, by=OURS if time >= ATTESTED_FROM and kind != by_hand else None
        )
        for time, name, version, kind in files
    ]
    first = sorted({upload.version: upload.time for upload in reversed(uploads) if upload.by}.values())
    judged = [upload for upload in uploads if upload.time >= first[BEFORE]][-JUDGED:] if len(first) > BEFORE else []
    history = SimpleNamespace(uploads=uploads)
    found = [
        (upload.filename, finding.message)
        for number, upload in enumerate(judged)
        for finding in said(RULE, history, upload, AGES[number % 3])
    ]
    return found, len({upload.version for upload in judged})
