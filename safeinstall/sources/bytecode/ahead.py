"""The modules of this run's wheels, compiled while others are still downloaded. Nothing of them is imported.

A wheel is verified before its modules are read. What a rule denies in the end was compiled in vain, and is kept by
nobody: only what pip asks for, when it installs, is kept for later runs.
"""

from __future__ import annotations

from contextlib import contextmanager
from itertools import count
from threading import Thread
from typing import TYPE_CHECKING

from safeinstall.sources.bytecode.kept import CodeFile
from safeinstall.sources.bytecode.module_sources import ModuleSources
from safeinstall.sources.bytecode.workers import Job, Workers

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping
    from pathlib import Path

    from typing_extensions import Self

    from safeinstall.plan.verified import VerifiedBytes
    from safeinstall.sources.bytecode.kept import KeptBytecode


class BytecodeAhead:
    """Compiles wheels for one interpreter below a private directory. For many threads; close it at the end."""

    def __init__(self, python: str, environ: Mapping[str, str], directory: Path, kept: KeptBytecode) -> None:
        """Make *directory* when it is needed."""
        self._workers, self._directory, self._kept = Workers(python, environ), directory, kept
        self._numbers = count()
        self._jobs: dict[str, list[Job]] = {}
        self._sha256: dict[str, str] = {}
        self._keeping: list[Thread] = []

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
        jobs = self._jobs.setdefault(wheel.path, [])
        sources = ModuleSources(self._new_path, lambda path, modules: self._compile(jobs, path, modules))
        try:
            yield (sources,)
        except BaseException:
            sources.abandon()
            raise
        sources.finish()

    def needs_only(self, paths: Collection[str]) -> None:
        """Compile no wheel but those at *paths* any more."""
        self._workers.drop([job for path, jobs in self._jobs.items() if path not in paths for job in jobs])

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
        files = tuple(CodeFile(str(code)) for job in jobs if (code := job.done.result()) is not None)
        if len(files) == len(jobs):
            self._keeping.append(Thread(target=self._kept.add, args=(sha256, files)))
            self._keeping[-1].start()
        return files

    def discard(self, path: str) -> None:
        """Forget what is kept for the wheel at *path*: it was damaged."""
        if path in self._sha256:
            self._kept.discard(self._sha256[path])

    def _new_path(self) -> Path:
        self._directory.mkdir(mode=0o700, exist_ok=True)
        return self._directory / f"{next(self._numbers)}.py"

    def _compile(self, jobs: list[Job], path: Path, modules: list[tuple[str, int]]) -> None:
        jobs.append(Job(path, modules, path.with_suffix(".code")))
        self._workers.submit(jobs[-1])
