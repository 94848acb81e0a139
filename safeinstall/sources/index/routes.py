"""Which indexes and find-links are asked for a project."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from safeinstall.facts.artifact import Source, SourceKind
from safeinstall.judge.closed import denials
from safeinstall.judge.gather import trusted_host
from safeinstall.policy.model import DEFAULT_INDEX
from safeinstall.sources.network.urls import redacted

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from packaging.utils import NormalizedName

    from safeinstall.policy.model import IndexSettings, Policy
    from safeinstall.request.invocation import ConfiguredSources, Invocation, LockedFile


@dataclass(frozen=True, slots=True)
class Routes:
    """Which sources are asked for a project: pip's, or those that the policy binds it to."""

    find_links: tuple[Source, ...]
    configured: tuple[Source, ...]
    policy: Policy
    default_index: str
    as_of: datetime
    trusted_hosts: tuple[str, ...] = ()
    locks: Mapping[NormalizedName, tuple[Source, ...]] = field(default_factory=dict)
    """By locked project: the index that the lock names, unless pip is configured with it."""

    @classmethod
    def of(cls, invocation: Invocation, policy: Policy, as_of: datetime) -> Routes:
        """Name each source that pip is configured with. *as_of* is the instant of the judgement."""
        names = {_bare(index.url): index.name for index in policy.indexes if index.url}
        names[_bare(invocation.sources.default_index)] = DEFAULT_INDEX
        return cls(
            tuple(_source(SourceKind.FIND_LINKS, url, {}) for url in invocation.sources.find_links),
            tuple(_source(SourceKind.INDEX, url, names) for url in invocation.sources.index_urls),
            policy,
            invocation.sources.default_index,
            as_of,
            invocation.sources.trusted_hosts,
            {name: _named_by(file, invocation.sources, names) for name, file in invocation.locked.items()},
        )

    def __call__(self, name: NormalizedName) -> tuple[Source, ...]:
        """Return the sources of *name*, in pip's order; those that are not to be asked say why (``Source.denied``).

        Where the policy lists indexes, a name is asked of those alone that the most specific pattern binds it to: a
        private name is not even told to another index. Of a locked project indexes tell what the lock leaves out: those
        of everything else, and where the policy lists none also the one that the lock names.
        """
        return tuple(self._judged(name, source) for source in self._of(name))

    def _of(self, name: NormalizedName) -> tuple[Source, ...]:
        find_links = () if name in self.locks else self.find_links
        if not self.policy.indexes:
            return find_links + self.configured + self.locks.get(name, ())
        chosen = self.policy.indexes_for(name)
        # A name that a pattern binds comes from nowhere else: not from another index, and not from find-links.
        anywhere = () if any(_binds(index, name) for index in chosen) else find_links
        return anywhere + tuple(self._listed(index) for index in chosen)

    def _judged(self, name: NormalizedName, source: Source) -> Source:
        trusted = trusted_host(source.url, self.trusted_hosts)
        return replace(source, denied=denials(name, source, trusted, self.policy, self.as_of))

    @property
    def indexes(self) -> tuple[Source, ...]:
        """Every index that may be asked for some project."""
        return tuple(map(self._listed, self.policy.indexes)) or self.configured

    @property
    def unlisted(self) -> tuple[Source, ...]:
        """The configured indexes that the policy does not list, and that are therefore never asked."""
        listed = {_bare(self._listed(index).url) for index in self.policy.indexes}
        return tuple(source for source in self.configured if listed and _bare(source.url) not in listed)

    def _listed(self, index: IndexSettings) -> Source:
        url = index.url or self.default_index
        # pip's own spelling may carry the credentials.
        same = next((source for source in self.configured if _bare(source.url) == _bare(url)), None)
        url = same.url if same else url
        return Source(kind=SourceKind.INDEX, url=url, name=index.name, mirror_of=index.mirror_of)


def _named_by(file: LockedFile, sources: ConfiguredSources, names: Mapping[str, str]) -> tuple[Source, ...]:
    """Return the index that a lock names for *file*, unless pip asks it anyhow, or is to ask none."""
    configured = {_bare(url) for url in sources.index_urls}
    if not file.index or not configured or _bare(file.index) in configured:
        return ()
    return (_source(SourceKind.INDEX, file.index, names),)


def _binds(index: IndexSettings, name: NormalizedName) -> bool:
    """Whether a pattern that says more than "anything" gives *name* to *index*."""
    return any(selector.matches_name(name) and selector.pattern.strip("*") for selector in index.packages)


def _bare(url: str) -> str:
    """Return what tells two addresses of one index apart: not credentials, not a closing slash."""
    return redacted(url).replace("****@", "").rstrip("/")


def _source(kind: SourceKind, url: str, names: Mapping[str, str]) -> Source:
    return Source(kind=kind, url=url, name=names.get(_bare(url), redacted(url)))
