"""A lock (PEP 751) leaves out what only an index knows: it is asked, and what it does not say is a missing fact."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta, timezone

import pytest
from lib.gate import parametrize
from lib.index import LocalIndex, Reply
from lib.shell import told
from lib.wheels import make_wheel

NEWER = "newer-1.0-py3-none-any.whl"
WARNS = '[evidence]\non-missing = "warn"\n[rules.minimum-age]\nminimum = "3d"\n'


@pytest.fixture(params=[pytest.param("23.2.1", marks=pytest.mark.slow), "26.3"])
def user(request, shell_of):
    """A user whose index has a file of 20 hours, and a pip that reads locks itself (from 26.1 on) or does not."""
    shell = shell_of(request.param)
    shell.offer("newer", "1.0", upload_time=datetime.now(timezone.utc) - timedelta(hours=20, seconds=30))
    shell.policy(WARNS)
    return shell


def lock(shell, *, index=None, **file):
    """Write the lock of that file, as ``pip lock`` does: without an index, a size or a time."""
    said = shell.index.find(NEWER)
    file = {"name": NEWER, "url": shell.index.file_url(NEWER), "hashes": dict(said.hashes), **file}
    hashes = ", ".join(f'{kind} = "{value}"' for kind, value in file.pop("hashes").items())
    lines = ['lock-version = "1.0"', 'created-by = "pip"', "[[packages]]", 'name = "newer"', 'version = "1.0"']
    lines += [f'index = "{index}"'] * bool(index)
    lines += ["[[packages.wheels]]", *(f'{key} = "{value}"' for key, value in file.items()), f"hashes = {{ {hashes} }}"]
    shell.write("pylock.toml", "\n".join(lines))


def refusal(shell, *argv, code=10):
    """Return what is said of a refused lock; some pips say first that locks are an experiment."""
    err = shell.refuses("install", "-r", "pylock.toml", *argv, code=code)
    return "".join(line for line in err.splitlines(keepends=True) if not line.startswith("WARNING: Using pylock"))


@pytest.mark.parametrize("command", ["install", "audit"])
def test_the_age_is_asked_of_the_index(user, command):
    lock(user)
    done = user.run(command, "-r", "pylock.toml")
    assert done.exit == 10
    assert (
        told("""
          minimum-age       uploaded 20 hours ago; the policy asks for 3 days
                            policy: policy.toml:5 (rules.minimum-age.minimum)
          required by       newer==1.0 (you)
          newest allowed    pylock.toml binds newer to this file; lock again for another (safe-pip fix pylock.toml)
        """).replace("\n", "\n  ")
        in f"  {done.out}{done.err}"
    )
    assert user.installed() == {}


@parametrize("user", ["23.2.1", "26.1", "26.3"], gate=(2,), indirect=True)
def test_a_file_that_is_old_enough_is_installed(user):
    user.policy('[rules.minimum-age]\nminimum = "1h"\n[rules.yanked]\n[rules.project-status]\n')
    lock(user)
    done = user.install("-r", "pylock.toml")
    assert (done.exit, user.installed()) == (0, {"newer": "1.0"})
    assert "safe-pip" not in done.err


@pytest.mark.parametrize("kind", ["upper case", "another hash of the same address", "a copy beside the lock"])
def test_it_is_the_same_file(user, kind):
    (sha256,) = user.index.find(NEWER).hashes.values()
    if kind == "upper case":
        lock(user, hashes={"sha256": sha256.upper()})
    elif kind == "a copy beside the lock":
        user.write(f"files/{NEWER}", user.index.find(NEWER).data)
        lock(user, url=(user.work / "files" / NEWER).as_uri())
    else:
        lock(user, hashes={"sha512": hashlib.sha512(user.index.find(NEWER).data).hexdigest()})
    assert "minimum-age       uploaded 20 hours ago; the policy asks for 3 days" in refusal(user)


@parametrize("fact", ["yanked", "quarantined", "archived"], gate=(0, 1))
def test_so_is_whether_it_was_taken_back(user, fact):
    user.policy('[rules.yanked]\n[rules.project-status]\narchived = "deny"\n')
    user.index.add(*make_wheel("newer", "1.0"), yanked="broken" if fact == "yanked" else False)
    lock(user)
    if fact != "yanked":
        user.index.status["newer"] = fact
    assert fact in refusal(user).splitlines()[1]


def test_an_index_that_does_not_answer_is_a_missing_fact_that_says_so(user):
    lock(user)
    user.index.reply(user.index.page_path("newer"), Reply(status=503))
    user.policy('[rules.minimum-age]\nminimum = "1h"\n')
    assert refusal(user, code=11) == told("""
        safe-pip: refused newer 1.0 (newer-1.0-py3-none-any.whl) from pylock.toml
          minimum-age       the upload time is not known: INDEX/simple/newer/ answered 503 Service Unavailable
                            policy: policy.toml (evidence.on-missing)
          required by       newer==1.0 (you)
          newest allowed    pylock.toml binds newer to this file; lock again for another (safe-pip fix pylock.toml)
          way out           let an index be asked that lists this very file, or lock again from one
        safe-pip: denied by policy policy.toml; nothing was installed
    """)
    user.policy(WARNS + "[rules.yanked]\n[rules.project-status]\n")
    done = user.install("-r", "pylock.toml")
    assert (done.exit, user.installed()) == (0, {"newer": "1.0"})
    answered = "INDEX/simple/newer/ answered 503 Service Unavailable"
    assert [line for line in done.err.splitlines() if line.startswith("safe-pip")] == [
        f"safe-pip: warned: newer 1.0: minimum-age: the upload time is not known: {answered}",
        f"safe-pip: warned: newer 1.0: project-status, yanked: what an index says of it is not known: {answered}",
    ]


@pytest.mark.parametrize(
    ("listed", "reason"),
    [
        ("another", "INDEX/simple/ lists newer-1.0-py3-none-any.whl, but not with the hash that pylock.toml gives"),
        ("older", "no index that may be asked lists newer-1.0-py3-none-any.whl"),
        ("nothing", "no index that may be asked has newer"),
        ("no index", "no index that may be asked has newer"),
    ],
)
def test_a_file_that_no_index_lists(user, listed, reason):
    user.write(f"files/{NEWER}", user.index.find(NEWER).data)
    lock(user, url=(user.work / "files" / NEWER).as_uri())
    if listed != "no index":
        user.index.projects.clear()
    if listed == "another":
        user.index.add(*make_wheel("newer", "1.0", files={"other.py": ""}))
    elif listed == "older":
        user.offer("newer", "0.9")
    argv = ["--no-index"] if listed == "no index" else []
    done = user.install("-r", "pylock.toml", *argv)
    assert (done.exit, user.installed()) == (0, {"newer": "1.0"})
    assert f"safe-pip: warned: newer 1.0: minimum-age: the upload time is not known: {reason}\n" in done.err


def test_find_links_are_no_witness(user):
    user.write(f"wheels/{NEWER}", user.index.find(NEWER).data)
    lock(user)
    assert "uploaded 20 hours ago" in refusal(user, "--find-links", user.work / "wheels")


@pytest.fixture
def elsewhere(user):
    """An index that pip is not configured with, and that alone has the file."""
    with LocalIndex() as elsewhere:
        elsewhere.projects["newer"] = user.index.projects.pop("newer")
        yield elsewhere


def lock_of(user, elsewhere):
    user.index.projects["newer"] = elsewhere.projects["newer"]
    lock(user, index=elsewhere.url, url=elsewhere.file_url(NEWER))
    user.index.projects.clear()


def test_the_index_that_the_lock_names_is_asked(user, elsewhere):
    lock_of(user, elsewhere)
    assert "uploaded 20 hours ago" in refusal(user)
    assert elsewhere.paths() == ["/simple/newer/"]


def test_unless_it_is_none_of_the_policy(user, elsewhere):
    lock_of(user, elsewhere)
    user.policy('[[indexes]]\nname = "own"\nurl = "' + user.index.url + '"\n[rules.indexes]\n')
    assert refusal(user).splitlines()[:2] == [
        "safe-pip: refused newer 1.0 (newer-1.0-py3-none-any.whl) from pylock.toml",
        "  indexes           pylock.toml names a file that no index of this policy is known to list",
    ]
    assert elsewhere.paths() == []


def test_nor_where_none_is_to_be_asked(user, elsewhere):
    lock_of(user, elsewhere)
    assert "the upload time is not known: no index that may be asked has newer\n" in (
        user.install("-r", "pylock.toml", "--no-index").err
    )
    assert not [path for path in elsewhere.paths() if path.startswith("/simple/")]


@parametrize("place", ["path", "url"], gate=(0,))
def test_an_archive_is_no_way_around(user, place):
    """A lock may name a file as an archive (PEP 751), which is a direct reference to pip."""
    said = user.index.find(NEWER)
    where = {"path": f'path = "{NEWER}"', "url": f'url = "{user.index.file_url(NEWER)}"'}[place]
    user.write(NEWER, said.data)
    lines = ['lock-version = "1.0"', 'created-by = "pip"', "[[packages]]", 'name = "newer"', 'version = "1.0"']
    lines += ["[packages.archive]", where, f'hashes = {{ sha256 = "{said.hashes["sha256"]}" }}']
    user.write("pylock.toml", "\n".join(lines))
    user.policy(WARNS + '[rules.direct-references]\nurl = "allow"\nlocal = "allow"\n')
    assert "uploaded 20 hours ago; the policy asks for 3 days" in refusal(user)
