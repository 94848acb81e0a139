"""An index that lies, changes its mind, or sends something else: not one byte of it is installed."""

from __future__ import annotations

import hashlib
import json

import pytest
from lib.gate import parametrize
from lib.index import JSON_TYPE, Reply
from lib.shell import told
from lib.wheels import core_metadata, make_wheel, record, zip_archive

EVIL = {"app/__init__.py": "raise SystemExit('taken over')\n"}


@pytest.fixture
def victim(shell):
    """A project that is fine, at first."""
    shell.policy('[rules.minimum-age]\nminimum = "7d"\n')
    shell.offer("app", "1.0")
    return shell


def evil_page(index):
    """The page of a project whose one file has changed, hash and all."""
    filename, data = make_wheel("app", "1.0", files=EVIL)
    index.add(filename, data)
    _, page = index.page("app", as_html=False)
    return page


def test_a_page_that_is_another_one_the_second_time_is_not_asked_twice(victim):
    page, (good,) = victim.index.page_path("app"), victim.index.projects["app"]
    changed = Reply(body=evil_page(victim.index), headers={"Content-Type": JSON_TYPE})
    victim.index.add(good.filename, good.data)
    victim.index.reply(page, None, changed)
    done = victim.install("app")
    assert (done.exit, victim.index.paths().count(page)) == (0, 1)
    assert (victim.site / "app" / "__init__.py").read_text() == '__version__ = "1.0"\n'


def test_metadata_that_is_another_one_the_second_time_is_not_asked_twice(victim):
    path = f"{victim.index.file_path('app-1.0-py3-none-any.whl')}.metadata"
    victim.index.reply(path, None, Reply(body=core_metadata("app", "1.0", ["evil"]).encode()))
    victim.offer("evil", "1.0")
    done = victim.install("app")
    assert (done.exit, victim.index.paths().count(path), victim.installed()) == (0, 1, {"app": "1.0"})


@pytest.mark.parametrize("published", [True, False])
def test_a_file_that_was_swapped_after_it_was_judged(shell, published):
    """Where no hash is published, the metadata that was judged still binds the file."""
    shell.policy('[rules.minimum-age]\nminimum = "7d"\n')
    filename, data = make_wheel("app", "1.0")
    shell.index.add(filename, data, **({} if published else {"hashes": {}, "listed": {"size": None}}))
    other = make_wheel("app", "1.0", ["evil"], files=EVIL)[1]
    shell.index.reply(shell.index.file_path(filename), Reply(body=other))
    err = shell.refuses("install", "app")
    if published:
        assert err == told("""
            safe-pip: app-1.0-py3-none-any.whl from INDEX/simple/ is larger than 842 bytes
            safe-pip: way out: the file changed on the index or on its way here: do not install it, and tell whoever runs the index
            safe-pip: nothing was installed (exit 10)
        """)
    else:
        assert err == told("""
            safe-pip: app-1.0-py3-none-any.whl from INDEX/simple/ contradicts the metadata it was resolved by: Requires-Dist has 'evil'
            safe-pip: way out: the index serves two truths about this file: do not install it, and tell whoever runs the index
            safe-pip: nothing was installed (exit 10)
        """)


def test_a_file_is_asked_for_once(victim):
    victim.install("app")
    assert victim.index.paths().count("/files/app-1.0-py3-none-any.whl") == 1


def test_metadata_that_contradicts_the_wheel(shell):
    shell.policy("")
    shell.offer("app", "1.0", ["evil", "extra; extra == 'x'"], metadata=core_metadata("app", "1.0").encode())
    shell.offer("evil", "1.0")
    assert shell.refuses("install", "app") == told("""
        safe-pip: app-1.0-py3-none-any.whl from INDEX/simple/ contradicts the metadata it was resolved by: Requires-Dist has 'evil', 'extra; extra == "x"'
        safe-pip: way out: the index serves two truths about this file: do not install it, and tell whoever runs the index
        safe-pip: nothing was installed (exit 10)
    """)


def test_metadata_that_does_not_have_its_announced_hash(shell):
    shell.policy("")
    shell.offer("app", "1.0")
    path = f"{shell.index.file_path('app-1.0-py3-none-any.whl')}.metadata"
    shell.index.reply(path, Reply(body=core_metadata("app", "1.0", ["evil"]).encode()))
    err = shell.refuses("install", "app")
    served, announced = (
        hashlib.sha256(core_metadata("app", "1.0", requires).encode()).hexdigest() for requires in (["evil"], [])
    )
    assert err.replace(served, "SERVED").replace(announced, "ANNOUNCED") == told("""
        safe-pip: the metadata file of app-1.0-py3-none-any.whl has the sha256 SERVED, but INDEX/simple/ announces ANNOUNCED
        safe-pip: way out: do not install this file; report it to whoever runs the index
        safe-pip: nothing was installed (exit 10)
    """)


def test_a_wrong_hash(shell):
    shell.policy("")
    true = hashlib.sha256(make_wheel("app", "1.0")[1]).hexdigest()
    shell.offer("app", "1.0", hashes={"sha256": "ab" * 32})
    assert shell.refuses("install", "app").replace(true, "TRUE").replace("ab" * 32, "PROMISED") == told("""
        safe-pip: app-1.0-py3-none-any.whl from INDEX/simple/ has sha256 TRUE where PROMISED was promised
        safe-pip: way out: the file changed on the index or on its way here: do not install it, and tell whoever runs the index
        safe-pip: nothing was installed (exit 10)
    """)


@pytest.mark.parametrize("size", [10, 10_000])
def test_a_wrong_size(shell, size):
    shell.policy("")
    true = len(shell.offer("app", "1.0", listed={"size": size}).data)
    err = shell.refuses("install", "app").splitlines()[0]
    assert err == (
        "safe-pip: app-1.0-py3-none-any.whl from INDEX/simple/ is larger than 10 bytes"
        if size < true
        else f"safe-pip: app-1.0-py3-none-any.whl from INDEX/simple/ has {true} bytes where 10000 were promised"
    )


def test_a_truncated_file(shell):
    shell.policy("")
    shell.offer("app", "1.0")
    shell.index.reply(shell.index.file_path("app-1.0-py3-none-any.whl"), Reply(truncate=100))
    assert shell.refuses("install", "app", code=11) == told("""
        safe-pip: cannot read INDEX/files/app-1.0-py3-none-any.whl: the connection broke before the whole answer had come
        safe-pip: way out: try again
        safe-pip: nothing was installed (exit 11)
    """)


@parametrize(
    ("path", "what"),
    [
        ("../../evil.pth", "a path that climbs out of its directory"),
        ("/etc/evil", "an absolute path"),
        ("app-1.0.data/scripts/../../../../evil", "a path that climbs out of its directory"),
    ],
    gate=(0,),
)
def test_a_wheel_that_leaves_its_place(shell, path, what):
    shell.policy("")
    members = {"app/__init__.py": b"", path: b"import os"}
    members |= {
        "app-1.0.dist-info/METADATA": core_metadata("app", "1.0").encode(),
        "app-1.0.dist-info/WHEEL": b"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    members["app-1.0.dist-info/RECORD"] = record(members, "app-1.0.dist-info/RECORD")
    shell.index.add("app-1.0-py3-none-any.whl", zip_archive(members.items()))
    assert shell.refuses("install", "app").replace(path, "PATH").replace(what, "WHAT") == told("""
        safe-pip: app-1.0-py3-none-any.whl holds 'PATH', WHAT
        safe-pip: way out: do not install this file; report it to whoever publishes it
        safe-pip: nothing was installed (exit 10)
    """)


def test_terminal_sequences_of_an_index_do_not_reach_the_terminal(shell):
    shell.policy("")
    page = {"meta": {"api-version": "1.1"}, "name": "app", "files": [{"filename": "app-1.0.whl\x1b[2J", "url": "x"}]}
    reply = Reply(body=json.dumps(page).encode(), headers={"Content-Type": JSON_TYPE}, status=200)
    shell.offer("app", "1.0")
    shell.index.reply(shell.index.page_path("app"), reply)
    assert "\x1b" not in shell.run("install", "app").err


def test_an_installed_environment_is_what_was_judged_though_the_cache_was_poisoned(victim):
    victim.install("app")
    cached = [path for path in (victim.tmp / "cache" / "files").rglob("*") if path.is_file()]
    for path in cached:
        path.write_bytes(make_wheel("app", "1.0", files=EVIL)[1])
    done = victim.install("--force-reinstall", "app")
    assert cached
    assert done.exit == 0
    assert (victim.site / "app" / "__init__.py").read_text() == '__version__ = "1.0"\n'


@parametrize(
    ("entry", "code"),
    [
        ({"upload-time": "9999-12-31T23:59:59-14:00"}, 11),
        ({"upload-time": "0001-01-01T00:00:00+14:00"}, 11),
        ({"url": "http://[x/app-1.0-py3-none-any.whl"}, 11),
        ({"hashes": {"sha256": "\ud800"}}, 10),
        ({"requires-python": ">=3\ud800"}, 0),
        ({"yanked": "\ud800"}, 0),
        ({"size": 10**400}, 10),
    ],
    gate=(0, 2, 3, 6),
)
def test_no_fact_of_a_page_is_a_fault_of_ours(victim, entry, code):
    """What cannot be told in another zone, written out or reckoned with."""
    victim.policy('[rules.minimum-age]\nminimum = "7d"\n')
    file = {"upload-time": "2020-01-01T00:00:00Z", "url": victim.index.file_path("app-1.0-py3-none-any.whl"), **entry}
    body = json.dumps({"meta": {"api-version": "1.1"}, "files": [file]}).encode()
    victim.index.reply(victim.index.page_path("app"), Reply(body=body, headers={"Content-Type": JSON_TYPE}))
    done = victim.install("app==1.0", "--policy-report", "json=report.json")
    assert done.exit == code, done
    assert json.loads((victim.work / "report.json").read_text())["exit_code"] == code
