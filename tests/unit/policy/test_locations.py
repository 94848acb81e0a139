from __future__ import annotations

import pytest

from safeinstall.policy.load import tomllib
from safeinstall.policy.locations import key_lines, parse_key, render_key

TEXT = '''\
# comment with [brackets] and = signs
schema = 1
contact = """
[rules.not-a-table]
key = 1
""" # end ""

[rules.minimum-age] # comment
minimum = '7d'
exempt = [
  "a", # one ]
  "b",
]
"quoted.key" = 1

[rules.hashes]
pins = { "a==1" = ["x", "y"], 'b==2' = [] }

[[exceptions]]
package = "a]["
rules = ["x"]
[[exceptions]]
package = "b"
deep.er = 1.5
[[exceptions.inner]]
k = 2027-01-31 07:32:00Z
[[exceptions.inner]]
k = 0
[[exceptions]]
package = "c"
[rules.denylist]
packages = [
  { package = "p" },
  { package = "q", reason = "r" },
]
[ rules . "dotted" ]
last = \'\'\'x\'\'\'\'
'''


@pytest.mark.parametrize(
    ("key", "start"),
    [
        ("schema", "schema"),
        ("contact", "contact"),
        ("rules.minimum-age", "[rules.minimum-age]"),
        ("rules.minimum-age.minimum", "minimum ="),
        ("rules.minimum-age.exempt", "exempt ="),
        ("rules.minimum-age.exempt[1]", '  "b"'),
        ('rules.minimum-age."quoted.key"', '"quoted.key"'),
        ("rules.hashes.pins", "pins ="),
        ('rules.hashes.pins."a==1"[1]', "pins ="),
        ('rules.hashes.pins."b==2"', "pins ="),
        ("exceptions[0].package", 'package = "a]["'),
        ("exceptions[1].package", 'package = "b"'),
        ("exceptions[1].deep.er", "deep.er"),
        ("exceptions[1].inner[0].k", "k = 2027"),
        ("exceptions[1].inner[1].k", "k = 0"),
        ("exceptions[2].package", 'package = "c"'),
        ("rules.denylist.packages[0].package", '  { package = "p"'),
        ("rules.denylist.packages[1].reason", '  { package = "q"'),
        ("rules.dotted.last", "last ="),
    ],
)
def test_a_key_has_the_line_where_it_stands(key, start):
    line = key_lines(TEXT)[parse_key(key)]
    assert TEXT.splitlines()[line - 1].startswith(start)


def test_an_array_of_tables_has_a_line_for_each_item():
    lines = key_lines("\n[[a]]\n\n[[a]]\n")
    assert lines == {("a",): 2, ("a", 0): 2, ("a", 1): 4}


def paths(value, path=()):
    """Every key and item of parsed TOML."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, item in items:
        yield (*path, step)
        yield from paths(item, (*path, step))


def test_every_value_has_a_line():
    without_line = set(paths(tomllib.loads(TEXT))) - set(key_lines(TEXT))
    assert without_line == set()


def test_nothing_has_a_line_that_is_not_there():
    assert set(key_lines(TEXT)) - set(paths(tomllib.loads(TEXT))) == set()


def test_line_ends_of_windows_count_once():
    assert key_lines("a = 1\r\nb = '''\r\n'''\r\nc = 1\r\n") == {("a",): 1, ("b",): 2, ("c",): 4}


@pytest.mark.parametrize(
    "text", ["a = ", "[", "]", "=", "a.b.", '"', "a = [", "a = {", "a = [}", "[[a]", "}\n]", "a = {b}"]
)
def test_a_broken_text_comes_to_an_end(text):
    assert set(key_lines(text).values()) <= {1}


@pytest.mark.parametrize(
    ("dotted", "path"),
    [
        ("mode", ("mode",)),
        ("rules.minimum-age.exempt[3]", ("rules", "minimum-age", "exempt", 3)),
        ('rules.hashes.pins."a==1.0"', ("rules", "hashes", "pins", "a==1.0")),
        ('x."a\\"b"', ("x", 'a"b')),
    ],
)
def test_a_dotted_key_can_be_taken_apart_and_put_together(dotted, path):
    assert parse_key(dotted) == path
    assert render_key(path) == dotted


@pytest.mark.parametrize(("written", "means"), [(r'"\u0041\t"', "A\t"), (r"'\u0041'", r"\u0041"), (r'"\""', '"')])
def test_a_quoted_key_means_what_toml_says(written, means):
    assert key_lines(f"{written} = 1") == {(means,): 1}
    assert tomllib.loads(f"{written} = 1") == {means: 1}
