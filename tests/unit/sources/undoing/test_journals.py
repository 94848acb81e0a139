"""What becomes of the room in which wheels are unpacked ahead: it goes with its journal, whatever ended the run."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from safeinstall.sources.undoing.journals import abandoned_journals, make_journal
from safeinstall.sources.undoing.recovery import anywhere, find_left


@pytest.fixture
def library(tmp_path):
    made = tmp_path / "env" / "lib"
    made.mkdir(parents=True)
    return made


@pytest.fixture
def environ(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "home"))
    return {"SAFE_PIP_STATE_DIR": str(tmp_path / "state")}


def names(folder):
    return [path.name for path in folder.iterdir()]


def begin(environ, library):
    terms = {"prefix": str(library.parent), "python": "python", "planned": ["a==1"], "sites": [], "missing": []}
    return make_journal(["key"], environ, library=str(library), roots=[str(library)], **terms)


def test_only_its_owner_can_enter_it(environ, library):
    journal, identity = begin(environ, library)
    assert names(library) == [f".safe-pip-{identity}-ahead"]
    assert Path(journal.room).stat().st_mode & 0o777 == 0o700
    journal.remove()
    journal.close()
    assert names(library) == []


def test_that_of_a_run_that_was_killed_before_pip_changed_anything_goes_with_the_next(environ, library):
    left, _ = begin(environ, library)
    (library / Path(left.room).name / "a-1-py3-none-any.whl").mkdir()
    left.close()
    journal, identity = begin(environ, library)
    assert names(library) == [f".safe-pip-{identity}-ahead"]
    journal.remove()
    journal.close()


def test_or_when_somebody_looks_for_what_was_left(environ, library):
    left, _ = begin(environ, library)
    left.close()
    assert list(find_left(environ, anywhere)) == []
    assert names(library) == []
    assert list(abandoned_journals(environ)) == []


def test_what_stands_where_its_link_leads_is_not_removed(environ, library, tmp_path):
    left, _ = begin(environ, library)
    left.close()
    elsewhere = tmp_path / "precious"
    elsewhere.mkdir()
    (elsewhere / "file").touch()
    Path(left.room).rmdir()
    Path(left.room).symlink_to(elsewhere)
    assert list(find_left(environ, anywhere)) == []
    assert (elsewhere / "file").exists()


def test_where_it_cannot_be_made_there_is_none(environ, library):
    journal, _ = begin(environ, library / "nowhere")
    assert journal.room == ""
    journal.remove()
    journal.close()


def test_where_nobody_could_follow_the_journal_to_it_there_is_none(environ, library, tmp_path, monkeypatch):
    """Without a secret there is no seal."""
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "file"))
    journal, _ = begin(environ, library)
    assert (journal.room, names(library)) == ("", [])
    journal.remove()
    journal.close()


def test_a_journal_from_before_there_were_rooms_is_followed(environ, library):
    terms = {"prefix": str(library), "python": "python", "planned": ["a==1"], "sites": [], "missing": [], "roots": []}
    left, _ = make_journal(["key"], environ, **terms)
    _, told, _ = json.loads(left.path.read_bytes())
    del told["library"], told["schema"]
    os.ftruncate(left.descriptor, 0)
    left.begin(**told)
    left.close()
    assert list(find_left(environ, anywhere)) == []
    assert not left.path.exists()
