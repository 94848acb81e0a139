"""The JSON Schema agrees with what reads policies."""

from __future__ import annotations

import re
import sys
from datetime import date

import pytest

from safeinstall.policy.shown.json_schema import json_schema
from safeinstall.rules.registry import known_rules
from safeinstall.sources.policies.policy_texts import preset_folder

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

SCHEMA = json_schema(known_rules())
TYPES = {"string": str, "integer": int, "boolean": bool, "array": list, "object": dict}


def faults(value, schema, path="policy"):
    """What a validator would say; only of the keywords that the schema uses."""
    if "$ref" in schema:
        target = SCHEMA
        for step in schema["$ref"].removeprefix("#/").split("/"):
            target = target[step]
        return faults(value, target, path)
    if "anyOf" in schema:
        return [] if any(not faults(value, one, path) for one in schema["anyOf"]) else [path]
    found = [path] if "enum" in schema and value not in schema["enum"] else []
    found += [path] if "const" in schema and value != schema["const"] else []
    if "type" in schema and type(value) is not TYPES[schema["type"]]:
        return [path]
    found += [path] if "pattern" in schema and not re.search(schema["pattern"], value) else []
    if isinstance(value, dict):
        found += [path for key in schema.get("required", ()) if key not in value]
        more = schema.get("additionalProperties", {})
        for key, item in value.items():
            below = schema.get("properties", {}).get(key, more)
            found += [f"{path}.{key}"] if below is False else faults(item, below, f"{path}.{key}")
            found += faults(key, schema.get("propertyNames", {}), f"{path}.{key}")
    if isinstance(value, list):
        found += [
            fault for n, item in enumerate(value) for fault in faults(item, schema.get("items", {}), f"{path}[{n}]")
        ]
    return found


@pytest.mark.parametrize("path", sorted(preset_folder().rglob("*.toml")), ids=lambda path: path.stem)
def test_what_we_ship_is_valid(path):
    assert faults(tomllib.loads(path.read_text(encoding="utf-8")), SCHEMA) == []


def test_the_number_of_the_schema_may_be_left_out():
    assert faults({}, SCHEMA) == []


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("schema = 2", "policy.schema"),
        ('modus = "audit"', "policy.modus"),
        ('select = "loose"', "policy.select"),
        ("[rules.yankd]", "policy.rules.yankd"),
        ("[rules.minimum-age]\nminimum = 7", "policy.rules.minimum-age.minimum"),
        ('[rules.minimum-age]\nminimum = "7"', "policy.rules.minimum-age.minimum"),
        ('[rules.hashes.pins]\n"a==1" = ["md5:1"]', "policy.rules.hashes.pins.a==1[0]"),
        ('[rules.hashes.pins]\n"a" = []', "policy.rules.hashes.pins.a"),
        (
            '[[exceptions]]\npackage = "a"\nrules = ["malware"]\nreason = "r"\nexpires = 2027-01-31',
            "policy.exceptions[0].rules[0]",
        ),
        ('[[exceptions]]\npackage = "a"', "policy.exceptions[0]"),
        ("[[overrides]]\nrules.yanked.levle = 'warn'", "policy.overrides[0].rules.yanked.levle"),
        ("[grants.loosen.rules.yanked]\nlevel = 'mild'", "policy.grants.loosen.rules.yanked.level"),
    ],
)
def test_what_is_wrong_is_invalid(text, fault):
    assert fault in faults(tomllib.loads(text), SCHEMA)


def test_what_is_right_is_valid():
    text = """
schema = 1
extends = ["baseline", "org.toml"]
[rules.minimum-age]
minimum = "P3DT12H"
indexes = { acme = "1d 12h" }
[[overrides]]
package = "acme-*"
rules.minimum-age.minimum = "0s"
[[exceptions]]
package = "a"
rules = ["yanked"]
reason = "r"
expires = 2027-01-31
[grants.loosen]
mode = "audit"
evidence.on-missing = "warn"
"""
    assert faults(tomllib.loads(text), SCHEMA) == []
    assert tomllib.loads("d = 2027-01-31")["d"] == date(2027, 1, 31)
