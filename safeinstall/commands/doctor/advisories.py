"""The advisories: whether the policy needs any, how old they are here, whether they can be read and renewed."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import timedelta
from typing import TYPE_CHECKING

from safeinstall.commands.doctor.result import Mark, Result
from safeinstall.errors import ProjectNotFoundError, SourceError
from safeinstall.facts.finding import Level
from safeinstall.pipeline import ADVISORY_RULES
from safeinstall.sources.advisories.build import read_only
from safeinstall.sources.advisories.cve_lists import list_sources
from safeinstall.sources.advisories.database import AdvisoryDatabase, open_database
from safeinstall.sources.advisories.local import span
from safeinstall.sources.advisories.osv_dump import Dump, resolve_sources
from safeinstall.sources.advisories.sync import CLOCK_SKEW, Syncer
from safeinstall.sources.network.http import HttpClient
from safeinstall.sources.network.settings import brief, http_settings
from safeinstall.sources.places.directories import cache_directory

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from safeinstall.commands.doctor.patient import Patient
    from safeinstall.policy.model import Policy
    from safeinstall.sources.advisories.cve_lists import ListSource

ADVISORIES = "advisories"
_SYNC = "run: safe-pip advisories sync"
_DAMAGED = "delete it and run: safe-pip advisories sync"


def check_advisories(patient: Patient) -> Iterator[Result]:
    """Look at the database, and at each source."""
    policy = patient.policy
    if policy is None:
        yield Result.note(ADVISORIES, "not looked at: the policy that names their sources cannot be read")
        return
    if not ADVISORY_RULES & {rule.id for rule in policy.all_rules}:
        yield Result.note(ADVISORIES, "no rule of the policy asks for any")
        return
    try:
        sources, lists = resolve_sources(policy.advisories.sources, patient.environ), list_sources(policy.advisories)
        folder = cache_directory(patient.environ) / "advisories"
        file = Syncer(sources=sources, lists=lists, directory=folder).file
        yield _database(file, patient, policy)
    except SourceError as error:
        yield Result.problem(ADVISORIES, error.message, error.hint or _SYNC)
        return
    for source in sources:
        yield _source(source, patient, _severity(policy))
    yield from _lists(lists, open_database(file), patient, policy)


def _severity(policy: Policy) -> Mark:
    """Say what it means that there are none: where the policy then denies, nothing can be installed."""
    levels = (rule.on_missing for rule in policy.all_rules if rule.id in ADVISORY_RULES)
    denies = any((policy.evidence.on_missing if level is None else level) is Level.DENY for level in levels)
    return Mark.PROBLEM if denies else Mark.NOTE


def _database(file: Path, patient: Patient, policy: Policy) -> Result:
    mark, limit = _severity(policy), policy.evidence.max_staleness
    if not file.exists():
        return Result.note(ADVISORIES, "none are here yet; the first run that asks for them fetches them", _SYNC)
    if damage := _damage(file):
        return Result.problem(ADVISORIES, f"the database {file} is damaged: {damage}", _DAMAGED)
    with AdvisoryDatabase(file) as database:
        age = patient.now - database.as_of
    if age > limit:
        return Result(ADVISORIES, mark, f"they are {span(age)} old, the policy allows {span(limit)}", _SYNC)
    if age < -CLOCK_SKEW:
        return Result(ADVISORIES, mark, "they are of a time that is still to come by the clock of this machine", _SYNC)
    return Result.ok(ADVISORIES, f"{span(max(age, timedelta(0)))} old, the policy allows {span(limit)}")


def _lists(
    lists: Sequence[ListSource], database: AdvisoryDatabase | None, patient: Patient, policy: Policy
) -> Iterator[Result]:
    """Say how old each list is; nothing before the first sync."""
    if database is None:
        return
    with database:
        held, limit = database.lists, policy.evidence.max_staleness
    for source in lists:
        stored = held.get(source.kind)
        if stored is None:
            yield Result(ADVISORIES, _severity(policy), f"{source.title} {source.name} is not here", _SYNC)
        elif (age := patient.now - stored.identity.modified) > limit:
            text = f"{source.title} is {span(age)} old, the policy allows {span(limit)}"
            yield Result(ADVISORIES, _severity(policy), text, _SYNC)
        else:
            yield Result.ok(ADVISORIES, f"{source.title} is {span(max(age, timedelta(0)))} old")


def _damage(file: Path) -> str:
    """Return what is wrong with the database, if anything is; every page of it is read."""
    try:
        with closing(sqlite3.connect(read_only(file), uri=True)) as connection:
            ((found,),) = connection.execute("PRAGMA quick_check(1)").fetchall()
        AdvisoryDatabase(file).close()
    except (sqlite3.Error, ValueError) as error:
        return str(error)
    except SourceError as error:
        return error.message
    return "" if found == "ok" else str(found).partition("\n")[0]


def _source(source: Path | Dump, patient: Patient, mark: Mark) -> Result:
    if not isinstance(source, Dump):
        there = source.exists()
        gone = Result(ADVISORIES, mark, f"the source {source} does not exist", "correct `sources` under [advisories]")
        return Result.ok(ADVISORIES, f"the source {source} is there") if there else gone
    if patient.invocation is None:
        return Result.note(ADVISORIES, f"the source {source.name} was not asked: the target has to be in order first")
    try:
        with HttpClient(brief(http_settings(patient.invocation))) as client:
            _ask(client, source)
        return Result.ok(ADVISORIES, f"the source {source.name} answers")
    except SourceError as error:
        remedy = error.hint or "check the network"
        return Result(ADVISORIES, mark, f"the source {source.name} does not answer: {error.message}", remedy)


def _ask(client: HttpClient, source: Dump) -> None:
    """Ask for what an ordinary sync begins with; a mirror may have the zip alone. Raises ``SourceError``."""
    try:
        with client.stream(source.beside("modified_id.csv")):
            return
    except ProjectNotFoundError:
        with client.stream(source.zip_url):
            return
