from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import ClassVar

import pytest
from packaging.utils import canonicalize_name
from packaging.version import Version

from safeinstall.errors import PolicyError
from safeinstall.facts.finding import Level
from safeinstall.policy.load import parse_policy
from safeinstall.policy.merge import PolicyText
from safeinstall.rules.minimum_age import MinimumAge
from safeinstall.rules.yanked import Yanked


@dataclass(frozen=True, slots=True, kw_only=True)
class NeverExcepted:
    id: ClassVar[str] = "never"
    exceptable: ClassVar[bool] = False
    on_missing: Level | None = None

    def check(self, evidence):
        yield from ()


RULES = {"minimum-age": MinimumAge, "never": NeverExcepted, "yanked": Yanked}


def load(text, **others):
    """Read *text* as ``safe-pip.toml``, beside *others*."""

    def read(reference):
        if reference not in others:
            raise PolicyError((f"{reference}: no such policy file",))
        return PolicyText(reference, others[reference])

    return parse_policy(text, file="safe-pip.toml", read=read, rules=RULES)


def problems(text, **others):
    with pytest.raises(PolicyError) as caught:
        load(text, **others)
    assert caught.value.exit_code == 12
    return list(caught.value.problems)


def test_an_empty_policy_enforces_nothing_and_has_strict_settings():
    policy = load("")
    assert (policy.file, policy.mode, policy.select, policy.contact) == ("safe-pip.toml", "enforce", "compliant", None)
    assert (policy.evidence.on_missing, policy.evidence.max_staleness) == (Level.DENY, timedelta(days=7))
    assert (policy.rules, policy.exceptions, policy.indexes, policy.advisories.sources) == ((), (), (), ("osv",))


def test_every_key_is_read():
    policy = load(
        """
        schema = 1
        mode = "audit"
        select = "strict"
        contact = "https://sec.example/waivers"
        [evidence]
        on-missing = "warn"
        max-staleness = "36h"
        [[indexes]]
        name = "default"
        [[indexes]]
        name = "acme"
        url = "https://packages.acme.example/simple/"
        packages = ["acme-*"]
        [advisories]
        sources = ["osv", "https://mirror.example/all.zip"]
        [rules.minimum-age]
        minimum = "2w"
        on-missing = "allow"
        [rules.yanked]
        [[exceptions]]
        package = "pillow==11.3.0"
        rules = ["yanked"]
        advisories = ["CVE-2026-0001"]
        reason = "only used to write PNG"
        expires = 2027-01-31
        approved-by = "secops"
        hashes = ["sha256:%s"]
    """
        % ("ab" * 32)
    )
    assert (policy.mode, policy.select, policy.contact) == ("audit", "strict", "https://sec.example/waivers")
    assert (policy.evidence.on_missing, policy.evidence.max_staleness) == (Level.WARN, timedelta(hours=36))
    assert [(i.name, i.url, [str(p) for p in i.packages]) for i in policy.indexes] == [
        ("default", None, ["*"]),
        ("acme", "https://packages.acme.example/simple/", ["acme-*"]),
    ]
    assert policy.advisories.sources == ("osv", "https://mirror.example/all.zip")
    assert policy.rules == (MinimumAge(minimum=timedelta(weeks=2), on_missing=Level.ALLOW), Yanked())
    (waiver,) = policy.exceptions
    assert (str(waiver.package), waiver.rules, waiver.advisories) == ("pillow==11.3.0", ("yanked",), ("CVE-2026-0001",))
    assert (waiver.reason, waiver.expires, waiver.approved_by) == (
        "only used to write PNG",
        date(2027, 1, 31),
        "secops",
    )
    assert waiver.hashes == ("sha256:" + "ab" * 32,)


def test_all_problems_are_reported_at_once_in_the_order_of_their_lines():
    text = """\
schema = 2
modee = "enforce"
select = "loose"
[evidence]
on-missing = "block"
max-staleness = 7
[rules.minimum-age]
minimun = "3d"
exempt = "acme"
[rules.minimun-age]
[rules.yanked]
level = true
[[indexes]]
name = "acme"
[[indexes]]
name = "acme"
url = "https://user:secret@packages.acme.example/"
packages = ["acme>=1", 3]
[[exceptions]]
package = "*"
rules = ["never", "yankd"]
expires = "2027-01-31"
[[exceptions]]
package = "a b"
rules = []
reason = " "
expires = 2027-01-31
[waivers]
"""
    assert problems(text) == [
        "safe-pip.toml:1: schema: this safe-pip reads schema 1 only; another may mean other things",
        'safe-pip.toml:2: unknown key "modee"; did you mean "mode"?',
        'safe-pip.toml:3: select: expected "strict" or "compliant", found "loose"',
        'safe-pip.toml:5: evidence.on-missing: expected "deny", "warn" or "allow", found "block"',
        (
            "safe-pip.toml:6: evidence.max-staleness: 7 has no unit, and tools differ (npm counts days, pnpm minutes,"
            ' bun seconds); write "7d" for days or "7h" for hours'
        ),
        'safe-pip.toml:8: unknown key "minimun" in [rules.minimum-age]; did you mean "minimum"?',
        'safe-pip.toml:9: rules.minimum-age.exempt: expected a list, found "acme"; write ["acme"]',
        'safe-pip.toml:10: unknown rule "minimun-age" in [rules]; did you mean "minimum-age"?',
        'safe-pip.toml:12: rules.yanked.level: expected "deny", "warn" or "allow", found true',
        'safe-pip.toml:13: indexes[0]: "url" is required for every index but "default"',
        'safe-pip.toml:16: indexes[1].name: "acme" is listed twice',
        "safe-pip.toml:17: indexes[1].url: holds credentials, and a policy is shared; keep them in a keyring or .netrc",
        "safe-pip.toml:18: indexes[1].packages[1]: expected a string, found 3",
        'safe-pip.toml:19: "reason" is required in [[exceptions]]',
        'safe-pip.toml:20: exceptions[0].package: "*" would except every package; name the one that needs it',
        'safe-pip.toml:21: exceptions[0].rules[0]: the rule "never" knows no exceptions',
        'safe-pip.toml:21: exceptions[0].rules[1]: unknown rule "yankd"; did you mean "yanked"?',
        'safe-pip.toml:22: exceptions[0].expires: expected a date without quotes, such as 2027-01-31, found "2027-01-31"',
        (
            'safe-pip.toml:24: exceptions[1].package: "a b" is not a package selector; write "django", "django>=5,<6"'
            ' or, as a glob, "acme-*"'
        ),
        "safe-pip.toml:25: exceptions[1].rules: is empty; name the rules that this package may break",
        "safe-pip.toml:26: exceptions[1].reason: is empty; say why this is acceptable",
        (
            'safe-pip.toml:28: unknown key "waivers"; known: advisories, contact, evidence, exceptions, extends, fail-on,'
            " grants, indexes, log, mode, overrides, provenance, rules, schema, select"
        ),
    ]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("a = 1\nb = = 2\n", "safe-pip.toml:2: not valid TOML: Invalid value, column 5"),
        ("a = 1\nb = ", "safe-pip.toml:2: not valid TOML: Invalid value, at the end"),
        ("a = [1,\n", "safe-pip.toml:1: not valid TOML: Invalid value, at the end"),
        ("mode = '\n", 'safe-pip.toml:1: not valid TOML: Expected "\'", at the end'),
        ("a = " + "[" * 9000, "safe-pip.toml: nested too deeply for a policy"),
        ("a = " + "1" * 9000, "safe-pip.toml: not valid TOML: a number is too long"),
    ],
)
def test_a_text_that_is_not_toml_is_one_problem(text, problem):
    assert problems(text) == [problem]


def test_without_a_schema_the_first_is_meant():
    text = '[rules.minimum-age]\nminimum = "3d"\n'
    assert load(text).rules == load(f"schema = 1\n{text}").rules
    assert problems('extends = "base"\n', base="schema = 2\n") == [
        "base:1: schema: this safe-pip reads schema 1 only; another may mean other things"
    ]


@pytest.mark.parametrize("schema", ["2", "0", "true", '"1"', "1.0"])
def test_any_other_schema_is_refused(schema):
    assert problems(f"schema = {schema}") == [
        "safe-pip.toml:1: schema: this safe-pip reads schema 1 only; another may mean other things"
    ]


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("packages.example", "expected an absolute URL, such as https://packages.acme.example/simple/"),
        ("ftp://packages.example/", "expected an absolute URL, such as https://packages.acme.example/simple/"),
        ("https:///simple/", "expected an absolute URL, such as https://packages.acme.example/simple/"),
        ("https://[packages/", "not a URL"),
    ],
)
def test_the_address_of_an_index_is_absolute(url, problem):
    text = f'[[indexes]]\nname = "acme"\nurl = "{url}"'
    assert problems(text) == [f"safe-pip.toml:3: indexes[0].url: {problem}"]


def test_an_index_serves_whole_names():
    text = '[[indexes]]\nname = "default"\npackages = ["acme>=1"]'
    assert problems(text) == [
        'safe-pip.toml:3: indexes[0].packages[0]: "acme>=1": an index serves whole names, not versions'
    ]


@pytest.mark.parametrize(
    "text", ["rules = 1", "evidence = 1", "[rules]\nyanked = 1", "exceptions = [1]", "exceptions = 1"]
)
def test_a_table_cannot_be_something_else(text):
    (problem,) = problems(text)
    assert ": expected a " in problem


def test_a_value_cannot_break_out_of_its_line():
    assert problems('extends = "x\\nERROR: y"') == [r"safe-pip.toml:1: extends: x\nERROR: y: no such policy file"]
    assert problems('[rules.minimum-age]\nexempt = ["x\\nERROR: \\u001b[2J"]') == [
        (
            r'safe-pip.toml:2: rules.minimum-age.exempt[0]: "x\nERROR: \x1b[2J" is not a package selector; write "django",'
            ' "django>=5,<6" or, as a glob, "acme-*"'
        )
    ]


# -- extends ---------------------------------------------------------------------------------------------------------


def test_later_keys_override_inherited_ones_and_arrays_of_tables_append():
    exception = '[[exceptions]]\npackage = "{}"\nrules = ["yanked"]\nreason = "r"\nexpires = 2027-01-31\n'
    policy = load(
        'extends = ["one", "two"]\n[rules.minimum-age]\nexempt = ["c"]\n' + exception.format("own"),
        one='mode = "audit"\n[rules.minimum-age]\nminimum = "1d"\nexempt = ["a"]\n' + exception.format("one"),
        two='[rules.minimum-age]\nminimum = "2d"\n[rules.yanked]\n' + exception.format("two"),
    )
    assert policy.mode == "audit"
    age, yanked = policy.rules
    assert (age.minimum, [str(s) for s in age.exempt], yanked) == (timedelta(days=2), ["c"], Yanked())
    assert [str(waiver.package) for waiver in policy.exceptions] == ["one", "two", "own"]


def test_a_key_knows_the_file_and_line_that_decided():
    policy = load(
        'extends = "base"\n\n[rules.minimum-age]\nexempt = ["c"]\n[[indexes]]\nname = "x"\nurl = "https://x.example/"\n',
        base='[evidence]\n[rules.minimum-age]\nminimum = "1d"\n[[indexes]]\nname = "default"\n',
    )
    origins = {
        "rules.minimum-age.minimum": "base:3",
        "rules.minimum-age.exempt": "safe-pip.toml:4",
        "rules.minimum-age.exempt[0]": "safe-pip.toml:4",
        "rules.minimum-age.security-fix": "safe-pip.toml:3",
        "indexes[0].name": "base:5",
        "indexes[1].url": "safe-pip.toml:7",
        "evidence.on-missing": "base:1",
        "mode": "safe-pip.toml",
    }
    assert {key: str(policy.origin(key)) for key in origins} == origins


def test_a_problem_is_reported_where_it_is_written():
    assert problems('extends = "base"\n', base='schema = 1\nmode = "x"\n') == [
        'base:2: mode: expected "enforce" or "audit", found "x"'
    ]


def test_an_overridden_problem_is_still_a_problem():
    assert problems('extends = "base"\nmode = "audit"\n', base='mode = "x"\n') == [
        'base:1: mode: expected "enforce" or "audit", found "x"'
    ]


def test_a_name_that_two_texts_give_to_an_index_is_reported_in_the_later():
    index = '[[indexes]]\nname = "default"\n'
    assert problems('extends = "base"\n' + index, base=index) == [
        'safe-pip.toml:3: indexes[1].name: "default" is listed twice'
    ]


def test_what_is_extended_must_be_there():
    assert problems('schema = 1\nextends = ["base", "gone"]\n', base="") == [
        "safe-pip.toml:2: extends: gone: no such policy file"
    ]


def test_a_circle_is_refused():
    assert problems('extends = "a"\n', a='extends = "b"\n', b='extends = "a"\n') == [
        "b:1: extends: safe-pip.toml → a → b → a is a circle"
    ]


def test_the_same_text_may_be_inherited_twice():
    policy = load('extends = ["a", "b"]\n', a='extends = "b"\n', b="[rules.yanked]\n")
    assert policy.rules == (Yanked(),)


def test_a_chain_without_end_is_refused():
    def read(reference):
        return PolicyText(reference + "x", f'extends = "{reference}x"')

    with pytest.raises(PolicyError) as caught:
        parse_policy('extends = "x"', file="p.toml", read=read, rules=RULES)
    assert caught.value.problems == (f"{'x' * 11}:1: extends: more than 10 policies deep",)


@pytest.mark.parametrize("value", ["1", "[1]", '""', "{}"])
def test_extends_names_policies(value):
    assert problems(f"\nextends = {value}\n") == [
        "safe-pip.toml:2: extends: expected a preset, a path, or a list of them"
    ]


def test_the_digest_is_of_every_text():
    def digest(text, base):
        return load(text, base=base).digest

    own = 'extends = "base"\n'
    digests = {digest(own, ""), digest(own, "#"), digest(own + "#", ""), load("").digest}
    assert len(digests) == 4
    assert digest(own, "#") == digest(own, "#")
    assert digest(own, "").startswith("sha256:")


# -- indexes ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "served_by"),
    [("acme-core", ["core"]), ("acme-x", ["acme"]), ("requests", ["default", "mirror"])],
)
def test_the_most_specific_pattern_decides_which_index_serves_a_name(name, served_by):
    policy = load("""
        [[indexes]]
        name = "default"
        [[indexes]]
        name = "mirror"
        url = "https://mirror.example/"
        packages = ["*"]
        [[indexes]]
        name = "acme"
        url = "https://acme.example/"
        packages = ["acme-*", "other"]
        [[indexes]]
        name = "core"
        url = "https://core.example/"
        packages = ["acme-core"]
    """)
    assert [index.name for index in policy.indexes_for(canonicalize_name(name))] == served_by


def test_a_name_that_no_listed_index_may_serve_comes_from_none():
    policy = load('[[indexes]]\nname = "default"\npackages = ["acme-*"]')
    assert policy.indexes_for(canonicalize_name("requests")) == ()


def test_a_rule_is_added_wherever_there_is_no_such_rule():
    acme, added = canonicalize_name("acme"), MinimumAge(minimum=timedelta(days=3))
    policy = load("[rules.yanked]\n").also(added)
    assert policy.rules_for(acme, Version("1")).rules == (Yanked(), added) == policy.all_rules
    own = load('[rules.minimum-age]\nminimum = "9d"\n').also(added)
    (rule,) = own.rules_for(acme, Version("1")).rules
    assert (rule.minimum, own.all_rules) == (timedelta(days=9), (rule,))
