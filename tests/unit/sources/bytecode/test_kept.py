from __future__ import annotations

import hashlib
import os
import shutil
import stat

import pytest

from safeinstall.sources.bytecode.kept import HEAD, CodeFile, KeptBytecode
from safeinstall.sources.pip.hosted.installing.ready_code import read_code

ONE, OTHER = (hashlib.sha256(data).hexdigest() for data in (b"1", b"2"))
CODE = b'{"a.py": [4, 2, 9]}\nCODE{"b.py": [4, 2, 7]}\nMORE'
MODULES = {"a.py": (b"CODE", 2, 9), "b.py": (b"MORE", 2, 7)}


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.delenv("XDG_STATE_HOME", raising=False)


@pytest.fixture
def keep(tmp_path):
    """Keep *data* for a wheel, in two parts, and return where."""

    def make(sha256=ONE, interpreter="cpython-311", data=CODE):
        (tmp_path / "1").write_bytes(data[:24])
        (tmp_path / "2").write_bytes(data[24:])
        kept = KeptBytecode(tmp_path / "kept", interpreter)
        kept.add(sha256, [CodeFile(str(tmp_path / "1")), CodeFile(str(tmp_path / "2"))])
        return tmp_path / "kept" / interpreter / sha256[:2] / sha256[2:]

    return make


@pytest.fixture
def modules(tmp_path):
    """What the waiting pip reads of what is found for a wheel; ``None`` where nothing is found, or it is no good."""

    def read(sha256=ONE, interpreter="cpython-311"):
        found = KeptBytecode(tmp_path / "kept", interpreter).find(sha256)
        read = found and read_code(*found)
        return read and {member: (bytes(code), *more) for member, (code, *more) in read.items()}

    return read


def test_what_is_kept_is_found_for_this_wheel_and_interpreter_alone(keep, modules):
    path = keep()
    assert (modules(), modules(OTHER), modules(ONE, "cpython-312")) == (MODULES, None, None)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize("place", [HEAD - 131, 0, 63, 64, 65, 128, HEAD, HEAD + 20, HEAD + 24, -1])
def test_a_changed_byte(keep, modules, place):
    path = keep()
    data = bytearray(path.read_bytes())
    data[place] ^= 1
    path.write_bytes(data)
    assert modules() is None


@pytest.mark.parametrize("size", [0, 1, HEAD - 1, HEAD, HEAD + 24, -1])
def test_a_shorter_one(keep, modules, size):
    path = keep()
    path.write_bytes(path.read_bytes()[:size])
    assert modules() is None


def test_a_longer_one(keep, modules):
    path = keep()
    path.write_bytes(path.read_bytes() + b"x")
    assert modules() is None


@pytest.mark.parametrize(("sha256", "interpreter"), [(OTHER, "cpython-311"), (ONE, "cpython-312")])
def test_an_exchanged_one(keep, modules, sha256, interpreter):
    one, other = keep(), keep(sha256, interpreter)
    shutil.copyfile(other, one)
    assert (modules(), modules(sha256, interpreter)) == (None, MODULES)


def test_one_that_another_user_of_ours_has_sealed(keep, modules, tmp_path, monkeypatch):
    keep()
    monkeypatch.setenv("HOME", str(tmp_path / "elsewhere"))
    assert modules() is None
    keep()
    assert modules() == MODULES


@pytest.mark.parametrize("mode", [0o602, 0o620, 0o666])
def test_one_that_others_can_write(keep, modules, mode):
    keep().chmod(mode)
    assert modules() is None


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_one_of_another_user(keep, modules):
    os.chown(keep(), 65534, 65534)
    assert modules() is None


@pytest.mark.parametrize("make", [os.mkdir, os.mkfifo, lambda path: path.symlink_to(f"{path}.there")])
def test_what_is_no_file(keep, modules, make):
    path = keep()
    path.rename(f"{path}.there")
    make(path)
    assert modules() is None


def test_the_secret_is_not_where_others_can_read_it(keep, modules, tmp_path):
    keep()
    (tmp_path / "home/.local/state/safe-pip/journals.key").chmod(0o640)
    assert modules() is None


def test_without_a_secret_nothing_is_kept(keep, monkeypatch):
    monkeypatch.setenv("HOME", "/dev/null")
    assert not keep().exists()


def test_a_part_that_has_vanished_keeps_nothing(keep, modules, tmp_path):
    kept = KeptBytecode(tmp_path / "kept", "cpython-311")
    kept.add(ONE, [CodeFile(str(tmp_path / "gone"))])
    assert modules() is None
    assert not [path for path in (tmp_path / "kept").rglob("*") if path.is_file()]


def test_what_is_discarded_is_gone(keep, modules, tmp_path):
    keep()
    KeptBytecode(tmp_path / "kept", "cpython-311").discard(ONE)
    assert modules() is None
    KeptBytecode(tmp_path / "kept", "cpython-311").discard(ONE)


def test_what_was_used_least_recently_goes_first(keep, tmp_path):
    names = [hashlib.sha256(bytes([number])).hexdigest() for number in range(4)]
    paths = [keep(name, interpreter) for name, interpreter in zip(names, "abca", strict=True)]
    for age, path in enumerate(paths):
        os.utime(path, (1000 - age, 1000 - age))
    room = sum(path.stat().st_size for path in paths[:2])
    kept = KeptBytecode(tmp_path / "kept", "a", limit=room)
    assert kept.find(names[3])  # the oldest of all, until now
    kept.prune()
    assert [path.exists() for path in paths] == [True, False, False, True]


@pytest.mark.parametrize("link", ["kept", "kept/a", "kept/a/b"])
def test_what_a_link_leads_to_is_not_ours_to_remove(tmp_path, link):
    depth = 3 - link.count("/")
    precious = tmp_path.joinpath("elsewhere", *"xyz"[:depth])
    precious.parent.mkdir(parents=True)
    precious.write_bytes(b"precious")
    (tmp_path / link).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / link).symlink_to(tmp_path / "elsewhere")
    KeptBytecode(tmp_path / "kept", "a", limit=0).prune()
    assert precious.exists()


def test_a_link_from_one_interpreter_to_another(keep, modules, tmp_path):
    keep()
    (tmp_path / "kept/cpython-312").symlink_to("cpython-311")
    assert (modules(), modules(ONE, "cpython-312")) == (MODULES, None)


@pytest.mark.parametrize(
    "data",
    [b"{", b"[]\n", b'{"a.py": 1}\n', b'{"a.py": [1, 2]}\nx', b"\xff\n", b"null\n"],
)
def test_what_is_no_code_is_nothing(tmp_path, data):
    (tmp_path / "code").write_bytes(data)
    assert read_code(str(tmp_path / "code"), 0, "") is None
