"""One layer of a policy: what it states, key by key."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from safeinstall.policy.orders import order_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from safeinstall.policy.document import Document
    from safeinstall.policy.locations import Path
    from safeinstall.policy.merge import Merged
    from safeinstall.policy.model import Override
    from safeinstall.rules.base import Rule


@dataclass(frozen=True, slots=True)
class Layer:
    """A policy file with what it extends, checked by itself."""

    role: str
    """``system``, ``user``, ``project`` or, for a preset that applies because nothing else does, ``default``."""
    file: str
    document: Document
    merged: Merged
    digest: str
    """Of all its texts."""
    trust: str = ""
    """Of all its texts but our own presets."""


@dataclass(frozen=True, slots=True)
class Stated:
    """A rule as one layer states it for some package."""

    rule: Rule
    written: dict[str, Path] = field(default_factory=dict)
    """The options that are written, and the paths where they are."""


def stated_rules(layer: Layer, matching: Iterable[int]) -> dict[str, Stated]:
    """Return the rules of *layer*, by id, with those of its overrides that are *matching*.

    The most specific override decides; of equally specific ones the stricter option counts.
    """
    document = layer.document
    stated = {rule.id: Stated(rule, layer.merged.written(("rules", rule.id))) for rule in document.rules}
    ranks: dict[tuple[str, str], tuple[bool, int]] = {}
    for number in sorted(matching, key=lambda n: document.overrides[n].package.specificity):
        override = document.overrides[number]
        for rule in override.rules:
            known = stated.get(rule.id, Stated(type(rule)()))
            stated[rule.id] = _overridden(known, rule, override, ("overrides", number, "rules", rule.id), ranks)
    return stated


def _overridden(
    known: Stated, rule: Rule, override: Override, path: Path, ranks: dict[tuple[str, str], tuple[bool, int]]
) -> Stated:
    written, changes = dict(known.written), {}
    for key in sorted(override.written[rule.id]):
        name, rank = key.replace("-", "_"), override.package.specificity
        have, want = getattr(known.rule, name), getattr(rule, name)
        is_tied = ranks.get((rule.id, key)) == rank
        ranks[rule.id, key] = rank
        value = order_of(type(rule), key).stricter(have, want, known.rule) if is_tied else want
        if not is_tied or value != have:
            changes[name], written[key] = value, (*path, key)
    return Stated(replace(known.rule, **changes), written)  # type: ignore[type-var]  # a rule is a dataclass
