from __future__ import annotations

import stat

from safeinstall.sources.keeping import outbox
from safeinstall.sources.keeping.outbox import Outbox


def receipt(number):
    return {"id": f"{number:02}", "time": f"2026-11-22T18:00:{number:02}+00:00", "exit_code": 0, "who": {}}


def test_what_waits_is_there_the_oldest_first_for_this_user_alone(tmp_path):
    box = Outbox(tmp_path / "state" / "outbox")
    files = [box.put(receipt(number)) for number in (2, 1)]
    assert box.waiting() == files[::-1]
    assert [box.read(file) for file in box.waiting()] == [receipt(1), receipt(2)]
    assert {stat.S_IMODE(path.stat().st_mode) for path in (box.folder, *files)} == {0o700, 0o600}
    box.forget([*files, tmp_path / "nosuch"])
    assert (box.waiting(), box.read(files[0])) == ([], None)


def test_the_oldest_give_way(tmp_path, monkeypatch):
    monkeypatch.setattr(outbox, "KEPT", 3)
    box = Outbox(tmp_path)
    for number in range(5):
        box.put(receipt(number))
    assert [box.read(file)["id"] for file in box.waiting()] == ["02", "03", "04"]


def test_a_place_that_cannot_be_written(tmp_path):
    (tmp_path / "outbox").write_text("")
    assert Outbox(tmp_path / "outbox").put(receipt(1)) is None
