"""The indexes: whether each one that may be asked answers as an index. What its Date says is kept for the clock."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from safeinstall.commands.doctor.result import Result
from safeinstall.errors import SourceError
from safeinstall.sources.index.clock import told_time
from safeinstall.sources.index.project_page import ACCEPT, parse_project_page
from safeinstall.sources.index.routes import Routes
from safeinstall.sources.network.http import HttpClient
from safeinstall.sources.network.settings import http_settings
from safeinstall.sources.network.urls import is_local, is_secure, is_trusted, local_path, redacted, split, userinfo

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from safeinstall.commands.doctor.patient import Patient
    from safeinstall.facts.artifact import Source
    from safeinstall.request.invocation import Invocation

INDEX = "index"
PROJECT = "pip"
"""A name that every general index has, and that tells an index nothing."""
PATIENCE = 5.0
"""Seconds that an index has for each step of its answer."""
_GONE = frozenset({404, 410})
_CONFIGURED = "check --index-url, PIP_INDEX_URL and what `pip config list` says"


def check_indexes(patient: Patient) -> Iterator[Result]:
    """Ask every index that a run may ask."""
    invocation, policy, pip = patient.invocation, patient.policy, patient.pip
    if invocation is None or policy is None or pip is None:
        yield Result.note(INDEX, "none was asked: target and policy have to be in order first")
        return
    routes = Routes.of(invocation, policy, patient.now)
    if not routes.indexes:
        yield Result.note(INDEX, "pip is configured without an index")
    settings = replace(http_settings(invocation), timeout=PATIENCE, retries=0)
    with HttpClient(settings, ask=pip.credentials) as client:
        for source in routes.indexes:
            yield from _index(source, client, patient, invocation)
    for source in routes.unlisted:
        yield Result.note(INDEX, f"{source.display} is configured for pip and never asked: the policy does not list it")
    for source in routes.find_links:
        if is_local(source.url) and not local_path(source.url).exists():
            yield Result.problem(INDEX, f"find-links: {source.display} does not exist", _CONFIGURED)


def _index(source: Source, client: HttpClient, patient: Patient, invocation: Invocation) -> Iterator[Result]:
    try:
        if is_local(source.url):
            yield _folder(source)
            return
        yield _answer(source, client, patient)
        yield from _ways(source, invocation)
    except SourceError as error:
        yield Result.problem(INDEX, error.message, error.hint or _CONFIGURED)


def _folder(source: Source) -> Result:
    folder = local_path(source.url)
    if folder.is_dir():
        return Result.ok(INDEX, f"{source.display} is a directory")
    return Result.problem(INDEX, f"{source.display} is no directory", _CONFIGURED)


def _answer(source: Source, client: HttpClient, patient: Patient) -> Result:
    base = source.url if source.url.endswith("/") else f"{source.url}/"
    response = client.get(f"{base}{PROJECT}/", headers={"accept": ACCEPT}, index_url=source.url, accept=_GONE)
    _note_date(source, response.headers, patient)
    if response.status in _GONE:
        return _without_pip(source, base, client)
    parse_project_page(response.body, response.headers.get("content-type", ""), response.url, source)
    return Result.ok(INDEX, f"{_named(source)} answers")


def _without_pip(source: Source, base: str, client: HttpClient) -> Result:
    """Ask for the list of projects, which every index has (PEP 503), and read none of it."""
    with client.stream(base, headers={"accept": ACCEPT}, index_url=source.url, accept=_GONE) as stream:
        if stream.status not in _GONE:
            return Result.ok(INDEX, f"{_named(source)} answers")
    return Result.note(
        INDEX,
        f"{_named(source)} has neither a project {PROJECT} nor a list of projects: it may not be an index",
        "check its address",
    )


def _ways(source: Source, invocation: Invocation) -> Iterator[Result]:
    parts = split(source.url)
    if parts.scheme == "http" and not is_secure(parts, ()):
        yield Result.note(
            INDEX,
            f"{source.display} is plain HTTP, which --trusted-host allows: anyone on the way can change its answers",
            "use https://",
        )
    elif parts.scheme == "https" and is_trusted(parts, invocation.sources.trusted_hosts):
        yield Result.note(
            INDEX,
            f"the certificate of {source.display} is not checked: --trusted-host says so",
            "name the authority that signed it with --cert, and drop --trusted-host",
        )
    if userinfo(parts):
        yield Result.note(
            INDEX, f"the address of {source.display} holds credentials", "keep them in a keyring or in .netrc"
        )


def _named(source: Source) -> str:
    address = redacted(source.url)
    return address if source.display == address else f"{source.display} ({address})"


def _note_date(source: Source, headers: Mapping[str, str], patient: Patient) -> None:
    if (date := told_time(headers)) is not None:
        patient.skews[redacted(source.url)] = date - patient.now
