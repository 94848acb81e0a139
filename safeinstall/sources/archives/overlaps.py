"""Which files several wheels of one plan would each install: pip lets the last one win, and says nothing."""

from __future__ import annotations

import hashlib
import zipfile
from collections import defaultdict
from itertools import permutations
from typing import TYPE_CHECKING

from safeinstall.facts.wheels.file_names import FileNames

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from packaging.utils import NormalizedName

    from safeinstall.judge.judge import Overlaps
    from safeinstall.plan.plan import VerifiedFile

_EXACT = FileNames()


def find_overlaps(files: Sequence[VerifiedFile], names: FileNames = _EXACT) -> Overlaps:
    """Return what each wheel shares with which other, unless it is the same in both; *names* says what is one place.

    Only members that stand in two wheels are read: packages of one namespace often share an ``__init__.py``, and the
    checksum of a zip is no proof that two of them are the same.
    """
    found: defaultdict[NormalizedName, defaultdict[NormalizedName, list[str]]] = defaultdict(lambda: defaultdict(list))
    for owners in _shared(files, names):
        for (one, path, content), (other, _, others) in permutations(owners, 2):
            if content != others and one is not other:
                found[one.pin.artifact.name][other.pin.artifact.name].append(path)
    return {name: {other: tuple(paths) for other, paths in shared.items()} for name, shared in found.items()}


def _shared(files: Sequence[VerifiedFile], names: FileNames) -> Iterator[list[tuple[VerifiedFile, str, str]]]:
    """Yield each place that is taken twice: who takes it, by which path, and what for."""
    modules: defaultdict[str, list[tuple[VerifiedFile, str]]] = defaultdict(list)
    scripts: defaultdict[str, list[tuple[VerifiedFile, str, str]]] = defaultdict(list)
    for file in files:
        for path in file.layout.modules if file.layout else ():
            modules[names.key(path)].append((file, path))
        for name, target in file.layout.scripts.items() if file.layout else ():
            scripts[names.key(name)].append((file, f"bin/{name}", target or file.sha256))
    for owners in modules.values():
        if len(owners) > 1:
            yield [(owner, path, digest_of(owner, path)) for owner, path in owners]
    yield from (commands for commands in scripts.values() if len(commands) > 1)


def digest_of(file: VerifiedFile, path: str) -> str:
    """Return the sha256 of the member that becomes *path*; the archive has been checked before."""
    member = file.layout.modules[path] if file.layout else path
    digest = hashlib.sha256()
    with zipfile.ZipFile(file.path) as archive, archive.open(member) as stream:
        while chunk := stream.read(1 << 20):
            digest.update(chunk)
    return digest.hexdigest()
