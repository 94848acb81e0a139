"""Two policies compared: what changed, and whether the new one lets more pass."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from safeinstall.policy.model import AdvisorySettings, ProvenanceSettings, Settings
from safeinstall.policy.orders import order_of
from safeinstall.policy.render import options, render_value
from safeinstall.policy.schema import field_types
from safeinstall.policy.selectors import covers

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from safeinstall.facts.finding import Level
    from safeinstall.facts.terms import PackageSelector
    from safeinstall.policy.model import Policy
    from safeinstall.rules.base import Rule

Effect = Literal["loosens", "tightens", "differs", "says"]
"""``differs``: in some cases more passes, or that cannot be told. ``says``: no verdict changes."""


@dataclass(frozen=True, slots=True)
class Change:
    """One difference."""

    key: str
    old: str | None
    new: str | None
    effect: Effect

    @property
    def may_loosen(self) -> bool:
        """Whether something may pass that did not pass before."""
        return self.effect in ("loosens", "differs")


def changes(old: Policy, new: Policy) -> list[Change]:
    """Return every difference, in the order of the schema."""
    found = [
        *_compared("", _settings(old), _settings(new), ("mode", "select", "fail-on")),
        *_different("contact", old.contact, new.contact, "says"),
        *_compared("evidence.", old.evidence, new.evidence, ("on-missing", "max-staleness")),
        *_different("indexes", old.indexes, new.indexes),
        *_advisories(old.advisories, new.advisories),
        *_compared("provenance.", old.provenance, new.provenance, field_types(ProvenanceSettings)),
        *_rules("", old, old.rules, new, new.rules),
    ]
    told = {(change.key, change.old, change.new) for change in found}
    packages = dict.fromkeys(override.package for override in (*old.overrides, *new.overrides))
    for package in packages:
        where = f'overrides."{package}".'
        own = _rules(where, old, _rules_of(old, package), new, _rules_of(new, package))
        found += [change for change in own if (change.key.removeprefix(where), change.old, change.new) not in told]
    return [
        *found,
        *_exceptions(old, new),
        *_different("grants", _granted(old), _granted(new)),
        *_different("log", old.log, new.log),
    ]


def _advisories(old: AdvisorySettings, new: AdvisorySettings) -> Iterator[Change]:
    for key in field_types(AdvisorySettings):
        yield from _different(f"advisories.{key}", getattr(old, key), getattr(new, key))


def _settings(policy: Policy) -> Settings:
    return Settings(mode=policy.mode, select=policy.select, fail_on=policy.fail_on)


def _granted(policy: Policy) -> dict[str, Any]:
    return options(policy.grants, all_of_them=False)


def _different(key: str, old: Any, new: Any, effect: Effect = "differs") -> Iterator[Change]:
    if old != new:
        yield Change(key, _shown(old), _shown(new), effect)


def _compared(prefix: str, old: Any, new: Any, keys: Iterable[str]) -> Iterator[Change]:
    for key in keys:
        name = key.replace("-", "_")
        yield from _change(prefix + key, getattr(old, name), getattr(new, name), _effect(old, new, key))


def _change(key: str, old: Any, new: Any, effect: Effect) -> Iterator[Change]:
    if old != new:
        yield Change(key, _shown(old), _shown(new), effect)


def _rules_of(policy: Policy, package: PackageSelector) -> tuple[Rule, ...]:
    places = (n for n, override in enumerate(policy.overrides) if covers(override.package, package))
    return policy.variants(tuple(places)).rules


def _rules(
    prefix: str, old: Policy, old_rules: tuple[Rule, ...], new: Policy, new_rules: tuple[Rule, ...]
) -> Iterator[Change]:
    before, after = ({rule.id: rule for rule in rules} for rules in (old_rules, new_rules))
    for rule in sorted(before.keys() | after.keys()):
        key = f"{prefix}rules.{rule}"
        if rule not in after:
            yield Change(key, "listed", None, "loosens")
        elif rule not in before:
            yield Change(key, None, "listed", "tightens")
        else:
            yield from _options(key, before[rule], old.evidence.on_missing, after[rule], new.evidence.on_missing)


def _options(key: str, old: Rule, old_answer: Level, new: Rule, new_answer: Level) -> Iterator[Change]:
    for option in field_types(type(old)):
        name = option.replace("-", "_")
        before, after = getattr(old, name), getattr(new, name)
        if option == "on-missing":
            had, has = (answer if own is None else own for own, answer in ((before, old_answer), (after, new_answer)))
            effect: Effect = "says" if had == has else "tightens" if has > had else "loosens"
        else:
            effect = _effect(old, new, option)
        yield from _change(f"{key}.{option}", before, after, effect)


def _effect(old: Any, new: Any, key: str) -> Effect:
    """Say what becomes of *key*: the stricter of both is the new one, the old one, or neither."""
    order, name = order_of(type(old), key), key.replace("-", "_")
    before, after = getattr(old, name), getattr(new, name)
    is_tighter = _same(order.stricter(before, after, old), after)
    is_looser = _same(order.stricter(after, before, new), before)
    if is_tighter == is_looser:
        return "differs"
    return "tightens" if is_tighter else "loosens"


def _same(one: Any, other: Any) -> bool:
    if isinstance(one, tuple):
        return set(one) == set(other)
    return bool(one == other)


def _exceptions(old: Policy, new: Policy) -> Iterator[Change]:
    for waiver in old.exceptions:
        if waiver not in new.exceptions:
            yield Change(f'exceptions."{waiver.package}"', _shown(options(waiver, all_of_them=False)), None, "tightens")
    for waiver in new.exceptions:
        if waiver not in old.exceptions:
            yield Change(f'exceptions."{waiver.package}"', None, _shown(options(waiver, all_of_them=False)), "loosens")


def _shown(value: Any) -> str | None:
    if isinstance(value, Mapping):
        return render_value({str(key): item for key, item in value.items()})
    return None if value is None else render_value(value)
