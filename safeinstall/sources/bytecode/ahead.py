"""The modules of this run's wheels, compiled while others are still downloaded. Nothing of them is imported.

A wheel is verified before its modules are read. What a rule denies in the end was compiled in vain, and is kept by
nobody: only what pip asks for, when it installs, is kept for later runs.
"""

from __future__ import annotations

from contextlib import contextmanager, suppress
from itertools import count
from threading import Thread
from typing import TYPE_CHECKING, TypeAlias

from safeinstall.sources.bytecode.kept import CodeFile
from safeinstall.sources.bytecode.module_sources import ModuleSources
from safeinstall.sources.bytecode.workers import Job, Workers

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping
    from pathlib import Path

    from typing_extensions import Self

    from safeinstall.plan.verified import VerifiedBytes
    from safeinstall.sources.bytecode.kept import KeptBytecode

ReadyModule: TypeAlias = "tuple[memoryview, int, int]"
MOST = 256 << 20
"""Bytes of the code of one wheel: pip holds it in memory, and compiles what is beyond."""


class BytecodeAhead:
    """Compiles wheels for one interpreter below a private directory. For many threads; close it at the end."""

    def __init__(self, python: str, environ: Mapping[str, str], directory: Path, kept: KeptBytecode) -> None:
        """Make *directory* when it is needed."""
        self._workers = Workers(python, environ, kept.interpreter)
        self._directory, self._kept = directory, kept
        self._numbers = count()
        self._jobs: dict[str, list[Job]] = {}
        self._sha256: dict[str, str] = {}
        self._keeping: list[Thread] = []
        self._needed: frozenset[str] | None = None

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """End what still compiles, and let what is kept stay within its limit."""
        self._workers.close()
        for thread in self._keeping:
            thread.join()
        if self._keeping:
            self._kept.prune()

    @contextmanager
    def reading(self, wheel: VerifiedBytes) -> Iterator[tuple[ModuleSources, ...]]:
        """Give who has to see the members of *wheel* while they are read: nobody, where its code is kept."""
        self._sha256[wheel.path] = wheel.sha256
        if self._kept.find(wheel.sha256):
            yield ()
            return
        self._jobs.setdefault(wheel.path, [])
        sources = ModuleSources(self._new_path, lambda path, modules: self._compile(wheel.path, path, modules))
        try:
            yield (sources,)
        except BaseException:
            sources.abandon()
            raise
        sources.finish()

    def needs_only(self, paths: Collection[str]) -> None:
        """Compile no wheel but those at *paths* any more."""
        self._needed = frozenset(paths)
        vain = [jobs for path, jobs in list(self._jobs.items()) if path not in self._needed]  # some may still be read
        self._workers.drop([job for jobs in vain for job in list(jobs)])

    def code_of(self, path: str) -> tuple[CodeFile, ...]:
        """Return where the code of the wheel at *path* is, as soon as it is all there; without it, pip compiles."""
        sha256 = self._sha256.get(path)
        if sha256 is None:
            return ()
        if path not in self._jobs:
            found = self._kept.find(sha256)
            return (found,) if found else ()
        jobs = self._jobs[path]
        self._workers.hurry(jobs)
        files = _within(MOST, [code for job in jobs if (code := job.done.result()) is not None])
        if len(files) == len(jobs):
            self._keep(sha256, files)
        return files

    @property
    def way(self) -> str:
        """How modules are compiled (``hosted/installing/bytecode.py``)."""
        return self._kept.interpreter

    def modules_of(self, path: str) -> Mapping[str, ReadyModule]:
        """Return by member the code of the modules of the wheel at *path*, where its path stands in it, and the size of
        its source, if all is there by now.
        """
        from safeinstall.sources.pip.hosted.installing.ready_code import read_code  # noqa: PLC0415 - a dry run needs none

        if not all(job.done.done() for job in self._jobs.get(path, ())):
            return {}
        modules: dict[str, ReadyModule] = {}
        for file in self.code_of(path):
            modules |= read_code(*file) or {}
        return modules

    def discard(self, path: str) -> None:
        """Forget what is kept for the wheel at *path*: it was damaged."""
        if path in self._sha256:
            self._kept.discard(self._sha256[path])

    def _new_path(self) -> Path:
        self._directory.mkdir(mode=0o700, exist_ok=True)
        return self._directory / f"{next(self._numbers)}.py"

    def _compile(self, wheel: str, path: Path, modules: list[tuple[str, int]]) -> None:
        job = Job(path, modules, path.with_suffix(".code"))
        self._jobs[wheel].append(job)
        job.vain = job.vain or (self._needed is not None and wheel not in self._needed)
        self._workers.submit(job)

    def _keep(self, sha256: str, files: tuple[CodeFile, ...]) -> None:
        thread = Thread(target=self._kept.add, args=(sha256, files))
        with suppress(RuntimeError):  # this user may have no more
            thread.start()
            self._keeping.append(thread)


def _within(limit: int, paths: list[Path]) -> tuple[CodeFile, ...]:
    """Return the first of *paths* that have no more than *limit* bytes together."""
    found = []
    for path in paths:
        with suppress(OSError):
            limit -= path.stat().st_size
            if limit >= 0:
                found.append(CodeFile(str(path)))
    return tuple(found)
