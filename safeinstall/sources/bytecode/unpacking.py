"""Unpack wheels while pip resolves and installs others, modules with their code (``hosted/installing/placing.py``).

Only what was verified and judged is unpacked, where the journal of the installation has a room for it.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from contextlib import suppress
from pathlib import Path
from threading import Event, Thread
from typing import TYPE_CHECKING, Any
from zipfile import ZipFile

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from typing import BinaryIO

    from typing_extensions import Self

    from safeinstall.sources.bytecode.ahead import BytecodeAhead

_OTHER = ("PYTHONPYCACHEPREFIX", "SOURCE_DATE_EPOCH")
_WAY = re.compile(r"(?P<tag>.+)-(?P<magic>[0-9a-f]{8})-[0-9a-f]+-opt(?P<level>[0-2])(-|$)")


class UnpackingAhead:
    """Unpacks the wheels of one installation, in a thread. To be left when pip has ended, before anything is undone."""

    def __init__(
        self, room: str, wheels: Iterable[Path], bytecode: BytecodeAhead | None, environ: Mapping[str, str]
    ) -> None:
        """Unpack *wheels* in the folder *room*, the largest first; nothing where there is none.

        No code comes with modules where *environ* asks for another place or form of it than most.
        """
        bytecode = None if any(environ.get(name) for name in _OTHER) else bytecode
        self._room, self._library = Path(room), os.path.dirname(room)  # noqa: PTH120
        self._umask = _umask() if room else None
        self._wheels = sorted(wheels, key=lambda wheel: wheel.stat().st_size, reverse=True) if room else []
        self._bytecode = bytecode
        way = _WAY.match(bytecode.way) if bytecode else None
        level = way and int(way["level"])
        self._magic = bytes.fromhex(way["magic"]) if way else b""
        self._suffix = f".{way['tag']}{f'.opt-{level}' if level else ''}.pyc" if way else ""
        self._stopped = Event()
        self._thread: Thread | None = None

    @property
    def told(self) -> dict[str, Any]:
        """What the host has to know: below which library it is, how compiled modules are called, and the umask, since
        files are to have the modes that pip would give them.
        """
        return {"library": self._library, "suffix": self._suffix, "umask": self._umask}

    def __enter__(self) -> Self:
        """Begin."""
        if self._umask is not None and self._wheels:
            thread = Thread(target=self._unpack_all, daemon=True)
            with suppress(RuntimeError):  # this user may have no more
                thread.start()
                self._thread = thread
        return self

    def __exit__(self, *_: object) -> None:
        """Stop, and wait until nothing is written any more, whoever gets impatient."""
        self._stopped.set()
        while self._thread is not None and self._thread.is_alive():
            with suppress(KeyboardInterrupt):
                self._thread.join()

    def _unpack_all(self) -> None:
        with suppress(Exception):  # pip comes to it too, and says what is wrong
            for wheel in self._wheels:
                if self._stopped.is_set():
                    return
                self._unpack_first(wheel, self._room / wheel.name)

    def _unpack_first(self, wheel: Path, folder: Path) -> None:
        """Unpack *wheel* into *folder*, and tell pip of it, unless pip has begun it. Leaves nothing half there."""
        from safeinstall.sources.pip.hosted.installing.placing import TOLD  # noqa: PLC0415 - a dry run needs none

        try:
            folder.mkdir()
        except FileExistsError:
            return
        try:
            told = folder.with_name(f"{folder.name}.part")
            told.write_text(json.dumps(self._unpack(wheel, folder)), encoding="utf-8")
            told.rename(folder.with_name(f"{folder.name}{TOLD}"))
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)  # a disk may be full
            raise

    def _unpack(self, wheel: Path, folder: Path) -> dict[str, list[str]]:
        """Unpack *wheel* into *folder*, and return which members and which compiled modules are there."""
        with ZipFile(wheel) as archive, wheel.open("rb") as stream:
            members = list(self._members(archive, stream, f"{folder}/"))
        wanted = self._bytecode if self._suffix and not _has_modules_elsewhere(archive.namelist(), members) else None
        modules = wanted.modules_of(str(wheel)) if wanted else {}
        # After all members: what the wheel itself brings along in __pycache__ is pip's to overwrite.
        compiled = [each for each in members if each in modules and self._compile(folder, each, *modules[each])]
        return {"members": members, "compiled": compiled}

    def _members(self, archive: ZipFile, stream: BinaryIO, root: str) -> Iterator[str]:
        """Write the members of *archive*, read from *stream*, below *root*, and yield the path of each that was."""
        from safeinstall.sources.pip.hosted.installing.unpacking import unpacked, write_new  # noqa: PLC0415

        made = set()
        for info in archive.infolist():
            if self._stopped.is_set():
                return
            data = unpacked(stream, info) if _is_placeable(info.filename) else None
            above = info.filename.rpartition("/")[0]
            if data is not None and above not in made:
                Path(root, above).mkdir(parents=True, exist_ok=True)
                made.add(above)
            if data is not None and write_new(root + info.filename, data):
                yield info.filename

    def _compile(self, folder: Path, member: str, code: memoryview, at: int, size: int) -> bool:
        """Write the *code* of the module *member* beside it, as Python would (PEP 552); whether it was written."""
        from safeinstall.sources.pip.hosted.installing.bytecode import header, with_filename  # noqa: PLC0415
        from safeinstall.sources.pip.hosted.installing.unpacking import write_new  # noqa: PLC0415

        source = folder / member
        found, cache = source.stat(), source.parent / "__pycache__"
        if found.st_size != size or "/" not in member or source.suffix != ".py" or self._stopped.is_set():
            return False
        cache.mkdir(exist_ok=True)
        data = header(self._magic, found.st_mtime, size) + with_filename(code, at, f"{self._library}/{member}")
        return write_new(f"{cache}/{source.stem}{self._suffix}", data)


def _is_placeable(member: str) -> bool:
    """Whether the path of *member* leads to itself, below where it begins."""
    return os.path.normpath(member) == member and not member.startswith(("/", "..")) and "\\" not in member


def _has_modules_elsewhere(names: Iterable[str], members: Iterable[str]) -> bool:
    """Whether pip puts any module or compiled one of *names* in its place after the directories of *members*.

    That may be where one of these or its code is by then, which pip compiles again.
    """
    come = {member for member in members if not member.partition("/")[0].endswith(".data")}
    return any(name.lower().endswith((".py", ".pyc")) for name in {*names} - come)


def _umask() -> int | None:
    """Return the umask of this process, ``None`` where it cannot be read without changing it for all threads."""
    with suppress(OSError, ValueError), Path("/proc/self/status").open(encoding="ascii", errors="replace") as lines:
        return next((int(line.split()[1], 8) for line in lines if line.startswith("Umask:")), None)
    return None
