from __future__ import annotations

import pytest
from lib.pins import artifact_of, pin_of
from lib.wheels import make_wheel

from safeinstall.facts.wheels.file_names import FileNames
from safeinstall.plan.plan import VerifiedFile
from safeinstall.sources.archives.archives import check_sdist, check_wheel
from safeinstall.sources.archives.overlaps import find_overlaps

EXACT, FOLDS = FileNames(), FileNames(folds_case=True)


@pytest.fixture
def overlaps(tmp_path):
    """Find what several wheels, each given by name and files, share."""

    def opened(name, files, entry_points=None):
        filename, data = make_wheel(name, "1.0", files=files, entry_points=entry_points)
        path = tmp_path / filename
        path.write_bytes(data)
        layout = check_wheel(path, filename).layout
        pin = pin_of(artifact_of(filename, data))
        return VerifiedFile(pin=pin, path=str(path), sha256=name, size=len(data), layout=layout)

    return lambda *wheels, names=EXACT: find_overlaps([opened(*wheel) for wheel in wheels], names)


def test_wheels_of_their_own_share_nothing(overlaps):
    assert overlaps(("a", {"a.py": "1"}), ("b", {"b.py": "1"})) == {}


def test_the_same_file_in_two_wheels_is_no_matter(overlaps):
    assert overlaps(("a", {"ns/__init__.py": "1"}), ("b", {"ns/__init__.py": "1"})) == {}


def test_another_file_in_the_same_place_is(overlaps):
    found = overlaps(("a", {"t/x.py": "1", "t/y.py": "1"}), ("b", {"t/x.py": "2", "t/y.py": "1"}), ("c", {"c.py": ""}))
    assert found == {"a": {"b": ("t/x.py",)}, "b": {"a": ("t/x.py",)}}


def test_a_place_can_be_reached_by_another_way(overlaps):
    found = overlaps(("a", {"x.py": "1"}), ("b", {"b-1.0.data/purelib/x.py": "2"}))
    assert found == {"a": {"b": ("x.py",)}, "b": {"a": ("x.py",)}}


def test_of_three_wheels_each_is_compared_with_each(overlaps):
    found = overlaps(("a", {"x.py": "1"}), ("b", {"x.py": "1"}), ("c", {"x.py": "2"}))
    assert found == {"a": {"c": ("x.py",)}, "b": {"c": ("x.py",)}, "c": {"a": ("x.py",), "b": ("x.py",)}}


def test_commands_are_compared_by_what_they_start(overlaps):
    def command(target):
        return f"[console_scripts]\nrun = {target}\n"

    assert overlaps(("a", {}, command("x:main")), ("b", {}, command("x:main"))) == {}
    assert overlaps(("a", {}, command("x:main")), ("b", {}, command("y:main"))) == {
        "a": {"b": ("bin/run",)},
        "b": {"a": ("bin/run",)},
    }


def test_a_command_that_is_a_file_is_like_no_other(overlaps):
    found = overlaps(("a", {"a-1.0.data/scripts/run": "x"}), ("b", {"b-1.0.data/scripts/run": "x"}))
    assert found["a"] == {"b": ("bin/run",)}


BETA = "[console_scripts]\nbeta = b:main\n"


def test_a_command_is_compared_by_the_name_that_lands_on_disk(overlaps):
    found = overlaps(("a", {}, "[console_scripts]\nmy beta = a:main\n"), ("b", {}, BETA))
    assert found == {"a": {"b": ("bin/beta",)}, "b": {"a": ("bin/beta",)}}


def test_names_are_compared_as_where_they_go(overlaps):
    a, b = ("a", {"Ns/x.py": "1"}, "[console_scripts]\nBeta = a:main\n"), ("b", {"ns/X.py": "2"}, BETA)
    assert overlaps(a, b) == {}
    assert overlaps(a, b, names=FOLDS) == {"a": {"b": ("Ns/x.py", "bin/Beta")}, "b": {"a": ("ns/X.py", "bin/beta")}}


def test_the_form_of_unicode_never_counts(overlaps):
    found = overlaps(("a", {"caf\u00e9.py": "1"}), ("b", {"cafe\u0301.py": "2"}))
    assert found == {"a": {"b": ("caf\u00e9.py",)}, "b": {"a": ("cafe\u0301.py",)}}


def test_a_wheel_is_not_compared_with_itself(overlaps):
    assert overlaps(("a", {"X.py": "1", "x.py": "2"}), names=FOLDS) == {}


def test_a_source_distribution_has_no_layout_yet(tmp_path):
    from lib.wheels import make_sdist

    filename, data = make_sdist("a", "1.0")
    (tmp_path / filename).write_bytes(data)
    assert check_sdist(tmp_path / filename, filename).layout is None
    file = VerifiedFile(pin=pin_of(artifact_of(filename, data)), path="/x", sha256="", size=0)
    assert find_overlaps([file, file]) == {}
