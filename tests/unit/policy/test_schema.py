from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Literal

import pytest

from safeinstall.facts.finding import Level
from safeinstall.facts.terms import Digest, PackageSelector, Release
from safeinstall.policy.schema import Decoder, Problem, suggest
from safeinstall.policy.selectors import parse_release, parse_selector

SHA = "sha256:" + "ab" * 32

NO_UNIT = (
    'has no unit, and tools differ (npm counts days, pnpm minutes, bun seconds); write "7d" for days or "7h" for hours'
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Inner:
    name: str
    use_instead: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Everything:
    flag: bool = False
    count: int = 0
    text: str = ""
    day: date = date(2000, 1, 1)
    span: timedelta = timedelta()
    level: Level | None = None
    kind: Literal["one", "two", "three"] = "one"
    selector: PackageSelector | None = None
    inner: Inner | None = None
    items: tuple[Inner, ...] = ()
    pins: Mapping[Release, tuple[Digest, ...]] = field(default_factory=dict)


def decode(**values):
    decoder = Decoder()
    result = decoder.table({key.replace("_", "-"): value for key, value in values.items()}, Everything, ("t",))
    return result, [problem.message for problem in decoder.problems]


@pytest.mark.parametrize(
    ("key", "value", "expected"),
    [
        ("flag", True, True),
        ("count", 3, 3),
        ("text", "x", "x"),
        ("day", date(2027, 1, 31), date(2027, 1, 31)),
        ("span", "1d 12h", timedelta(hours=36)),
        ("level", "deny", Level.DENY),
        ("level", "warn", Level.WARN),
        ("level", "allow", Level.ALLOW),
        ("kind", "two", "two"),
        ("selector", "Acme>=1", parse_selector("acme>=1")),
        ("inner", {"name": "a", "use-instead": "b"}, Inner(name="a", use_instead="b")),
        ("items", [{"name": "a"}, {"name": "b"}], (Inner(name="a"), Inner(name="b"))),
        ("items", [], ()),
        ("pins", {"Acme==1.0": [SHA]}, {parse_release("acme==1.0"): (SHA,)}),
    ],
)
def test_the_annotation_of_a_field_is_the_schema_of_its_key(key, value, expected):
    result, problems = decode(**{key: value})
    assert problems == []
    assert getattr(result, key) == expected


@pytest.mark.parametrize(
    ("key", "value", "problem"),
    [
        ("flag", 1, "t.flag: expected true or false, found 1"),
        ("flag", "true", 't.flag: expected true or false, found "true"'),
        ("count", True, "t.count: expected a whole number, found true"),
        ("count", 1.0, "t.count: expected a whole number, found 1.0"),
        ("text", ["x"], "t.text: expected a string, found a list"),
        ("text", {"x": 1}, "t.text: expected a string, found a table"),
        ("day", "2027-01-31", 't.day: expected a date without quotes, such as 2027-01-31, found "2027-01-31"'),
        ("day", datetime(2027, 1, 31), "t.day: expected a date without quotes, such as 2027-01-31, found a time"),
        ("span", True, 't.span: expected a duration such as "3d", found true'),
        ("span", ["3d"], 't.span: expected a duration such as "3d", found a list'),
        ("span", 7, f"t.span: 7 {NO_UNIT}"),
        ("span", -1.5, f"t.span: -1.5 {NO_UNIT.replace('7', '-1.5')}"),
        ("level", "DENY", 't.level: expected "deny", "warn" or "allow", found "DENY"'),
        ("level", "x" * 61, 't.level: expected "deny", "warn" or "allow", found a string'),
        ("level", "a\nERROR: b", 't.level: expected "deny", "warn" or "allow", found a string'),
        ("kind", "four", 't.kind: expected "one", "two" or "three", found "four"'),
        ("kind", ["one"], 't.kind: expected "one", "two" or "three", found a list'),
        ("selector", 3, "t.selector: expected a string, found 3"),
        ("inner", "a", 't.inner: expected a table, found "a"'),
        ("inner", {}, '"name" is required in [t.inner]'),
        ("inner", {"name": "a", "nme": 1}, 'unknown key "nme" in [t.inner]; did you mean "name"?'),
        (
            "inner",
            {"name": "a", "use_instead": 1},
            'unknown key "use_instead" in [t.inner]; did you mean "use-instead"?',
        ),
        ("inner", {"name": "a", "zzz": 1}, 'unknown key "zzz" in [t.inner]; known: name, use-instead'),
        ("items", {"name": "a"}, "t.items: expected a list, found a table"),
        ("items", [{}], '"name" is required in t.items[0]'),
        ("pins", [], "t.pins: expected a table, found a list"),
        ("pins", {"acme": [SHA]}, 't.pins.acme: "acme" is not one version; write "acme==1.2.3"'),
        ("pins", {"acme==1": SHA}, 't.pins."acme==1": expected a list, found a string'),
    ],
)
def test_a_wrong_value_is_one_problem_that_says_what_was_expected(key, value, problem):
    result, problems = decode(**{key: value})
    assert (result, problems) == (None, [problem])


def test_all_problems_of_all_values_are_met():
    result, problems = decode(
        flag=1, items=[{}, {"name": 1}, 2], pins={"a": ["x"], "b": 3}, inner={"name": 1, "other": 2}, unknwon=1
    )
    assert result is None
    assert len(problems) == 11


def test_a_problem_has_the_path_of_its_value():
    decoder = Decoder()
    decoder.table({"items": [{"name": "a"}, {"name": 3}]}, Everything, ("t",))
    assert decoder.problems == [Problem(("t", "items", 1, "name"), "t.items[1].name: expected a string, found 3")]


def test_a_check_looks_at_values_of_the_right_type_only():
    def short(text):
        if len(text) > 3:
            yield (), "is too long"

    decoder = Decoder({(Inner, "name"): short})
    for name in ("abc", "abcd", 5):
        decoder.table({"name": name}, Inner, ())
    assert [p.message for p in decoder.problems] == ["name: is too long", "name: expected a string, found 5"]


def test_with_nothing_known_nothing_is_suggested():
    assert suggest("x", []) == ""
