from __future__ import annotations

import marshal
import os

import pytest

from safeinstall.sources.pip.hosted.installing.bytecode import PLACEHOLDER, compile_sources
from safeinstall.sources.pip.hosted.installing.placing import Placing
from safeinstall.sources.pip.hosted.installing.ready_code import ReadyCode

SOURCES = {"one": b"X = 1\n", "two": b"X = 2\n"}


@pytest.fixture
def ready(tmp_path):
    """What takes the code of two members from a parent that has it."""
    record = tmp_path / "record"
    modules = [(member, len(source)) for member, source in SOURCES.items()]
    record.write_bytes(compile_sources(b"".join(SOURCES.values()), modules))

    class Parent:
        def ask(self, question):
            return {"files": [[str(record), 0, ""]]} if "bytecode" in question else {}

    return ReadyCode(Parent(), Placing())


def take(ready, path):
    owner = ready.owner(path)
    return owner and ready.take(*owner, path)


@pytest.mark.parametrize("other", ["A.py", "a.PY", "a.py"])
def test_what_may_be_one_file_has_the_code_of_the_last_member_or_none(ready, tmp_path, other):
    ready.saved("w.whl", "one", str(tmp_path / "a.py"))
    ready.saved("w.whl", "two", str(tmp_path / other))
    taken = [take(ready, str(tmp_path / name)) for name in sorted({"a.py", other})]
    values = [marshal.loads(found[0]).co_consts[0] for found in taken if found]
    assert values in ([], [2])


def test_two_forms_of_unicode_may_be_one_file(ready, tmp_path):
    ready.saved("w.whl", "one", str(tmp_path / "\u00e9.py"))
    ready.saved("w.whl", "two", str(tmp_path / "e\u0301.py"))
    assert take(ready, str(tmp_path / "\u00e9.py")) is None


def test_a_directory_that_a_link_leads_to_is_the_same(ready, tmp_path):
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib64").symlink_to("lib")
    ready.saved("w.whl", "one", str(tmp_path / "lib/a.py"))
    ready.saved("w.whl", "two", str(tmp_path / "lib64/a.py"))
    assert take(ready, str(tmp_path / "lib/a.py")) is None


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir, lambda path: path.symlink_to("elsewhere")])
def test_what_stands_where_the_code_goes_is_for_python_to_complain_of(ready, tmp_path, make):
    source = tmp_path / "a.py"
    source.write_bytes(SOURCES["one"])
    ready.saved("w.whl", "one", str(source))
    code, size = take(ready, str(source))
    assert PLACEHOLDER.encode() not in code
    assert ready.write(str(source), code, size)
    (place,) = (tmp_path / "__pycache__").iterdir()
    place.unlink()
    make(place)
    assert not ready.write(str(source), code, size)
