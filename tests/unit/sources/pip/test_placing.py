from __future__ import annotations

import importlib.util
import json
import os
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from safeinstall.sources.pip.hosted.installing.placing import Placing, what_is_placed

SUFFIX = importlib.util.cache_from_source("/a/b.py").removeprefix("/a/__pycache__/b")
WHEEL = "/stage/app-1.0-py3-none-any.whl"
MEMBERS = ["app/a.py", "app/sub/b.py", "single.py", "app-1.0.data/data/share/x"]


@pytest.fixture
def library(tmp_path):
    made = tmp_path / "library"
    made.mkdir()
    return made


@pytest.fixture
def room(library):
    """What our parent has unpacked of one wheel."""
    made = library / "room"
    for member in MEMBERS:
        place = made / "app-1.0-py3-none-any.whl" / member
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(f"of {member}")
    tell(made, members=MEMBERS, compiled=["app/a.py", "app/sub/b.py"])
    return made


def tell(room, **told):
    (room / "app-1.0-py3-none-any.whl.json").write_text(json.dumps(told))


@pytest.fixture
def placing(room, library):
    made = Placing(str(room), str(library))
    made.take(WHEEL, str(library))
    return made


def test_a_directory_comes_as_a_whole(placing, room, library):
    assert placing.put("app/a.py", f"{library}/app/a.py")
    assert (library / "app/sub/b.py").read_text() == "of app/sub/b.py"
    assert placing.put("app/sub/b.py", f"{library}/app/sub/b.py")
    assert placing.has_compiled("app/a.py")
    assert placing.has_compiled("app/sub/b.py")


def test_into_a_directory_that_is_there_come_its_files(placing, library):
    (library / "app").mkdir()
    assert placing.put("app/a.py", f"{library}/app/a.py")
    assert not (library / "app/sub").exists()
    assert not placing.has_compiled("app/a.py")
    assert placing.put("app/sub/b.py", f"{library}/app/sub/b.py")
    assert placing.has_compiled("app/sub/b.py")


@pytest.mark.parametrize("make", [Path.mkdir, lambda path: path.symlink_to("nowhere"), Path.touch])
def test_what_stands_there_is_left_for_pip(placing, library, make):
    make(library / "single.py")
    assert not placing.put("single.py", f"{library}/single.py")


def test_a_file_of_another_scheme_comes_alone(placing, tmp_path):
    assert placing.put("app-1.0.data/data/share/x", f"{tmp_path}/share/x")
    assert (tmp_path / "share/x").read_text() == "of app-1.0.data/data/share/x"


def test_what_was_not_told_is_left_for_pip(placing, library):
    assert not placing.put("app/c.py", f"{library}/app/c.py")


def test_a_wheel_that_is_not_ready_is_left_for_pip(room, library):
    (room / "app-1.0-py3-none-any.whl.json").unlink()
    placing = Placing(str(room), str(library))
    placing.take(WHEEL, str(library))
    assert not placing.put("app/a.py", f"{library}/app/a.py")


def test_a_wheel_that_is_not_begun_is_ours(room, library):
    Placing(str(room), str(library)).take("/stage/other-1.0-py3-none-any.whl", str(library))
    assert (room / "other-1.0-py3-none-any.whl").is_dir()


def test_what_a_build_needs_takes_nothing_away(placing, library, tmp_path):
    """pip may fill the environment of a build in the same process."""
    placing.take(WHEEL, f"{tmp_path}/build")
    assert not placing.put("app/a.py", f"{tmp_path}/build/app/a.py")
    placing.take(WHEEL, str(library))
    assert placing.put("app/a.py", f"{library}/app/a.py")
    assert (library / "app/sub/b.py").read_text() == "of app/sub/b.py"


@pytest.fixture
def told(library):
    umask = os.umask(0o022)
    os.umask(umask)
    return {"library": str(library), "suffix": SUFFIX, "umask": umask}


def test_what_is_told_is_taken(told):
    assert what_is_placed({"room": "/room"}, told).room == "/room"
    assert what_is_placed({"room": "/room"}, told | {"suffix": ""}).room == "/room"


def test_where_code_is_to_have_another_header_nothing_is_taken(told, monkeypatch):
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")
    assert not what_is_placed({"room": "/room"}, told).room
    assert what_is_placed({"room": "/room"}, told | {"suffix": ""}).room


def test_where_code_is_to_have_another_name_nothing_is_taken(told):
    assert not what_is_placed({"room": "/room"}, told | {"suffix": ".cpython-27.pyc"}).room


def test_with_another_umask_or_without_a_room_nothing_is_taken(told):
    assert not what_is_placed({"room": "/room"}, told | {"umask": 0o177}).room
    assert not what_is_placed({"room": ""}, told).room
    assert not what_is_placed(None, told).room


def test_nothing_comes_into_a_directory_whose_files_inherit_something_else(placing, library):
    """A file that is renamed keeps the group, the access list and the label of where it was made."""
    (library / "app").mkdir()
    (library / "app").chmod(0o2755)
    assert not placing.put("app/a.py", f"{library}/app/a.py")
    assert not placing.put("app/sub/b.py", f"{library}/app/sub/b.py")
    assert not any((library / "app").iterdir())


def test_nor_do_files_of_another_scheme(placing, tmp_path):
    (tmp_path / "share").mkdir()
    (tmp_path / "share").chmod(0o2755)
    assert not placing.put("app-1.0.data/data/share/x", f"{tmp_path}/share/x")


def test_nothing_comes_from_one_file_system_to_another(placing, library):
    with TemporaryDirectory(dir="/dev/shm") as elsewhere:
        if Path(elsewhere).stat().st_dev == library.stat().st_dev:
            pytest.skip("there is one file system alone")
        (library / "app").symlink_to(elsewhere)
        assert not placing.put("app/a.py", f"{library}/app/a.py")
        assert not placing.put("app/sub/b.py", f"{library}/app/sub/b.py")
        assert not any(Path(elsewhere).iterdir())


def test_what_cannot_be_put_there_is_left_for_pip_to_complain_of(placing, library, tmp_path):
    (library / "app").symlink_to("nowhere")
    (tmp_path / "share").touch()
    assert not placing.put("app/sub/b.py", f"{library}/app/sub/b.py")
    assert not placing.put("app-1.0.data/data/share/x", f"{tmp_path}/share/x")
