"""When safe-pip is killed with its pip, the next run, ``safe-pip doctor`` and ``safe-pip recover`` know what to do."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest
from lib.sabotage import plant, sabotage, tree

KILLED = "an installation into TMP/env was killed (it began WHEN)"
MOMENT = 30


@pytest.fixture
def user(shell):
    """A user with ``up`` 1.0, and 2.0 on the index."""
    shell.policy("")
    for number in ("1.0", "2.0"):
        shell.offer("up", number, files={f"up/{name}.py": f"x = {number}\n" for name in "abcdefgh"})
    shell.offer("new", "1.0", files={f"new/{name}.py": "" for name in "abcdefgh"})
    assert shell.install("up==1.0").exit == 0
    plant(shell.site, shell.python)
    return shell


def kill_all(user, *argv):
    """Kill pip and safe-pip together while they install."""
    process = user.start(*argv, env=sabotage("both", MOMENT, user.target, user.tmp / "tally"))
    process.communicate()
    assert process.returncode == -9
    for left in user.temporary.iterdir():  # the next installation would sweep it up
        shutil.rmtree(left)
    (journal,) = journals(user)
    return journal


def journals(user):
    return sorted((user.tmp / "state" / "installing").glob("*.journal"))


def since(text, journal_text):
    return text.replace("WHEN", json.loads(journal_text.split(b"\n")[0])[1]["began"][:19] + "+00:00")


@pytest.fixture
def killed(user):
    """What there was before ``up`` was upgraded, and the journal of that."""
    before = tree(user.target)
    journal = kill_all(user, "install", "new", "up==2.0")
    assert tree(user.target) != before
    return before, journal, journal.read_bytes()


def test_the_next_installation_undoes_it_first(user, killed):
    _, journal, text = killed
    done = user.install("new")
    undone = f"safe-pip: {KILLED}; what it had changed was undone: the environment is as before it\n"
    assert (done.exit, done.err) == (0, since(undone, text))
    assert user.installed() == {"new": "1.0", "up": "1.0"}
    assert not list(user.target.rglob(".safe-pip-*"))
    assert not journal.exists()


def test_recover_undoes_it(user, killed):
    before, journal, text = killed
    told = since(f"{KILLED}; what it had changed was undone: the environment is as before it\n", text)
    done = user.run("recover")
    assert (done.exit, done.out, done.err) == (0, told, "")
    assert tree(user.target) == before
    assert not journal.exists()
    assert user.run("recover").out == "nothing was left half there\n"


def test_until_then_it_is_told_and_nothing_is_touched(user, killed):
    """By a command that installs nothing, by doctor, and by ``recover --dry-run``."""
    _, journal, text = killed
    half = tree(user.target)
    way_out = "undo it: safe-pip recover"
    for argv in (("install", "--dry-run", "new"), ("download", "--no-deps", "new")):
        assert user.run(*argv).err.startswith(since(f"safe-pip: {KILLED}, and is half there\n", text))
    assert user.run("recover", "--dry-run").out.startswith(since(f"{KILLED}, and is half there\n", text))
    checks = json.loads(user.run("doctor", "--format", "json").out)["checks"]
    (found,) = [check for check in checks if check["check"] == "recovery"]
    assert found["mark"] == "problem"
    assert found["remedy"].startswith(way_out)
    assert tree(user.target) == half
    assert journal.read_bytes() == text


def test_it_can_be_left_as_it_is(user, killed):
    _, journal, text = killed
    done = user.run("recover", "--keep")
    assert done.exit == 0
    assert done.out.startswith(since(f"{KILLED}; it stays as it is\n", text))
    assert not journal.exists()
    assert not list(user.target.rglob(".safe-pip-*"))
    assert user.install("--force-reinstall", "up==2.0").exit == 0


def test_what_was_changed_since_is_not_undone_unasked(user, killed):
    _, journal, text = killed
    os.utime(journal, (0, 0))
    half = tree(user.target)
    done = user.install("new")
    assert done.exit == 13
    assert "and is half there; something has changed TMP/env/" in done.err
    assert done.err.endswith(
        "safe-pip: an installation into TMP/env was killed, and is half there\n"
        "safe-pip: way out: undo it: safe-pip recover; or leave it so: safe-pip recover --keep\n"
        "safe-pip: nothing was installed (exit 13)\n"
    )
    assert tree(user.target) == half
    assert journal.read_bytes() == text


def cut(text):
    return text[:-5]


def noise(text):
    return text.replace(b'["new"', b'["gnu"', 1)


def climb(text):
    return text.replace(b"/env/lib/", b"/env/lib/../../../elsewhere/", 1).replace(b'["new", "', b'["new", "/../', 1)


@pytest.mark.parametrize("damage", [noise, climb])
def test_a_damaged_journal_is_told_and_never_followed(user, killed, damage):
    _, journal, text = killed
    half = tree(user.target)
    journal.write_bytes(damage(text))
    for argv in (("recover",), ("install", "new")):
        assert user.run(*argv).exit in {1, 13}
        assert tree(user.target) == half
    assert user.run("recover", "--keep").exit == 0
    assert not journal.exists()


def test_the_last_record_may_be_cut(user, killed):
    before, journal, text = killed
    journal.write_bytes(text + b'["new", "/tm')
    assert user.run("recover").exit == 0
    assert tree(user.target) == before


def test_a_link_that_has_come_between_is_not_followed(user, killed):
    """Whoever can write the environment must not make us delete elsewhere."""
    _, journal, text = killed
    new = next(record[1] for record in map(json.loads, text.splitlines()) if record[0] == "new")
    elsewhere = user.tmp / "elsewhere"
    elsewhere.mkdir()
    site = Path(new).parent
    site.rename(elsewhere / "site")
    site.symlink_to(elsewhere / "site")
    before = tree(elsewhere)
    done = user.run("recover")
    assert done.exit == 1
    assert "is not, or not any more, below what was installed into" in done.out
    assert tree(elsewhere) == before
    assert journal.exists()
