"""What holds for every rule, found or yet to be written."""

from __future__ import annotations

import re
from dataclasses import MISSING, fields, is_dataclass
from pathlib import Path

import pytest

from safeinstall.facts.evidence import Price
from safeinstall.facts.finding import Level
from safeinstall.policy.schema import field_types
from safeinstall.rules.base import Rule
from safeinstall.rules.registry import known_rules

HERE = Path(__file__).parent
RULES = known_rules()
all_rules = pytest.mark.parametrize("rule", RULES.values(), ids=RULES.keys())


def test_every_module_of_the_package_is_a_rule_with_its_name_as_id():
    package = Path(__import__("safeinstall.rules").rules.__file__).parent
    modules = {path.stem for path in package.glob("*.py")} - {"__init__", "base", "registry"}
    assert {rule.id for rule in RULES.values()} == {module.replace("_", "-") for module in modules}
    assert all(rule_id == rule.id for rule_id, rule in RULES.items())


@all_rules
def test_it_is_a_frozen_dataclass_with_slots_that_can_be_made_without_options(rule):
    assert is_dataclass(rule)
    assert rule.__dataclass_params__.frozen
    assert not hasattr(rule(), "__dict__")
    assert isinstance(rule(), Rule)
    assert hash(rule()) == hash(rule())


@all_rules
def test_every_option_has_a_default_and_a_type_the_schema_can_read(rule):
    assert [f.name for f in fields(rule) if f.default is MISSING and f.default_factory is MISSING] == []
    assert field_types(rule)["on-missing"] == Level | None


@all_rules
def test_it_says_which_facts_it_needs(rule):
    assert isinstance(rule.needs, Price)


@all_rules
def test_its_docstring_documents_every_option_with_an_example_of_a_denial_and_its_fix(rule):
    assert [key for key in field_types(rule) if not re.search(rf"^\s+{key}: ", rule.__doc__, re.MULTILINE)] == []
    assert "Denied:" in rule.__doc__
    assert "Fix:" in rule.__doc__


@all_rules
def test_it_has_a_test_file(rule):
    assert (HERE / f"test_{rule.id.replace('-', '_')}.py").is_file()
