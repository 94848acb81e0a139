"""What a policy may say and its author hardly means."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

from safeinstall.facts.terms import PackageSelector, PublisherBinding, StartupExemption
from safeinstall.policy.locations import render_key
from safeinstall.policy.render import options
from safeinstall.policy.selectors import covers

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from packaging.utils import NormalizedName
    from packaging.version import Version

    from safeinstall.facts.verdict import Waiver
    from safeinstall.policy.locations import Path
    from safeinstall.policy.model import Policy

_NAMING = {"allowlist": ("packages",), "provenance": ("require", "publishers")}
"""Options that name packages because they are there."""
_SOON = timedelta(days=14)
_FAR = timedelta(days=366)


@dataclass(frozen=True, slots=True)
class Lint:
    """One remark."""

    key: str
    """Dotted, of the line it is about."""
    message: str


def lint(policy: Policy, today: date) -> Iterator[Lint]:
    """Yield what is suspicious in *policy* as it is, *today*."""
    if not policy.rules:
        yield Lint("rules", "no rule is listed: nothing but integrity is enforced")
    if policy.mode == "audit":
        yield Lint("mode", "nothing is stopped: denials are only told")
    if policy.log.required and policy.log.forward_to is None:
        yield Lint("log.required", "there is no forward-to, so nothing is forwarded or required")
    yield from _exceptions(policy, today)
    yield from _indexes(policy)
    yield from _lists(policy)
    for rule in policy.rules:
        for key, value in options(rule).items():
            if isinstance(value, tuple):
                selectors = [item for item in map(_selector, value) if isinstance(item, PackageSelector)]
                yield from _shadowed(f"rules.{rule.id}.{key}", selectors if len(selectors) == len(value) else ())
                yield from _alternatives(f"rules.{rule.id}.{key}", value)


def unmatched(policy: Policy, releases: Collection[tuple[NormalizedName, Version | None]]) -> Iterator[Lint]:
    """Yield the selectors of exceptions, overrides and allowlist that select none of *releases*.

    Of a name without a version any may be meant.
    """
    named = [(f"exceptions[{n}]", waiver.package) for n, waiver in enumerate(policy.exceptions)]
    named += [(f"overrides[{n}]", override.package) for n, override in enumerate(policy.overrides)]
    for rule in policy.rules:
        for option in _NAMING.get(rule.id, ()):
            values = enumerate(options(rule)[option])
            named += [(f"rules.{rule.id}.{option}[{n}]", getattr(value, "package", value)) for n, value in values]
    for key, selector in named:
        if not any(
            selector.matches_name(name) if version is None else selector.matches(name, version)
            for name, version in releases
        ):
            yield Lint(key, f'"{selector}" selects none of the packages')


def _exceptions(policy: Policy, today: date) -> Iterator[Lint]:
    listed = {rule.id for rule in policy.all_rules}
    for number, waiver in enumerate(policy.exceptions):
        key = f"exceptions[{number}]"
        if message := _expiry(waiver, today):
            yield Lint(f"{key}.expires", f"the exception for {waiver.package} {message}")
        for rule in waiver.rules:
            if rule not in listed:
                yield Lint(
                    f"{key}.rules", f"the policy does not list the rule {rule}, so nothing has to be excepted from it"
                )


def _expiry(waiver: Waiver, today: date) -> str | None:
    if waiver.expires <= today:
        return f"is void since {waiver.expires}; remove it, or look at it again"
    if waiver.expires - today <= _SOON:
        return f"expires on {waiver.expires}, in {(waiver.expires - today).days} days"
    if waiver.expires - today > _FAR:
        return f"lasts until {waiver.expires}: nobody will look at it again for more than a year"
    return None


def _indexes(policy: Policy) -> Iterator[Lint]:
    if policy.grants.indexes and not policy.indexes:
        yield Lint("grants.indexes", "no index can be added to none: list the others as [[indexes]]")
    public = [
        index
        for index in policy.indexes
        if any(p.matches_everything for p in index.packages) and index.mirror_of is None
    ]
    for number, index in enumerate(policy.indexes):
        if index in public and len(public) > 1 and index.url is not None:
            key = render_key(("indexes", number, "packages"))
            yield Lint(
                key, f"the index {index.name} may serve any name, as another may: which of them does is left to pip"
            )


def _lists(policy: Policy) -> Iterator[Lint]:
    """Yield the options that ask for a list which the policy does not name."""
    for option, name in (("exploited", "exploited"), ("deny-at-epss", "epss")):
        path: Path = ("rules", "vulnerability", option)
        if path in policy.origins.written and getattr(policy.advisories, name) is None:
            yield Lint(render_key(path), f"{option} asks for a list, and `{name}` under [advisories] names none")


def _selector(item: object) -> object:
    """Return the selector that *item* is no more than."""
    return item.package if isinstance(item, StartupExemption) and item.lines is None else item


def _shadowed(key: str, selectors: Sequence[PackageSelector]) -> Iterator[Lint]:
    for number, narrow in enumerate(selectors):
        wide = next((w for n, w in enumerate(selectors) if n != number and _is_wider(w, narrow, n < number)), None)
        if wide is not None:
            yield Lint(f"{key}[{number}]", f'"{narrow}" adds nothing to "{wide}"')


def _alternatives(key: str, values: tuple[object, ...]) -> Iterator[Lint]:
    """Yield the publishers that another entry for the same packages names, too."""
    bindings = [value for value in values if isinstance(value, PublisherBinding)]
    for number, one in enumerate(bindings):
        others = (other for n, other in enumerate(bindings) if n != number and other.package == one.package)
        if any(one.is_within(other) and (one != other or bindings.index(one) < number) for other in others):
            yield Lint(f"{key}[{number}]", f'another entry for "{one.package}" has {one.publisher.shown} already')


def _is_wider(wide: PackageSelector, narrow: PackageSelector, stands_before: bool) -> bool:
    return covers(wide, narrow) and (stands_before or not covers(narrow, wide))
