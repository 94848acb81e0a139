"""Finds out where the files of a release come from. Nothing of them is run, imported, built or installed."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from packaging.specifiers import SpecifierSet

from safeinstall.errors import SafeInstallError, SourceError, UnsatisfiableError
from safeinstall.facts.artifact import Artifact, ArtifactKind, Source, SourceKind
from safeinstall.facts.origins.origin import AttestedCommit
from safeinstall.facts.origins.project_urls import project_urls
from safeinstall.facts.provenance import Provenance, Unattested
from safeinstall.facts.values import Missing
from safeinstall.judge.attestations import Attestations
from safeinstall.judge.origins import find_sdist
from safeinstall.judge.precedents import listed_files
from safeinstall.report.inspection.model import Compared, InspectedFile, Inspection
from safeinstall.resolve.user_hashes import UserHashes

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from safeinstall.commands.inspect.subject import Subject
    from safeinstall.commands.target import Target
    from safeinstall.facts.artifact import HeldArtifact
    from safeinstall.facts.origins.project_urls import ProjectUrl
    from safeinstall.facts.provenance import ProvenanceFact

_NO_SDIST = Missing("there is none")
_OTHER = "do not install it, unless you know who built it and why it is another"
_NO_WHEEL = "there is no wheel of it for this Python and platform"


@dataclass(slots=True)
class Inspector:
    """Asks the indexes of *target*."""

    target: Target
    other: Artifact | None = field(default=None, init=False)
    """What an index has by the name of the file of this machine, and is another."""

    def __call__(self, subject: Subject) -> Inspection:
        """Inspect *subject*. Raises ``UnsatisfiableError`` where no index has it, and ``SourceError``."""
        own = self._own(subject)
        wheel = own if own and own.kind is ArtifactKind.WHEEL else self._wheel(subject)
        sdist = own if own and own.kind is ArtifactKind.SDIST else self._sdist(subject, wheel)
        found = [file for file in (wheel, sdist) if file is not None and not isinstance(file, Missing)]
        if not found:
            raise UnsatisfiableError(
                f"no index that was asked has {subject.name} {subject.version}", hint="look at its name and version"
            )
        files = [self._inspected(file) for file in found]
        return Inspection(
            name=subject.name,
            version=subject.version,
            files=tuple(files),
            compared=tuple(self._compared(files, sdist if isinstance(sdist, Missing) else None)),
            notes=(*(() if wheel else (_NO_WHEEL,)), *_notes(files)),
        )

    # which files

    def _own(self, subject: Subject) -> Artifact | None:
        """Return the file of this machine, with what the index says of these very bytes."""
        if subject.path is None:
            return None
        path, url = subject.path, subject.path.as_uri()
        listed = next((file for file in self._listed(subject) if file.sha256 == subject.sha256), None)
        if listed is not None:
            return replace(listed, url=url)
        self.other = next((file for file in self._listed(subject) if file.sha256 and file.filename == path.name), None)
        return Artifact(
            name=subject.name,
            version=subject.version,
            filename=path.name,
            url=url,
            kind=ArtifactKind.WHEEL if path.name.lower().endswith(".whl") else ArtifactKind.SDIST,
            source=Source(kind=SourceKind.DIRECT, url=url, name="this machine"),
            hashes={"sha256": subject.sha256 or ""},
            unheard=f"no index that was asked lists a file with the sha256 of {path.name}",
        )

    def _wheel(self, subject: Subject) -> Artifact | None:
        files = self.target.finder.applicable(subject.name, SpecifierSet(f"=={subject.version}"), {})
        wheels = (file for file in files if file.kind is ArtifactKind.WHEEL)
        return next((wheel for wheel in wheels if wheel.version == subject.version), None)

    def _sdist(self, subject: Subject, wheel: Artifact | None) -> Artifact | Missing:
        """Return the source distribution of the release, from where its *wheel* comes."""
        files = [file for file in self._listed(subject) if file.kind is ArtifactKind.SDIST]
        listed = wheel if wheel and wheel.source.kind is not SourceKind.DIRECT else next(iter(files), None)
        if listed is None:
            return Missing(f"there is no source distribution of {subject.name} {subject.version}")
        return find_sdist(listed, self.target.world.index.pages)

    def _listed(self, subject: Subject) -> Sequence[Artifact]:
        files = listed_files(subject.name, self.target.world.index.pages(subject.name))
        return [file for file in files if file.version == subject.version]

    # what is known of them

    def _inspected(self, artifact: Artifact) -> InspectedFile:
        urls = self._urls(self._held(artifact))
        if artifact.source.kind is SourceKind.DIRECT and self.other is not None:
            why = f"{self.other.source.display} has another file of this name, sha256 {self.other.sha256}"
            sha256 = self.other.sha256
            return InspectedFile(artifact=artifact, provenance=Missing(why, _OTHER), index_sha256=sha256, urls=urls)
        provenance, unproved = self._provenance(artifact)
        return InspectedFile(artifact=artifact, provenance=provenance, unproved=unproved, urls=urls)

    def _urls(self, file: HeldArtifact) -> tuple[ProjectUrl, ...]:
        """Return what the metadata of *file* says. Raises ``IntegrityError`` for bytes that its index did not promise.

        What else is wrong with it is told where it is compared.
        """
        downloads = self.target.world.downloads
        with suppress(SourceError):
            downloads.obtain(file)
            with suppress(SafeInstallError):
                return project_urls(downloads.open(file).metadata or b"")
        return ()

    def _provenance(self, artifact: Artifact) -> tuple[ProvenanceFact, Missing | None]:
        """Return what is proved; where nobody can tell whether it holds, what the index says, and why."""
        attestations = Attestations(self.target.world.provenance, self.target.world.index.pages, lambda _: timedelta())
        proved = attestations.fact(artifact, verify=True)
        if not isinstance(proved, Missing):
            return proved, None
        claimed = attestations.fact(artifact, verify=False)
        return (proved, None) if isinstance(claimed, Missing) else (claimed, proved)

    def _compared(self, files: Sequence[InspectedFile], lacking: Missing | None) -> Iterator[Compared]:
        """Yield the wheel against the source distribution, and that, or else the wheel, against the attested commit."""
        comparer = self.target.world.origins
        wheel = next((each for each in files if each.artifact.kind is ArtifactKind.WHEEL), None)
        sdist = next((each for each in files if each.artifact.kind is ArtifactKind.SDIST), None)
        if wheel is not None:
            source: HeldArtifact | Missing = self._held(sdist.artifact) if sdist else lacking or _NO_SDIST
            name = sdist.artifact.filename if sdist else "its source distribution"
            result = comparer.with_sdist(self._held(wheel.artifact), source)
            yield Compared(file=wheel.artifact.filename, source=name, result=result)
        last = sdist or wheel
        commit = AttestedCommit.of(last.provenance) if last else None
        if last is not None and commit is not None:
            result = comparer.with_commit(self._held(last.artifact), commit)
            yield Compared(file=last.artifact.filename, source=commit.shown, result=result)
        elif last is not None:
            nothing = Missing("no commit is proved")
            yield Compared(file=last.artifact.filename, source="the commit it was built from", result=nothing)

    def _held(self, artifact: Artifact) -> HeldArtifact:
        return UserHashes.none(self.target.invocation.selection).hold(artifact)


def _notes(files: Sequence[InspectedFile]) -> Iterator[str]:
    """Yield where the files of one release contradict each other."""
    facts = [file.provenance for file in files]
    who = {each.publishers for each in facts if isinstance(each, Provenance)}
    commits = {commit for each in facts if (commit := AttestedCommit.of(each))}
    if len(who) > 1:
        yield "its files were published by different publishers"
    elif len(commits) > 1:
        yield "its files were built from different commits"
    elif who and any(isinstance(each, Unattested) for each in facts):
        yield "of one of its files nobody says who built it"
