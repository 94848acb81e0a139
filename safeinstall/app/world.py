"""The world of one run, put together from ``sources/``: what ``pipeline`` asks of it, and nothing more."""

from __future__ import annotations

import json
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Any

from safeinstall.app.indexes import Indexes
from safeinstall.app.pip_report import aftermath_of_pip, writable, write_report
from safeinstall.app.proof import require_proof
from safeinstall.app.replies import Replies
from safeinstall.errors import EXIT_PIP_ERROR, AftermathError
from safeinstall.facts.addresses import check_addresses
from safeinstall.facts.artifact import ArtifactKind, SourceKind
from safeinstall.plan.plan import identity_lines, lock_lines
from safeinstall.request.invocation import installed_names
from safeinstall.resolve.search.reporter import Nobody
from safeinstall.sources.archives.checked_files import CheckedFiles
from safeinstall.sources.archives.destinations import check_destinations
from safeinstall.sources.archives.file_names import names_in
from safeinstall.sources.archives.installed_overlaps import find_installed_overlaps, metadata_directories
from safeinstall.sources.archives.overlaps import find_overlaps
from safeinstall.sources.bytecode.ahead import BytecodeAhead
from safeinstall.sources.bytecode.kept import KeptBytecode
from safeinstall.sources.bytecode.unpacking import UnpackingAhead
from safeinstall.sources.files.ahead import DownloadsAhead
from safeinstall.sources.files.download_cache import DownloadCache
from safeinstall.sources.files.fetch import Downloads
from safeinstall.sources.files.metadata_cache import MetadataCache
from safeinstall.sources.files.stage import Stage, open_stage
from safeinstall.sources.index.locked import LockedIndex
from safeinstall.sources.index.popular_names import popular_names, required_names
from safeinstall.sources.index.references import open_reference
from safeinstall.sources.network.urls import is_local, local_path
from safeinstall.sources.pip.builds import CANNOT_ISOLATE, Builder, isolation
from safeinstall.sources.pip.expectations import confirm
from safeinstall.sources.pip.host import exit_code_of
from safeinstall.sources.pip.installed import InstalledDistributions
from safeinstall.sources.places.directories import others_can_exchange
from safeinstall.sources.places.stopwatch import Stopwatch
from safeinstall.sources.undoing.installing import Installing

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from packaging.utils import NormalizedName
    from typing_extensions import Self

    from safeinstall.facts.artifact import Artifact, HeldArtifact, InstalledDistribution
    from safeinstall.facts.values import Layout
    from safeinstall.facts.verdict import Verdict
    from safeinstall.judge.judge import Overlaps
    from safeinstall.pipeline import Listener
    from safeinstall.plan.plan import Plan, VerifiedPlan
    from safeinstall.policy.model import Policy
    from safeinstall.ports import ProjectPage
    from safeinstall.report.model import EvidenceUsed
    from safeinstall.request.invocation import Invocation
    from safeinstall.request.requirements import Reference
    from safeinstall.resolve.outcome import Aftermath
    from safeinstall.resolve.resolution import Resolution
    from safeinstall.resolve.search.reporter import Onlooker
    from safeinstall.sources.advisories.local import LocalAdvisories
    from safeinstall.sources.index.index import SimpleIndex
    from safeinstall.sources.origin.origins import Comparer
    from safeinstall.sources.pip.descriptions import RecalledPip
    from safeinstall.sources.pip.expectations import ExpectedPip
    from safeinstall.sources.pip.host import HostedPip
    from safeinstall.sources.provenance.index_provenance import IndexProvenance


def _bytecode(invocation: Invocation, environ: Mapping[str, str], directory: Path, kept: Path) -> BytecodeAhead | None:
    """Return who compiles the modules of this run in *directory*; ``None`` where pip is to compile none, or all.

    Nobody measures what is compiled, so that others must not be able to exchange it.
    """
    if not invocation.interpreter or others_can_exchange(directory):
        return None
    return BytecodeAhead(invocation.python, environ, directory, KeptBytecode(kept, invocation.interpreter))


@dataclass(slots=True)
class LiveWorld:
    """One run's sources, opened when needed and closed together."""

    invocation: Invocation
    pip: HostedPip | RecalledPip | ExpectedPip
    pages: SimpleIndex
    open_advisories: Callable[[], LocalAdvisories]
    open_provenance: Callable[[], IndexProvenance]
    open_origins: Callable[[], Comparer]
    stage: Stage
    """The private index."""
    downloads: Downloads
    replies: Replies
    holds: InstalledDistributions
    stack: ExitStack
    tags: frozenset[str]
    environ: Mapping[str, str]
    watch: Stopwatch = field(default_factory=Stopwatch)
    index: LockedIndex = field(init=False)
    builder: Builder = field(init=False)
    say: Callable[[str], None] = lambda _: None
    """Tells the user what has to be known before pip goes on."""
    onlooker: Onlooker = field(default_factory=Nobody)
    aftermath: Aftermath | None = None
    """What became of an installation that ended otherwise than well."""
    meanwhile: Callable[[], None] = lambda: None
    """Called in a thread of its own while pip installs."""
    _advisories: LocalAdvisories | None = None
    _provenance: IndexProvenance | None = None
    _origins: Comparer | None = None
    _ahead: DownloadsAhead = field(init=False)

    def __post_init__(self) -> None:
        """Put the sources together."""
        self._ahead = DownloadsAhead(self.downloads)
        self.builder = Builder(
            self.invocation,
            self.environ,
            lambda: self.stage.index_url,
            self.downloads.obtain,
            self.replies,
            self.replies.raise_problem,
            before=lambda: confirm(self.pip),
        )
        self.index = LockedIndex(self.pages, self.invocation.locked)

    @classmethod
    def open(
        cls,
        invocation: Invocation,
        policy: Policy,
        pip: HostedPip | RecalledPip | ExpectedPip,
        *,
        as_of: datetime,
        environ: Mapping[str, str],
        watch: Stopwatch | None = None,
        all_platforms: bool = False,
        indexes: Indexes | None = None,
    ) -> LiveWorld:
        """Open the world of *invocation*. Nothing is fetched yet. On *watch* it tells when it fetches and installs.

        The index tells of files for other interpreters and platforms only if *all_platforms*. *indexes* were opened
        before; they are closed with this world.
        """
        require_proof(policy, invocation.roots)
        stack = ExitStack()
        opened = stack.enter_context(
            indexes or Indexes.open(invocation, policy, pip, as_of=as_of, environ=environ, all_platforms=all_platforms)
        )
        client, cache = opened.client, opened.cache
        stage = stack.enter_context(open_stage(pip.folder))  # whose end is the end of what a guess has left there
        kept, checked = DownloadCache(cache / "files"), CheckedFiles(cache / "checked")
        bytecode = _bytecode(invocation, environ, stage.root / "bytecode", cache / "bytecode")
        readers = stack.enter_context(bytecode).reading if bytecode else None
        downloads = stack.enter_context(Downloads(client, stage.files, cache=kept, checked=checked, readers=readers))
        opened.pages.read_files_by(downloads, MetadataCache(cache / "metadata"))

        def open_advisories() -> LocalAdvisories:
            from safeinstall.app import advisories

            return stack.enter_context(advisories.open_them(invocation, policy, cache, as_of=as_of, environ=environ))

        def open_provenance() -> IndexProvenance:
            from safeinstall.app import provenance

            return stack.enter_context(provenance.open_it(opened, policy, environ, as_of))

        def open_origins() -> Comparer:
            from safeinstall.app import origins

            return stack.enter_context(origins.open_them(opened, policy, downloads, stage.root / "sources", environ))

        holds = InstalledDistributions(installed_names(invocation.installed), invocation.selection.pip)
        world = cls(
            invocation,
            pip,
            opened.pages,
            open_advisories,
            open_provenance,
            open_origins,
            stage,
            downloads,
            Replies(stage, bytecode),
            holds,
            stack,
            frozenset(invocation.selection.tags),
            environ,
            watch or Stopwatch(),
        )
        if opened.doubt:
            world.builder.notices[opened.doubt] = None
        return world

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close everything; the stage is removed."""
        self.stack.close()

    def listen(self, listener: Listener) -> None:
        """See :class:`~safeinstall.pipeline.World`."""

        def on_page(name: NormalizedName, _pages: tuple[ProjectPage, ...]) -> None:
            listener.on_page(name)

        self.pages.on_page, self.pages.on_metadata = on_page, listener.on_metadata

    @property
    def advisories(self) -> LocalAdvisories:
        """See :class:`~safeinstall.pipeline.World`. Opened, and its modules loaded, when the first rule asks."""
        if self._advisories is None:
            self._advisories = self.open_advisories()
        return self._advisories

    @property
    def provenance(self) -> IndexProvenance:
        """See :class:`~safeinstall.pipeline.World`. Opened, and its modules loaded, when the first rule asks."""
        if self._provenance is None:
            self._provenance = self.open_provenance()
        return self._provenance

    @property
    def origins(self) -> Comparer:
        """See :class:`~safeinstall.pipeline.World`. Opened, and its modules loaded, when the first rule asks."""
        if self._origins is None:
            self._origins = self.open_origins()
        return self._origins

    @property
    def builds(self) -> Builder:
        """See :class:`~safeinstall.pipeline.World`."""
        return self.builder

    def installed(self, name: NormalizedName) -> InstalledDistribution | None:
        """See :class:`~safeinstall.pipeline.World`."""
        return self.holds(name)

    def open_reference(self, reference: Reference, name: NormalizedName | None) -> Artifact:
        """See :class:`~safeinstall.pipeline.World`."""
        return open_reference(reference, name, self.tags)

    def popular_names(self) -> tuple[NormalizedName, ...]:
        """See :class:`~safeinstall.pipeline.World`."""
        return popular_names()

    def required_names(self) -> dict[NormalizedName, NormalizedName]:
        """See :class:`~safeinstall.pipeline.World`."""
        return required_names()

    def advisories_used(self, policy: Policy) -> tuple[EvidenceUsed, ...]:
        """Return the advisories that the verdicts by *policy* rest on, and the lists; empty if no rule asked."""
        if self._advisories is None:
            return ()
        from safeinstall.app.advisories import used

        return used(self._advisories, policy)

    def overlaps(self, verified: VerifiedPlan) -> Overlaps:
        """See :class:`~safeinstall.pipeline.World`."""
        among = find_overlaps(verified.files, names_in(self._place()))
        before = find_installed_overlaps(verified.files, self._stays())
        return {name: {**among.get(name, {}), **before.get(name, {})} for name in {*among, *before}}

    def _stays(self) -> Mapping[NormalizedName, Path]:
        """Return what is installed where the files go."""
        elsewhere = any(self.invocation.option(option) for option in ("prefix_path", "root_path", "target_dir"))
        return {} if elsewhere else metadata_directories(self.holds.rows)

    def _place(self) -> Path:
        """Return below what the files go, which need not be there yet."""
        told = (self.invocation.option(option) for option in ("root_path", "target_dir", "prefix_path"))
        return Path(next(filter(None, told), self.invocation.prefix)).absolute()

    def fetch_ahead(self, artifact: HeldArtifact) -> None:
        """See :class:`~safeinstall.pipeline.World`."""
        self._ahead.start(artifact)

    def fetch(self, plan: Plan) -> VerifiedPlan:
        """See :class:`~safeinstall.pipeline.World`."""
        with self.watch("fetch"):
            verified = self.downloads.finish(plan)
            if not self.replies.building:
                self.downloads.settle()
            return verified

    def build_with(self, plan: Callable[[Sequence[str]], VerifiedPlan]) -> None:
        """See :class:`~safeinstall.pipeline.World`."""
        self.replies.plan_build = plan

    def install(
        self, verified: VerifiedPlan, resolution: Resolution, built: Callable[[Artifact, Layout], Verdict]
    ) -> int:
        """See :class:`~safeinstall.pipeline.World`. Raises ``AftermathError`` when pip reports other files."""
        self.replies.pins, self.replies.built = {pin.artifact.name: pin for pin in resolution.pins}, built
        scheme, target = self.invocation.scheme, self.invocation.option("target_dir")
        check_destinations(verified.files, scheme, metadata_directories(self.holds.rows), target)
        self.replies.needs(verified)
        self.stage.publish(verified, empty=[kept.name for kept in resolution.kept])
        with self.watch("start"):
            confirm(self.pip)
        told = self.stage.root / "report.json"
        if (place := self.invocation.option("json_report_file")) not in {None, "-"}:
            writable(place, "a").close()  # pip too fails before it installs
        wheels = [Path(file.path) for file in verified.files if file.layout is not None]
        status = self._proceed(self._answer(verified, resolution, told), resolution, wheels)
        self.replies.raise_problem()
        if status == 0 and told.exists():
            with aftermath_of_pip():
                self._check_report(json.loads(told.read_text(encoding="utf-8")), verified)
        return status

    def _proceed(self, answer: dict[str, Any], resolution: Resolution, wheels: Sequence[Path]) -> int:
        """Let pip install, and undo what it does not bring to a good end. Raises what stops it."""
        planned = [f"{pin.artifact.name}=={pin.artifact.version}" for pin in resolution.pins if pin.installs]
        installing = Installing.begin(self.invocation, planned, self.environ)
        if installing.problem:
            self.say(f"{installing.problem}; should pip fail, what it has changed is not undone")
        try:
            Thread(target=self.meanwhile, daemon=True).start()
            unpacking = UnpackingAhead(installing.room, wheels, self.replies.bytecode, self.environ)
            with self.watch("install"), unpacking:
                told = {"journal": installing.terms, "unpacked": unpacking.told}
                status = self.pip.proceed(answer | told, self.replies)
        except KeyboardInterrupt as stop:
            self.aftermath = installing.settle(exit_code_of(stop))
            if self.aftermath is not None:
                from safeinstall.report.aftermath import stopped

                raise stopped(self.aftermath, exit_code_of(stop)) from stop
            raise
        except BaseException:
            self.aftermath = installing.settle(EXIT_PIP_ERROR)
            raise
        self.aftermath = installing.settle(status)
        undone = self.aftermath is not None and self.aftermath.undone
        return status or (
            EXIT_PIP_ERROR if undone else 0
        )  # one that is stopped while it is waited for seems to end well

    def _answer(self, verified: VerifiedPlan, resolution: Resolution, told: Path) -> dict[str, Any]:
        direct = [f for f in verified.files if f.pin.artifact.source.kind is SourceKind.DIRECT]
        urls = [file.pin.artifact.url for file in direct]
        pins = [f"{pin.artifact.name}=={pin.artifact.version}" for pin in resolution.pins]
        digests = {file.pin.artifact.url: file.sha256 for file in direct}
        commits = self.builder.commits_of(pin.artifact for pin in resolution.pins)
        check_addresses(digests, commits)
        options: dict[str, Any] = {"cache_dir": None, "require_hashes": False, "disable_pip_version_check": True}
        if self.invocation.command == "install":
            options["json_report_file"] = str(told)
        return {
            "index": self.stage.index_url,
            "stage": f"{self.stage.files}/",
            "bytecode": self.replies.bytecode is not None,
            "pins": pins + [f"{kept.name}=={kept.version}" for kept in resolution.kept if not kept.literal_version],
            "loose": list(resolution.loose),
            "planned": sorted(pin.artifact.name for pin in resolution.pins if pin.installs),
            "direct": [p.artifact.url for p in resolution.pins if p.artifact.source.kind is SourceKind.DIRECT],
            "digests": digests,
            "files": {f.pin.artifact.url: f.path for f in direct if not f.pin.artifact.url.startswith("file:")},
            "downloaded": {Path(file.path).name: file.size for file in verified.files if file.downloaded},
            "options": options,
            "checked": [*(f.path for f in verified.files), *(str(local_path(url)) for url in urls if is_local(url))],
            "isolation": self._isolation(resolution),
            "commits": commits,
            "addresses": {
                Path(file.path).as_uri(): [lock_lines(file), identity_lines(file)] for file in verified.files
            },
        }

    def _isolation(self, resolution: Resolution) -> list[str]:
        """Return under which command what must be built is built, and note where there is none."""
        if all(pin.artifact.kind is ArtifactKind.WHEEL for pin in resolution.pins):
            return []
        if not isolation():
            self.builder.notices[CANNOT_ISOLATE] = None
        return list(isolation())

    def _check_report(self, report: dict[str, Any], verified: VerifiedPlan) -> None:
        from safeinstall.report.pip_report import difference, with_original_addresses

        if problem := difference(report, verified):
            raise AftermathError(
                f"pip did not do what was planned: {problem}",
                hint="look at the environment before you use it, and report this",
            )
        write_report(self.invocation, with_original_addresses(report, verified))
