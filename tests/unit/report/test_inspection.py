from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime, timedelta, timezone

import pytest
from lib.facts import SHA, artifact
from packaging.version import Version

from safeinstall.facts.origins.origin import Comparison, Explained, Unfound
from safeinstall.facts.origins.project_urls import ProjectUrl
from safeinstall.facts.provenance import Attestation, Provenance, Publisher, PublisherKind, Refuted, Unattested
from safeinstall.facts.values import Missing
from safeinstall.report.inspection.json import inspection_json
from safeinstall.report.inspection.model import Compared, InspectedFile, Inspection
from safeinstall.report.inspection.text import render_inspection

WHO = Publisher(kind=PublisherKind.GITHUB, repository="acme/app", workflow="release.yml", environment="pypi")
CLAIM = Provenance(attestations=(Attestation(publisher=WHO, predicate_type="publish"),), verified=False)


def inspection(provenance, *compared, **fields):
    file = InspectedFile(artifact=artifact(hashes={"sha256": SHA}), provenance=provenance, **fields)
    return Inspection(name="acme", version=Version("1.0"), files=(file,), compared=compared)


def lines(provenance, *compared, **fields):
    return render_inspection(inspection(provenance, *compared, **fields)).splitlines()


@pytest.mark.parametrize(
    ("provenance", "fields", "state", "exit_code", "said"),
    [
        (CLAIM, {"unproved": Missing("it is late", "wait")}, "claimed", 11, "claimed by default, and not verified: it is late (wait)"),
        (replace(CLAIM, verified=True), {}, "verified", 0, "verified: signature, certificate, log entry, file name and sha256"),
        (Unattested(), {}, "unattested", 0, "nobody says: its index announces no provenance"),
        (Refuted(reason="of another file"), {}, "refuted", 10, "  built by      REFUTED: of another file\n  way out       do not install it; tell the project and whoever runs the index\n"),
        (Missing("it does not answer", "ask again"), {}, "missing", 11, "not known: it does not answer"),
    ],
)  # fmt: skip
def test_what_is_said_of_a_file_and_how_that_ends(provenance, fields, state, exit_code, said):
    found = inspection(provenance, **fields)
    assert found.exit_code == exit_code
    assert said in render_inspection(found)
    assert inspection_json(found)["files"][0]["provenance"]["state"] == state
    assert json.loads(json.dumps(inspection_json(found)))["exit_code"] == exit_code


def test_when_it_was_logged_and_uploaded_is_told_by_the_minute_it_was_in():
    late = datetime(2024, 12, 4, 23, 14, 59, 999999, timezone(timedelta(hours=1)))
    logged = replace(CLAIM.attestations[0], logged=late, log_index=7)
    file = InspectedFile(
        artifact=artifact(upload_time=late), provenance=Provenance(attestations=(logged,), verified=True)
    )
    text = render_inspection(Inspection(name="acme", version=Version("1.0"), files=(file,), compared=()))
    assert ", uploaded 2024-12-04 22:14 UTC\n" in text
    assert "  logged        2024-12-04 22:14 UTC, entry 7\n" in text


def test_an_address_that_claims_another_repository():
    urls = (ProjectUrl("Source", "https://github.com/other/app"), ProjectUrl("Docs", "https://acme.example"))
    told = "  but           its metadata claims another repository: Source, https://github.com/other/app"
    assert told in lines(CLAIM, urls=urls)
    assert told not in lines(Unattested(), urls=urls)
    said = inspection_json(inspection(CLAIM, urls=urls))["files"][0]
    assert (len(said["project_urls"]), said["contradicting_urls"]) == (2, [{"label": "Source", "url": urls[0].url}])


def unfound(path, **fields):
    return Unfound(path=path, **{"differs": False, "runs": True, **fields})


def test_a_comparison():
    result = Comparison(
        source="acme-1.0.tar.gz",
        found=1,
        unfound=(
            unfound("acme-1.0.dist-info/RECORD", runs=False, explained=Explained.METADATA),
            unfound("acme/_version.py", explained=Explained.VERSION),
            *(unfound(f"acme/{i}.py") for i in range(7)),
            unfound("acme/x.py", differs=True, elsewhere="b.py"),
            unfound("acme/data", runs=False),
        ),
    )
    assert lines(Unattested(), Compared(file="a.whl", source="a.tar.gz", result=result))[-6:] == [
        "a.whl compared with a.tar.gz",
        "  the same      1 file",
        "  explained     1 metadata, acme/_version.py (version file)",
        "  NOT IN IT     acme/0.py, acme/1.py, acme/2.py, acme/3.py, acme/4.py and 2 more",
        "  DIFFERS       acme/x.py (there it is b.py)",
        "  other files   acme/data",
    ]


def test_nothing_of_a_stranger_steers_a_terminal():
    result = Comparison(source="x", unfound=(unfound("a\x1b[2J\n.py"),))
    urls = (ProjectUrl("Source\n", "https://github.com/other/app\x1b[31m"),)
    text = render_inspection(inspection(CLAIM, Compared(file="a\n", source="b\r", result=result), urls=urls))
    assert {character for character in text if not character.isprintable()} == {"\n"}
    assert "a\\x1b[2J\\n.py" in text
