"""From TOML values to typed values: the annotation of a dataclass field is the schema of its key.

Every problem of a table is collected; nothing is guessed, coerced or skipped.
"""

from __future__ import annotations

import types
import typing
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields, is_dataclass
from datetime import date, datetime, timedelta
from difflib import get_close_matches
from functools import cache
from typing import Any, Literal, Union, cast

from packaging.specifiers import SpecifierSet
from packaging.utils import NormalizedName
from packaging.version import Version

from safeinstall.facts.finding import Level
from safeinstall.facts.spdx import parse_license
from safeinstall.facts.terms import (
    Digest,
    LicenseId,
    PackageSelector,
    Probability,
    PublisherBinding,
    PublisherService,
    Release,
    StartupExemption,
)
from safeinstall.policy.durations import parse_duration
from safeinstall.policy.locations import Path, render_key
from safeinstall.policy.selectors import parse_digest, parse_release, parse_selector

_ANNOTATIONS = {
    t.__name__: t
    for t in (
        *(date, timedelta, Digest, Level, LicenseId, Mapping),
        *(NormalizedName, PackageSelector, Probability, PublisherBinding, Release, SpecifierSet, StartupExemption),
        Version,
    )
} | {"PublisherService": PublisherService}
"""What a field's annotation may name although its module imports it for type checkers only."""
_PARSERS = {
    PackageSelector: parse_selector,
    Release: parse_release,
    Digest: parse_digest,
    LicenseId: parse_license,
}
SHORT: Mapping[Any, str] = {StartupExemption: "package"}
"""Tables that may be written as one of their values, where they say no more."""
_LONGEST_SHOWN = 60
_PLAIN = {bool: "true or false", str: "a string", int: "a whole number"}


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with the value at one key."""

    path: Path
    """Whose line is the nearest."""
    message: str
    """One line; names the key."""


Check: typing.TypeAlias = typing.Callable[[Any], typing.Iterable[tuple[Path, str]]]
"""Looks at a value of the right type and yields what is wrong: the path below it, and a message."""

WHOLE = ""
"""Stands for the key where a check concerns several keys of a table."""

_INVALID: Any = object()
"""Stands for a value that could not be read; its problems are noted already."""


class Decoder:
    """Reads values, and keeps every problem it meets in :attr:`problems`."""

    def __init__(self, checks: Mapping[tuple[type, str], Check] | None = None) -> None:
        """Start without problems. *checks* name a dataclass and a key of it."""
        self.problems: list[Problem] = []
        self._checks = checks or {}

    def table(self, value: object, cls: type, path: Path) -> Any:
        """Return an instance of the dataclass *cls*, or ``None`` when there were problems."""
        decoded = self._value(value, cls, path)
        return None if decoded is _INVALID else decoded

    def refuse(self, path: Path, message: str) -> Any:
        """Note a problem with the value at *path*."""
        return self._note(path, f"{render_key(path)}: {message}")

    def unknown(self, path: Path, known: typing.Iterable[str], *, what: str = "key") -> None:
        """Note that the last step of *path* is none of *known*."""
        self._note(path, f'unknown {what} "{path[-1]}"{_inside(path[:-1])}{suggest(str(path[-1]), known)}')

    def _note(self, path: Path, message: str) -> Any:
        self.problems.append(Problem(path, message))
        return _INVALID

    def _value(self, value: object, kind: Any, path: Path) -> Any:
        if kind is object:
            return value  # read by whoever knows what it is
        origin, arguments = typing.get_origin(kind), typing.get_args(kind)
        if origin in (Union, types.UnionType):
            return self._value(value, next(a for a in arguments if a is not types.NoneType), path)
        if origin is tuple:
            return self._list(value, arguments[0], path)
        if origin is Mapping:
            return self._mapping(value, arguments, path)
        if is_dataclass(kind) and kind not in _PARSERS:
            return self._dataclass(value, cast("type", kind), path)
        try:
            return _scalar(value, kind)
        except ValueError as error:
            return self.refuse(path, str(error))

    def _list(self, value: object, kind: Any, path: Path) -> Any:
        if not isinstance(value, list):
            hint = f"; write [{_found(value)}]" if isinstance(value, str) and _is_short(value) else ""
            return self.refuse(path, f"expected a list, found {_found(value)}{hint}")
        items = [self._value(item, kind, (*path, index)) for index, item in enumerate(value)]
        return _INVALID if _INVALID in items else tuple(items)

    def _mapping(self, value: object, kinds: tuple[Any, ...], path: Path) -> Any:
        if not isinstance(value, dict):
            return self.refuse(path, f"expected a table, found {_found(value)}")
        keys = [self._value(key, kinds[0], (*path, key)) for key in value]
        values = [self._value(item, kinds[1], (*path, key)) for key, item in value.items()]
        return _INVALID if _INVALID in (*keys, *values) else dict(zip(keys, values, strict=True))

    def _dataclass(self, value: object, cls: type, path: Path) -> Any:
        if cls in SHORT and isinstance(value, str):
            decoded = self._value(value, field_types(cls)[SHORT[cls]], path)
            return decoded if decoded is _INVALID else cls(**{SHORT[cls]: decoded})
        if not isinstance(value, dict):
            expected = "a string or a table" if cls in SHORT else "a table"
            return self.refuse(path, f"expected {expected}, found {_found(value)}")
        kinds = field_types(cls)
        unknown = value.keys() - kinds.keys()
        for key in unknown:
            self.unknown((*path, key), kinds)
        absent = [key for key in required_keys(cls) if key not in value]
        for key in absent:
            self._note(path, f'"{key}" is required{_inside(path)}')
        known = {key: self._field(cls, key, value[key], path) for key in kinds if key in value}
        if unknown or absent or _INVALID in known.values():
            return _INVALID
        return self._whole(cls(**{key.replace("-", "_"): item for key, item in known.items()}), path)

    def _whole(self, made: Any, path: Path) -> Any:
        for below, message in self._checks.get((type(made), WHOLE), _no_check)(made):
            self.refuse((*path, *below), message)
        return made

    def _field(self, cls: type, key: str, value: object, path: Path) -> Any:
        decoded = self._value(value, field_types(cls)[key], (*path, key))
        if decoded is not _INVALID:
            for below, message in self._checks.get((cls, key), _no_check)(decoded):
                self.refuse((*path, key, *below), message)
        return decoded


def _no_check(_: object) -> tuple[()]:
    return ()


@cache
def field_types(cls: type) -> dict[str, Any]:
    """Map the policy keys of dataclass *cls* to their types. Raises :class:`NameError` for a type unknown here."""
    hints = typing.get_type_hints(cls, localns=_ANNOTATIONS)
    return {f.name.replace("_", "-"): hints[f.name] for f in fields(cls) if f.init}


def required_keys(cls: type) -> list[str]:
    """Return the policy keys of dataclass *cls* that have no default."""
    absent = [f for f in fields(cls) if f.init and f.default is MISSING and f.default_factory is MISSING]
    return [f.name.replace("_", "-") for f in absent]


def suggest(word: str, known: typing.Iterable[str]) -> str:
    """Return the rest of a sentence: the nearest of *known*, or all of them."""
    names = sorted(known)
    if near := get_close_matches(word.lower().replace("_", "-"), names, n=1):
        return f'; did you mean "{near[0]}"?'
    return "; known: " + ", ".join(names) if names else ""


def _scalar(value: object, kind: Any) -> Any:
    if kind is timedelta:
        return _duration(value)
    if kind is date:
        return _date(value)
    if kind is Probability:
        return _probability(value)
    if kind is Level:
        return Level[_choice(value, [level.name.lower() for level in reversed(Level)]).upper()]
    if kind in _PARSERS:
        return _PARSERS[kind](_plain(value, str))
    if typing.get_origin(kind) is Literal:
        return _choice(value, typing.get_args(kind))
    return _plain(value, kind)


def _plain(value: object, kind: type) -> Any:
    if type(value) is not kind:  # not isinstance: true is an int
        raise ValueError(f"expected {_PLAIN[kind]}, found {_found(value)}")
    return value


def _duration(value: object) -> timedelta:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return parse_duration(str(value))
    if isinstance(value, str):
        return parse_duration(value)
    raise ValueError(f'expected a duration such as "3d", found {_found(value)}')


def _date(value: object) -> date:
    if type(value) is not date:  # not isinstance: a datetime is a date
        found = "a time" if isinstance(value, datetime) else _found(value)
        raise ValueError(f"expected a date without quotes, such as 2027-01-31, found {found}")
    return value


def _probability(value: object) -> float:
    if type(value) not in (int, float) or not 0 <= float(cast("float", value)) <= 1:  # nan is not in between
        raise ValueError(f"expected a number from 0 to 1, such as 0.5, found {_found(value)}")
    return float(cast("float", value))


def _choice(value: object, choices: typing.Sequence[str]) -> str:
    if value not in choices:
        listed = ", ".join(f'"{c}"' for c in choices[:-1]) + f' or "{choices[-1]}"'
        raise ValueError(f"expected {listed}, found {_found(value)}")
    return cast("str", value)


def _inside(path: Path) -> str:
    """Say in which table, as its header is written."""
    if not path:
        return ""
    if isinstance(path[-1], int):
        return f" in [[{render_key(path[:-1])}]]" if len(path) == len(("table", 0)) else f" in {render_key(path)}"
    return f" in [{render_key(path)}]"


def _is_short(text: str) -> bool:
    return text.isprintable() and len(text) <= _LONGEST_SHOWN


def _found(value: object) -> str:
    """Show a TOML value, short."""
    match value:
        case bool():
            return str(value).lower()
        case str():
            return f'"{value}"' if _is_short(value) else "a string"
        case dict():
            return "a table"
        case list():
            return "a list"
        case _:
            return str(value)
