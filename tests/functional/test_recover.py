"""When safe-pip is killed with its pip, the next run, ``safe-pip doctor`` and ``safe-pip recover`` know what to do."""

from __future__ import annotations

import json
import os
import shutil
from importlib.metadata import version
from pathlib import Path

import pytest
from lib.gate import parametrize
from lib.index import LocalIndex
from lib.sabotage import plant, sabotage, tree
from lib.shell import Shell, copy_environment
from lib.targets import find_pip, make_target

KILLED = "an installation into TMP/env was killed (it began WHEN)"
MOMENT = 30


@pytest.fixture(scope="module")
def template(tmp_path_factory):
    """An environment with ``up`` 1.0, and a saboteur."""
    place = tmp_path_factory.mktemp("template")
    make_target(place / "env", find_pip(version("pip"), place))
    with LocalIndex() as index:
        shell = Shell(place, place / "env", index)
        offer_up(shell, "1.0")
        assert shell.install("up").exit == 0
    plant(shell.site, shell.python)
    return place / "env"


def offer_up(shell, number):
    shell.offer("up", number, files={f"up/{name}.py": f"x = {number}\n" for name in "abcdefgh"})


@pytest.fixture
def user(shell):
    """A user with ``up`` 1.0, and 2.0 on the index."""
    shell.policy("")
    for number in ("1.0", "2.0"):
        offer_up(shell, number)
    shell.offer("new", "1.0", files={f"new/{name}.py": "" for name in "abcdefgh"})
    return shell


def kill_all(user, *argv, moment=MOMENT, place=None):
    """Kill pip and safe-pip together while they install."""
    process = user.start(*argv, env=sabotage("both", moment, place or user.target, user.tmp / "tally", alone=True))
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
    assert (done.exit, done.out.startswith(told), done.err) == (0, True, "")
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


def test_it_says_on_what_it_acts(user, killed):
    _, _, text = killed
    paths = [record[1] for record in map(json.loads, text.splitlines()) if record[0] not in {"run", "begin"}]
    told = user.run("recover", "--dry-run").out
    for path in paths:
        assert f"  {path}\n".replace(str(user.tmp), "TMP") in told
    assert f"{len(paths)} paths below TMP/env" in told
    assert f"{len(paths)} paths below TMP/env" in user.run("recover").out


@parametrize("option", ["--target", "--prefix", "--root"], gate=(0,))
def test_a_new_directory_elsewhere_goes(user, option):
    moment, made = 3 if option == "--target" else 7, user.work / "made"
    kill_all(user, "install", option, made / "deep", "new", moment=moment, place=made)
    assert (user.work / "made").exists()
    assert "1 path below TMP/work/made\n  TMP/work/made\n" in user.run("recover", "--dry-run").out
    assert user.run("recover").exit == 0
    assert not (user.work / "made").exists()
    assert journals(user) == []


@parametrize(
    "argv",
    [
        ("install", "--dry-r", "new"),
        ("install", "--help"),
        ("show", "install"),
        ("PIP_DRY_RUN=1", "install", "new"),
        ("download", "--no-deps", "install", "new"),
    ],
    gate=(0, 3),
)
def test_what_does_not_install_undoes_nothing(user, killed, argv):
    _, journal, text = killed
    half = tree(user.target)
    env = dict(word.split("=") for word in argv if "=" in word)
    user.run(*(word for word in argv if "=" not in word), env=env)
    assert tree(user.target) == half
    assert journal.read_bytes() == text


@pytest.fixture
def other(user, template):
    """Another environment, which stands for the one that pip would act on unless told otherwise."""
    copy_environment(template, user.tmp / "other")
    return user.tmp / "other"


@parametrize(
    "argv",
    [
        ("--python", "ENV", "install", "new"),
        ("-q", "--python", "ENV/bin/python", "install", "new"),
        ("PIP_PYTHON=ENV", "install", "new"),
    ],
    gate=(0,),
)
def test_the_environment_that_pip_acts_on_is_undone_and_no_other(user, killed, other, argv):
    _, journal, text = killed
    half = tree(user.target)

    def run(active, acted_on):
        words = [word.replace("ENV", str(acted_on)) for word in argv]
        env = {"VIRTUAL_ENV": str(active)} | dict(word.split("=") for word in words if "=" in word)
        return user.run(*(word for word in words if "=" not in word), env=env)

    assert run(user.target, other).exit == 0
    assert tree(user.target) == half
    assert journal.read_bytes() == text
    done = run(other, user.target)
    assert (done.exit, "the environment is as before it" in done.err) == (0, True), done
    assert not journal.exists()
    assert user.installed() == {"new": "1.0", "up": "1.0"}


@parametrize("seal", ["", "that of another", None], gate=(1,))
def test_a_journal_that_somebody_else_has_made_is_never_followed(user, killed, seal):
    """A state directory may come with a repository; whoever wrote it must not make us delete or overwrite anything."""
    _, journal, text = killed
    half = tree(user.target)
    victim = user.work / "precious"
    victim.mkdir()
    (victim / "file").write_text("mine")
    first, *_ = text.splitlines()
    kind, terms, sealed = json.loads(first)
    state = user.work / ".state"
    (state / "installing").mkdir(parents=True)
    forged = state / "installing" / journal.name
    env = {"SAFE_PIP_STATE_DIR": str(state)}
    records = [["begin", {"watched": True}], ["new", str(victim / "file")]]
    head = [kind, terms | {"roots": [str(victim)]}, sealed if seal else seal]
    forged.write_bytes(b"".join(json.dumps(record).encode() + b"\n" for record in (head, *records)))
    for argv in (("recover",), ("install", "new"), ("doctor",)):
        done = user.run(*argv, env=env)
        assert done.exit in {1, 13, 14}, done
        assert f"{forged}".replace(str(user.tmp), "TMP") in done.out + done.err
        assert (victim / "file").read_text() == "mine"
        assert tree(user.target) == half
    shutil.copy(journal, forged)  # nor one of ours, at another place
    assert user.run("recover", env=env).exit == 1
    assert tree(user.target) == half


def test_odd_journals_do_not_stand_in_the_way_of_others(user, killed):
    before, journal, text = killed
    (user.work / "file").write_text("mine")
    folder = journal.parent
    (folder / "0.journal").symlink_to(user.work / "file")
    (folder / "1.journal").write_bytes(text + b'["mode", "/x", 99999999999]\n')
    (folder / "2.journal").write_bytes(text + b'["new", "/x\\u0000"]\n')
    (folder / "3.journal").write_bytes(b"")
    (folder / "4.journal").write_bytes(text + json.dumps(["new", f"{user.work}/file"]).encode() + b'\n["complete"]\n')
    checks = json.loads(user.run("doctor", "--format", "json").out)["checks"]
    remedies = [check["remedy"] for check in checks if check["check"] == "recovery" and check["mark"] == "problem"]
    for number in range(5):
        odd = f"{folder}/{number}.journal".replace(str(user.tmp), "TMP")
        assert any(remedy.startswith(f"look at {odd}, then") for remedy in remedies), remedies
    assert str(user.work) not in "".join(remedies)
    done = user.run("recover")
    assert done.exit == 1
    assert tree(user.target) == before
    assert len(journals(user)) == 5
    assert user.run("recover", "--keep").exit == 0
    assert journals(user) == []
    assert (user.work / "file").read_text() == "mine"


def test_where_no_journal_can_be_kept_it_is_told_before_pip_goes_on(user):
    """A file where the journals should be."""
    folder = user.tmp / "state" / "installing"
    folder.parent.mkdir()
    folder.touch()
    why = "no journal could be kept: [Errno 20] Not a directory: 'TMP/state/installing'"
    done = user.finish(user.start("install", "new", env=sabotage("error", MOMENT, user.target, user.tmp / "tally")))
    first, *_ = done.err.splitlines()
    assert first == f"safe-pip: {why}; should pip fail, what it has changed is not undone"
    assert (
        f"safe-pip: pip failed while it installed (exit 2); what it had changed could not be undone: {why}" in done.err
    )
    checks = json.loads(user.run("doctor", "--format", "json").out)["checks"]
    (found,) = [check for check in checks if check["check"] == "recovery"]
    assert found["text"] == "no journal can be kept in TMP/state/installing: Not a directory"


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
