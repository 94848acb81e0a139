"""What there is to add where pip says that it has found no version of a project: nobody it may ask knows the name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from packaging.utils import canonicalize_name

from safeinstall.facts.names.lookalikes import Lookalikes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from packaging.utils import NormalizedName

    from safeinstall.policy.model import IndexSettings, Policy
    from safeinstall.request.invocation import ConfiguredSources


def explain_unknown(
    names: Iterable[str],
    sources: ConfiguredSources,
    policy: Policy,
    popular: Callable[[], Sequence[NormalizedName]],
) -> Iterator[str]:
    """Yield lines on *names*, as they were asked for: which indexes the policy leaves, and what else they may mean."""
    for name in names:
        chosen = policy.indexes_for(canonicalize_name(name))
        if policy.indexes and _is_narrowed(chosen, sources, policy):
            yield from _narrowed(name, chosen, policy)
        if chosen or (sources.index_urls and not policy.indexes):
            yield from _meant(name, popular)


def _is_narrowed(chosen: Sequence[IndexSettings], sources: ConfiguredSources, policy: Policy) -> bool:
    """Whether an index that pip or the policy knows was not asked."""
    asked = {(index.url or sources.default_index).rstrip("/") for index in chosen}
    return len(chosen) < len(policy.indexes) or not asked.issuperset(url.rstrip("/") for url in sources.index_urls)


def _narrowed(name: str, chosen: Sequence[IndexSettings], policy: Policy) -> Iterator[str]:
    asked = " and ".join(index.name for index in chosen)
    what = f"asks {asked} alone for {name}" if chosen else f"leaves no index for {name}"
    yield f"the policy {what}, by its [[indexes]]:"
    for number, index in enumerate(policy.indexes):
        patterns = ", ".join(f'"{selector.pattern}"' for selector in index.packages)
        yield f"  {policy.origin(f'indexes[{number}]')}: {index.name} has {patterns}"


def _meant(name: str, popular: Callable[[], Sequence[NormalizedName]]) -> Iterator[str]:
    found = Lookalikes(popular())(canonicalize_name(name))
    if found is not None:
        yield f"no such project: {name}; did you mean {found.popular}?"
