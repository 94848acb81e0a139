"""Gathers the modules of a wheel while its members are unpacked once, for the checks."""

from __future__ import annotations

from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

BATCH = 256 << 10
"""Bytes of source that are compiled in one go: few enough for all processors to have work until the end."""
LARGEST = 8 << 20
"""Bytes of one module from which on it is left to pip."""


class ModuleSources:
    """A visitor of a wheel's members (``archives/member_bytes.py``) that writes its modules to files.

    *compile_batch* gets each file, and the modules in it, with the size of each, in their order.
    """

    def __init__(
        self, new_path: Callable[[], Path], compile_batch: Callable[[Path, list[tuple[str, int]]], None]
    ) -> None:
        """Write to a *new_path* for each batch."""
        self._new_path, self._compile_batch = new_path, compile_batch
        self._file: IO[bytes] | None = None
        self._path = Path()
        self._modules: list[tuple[str, int]] = []
        self._member, self._size, self._total = "", 0, 0
        self._gave_up = False

    def begin(self, member: str) -> None:
        """The bytes of *member* follow."""
        self._member, self._size = (member if member.endswith(".py") and not self._gave_up else ""), 0
        if self._member and self._file is None:
            with self._giving_up():
                self._path = self._new_path()
                self._file = self._path.open("xb")

    def feed(self, chunk: bytes) -> None:
        """Keep the next bytes of a module."""
        if self._member and self._file is not None:
            self._size += len(chunk)
            with self._giving_up():
                self._file.write(chunk) if self._size <= LARGEST else self._leave_out(self._file)

    def end(self) -> None:
        """The module is whole."""
        if not self._member:
            return
        self._modules.append((self._member, self._size))
        self._total += self._size
        if self._total >= BATCH:
            self._hand_over()

    def finish(self) -> None:
        """All members were whole, and are what RECORD says."""
        self._hand_over()

    def abandon(self) -> None:
        """The wheel is not what it should be."""
        if self._file is not None:
            with suppress(OSError):
                self._file.close()
            with suppress(OSError):
                self._path.unlink()
        self._file, self._modules, self._total, self._member = None, [], 0, ""

    def _leave_out(self, file: IO[bytes]) -> None:
        """Take back what was written of this module: it may go on for gigabytes."""
        file.seek(self._total)
        file.truncate()
        self._member = ""

    def _hand_over(self) -> None:
        if self._file is not None:
            with self._giving_up():
                self._file.close()
                self._compile_batch(self._path, self._modules)
        self._file, self._modules, self._total = None, [], 0

    @contextmanager
    def _giving_up(self) -> Iterator[None]:
        """Leave the rest to pip where nothing can be written: what is only faster must not fail."""
        try:
            yield
        except OSError:
            self._gave_up = True
            self.abandon()
