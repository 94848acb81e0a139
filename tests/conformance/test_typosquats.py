"""Names of real malware against the names that are shipped."""

from __future__ import annotations

import json
import os
import zipfile
from pathlib import Path

import pytest
from packaging.utils import canonicalize_name

from safeinstall.facts.lookalikes import Lookalikes
from safeinstall.sources.index.popular_names import popular_names

DATA = Path(os.environ.get("SAFEINSTALL_TEST_DATA") or Path(__file__).parents[3] / "shared" / "data")
DUMP = DATA / "osv-pypi.zip"
RANKING = DATA / "popular-names.txt"
TARGETS = 1000

pytestmark = pytest.mark.skipif(
    not DUMP.is_file() or not RANKING.is_file(),
    reason=f"no OSV dump or ranking in {DATA}; SAFEINSTALL_TEST_DATA names the directory that holds them",
)


@pytest.fixture(scope="module")
def malware() -> set[str]:
    with zipfile.ZipFile(DUMP) as archive:
        records = [json.loads(archive.read(name)) for name in archive.namelist() if name.startswith("MAL-")]
    return {canonicalize_name(affected["package"]["name"]) for record in records for affected in record["affected"]}


def variants(name: str) -> set[str]:
    """Every name that is one edit of Damerau's away, spelled out: an oracle without any arithmetic."""
    letters = "abcdefghijklmnopqrstuvwxyz0123456789"
    splits = [(name[:place], name[place:]) for place in range(len(name) + 1)]
    return {
        *(a + b[1:] for a, b in splits if b),
        *(a + b[1] + b[0] + b[2:] for a, b in splits if len(b) > 1),
        *(a + letter + b[1:] for a, b in splits if b for letter in letters),
        *(a + letter + b for a, b in splits for letter in letters),
    } - {name}


def test_malware_that_is_one_edit_from_a_popular_name_is_found(malware):
    popular = set(popular_names())
    copies = {v for name in popular_names()[:TARGETS] if len(name) > 4 for v in variants(name.replace("-", ""))}
    near = {name for name in malware - popular if name.replace("-", "") in copies}
    lookalikes = Lookalikes(popular_names())
    found = {name for name in near if lookalikes(name)}
    print(f"{len(found)} of {len(near)} malicious names one edit from a name of the top {TARGETS} are found")
    assert len(near) > 600
    assert len(found) / len(near) > 0.98


def test_honest_names_that_are_less_popular_seldom_resemble_one():
    rest = RANKING.read_text(encoding="ascii").split()[len(popular_names()) :]
    lookalikes = Lookalikes(popular_names())
    found = [name for name in rest if lookalikes(name)]
    print(f"{len(found)} of {len(rest)} honest names resemble a popular one; their age tells them apart")
    assert len(found) / len(rest) < 0.03
