"""A policy as TOML again: what is rendered reads as the same policy."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from safeinstall.facts.finding import Level
from safeinstall.facts.terms import PackageSelector, Release
from safeinstall.policy.document import SCHEMA
from safeinstall.policy.locations import render_key
from safeinstall.policy.schema import SHORT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from safeinstall.policy.locations import Path
    from safeinstall.policy.model import Policy

    Comment = Callable[[str], str]
    """From a dotted key to what is said of it at the end of its line; empty: nothing."""

_UNITS = (("d", 86400), ("h", 3600), ("m", 60), ("s", 1))
_TABLES = ("evidence", "advisories", "provenance")
_SCALARS = ("mode", "select", "fail-on", "contact")


def render_policy(policy: Policy, comment: Comment = lambda _: "") -> str:
    """Return *policy* as one TOML text without ``extends``, each key with its *comment*."""
    lines = [f"schema = {SCHEMA}"]
    for name in _SCALARS:
        lines += _lines({name: getattr(policy, name.replace("-", "_"))}, (), comment)
    for name in _TABLES:
        lines += ["", f"[{name}]", *_lines(options(getattr(policy, name)), (name,), comment)]
    if own := options(policy.log, all_of_them=False):
        lines += ["", "[log]", *_lines(own, ("log",), comment)]
    for rule in policy.rules:
        lines += ["", f"[rules.{rule.id}]", *_lines(options(rule), ("rules", rule.id), comment)]
    for number, override in enumerate(policy.overrides):
        lines += ["", "[[overrides]]", *_lines({"package": override.package}, ("overrides", number), comment)]
        for rule in override.rules:
            written = {key: value for key, value in options(rule).items() if key in override.written[rule.id]}
            path = ("overrides", number, "rules", rule.id)
            lines += [f"[overrides.rules.{rule.id}]", *_lines(written, path, comment)]
    for name in ("indexes", "exceptions"):
        for number, entry in enumerate(getattr(policy, name)):
            lines += ["", f"[[{name}]]", *_lines(options(entry, all_of_them=False), (name, number), comment)]
    return "\n".join([*lines, *_grants(policy, comment), ""])


def _grants(policy: Policy, comment: Comment) -> Iterator[str]:
    own = options(policy.grants, all_of_them=False)
    loosened: Mapping[str, Any] = own.pop("loosen", {})
    if own:
        yield from ("", "[grants]", *_lines(own, ("grants",), comment))
    for key, value in loosened.items():
        table, _, name = key.rpartition(".")
        yield from ("", f"[grants.loosen.{table}]" if table else "[grants.loosen]", f"{name} = {render_value(value)}")


def _lines(values: Mapping[str, Any], path: Path, comment: Comment) -> Iterator[str]:
    for key, value in values.items():
        if value is not None:
            said = comment(render_key((*path, key)))
            line = f"{render_key((key,))} = {render_value(value)}"
            yield f"{line}  # {said}" if said else line


def options(table: Any, *, all_of_them: bool = True) -> dict[str, Any]:
    """Map the policy keys of a dataclass instance to their values, or only those that are not the default."""
    return {
        f.name.replace("_", "-"): value
        for f in fields(table)
        if f.init and (value := getattr(table, f.name)) is not None and (all_of_them or value != _default(f))
    }


def _default(declared: Field[Any]) -> Any:
    return declared.default if declared.default_factory is MISSING else declared.default_factory()


def render_value(value: Any) -> str:
    """Write *value* as TOML, on one line."""
    match value:
        case Level():
            return f'"{value.name.lower()}"'
        case bool() | int() | float():
            return str(value).lower()
        case timedelta():
            return f'"{render_duration(value)}"'
        case date():
            return value.isoformat()
        case tuple():
            return f"[{', '.join(map(render_value, value))}]"
        case Mapping():
            return _inline({str(key): item for key, item in value.items()})
        case PackageSelector() | Release():
            return render_string(str(value))
        case _ if is_dataclass(value):
            table = options(value, all_of_them=False)
            is_short = [*table] == [SHORT.get(type(value))]
            return render_value(*table.values()) if is_short else _inline(table)
        case _:
            return render_string(str(value))


def render_string(text: str) -> str:
    """Write *text* as a TOML string: JSON's escapes are TOML's, but for the delete character."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def render_duration(span: timedelta) -> str:
    """Write *span* as policies do, such as ``1d 12h``."""
    rest, parts = int(span.total_seconds()), []
    for unit, length in _UNITS:
        count, rest = divmod(rest, length)
        parts += [f"{count}{unit}"] if count else []
    return " ".join(parts) or "0s"


def _inline(table: Mapping[str, Any]) -> str:
    items = ", ".join(f"{render_key((key,))} = {render_value(value)}" for key, value in table.items())
    return f"{{ {items} }}" if items else "{}"
