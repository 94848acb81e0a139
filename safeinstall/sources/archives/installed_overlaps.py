"""Which files of wheels would replace those of a distribution that is installed already, and that stays."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING

from safeinstall.sources.archives.file_names import names_in
from safeinstall.sources.archives.installed_files import recorded_files
from safeinstall.sources.archives.overlaps import digest_of
from safeinstall.sources.places.regular_files import read_local

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from packaging.utils import NormalizedName

    from safeinstall.facts.wheels.file_names import FileNames
    from safeinstall.judge.judge import Overlaps
    from safeinstall.plan.plan import VerifiedFile


def find_installed_overlaps(files: Sequence[VerifiedFile], installed: Mapping[NormalizedName, Path]) -> Overlaps:
    """Return what each wheel would replace, and whose it is, unless it is the same.

    *installed* has the metadata directory of every distribution. Those that *files* replace do not count. A list of
    files is read only where a wheel finds something in its place.
    """
    leaving = {file.pin.artifact.name for file in files}
    staying = {name: info for name, info in installed.items() if name not in leaving}
    found: defaultdict[NormalizedName, defaultdict[NormalizedName, list[str]]] = defaultdict(lambda: defaultdict(list))
    for site in {info.parent for info in staying.values()}:
        taken = {file.pin.artifact.name: _taken(file, site) for file in files}
        names = names_in(site)
        owners = _owners(staying, site, names) if any(taken.values()) else {}
        for file in files:
            for path in taken[file.pin.artifact.name]:
                owner = owners.get(names.key(path))
                if owner is not None and digest_of(file, path) != _sha256(site / path):
                    found[file.pin.artifact.name][owner].append(path)
    return {name: {other: tuple(paths) for other, paths in shared.items()} for name, shared in found.items()}


def _taken(file: VerifiedFile, site: Path) -> list[str]:
    """Return which places of *file* something is in. What has no folder in *site* yet is not looked for further."""
    paths = file.layout.modules if file.layout else {}
    tops = {top for top in {path.partition("/")[0] for path in paths} if (site / top).exists()}
    return [path for path in paths if path.partition("/")[0] in tops and (site / path).is_file()]


def _owners(staying: Mapping[NormalizedName, Path], site: Path, names: FileNames) -> dict[str, NormalizedName]:
    return {
        names.key(path): name for name, info in staying.items() if info.parent == site for path in recorded_files(info)
    }


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    for chunk in read_local(path):
        digest.update(chunk)
    return digest.hexdigest()


def metadata_directories(rows: Mapping[NormalizedName, Mapping[str, object]]) -> dict[NormalizedName, Path]:
    """Return where each installed distribution has its metadata, as far as the host said it."""
    return {name: Path(str(row["info"])) for name, row in rows.items() if row.get("info")}
