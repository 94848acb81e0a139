"""Of two values of a policy key, the stricter. By these orders layers are merged and policies compared.

The type of a field tells its order; where it does not, the field says so: ``metadata={"merge": "union"}``.

================= ==================================================================================================
level             ``deny`` before ``warn`` before ``allow``
duration          the longer; with ``shortest`` the shorter. None at all, where that is possible, is the strictest
choice            the one that stands first in its ``Literal``
``true, false``   the default
number            with ``highest`` the higher, with ``lowest`` the lower: none at all is then the loosest
list              what is in both: lists name what may be. With ``union`` what is in either: these name what may not
``pins``          the hashes in both; a pin for another release counts where releases need none
``ages``          the longer, against the minimum where one of them says nothing
``publishers``    of a selector that both name the entries that say more than one of the upper's; of others either
everything else   the upper layer's (``fixed``); with ``upper`` also where that says nothing
================= ==================================================================================================
"""

from __future__ import annotations

import types
import typing
from dataclasses import dataclass, fields, replace
from datetime import timedelta
from functools import cache
from math import inf
from typing import TYPE_CHECKING, Any, Literal, Union

from safeinstall.facts.finding import Level
from safeinstall.facts.terms import PackageSelector, PublisherBinding, StartupExemption
from safeinstall.policy.schema import field_types
from safeinstall.policy.selectors import common

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from safeinstall.facts.terms import Digest, Release


@dataclass(frozen=True, slots=True)
class Order:
    """How two values of one key are merged."""

    stricter: Callable[[Any, Any, Any], Any]
    """From an upper value, a lower one and the table the upper is from: a value at least as strict as the upper."""
    looser: Callable[[Any, Any], Any] | None = None
    """From an upper value and how far it may be loosened: the loosest that may be. ``None``: it never may."""
    adds: bool = False
    """Both values hold whole: to merge them refuses nothing."""


def order_of(cls: type, key: str) -> Order:
    """Return the order of the policy key *key* of dataclass *cls*."""
    return _orders(cls)[key]


@cache
def _orders(cls: type) -> dict[str, Order]:
    kinds = field_types(cls)
    named = {f.name.replace("_", "-"): f for f in fields(cls)}
    return {
        key: _BY_NAME[named[key].metadata["merge"]] if "merge" in named[key].metadata else _by_type(kind, named[key])
        for key, kind in kinds.items()
    }


def _by_type(kind: Any, declared: Any) -> Order:
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin in (Union, types.UnionType):
        return _by_type(next(a for a in arguments if a is not types.NoneType), declared)
    if origin is Literal:
        return _total(lambda value: -arguments.index(value))
    if origin is tuple:
        return _LISTS.get(arguments[0], _INTERSECTION)
    if kind is Level:
        return _total(int)
    if kind is timedelta:
        return _LONGEST
    return _total(lambda value: value == declared.default) if kind is bool else _FIXED


def _total(rank: Callable[[Any], Any]) -> Order:
    """Order values by *rank*: the greater is the stricter. Of equals the upper stays."""
    return Order(
        lambda upper, lower, _: lower if rank(lower) > rank(upper) else upper,
        lambda upper, floor: floor if rank(floor) < rank(upper) else upper,
    )


def _length(value: timedelta | None) -> timedelta:
    return timedelta.max if value is None else value


def _both(upper: tuple[Any, ...], lower: tuple[Any, ...], _: object) -> tuple[Any, ...]:
    known = frozenset(upper)
    return tuple(item for item in lower if item in known)


def _either(upper: tuple[Any, ...], lower: tuple[Any, ...]) -> tuple[Any, ...]:
    return tuple(dict.fromkeys((*upper, *lower)))


def _common_selectors(
    upper: tuple[PackageSelector, ...], lower: tuple[PackageSelector, ...], _: object
) -> tuple[PackageSelector, ...]:
    globs = [selector for selector in upper if "*" in selector.pattern]
    named: dict[str, list[PackageSelector]] = {}
    for selector in upper:
        named.setdefault(selector.pattern, []).append(selector)
    shared = (
        both
        for one in lower
        for other in (upper if "*" in one.pattern else (*globs, *named.get(one.pattern, ())))
        if (both := common(one, other)) is not None
    )
    return tuple(dict.fromkeys(shared))


def _common_exemptions(
    upper: tuple[StartupExemption, ...], lower: tuple[StartupExemption, ...], _: object
) -> tuple[StartupExemption, ...]:
    shared = (_common_exemption(other, one) for one in lower for other in upper)
    return tuple(dict.fromkeys(both for both in shared if both is not None))


def _common_exemption(upper: StartupExemption, lower: StartupExemption) -> StartupExemption | None:
    package = common(lower.package, upper.package)
    lines = lower.lines if upper.lines is None else upper.lines
    if None not in (upper.lines, lower.lines):
        lines = tuple(line for line in lower.lines or () if line in (upper.lines or ()))
    return None if package is None or lines == () else replace(lower, package=package, lines=lines)


def _pins(
    upper: Mapping[Release, tuple[Digest, ...]], lower: Mapping[Release, tuple[Digest, ...]], of: Any
) -> Mapping[Release, tuple[Digest, ...]]:
    """A release without a common hash keeps the upper layer's: no pin may be milder than a wrong one."""
    shared = {release: _both(pins, lower.get(release, pins), of) or pins for release, pins in upper.items()}
    added = {release: pins for release, pins in lower.items() if release not in upper and pins}
    return shared | (added if of.require == "index" else {})


def _ages(upper: Mapping[str, timedelta], lower: Mapping[str, timedelta], of: Any) -> Mapping[str, timedelta]:
    return {**upper, **{name: max(age, upper.get(name, of.minimum)) for name, age in lower.items()}}


def _publishers(
    upper: tuple[PublisherBinding, ...], lower: tuple[PublisherBinding, ...], _: object
) -> tuple[PublisherBinding, ...]:
    """Entries of one selector are alternatives, so none may come; those of different selectors must all be met."""
    own = {selector: [one for one in upper if one.package == selector] for selector in (one.package for one in upper)}
    laid = []
    for one in lower:
        wider = [other for other in own.get(one.package, ()) if one.is_within(other)]
        if wider or one.package not in own:
            laid.append(one if any(other.excuses for other in wider) else one.added())
    narrowed = {one.package for one in laid}
    return _either(tuple(one for one in upper if one.package not in narrowed), tuple(laid))


_LONGEST = _total(_length)
_INTERSECTION = Order(_both, _either)
_SELECTORS = Order(_common_selectors, _either)
_LISTS = {PackageSelector: _SELECTORS, StartupExemption: Order(_common_exemptions, _either)}
_FIXED = Order(lambda upper, lower, _: lower if upper is None else upper)
_BY_NAME: Mapping[str, Order] = {
    "longest": _LONGEST,
    "shortest": _total(lambda value: -value),
    "highest": _total(lambda value: value),
    "lowest": _total(lambda value: -inf if value is None else -value),
    "intersect": _INTERSECTION,
    "union": Order(lambda upper, lower, _: _either(upper, lower), adds=True),
    "pins": Order(_pins),
    "ages": Order(_ages),
    "publishers": Order(_publishers),
    "fixed": _FIXED,
    "upper": Order(lambda upper, _lower, _of: upper),
}
