"""Ctrl-C, SIGTERM, SIGHUP at any moment: one line, the environment as it was, no temporary files. Or ignored by all."""

from __future__ import annotations

import os
import signal
import time
from functools import partial

import pytest
from lib.faults import stall
from lib.gate import parametrize
from lib.index import Reply
from lib.shell import told, wait_until
from lib.wheels import make_wheel

SIGNALS = {signal.SIGINT: 1, signal.SIGTERM: 143, signal.SIGHUP: 129}
"""And what the shell gets to see."""


PYPROJECT = '[build-system]\nrequires = []\nbuild-backend = "_backend"\nbackend-path = ["."]\n'
BACKEND = """
import signal
def build_wheel(*_, **__):
    stops = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    open("ignored", "w").write(" ".join(n.name for n in stops if signal.getsignal(n) == signal.SIG_IGN))
    raise SystemExit("seen")
prepare_metadata_for_build_wheel = build_wheel
"""


@pytest.fixture
def slow(shell):
    shell.policy("")
    shell.offer("app", "1.0")
    return shell


def interrupt(shell, process, number, *, whole_group=True):
    """Send the signal as a terminal does, to all, or as ``kill`` does, to one; return how it ended."""
    before = shell.snapshot()
    (os.killpg if whole_group else os.kill)(process.pid, number)
    started = time.monotonic()
    done = shell.finish(process)
    assert time.monotonic() - started < 10
    assert shell.snapshot() == before
    wait_until(lambda: not shell.leftovers(), f"clean temporary directory: {shell.leftovers()}")
    return done


def expect(done, number):
    assert (done.exit, done.err) == (SIGNALS[number], "safe-pip: stopped; nothing was installed\n")


@parametrize("number", SIGNALS, gate=(1,))
@parametrize("whole_group", [True, False], gate=(0,))
def test_while_resolving(slow, number, whole_group):
    slow.index.reply(slow.index.page_path("app"), Reply(delay=30))
    process = slow.start("install", "app")
    wait_until(slow.index.paths, "request")
    expect(interrupt(slow, process, number, whole_group=whole_group), number)


def test_a_command_that_installs_nothing_does_not_speak_of_it(slow):
    slow.index.reply(slow.index.page_path("app"), Reply(delay=30))
    slow.write("r.txt", "app\n")
    process = slow.start("audit", "-r", "r.txt")
    wait_until(slow.index.paths, "request")
    assert interrupt(slow, process, signal.SIGTERM).err == "safe-pip: stopped\n"


@parametrize("number", SIGNALS, gate=(0,))
def test_while_downloading(slow, number):
    path = slow.index.file_path("app-1.0-py3-none-any.whl")
    slow.index.reply(path, Reply(delay=30))
    process = slow.start("install", "app")
    wait_until(lambda: path in slow.index.paths(), "download")
    expect(interrupt(slow, process, number), number)


@parametrize("number", SIGNALS, gate=(0,))
def test_while_pip_starts(slow, number):
    """The target's interpreter has been started, and says nothing yet."""
    (slow.site / "slow.pth").write_text(
        "import os, time; 'SLOW' in os.environ and (open(os.environ['SLOW'], 'w'), time.sleep(30))\n"
    )
    process = slow.start("install", "app", env={"SLOW": str(slow.tmp / "started")})
    wait_until((slow.tmp / "started").exists, "pip")
    expect(interrupt(slow, process, number), number)


@parametrize("number", SIGNALS, gate=(0,))
def test_while_pip_installs(slow, number):
    """pip stops in its own way; what it leaves half done is undone."""
    slow.offer("big", "1.0", files={f"big/m{i}.py": "x = 1\n" * 50 for i in range(1500)})
    before = slow.snapshot()
    process = slow.start("install", "--no-compile", "big")
    wait_until((slow.site / "big").exists, "installation")
    os.killpg(process.pid, number)
    done = slow.finish(process)
    assert done.exit == SIGNALS[number]
    assert done.err == told("""
        ERROR: Operation cancelled by user
        safe-pip: stopped while pip was installing; what it had changed was undone
        safe-pip: nothing was installed (exit CODE)
    """).replace("CODE", str(SIGNALS[number]))
    assert slow.snapshot() == before
    assert slow.leftovers() == []


def deaf(shell, *names):
    """Let ``safe-pip`` be started as ``nohup`` and a shell's ``&`` do it: with signals ignored."""
    trap = f'trap "" {" ".join(names)}; ' if names else ""
    shell.program = ("sh", "-c", f'{trap}exec "$@"', "sh", *shell.program)
    return shell


@parametrize("number", SIGNALS, gate=(2,))
@parametrize("whole_group", [True, False], gate=(0,))
def test_what_was_ignored_from_the_start_is_ignored_while_we_resolve(slow, number, whole_group):
    slow.index.reply(slow.index.page_path("app"), Reply(delay=1))
    process = deaf(slow, number.name[3:]).start("install", "app")
    wait_until(slow.index.paths, "request")
    (os.killpg if whole_group else os.kill)(process.pid, number)
    done = slow.finish(process)
    assert (done.exit, done.err, slow.installed()) == (0, "", {"app": "1.0"})
    assert slow.leftovers() == []


@parametrize("number", SIGNALS, gate=(2,))
def test_and_while_pip_installs(slow, number):
    slow.offer("big", "1.0", files={f"big/m{i}.py": "x = 1\n" * 50 for i in range(1500)})
    process = deaf(slow, number.name[3:]).start("install", "--no-compile", "big")
    wait_until((slow.site / "big").exists, "installation")
    os.killpg(process.pid, number)
    done = slow.finish(process)
    assert (done.exit, done.err) == (0, "")
    assert len(list((slow.site / "big").iterdir())) == 1500


@parametrize("names", [(), ("INT",), ("INT", "TERM", "HUP")], gate=(0, 2))
@pytest.mark.parametrize("program", ["pip", "safe-pip"])
def test_what_pip_starts_ignores_the_same(slow, names, program):
    slow.write("pyproject.toml", PYPROJECT)
    slow.write("_backend.py", BACKEND)
    if program == "pip":
        slow.program = (str(slow.python), "-m", "pip")
    assert slow.finish(deaf(slow, *names).start("install", ".")).exit == 1
    assert (slow.work / "ignored").read_text().split() == [f"SIG{name}" for name in names]


@parametrize("number", SIGNALS, gate=(0,))
def test_one_that_is_not_ignored_still_stops_all(slow, number):
    """Also where only safe-pip hears it, which passes it on to a pip that ignores the others."""
    slow.offer("big", "1.0", files={f"big/m{i}.py": "x = 1\n" * 50 for i in range(1500)})
    others = [other.name[3:] for other in SIGNALS if other != number]
    process = deaf(slow, *others).start("install", "--no-compile", "big")
    wait_until((slow.site / "big").exists, "installation")
    os.kill(process.pid, number)
    assert slow.finish(process).exit == SIGNALS[number]


def test_the_stage_of_a_run_that_was_killed_is_swept_up_by_the_next(slow):
    path = slow.index.file_path("app-1.0-py3-none-any.whl")
    slow.index.reply(path, Reply(delay=30), None)
    process = slow.start("install", "app")
    wait_until(lambda: path in slow.index.paths(), "download")
    process.kill()
    process.communicate()
    (stage,) = [name for name in slow.leftovers() if name.startswith("safe-pip-")]
    slow.finish(slow.start("install", "app"))
    assert stage not in slow.leftovers()


def test_what_a_guess_still_fetches_when_the_run_ends_leaves_nothing(slow):
    """Threads are not waited for; what they were writing goes with the run."""
    slow.index.ranges = False
    slow.index.add(*make_wheel("guess", "1.0", files={"guess/noise.bin": os.urandom(200_000)}), metadata=False)
    path = slow.index.file_path("guess-1.0-py3-none-any.whl")
    slow.index.reply(path, Reply(send=partial(stall, after=0.5)))
    slow.index.reply(slow.index.page_path("nosuch"), Reply(status=404, delay=1))
    assert slow.run("install", "nosuch", "guess").exit == 1
    assert path in slow.index.paths()
