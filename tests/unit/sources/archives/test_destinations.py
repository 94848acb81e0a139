from __future__ import annotations

import io
import zipfile

import pytest
from lib.pins import artifact_of, pin_of
from lib.wheels import make_sdist, make_wheel

from safeinstall.errors import DiskError, IntegrityError, UnsatisfiableError
from safeinstall.plan.plan import VerifiedFile
from safeinstall.sources.archives.archives import check_wheel
from safeinstall.sources.archives.destinations import check_destinations, plant


@pytest.fixture
def place(tmp_path):
    return tmp_path / "env"


@pytest.fixture
def scheme(place):
    """Where two kinds of libraries go to two directories."""
    names = {"platlib": "lib64", "purelib": "lib", "headers": "include", "scripts": "bin", "data": ""}
    return {name: str(place / folder) for name, folder in names.items()}


@pytest.fixture
def wheel(tmp_path):
    """Open a wheel with these files, in version 2."""

    def make(name, files, **made):
        filename, data = make_wheel(name, "2", files=files, **made)
        (tmp_path / filename).write_bytes(data)
        layout = check_wheel(tmp_path / filename, filename).layout
        pin = pin_of(artifact_of(filename, data))
        return VerifiedFile(pin=pin, path=str(tmp_path / filename), sha256="", size=len(data), layout=layout)

    return make


@pytest.fixture
def installed(place):
    """Unpack version 1 of ``app`` with these files, and return where its metadata is."""

    def unpack(files):
        zipfile.ZipFile(io.BytesIO(make_wheel("app", "1", files=files)[1])).extractall(place / "lib")
        return {"app": place / "lib" / "app-1.dist-info"}

    return unpack


def test_where_each_wheel_goes(wheel, scheme, place):
    files = {"app.py": "", "app-2.data/headers/app.h": "", "app-2.data/platlib/x.so": ""}
    tree = plant([wheel("app", files, entry_points="[console_scripts]\nrun = app:x\n")], scheme)
    below = {path.removeprefix(f"{place}/") for path in tree.files}
    own = {f"lib/app-2.dist-info/{name}" for name in ("METADATA", "WHEEL", "RECORD", "entry_points.txt")}
    made = {f"lib/app-2.dist-info/{name}" for name in ("INSTALLER", "REQUESTED", "direct_url.json")}
    assert below == {"lib/app.py", "include/app/app.h", "lib64/x.so", "bin/run"} | own | made
    binary = plant([wheel("bin", {"bin.so": ""}, tag="py3-abi3-any")], scheme)
    assert f"{place}/lib64/bin.so" in binary.files


def test_what_is_built_is_not_known_yet(scheme, tmp_path):
    filename, data = make_sdist("app", "2")
    file = VerifiedFile(pin=pin_of(artifact_of(filename, data)), path="", sha256="", size=1)
    assert plant([file], scheme).files == {}


def test_where_nothing_is_installed_nothing_is_looked_at(wheel):
    assert plant([wheel("app", {"app.py": ""})], {}).files == {}


def test_the_data_of_a_wheel_above_its_own_library(wheel, scheme):
    with pytest.raises(IntegrityError, match=r"would make '.*/lib/app.py' a file and a directory"):
        plant([wheel("app", {"app.py": "", "app-2.data/data/lib/app.py/x": ""})], scheme)


def test_the_same_file_of_two_wheels_is_a_rules_matter(wheel, scheme):
    check_destinations([wheel("app", {"x/__init__.py": "1"}), wheel("lib", {"x/__init__.py": "2"})], scheme, {})


def test_a_file_and_a_directory_of_two_wheels(wheel, scheme):
    with pytest.raises(UnsatisfiableError, match=r"lib-2-py3-none-any.whl and app-2-.* cannot be installed together"):
        check_destinations([wheel("lib", {"x": ""}), wheel("app", {"x/y": ""})], scheme, {})


def test_what_the_replaced_version_leaves_with_its_compiled_modules(wheel, scheme, installed, place):
    old = installed({"x/y.py": ""})
    cache = place / "lib" / "x" / "__pycache__"
    cache.mkdir()
    (cache / "y.cpython-311.pyc").touch()
    new = [wheel("app", {"x": ""})]
    check_destinations(new, scheme, old)
    (cache / "z.cpython-311.pyc").touch()
    with pytest.raises(DiskError, match="a file is needed where"):
        check_destinations(new, scheme, old)


def test_an_empty_directory_is_nobodys(wheel, scheme, installed, place):
    old = installed({"y.py": ""})
    (place / "lib" / "x").mkdir()
    with pytest.raises(DiskError, match="a file is needed where"):
        check_destinations([wheel("app", {"x": ""})], scheme, old)


def test_another_package_that_is_replaced_may_leave_later(wheel, scheme, installed):
    old = installed({"x": ""})
    with pytest.raises(DiskError, match="a directory is needed where"):
        check_destinations([wheel("lib", {"x/y": ""}), wheel("app", {"z": ""})], scheme, old)


def test_a_link_to_a_directory_is_one(wheel, scheme, place, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (place / "lib").mkdir(parents=True)
    (place / "lib" / "x").symlink_to(tmp_path / "elsewhere")
    check_destinations([wheel("app", {"x/y": ""})], scheme, {})
    check_destinations([wheel("lib", {"x": ""})], scheme, {})
