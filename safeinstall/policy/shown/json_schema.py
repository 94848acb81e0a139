"""The JSON Schema of policy files, from the same fields that policies are read into."""

from __future__ import annotations

import types
import typing
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, Literal, Union

from safeinstall.facts.finding import Level
from safeinstall.facts.terms import Digest, PackageSelector, Probability, Release
from safeinstall.policy.document import LOOSENED, SCHEMA
from safeinstall.policy.model import Settings
from safeinstall.policy.render import render_value
from safeinstall.policy.schema import SHORT, field_types, required_keys
from safeinstall.policy.shown.rule_docs import rule_docs

if TYPE_CHECKING:
    from safeinstall.rules.base import Rule

DIALECT = "https://json-schema.org/draft/2020-12/schema"
_PLAIN: Mapping[Any, dict[str, Any]] = {
    bool: {"type": "boolean"},
    int: {"type": "integer"},
    str: {"type": "string"},
    object: {},
    date: {"description": "a date without quotes, such as 2027-01-31"},
    timedelta: {
        "type": "string",
        "pattern": r"^\s*(P.+|\d+[wdhms](\s*\d+[wdhms])*)\s*$",
        "examples": ["36h", "3d", "2w"],
    },
    Probability: {"type": "number", "minimum": 0, "maximum": 1},
    Level: {"enum": ["deny", "warn", "allow"]},
    PackageSelector: {"type": "string", "examples": ["django", "django>=5,<6", "acme-*"]},
    Release: {"type": "string", "pattern": "==", "examples": ["django==5.2"]},
    Digest: {"type": "string", "pattern": "^sha256:[0-9a-fA-F]{64}$"},
}


def json_schema(known: Mapping[str, type[Rule]]) -> dict[str, Any]:
    """Return the schema of a policy that may list the rules *known* (JSON Schema 2020-12)."""
    rules = _object({rule: _rule(cls) for rule, cls in known.items()})
    top = _table(Settings)["properties"]
    loosen = {key: rules if key == "rules" else top[key] for key in LOOSENED}
    top["grants"]["properties"]["loosen"] = _object(loosen)
    excepted = {"enum": [rule for rule, cls in known.items() if cls.exceptable]}
    top["exceptions"]["items"]["properties"]["rules"]["items"] = excepted
    top["grants"]["properties"]["exceptions"]["items"] = excepted
    override = _object({"package": _PLAIN[PackageSelector], "rules": {"$ref": "#/properties/rules"}})
    return {
        "$schema": DIALECT,
        "$id": f"urn:safe-pip:policy:{SCHEMA}",
        "title": "A policy of safe-pip",
        **_object(
            {
                "schema": {"const": SCHEMA},
                "extends": {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]},
                **top,
                "rules": rules,
                "overrides": {"type": "array", "items": {**override, "required": ["package", "rules"]}},
            }
        ),
    }


def _object(properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "additionalProperties": False}


def _table(cls: type) -> dict[str, Any]:
    properties = {key: _value(kind) for key, kind in field_types(cls).items()}
    for declared in fields(cls):
        key = declared.name.replace("_", "-")
        if declared.init and isinstance(declared.default, bool | int | str | timedelta | Level):
            shown = render_value(declared.default).strip('"')
            properties[key] = {**properties[key], "description": f"default: {shown}"}
    table = _object(properties)
    if required := required_keys(cls):
        table["required"] = required
    return table


def _rule(cls: type[Rule]) -> dict[str, Any]:
    docs, table = rule_docs(cls), _table(cls)
    for key, said in docs.options.items():
        table["properties"][key]["description"] = said.replace("``", "")
    return {**table, "description": docs.summary}


def _value(kind: Any) -> dict[str, Any]:
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin in (Union, types.UnionType):
        return _value(next(a for a in arguments if a is not types.NoneType))
    if origin is tuple:
        return {"type": "array", "items": _value(arguments[0])}
    if origin is Mapping:
        names = _value(arguments[0])
        return {"type": "object", "additionalProperties": _value(arguments[1]), "propertyNames": names}
    if origin is Literal:
        return {"enum": list(arguments)}
    if kind in _PLAIN:
        return dict(_PLAIN[kind])
    if kind in SHORT:
        return {"anyOf": [_value(field_types(kind)[SHORT[kind]]), _table(kind)]}
    return _table(kind) if is_dataclass(kind) and isinstance(kind, type) else {"type": "string"}
