from __future__ import annotations

import json
import stat
import subprocess
import sys
from pathlib import Path

import platformdirs
import pytest

from safeinstall.sources.keeping import receipts
from safeinstall.sources.keeping.receipts import append_receipt, read_receipts, receipts_file


def lines(file: Path) -> list[object]:
    return [json.loads(line) for line in file.read_text().splitlines()]


def test_receipts_are_appended_one_line_each(tmp_path):
    file = tmp_path / "state" / "receipts.jsonl"
    assert append_receipt({"b": "x\ny é", "a": [1]}, file) is None
    assert append_receipt({"c": Path("/p")}, file) is None
    assert lines(file) == [{"a": [1], "b": "x\ny é"}, {"c": "/p"}]
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700


def test_what_is_not_unicode_does_not_stop_it(tmp_path):
    file = tmp_path / "receipts.jsonl"
    assert append_receipt({"path": "\udcff"}, file) is None
    assert lines(file) == [{"path": "\udcff"}]


def test_a_place_that_cannot_be_written_is_told(tmp_path):
    (tmp_path / "state").write_text("a file")
    file = tmp_path / "state" / "receipts.jsonl"
    assert append_receipt({}, file) == f"the receipt could not be written to {file}: File exists"


def test_a_link_is_not_followed(tmp_path):
    target = tmp_path / "target"
    target.touch()
    file = tmp_path / "receipts.jsonl"
    file.symlink_to(target)
    assert append_receipt({"a": 1}, file) == (
        f"the receipt could not be written to {file}: Too many levels of symbolic links"
    )
    assert target.read_bytes() == b""


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_a_full_disk_is_told():
    assert append_receipt({}, Path("/dev/full")) == (
        "the receipt could not be written to /dev/full: No space left on device"
    )


WRITE = """
import pathlib, sys
from safeinstall.sources.keeping.receipts import append_receipt
for n in range(50):
    append_receipt({"run": sys.argv[2], "n": n, "padding": "x" * 20_000}, pathlib.Path(sys.argv[1]))
"""


def test_runs_at_the_same_time_do_not_mix_their_lines(tmp_path):
    file = tmp_path / "receipts.jsonl"
    runs = [subprocess.Popen([sys.executable, "-c", WRITE, str(file), str(n)]) for n in range(4)]
    assert [run.wait() for run in runs] == [0, 0, 0, 0]
    written = [(line["run"], line["n"]) for line in lines(file)]
    assert sorted(written) == sorted((str(run), n) for run in range(4) for n in range(50))


def test_where_receipts_are_kept(tmp_path):
    assert receipts_file({"SAFE_PIP_STATE_DIR": str(tmp_path)}) == tmp_path / "receipts.jsonl"
    default = Path(platformdirs.user_state_dir("safe-pip", appauthor=False)) / "receipts.jsonl"
    assert receipts_file({}) == default
    assert receipts_file({"SAFE_PIP_STATE_DIR": ""}) == default


def test_a_full_file_is_put_aside_and_only_so_many_are_kept(tmp_path, monkeypatch):
    monkeypatch.setattr(receipts, "LARGEST", 30)
    monkeypatch.setattr(receipts, "KEPT", 2)
    file = tmp_path / "receipts.jsonl"
    for number in range(12):
        assert append_receipt({"number": number}, file) is None
    names = {path.name for path in tmp_path.iterdir()}
    assert names == {"receipts.jsonl", "receipts.jsonl.1", "receipts.jsonl.2", "receipts.jsonl.lock"}
    assert [json.loads(line)["number"] for line in read_receipts(file)] == list(range(3, 12))


ROTATE = WRITE.replace("for n", "from safeinstall.sources.keeping import receipts\nreceipts.LARGEST = 300_000\nfor n")


def test_no_line_is_lost_when_runs_at_the_same_time_find_it_full(tmp_path):
    file = tmp_path / "receipts.jsonl"
    runs = [subprocess.Popen([sys.executable, "-c", ROTATE, str(file), str(n)]) for n in range(2)]
    assert [run.wait() for run in runs] == [0, 0]
    written = [(line["run"], line["n"]) for line in map(json.loads, read_receipts(file))]
    assert sorted(written) == sorted((str(run), n) for run in range(2) for n in range(50))
