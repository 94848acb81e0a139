"""Layers of policies as one policy. A layer below may only tighten, but for what the strongest grants.

Each key is merged by its order (:mod:`safeinstall.policy.orders`); on a key that it does not write a layer has no
opinion. What it asks for without the right to is noted, and does not count.
"""

from __future__ import annotations

from functools import lru_cache
from hashlib import sha256
from typing import TYPE_CHECKING

from safeinstall.policy.laying import Stack
from safeinstall.policy.model import Policy, RuleSet
from safeinstall.policy.selectors import covers

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import date

    from safeinstall.policy.layer import Layer
    from safeinstall.policy.model import Override


def stack(layers: Sequence[Layer], *, today: date) -> Policy:
    """Return the policy of *layers*, the strongest first; *today* is what the length of exceptions is counted from."""
    whole = _laid(layers, (), today)
    overrides = tuple(override for layer in layers for override in layer.document.overrides)
    notes = [note for number in range(len(overrides)) for note in _laid(layers, _with(overrides, number), today).notes]
    settings = whole.settings
    return Policy(
        file=" + ".join(layer.file for layer in layers),
        digest=_digest(layers),
        mode=settings.mode,
        select=settings.select,
        fail_on=settings.fail_on,
        contact=settings.contact,
        evidence=settings.evidence,
        indexes=settings.indexes,
        advisories=settings.advisories,
        exceptions=settings.exceptions,
        grants=settings.grants,
        provenance=settings.provenance,
        log=settings.log,
        overrides=overrides,
        rules=_rule_set(whole).rules,
        routes=tuple(whole.routes),
        granted_indexes=frozenset(whole.granted),
        notes=tuple(dict.fromkeys((*whole.notes, *notes))),
        origins=whole.origins,
        variants=_variants(layers, today),
    )


def _with(overrides: Sequence[Override], number: int) -> list[int]:
    """Return the places of all overrides that surely apply where that at *number* does."""
    return [n for n, other in enumerate(overrides) if n == number or covers(other.package, overrides[number].package)]


def _laid(layers: Sequence[Layer], matching: Sequence[int], today: date) -> Stack:
    """Lay *layers* as they are where the overrides at *matching* apply, counted over all layers."""
    laid, first = None, 0
    for layer in layers:
        beyond = first + len(layer.document.overrides)
        own = [number - first for number in matching if first <= number < beyond]
        first = beyond
        if laid is None:
            laid = Stack.of(layer, own, today)
        else:
            laid.lay(layer, own)
    if laid is None:
        raise ValueError("a policy has at least one layer")
    return laid


def _rule_set(laid: Stack) -> RuleSet:
    return RuleSet(rules=tuple(rule for _, rule in sorted(laid.rules.items())), keys=laid.keys)


def _variants(layers: Sequence[Layer], today: date) -> Callable[[tuple[int, ...]], RuleSet]:
    @lru_cache(maxsize=1024)
    def variant(matching: tuple[int, ...]) -> RuleSet:
        return _rule_set(_laid(layers, matching, today))

    return variant


def _digest(layers: Sequence[Layer]) -> str:
    """Hash the hashes, so that no text can pass for two."""
    parts = "\n".join(f"{layer.role} {layer.digest}" for layer in layers)
    return f"sha256:{sha256(parts.encode()).hexdigest()}"
