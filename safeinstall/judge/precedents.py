"""How a project's files came before: which earlier file another one is compared with. Pure: it asks nobody."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, TypeAlias

from safeinstall.facts.artifact import Artifact, ArtifactKind
from safeinstall.facts.file_versions import file_version, split_sdist

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import datetime

    from packaging.utils import NormalizedName
    from packaging.version import Version

    from safeinstall.ports import ListedFile, ProjectPage

    Release: TypeAlias = Sequence[tuple[datetime, Artifact]]
    """The files of one version with the times of their uploads, the first before the others."""

SETTLED = timedelta(days=1)
"""What was uploaded less than this before a file came with it, or from the same hand, whatever the policy asks for."""
BELIEVED = timedelta(days=30)
"""What was uploaded this long before a file counts whatever the policy asks for: a layer that may only tighten must not
hide by greater ages how files came before."""
LATEST, LATELY = 5, timedelta(days=60)
"""How many releases are the latest; and those of so long before the newest are, too."""
_NUMBERS = re.compile(r"\d+(?:_\d+)*(?=_|$)")
_TAGS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Earlier:
    """The file that a later one is compared with, and how the project's files came up to then."""

    artifact: Artifact
    upload_time: datetime
    since: datetime | None
    """See :class:`~safeinstall.facts.provenance.Precedent`, as :attr:`carried`."""
    carried: tuple[str, ...]


def listed_files(name: NormalizedName, pages: Sequence[ProjectPage]) -> tuple[Artifact, ...]:
    """Return every wheel and source distribution of *name* on *pages*; of the wheels for other targets the first that
    was attested of each version.
    """
    files = (_artifact(name, file, page) for page in pages for file in _once_each(page))
    return tuple(file for file in files if file is not None)


def _once_each(page: ProjectPage) -> Iterable[ListedFile]:
    listed = (*page.attested_elsewhere.values(), *page.files, *page.beside)
    return {file.filename: file for file in listed}.values()


def earlier_file(
    artifact: Artifact, listed: Sequence[Artifact], as_of: datetime, minimum_age: timedelta
) -> Earlier | None:
    """Return what *artifact*, whose upload time is known, is compared with; ``None`` where there is nothing.

    Of the *listed* files of its project those count that were uploaded before it, whichever version they are of, and
    were as old then as *minimum_age*, within bounds: a thief's second release is not compared with the first. The
    newest release of these is taken, by its first upload; one that is taken back (PEP 592) only where there is no
    other, or it was attested and that one was not; and one without a file of this kind for this system only where none
    of the latest has one: what is built by hand comes later, or not each time. Of that the file is meant that is most
    like *artifact*, of equals one that is attested.
    """
    before = list(_before(artifact, listed, as_of, minimum_age))
    releases: dict[Version, list[tuple[datetime, Artifact]]] = {}
    for time, file in before:  # from the first upload on
        releases.setdefault(file.version, []).append((time, file))
    if not releases:
        return None
    release = _comparable(artifact, _believed(list(releases.values())))
    time, like = max(release, key=lambda one: (*_likeness(artifact, one[1]), one[1].provenance is not None))
    others = [file for _, file in release if file.provenance is not None]
    carried = () if like.provenance is not None else tuple(file.filename for file in others)
    return Earlier(artifact=like, upload_time=time, since=_since(before), carried=carried)


def _comparable(artifact: Artifact, releases: Sequence[Release]) -> Release:
    newest = releases[-1]
    for number, files in enumerate(reversed(releases)):
        if number >= LATEST and newest[0][0] - files[0][0] > LATELY:
            break
        if any(all(_likeness(artifact, file)[:2]) for _, file in files):
            return files
    return newest


def _believed(releases: Sequence[Release]) -> Sequence[Release]:
    """Return the *releases* that stand. Whoever has stolen an account can take back all that were attested."""
    standing = [release for release in releases if any(file.yanked is None for _, file in release)]
    if not standing:
        return releases
    later = [release for release in releases if release[0][0] > standing[-1][0][0] and _is_attested(release)]
    return later if later and not _is_attested(standing[-1]) else standing


def _is_attested(release: Release) -> bool:
    return any(file.provenance is not None for _, file in release)


def _before(
    artifact: Artifact, listed: Sequence[Artifact], as_of: datetime, minimum_age: timedelta
) -> Iterator[tuple[datetime, Artifact]]:
    """Yield the files that count, in the order of their uploads."""
    uploaded, enough = artifact.upload_time, min(max(minimum_age, SETTLED), BELIEVED)
    timed = sorted(
        ((file.upload_time, file.filename, file) for file in listed if file.upload_time is not None),
        key=lambda one: one[:2],
    )
    for time, _, file in timed:
        if uploaded is None or time >= uploaded:
            continue
        if min(as_of, uploaded) - time >= enough:
            yield time, file


def _since(before: Sequence[tuple[datetime, Artifact]]) -> datetime | None:
    since = None
    for time, file in reversed(before):
        if file.provenance is None:
            break
        since = time
    return since


def _likeness(one: Artifact, other: Artifact) -> tuple[bool, bool, bool, bool]:
    """Compare kind, then platform: the system, its version, at last all tags."""
    mine, theirs = _tags(one.filename), _tags(other.filename)
    is_of_family = not _systems(mine[-1]).isdisjoint(_systems(theirs[-1]))
    return one.kind is other.kind, is_of_family, mine[-1] == theirs[-1], mine == theirs


def _systems(platforms: str) -> set[str]:
    """Return the systems and machines of a set of platform tags, without their versions."""
    return {_NUMBERS.sub("", platform).replace("__", "_") for platform in platforms.split(".")}


def _tags(filename: str) -> tuple[str, ...]:
    """Return Python, ABI and platform of a wheel."""
    return tuple(filename.removesuffix(".whl").split("-")[-_TAGS:]) if filename.endswith(".whl") else ("",)


def _artifact(name: NormalizedName, file: ListedFile, page: ProjectPage) -> Artifact | None:
    is_wheel = file.filename.endswith(".whl")
    version = file_version(file.filename, name, file.egg) if is_wheel or split_sdist(file.filename) else None
    if version is None:
        return None
    return Artifact(
        name=name,
        version=version,
        filename=file.filename,
        url=file.url,
        kind=ArtifactKind.WHEEL if is_wheel else ArtifactKind.SDIST,
        source=page.source,
        hashes=file.hashes,
        size=file.size,
        upload_time=file.upload_time,
        yanked=file.yanked,
        provenance=file.provenance,
        unheard=page.unheard,
    )
