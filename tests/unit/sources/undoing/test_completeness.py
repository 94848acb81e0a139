"""What is there as a whole, by its RECORD."""

from __future__ import annotations

import pytest

from safeinstall.sources.undoing.completeness import sort_out

RECORD = """\
up/__init__.py,sha256=LPJNul-wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ,5
up-1.0.dist-info/INSTALLER,,4
up-1.0.dist-info/RECORD,,
"""


@pytest.fixture
def site(tmp_path):
    """A site with one distribution, ``up`` 1.0, as pip leaves it."""
    for folder in ("up", "up-1.0.dist-info"):
        (tmp_path / folder).mkdir()
    (tmp_path / "up" / "__init__.py").write_text("hello")
    (tmp_path / "up-1.0.dist-info" / "INSTALLER").write_text("pip\n")
    (tmp_path / "up-1.0.dist-info" / "RECORD").write_text(RECORD)
    return tmp_path


def test_all_is_as_the_record_says(site):
    assert sort_out(["up==1.0", "other==1.0"], [str(site)]) == (("up==1.0",), ())


@pytest.mark.parametrize("content", [None, "", "hell", "jello", "hello!"])
def test_a_file_that_is_not_as_the_record_says(site, content):
    path = site / "up" / "__init__.py"
    path.unlink()
    if content is not None:
        path.write_text(content)
    assert sort_out(["up==1.0"], [str(site)]) == ((), ("up==1.0",))


@pytest.mark.parametrize("record", ["", "up/__init__.py,,\n", RECORD.replace(",5", ",five"), RECORD + "a\0b,,\n"])
def test_a_record_that_is_not_pips(site, record):
    (site / "up-1.0.dist-info" / "RECORD").write_text(record)
    assert sort_out(["up==1.0"], [str(site)]) == ((), ("up==1.0",))
