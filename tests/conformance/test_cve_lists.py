"""Lists of CVEs over a real dump: what each advisory is told equals a naive reading of the records and the lists."""

from __future__ import annotations

import json
import os
import zipfile
from datetime import date, timedelta
from pathlib import Path

import pytest
from packaging.utils import canonicalize_name

from safeinstall.sources.advisories.cve_lists import ListSource
from safeinstall.sources.advisories.local import open_local

DATA = Path(os.environ.get("SAFEINSTALL_TEST_DATA") or Path(__file__).parents[3] / "shared" / "data")
DUMP = DATA / "osv-pypi.zip"

pytestmark = [
    pytest.mark.xdist_group("dump"),  # one process of the run reads it
    pytest.mark.skipif(not DUMP.is_file(), reason=f"no OSV dump at {DUMP}; SAFEINSTALL_TEST_DATA names its directory"),
]


@pytest.fixture(scope="module")
def records():
    with zipfile.ZipFile(DUMP) as archive:
        return [json.loads(archive.read(name)) for name in archive.namelist()]


@pytest.fixture(scope="module")
def neighbours(records):
    """Each id with those that stand beside it in some record."""
    found: dict[str, set[str]] = {}
    for record in records:
        ids = {record["id"], *(record.get("aliases") or ())}
        for id_ in ids:
            found.setdefault(id_, set()).update(ids)
    return found


def group(id_: str, neighbours: dict[str, set[str]]) -> set[str]:
    """Return all ids that can be reached from *id_*."""
    seen, waiting = {id_}, [id_]
    while waiting:
        new = neighbours[waiting.pop()] - seen
        seen |= new
        waiting += new
    return seen


def test_every_advisory_is_told_what_the_lists_say_of_its_aliases(records, neighbours, tmp_path):
    cves = sorted(id_ for id_ in neighbours if id_.startswith("CVE-"))
    listed = {cve: str(date(2022, 1, 1) + timedelta(days=place)) for place, cve in enumerate(cves[::7])}
    scores = {cve: place % 1000 / 1000 for place, cve in enumerate(cves) if place % 3}
    vulnerabilities = [{"cveID": cve, "dateAdded": day} for cve, day in listed.items()]
    (tmp_path / "kev.json").write_text(json.dumps({"vulnerabilities": vulnerabilities}))
    rows = "".join(f"{cve},{score},0.5\n" for cve, score in scores.items())
    (tmp_path / "epss.csv").write_text(f"cve,epss,percentile\n{rows}")
    lists = [ListSource("exploited", tmp_path / "kev.json"), ListSource("epss", tmp_path / "epss.csv")]
    names = {canonicalize_name(affected["package"]["name"]) for r in records for affected in r["affected"]}

    with open_local([DUMP], tmp_path / "cache", lists) as database:
        told = {(name, a.id): (a.exploited, a.epss) for name in names for a in database.advisories(name)}

    expected = {}
    for name, id_ in told:
        known = group(id_, neighbours)
        since = min((listed[cve] for cve in known if cve in listed), default=None)
        expected[name, id_] = (
            since and date.fromisoformat(since),
            max((scores[cve] for cve in known if cve in scores), default=None),
        )
    assert len(told) > 15_000
    assert sum(since is not None for since, _ in told.values()) > 800
    assert told == expected
