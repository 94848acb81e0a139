"""Find the smallest change of pins that the policy lets pass.

The search is pip's own, over the same judged files: the requirements that stand in the way lose their bounds, and of
each project the version nearest to the present one is tried first.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from packaging.specifiers import SpecifierSet
from packaging.utils import InvalidSdistFilename, InvalidWheelFilename, parse_sdist_filename, parse_wheel_filename
from packaging.version import InvalidVersion

from safeinstall.errors import UnsatisfiableError
from safeinstall.pipeline import make_judge, make_provider, plan_build, run
from safeinstall.plan.plan import without_credentials
from safeinstall.repair.entries import Change
from safeinstall.repair.specifiers import respecify
from safeinstall.resolve.finder import CandidateFinder
from safeinstall.resolve.nearest import NearestFinder
from safeinstall.resolve.resolution import BuildRefusedError, Refusal, Resolution, resolve

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from packaging.utils import NormalizedName
    from packaging.version import Version

    from safeinstall.facts.artifact import Artifact
    from safeinstall.facts.verdict import Verdict
    from safeinstall.pipeline import World
    from safeinstall.policy.model import Policy
    from safeinstall.ports import IndexSource, ListedFile
    from safeinstall.repair.entries import Entry
    from safeinstall.request.invocation import Invocation
    from safeinstall.request.requirements import Root


@dataclass(frozen=True, slots=True, kw_only=True)
class Repair:
    """What became of the attempt."""

    changes: Mapping[NormalizedName, Change] = field(default_factory=dict)
    """Empty when there is nothing to do."""
    present: Mapping[NormalizedName, Version] = field(default_factory=dict)
    """The versions that these projects move away from."""
    reasons: Mapping[NormalizedName, Verdict] = field(default_factory=dict)
    """The denials of these versions; a project that moves for the sake of others has none."""
    refusal: Refusal | None = None
    """Why something was to be done; what stands if it could not be."""
    newest_passing: Mapping[NormalizedName, Artifact] = field(default_factory=dict)
    problem: str = ""
    """Why it cannot be repaired; empty if it can."""


@dataclass(frozen=True, slots=True)
class Search:
    """One search for a repair of *entries*."""

    entries: Sequence[Entry]
    origin: str
    """How the origin of a root begins that an entry stands for."""
    invocation: Invocation
    policy: Policy
    world: World
    as_of: datetime
    closed: bool = False
    """Whether nothing else may be installed than *entries*, as by a lock."""

    def __call__(self) -> Repair:
        """Search, and verify what was found by resolving all of it again.

        Raises ``UnsatisfiableError`` where pip alone would fail too, and what the sources raise.
        """
        outcome = run(self.invocation, self.policy, self.world, self.as_of)
        if outcome.refused is None:
            return Repair()
        failed = Repair(refusal=outcome.refused, newest_passing=outcome.newest_passing)
        present = self._present()
        found = self._found(outcome.refused, present)
        if found is None:
            return replace(failed, problem="no choice of versions passes")
        if self.closed and (more := {pin.artifact.name for pin in found.pins} - {e.name for e in self.entries}):
            return replace(failed, problem=f"what passes requires {', '.join(sorted(more))} too: lock again")
        changes = self._changes(found, present)
        problem = self._objection(changes)
        if problem:
            return replace(failed, problem=problem)
        return replace(failed, changes=changes, present=present, reasons=self._reasons(changes, present))

    def _entry(self, root: Root) -> Entry | None:
        if not root.origin.startswith(self.origin) or root.reference is not None:
            return None
        return next((e for e in self.entries if (e.name, e.specifier) == (root.name, root.specifier)), None)

    def _present(self) -> dict[NormalizedName, Version]:
        """Return the versions that pip alone would take for what may change."""
        finder = CandidateFinder(self.world.index, self.invocation.selection)
        present = {}
        for entry in filter(None, map(self._entry, self.invocation.roots)):
            files = finder.applicable(entry.name, entry.specifier, {})
            if files:
                present[entry.name] = files[0].version
        return present

    def _found(self, refusal: Refusal, present: Mapping[NormalizedName, Version]) -> Resolution | None:
        """Let go of what is blamed, then of all that may change, until something passes."""
        free: frozenset[NormalizedName] = frozenset()
        blamed = _blamed(refusal)
        while more := (frozenset(present) - free) & blamed or frozenset(present) - free:
            free |= more
            result = self._attempt(free, present)
            if isinstance(result, Resolution):
                return result
            blamed = _blamed(result) if result else frozenset()
        return None

    def _attempt(
        self, free: frozenset[NormalizedName], present: Mapping[NormalizedName, Version]
    ) -> Resolution | Refusal | None:
        invocation = self._with({name: (SpecifierSet(), frozenset()) for name in free})
        # Which hashes are to be listed is found out with the versions.
        invocation = replace(invocation, selection=replace(invocation.selection, require_hashes=False))
        policy = self.policy.without(frozenset({"hashes"}))
        finder = NearestFinder(self.world.index, invocation.selection, present={name: present[name] for name in free})
        judge = make_judge(invocation, policy, self.world, finder, self.as_of)
        self.world.build_with(lambda texts: plan_build(texts, invocation, policy, self.world, finder, judge))
        try:
            return resolve(make_provider(invocation, policy, self.world, finder, judge), invocation.roots)
        except (UnsatisfiableError, BuildRefusedError):
            return None

    def _with(self, given: Mapping[NormalizedName, tuple[SpecifierSet, frozenset[str]]]) -> Invocation:
        """Return the invocation with other specifiers and hashes for some of what may change."""
        roots = tuple(
            replace(root, specifier=given[entry.name][0], hashes=given[entry.name][1])
            if (entry := self._entry(root)) and entry.name in given
            else root
            for root in self.invocation.roots
        )
        return replace(self.invocation, roots=roots)

    def _changes(self, found: Resolution, present: Mapping[NormalizedName, Version]) -> dict[NormalizedName, Change]:
        chosen = {pin.artifact.name: pin.artifact.version for pin in found.pins}
        moved = {e.name: e for e in self.entries if e.name in present and e.name in chosen}
        return {
            name: Change(chosen[name], published_files(self.world.index, name, chosen[name]) if entry.hashes else ())
            for name, entry in moved.items()
            if not entry.specifier.contains(chosen[name], prereleases=True)
        }

    def _reasons(
        self, changes: Mapping[NormalizedName, Change], present: Mapping[NormalizedName, Version]
    ) -> dict[NormalizedName, Verdict]:
        finder = CandidateFinder(self.world.index, self.invocation.selection)
        judge = make_judge(self.invocation, self.policy, self.world, finder, self.as_of)
        files = (finder.applicable(name, SpecifierSet(f"=={present[name]}"), {})[0] for name in changes)
        return {file.name: verdict for file in files if (verdict := judge(file, None)).denied}

    def _objection(self, changes: Mapping[NormalizedName, Change]) -> str:
        """Resolve the changed requirements as an installation would; return why that fails, if so."""
        given = {}
        for entry in filter(None, map(self._entry, self.invocation.roots)):
            if change := changes.get(entry.name):
                if entry.hashes and not change.hashes:
                    return f"no index publishes a sha256 of {entry.name} {change.version}"
                digests = frozenset(f"sha256:{digest}" for digest in change.hashes)
                given[entry.name] = SpecifierSet(respecify(str(entry.specifier), change.version)), digests
        try:
            outcome = run(self._with(given), self.policy, self.world, self.as_of)
        except UnsatisfiableError as error:
            return error.message
        return "" if outcome.refused is None else "the versions that would pass are kept out by other requirements"


def _blamed(refusal: Refusal) -> frozenset[NormalizedName]:
    """Return the projects that a refusal speaks of: what is refused, and who requires it."""
    refused = {verdict.artifact.name for verdict in refusal.verdicts}
    requiring = {who.by for name in refused for who in refusal.required_by.get(name, ()) if who.by is not None}
    return frozenset(refused | requiring)


def published_files(index: IndexSource, name: NormalizedName, version: Version) -> tuple[ListedFile, ...]:
    """Return every file of *version* that has a sha256, for whatever platform, by file name; without credentials."""
    files = (file for page in index.pages(name) for file in page.files)
    found = {file.filename: file for file in files if "sha256" in file.hashes and _version(file.filename) == version}
    return tuple(replace(file, url=without_credentials(file.url)) for _, file in sorted(found.items()))


def _version(filename: str) -> Version | None:
    try:
        return (parse_wheel_filename if filename.endswith(".whl") else parse_sdist_filename)(filename)[1]
    except (InvalidWheelFilename, InvalidSdistFilename, InvalidVersion):
        return None
