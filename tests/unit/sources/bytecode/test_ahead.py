from __future__ import annotations

import json
import marshal
import signal
import subprocess
import sys
import time
from pathlib import Path
from threading import Thread

import pytest

from safeinstall.sources.bytecode import ahead as ahead_module
from safeinstall.sources.bytecode import module_sources
from safeinstall.sources.bytecode.ahead import BytecodeAhead
from safeinstall.sources.bytecode.kept import KeptBytecode
from safeinstall.sources.pip.hosted.installing import bytecode
from safeinstall.sources.pip.hosted.installing.bytecode import PLACEHOLDER, compiled, located, way, with_filename
from safeinstall.sources.pip.hosted.installing.ready_code import fits, read_code

ENDLESS = "".join(f"{' ' * depth}try:\n{' ' * depth} pass\n{' ' * depth}finally:\n" for depth in range(60))
"""A module whose code is copied twice for each of its sixty levels (from Python 3.9 on)."""

ENDLESS_AT_TEN = (
    "".join(f"{' ' * depth}try:\n{' ' * depth} a\n{' ' * depth}finally:\n" for depth in range(10)) + " " * 10 + "a\n"
)


class Wheel:
    """As much of a verified file as is asked for."""

    def __init__(self, path: str, sha256: str = "0" * 64) -> None:
        self.path, self.sha256 = path, sha256


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path / "home"))


@pytest.fixture
def ahead(tmp_path):
    with BytecodeAhead(sys.executable, {}, tmp_path / "code", KeptBytecode(tmp_path / "kept", way())) as ahead:
        yield ahead


def read(ahead, path, members, sha256="0" * 64):
    """Let *ahead* see the *members* of a wheel."""
    with ahead.reading(Wheel(path, sha256)) as visitors:
        for visitor in visitors:
            for name, data in members.items():
                visitor.begin(name)
                for start in range(0, len(data), 10):
                    visitor.feed(data[start : start + 10])
                visitor.end()


def code_of(ahead, path):
    found = {}
    for file in ahead.code_of(path):
        for member, (data, at, _) in read_code(*file).items():
            found[member] = marshal.loads(with_filename(data, at, f"/lib/{member}"))
    return found


def run(code):
    names = {}
    exec(code, names)
    return names


def test_each_module_has_its_code_and_its_name(ahead):
    read(ahead, "w", {"a.py": b"X = 1\ndef f(): return f\n", "data.txt": b"X = 2\n", "b/c.py": b"X = 3\n"})
    codes = code_of(ahead, "w")
    assert {member: run(code)["X"] for member, code in codes.items()} == {"a.py": 1, "b/c.py": 3}
    assert run(codes["a.py"])["f"].__code__.co_filename == codes["a.py"].co_filename == "/lib/a.py"


def test_what_does_not_compile_is_left_out(ahead):
    read(ahead, "w", {"a.py": b"print 'x'\n", "b.py": b"\0", "c.py": b"# coding: klingon\n", "d.py": b""})
    assert [*code_of(ahead, "w")] == ["d.py"]


def test_no_module_can_name_what_stands_for_its_own_name(ahead):
    script = "from safeinstall.sources.pip.hosted.installing.bytecode import PLACEHOLDER; print(PLACEHOLDER)"
    other = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout.strip()
    assert (len(other), other != PLACEHOLDER) == (len(PLACEHOLDER), True)
    read(ahead, "w", {"a.py": f"X = {PLACEHOLDER!r}\n".encode()})
    assert run(code_of(ahead, "w")["a.py"])["X"] == PLACEHOLDER


def test_what_is_the_same_text_as_a_name_is_left_out():
    data = compiled(f"X = {PLACEHOLDER!r}\n".encode(), PLACEHOLDER)
    assert located(data) == -1


def test_nothing_of_it_runs(ahead, tmp_path):
    read(ahead, "w", {"a.py": f"open({str(tmp_path / 'ran')!r}, 'w')\n".encode()})
    assert code_of(ahead, "w")
    assert not (tmp_path / "ran").exists()


def test_the_directory_in_which_a_worker_starts_gives_it_no_modules(tmp_path, ahead, monkeypatch):
    (tmp_path / "json.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    read(ahead, "w", {"a.py": b""})
    assert code_of(ahead, "w")
    assert not (tmp_path / "ran").exists()


def test_large_wheels_come_in_parts(ahead, tmp_path, monkeypatch):
    monkeypatch.setattr(module_sources, "BATCH", 100)
    members = {f"m{number}.py": f"X = {number}\n".encode() for number in range(50)}
    read(ahead, "w", members)
    assert len(ahead.code_of("w")) > 3
    assert {member: run(code)["X"] for member, code in code_of(ahead, "w").items()} == {
        f"m{n}.py": n for n in range(50)
    }


def test_a_module_that_is_too_large_is_left_out(ahead, monkeypatch):
    monkeypatch.setattr(module_sources, "LARGEST", 100)
    read(ahead, "w", {"a.py": b"X = 1\n", "b.py": b"#" * 101, "c.py": b"X = 2\n"})
    assert [*code_of(ahead, "w")] == ["a.py", "c.py"]


def test_of_a_module_that_is_too_large_nothing_stays_on_disk(ahead, tmp_path, monkeypatch):
    monkeypatch.setattr(module_sources, "LARGEST", 1 << 20)
    with ahead.reading(Wheel("w")) as (visitor,):
        visitor.begin("a.py")
        for _ in range(64):
            visitor.feed(bytes(1 << 20))
        (path,) = (tmp_path / "code").iterdir()
        assert path.stat().st_size <= 1 << 20
        visitor.end()


def test_code_of_a_wheel_that_would_fill_the_memory_of_pip_is_left_out(ahead, tmp_path, monkeypatch):
    monkeypatch.setattr(module_sources, "BATCH", 1)
    monkeypatch.setattr(ahead_module, "MOST", 1000)
    read(ahead, "w", {f"m{number}.py": b"X = 1\n" for number in range(20)})
    found = ahead.code_of("w")
    assert 0 < sum(Path(file.path).stat().st_size for file in found) <= 1000
    ahead.__exit__()
    assert not (tmp_path / "kept").exists()


def test_a_few_lines_that_become_more_code_than_is_taken(monkeypatch):
    monkeypatch.setattr(bytecode, "MOST", 1000)
    sources = [b"X = 1\n", f"{ENDLESS_AT_TEN}".encode(), b"X = 2\n"]
    record = bytecode.compile_sources(b"".join(sources), [(f"{n}.py", len(each)) for n, each in enumerate(sources)])
    assert [*json.loads(record.split(b"\n")[0])] == ["0.py", "2.py"]


def test_of_a_wheel_that_is_damaged_nothing_is_compiled(ahead, tmp_path):
    with pytest.raises(ValueError, match="damaged"), ahead.reading(Wheel("w")) as (visitor,):
        visitor.begin("a.py")
        visitor.feed(b"X = 1\n")
        raise ValueError("damaged")
    assert ahead.code_of("w") == ()
    assert [*(tmp_path / "code").iterdir()] == []


def test_of_a_wheel_that_nobody_has_read_there_is_no_code(ahead):
    assert ahead.code_of("elsewhere") == ()


@pytest.mark.parametrize("python", ["/nowhere/python", "/bin/false", "/bin/cat"])
def test_an_interpreter_that_does_not_work_makes_no_code(tmp_path, python):
    with BytecodeAhead(python, {}, tmp_path / "code", KeptBytecode(tmp_path / "kept", way())) as ahead:
        read(ahead, "w", {"a.py": b"X = 1\n"})
        assert ahead.code_of("w") == ()


def test_where_nothing_can_be_written_there_is_no_code(tmp_path):
    (tmp_path / "code").write_text("")
    with BytecodeAhead(sys.executable, {}, tmp_path / "code", KeptBytecode(tmp_path / "kept", way())) as ahead:
        read(ahead, "w", {"a.py": b"X = 1\n", "b.py": b"X = 2\n"})
        assert ahead.code_of("w") == ()


def test_what_is_kept_is_not_read_again(ahead, tmp_path):
    read(ahead, "w", {"a.py": b"X = 1\n"})
    first = code_of(ahead, "w")
    ahead.__exit__()
    with BytecodeAhead("/nowhere", {}, tmp_path / "more", KeptBytecode(tmp_path / "kept", way())) as later:
        with later.reading(Wheel("elsewhere")) as visitors:
            assert visitors == ()
        assert {member: run(code)["X"] for member, code in code_of(later, "elsewhere").items()} == {"a.py": 1}
    assert [*first] == ["a.py"]


def test_what_pip_did_not_ask_for_is_not_kept(ahead, tmp_path):
    read(ahead, "w", {"a.py": b"X = 1\n"})
    ahead.__exit__()
    assert not (tmp_path / "kept").exists()


@pytest.mark.skipif(sys.version_info < (3, 9), reason="it ends there")
def test_what_takes_for_ever_and_is_needed_by_nobody_holds_up_nobody(ahead):
    for number in range(16):
        read(ahead, f"vain{number}", {"a.py": f"{ENDLESS}{' ' * 60}pass\n".encode()})
    read(ahead, "w", {"a.py": b"X = 1\n"})
    ahead.needs_only({"w"})
    assert [*code_of(ahead, "w")] == ["a.py"]


def test_what_comes_when_it_is_not_needed_any_more_is_not_compiled(ahead):
    ahead.needs_only({"w"})
    read(ahead, "vain", {"a.py": b"X = 1\n"})
    read(ahead, "w", {"a.py": b"X = 1\n"})
    assert (ahead.code_of("vain"), [*code_of(ahead, "w")]) == ((), ["a.py"])


def test_what_is_dropped_while_its_process_starts_does_not_begin(ahead, monkeypatch):
    start = subprocess.Popen

    def start_and_drop(*args, **kwargs):
        ahead.needs_only({"w"})
        return start(*args, **kwargs)

    monkeypatch.setattr(subprocess, "Popen", start_and_drop)
    monkeypatch.setattr("safeinstall.sources.bytecode.workers.MOST", 1)
    read(ahead, "vain", {"a.py": f"{ENDLESS}{' ' * 60}pass\n".encode()})
    read(ahead, "w", {"a.py": b"X = 1\n"})
    assert [*code_of(ahead, "w")] == ["a.py"]


def test_where_no_thread_can_start_there_is_no_code(ahead, monkeypatch):
    def fail(_):
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(Thread, "start", fail)
    read(ahead, "w", {"a.py": b"X = 1\n"})
    assert ahead.code_of("w") == ()


def test_an_interpreter_that_compiles_in_another_way_makes_no_code(tmp_path):
    with BytecodeAhead(
        sys.executable, {"PYTHONOPTIMIZE": "1"}, tmp_path / "code", KeptBytecode(tmp_path / "kept", way())
    ) as ahead:
        read(ahead, "w", {"a.py": b"X = 1\n"})
        assert ahead.code_of("w") == ()


def test_what_takes_for_ever_ends_by_itself_should_nobody_be_left_to_end_it(ahead, tmp_path, monkeypatch):
    script = f"import sys; sys.path.insert(0, {str(Path(bytecode.__file__).parent)!r})\n"
    script += "import bytecode; bytecode.SECONDS = 0; bytecode.work()"
    (tmp_path / "a.py").write_text(f"{ENDLESS}{' ' * 60}pass\n")
    job = {
        "way": way(),
        "sources": str(tmp_path / "a.py"),
        "modules": [["a.py", 10000]],
        "code": str(tmp_path / "code"),
    }
    done = subprocess.run([sys.executable, "-B", "-c", script], input=json.dumps(job) + "\n", text=True, check=False)
    assert done.returncode == -signal.SIGXCPU


def test_what_takes_for_ever_ends_with_us(tmp_path):
    with BytecodeAhead(sys.executable, {}, tmp_path / "code", KeptBytecode(tmp_path / "kept", way())) as ahead:
        read(ahead, "w", {"a.py": f"{ENDLESS}{' ' * 60}pass\n".encode()})
        time.sleep(0.2)
    assert not [*Path(tmp_path / "code").glob("*.code")]


def test_this_python_remembers_a_file_name_as_expected():
    assert fits()
