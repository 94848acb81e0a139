"""Processes of the target's interpreter that compile, and do nothing else: one for each processor."""

from __future__ import annotations

import json
import os
import subprocess
from collections import deque
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from threading import Condition, Thread
from typing import TYPE_CHECKING

from safeinstall.sources.pip.hosted import WORKER

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

SCRIPT = Path(__file__).parents[1] / "pip" / "hosted" / "installing" / "bytecode.py"
HEEDED = (
    "PYTHONHOME",
    "PYTHONOPTIMIZE",
    "PYTHONHASHSEED",
    "PYTHONNODEBUGRANGES",
    "PYTHONINTMAXSTRDIGITS",
    "LD_LIBRARY_PATH",
    "DYLD_LIBRARY_PATH",
)
"""What of the environment a worker gets: what an interpreter needs to start, and what changes the code it makes."""
MOST = 8


@dataclass(slots=True, eq=False)
class Job:
    """Modules that are compiled in one go."""

    sources: Path
    """They follow one another. The worker removes the file."""
    modules: Sequence[tuple[str, int]]
    """Name and size of each."""
    code: Path
    """Where their code goes."""
    vain: bool = False
    """Whether nobody waits for it any more."""
    done: Future[Path | None] = field(default_factory=Future)
    """That file, ``None`` where there is none."""


class Workers:
    """Compiles jobs one after the other, in as many processes as there are processors for us. Close it at the end."""

    def __init__(self, python: str, environ: Mapping[str, str], way: str) -> None:
        """Use the interpreter *python*, if it compiles in this *way*. Nothing starts yet."""
        self._command = [python, "-B", "-s", "-S", "-c", WORKER, str(SCRIPT)]
        self._environ = {name: environ[name] for name in HEEDED if name in environ}
        self._way = way
        self._jobs: deque[Job] = deque()
        self._changed = Condition()
        self._threads: list[Thread] = []
        self._doing: dict[subprocess.Popen[bytes], Job | None] = {}
        self._closed = False

    def submit(self, job: Job) -> None:
        """Do *job* when there is time. Never waits."""
        with self._changed:
            if self._closed or job.vain:
                job.done.set_result(None)
                return
            self._jobs.append(job)
            self._changed.notify()
            if len(self._threads) < min(_processors(), MOST, len(self._threads) + len(self._jobs)):
                self._begin()
            if not self._threads:
                self._jobs.remove(job)
                job.done.set_result(None)

    def hurry(self, jobs: Sequence[Job]) -> None:
        """Do these before all others."""
        with self._changed:
            for job in reversed(jobs):
                if job in self._jobs:
                    self._jobs.remove(job)
                    self._jobs.appendleft(job)

    def drop(self, jobs: Collection[Job]) -> None:
        """Do these no more: nobody waits for them, and each may take for ever."""
        with self._changed:
            queued = [job for job in self._jobs if job in jobs]
            for job in queued:
                self._jobs.remove(job)
            under_way = [process for process, job in self._doing.items() if job in jobs]
            for job in jobs:
                job.vain = True  # who has it already, but has not begun, shall not begin
        for job in queued:
            job.done.set_result(None)
        for process in under_way:
            process.kill()

    def close(self) -> None:
        """End the processes, whatever they do; what is not done has no result."""
        with self._changed:
            self._closed = True
            left, processes = list(self._jobs), list(self._doing)
            self._jobs.clear()
            self._changed.notify_all()
        for job in left:
            job.done.set_result(None)
        for process in processes:
            process.kill()
        for thread in self._threads:
            thread.join()

    def _begin(self) -> None:
        thread = Thread(target=self._work, daemon=True)
        with suppress(RuntimeError):  # this user may have no more
            thread.start()
            self._threads.append(thread)

    def _work(self) -> None:
        process: subprocess.Popen[bytes] | None = None
        while (job := self._next()) is not None:
            process = process or self._start()
            done = process is not None and self._do(process, job)
            job.done.set_result(job.code if done else None)
            if not done and process is not None:
                self._end(process)
                process = None
        if process is not None:
            self._end(process)

    def _next(self) -> Job | None:
        with self._changed:
            self._changed.wait_for(lambda: self._jobs or self._closed)
            return self._jobs.popleft() if self._jobs else None

    def _start(self) -> subprocess.Popen[bytes] | None:
        with self._changed:
            if self._closed:
                return None
            with suppress(OSError):
                process = subprocess.Popen(
                    self._command,
                    cwd="/",
                    env=self._environ,
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.DEVNULL,
                    start_new_session=True,  # Ctrl-C is for us
                )
                self._doing[process] = None
                return process
        return None

    def _end(self, process: subprocess.Popen[bytes]) -> None:
        with self._changed:
            del self._doing[process]
        process.kill()
        with suppress(OSError), process:  # closing its input may find that it is gone
            pass

    def _do(self, process: subprocess.Popen[bytes], job: Job) -> bool:
        """Let *process* do *job*; whether it did."""
        with self._changed:
            if job.vain:
                return False
            self._doing[process] = job
        done = _told(process, job, self._way)
        with self._changed:
            self._doing[process] = None
        return done


def _told(process: subprocess.Popen[bytes], job: Job, way: str) -> bool:
    told = {"way": way, "sources": str(job.sources), "modules": job.modules, "code": str(job.code)}
    assert process.stdin is not None  # noqa: S101 - pipes were asked for
    assert process.stdout is not None  # noqa: S101
    try:
        process.stdin.write(json.dumps(told).encode() + b"\n")
        process.stdin.flush()
        return bool(process.stdout.readline()) and job.code.is_file()
    except OSError:
        return False


def _processors() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
