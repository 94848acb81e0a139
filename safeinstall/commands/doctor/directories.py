"""The directories of our own: whether they can be written, whose they are, and how much lies in them."""

from __future__ import annotations

import os
import stat
import tempfile
from contextlib import suppress
from typing import TYPE_CHECKING

from safeinstall.commands.doctor.result import Result
from safeinstall.sources.places.directories import CACHE_VARIABLE, STATE_VARIABLE, cache_directory, state_directory

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from safeinstall.commands.doctor.patient import Patient

_MEGABYTE = 1e6


def check_directories(patient: Patient) -> Iterator[Result]:
    """Look at the cache, and at the state directory, which holds receipts and trust."""
    yield _directory("cache", cache_directory(patient.environ), CACHE_VARIABLE)
    yield _directory("state", state_directory(patient.environ), STATE_VARIABLE)


def _directory(check: str, path: Path, variable: str) -> Result:
    elsewhere = f"or name another directory in {variable}"
    place = next((folder for folder in (path, *path.parents) if os.path.lexists(folder)), path)
    try:
        status = place.stat()
        if not stat.S_ISDIR(status.st_mode):
            return Result.problem(check, f"{place} is no directory", f"move it away, {elsewhere}")
        if place == path and status.st_uid != os.geteuid():
            who = f"{path} belongs to another user (uid {status.st_uid})"
            return Result.problem(check, who, f"run: chown -R {os.geteuid()} {path}, {elsewhere}")
        if place == path and status.st_mode & stat.S_IWOTH:
            return Result.problem(check, f"{path} can be written by everybody", f"run: chmod go-w {path}, {elsewhere}")
        with tempfile.TemporaryFile(dir=place):
            pass
    except OSError as error:
        return Result.problem(
            check, f"{place} cannot be written: {error.strerror}", f"make it writable for you, {elsewhere}"
        )
    if place != path:
        return Result.ok(check, f"{path} is made when it is needed")
    return Result.ok(check, f"{path} ({_size(path) / _MEGABYTE:.1f} MB)")


def _size(path: Path) -> int:
    """Return the bytes of all files below *path*. What vanishes meanwhile does not count."""
    total = 0
    for folder, _, names in os.walk(path):
        for name in names:
            with suppress(FileNotFoundError):
                total += os.lstat(os.path.join(folder, name)).st_size  # noqa: PTH118 - one of very many
    return total
