"""Whatever has become of what we keep: it is rebuilt or passed by, and the result is the same."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from contextlib import suppress
from importlib.metadata import version

import pytest
from lib.gate import parametrize
from lib.index import LocalIndex
from lib.quick import Quick
from lib.targets import find_pip, make_target
from lib.wheels import make_wheel

from safeinstall.sources.archives.checked_files import FROM

RECORD = {
    "id": "PYSEC-1",
    "modified": "2024-01-01T00:00:00Z",
    "affected": [{"package": {"ecosystem": "PyPI", "name": "app"}, "versions": ["2.0"]}],
}
KINDS = {"advisories", "checked", "files", "metadata", "pages"}
"""The directories of a cache."""
PASSED_OVER = "safe-pip: app 1.0 instead of 2.0: vulnerability: PYSEC-1, severity unknown; way out: no fixed version is known: take another package, or write an exception for PYSEC-1\n"


@pytest.fixture(scope="module")
def user(tmp_path_factory):
    place = tmp_path_factory.mktemp("damaged")
    with LocalIndex() as index:
        index.add(*make_wheel("app", "1.0", files={"app/noise": os.urandom(FROM)}))
        index.add(*make_wheel("app", "2.0"))
        index.max_age, index.etag = 600, True
        user = Quick(place / "user", find_pip(version("pip"), place), index)
        (place / "osv").mkdir()
        (place / "osv" / "PYSEC-1.json").write_text(json.dumps(RECORD))
        user.policy(f'[advisories]\nsources = ["{place}/osv"]\n[rules.vulnerability]\n[rules.minimum-age]\n')
        yield user
        user.close()


@pytest.fixture
def warm(user):
    """A user whose cache has everything, and whose environment is empty."""
    user.renew()
    assert install(user) == PASSED_OVER
    assert {path.name for path in user.cache.iterdir()} >= KINDS
    empty(user)
    return user


def empty(user):
    shutil.rmtree(user.target)
    make_target(user.target, user.pip)


def install(user):
    told = user.install("app")
    assert (told.exit, user.installed()) == (0, {"app": "1.0"}), told
    return told.err


def replaced(make):
    def replace(path):
        path.unlink()
        make(path)

    return replace


DAMAGES = {
    "cut in half": lambda path: path.write_bytes(path.read_bytes()[: path.stat().st_size // 2]),
    "emptied": lambda path: path.write_bytes(b""),
    "noise": lambda path: path.write_bytes(os.urandom(500)),
    "a pipe": replaced(os.mkfifo),
    "a file without end": replaced(lambda path: path.symlink_to("/dev/zero")),
    "a link to itself": replaced(lambda path: path.symlink_to(path.name)),
    "a link to another file": replaced(lambda path: path.symlink_to("/etc/hostname")),
}


@parametrize("damage", DAMAGES, gate=(0, 3, 4, 6))
def test_of_every_file(warm, damage):
    files = [path for path in warm.cache.rglob("*") if path.is_file()]
    for path in files:
        DAMAGES[damage](path)
    for _ in range(2):
        assert install(warm) == PASSED_OVER
        empty(warm)


@pytest.mark.skipif(os.getuid() != 0, reason="only root gives files away")
def test_that_belongs_to_another(warm):
    for path in [warm.cache, *warm.cache.rglob("*")]:
        os.chown(path, 12345, 12345)
    warm.index.forget()
    told = install(warm)
    assert "safe-pip: the cache PLACE/cache is not used: it belongs to another user (uid 12345)\n" in told
    assert "/simple/app/" in warm.index.paths()


def test_that_everybody_can_write(warm):
    """Whoever writes it says how old a file is, and what its hash."""
    warm.cache.chmod(0o777)
    warm.index.forget()
    assert "safe-pip: the cache PLACE/cache is not used: it can be written by everybody\n" in install(warm)
    assert "/simple/app/" in warm.index.paths()


@pytest.fixture
def small_disk(tmp_path):
    """A file system with room for 100 kB."""
    place = tmp_path / "disk"
    place.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=100k", "tmpfs", place], check=False).returncode:
        pytest.skip("file systems cannot be mounted here")
    yield place
    subprocess.run(["umount", "--lazy", place], check=True)


@pytest.fixture
def big(user):
    """A project that has no room on it."""
    user.renew()
    user.index.add(*make_wheel("big", "1.0", files={"big/noise.bin": os.urandom(400_000)}))
    return user


def test_no_room_in_the_cache(big, small_disk):
    told = big.install("big", env={"SAFE_PIP_CACHE_DIR": str(small_disk / "cache")})
    assert (told.exit, big.installed()) == (0, {"big": "1.0"})


def test_no_room_for_temporary_files(big, small_disk):
    before = big.snapshot()
    told = big.install("big", env={"TMPDIR": str(small_disk)})
    assert told.exit == 1
    assert told.err == (
        "safe-pip: big-1.0-py3-none-any.whl cannot be written: No space left on device\n"
        "safe-pip: way out: make room where temporary files go, or name another place with TMPDIR\n"
        "safe-pip: nothing was installed (exit 1)\n"
    )
    assert big.snapshot() == before
    assert list(small_disk.iterdir()) == []


def test_no_room_for_the_receipt(big, small_disk):
    with suppress(OSError):
        (small_disk / "filler").write_bytes(b"x" * 200_000)
    told = big.install("app", env={"SAFE_PIP_STATE_DIR": str(small_disk / "state")})
    assert (told.exit, big.installed()) == (0, {"app": "1.0"})
    assert "receipt" in told.err


def test_a_pipe_in_the_place_of_receipts_keeps_nobody_waiting(user):
    user.renew()
    state = user.place / "state"
    shutil.rmtree(state, ignore_errors=True)
    state.mkdir()
    os.mkfifo(state / "receipts.jsonl")
    told = user.install("app")
    assert told.exit == 0
    assert (
        "safe-pip: the receipt could not be written to PLACE/state/receipts.jsonl: No such device or address\n"
        in told.err
    )
