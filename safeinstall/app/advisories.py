"""The advisories of one run. Loaded when a rule asks: a policy without such rules waits for none of it."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from safeinstall.facts.values import Missing
from safeinstall.report.model import EvidenceUsed
from safeinstall.sources.advisories.cve_lists import list_sources
from safeinstall.sources.advisories.local import LocalAdvisories
from safeinstall.sources.advisories.osv_dump import resolve_sources
from safeinstall.sources.network.http import HttpClient
from safeinstall.sources.network.settings import brief, http_settings
from safeinstall.sources.network.urls import redacted

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime
    from pathlib import Path

    from safeinstall.policy.model import Policy
    from safeinstall.report.model import EvidenceKind
    from safeinstall.request.invocation import Invocation


@contextmanager
def open_them(
    invocation: Invocation, policy: Policy, cache: Path, *, as_of: datetime, environ: Mapping[str, str]
) -> Iterator[LocalAdvisories]:
    """Give the advisories that *policy* names, kept in *cache*. Nothing is fetched before it is needed."""
    with (
        HttpClient(brief(http_settings(invocation))) as client,
        LocalAdvisories(
            sources=resolve_sources(policy.advisories.sources, environ),
            lists=list_sources(policy.advisories),
            directory=cache / "advisories",
            as_of=as_of,
            max_staleness=policy.evidence.max_staleness,
            client=client,
        ) as advisories,
    ):
        yield advisories


def used(advisories: LocalAdvisories, policy: Policy) -> tuple[EvidenceUsed, ...]:
    """Return which of them the verdicts by *policy* rest on, and the lists; empty if no rule asked."""
    found = advisories.relied_on
    if found is None:
        return ()
    sources = (redacted(source) if "://" in source else source for source in policy.advisories.sources)
    lists = (_used(source.kind, source.name, as_of) for source, as_of in advisories.lists_relied_on)
    return _used("advisories", ", ".join(sources), found), *lists


def _used(kind: EvidenceKind, name: str, as_of: datetime | Missing) -> EvidenceUsed:
    if isinstance(as_of, Missing):
        return EvidenceUsed(kind=kind, name=name, as_of=None, problem=as_of.reason)
    return EvidenceUsed(kind=kind, name=name, as_of=as_of)
