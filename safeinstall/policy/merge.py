"""Several texts of one layer as one: later keys override earlier ones, arrays of tables append.

The line of every key survives, so that a report can name the place that decided.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from safeinstall.facts.verdict import Location
from safeinstall.policy.locations import Path, key_lines

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable


def _as_written(reference: str) -> str:
    return reference


@dataclass(frozen=True, slots=True)
class PolicyText:
    """One policy file as read."""

    file: str
    """Its name as problems and reports show it; the same file always has the same."""
    text: str
    resolve: Callable[[str], str] = field(default=_as_written, compare=False)
    """Makes a path that is written in this text mean the same elsewhere."""
    table: Path = ()
    """The table of the text that is the policy: ``("tool", "safe-pip")`` in a ``pyproject.toml``."""
    shipped: bool = False
    """Whether it is one of our presets."""

    def location(self, path: Path) -> Location:
        """Return where *path* is written, else the nearest table above it, else the file alone."""
        lines, path = key_lines(self.text), (*self.table, *path)
        while path and path not in lines:
            path = path[:-1]
        return Location(self.file, lines[path] if path else 0)


@dataclass(frozen=True, slots=True)
class Origins:
    """For each value of merged tables the text, and the path in that text, where it stands."""

    written: dict[Path, tuple[PolicyText, Path]] = field(default_factory=dict)

    def source(self, path: Path) -> tuple[PolicyText, Path] | None:
        """Return the text and the path in it; ``None`` when neither *path* nor a table above it is written."""
        for length in range(len(path), 0, -1):
            if path[:length] in self.written:
                text, written = self.written[path[:length]]
                return text, (*written, *path[length:])
        return None

    def location(self, path: Path) -> Location | None:
        """Return where the value at *path* comes from, or the table above it; ``None`` as :meth:`source`."""
        source = self.source(path)
        return None if source is None else source[0].location(source[1])


@dataclass(frozen=True, slots=True)
class Merged:
    """The merged tables of one layer."""

    data: dict[str, Any] = field(default_factory=dict)
    origins: Origins = field(default_factory=Origins)

    def written(self, path: Path) -> dict[str, Path]:
        """Map the keys that are written in the table at *path* to their paths."""
        table: Any = self.data
        for step in path:
            table = table.get(step, {})
        return {key: (*path, key) for key in table}

    def overlay(self, text: PolicyText, data: dict[str, Any]) -> None:
        """Put *data*, the content of *text*, over what is there."""
        self._table(self.data, data, (), text, ())

    def _table(self, target: dict[str, Any], layer: dict[str, Any], path: Path, text: PolicyText, source: Path) -> None:
        for key, value in layer.items():
            here, there = (*path, key), (*source, key)
            self.origins.written[here] = (text, there)
            if isinstance(value, dict):
                table = target[key] = target[key] if isinstance(target.get(key), dict) else {}
                self._table(table, value, here, text, there)
            elif _is_array_of_tables(value):
                items = target[key] = target[key] if _is_array_of_tables(target.get(key)) else []
                self._append(items, value, here, text, there)
            else:
                target[key] = value

    def _append(self, items: list[Any], layer: list[Any], path: Path, text: PolicyText, source: Path) -> None:
        for index, value in enumerate(layer):
            here, there = (*path, len(items)), (*source, index)
            self.origins.written[here] = (text, there)
            items.append({})
            self._table(items[-1], value, here, text, there)


def merge(layers: Iterable[tuple[PolicyText, dict[str, Any]]]) -> Merged:
    """Lay *layers* over one another, the last on top."""
    merged = Merged()
    for text, data in layers:
        merged.overlay(text, data)
    return merged


def _is_array_of_tables(value: object) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(item, dict) for item in value)
