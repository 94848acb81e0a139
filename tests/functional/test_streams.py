"""Closed streams, readers that have gone, a full disk under the output: as with pip, and never a traceback of ours."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from itertools import combinations, product
from pathlib import Path

import pytest
from lib.shell import TIMEOUT, Shell
from lib.targets import find_pip, make_target

CLOSED = ("<&-", ">&-", "2>&-")
CLOSED_SETS = [" ".join(found) for size in range(1, 4) for found in combinations(CLOSED, size)]
DEAF = {
    ">&GONE": {"out"},
    "2>&GONE": {"err"},
    ">&GONE 2>&1": {"out", "err"},
    ">/dev/full": {"out"},
    "2>/dev/full": {"err"},
    ">/dev/full 2>&1": {"out", "err"},
}
"""Where nobody takes what is said, and what is said there."""
LOST = 120
"""Python's, and so pip's, where it cannot write out what was said."""
DENYING = '[rules.denylist]\npackages = [{package = "bad", reason = "evil"}]\n'
GATE = (" ".join(CLOSED), ">&GONE 2>&1")


@dataclass(frozen=True)
class Command:
    """A command, its exit code, and where it says something; *pip*, if pip knows it and does the same."""

    line: str
    exit: int = 0
    says: frozenset[str] = frozenset({"out"})
    pip: bool = True
    since: str = ""
    """The first pip that has it."""

    @property
    def argv(self) -> list[str]:
        return self.line.split()


ERR, NOTHING, BOTH = frozenset({"err"}), frozenset(), frozenset({"out", "err"})
COMMANDS = [
    Command("install app"),
    Command("install -q app", says=NOTHING),
    Command("install -v app"),
    Command("install --dry-run app"),
    Command("install -q --report - app", pip=False),  # pip 26.3 falls over it
    Command("install -q --policy-report json=- app", pip=False),
    Command("download app"),
    Command("wheel app"),
    Command("lock app", since="26.3", says=BOTH),
    Command("lock -o - app", since="26.3", says=BOTH),
    Command("install bad", exit=10, says=ERR, pip=False),
    Command("install nosuch", exit=1, says=ERR, pip=False),  # pip tells first where it looks
    Command("install --no-such-option", exit=2, says=ERR),
    Command("list"),
    Command("freeze --all"),
    Command("check"),
    Command("show pip"),
    Command("config debug"),
    Command("uninstall -y nosuch", says=ERR),
    Command("nosuch", exit=1, says=ERR),
    Command("advisories status", exit=11, pip=False),
    Command("audit -r none.txt", pip=False),
    Command("doctor", pip=False),
    Command("fix nosuch.txt", exit=2, says=ERR, pip=False),
    Command("guard status", exit=14, pip=False),
    Command("log", pip=False),
    Command("policy show", pip=False),
    Command("policy check nosuch.toml", exit=12, pip=False),
    Command("why app", exit=1, pip=False),
    Command("fix --help", pip=False),
]
PIPS = ("23.2.1", "26.3")


@pytest.fixture(scope="module")
def pips(request):
    return {version: find_pip(version, Path(request.config.cache.mkdir("pips"))) for version in PIPS}


@pytest.fixture
def user(request, tmp_path, index, pips):
    pip = pips[getattr(request, "param", PIPS[0])]
    if isinstance(pip, str):
        pytest.skip(pip)
    make_target(tmp_path / "env", pip)
    user = Shell(tmp_path, tmp_path / "env", index, {"PIP_CONFIG_FILE": str(tmp_path / "pip.conf")})
    user.policy(DENYING)
    user.offer("app", "1.0")
    user.offer("bad", "1.0")
    user.write("none.txt", "")
    return user


def run(user, program, argv, streams):
    """Run a program with *streams* as a shell makes them; return its exit code and what it said."""
    reader, gone = os.pipe()
    os.close(reader)
    said = [user.tmp / "out", user.tmp / "err"]
    line = f'exec "$@" >"{said[0]}" 2>"{said[1]}" {streams.replace("GONE", str(gone))}'
    try:
        done = subprocess.run(
            ["bash", "-c", line, "bash", *map(str, program), *argv],
            cwd=user.work,
            env=user.environ,
            stdin=subprocess.DEVNULL,
            pass_fds=[gone],
            timeout=TIMEOUT,
            check=False,
        )
    finally:
        os.close(gone)
    return done.returncode, "".join(path.read_text(errors="replace") for path in said)


def expected(command, streams):
    """Return what safe-pip exits with. A code of its own stays; where nothing is said nothing is lost."""
    lost = command.says & DEAF.get(streams, set())
    return LOST if lost and command.exit < 10 else command.exit


def cases(*, of_pip=False):
    every = [(v, c, s) for v, c, s in product(PIPS, COMMANDS, (*CLOSED_SETS, *DEAF)) if c.since <= v]
    return [
        pytest.param(*case, marks=mark(*case, of_pip=of_pip), id=f"{command.line} {streams} {version}")
        for case in every
        for version, command, streams in [case]
        if command.pip or (version == PIPS[0] and not of_pip)
    ]


def mark(version, command, streams, *, of_pip):
    """Each command meets some streams in tests/check-slow, and each stream some commands."""
    if in_gate(version, command, streams):
        return pytest.mark.slow if of_pip else ()
    turn = (*CLOSED_SETS, *DEAF).index(streams) + COMMANDS.index(command) + PIPS.index(version)
    return pytest.mark.exhaustive if turn % 4 else pytest.mark.slow


def in_gate(version, command, streams):
    """Every second command meets one of these streams in each gate."""
    place = COMMANDS.index(command)
    return place % 2 == 0 and streams == GATE[place // 2 % 2] and version == max(PIPS[0], command.since)


@pytest.mark.parametrize(("user", "command", "streams"), cases(), indirect=["user"])
def test_a_command(user, command, streams):
    code, said = run(user, user.program, command.argv, streams)
    assert code == expected(command, streams), said
    assert "Fatal" not in said
    assert "Traceback" not in said or "--- Logging error ---" in said  # pip's own, of a full disk
    assert user.leftovers() == []


def crashes(said):
    """Whether pip fell over a stream that Python did not open; safe-pip opens it, and so does what was asked."""
    return "'NoneType' object has no attribute" in said


@pytest.mark.parametrize(("user", "command", "streams"), cases(of_pip=True), indirect=["user"])
def test_it_is_what_pip_exits_with(user, command, streams):
    code, said = run(user, [user.python, "-m", "pip"], command.argv, streams)
    silent = "2>&-" in streams  # then nothing tells that it fell
    assert code == expected(command, streams) or crashes(said) or (silent and ">&-" in streams), said
