"""Every option of every rule can be merged, and an option of the default never loosens."""

from __future__ import annotations

import typing
from dataclasses import MISSING, fields
from typing import Literal

import pytest
from lib.policies import layered

from safeinstall.errors import PolicyError
from safeinstall.policy.model import AdvisorySettings, EvidenceSettings, ProvenanceSettings, Settings
from safeinstall.policy.orders import order_of
from safeinstall.policy.render import render_value
from safeinstall.policy.schema import field_types
from safeinstall.policy.selectors import common, covers, parse_selector
from safeinstall.rules.registry import known_rules

OPTIONS = [(rule, key) for rule in known_rules().values() for key in field_types(rule)]
TABLES = [(cls, key) for cls in (EvidenceSettings, AdvisorySettings, ProvenanceSettings) for key in field_types(cls)]


@pytest.mark.parametrize(("cls", "key"), OPTIONS + TABLES, ids=lambda value: getattr(value, "__name__", value))
def test_a_value_under_itself_stays(cls, key):
    table = cls()
    value = getattr(table, key.replace("-", "_"))
    if key != "on-missing" or value is not None:
        assert order_of(cls, key).stricter(value, value, table) == value


@pytest.mark.parametrize(("rule", "key"), OPTIONS, ids=lambda value: getattr(value, "__name__", value))
def test_a_choice_lists_its_values_strictest_first(rule, key):
    kind = field_types(rule)[key]
    if typing.get_origin(kind) is Literal:
        default = next(f.default for f in fields(rule) if f.name == key.replace("-", "_"))
        assert default is not MISSING
        assert typing.get_args(kind)[0] == default


def test_the_modes_are_ordered():
    for key, strict, mild in (
        ("mode", "enforce", "audit"),
        ("select", "strict", "compliant"),
        ("fail-on", "warn", "deny"),
    ):
        order = order_of(Settings, key)
        assert order.stricter(mild, strict, None) == order.stricter(strict, mild, None) == strict
        assert order.looser(strict, mild) == order.looser(mild, strict) == mild


@pytest.mark.parametrize(
    ("one", "other", "both"),
    [
        ("acme", "acme", "acme"),
        ("acme", "other", None),
        ("acme>=2", "acme<3", "acme<3,>=2"),
        ("acme-*", "acme-core>=2", "acme-core>=2"),
        ("*", "acme-*", "acme-*"),
        ("acme-*", "*-core", None),
        ("a*b*c", "a*c", "a*b*c"),
        ("**", "*", "**"),
    ],
)
def test_what_two_selectors_have_in_common(one, other, both):
    for first, second in ((one, other), (other, one)):
        found = common(parse_selector(first), parse_selector(second))
        if both is None:
            assert found is None
        else:
            assert found.pattern in (parse_selector(one).pattern, parse_selector(other).pattern)
            assert found.specifier == parse_selector(both).specifier
            assert both == "**" or found == parse_selector(both)


@pytest.mark.parametrize(
    ("wide", "narrow", "does"),
    [("acme-*", "acme-core<2", True), ("acme<2", "acme<2", True), ("acme<2", "acme", False), ("a", "a*", False)],
)
def test_a_selector_covers_another(wide, narrow, does):
    assert covers(parse_selector(wide), parse_selector(narrow)) is does


@pytest.mark.parametrize(
    ("upper", "lower", "both"),
    [
        ('["acme"]', '["acme"]', '["acme"]'),
        (
            '["acme-*"]',
            '[{ package = "acme-x", lines = ["import a"] }]',
            '[{ package = "acme-x", lines = ["import a"] }]',
        ),
        (
            '[{ package = "acme", lines = ["import a"] }]',
            '["acme<2"]',
            '[{ package = "acme<2", lines = ["import a"] }]',
        ),
        (
            '[{ package = "acme", lines = ["import a", "import b"], reason = "r" }]',
            '[{ package = "acme", lines = ["import c", "import b"] }]',
            '[{ package = "acme", lines = ["import b"] }]',
        ),
        ('[{ package = "acme", lines = ["import a"] }]', '[{ package = "acme", lines = ["import b"] }]', "[]"),
        ('[{ package = "acme", lines = ["import a"] }]', '["other"]', "[]"),
    ],
)
def test_what_two_layers_let_run_at_the_start(upper, lower, both):
    policy = layered(
        **{role: f"[rules.contents]\nexempt = {text}\n" for role, text in (("system", upper), ("project", lower))}
    )
    assert render_value(policy.rules[0].exempt) == both
    assert policy.rules[0].exempt == layered(system=f"[rules.contents]\nexempt = {both}\n").rules[0].exempt


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        (
            '"x y"',
            'rules.contents.exempt[0]: "x y" is not a package selector; write "django", "django>=5,<6" or, as a glob, "acme-*"',
        ),
        ("1", "rules.contents.exempt[0]: expected a string or a table, found 1"),
        ('{ lines = ["import a"] }', '"package" is required in rules.contents.exempt[0]'),
        (
            '{ package = "a", lines = "import a" }',
            'rules.contents.exempt[0].lines: expected a list, found "import a"; write ["import a"]',
        ),
        ('{ package = "a", line = [] }', 'unknown key "line" in rules.contents.exempt[0]; did you mean "lines"?'),
    ],
)
def test_an_exemption_that_is_none(value, problem):
    with pytest.raises(PolicyError) as caught:
        layered(system=f"[rules.contents]\nexempt = [{value}]\n")
    assert caught.value.problems == (f"system.toml:2: {problem}",)


ENTRY = '{{ package = "{}", kind = "GitHub", repository = "{}"{} }}'.format
FLOW = ', workflow = "release.yml"'


@pytest.mark.parametrize(
    ("upper", "lower", "both"),
    [
        ([ENTRY("acme", "acme/app", "")], [ENTRY("acme", "evil/app", "")], [ENTRY("acme", "acme/app", "")]),
        ([ENTRY("acme", "acme/*", "")], [ENTRY("acme", "acme/app", FLOW)], [ENTRY("acme", "acme/app", FLOW)]),
        ([ENTRY("acme", "acme/app", FLOW)], [ENTRY("acme", "acme/app", "")], [ENTRY("acme", "acme/app", FLOW)]),
        (
            [ENTRY("acme", "acme/app", ""), ENTRY("acme", "acme/new", "")],
            [ENTRY("acme", "acme/new", ""), ENTRY("acme", "evil/app", "")],
            [ENTRY("acme", "acme/new", "")],
        ),
        (
            [ENTRY("acme", "acme/app", "")],
            [ENTRY("tool", "acme/tool", ""), ENTRY("acme>=2", "acme/next", "")],
            [ENTRY("acme", "acme/app", ""), ENTRY("tool", "acme/tool", ""), ENTRY("acme>=2", "acme/next", "")],
        ),
    ],
)
def test_whom_two_layers_bind(upper, lower, both):
    texts = {"system": upper, "project": lower}
    listed = {role: f"[rules.provenance]\npublishers = [{', '.join(text)}]\n" for role, text in texts.items()}
    policy = layered(**listed)
    assert render_value(policy.rules[0].publishers) == f"[{', '.join(both)}]"
    lost = [entry for entry in lower if entry not in both]
    assert [entry in note for entry in lost for note in policy.notes] == [True] * len(lost)


def test_what_a_weaker_layer_binds_excuses_nothing_and_what_it_narrows_does():
    upper = f"[rules.provenance]\npublishers = [{ENTRY('acme', 'acme/*', '')}]\n"
    lower = f"[rules.provenance]\npublishers = [{ENTRY('acme', 'acme/app', '')}, {ENTRY('tool', 'evil/tool', '')}]\n"
    policy = layered(system=upper, user=lower, project=lower)
    assert [(str(one.package), one.excuses) for one in policy.rules[0].publishers] == [("acme", True), ("tool", False)]


def test_the_line_of_a_binding_survives_layers():
    upper = (
        "[rules.provenance]\n[[rules.provenance.publishers]]\n" + 'package = "a"\nkind = "GitHub"\nrepository = "a/a"\n'
    )
    lower = "\n\n\n" + upper.replace("a/a", "b/b").replace('"a"', '"b"')
    policy = layered(system=upper, project=lower)
    assert [str(policy.origin(f"rules.provenance.publishers[{n}]")) for n in (0, 1)] == [
        "system.toml:2",
        "project.toml:5",
    ]


def test_no_grant_loosens_a_binding():
    with pytest.raises(PolicyError) as caught:
        layered(system=f"[grants.loosen.rules.provenance]\npublishers = [{ENTRY('a', 'a/a', '')}]\n")
    assert caught.value.problems == (
        (
            "system.toml:2: grants.loosen.rules.provenance.publishers: no grant can loosen this; write the package into the"
            " policy that grants"
        ),
    )
