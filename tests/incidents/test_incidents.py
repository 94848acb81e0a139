"""Incidents of the past, hour by hour: what each preset would have done. The facts are in ``cases``."""

from __future__ import annotations

import io
import json
import zipfile
from datetime import datetime, timezone
from pathlib import Path
from runpy import run_path

import pytest
from lib.incidents import AGES, CASES, COLUMNS, PRESETS, REPORTED, UNREPORTED, Replay, is_in, read_incidents
from packaging.utils import canonicalize_name

try:
    import tomllib
except ModuleNotFoundError:
    import tomli as tomllib

ROOT = Path(__file__).parents[2]
DUMP = ROOT.parent / "shared" / "data" / "osv-pypi.zip"
INCIDENTS = read_incidents()
BY_ID = [pytest.param(incident, id=incident.id) for incident in INCIDENTS]
INERT = {
    "# here stood the payload",
    "# here stood the payload, run by the build",
    "// here stood the payload",
    "here stood a binary",
    "here stood a library",
    "here stood a program",
    "here stood bytecode",
    "import colorinal",
    "import os; os.environ.get('inert')",
    "from setuptools import setup",
    "setup()",
}

KEYS = {"title", "kind", "what", "payload", "exactness", "asks", "installed", "files", "records", "expected"}
FILE_KEYS = {
    "wheel",
    "sdist",
    "uploaded",
    "index",
    "malicious",
    "requires",
    "contents",
    "setup_py",
    "entry_points",
    "attested",
}
RECORD_KEYS = {"id", "published", "aliases", "name", "versions", "last", "summary"}
pytestmark = pytest.mark.xdist_group("incidents")  # one process of the run replays them, once


@pytest.fixture(scope="module")
def tables(tmp_path_factory):
    replay = Replay(tmp_path_factory.mktemp("incidents"))
    yield {incident.id: replay.table(incident) for incident in INCIDENTS}
    replay.close()


@pytest.fixture(scope="module")
def dump():
    if not DUMP.is_file():
        pytest.skip("the OSV dump is not part of the repository")
    with zipfile.ZipFile(DUMP) as opened:
        yield opened


@pytest.mark.parametrize("incident", BY_ID)
def test_what_each_preset_says_at_each_age(tables, incident):
    assert tables[incident.id] == incident.expected, "read what has changed, then run python docs/make_incidents.py"


def test_the_page_is_what_was_found(tables):
    page = run_path(str(ROOT / "docs" / "make_incidents.py"))["page"](INCIDENTS, tables)
    assert (ROOT / "docs" / "incidents.md").read_text(encoding="utf-8") == page, "run python docs/make_incidents.py"


def cells(tables, preset, *columns):
    places = [COLUMNS.index(column) for column in columns]
    return {(name, COLUMNS[place]): table[preset][place] for name, table in tables.items() for place in places}


@pytest.mark.parametrize("preset", PRESETS)
def test_none_gets_in_on_its_first_day(tables, preset):
    assert [which for which, cell in cells(tables, preset, "0 h", "6 h", "1 d").items() if is_in(cell)] == []


def test_strict_lets_none_in_for_three_days_and_locked_none_ever(tables):
    assert [which for which, cell in cells(tables, "strict", "3 d").items() if is_in(cell)] == []
    assert [which for which, cell in cells(tables, "locked", *AGES, REPORTED).items() if is_in(cell)] == []


@pytest.mark.parametrize("preset", PRESETS)
def test_a_record_stops_what_it_names(tables, preset):
    assert [which for which, cell in cells(tables, preset, REPORTED).items() if is_in(cell)] == []


@pytest.mark.parametrize("incident", [i for i in BY_ID if any(file.attested for file in i.values[0].files)])
def test_lost_provenance_is_denied_at_age_zero_without_ages_and_advisories(tmp_path, incident):
    replay = Replay(tmp_path)
    cell = replay.by_provenance(incident)
    replay.close()
    lost = {file.attested for file in malicious_files(incident)} == {None}
    assert cell.startswith("denied: ") is lost
    assert ("provenance" in cell) is lost
    assert "assumed" in incident.exactness


def test_the_page_names_whom_provenance_stops():
    names = [
        i.id for i in INCIDENTS if any(f.attested for f in i.files) and not any(f.attested for f in malicious_files(i))
    ]
    assert len(names) == 6
    page = (ROOT / "docs" / "incidents.md").read_text(encoding="utf-8")
    assert all(f"[{name}](#{name})" in page for name in names)


def test_a_stricter_preset_hardly_ever_lets_in_what_a_milder_one_stops(tables):
    """It denies each file that the milder one denies; but it may pass over the repair too, and take an older bad file."""
    let_in = {
        preset: {which for which, cell in cells(tables, preset, *COLUMNS).items() if is_in(cell)} for preset in PRESETS
    }
    assert let_in["strict"] - let_in["baseline"] == {("2024-ultralytics-cache", "7 d")}
    assert let_in["locked"] - let_in["strict"] == set()


@pytest.mark.parametrize("preset", ["baseline", "strict"])
def test_what_runs_without_an_import_never_gets_in(tables, preset):
    """Where every malicious file is one to be built, or has a line of code in a ``.pth`` file."""
    starting = [incident for incident in INCIDENTS if all(map(runs_by_itself, malicious_files(incident)))]
    assert len(starting) >= 10
    assert [i.id for i in starting if any(is_in(cell) for cell in tables[i.id][preset])] == []


def malicious_files(incident):
    return [file for file in incident.files if file.malicious]


def runs_by_itself(file):
    return file.filename.endswith(".tar.gz") or any(name.endswith(".pth") for name in members(file))


def members(file):
    with zipfile.ZipFile(io.BytesIO(file.data)) as archive:
        return archive.namelist()


def test_enough_incidents_of_enough_years():
    assert len([incident for incident in INCIDENTS if incident.id >= "2022-"]) >= 25
    assert {incident.id[:4] for incident in INCIDENTS} >= {"2022", "2023", "2024", "2025", "2026"}


def facts(incident):
    return tomllib.loads((CASES / f"{incident.id}.toml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("incident", BY_ID)
def test_a_case_says_nothing_that_is_not_read(incident):
    said = facts(incident)
    assert said.keys() <= KEYS
    assert [file.keys() - FILE_KEYS for file in said["files"]] == [set()] * len(said["files"])
    assert [record.keys() - RECORD_KEYS for record in said.get("records", ())] == [set()] * len(incident.records)


@pytest.mark.parametrize("incident", BY_ID)
def test_the_stand_ins_do_nothing(incident):
    said = facts(incident)
    texts = [text for file in said["files"] for text in (*file.get("contents", {}).values(), file.get("setup_py", ""))]
    assert {line for text in texts for line in text.splitlines()} - INERT == set()


@pytest.mark.parametrize("incident", [i for i in BY_ID if i.values[0].records])
def test_the_records_are_those_of_the_public_data(dump, incident):
    for ours in incident.records:
        theirs = json.loads(dump.read(f"{ours['id']}.json"))
        published = datetime.fromisoformat(theirs["published"].replace("Z", "+00:00")).astimezone(timezone.utc)
        entries = [e for e in theirs["affected"] if canonicalize_name(e["package"]["name"]) == ours["name"]]
        assert entries
        assert set(ours.get("versions", ())) <= {v for e in entries for v in e.get("versions", ())}
        assert published.replace(microsecond=0) == ours["published"] or "which is the time" in incident.exactness


def test_incidents_without_a_record_say_so():
    silent = [i for i in INCIDENTS if not i.records]
    assert [i.id for i in silent if "record" not in i.exactness] == []
    assert all(i.expected[preset][-1] == UNREPORTED for i in silent for preset in PRESETS)
