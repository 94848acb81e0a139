from __future__ import annotations

import os
import stat

import pytest

from safeinstall.guard.content import Content, encode, look, put


def test_nothing(tmp_path):
    assert look(tmp_path / "none") is None
    assert look(tmp_path / "none" / "deeper") is None
    put(tmp_path / "none", None)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("content", [Content(b"a\xff\n", 0o640), Content(b"", 0o755), Content(b"../x", is_link=True)])
def test_what_is_put_is_found(tmp_path, content):
    path = tmp_path / "folder" / "file"
    put(path, content)
    found = look(path)
    assert (found.data, found.is_link) == (content.data, content.is_link)
    assert content.is_link or found.mode == content.mode
    assert [p.name for p in path.parent.iterdir()] == ["file"]
    put(path, None)
    assert not os.path.lexists(path)


def test_a_file_that_others_share_is_replaced_and_not_written_to(tmp_path):
    (tmp_path / "one").write_text("shared")
    (tmp_path / "two").hardlink_to(tmp_path / "one")
    put(tmp_path / "two", Content(b"own", 0o600))
    assert (tmp_path / "one").read_text() == "shared"
    assert stat.S_IMODE((tmp_path / "two").stat().st_mode) == 0o600


def test_a_folder_is_neither_read_nor_replaced(tmp_path):
    (tmp_path / "folder").mkdir()
    with pytest.raises(IsADirectoryError):
        look(tmp_path / "folder")
    with pytest.raises(IsADirectoryError):
        put(tmp_path / "folder", Content(b""))
    assert [p.name for p in tmp_path.iterdir()] == ["folder"]


def test_bytes_that_are_no_text_survive():
    assert encode(Content(b"\xff\xfe a").text) == b"\xff\xfe a"
