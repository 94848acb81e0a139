from __future__ import annotations

import hashlib

import pytest

from safeinstall.errors import IntegrityError
from safeinstall.sources.archives import checked_files
from safeinstall.sources.archives.archives import Contents
from safeinstall.sources.archives.checked_files import FROM, CheckedFiles

ONE, OTHER = (hashlib.sha256(data).hexdigest() for data in (b"1", b"2"))
CONTENTS = Contents(metadata=b"", files=())


@pytest.fixture
def asked(tmp_path):
    """Ask of a file whether it passed, in a run of its own; it passes now."""

    def ask(sha256: str, size: int = FROM) -> bool:
        heard: list[bool] = []

        def check(intact: bool) -> Contents:
            heard.append(intact)
            return CONTENTS

        assert CheckedFiles(tmp_path).passed(sha256, size, check) is CONTENTS
        return heard.pop()

    return ask


def test_what_passed_is_known_by_its_hash_alone(asked):
    assert [asked(ONE), asked(ONE), asked(OTHER), asked(OTHER)] == [False, True, False, True]


def test_what_did_not_pass_is_not_remembered(tmp_path, asked):
    def check(intact: bool) -> Contents:
        raise IntegrityError("it is damaged")

    with pytest.raises(IntegrityError):
        CheckedFiles(tmp_path).passed(ONE, FROM, check)
    assert not asked(ONE)


def test_another_check_looks_again(asked, monkeypatch):
    asked(ONE)
    monkeypatch.setattr(checked_files, "CHECK", checked_files.CHECK + 1)
    assert [asked(ONE), asked(ONE)] == [False, True]


def test_what_is_said_of_another_file_counts_for_nothing(tmp_path, asked):
    asked(ONE)
    (kept,) = (path for path in tmp_path.rglob("*") if path.is_file())
    there = tmp_path / OTHER[:2] / OTHER[2:]
    there.parent.mkdir()
    there.write_bytes(kept.read_bytes())
    assert not asked(OTHER)


@pytest.mark.parametrize("damage", [b"", b"1", b"\n1 x\n"])
def test_what_is_damaged_counts_for_nothing(tmp_path, asked, damage):
    asked(ONE)
    (kept,) = (path for path in tmp_path.rglob("*") if path.is_file())
    kept.write_bytes(damage)
    assert [asked(ONE), asked(ONE)] == [False, True]


def test_without_a_folder_nothing_is_remembered():
    heard = []
    for _ in range(2):
        CheckedFiles(None).passed(ONE, FROM, lambda intact: heard.append(intact) or CONTENTS)
    assert heard == [False, False]


def test_what_is_small_is_not_remembered(tmp_path, asked):
    assert [asked(ONE, FROM - 1), asked(ONE, FROM - 1)] == [False, False]
    assert not [*tmp_path.iterdir()]
