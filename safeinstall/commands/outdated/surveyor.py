"""Finds of each project the newest version, the newest that passes, and the newest that passes within bounds.

Files are judged by their listing and, where a rule asks for it, by their metadata. Nothing is fetched or built.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from packaging.specifiers import SpecifierSet

from safeinstall.errors import SourceError
from safeinstall.facts.evidence import Price
from safeinstall.facts.finding import Finding, Level
from safeinstall.pipeline import make_judge, passes
from safeinstall.request.requirements import Root
from safeinstall.resolve.outcome import Standing, Survey, Unlisted
from safeinstall.resolve.user_hashes import UserHashes

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from packaging.utils import NormalizedName

    from safeinstall.commands.asked import Asked
    from safeinstall.commands.target import Target
    from safeinstall.facts.artifact import Artifact
    from safeinstall.facts.verdict import Verdict
    from safeinstall.judge.judge import Judge
    from safeinstall.policy.model import Policy
    from safeinstall.resolve.finder import CandidateFinder


@dataclass(slots=True)
class Surveyor:
    """Answers from the indexes of *target*. Each is asked for all projects at once."""

    target: Target
    policy: Policy
    finder: CandidateFinder
    hashes: UserHashes
    _judge: Judge = field(init=False)

    @classmethod
    def over(cls, target: Target, policy: Policy) -> Surveyor:
        """Return the surveyor of what *target* would be offered."""
        return cls(target, policy, target.finder, UserHashes.none(target.invocation.selection))

    @staticmethod
    def empty(subject: str) -> Survey:
        """Return what is found out about no requirements."""
        return Survey(subject=subject, standings=(), is_asked=True)

    def __call__(self, asked: Sequence[Asked], subject: str, *, is_asked: bool, unread: tuple[str, ...] = ()) -> Survey:
        """Look all of *asked* up. Never raises for a source that does not answer."""
        self._look_ahead([each.name for each in asked if each.name is not None])
        standings: list[Standing] = []
        unlisted: dict[Unlisted, list[str]] = {}
        problems: dict[str, None] = {}
        for each in asked:
            try:
                found = self._standing(each, is_asked=is_asked)
            except SourceError as error:
                problems[error.message] = None
                continue
            if isinstance(found, Standing):
                standings.append(found)
            else:
                unlisted.setdefault(found, []).append(each.label)
        return Survey(
            subject=subject,
            standings=tuple(standings),
            is_asked=is_asked,
            unlisted={why: tuple(names) for why, names in unlisted.items()},
            problems=tuple(problems),
            unread=unread,
        )

    def _look_ahead(self, names: Sequence[NormalizedName]) -> None:
        """Start all pages, then, where a rule asks, provenance and metadata of whatever each listing lets pass."""
        world, invocation = self.target.world, self.target.invocation
        for name in names:
            world.index.prefetch_pages(name)
        roots = tuple(Root(name=name) for name in names)
        self._judge = make_judge(
            replace(invocation, roots=(*invocation.roots, *roots)), self.policy, world, self.finder, self.target.as_of
        )
        for name in names if self._judge.attests or self._judge.asks(Price.METADATA) else ():
            self._want(name)

    def _want(self, name: NormalizedName) -> None:
        try:
            files = self._files(name, SpecifierSet())
        except SourceError:  # told when it is its turn
            return
        best = next((file for file in files if self._judge.foresee(file)), None)
        if best and self._judge.asks(Price.METADATA):
            self.target.world.index.prefetch_metadata(self.hashes.hold(best))

    def _files(self, name: NormalizedName, specifier: SpecifierSet) -> list[Artifact]:
        return self.finder.applicable(name, specifier, {})

    def _standing(self, asked: Asked, *, is_asked: bool) -> Standing | Unlisted:
        if asked.name is None:
            return Unlisted.DIRECT
        files = self._files(asked.name, SpecifierSet())
        own = self.finder.applicable(asked.name, asked.specifier, asked.hashes) if is_asked else files
        if not files:  # of pre-releases alone pip takes one that is asked for by name
            files = own
        if not files:
            return self._unlisted(asked.name)
        passing = self._passing(files)
        newest = self._newest(files, passing)
        within = self._passing(own) if is_asked else None
        present = (within.artifact.version if within else None) if is_asked else asked.installed
        return Standing(
            name=asked.name,
            present=asked.present,
            newest=newest,
            passing=passing,
            within=within,
            is_behind=present is None or newest.artifact.version > present,
        )

    def _unlisted(self, name: NormalizedName) -> Unlisted:
        pages = self.finder.index.pages(name)
        if any(page.source.denied for page in pages):
            return Unlisted.CLOSED
        return Unlisted.UNFIT if pages else Unlisted.UNKNOWN

    def _passing(self, files: Iterable[Artifact]) -> Verdict | None:
        best = next((file for file in files if self._passes(file)), None)
        return None if best is None else self._judge(best, None)

    def _passes(self, file: Artifact) -> bool:
        return passes(self.hashes.hold(file), self.finder.index, self._judge)

    def _newest(self, files: Sequence[Artifact], passing: Verdict | None) -> Verdict:
        """Return the verdict on the newest version: the file that passes, else will first, else would be taken."""
        version = files[0].version
        if passing is not None and passing.artifact.version == version:
            return passing
        verdicts = [self._told(file) for file in files if file.version == version]
        ending = {verdict.complies_from: verdict for verdict in reversed(verdicts) if verdict.complies_from}
        return ending[min(ending)] if ending else verdicts[0]

    def _told(self, file: Artifact) -> Verdict:
        """Return the verdict on a *file* that does not pass, be it for metadata that nobody can read."""
        verdict = self._judge(file, None)
        if verdict.denied:
            return verdict
        finding = Finding(
            rule="metadata",
            level=Level.DENY,
            message="its metadata cannot be read, so that pip passes it over",
            key="metadata",
        )
        return verdict.also((finding,))
