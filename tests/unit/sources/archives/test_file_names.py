from __future__ import annotations

import os

import pytest

from safeinstall.facts.wheels.file_names import FileNames
from safeinstall.sources.archives.file_names import names_in

FOLDS, COUNTS = FileNames(folds_case=True), FileNames(folds_case=False)


@pytest.fixture
def folding(tmp_path):
    """A folder whose one name leads to the same file in the other case, as on a file system that folds case."""
    (tmp_path / "python").write_bytes(b"")
    os.link(tmp_path / "python", tmp_path / "PYTHON")
    return tmp_path


def test_two_names_of_one_file(folding):
    assert names_in(folding) == FOLDS


def test_two_files(tmp_path):
    (tmp_path / "python").write_bytes(b"")
    (tmp_path / "PYTHON").write_bytes(b"")
    assert names_in(tmp_path) == COUNTS


def test_one_file(tmp_path):
    (tmp_path / "python").write_bytes(b"")
    assert names_in(tmp_path) == COUNTS


def test_a_link_that_leads_nowhere_tells_nothing(folding):
    (folding / "12").mkdir()
    (folding / "12" / "python").symlink_to("nothing")
    assert names_in(folding / "12") == FOLDS


def test_a_name_without_letters_tells_nothing(folding):
    place = folding / "12"
    place.mkdir()
    (place / "3").write_bytes(b"")
    assert names_in(place) == FOLDS


def test_a_folder_that_is_not_there_yet_is_where_it_would_be(folding):
    assert names_in(folding / "lib" / "x") == FOLDS


def test_nothing_is_written(folding):
    before = sorted(folding.iterdir()), folding.stat().st_mtime_ns
    names_in(folding)
    assert (sorted(folding.iterdir()), folding.stat().st_mtime_ns) == before
