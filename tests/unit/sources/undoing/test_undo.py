"""Records that real pip rarely or never leaves, and what becomes of them."""

from __future__ import annotations

import json
import os
import shutil
import signal
import time
from threading import Event, Thread

import pytest

from safeinstall.errors import JournalError
from safeinstall.sources.pip.host import undisturbed
from safeinstall.sources.undoing.journals import make_journal, open_journal
from safeinstall.sources.undoing.undo import undo


@pytest.fixture
def place(tmp_path):
    folder = tmp_path / "env"
    folder.mkdir()
    return folder


@pytest.fixture
def journal(tmp_path, place, monkeypatch):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "home"))
    journal, _ = make_journal(
        ["key"],
        {"SAFE_PIP_STATE_DIR": str(tmp_path)},
        prefix=str(place),
        python="python",
        planned=[],
        sites=[],
        roots=[str(place)],
        missing=[str(place / "made")],
    )
    yield journal
    journal.close()


def write(journal, place, *records):
    begin = ["begin", {"watched": True}]
    for record in (begin, *records):
        os.write(journal.descriptor, json.dumps([str(r) if hasattr(r, "joinpath") else r for r in record]).encode())
        os.write(journal.descriptor, b"\n")


def test_the_last_change_is_undone_first(journal, place):
    (place / "old").write_text("old")
    inode = (place / "old").stat().st_ino
    (place / "old").rename(place / "aside")
    (place / "old").write_text("new")
    write(journal, place, ["moved", place / "old", place / "aside", inode], ["new", place / "old"])
    undo(journal, journal.read())
    assert [path.name for path in place.iterdir()] == ["old"]
    assert (place / "old").read_text() == "old"
    assert not journal.path.exists()


def test_only_the_last_change_may_not_have_been_made(journal, place):
    (place / "file").write_text("as it was")
    write(journal, place, ["kept", place / "file", place / "aside"])
    undo(journal, journal.read())
    assert (place / "file").read_text() == "as it was"


def test_something_that_was_kept_and_is_gone_stops_it(journal, place):
    (place / "file").write_text("new")
    (place / "other").mkdir()
    write(journal, place, ["kept", place / "file", place / "aside"], ["new", place / "other"])
    with pytest.raises(JournalError, match=r"where .*file was kept, is gone"):
        undo(journal, journal.read())
    assert not (place / "other").exists()
    assert [change.kind for change in journal.read().changes] == ["kept"]
    assert journal.path.exists()


def test_a_directory_and_its_permissions_come_back(journal, place):
    (place / "file").mkdir(mode=0o755)
    write(journal, place, ["gone", place / "dir", 0o750, os.getuid(), os.getgid()], ["mode", place / "file", 0o700])
    undo(journal, journal.read())
    assert (place / "dir").stat().st_mode & 0o777 == 0o750
    assert (place / "file").stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize(
    "record",
    [
        ["new", "/etc/passwd"],
        ["new", "PLACE"],
        ["new", "PLACE/../x"],
        ["new", "PLACE//x"],
        ["kept", "PLACE/x", "/etc/x"],
        ["moved", "PLACE/link/x", "PLACE/y", 1],
    ],
)
def test_nothing_is_touched_when_one_record_leads_elsewhere(journal, place, record):
    (place / "link").symlink_to("/")
    (place / "file").touch()
    write(
        journal, place, [r.replace("PLACE", str(place)) if isinstance(r, str) else r for r in record],
        ["new", place / "file"],
    )  # fmt: skip
    with pytest.raises(JournalError, match="is not, or not any more, below what was installed into"):
        undo(journal, journal.read())
    assert (place / "file").exists()
    assert len(journal.read().changes) == 2


@pytest.mark.parametrize(
    "line",
    [
        b"noise", b"[]", b"{}", b'["new"]', b'["new", 1]', b'["gone", "/x", true, 1, 1]', b'["what", "/x"]', b"\xff",
        b'["begin", 1]', b'["begin", {"watched": true}]', b'["run", {"schema": 1}, ""]', b"[" * 10_000,
        b'["new", "/x\\u0000"]', b'["new", "/x\\ud800"]', b'["mode", "/x", 4096]', b'["mode", "/x", -1]',
        b'["gone", "/x", 1, 99999999999999999999, 1]', b'["moved", "/x", "/y\\u0000", 1]',
    ],
)  # fmt: skip
def test_what_is_no_record_is_told(journal, place, line):
    write(journal, place, ["new", place / "file"])
    os.write(journal.descriptor, line + b"\n")
    with pytest.raises(JournalError, match=r"the journal .* (cannot be read|does not say)"):
        journal.read()


def test_what_was_changed_elsewhere_is_told_when_all_else_is_undone(journal, place):
    (place / "file").touch()
    write(journal, place, ["beyond", "/somewhere"], ["new", place / "file"])
    with pytest.raises(JournalError, match="/somewhere was changed, which is outside"):
        undo(journal, journal.read())
    assert not (place / "file").exists()
    told = journal.read()
    assert [(change.kind, change.path) for change in told.changes] == [("beyond", "/somewhere")]
    assert told.is_half


def test_what_is_beyond_stays_wherever_it_stands(journal, place):
    (place / "file").touch()
    write(journal, place, ["new", place / "file"], ["beyond", "/one"], ["new", place / "file"], ["beyond", "/two"])
    with pytest.raises(JournalError, match="was changed, which is outside"):
        undo(journal, journal.read())
    assert {change.path for change in journal.read().changes} == {"/one", "/two"}


def test_a_root_that_was_missing_goes(journal, place):
    (place / "made").mkdir()
    write(journal, place, ["new", place / "made"])
    undo(journal, journal.read())
    assert not (place / "made").exists()


def reopened(journal):
    return open_journal(journal.path)


def test_what_another_run_has_made_is_believed_by_its_seal(journal, place, tmp_path):
    write(journal, place, ["new", place / "file"])
    assert reopened(journal).read() == journal.read()
    key = tmp_path / "home" / "safe-pip" / "journals.key"
    assert key.stat().st_mode & 0o777 == 0o600
    moved = journal.path.with_name("elsewhere.journal")
    shutil.copy(journal.path, moved)
    for made in (lambda: key.write_bytes(bytes(32)), lambda: key.chmod(0o644), key.unlink):
        with pytest.raises(JournalError, match=r"elsewhere.journal was not made by this user's safe-pip"):
            open_journal(moved).read()
        made()
        with pytest.raises(JournalError, match="was not made by this user's safe-pip at this place"):
            reopened(journal).read()
    assert journal.read().is_half


def test_without_a_place_for_the_secret_a_journal_is_for_its_own_run(tmp_path, place, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "file"))
    environ = {"SAFE_PIP_STATE_DIR": str(tmp_path)}
    terms = {"prefix": "", "python": "", "planned": [], "sites": [], "roots": [str(place)], "missing": []}
    made, _ = make_journal(["other"], environ, **terms)
    (place / "file").touch()
    write(made, place, ["new", place / "file"])
    with pytest.raises(JournalError, match="was not made by this user's safe-pip"):
        reopened(made).read()
    undo(made, made.read())
    assert not (place / "file").exists()
    made.close()


def test_a_journal_that_others_can_write_is_not_ours(journal):
    journal.path.chmod(0o666)
    with pytest.raises(JournalError, match="is not a file that only this user can write"):
        open_journal(journal.path)


def test_nor_is_a_link_or_a_pipe(tmp_path, journal):
    (tmp_path / "link").symlink_to(journal.path)
    os.mkfifo(tmp_path / "pipe")
    for name in ("link", "pipe"):
        with pytest.raises(JournalError):
            open_journal(tmp_path / name)


@pytest.fixture
def another_thread():
    """One that hears the signals which the main thread does not."""
    ended, before = (
        Event(),
        signal.signal(signal.SIGINT, signal.default_int_handler),
    )  # a job in the background ignores it
    thread = Thread(target=ended.wait)
    thread.start()
    yield thread
    ended.set()
    thread.join()
    signal.signal(signal.SIGINT, before)


def stopped_in(context, number, done):
    """Say in *done* when all is done in *context*, though the signal *number* comes meanwhile."""
    begun = Event()

    def stop():
        begun.wait()
        os.kill(os.getpid(), number)

    Thread(target=stop).start()
    with context:
        begun.set()
        for _ in range(20):
            time.sleep(0.01)
        done.append(True)


@pytest.mark.usefixtures("another_thread")
def test_who_stops_us_has_to_wait():
    done = []
    with pytest.raises(KeyboardInterrupt):
        stopped_in(undisturbed(), signal.SIGINT, done)
    assert done == [True]


@pytest.mark.usefixtures("another_thread")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_who_stops_us_again_is_not_heard(number):
    before = signal.getsignal(number)
    done = []
    stopped_in(undisturbed(stopping=True), number, done)
    assert done == [True]
    assert signal.getsignal(number) == before
