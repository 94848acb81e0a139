"""Random installations over random indexes with random faults, each held against what pip does without them."""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
import time
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from lib.faults import FAULTS, dribble, stall
from lib.index import Reply
from lib.targets import make_target
from lib.trees import wrongly_compiled
from lib.wheels import make_sdist, make_wheel

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from lib.index import LocalIndex
    from lib.quick import Quick, Told

VERSIONS = ("0.9", "1.0", "1.1", "1.5.post1", "2.0a1", "2.0", "2.1rc1", "3.0")
SPECIFIERS = ("", "", ">=1", "<2", ">=1.1,<3", "!=2.0", "~=1.0", "==1.*", ">=2.0a1")
MARKERS = ("", "", "", '; python_version >= "3"', '; python_version < "3"', '; sys_platform == "win32"')
SLOW = {
    "stall": Reply(send=partial(stall, seconds=20)),
    "byte by byte": Reply(send=partial(dribble, pause=0.3)),
}
REFUSED = frozenset({10, 11})


@dataclass
class Soak:
    """One user, and an index that is another one in each run."""

    user: Quick
    index: LocalIndex
    seed: int
    others: list[Quick] = field(default_factory=list)
    """Users who share their cache with the first in :meth:`run_together`."""
    ends: dict[str, int] = field(default_factory=dict)
    """How many runs ended how."""
    longest: float = 0.0
    """Seconds."""

    def run(self, number: int) -> list[str]:
        """Make one installation; return what was wrong with it."""
        chance = random.Random(f"{self.seed}/{number}")
        wanted, expected, faults = self._begin(chance)
        before = self.user.snapshot()
        started = time.monotonic()
        killed_after = chance.uniform(0, 0.4) if chance.random() < 0.1 else None
        try:
            told = self._install(wanted, killed_after, retries=str(chance.randint(0, 2)))
        except subprocess.TimeoutExpired:
            return [f"hung past {time.monotonic() - started:.0f} seconds: {wanted} {list(faults)}"]
        self.longest = max(self.longest, time.monotonic() - started)
        killed = killed_after is not None
        problems = list(self._judged(self.user, told, expected, before, faulty=bool(faults), killed=killed))
        return [f"{problem}\n  {wanted} {sorted(faults)}\n{told.err}" for problem in problems]

    def run_together(self, number: int) -> list[str]:
        """Make the same installation for all users at once, with one cache; return what was wrong with any of them."""
        wanted, expected, faults = self._begin(random.Random(f"{self.seed}/{number}"))
        for user in self.others:
            user.renew()
            user.environ["SAFE_PIP_CACHE_DIR"] = str(self.user.cache)
        users = [self.user, *self.others]
        before = [user.snapshot() for user in users]
        started, problems = time.monotonic(), []
        runs = [user.start("install", *wanted, env={"PIP_TIMEOUT": "1", "PIP_RETRIES": "1"}) for user in users]
        for user, run, snapshot in zip(users, runs, before, strict=True):
            told = user.wait(run)
            found = self._judged(user, told, expected, snapshot, faulty=bool(faults), killed=False)
            problems += [f"{problem}\n  {wanted} {sorted(faults)}\n{told.err}" for problem in found]
        self.longest = max(self.longest, time.monotonic() - started)
        return problems

    def _begin(self, chance: random.Random) -> tuple[list[str], dict[str, str] | None, dict[str, list[Reply | None]]]:
        """Fill the index and perhaps the cache, and plan faults; return the request, what pip chooses, and the faults."""
        self.user.renew()
        self.index.forget()
        fill(self.index, chance)
        names = sorted(self.index.projects)
        wanted = [requirement(chance, name) for name in chance.sample(names, chance.randint(1, min(3, len(names))))]
        wanted += ["--pre"] if chance.random() < 0.15 else []
        expected = self._expected(wanted)
        if chance.random() < 0.3:
            self.user.install(*wanted)
            damage(self.user.cache, chance)
            shutil.rmtree(self.user.target)
            make_target(self.user.target, self.user.pip)
        faults = dict(plan(self.index, chance))
        for path, replies in faults.items():
            self.index.reply(path, *replies)
        return wanted, expected, faults

    def _expected(self, wanted: list[str]) -> dict[str, str] | None:
        """Return what pip chooses of a faultless index; ``None`` where it finds nothing."""
        report = self.user.place / "expected.json"
        report.unlink(missing_ok=True)
        told = self.user.real_pip("install", "--dry-run", "--quiet", "--report", str(report), *wanted)
        if told.exit:
            return None
        items = json.loads(report.read_text())["install"]
        return {item["metadata"]["name"]: item["metadata"]["version"] for item in items}

    def _install(self, wanted: list[str], killed_after: float | None, retries: str) -> Told:
        run = self.user.start("install", *wanted, env={"PIP_TIMEOUT": "1", "PIP_RETRIES": retries})
        if killed_after is not None:
            time.sleep(killed_after)
            run.kill()
            run.wait()
            wait_for_orphans(self.user.place / "tmp")
            self.index.forget()
            shutil.rmtree(self.user.target)  # pip makes no promise for what it was stopped in
            make_target(self.user.target, self.user.pip)
            run = self.user.start("install", *wanted)
        return self.user.wait(run)

    def _judged(
        self,
        user: Quick,
        told: Told,
        expected: dict[str, str] | None,
        before: dict[str, bytes],
        *,
        faulty: bool,
        killed: bool,
    ) -> Iterator[str]:
        faulty = faulty and not killed
        kind = "installed" if told.exit == 0 else f"exit {told.exit}"
        self.ends[kind] = self.ends.get(kind, 0) + 1
        if "Traceback" in told.err or "internal error" in told.err:
            yield "a traceback"
        if left := user.leftovers():
            yield f"left behind {left}"
        if told.exit == 0:
            if user.installed() != expected:
                yield f"installed {user.installed()}, where pip chooses {expected}"
            yield from wrongly_compiled(user.target)
        elif user.snapshot() != before and not killed:
            yield "the environment was changed"
        elif told.exit in REFUSED and faulty:
            pass
        elif expected is not None:
            yield f"exit {told.exit}, where pip chooses {expected}"


def fill(index: LocalIndex, chance: random.Random) -> None:
    """Put other projects on *index*."""
    index.projects.clear()
    index.html, index.ranges, index.etag = (chance.random() < share for share in (0.2, 0.8, 0.5))
    index.max_age = chance.choice([None, 0, 600])
    names = [f"pkg{number}" for number in range(chance.randint(2, 8))]
    for name in names:
        for version in chance.sample(VERSIONS, chance.randint(1, 5)):
            others = chance.sample(names, min(len(names), chance.choice([0, 0, 1, 1, 2])))
            requires = [requirement(chance, other) + chance.choice(MARKERS) for other in others if other != name]
            python = chance.choice([None, None, None, ">=3.8", ">=99"])
            extras = {"x": [requirement(chance, chance.choice(names))]} if chance.random() < 0.3 else {}
            make = make_sdist if chance.random() < 0.05 else make_wheel
            more = {"metadata_version": "2.2"} if make is make_sdist else {}
            index.add(
                *make(
                    name, version, requires, extras=extras, requires_python=python, files=modules(name, version), **more
                ),
                requires_python=python,
                yanked=chance.random() < 0.1,
                metadata=chance.random() < 0.7,
                **({"hashes": {}, "listed": {"size": None}} if chance.random() < 0.1 else {}),
            )


def modules(name: str, version: str) -> dict[str, str]:
    """Return what a file holds: some modules, small ones and large ones, and some that cannot be compiled."""
    chance = random.Random(f"{name} {version}")
    found = {f"{name}/__init__.py": f"__version__ = {version!r}\n"}
    for number in range(chance.choice([0, 0, 1, 5, 20])):
        lines = [f"def f{line}(x): return x + {version!r}" for line in range(chance.choice([0, 1, 10, 1000]))]
        lines += ["print 'no more'"] if chance.random() < 0.1 else []
        found[f"{name}/m{number}.py"] = "\n".join([*lines, ""])
    return found


def requirement(chance: random.Random, name: str) -> str:
    """Return a requirement of *name*."""
    return f"{name}{'[x]' if chance.random() < 0.15 else ''}{chance.choice(SPECIFIERS)}"


def plan(index: LocalIndex, chance: random.Random) -> Iterator[tuple[str, list[Reply | None]]]:
    """Yield a program of faults for some paths: none, passing ones, lasting ones."""
    paths = [index.page_path(name) for name in index.projects]
    for files in index.projects.values():
        paths += [index.file_path(file.filename) for file in files]
        paths += [f"{index.file_path(file.filename)}.metadata" for file in files if file.metadata]
    for path in chance.sample(paths, min(len(paths), chance.choice([0, 1, 1, 2, 4, 8]))):
        names = sorted(SLOW) if chance.random() < 0.1 else sorted(FAULTS)
        fault = {**FAULTS, **SLOW}[chance.choice(names)]
        yield path, [fault, None] if chance.random() < 0.5 else [fault]


def damage(cache: Path, chance: random.Random) -> None:
    """Do something to some files of *cache*."""
    for path in sorted(path for path in cache.rglob("*") if path.is_file()):
        kind = chance.choice(["", "", "cut", "noise", "gone", "pipe"])
        if kind == "cut":
            path.write_bytes(path.read_bytes()[: chance.randint(0, path.stat().st_size)])
        elif kind == "noise":
            path.write_bytes(chance.randbytes(100))
        elif kind:
            path.unlink()
            if kind == "pipe":
                os.mkfifo(path)


def wait_for_orphans(folder: Path) -> None:
    """Wait until no process needs a temporary directory of a killed run."""
    end = time.monotonic() + 60
    while any(map(is_used, folder.iterdir())):
        assert time.monotonic() < end, "a pip that does not end"
        time.sleep(0.01)


def is_used(folder: Path) -> bool:
    """Whether a process holds the lock of a temporary directory of ours."""
    import fcntl

    try:
        descriptor = os.open(folder, os.O_RDONLY)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False
