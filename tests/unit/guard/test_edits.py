from __future__ import annotations

from pathlib import Path

import pytest

from safeinstall.errors import RefusedError
from safeinstall.guard.content import Content
from safeinstall.guard.edits import Change, Edit, Standing
from safeinstall.guard.shims import script

FILE = Edit(Path("bin/pip"), "file", script("/opt/python", None), 0o755)
BLOCK = Edit(Path("rc"), "block", "ours\n")
WALL = Edit(Path("pip.conf"), "wall")
PIP, RC, CONF = Content(b"pip's own", 0o751), Content(b"mine\n", 0o600), Content(b"[global]\ntimeout = 7\n", 0o600)


def made(edit, before):
    return Change(edit, before, edit.after(before))


def with_text(content, old, new):
    return Content(content.data.replace(old, new), content.mode)


@pytest.mark.parametrize(
    ("edit", "before"), [(FILE, PIP), (FILE, None), (BLOCK, RC), (BLOCK, None), (WALL, CONF), (WALL, None)]
)
def test_in_place_and_back(edit, before):
    change = made(edit, before)
    assert change.standing(change.after) is Standing.IN_PLACE
    assert change.undone(change.after) == before
    assert change.standing(None) is Standing.GONE
    assert change.undone(None) is None


def test_permissions_of_a_file_that_was_there_stay():
    assert made(BLOCK, RC).after.mode == made(WALL, CONF).after.mode == 0o600
    assert made(FILE, PIP).after.mode == 0o755


def test_a_script_that_something_else_wrote_is_theirs():
    newer = Content(b"a newer pip's", 0o755)
    change = made(FILE, PIP)
    assert (change.standing(newer), change.undone(newer)) == (Standing.REWRITTEN, newer)


def test_a_shim_that_somebody_edited():
    change = made(FILE, PIP)
    edited = with_text(change.after, b"exec", b"echo; exec")
    assert (change.standing(edited), change.undone(edited)) == (Standing.EDITED, PIP)


@pytest.mark.parametrize(("edit", "before"), [(BLOCK, RC), (WALL, CONF)])
def test_what_others_write_around_our_lines_stays(edit, before):
    change = made(edit, before)
    now = Content(b"# above\n" + change.after.data + b"; below\n", 0o644)
    assert change.standing(now) is Standing.IN_PLACE
    assert change.undone(now) == Content(b"# above\n" + before.data + b"; below\n", 0o644)


def test_lines_of_ours_that_somebody_edited_or_took_out():
    change = made(BLOCK, RC)
    assert change.standing(with_text(change.after, b"ours", b"theirs")) is Standing.EDITED
    assert change.standing(RC) is Standing.GONE
    assert made(WALL, CONF).standing(CONF) is Standing.GONE


@pytest.mark.parametrize(("edit", "before"), [(BLOCK, RC), (WALL, CONF)])
def test_a_mark_without_the_other(edit, before):
    change = made(edit, before)
    broken = with_text(change.after, b"# <<< safe-pip guard <<<\n", b"")
    assert change.standing(broken) is Standing.EDITED
    with pytest.raises(RefusedError, match="a mark of safe-pip guard stands there without the other one"):
        change.undone(broken)
    assert change.undone(broken, force=True) == before


def test_a_file_that_others_began_to_use_is_not_deleted():
    change = made(BLOCK, None)
    now = Content(change.after.data + b"theirs\n", 0o644)
    assert change.undone(now) == Content(b"theirs\n", 0o644)


def test_a_configuration_that_pip_cannot_read():
    with pytest.raises(RefusedError, match=r"pip\.conf cannot be used: File contains no section headers"):
        WALL.after(Content(b"timeout = 7\n"))
