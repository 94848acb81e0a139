from __future__ import annotations

import importlib.util
import json
import marshal
import os
import py_compile
import signal
from pathlib import Path
from threading import Event, Thread, Timer

import pytest
from lib.wheels import make_wheel, zip_archive

from safeinstall.sources.bytecode.unpacking import UnpackingAhead
from safeinstall.sources.pip.hosted.installing.bytecode import compile_sources, way

HEADER = 16
SUFFIX = importlib.util.cache_from_source("/a/b.py").removeprefix("/a/__pycache__/b")


class Compiled:
    """What stands for the code of a wheel that is ready."""

    way = way()

    def __init__(self, sources):
        self.sources = sources

    def modules_of(self, path):
        from safeinstall.sources.pip.hosted.installing.ready_code import read_code

        record = Path(path).with_name("record")
        modules = [(member, len(source)) for member, source in self.sources.items()]
        record.write_bytes(compile_sources(b"".join(self.sources.values()), modules))
        return read_code(str(record), 0, "")


@pytest.fixture
def room(tmp_path):
    made = tmp_path / "library" / ".safe-pip-1-ahead"
    made.mkdir(parents=True)
    return made


def unpack(room, wheel, bytecode=None, environ=()):
    with UnpackingAhead(str(room), [wheel], bytecode, dict(environ)) as unpacking:
        unpacking._thread.join()
    told = json.loads(Path(f"{room}/{wheel.name}.json").read_text())
    return told["members"], told["compiled"]


def test_members_are_unpacked_and_told(room, tmp_path):
    name, data = make_wheel("app", "1.0", files={"app/a.py": "A = 1\n", "app-1.0.data/data/share/x": "x"})
    wheel = tmp_path / name
    wheel.write_bytes(data)
    members, compiled = unpack(room, wheel)
    assert {"app/a.py", "app-1.0.data/data/share/x", "app-1.0.dist-info/RECORD"} <= {*members}
    assert (room / name / "app/a.py").read_text() == "A = 1\n"
    assert compiled == []


def test_a_module_comes_with_the_code_that_python_would_write(room, tmp_path):
    source = b"def f():\n    return 1\n"
    name, data = make_wheel("app", "1.0", files={"app/a.py": source, "single.py": source})
    wheel = tmp_path / name
    wheel.write_bytes(data)
    _, compiled = unpack(room, wheel, Compiled({"app/a.py": source, "single.py": source}))
    assert compiled == ["app/a.py"]  # one that is alone in the library has no directory to come with
    placed = room / name / "app/__pycache__" / f"a{SUFFIX}"
    made = placed.read_bytes()
    final = room.parent / "app"
    (room / name / "app").rename(final)
    python = Path(py_compile.compile(str(final / "a.py"), doraise=True)).read_bytes()
    assert made[:HEADER] == python[:HEADER]
    assert marshal.loads(made[HEADER:]) == marshal.loads(python[HEADER:])
    assert marshal.loads(made[HEADER:]).co_filename == str(final / "a.py")


def test_what_a_wheel_has_in_pycache_itself_is_not_replaced(room, tmp_path):
    own = f"app/__pycache__/a{SUFFIX}"
    name, data = make_wheel("app", "1.0", files={"app/a.py": b"A = 1\n", own: b"its own"})
    wheel = tmp_path / name
    wheel.write_bytes(data)
    members, compiled = unpack(room, wheel, Compiled({"app/a.py": b"A = 1\n"}))
    assert own in members
    assert compiled == []
    assert (room / name / own).read_bytes() == b"its own"


@pytest.mark.parametrize(
    "member",
    ["app-1.0.data/purelib/app/__pycache__/{}", "app-1.0.data/data/lib/site/app/__PYCACHE__/{}", "app//__pycache__/{}"],
)
def test_nor_is_what_comes_there_later(room, tmp_path, member):
    """What pip puts there after us has to be compiled over, as pip does."""
    name, data = make_wheel(
        "app", "1.0", files={"app/a.py": b"A = 1\n", member.format(f"a{SUFFIX}".upper()): b"its own"}
    )
    wheel = tmp_path / name
    wheel.write_bytes(data)
    assert unpack(room, wheel, Compiled({"app/a.py": b"A = 1\n"}))[1] == []


def test_code_of_another_source_does_not_come_with_a_module(room, tmp_path):
    name, data = make_wheel("app", "1.0", files={"app/a.py": b"A = 1\n"})
    wheel = tmp_path / name
    wheel.write_bytes(data)
    assert unpack(room, wheel, Compiled({"app/a.py": b"A = 12\n"}))[1] == []


@pytest.mark.parametrize("member", ["../outside.py", "/outside.py", "a/../../outside.py", "a//b.py", "a\\..\\b.py"])
def test_a_member_whose_path_leads_elsewhere_is_left_to_pip(room, tmp_path, member):
    wheel = tmp_path / "app-1.0-py3-none-any.whl"
    wheel.write_bytes(zip_archive([(member, b"X = 1\n"), ("app/a.py", b"A = 1\n")]))
    assert unpack(room, wheel) == (["app/a.py"], [])
    assert sorted(path.name for path in tmp_path.rglob("*.py")) == ["a.py"]


def test_what_is_no_wheel_is_left_to_pip(room, tmp_path):
    wheel = tmp_path / "app-1.0-py3-none-any.whl"
    wheel.write_bytes(b"no zip")
    with UnpackingAhead(str(room), [wheel], None, {}) as unpacking:
        unpacking._thread.join()
    assert list(room.iterdir()) == []


def test_a_wheel_that_cannot_be_unpacked_takes_no_room(room, tmp_path, capfd):
    wheel = tmp_path / "app-1.0-py3-none-any.whl"
    wheel.write_bytes(zip_archive([("app/a.py", b"A = 1\n"), ("app/a.py/b.py", b"a file is no directory")]))
    with UnpackingAhead(str(room), [wheel], None, {}) as unpacking:
        unpacking._thread.join()
    assert list(room.iterdir()) == []
    assert capfd.readouterr().err == ""


def test_who_leaves_waits_until_nothing_is_written_any_more(room, tmp_path):
    """Ctrl-C once more, while a member is still written, is not heard: the room would be removed under it."""
    wheel = tmp_path / "app-1.0-py3-none-any.whl"
    wheel.write_bytes(zip_archive([("app/a.py", b"A = 1\n")]))
    reading, going_on = Event(), Event()

    class Slow(Compiled):
        def modules_of(self, path):
            reading.set()
            going_on.wait()
            return {}

    def leave(unpacking):
        unpacking._stopped.wait()
        os.kill(os.getpid(), signal.SIGINT)
        Timer(0.2, going_on.set).start()

    with UnpackingAhead(str(room), [wheel], Slow({}), {}) as unpacking:
        Thread(target=leave, args=[unpacking]).start()
        reading.wait()
    assert not unpacking._thread.is_alive()


def test_what_pip_has_begun_is_not_touched(room, tmp_path):
    name, data = make_wheel("app", "1.0", files={"app/a.py": "A = 1\n"})
    (tmp_path / name).write_bytes(data)
    (room / name).mkdir()
    with UnpackingAhead(str(room), [tmp_path / name], None, {}) as unpacking:
        unpacking._thread.join()
    assert not any((room / name).iterdir())


def test_without_a_room_nothing_begins(tmp_path):
    with UnpackingAhead("", [tmp_path / "app.whl"], None, {}) as unpacking:
        assert unpacking._thread is None


@pytest.mark.parametrize("name", ["SOURCE_DATE_EPOCH", "PYTHONPYCACHEPREFIX"])
def test_no_code_comes_where_it_is_to_have_another_form_or_place(room, tmp_path, name):
    filename, data = make_wheel("app", "1.0", files={"app/a.py": b"A = 1\n"})
    wheel = tmp_path / filename
    wheel.write_bytes(data)
    assert unpack(room, wheel, Compiled({"app/a.py": b"A = 1\n"}), {name: "1"})[1] == []
    assert not (room / filename / "app/__pycache__").exists()
