from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event

import pytest
from lib.shell import wait_until

from safeinstall.errors import DiskError
from safeinstall.sources.files.download_cache import DownloadCache
from safeinstall.sources.places.kept_files import read_kept, write_kept
from safeinstall.sources.places.temporary import private_directory, sweep

KEEP_OPEN = """
import os, pathlib, subprocess, sys
from safeinstall.sources.places.temporary import private_directory
with private_directory(pathlib.Path(sys.argv[1])) as (root, lock):
    if sys.argv[2:]:
        child = subprocess.Popen(["cat"], pass_fds=[lock])
    print(root, flush=True)
    sys.stdin.read()
"""


@pytest.fixture(autouse=True)
def _new_process():
    """A process sweeps a place once."""
    sweep.cache_clear()


def other_run(parent: Path, *argv: str) -> tuple[subprocess.Popen, Path]:
    run = subprocess.Popen(
        [sys.executable, "-c", KEEP_OPEN, str(parent), *argv], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    return run, Path(run.stdout.readline().strip())


def test_only_we_may_enter_and_nothing_stays(tmp_path):
    with private_directory(tmp_path) as (root, _):
        assert stat.S_IMODE(root.stat().st_mode) == 0o700
        (root / "file").touch()
    assert list(tmp_path.iterdir()) == []


def test_nothing_stays_after_an_interrupt(tmp_path):
    def run():
        with private_directory(tmp_path):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run()
    assert list(tmp_path.iterdir()) == []


def test_what_a_thread_that_was_given_up_would_keep_does_not_make_it_again(tmp_path):
    """Without a cache of the user the run keeps pages and files in a private directory."""
    with private_directory(tmp_path) as (root, _):
        write_kept(root / "cache" / "pages" / "kept", b"page")
        assert read_kept(root / "cache" / "pages" / "kept") == b"page"
        DownloadCache(root / "cache" / "files").add("ab" * 32, Path(__file__))
        assert DownloadCache(root / "cache" / "files").find("ab" * 32)
    write_kept(root / "cache" / "pages" / "late", b"page")
    DownloadCache(root / "cache" / "files").add("ab" * 32, Path(__file__))
    assert list(tmp_path.iterdir()) == []


def test_threads_that_go_on_writing_do_not_keep_it(tmp_path):
    ended = Event()

    def write(root, number):
        while not ended.is_set():
            write_kept(root / "cache" / str(number) / "kept", b"page")

    with ThreadPoolExecutor(8) as pool:
        with private_directory(tmp_path) as (root, _):
            for number in range(8):
                pool.submit(write, root, number)
            wait_until(lambda: len(list(root.glob("cache/*/kept"))) == 8, "files")
        left = list(tmp_path.iterdir())
        ended.set()
    assert left == list(tmp_path.iterdir()) == []


def test_the_default_place_is_that_of_temporary_files(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with private_directory() as (root, _):
        assert root.parent == tmp_path


def test_what_a_killed_run_left_is_removed_by_the_next(tmp_path):
    run, root = other_run(tmp_path)
    run.send_signal(signal.SIGKILL)
    run.communicate()
    assert root.is_dir()
    with private_directory(tmp_path) as (own, _):
        assert list(tmp_path.iterdir()) == [own]


def test_what_a_running_run_needs_is_left_alone(tmp_path):
    run, root = other_run(tmp_path)
    with private_directory(tmp_path):
        assert root.is_dir()
    run.communicate("")
    assert not root.exists()


def test_what_a_child_of_a_killed_run_needs_is_left_alone(tmp_path):
    """pip goes on installing when we are killed: its files must not go away under it."""
    run, root = other_run(tmp_path, "with a child")
    run.send_signal(signal.SIGKILL)
    run.wait()
    with private_directory(tmp_path):
        assert root.is_dir()
    run.communicate("")  # the child reads it too, and ends

    def is_swept():
        sweep.cache_clear()
        sweep(tmp_path)
        return not root.exists()

    wait_until(is_swept, "end of the child")


def test_a_link_that_looks_like_one_is_not_followed(tmp_path):
    precious = tmp_path / "precious"
    precious.mkdir()
    (precious / "file").touch()
    parent = tmp_path / "temporary"
    parent.mkdir()
    (parent / "safe-pip-x").symlink_to(precious)
    with private_directory(parent):
        pass
    assert (precious / "file").exists()


@pytest.mark.skipif(os.getuid() != 0, reason="only root gives directories away")
def test_what_belongs_to_another_user_is_left_alone(tmp_path):
    (tmp_path / "safe-pip-x").mkdir()
    os.chown(tmp_path / "safe-pip-x", 12345, 12345)
    with private_directory(tmp_path):
        assert (tmp_path / "safe-pip-x").is_dir()


def test_a_place_that_is_none_is_told(tmp_path):
    with pytest.raises(DiskError) as caught, private_directory(tmp_path / "no"):
        pass
    assert caught.value.message == "a temporary directory cannot be made: No such file or directory"
    assert caught.value.hint == "make room where temporary files go, or name another place with TMPDIR"
