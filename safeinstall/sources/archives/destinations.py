"""Whether pip can put every file of a plan in its place in the target environment: pip finds that out half way."""

from __future__ import annotations

import os
import posixpath
from pathlib import Path
from typing import TYPE_CHECKING

from safeinstall.errors import DiskError, UnsatisfiableError
from safeinstall.sources.archives.installed_files import recorded_files
from safeinstall.sources.archives.members import refusal, shown
from safeinstall.sources.archives.wheel_places import GENERATED, Tree, wheel_places

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from packaging.utils import NormalizedName

    from safeinstall.errors import SafeInstallError
    from safeinstall.plan.plan import VerifiedFile

_PATH_MAX = os.pathconf("/", "PC_PATH_MAX")
_WAY_OUT = "move it away, then try again"


def check_destinations(
    files: Sequence[VerifiedFile],
    scheme: Mapping[str, str],
    installed: Mapping[NormalizedName, Path],
    target: str | None = None,
) -> None:
    """Raise the error that pip would come to, or worse, while it puts *files* below the directories of *scheme*.

    *installed* has the metadata directory of every distribution there: pip removes the files of one before it installs
    another version of it. *target* is where pip moves it all in the end (``--target``). What is built is not known yet.

    Raises:
        IntegrityError: a wheel has a file where it has a directory.
        UnsatisfiableError: one wheel has a file where another has a directory.
        DiskError: something else is in the place of a file, or it cannot be written.
    """
    tree = plant(files, scheme)
    old = {file.pin.artifact.filename: installed.get(file.pin.artifact.name) for file in files}
    missing = _check_directories(tree, old)
    for place, owner in tree.files.items():
        if posixpath.dirname(place) not in missing:
            _check_file(place, owner, old[owner])
        _check_name(place, owner)
    if target and tree.files:
        _check_writable(target, next(iter(tree.files.values())))


def plant(files: Sequence[VerifiedFile], scheme: Mapping[str, str]) -> Tree:
    """Return where pip puts *files*, and for which of them. Raises as :func:`check_destinations`."""
    tree = Tree()
    for file in files:
        filename = file.pin.artifact.filename
        for place in _places(file, scheme):
            if taken := tree.add(place, filename):
                raise _clash(*taken, filename)
    return tree


def _clash(place: str, one: str, other: str) -> SafeInstallError:
    if one == other:
        return refusal(one, f"would make {shown(place)} a file and a directory")
    return UnsatisfiableError(
        f"{one} and {other} cannot be installed together: {place} would be a file and a directory",
        hint="ask for other versions, or for one of them alone",
    )


def _places(file: VerifiedFile, scheme: Mapping[str, str]) -> Iterator[str]:
    layout = file.layout
    if layout is None or not scheme:
        return
    library = scheme["purelib" if layout.pure else "platlib"]
    schemes = {**scheme, "headers": posixpath.join(scheme["headers"], file.pin.artifact.name)}
    commands = [name for name, target in layout.scripts.items() if target]
    for place, _ in wheel_places(layout.members, commands, schemes, library):
        yield posixpath.normpath(place)
    dist_info = next(m for m in layout.members if m.endswith(".dist-info/RECORD")).partition("/")[0]
    for name in GENERATED:
        yield posixpath.join(library, dist_info, name)


def _check_directories(tree: Tree, old: Mapping[str, Path | None]) -> set[str]:
    """Return the directories that pip will have to make."""
    missing: set[str] = set()
    for directory, owner in sorted(tree.directories.items(), key=_length):  # those above come first
        if posixpath.dirname(directory) in missing or not os.path.lexists(directory):
            missing.add(directory)
        elif not Path(directory).is_dir():
            if not _all_leave([directory], old[owner]):
                raise _obstacle(owner, f"a directory is needed where {directory} is none", _WAY_OUT)
            missing.add(directory)
    receiving = {posixpath.dirname(path) for path in (*tree.files, *missing)} - missing
    for directory in sorted(receiving):
        _check_writable(directory, tree.directories[directory])
    return missing


def _check_writable(directory: str, owner: str) -> None:
    """Raise DiskError unless a file can be made in *directory*, or this directory in one above it."""
    place = next(above for above in (Path(directory), *Path(directory).parents) if os.path.lexists(above))
    if not os.access(place, os.W_OK | os.X_OK):
        hint = "make it writable for this user, or choose another place (--user, --target)"
        raise _obstacle(owner, f"{place} cannot be written", hint)


def _length(item: tuple[str, str]) -> int:
    return len(item[0])


def _check_file(place: str, owner: str, old: Path | None) -> None:
    if not Path(place).is_dir() or Path(place).is_symlink():
        return
    below = [posixpath.join(top, name) for top, _, names in os.walk(place) for name in names]
    if not _all_leave(below, old):
        raise _obstacle(owner, f"a file is needed where {place} is a directory", _WAY_OUT)


def _check_name(place: str, owner: str) -> None:
    try:
        size = len(os.fsencode(place))
    except UnicodeEncodeError:
        hint = "use a locale with UTF-8 (LC_ALL=C.UTF-8)"
        raise _obstacle(owner, f"this locale has no way to write {place!a}", hint) from None
    if size >= _PATH_MAX:
        problem = f"a path below {place[:60]}… would be longer than {_PATH_MAX - 1} bytes"
        raise _obstacle(owner, problem, "choose an environment with a shorter path")


def _all_leave(paths: Sequence[str], old: Path | None) -> bool:
    """Whether *paths* are files of the version that pip removes first (pip: ``uninstallation_paths``)."""
    if old is None or not paths:
        return False
    site = os.path.realpath(old.parent)
    recorded = {posixpath.normpath(posixpath.join(site, path)) for path in recorded_files(old)}
    return all(_source(_settled(path)) in recorded for path in paths)


def _settled(path: str) -> str:
    return posixpath.join(os.path.realpath(posixpath.dirname(path)), posixpath.basename(path))


def _source(path: str) -> str:
    """Return the module of which *path* is the compiled form, else *path*: pip removes these with it."""
    folder, name = posixpath.split(path)
    if posixpath.basename(folder) != "__pycache__":
        return path
    return posixpath.join(posixpath.dirname(folder), f"{name.partition('.')[0]}.py")


def _obstacle(owner: str, problem: str, hint: str) -> DiskError:
    return DiskError(f"{owner} cannot be installed: {problem}", hint=hint)
