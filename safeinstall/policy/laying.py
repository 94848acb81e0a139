"""One layer laid under stricter ones: key by key, noting what it asks for and does not get."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from safeinstall.facts.finding import Level
from safeinstall.policy.layer import stated_rules
from safeinstall.policy.locations import render_key
from safeinstall.policy.merge import Origins
from safeinstall.policy.orders import Order, order_of
from safeinstall.policy.render import render_value

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import date

    from safeinstall.facts.verdict import Waiver
    from safeinstall.policy.layer import Layer, Stated
    from safeinstall.policy.locations import Path
    from safeinstall.policy.model import IndexSettings, Settings
    from safeinstall.rules.base import Rule

_LONGEST = 100
_OWN_ORDER = "on-missing"
_SCALARS = ("mode", "select", "fail-on", "contact")


@dataclass(slots=True)
class Stack:
    """Layers so far, strongest first."""

    top: Layer
    today: date
    settings: Settings
    rules: dict[str, Rule]
    origins: Origins
    routes: list[tuple[IndexSettings, ...]]
    """The indexes of each layer that lists any."""
    keys: dict[str, str] = field(default_factory=dict)
    """Options that an override decided: the dotted key, and the key as written."""
    granted: set[str] = field(default_factory=set)
    """Names of indexes that were added."""
    overrides: int = 0
    notes: list[str] = field(default_factory=list)
    _layer: Layer = field(init=False)
    _ruled: set[str] = field(default_factory=set)
    """Every rule that a layer so far lists, be it for some packages only."""

    @classmethod
    def of(cls, top: Layer, matching: Iterable[int], today: date) -> Stack:
        """Begin with the strongest layer."""
        settings, stated = top.document.settings, stated_rules(top, matching)
        written = dict(top.merged.origins.written)
        rules = {rule: own.rule for rule, own in stated.items()}
        self = cls(top, today, settings, rules, Origins(written), [settings.indexes] if settings.indexes else [])
        self._layer = top
        for rule, own in stated.items():
            self._note_overrides(("rules", rule), own)
        self._finish()
        return self

    def lay(self, layer: Layer, matching: Iterable[int]) -> None:
        """Lay *layer* under what is there."""
        self._layer, own = layer, layer.document.settings
        upper = self.settings.evidence.on_missing
        top = {key: path for key, path in layer.merged.written(()).items() if key in _SCALARS}
        settings = self._table(self.settings, own, top, ())
        evidence = self._table(settings.evidence, own.evidence, layer.merged.written(("evidence",)), ("evidence",))
        sources = layer.merged.written(("advisories",))
        advisories = self._table(settings.advisories, own.advisories, sources, ("advisories",))
        attested = layer.merged.written(("provenance",))
        provenance = self._table(settings.provenance, own.provenance, attested, ("provenance",))
        self.settings = replace(
            settings,
            evidence=evidence,
            advisories=advisories,
            provenance=provenance,
            exceptions=(*settings.exceptions, *self._exceptions(own.exceptions)),
        )
        self._indexes(own.indexes)
        for rule, stated in stated_rules(layer, matching).items():
            self._rule(rule, stated, upper)
        if "grants" in layer.merged.data:
            self._note(("grants",), f"grants: does not count: only {self.top.file} grants")
        if "log" in layer.merged.data:
            self._note(("log",), f"log: does not count: only {self.top.file} says where receipts go")
        self._finish()

    def _finish(self) -> None:
        """Take up what later layers are compared with."""
        document = self._layer.document
        for number in range(len(document.overrides)):
            self._trace(("overrides", self.overrides + number), ("overrides", number))
        self.overrides += len(document.overrides)
        self._ruled.update(self.rules, *(override.written for override in document.overrides))

    # -- tables ------------------------------------------------------------------------------------------------------

    def _rule(self, rule: str, stated: Stated, on_missing: Level) -> None:
        path: Path = ("rules", rule)
        if rule in self.rules:
            self.rules[rule] = self._table(self.rules[rule], stated.rule, stated.written, path, on_missing)
            return
        self.rules[rule] = stated.rule
        self._trace(path, path)
        for key, source in stated.written.items():
            self._trace((*path, key), source)
        self._note_overrides(path, stated)

    def _table(
        self, upper: Any, lower: Any, written: Mapping[str, Path], path: Path, on_missing: Level | None = None
    ) -> Any:
        changes = {}
        for key, source in written.items():
            name, here = key.replace("-", "_"), (*path, key)
            is_answer = key == _OWN_ORDER and on_missing is not None
            order = _answers(on_missing) if is_answer and on_missing is not None else order_of(type(upper), key)
            have, want = getattr(upper, name), getattr(lower, name)
            got = order.stricter(self._bound(order, here, have), want, upper)
            if _is_lost(want, got) and not order.adds:
                self._note(source, self._refusal(here, source, want, got, is_granted=got != have))
            if got != have:
                changes[name] = got
                self._trace_value(here, source, have, want, got)
        return replace(upper, **changes)

    def _bound(self, order: Order, path: Path, have: Any) -> Any:
        """Return how loose the value at *path* may be at most."""
        loosest = self.settings.grants.loosen.get(render_key(path))
        return have if loosest is None or order.looser is None else order.looser(have, loosest)

    # -- exceptions and indexes --------------------------------------------------------------------------------------

    def _exceptions(self, waivers: tuple[Waiver, ...]) -> Iterator[Waiver]:
        taken = len(self.settings.exceptions)
        for number, waiver in enumerate(waivers):
            own = [rule for rule in waiver.rules if rule not in self._ruled]
            asked = [rule for rule in waiver.rules if rule in self._ruled]
            if asked and (reason := self._objection(waiver, asked)):
                self._note(("exceptions", number), f"the exception for {waiver.package} does not count: {reason}")
                asked = []
            if own or asked:
                self._trace(("exceptions", taken), ("exceptions", number))
                taken += 1
                yield replace(waiver, rules=tuple(rule for rule in waiver.rules if rule in (*own, *asked)))

    def _objection(self, waiver: Waiver, rules: list[str]) -> str | None:
        """Say why the strongest layer does not grant an exception from *rules*, if so."""
        grants = self.settings.grants
        if ungranted := [rule for rule in rules if rule not in grants.exceptions]:
            return f"{self.top.file} grants none from {', '.join(ungranted)}"
        if grants.require_approver and not (waiver.approved_by or "").strip():
            return f'{self._granted("require-approver")} asks for "approved-by"'
        if grants.max_exception is not None and waiver.expires - self.today > grants.max_exception:
            longest = render_value(grants.max_exception)
            return f"it expires on {waiver.expires}, and {self._granted('max-exception')} grants {longest} at most"
        return None

    def _granted(self, key: str) -> str:
        return str(self.top.merged.origins.location(("grants", key)))

    def _indexes(self, indexes: tuple[IndexSettings, ...]) -> None:
        if indexes and not self.settings.indexes:
            self._note(("indexes",), f"the indexes do not count: {self.top.file} lists none, so pip's own are asked")
        elif indexes:
            for number, index in enumerate(indexes):
                self._index(number, replace(index, mirror_of=None))
                if index.mirror_of is not None and index not in self.settings.indexes:
                    self._note(
                        ("indexes", number, "mirror-of"), f"which index is a mirror is for {self.top.file} to say"
                    )
            self.routes.append(tuple(replace(index, mirror_of=None) for index in indexes))

    def _index(self, number: int, index: IndexSettings) -> None:
        known = {own.name: own for own in self.settings.indexes}
        if index.name in known:
            if index.url not in (None, known[index.name].url):
                self._note(("indexes", number), f"the index {index.name} keeps the address that it has above")
        elif index.url in self.settings.grants.indexes:
            self.granted.add(index.name)
            self._trace(("indexes", len(known)), ("indexes", number))
            self.settings = replace(self.settings, indexes=(*self.settings.indexes, index))
        else:
            self._note(("indexes", number), f"the index {index.name} serves nothing: {self.top.file} does not list it")

    # -- what is told ------------------------------------------------------------------------------------------------

    def _note(self, source: Path, message: str) -> None:
        """Note something about what the layer writes itself; what a preset asks for, nobody wrote."""
        found = self._layer.merged.origins.source(source)
        if found is not None and not found[0].shipped:
            self.notes.append(f"{found[0].location(found[1])}: {message}")

    def _refusal(self, path: Path, source: Path, want: Any, got: Any, *, is_granted: bool) -> str:
        granted = self.top.merged.origins.location(("grants", "loosen", *path)) if is_granted else None
        here = granted or self.origins.location(path) or self.top.file
        if isinstance(want, tuple) and isinstance(got, tuple):
            lost = tuple(item for item in want if item not in set(got))
            return f"{render_key(source)}: {_shown(lost)} does not count: {here} has {_shown(got)}"
        asked = "names none" if got is None else f"asks for {_shown(got)}"
        return f"{render_key(source)} = {_shown(want)} does not count: {here} {asked}"

    def _trace(self, path: Path, source: Path) -> None:
        """Remember that the value at *path* now comes from *source* of the layer."""
        found = self._layer.merged.origins.source(source)
        if found is not None:
            self.origins.written[path] = found

    def _trace_value(self, path: Path, source: Path, have: Any, want: Any, got: Any) -> None:
        before = {item: self.origins.source((*path, place)) for item, place in _places(have)}
        for stale in [p for p in self.origins.written if p[: len(path)] == path]:
            del self.origins.written[stale]
        self._trace(path, source)
        asked = dict(_places(want))
        for item, place in _places(got):
            if item in asked:
                self._trace((*path, place), (*source, asked[item]))
            elif (found := before.get(item)) is not None:
                self.origins.written[(*path, place)] = found
        if source[0] == "overrides":
            self.keys[render_key(path)] = self._global(source)

    def _note_overrides(self, path: Path, stated: Stated) -> None:
        for key, source in stated.written.items():
            if source[0] == "overrides":
                self.keys[render_key((*path, key))] = self._global(source)

    def _global(self, source: Path) -> str:
        """Return the key of *source*, its override numbered among those of all layers."""
        _, number, *rest = source
        return render_key(("overrides", self.overrides + int(number), *rest))


def _answers(upper: Level | None) -> Order:
    """``on-missing`` of a rule: where it says nothing, ``[evidence]`` does."""

    def meant(value: Level | None) -> Level:
        return Level.DENY if upper is None else upper if value is None else value

    return Order(
        lambda have, want, _: want if want >= meant(have) else have,
        lambda have, floor: floor if floor < meant(have) else have,
    )


def _is_lost(want: Any, got: Any) -> bool:
    """Whether something of *want* is missing in *got*."""
    if isinstance(want, tuple | Mapping):
        kept = {item for item, _ in _places(got)}
        return any(item not in kept for item, _ in _places(want))
    return bool(want != got)


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Yield the items of a list or table with the last step of their path."""
    if isinstance(value, Mapping):
        yield from (((str(key), item), str(key)) for key, item in value.items())
    elif isinstance(value, tuple):
        yield from ((item, place) for place, item in enumerate(value))


def _shown(value: Any) -> str:
    text = render_value(value)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
