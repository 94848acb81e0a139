"""SIGKILL at any moment: what is there is as before or whole, the next run succeeds and tidies up. And many at once."""

from __future__ import annotations

import os
import random
import signal
import time
from importlib.metadata import version

import pytest
from lib.gate import parametrize
from lib.index import LocalIndex, Reply
from lib.quick import Quick
from lib.shell import Shell, copy_environment, wait_until
from lib.soak import wait_for_orphans
from lib.targets import find_pip
from lib.wheels import make_wheel

FILE, DATA = make_wheel("app", "1.0", files={f"app/m{n}.py": "x = 1\n" * 20 for n in range(300)})
WHOLE = 300
MOMENTS = 4


@pytest.fixture(scope="module")
def user(tmp_path_factory):
    place = tmp_path_factory.mktemp("killed")
    with LocalIndex() as index:
        index.add(FILE, DATA)
        user = Quick(place / "user", find_pip(version("pip"), place), index)
        yield user
        user.close()


def test_of_safe_pip_alone_at_random_moments(user):
    """pip, if it was installing by then, goes on and ends well: its files are not taken away under it."""
    random.seed(7)
    started = time.monotonic()
    assert user.install("app").exit == 0
    whole = time.monotonic() - started
    for _ in range(MOMENTS):
        user.renew()
        run = user.start("install", "--no-compile", "app")
        time.sleep(random.uniform(0, whole))
        run.kill()
        run.wait()
        wait_for_orphans(user.place / "tmp")
        assert len(list(user.target.rglob("app/m*.py"))) in {0, WHOLE}
        told = user.install("app")
        assert (told.exit, told.err) == (0, ""), told.err
        assert user.installed() == {"app": "1.0"}
        assert len(list(user.target.rglob("app/m*.py"))) == WHOLE
        assert user.leftovers() == []


@parametrize("moment", ["page", "metadata", "file", "installing"], gate=(2, 3))
def test_of_all_processes(shell, moment):
    """As an out-of-memory killer or a container's end does it."""
    shell.policy("")
    shell.index.add(FILE, DATA)
    places = {"page": "/simple/app/", "metadata": f"/files/{FILE}.metadata", "file": f"/files/{FILE}"}
    if moment in places:
        shell.index.reply(places[moment], Reply(delay=30), None)
    before = shell.snapshot()
    process = shell.start("install", "--no-compile", "app")
    if moment in places:
        wait_until(lambda: places[moment] in shell.index.paths(), "request")
    else:
        wait_until((shell.site / "app").exists, "installation")
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    if moment in places:
        assert shell.snapshot() == before
    assert shell.leftovers() != []
    done = shell.install("app")
    assert (done.exit, shell.installed()) == (0, {"app": "1.0"})
    assert ("the environment is as before it" in done.err) is (moment == "installing")
    assert (shell.site / "app" / "m299.py").read_text() == "x = 1\n" * 20


def test_eight_installs_at_once_share_a_cache(shell, template, tmp_path):
    shell.policy("")
    shell.index.add(FILE, DATA)
    shell.offer("other", "1.0", ["app"])
    shells = [shell]
    for number in range(7):
        place = tmp_path / str(number)
        place.mkdir()
        copy_environment(template, place / "env")
        shared = {name: shell.environ[name] for name in ("SAFE_PIP_CACHE_DIR", "SAFE_PIP_STATE_DIR")}
        shells.append(Shell(place, place / "env", shell.index, {**shared, "TMPDIR": str(shell.temporary)}))
        shells[-1].policy("")
    processes = [each.start("install", "other") for each in shells]
    ended = [each.finish(process) for each, process in zip(shells, processes, strict=True)]
    assert [(done.exit, done.err) for done in ended] == [(0, "")] * 8
    assert [each.installed() for each in shells] == [{"app": "1.0", "other": "1.0"}] * 8
    assert len(shell.receipts()) == 8
    assert shell.leftovers() == []
