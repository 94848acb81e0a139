"""What the original of a mirror knows of a file is known of the mirror's copy, and of no other file."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from lib.facts import INDEX, NOW, OTHER_SHA, SHA

from safeinstall.facts.artifact import Source, SourceKind
from safeinstall.ports import ListedFile, ProjectPage
from safeinstall.sources.index.mirrors import mirrored

NEAR = Source(kind=SourceKind.INDEX, url="https://near.example/", name="near", mirror_of="default")
KNOWN = ListedFile(
    filename="app-1.0.tar.gz", url="https://x/", hashes={"sha256": SHA}, upload_time=NOW, yanked="broken"
)


def page(source, *files, **more):
    return ProjectPage(source=source, files=files, **more)


def copy(**more):
    return ListedFile(**{"filename": KNOWN.filename, "url": "https://near/", "hashes": {}, **more})


def told(file, *originals, source=NEAR):
    _, mirror = mirrored("app", [page(INDEX, *(originals or (KNOWN,))), page(source, file)])
    return mirror.files[0]


@pytest.mark.parametrize("hashes", [{}, {"sha256": SHA}])
def test_a_copy_has_the_facts_and_the_hashes_of_its_original(hashes):
    assert told(copy(hashes=hashes)) == copy(hashes={"sha256": SHA}, upload_time=NOW, yanked="broken")


def test_hashes_of_other_kinds_are_both_demanded():
    assert told(copy(hashes={"md5": "x"})).hashes == {"md5": "x", "sha256": SHA}


@pytest.mark.parametrize(
    "file",
    [
        copy(hashes={"sha256": OTHER_SHA}),
        copy(filename="app-1.1.tar.gz"),
    ],
)
def test_another_file_has_none_of_them(file):
    assert told(file) == file


THEIRS, OURS = "https://packages.example/provenance", "https://near.example/provenance"


@pytest.mark.parametrize("original", [THEIRS, None])
def test_a_copy_is_attested_as_its_original_says(original):
    assert told(copy(provenance=OURS), replace(KNOWN, provenance=original)).provenance == original


def test_a_file_of_its_own_a_mirror_announces_itself():
    assert told(copy(filename="app-1.1.tar.gz", provenance=OURS)).provenance == OURS


def test_of_files_that_are_left_out_the_original_tells_which_are_attested():
    known, own = copy(provenance=THEIRS), {"1.0": copy(provenance=OURS), "1.1": copy(provenance=OURS)}
    original = page(INDEX, KNOWN, attested_elsewhere={"0.9": known})
    _, mirror = mirrored("app", [original, page(NEAR, attested_elsewhere=own)])
    assert mirror.attested_elsewhere == {"0.9": known, "1.1": own["1.1"]}


LATER = NOW + timedelta(days=1)
BUILD = "app-1.0-1-py3-none-any.whl"


@pytest.mark.parametrize(
    ("file", "time"),
    [
        pytest.param(copy(hashes={"sha256": SHA}), NOW, id="the same file"),
        pytest.param(copy(filename=BUILD), None, id="another file of a version that it lists"),
        pytest.param(copy(filename="App-1.tar.gz"), None, id="under another form of its name"),
        pytest.param(copy(filename="app-2.0-1-py3-none-any.whl"), None, id="of one that it lists for other platforms"),
        pytest.param(copy(hashes={"sha256": OTHER_SHA}), None, id="other bytes"),
        pytest.param(copy(filename="app-3.0.tar.gz"), LATER, id="a version that it does not list"),
        pytest.param(copy(filename="what.tar.gz"), LATER, id="no version"),
    ],
)
def test_what_a_mirror_says_of_its_own_files_of_a_version_that_the_original_lists_is_not_believed(file, time):
    original = page(INDEX, KNOWN, left_out={"2.0": NOW})
    _, mirror = mirrored("app", [original, page(NEAR, replace(file, upload_time=LATER))])
    assert mirror.files == (
        replace(file, upload_time=time, hashes=mirror.files[0].hashes, yanked=mirror.files[0].yanked),
    )


def test_of_files_for_other_platforms_the_original_knows_when_they_were_uploaded():
    own = {"1.0": LATER, "2.0": None, "3.0": LATER, "4.0": None}
    pages = mirrored("app", [page(INDEX, KNOWN, left_out={"2.0": NOW}), page(NEAR, left_out=own)])
    assert pages[1].left_out == {"1.0": None, "2.0": NOW, "3.0": LATER, "4.0": None}


def test_an_original_without_hashes_or_with_two_of_one_name_says_nothing():
    assert told(copy(), replace(KNOWN, hashes={})) == copy()
    assert told(copy(), KNOWN, replace(KNOWN, url="https://y/")) == copy()


def test_an_index_that_is_no_mirror_is_told_nothing():
    assert told(copy(), source=replace(NEAR, mirror_of=None)) == copy()
    assert told(copy(), source=replace(NEAR, mirror_of="acme")) == copy()


@pytest.mark.parametrize(
    ("original", "own", "status"),
    [
        ("quarantined", None, "quarantined"),
        ("quarantined", "active", "quarantined"),
        ("active", "archived", "archived"),
        (None, "archived", "archived"),
        (None, None, None),
    ],
)
def test_the_status_of_the_project_is_the_originals_unless_it_has_none(original, own, status):
    pages = mirrored("app", [page(INDEX, status=original, first_upload=NOW), page(NEAR, status=own)])
    assert [(p.status, p.first_upload) for p in pages] == [(original, NOW), (status, NOW)]
