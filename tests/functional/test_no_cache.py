"""``--no-cache-dir``, in whatever way it is said: nothing stays on the disk but what was installed, and its receipt."""

from __future__ import annotations

import hashlib
import random
from datetime import timedelta

import pytest
from lib.dump import LocalDump, age, osv
from lib.gate import parametrize
from lib.index import Reply
from lib.targets import snapshot
from lib.wheels import make_wheel

WAYS = {
    "the option": (["--no-cache-dir"], {}),
    "the option, shortened": (["--no-cache"], {}),
    "a variable": ([], {"PIP_NO_CACHE_DIR": "1"}),
    "the configuration": ([], {"PIP_CONFIG_FILE": "pip.conf"}),
}
STATE = ["installing", "receipts.jsonl"]
JOURNAL_KEY = [
    "home/.local",
    "home/.local/state",
    "home/.local/state/safe-pip",
    "home/.local/state/safe-pip/journals.key",
]
"""The secret that seals the journal of an installation: state, 32 bytes."""


@pytest.fixture
def dump():
    with LocalDump() as dump:
        dump.publish(osv("PYSEC-1", "app", "0.9"))
        yield dump


@pytest.fixture
def user(shell, dump):
    """A user whose policy asks for advisories, and whose index tells that its pages may be kept."""
    shell.policy('[rules.vulnerability]\n[rules.licenses]\nallow = ["MIT"]\non-missing = "warn"\n')
    shell.environ["SAFE_PIP_OSV_URL"] = dump.url
    shell.index.add(*make_wheel("app", "1.0", ["lib"], files={"app.bin": random.Random(1).randbytes(80_000)}))
    shell.offer_sdist("lib", "1.0")
    shell.write("pip.conf", "[global]\nno-cache-dir = true\n")
    return shell


def on_disk(shell):
    """Every file and folder below the user's directories, but for those that the tests made."""
    places = [shell.tmp / name for name in ("cache", "home", "tmp")]
    return sorted(str(path.relative_to(shell.tmp)) for place in places for path in place.rglob("*")) + [
        "cache" for place in places[:1] if place.exists()
    ]


def state(shell):
    return sorted(path.name for path in (shell.tmp / "state").iterdir())


@parametrize("way", WAYS, gate=(0, 2))
def test_nothing_is_kept(user, way):
    words, env = WAYS[way]
    done = user.install(*words, "app", env=env)
    assert (done.exit, user.installed()) == (0, {"app": "1.0", "lib": "1.0"}), done
    assert on_disk(user) == [*JOURNAL_KEY]
    assert state(user) == STATE
    assert [receipt["exit_code"] for receipt in user.receipts()] == [0]


@parametrize("command", ["install --dry-run app", "download app", "audit", "why app"], gate=(0, 2))
def test_nor_by_any_other_command(user, command):
    done = user.run(*command.split(), env={"PIP_NO_CACHE_DIR": "1"})
    assert done.exit in {0, 1}, done
    assert on_disk(user) == []


def test_what_is_there_is_neither_used_nor_changed(user, dump):
    assert user.install("app").exit == 0
    before = snapshot(user.tmp / "cache")
    assert {path.partition("/")[0] for path in before} >= {"pages", "files", "metadata", "checked", "advisories"}
    user.index.requests.clear()
    dump.taken()
    assert user.install("--no-cache-dir", "--force-reinstall", "app").exit == 0
    assert snapshot(user.tmp / "cache") == before
    assert "/files/app-1.0-py3-none-any.whl" in user.index.paths()
    assert dump.taken() == []  # what is known of vulnerabilities is no copy of what is installed


def test_advisories_that_are_too_old_are_asked_for_and_the_old_ones_stay(user, dump):
    assert user.install("app").exit == 0
    (database,) = (user.tmp / "cache" / "advisories").glob("*.sqlite3")
    age(database, timedelta(days=400))
    before = snapshot(user.tmp / "cache")
    dump.publish(osv("PYSEC-1", "app", "1.0", modified="2026-06-01T00:00:00Z"))
    done = user.install("--no-cache-dir", "--force-reinstall", "app")
    assert (done.exit, "PYSEC-1" in done.err) == (10, True), done
    assert snapshot(user.tmp / "cache") == before


def test_a_policy_that_was_fetched_is_not_kept(user, dump):
    text = b"schema = 1\n[rules.yanked]\n"
    user.index.reply("/policy.toml", Reply(body=text))
    address = f"{user.index.root}/policy.toml#sha256={hashlib.sha256(text).hexdigest()}"
    for words in (["--no-cache-dir"], []):
        done = user.install("--policy", address, *words, "app")
        assert done.exit == 0, done
        assert bool(list((user.tmp / "cache").glob("policies/*"))) is not bool(words)
        assert (user.tmp / "cache").exists() is not bool(words)


def test_a_cache_that_cannot_be_believed_is_no_news(user):
    (user.tmp / "cache").mkdir()
    (user.tmp / "cache").chmod(0o777)
    done = user.install("--no-cache-dir", "app")
    assert (done.exit, "is not used" in done.err) == (0, False), done
    assert on_disk(user) == [*JOURNAL_KEY, "cache"]
