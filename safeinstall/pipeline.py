"""The program on one page: resolve while judging, plan, fetch and verify, let pip go on, and say what happened."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

from packaging.specifiers import SpecifierSet

from safeinstall.errors import MetadataDynamicError, MetadataInvalidError, UnsatisfiableError
from safeinstall.facts.artifact import SourceKind
from safeinstall.facts.evidence import Price
from safeinstall.facts.finding import Level
from safeinstall.facts.names.lookalikes import Lookalikes
from safeinstall.judge.gather import Gatherer
from safeinstall.judge.judge import Judge
from safeinstall.plan.plan import Plan
from safeinstall.resolve.candidates import Candidates
from safeinstall.resolve.constraints import collect_constraints
from safeinstall.resolve.finder import CandidateFinder
from safeinstall.resolve.hash_mode import check_mode
from safeinstall.resolve.outcome import Outcome
from safeinstall.resolve.preference import preference_of
from safeinstall.resolve.provider import Provider, Rules
from safeinstall.resolve.resolution import BuildRefusedError, Refusal, refused, resolve
from safeinstall.resolve.search.backtracking import search_of
from safeinstall.resolve.search.reporter import Reporter
from safeinstall.resolve.speculate import Speculator
from safeinstall.resolve.unknown import explain_unknown
from safeinstall.resolve.user_hashes import UserHashes
from safeinstall.rules.base import OriginRule, ProvenanceRule
from safeinstall.rules.minimum_age import MinimumAge
from safeinstall.rules.provenance import Provenance

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime, timedelta

    from packaging.utils import NormalizedName

    from safeinstall.facts.artifact import Artifact, HeldArtifact, InstalledDistribution, Metadata
    from safeinstall.facts.values import Layout
    from safeinstall.facts.verdict import Pinned, Verdict
    from safeinstall.judge.judge import Overlaps
    from safeinstall.plan.plan import VerifiedPlan
    from safeinstall.policy.model import Policy
    from safeinstall.ports import AdvisorySource, BuildSource, IndexSource, OriginSource, ProvenanceSource
    from safeinstall.request.invocation import Invocation
    from safeinstall.request.requirements import Reference
    from safeinstall.resolve.resolution import Resolution
    from safeinstall.resolve.search.reporter import Onlooker

ADVISORY_RULES = frozenset({"vulnerability", "malware"})


class Listener(Protocol):
    """Hears of pages and metadata as they arrive, in the threads that fetch them."""

    def on_page(self, name: NormalizedName) -> None:
        """A project's pages have arrived."""
        ...

    def on_metadata(self, artifact: HeldArtifact, metadata: Metadata) -> None:
        """The metadata of *artifact* has arrived."""
        ...


class World(Protocol):
    """Everything outside, as this program needs it. ``cli`` puts it together."""

    @property
    def index(self) -> IndexSource:
        """Project pages and metadata."""
        ...

    @property
    def builds(self) -> BuildSource:
        """Metadata that only a build can tell."""
        ...

    @property
    def advisories(self) -> AdvisorySource:
        """Known vulnerabilities and malware."""
        ...

    @property
    def provenance(self) -> ProvenanceSource:
        """Attestations of files."""
        ...

    @property
    def origins(self) -> OriginSource:
        """Comparisons of wheels with what they were made of."""
        ...

    @property
    def onlooker(self) -> Onlooker:
        """Whoever looks on while the search goes on."""
        ...

    def listen(self, listener: Listener) -> None:
        """Tell *listener* from now on what arrives."""
        ...

    def installed(self, name: NormalizedName) -> InstalledDistribution | None:
        """Return what the target holds as *name*."""
        ...

    def open_reference(self, reference: Reference, name: NormalizedName | None) -> Artifact:
        """Return the file a direct reference names. Fetches nothing."""
        ...

    def popular_names(self) -> Sequence[NormalizedName]:
        """Return the names of the most popular projects, the first of all first."""
        ...

    def required_names(self) -> Mapping[NormalizedName, NormalizedName]:
        """Return names that resemble a popular one, each with a popular project that requires it."""
        ...

    def fetch_ahead(self, artifact: HeldArtifact) -> None:
        """Start to fetch a file that will probably be in the plan. Never raises, and never waits."""
        ...

    def fetch(self, plan: Plan) -> VerifiedPlan:
        """Fetch and verify the files of *plan*."""
        ...

    def overlaps(self, verified: VerifiedPlan) -> Overlaps:
        """Return which files several wheels install, each its own."""
        ...

    def build_with(self, plan: Callable[[Sequence[str]], VerifiedPlan]) -> None:
        """Ask *plan* from now on for the files that a build requires."""
        ...

    def install(
        self, verified: VerifiedPlan, resolution: Resolution, built: Callable[[Artifact, Layout], Verdict]
    ) -> int:
        """Let pip go on over exactly these files; return its exit code. Wheels that it builds are judged by *built*.

        Raises ``BuildRefusedError`` for one that is denied: nothing is installed then.
        """
        ...


def run(invocation: Invocation, policy: Policy, world: World, as_of: datetime) -> Outcome:
    """Carry out one judged command. *as_of* is the instant of the judgement.

    Raises what the sources raise; nothing is installed then. A denial is an :class:`Outcome`.
    """
    finder = CandidateFinder(world.index, invocation.selection)
    judge = make_judge(invocation, policy, world, finder, as_of)
    provider = make_provider(invocation, policy, world, finder, judge)
    world.build_with(lambda requirements: plan_build(requirements, invocation, policy, world, finder, judge))
    speculate(invocation, world, provider, judge)
    try:
        return resolve_and_install(invocation, world, provider, judge)
    except BuildRefusedError as error:
        return Outcome(result=error.refusal, newest_passing=newest_passing(error.refusal, finder, judge))
    except UnsatisfiableError as error:
        error.notes = tuple(explain_unknown(error.unknown, invocation.sources, policy, world.popular_names))
        raise


def resolve_and_install(invocation: Invocation, world: World, provider: Provider, judge: Judge) -> Outcome:
    """Go the way from the requirements to pip. Raises ``BuildRefusedError`` for what a build requires."""
    finder = provider.candidates.finder
    reporter = Reporter(invocation.patience, world.onlooker, provider.candidates.hides)
    resolution = resolve(provider, invocation.roots, reporter)
    if isinstance(resolution, Refusal):
        return Outcome(result=resolution, newest_passing=newest_passing(resolution, finder, judge))

    check_mode(resolution, UserHashes.of(invocation))
    plan = Plan.of(resolution.pins)
    if invocation.dry_run and any(pin.installs for pin in resolution.pins):
        told = measured(resolution, plan, world, judge, reports=invocation.option("json_report_file") is not None)
        passing = newest_passing(told, finder, judge) if isinstance(told, Refusal) else {}
        return Outcome(result=told, plan=plan, newest_passing=passing)
    opened = fetch_and_open(plan, resolution, world, judge)
    if isinstance(opened, Refusal):
        return Outcome(result=opened, plan=plan, newest_passing=newest_passing(opened, finder, judge))
    resolution = replace(resolution, pins=opened.plan.pins)
    return Outcome(result=resolution, plan=plan, verified=opened, status=world.install(opened, resolution, judge.built))


def measured(resolution: Resolution, plan: Plan, world: World, judge: Judge, *, reports: bool) -> Resolution | Refusal:
    """Return *resolution* with the hashes that a dry run needs: it fetches what only the file itself tells.

    Where pip *reports*, these are those of every file of which no hash is published.
    """
    told = [pin for pin in plan.files if _is_told_by_itself(pin, judge, reports=reports)]
    if not told:
        return resolution
    verified = world.fetch(Plan.of(told))
    verdicts = judge.measured(verified)
    if denied := tuple(verdict for verdict in verdicts.values() if verdict.denied):
        return refused(resolution, denied)
    found = {pin.artifact.name: pin for pin in verified.judged(verdicts).measured.pins}
    return replace(resolution, pins=tuple(found.get(pin.artifact.name, pin) for pin in plan.pins))


def _is_told_by_itself(pin: Pinned, judge: Judge, *, reports: bool) -> bool:
    artifact = pin.artifact
    is_named = artifact.source.kind is SourceKind.DIRECT or bool(artifact.user_hashes)
    is_reported = reports and pin.installs and not artifact.hashes
    return is_named or is_reported or (artifact.sha256 is None and judge.awaits_hash(artifact))


def fetch_and_open(plan: Plan, resolution: Resolution, world: World, judge: Judge) -> VerifiedPlan | Refusal:
    """Fetch the files of *plan*, verify them, and judge them by what only the files themselves tell."""
    judge.expect(plan)
    verified = world.fetch(plan)
    verdicts = judge.measured(verified)
    if judge.asks(Price.CONTENTS):
        verdicts |= judge.open(verified, world.overlaps(verified))
    if denied := tuple(verdict for verdict in verdicts.values() if verdict.denied):
        return refused(resolution, denied)
    return verified.judged(verdicts)


def plan_build(  # noqa: PLR0917 - called in one place
    requirements: Sequence[str],
    invocation: Invocation,
    policy: Policy,
    world: World,
    finder: CandidateFinder,
    judge: Judge,
) -> VerifiedPlan:
    """Resolve, judge and fetch what an isolated build requires, exactly as what the user requires.

    Raises ``BuildRefusedError`` when the policy refuses any of it.
    """
    build = invocation.for_build(requirements)
    provider = make_provider(build, policy, world, finder, judge)
    provider.candidates.installed = lambda _: None  # an isolated environment begins empty
    resolution = resolve(provider, build.roots)
    if isinstance(resolution, Refusal):
        raise BuildRefusedError(replace(resolution, building=tuple(requirements)))
    opened = fetch_and_open(Plan.of(resolution.pins), resolution, world, judge)
    if isinstance(opened, Refusal):
        raise BuildRefusedError(replace(opened, building=tuple(requirements)))
    return opened


def make_judge(invocation: Invocation, policy: Policy, world: World, finder: CandidateFinder, as_of: datetime) -> Judge:
    """Return the judge of this run, who asks for no fact that no rule looks at."""
    policy = held_to_locks(policy, invocation)
    asked = {rule.id for rule in policy.all_rules}
    gatherer = Gatherer(
        advisories=world.advisories if asked & ADVISORY_RULES else None,
        siblings=lambda name: (found.artifact for found in finder.files(name)),
        requested=requested_names(invocation),
        user_hashes=user_hashes(invocation),
        as_of=as_of,
        pages=world.index.pages,
        indexes=frozenset(index.name for index in policy.indexes),
        trusted_hosts=invocation.sources.trusted_hosts,
        first_uploads="minimum-age" in asked,
    )
    if "typosquats" in asked:
        lookalikes = Lookalikes(world.popular_names())
        gatherer.lookalike, gatherer.popular = lookalikes, lookalikes
        gatherer.vouchers = dict(world.required_names())
    if any(isinstance(rule, ProvenanceRule) for rule in policy.all_rules):
        from safeinstall.judge.attestations import Attestations  # noqa: PLC0415 - loaded where a rule asks

        gatherer.attestations = Attestations(world.provenance, world.index.pages, policy_age(policy))
    if any(isinstance(rule, OriginRule) for rule in policy.all_rules):
        from safeinstall.judge.origins import Origins  # noqa: PLC0415 - loaded where a rule asks

        hold = UserHashes.none(finder.selection).hold
        gatherer.origins = Origins(world.origins, world.index.pages, hold)
    return Judge(gatherer, policy)


def held_to_locks(policy: Policy, invocation: Invocation) -> Policy:
    """Return *policy*, by which files come from those whom a lock names (PEP 751), whatever rules it has.

    What a lock promises has no switch: where no rule looks at provenance, one does that asks for nothing else.
    """
    if not any(root.lock_publishers for root in invocation.roots):
        return policy
    return policy.also(Provenance(level=Level.ALLOW, regression=Level.ALLOW, verify=False))


def policy_age(policy: Policy) -> Callable[[Artifact], timedelta]:
    """Return how old a file must be by *policy*; where no rule says it, what is strict by default."""

    def age(artifact: Artifact) -> timedelta:
        rules = policy.rules_for(artifact.name, artifact.version).rules
        own = (rule for rule in rules if isinstance(rule, MinimumAge))
        return next(own, MinimumAge()).enough(artifact)

    return age


def make_provider(
    invocation: Invocation, policy: Policy, world: World, finder: CandidateFinder, judge: Judge
) -> Provider:
    """Return pip's resolver for this command, over the judged files."""
    requested: dict[str, int] = {}
    candidates = Candidates(
        finder=finder,
        index=world.index,
        builds=world.builds,
        judge=judge,
        hold=UserHashes.of(invocation).hold,
        installed=world.installed,
        open_reference=world.open_reference,
        reinstalls=invocation.reinstalls,
        strict=policy.select == "strict",
    )
    return Provider(
        candidates=candidates,
        preference=preference_of(invocation.pip_version, requested),
        search=search_of(invocation.pip_version),
        rules=Rules(
            markers=invocation.markers,
            python=invocation.selection.python,
            strategy=invocation.upgrade_strategy,
            no_dependencies=invocation.no_dependencies,
            only_dependencies=invocation.only_dependencies,
            ignore_requires_python=invocation.selection.ignore_requires_python,
            splits_extras=invocation.selection.splits_extras,
            python_first=invocation.selection.python_first,
        ),
        constraints=collect_constraints(invocation.constraints),
        requested=requested,
        hear=judge.gatherer.hear,
    )


def speculate(invocation: Invocation, world: World, provider: Provider, judge: Judge) -> None:
    """Start fetching along the likely way before the resolver asks."""
    provider.direct.update(root.name for root in invocation.roots if root.reference and root.name)
    fetch = (lambda _: None) if invocation.dry_run else world.fetch_ahead
    speculator = Speculator(provider, judge.foresee, fetch, lambda name: judge.gatherer.lookalike(name) is not None)
    world.listen(speculator)
    upgrades = invocation.upgrade_strategy != "to-satisfy-only" or invocation.reinstalls
    for root in invocation.roots:
        speculator.want_root(root, upgrades=upgrades)


def requested_names(invocation: Invocation) -> frozenset[NormalizedName]:
    """Return the projects that the user named."""
    return frozenset(root.name for root in invocation.roots if root.user_supplied and root.name is not None)


def user_hashes(invocation: Invocation) -> dict[NormalizedName, frozenset[str]]:
    """Return the hashes that the user gave (``--hash``, URL fragments), by project."""
    found: dict[NormalizedName, frozenset[str]] = {}
    for root in (*invocation.roots, *invocation.constraints):
        if root.name is not None:
            digests = root.hashes | (root.reference.digests if root.reference else frozenset())
            found[root.name] = found.get(root.name, frozenset()) | digests
    return found


def newest_passing(refusal: Refusal, finder: CandidateFinder, judge: Judge) -> dict[NormalizedName, Artifact]:
    """Return, for each project refused on an index, the best file that passes, were the requirements to allow it.

    The name of a direct reference is not told to any index: pip would not either. A lock lets nothing else pass.
    """
    found: dict[NormalizedName, Artifact] = {}
    refused_files = (v.artifact for v in refusal.verdicts if v.artifact.lock is None)
    listed = (artifact for artifact in refused_files if artifact.source.kind is not SourceKind.DIRECT)
    for name in {artifact.name for artifact in listed}:
        files = finder.applicable(name, SpecifierSet(), {})
        held = map(UserHashes.none(finder.selection).hold, files)
        best = next((artifact for artifact in held if passes(artifact, finder.index, judge)), None)
        if best is not None:
            found[name] = best
    return found


def passes(artifact: HeldArtifact, index: IndexSource, judge: Judge) -> bool:
    """Whether all that can be known of *artifact* before it is fetched or built lets it pass."""
    if judge(artifact, None).denied:
        return False
    try:
        return not (judge.asks(Price.METADATA) and judge(artifact, None, index.metadata(artifact)).denied)
    except MetadataDynamicError:
        return True
    except MetadataInvalidError:
        return False
