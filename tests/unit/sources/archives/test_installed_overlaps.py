from __future__ import annotations

import io
import zipfile

import pytest
from lib.pins import artifact_of, pin_of
from lib.wheels import make_wheel

from safeinstall.plan.plan import VerifiedFile
from safeinstall.sources.archives.archives import check_wheel
from safeinstall.sources.archives.installed_overlaps import find_installed_overlaps, metadata_directories


@pytest.fixture
def site(tmp_path):
    place = tmp_path / "site-packages"
    place.mkdir()
    return place


@pytest.fixture
def overlaps(tmp_path, site):
    """Find what wheels, by name and files, would replace of what is installed, likewise."""

    def opened(name, files):
        filename, data = make_wheel(name, "1.0", files=files)
        path = tmp_path / filename
        path.write_bytes(data)
        pin = pin_of(artifact_of(filename, data))
        layout = check_wheel(path, filename).layout
        return VerifiedFile(pin=pin, path=str(path), sha256=name, size=len(data), layout=layout)

    def find(installed, **wheels):
        for name, files in installed.items():
            zipfile.ZipFile(io.BytesIO(make_wheel(name, "0.9", files=files)[1])).extractall(site)
        where = {name: site / f"{name}-0.9.dist-info" for name in installed}
        return find_installed_overlaps([opened(name, files) for name, files in wheels.items()], where)

    return find


def test_another_file_in_the_place_of_one_that_stays(overlaps):
    found = overlaps({"lib": {"lib/a.py": "1", "lib/b.py": "1"}}, app={"lib/a.py": "2", "lib/b.py": "1", "app.py": ""})
    assert found == {"app": {"lib": ("lib/a.py",)}}


def test_what_is_replaced_does_not_count(overlaps):
    assert overlaps({"lib": {"lib/a.py": "1"}}, lib={"lib/a.py": "2"}, app={"lib/a.py": "3"}) == {}


def test_a_file_that_nobody_owns(overlaps, site):
    (site / "app.py").write_text("mine")
    assert overlaps({"lib": {"lib.py": ""}}, app={"app.py": ""}) == {}


def test_without_a_list_of_its_files_nothing_is_known(overlaps, site):
    (site / "old-0.9.dist-info").mkdir()
    (site / "lib.py").write_text("1")
    (site / "old-0.9.dist-info" / "RECORD").write_bytes(b"\xff")
    assert overlaps({}, app={"lib.py": "2"}) == {}
    assert overlaps({"other": {"other.py": ""}}, app={"lib.py": "2"}) == {}


def test_a_name_in_another_case_is_the_same_file_where_case_does_not_count(overlaps, site):
    """Every name has another that leads to the same, as if the file system folded case."""
    (site / "lib.py").write_text("1")
    (site / "LIB.py").hardlink_to(site / "lib.py")
    (site / "LIB.PY").hardlink_to(site / "lib.py")
    (site / "lIB.PY").hardlink_to(site / "lib.py")
    (site / "LIB-0.9.DIST-INFO").symlink_to("lib-0.9.dist-info")
    assert overlaps({"lib": {"lib.py": "1"}}, app={"LIB.py": "2"}) == {"app": {"lib": ("LIB.py",)}}


def test_and_another_file_where_it_does(overlaps, site):
    (site / "LIB.py").write_text("1")
    assert overlaps({"lib": {"lib.py": "1"}}, app={"LIB.py": "2"}) == {}


def test_what_the_host_did_not_locate_is_left_out(site):
    rows = {"a": {"info": str(site / "a-1.dist-info")}, "b": {"info": None, "metadata": "Name: b"}}
    assert metadata_directories(rows) == {"a": site / "a-1.dist-info"}
