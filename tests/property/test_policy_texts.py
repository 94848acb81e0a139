"""Laws of reading policies."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from safeinstall.errors import PolicyError
from safeinstall.policy.durations import parse_duration
from safeinstall.policy.load import parse_policy
from safeinstall.policy.locations import key_lines, parse_key, render_key

toml_like = st.text(alphabet="ab.[]{}=,\"'\n# 1\\", max_size=60)
steps = st.text(st.characters(exclude_categories=("Cc", "Cs")), min_size=1, max_size=8)
paths = st.lists(steps | st.integers(0, 99), max_size=4).map(lambda path: ("a", *path))


@given(st.integers(0, 999), st.integers(0, 23), st.integers(0, 59))
def test_both_spellings_of_a_duration_mean_the_same(days, hours, minutes):
    expected = timedelta(days=days, hours=hours, minutes=minutes)
    assert parse_duration(f"{days}d {hours}h {minutes}m") == expected
    assert parse_duration(f"P{days}DT{hours}H{minutes}M") == expected


@given(paths)
def test_a_key_that_is_rendered_can_be_parsed(path):
    assert parse_key(render_key(path)) == path


@given(toml_like)
def test_no_text_keeps_the_scanner_from_its_end(text):
    assert all(1 <= line <= text.count("\n") + 1 for line in key_lines(text).values())


def _problems(text):
    try:
        parse_policy(text, file="p.toml", read=lambda reference: 1 / 0, rules={})
    except PolicyError as error:
        return error.problems
    return ()


@given(toml_like)
def test_every_problem_of_a_text_is_one_line_that_names_the_file(text):
    assert [p for p in _problems(text) if not p.startswith("p.toml:") or "\n" in p] == []


@given(st.lists(st.sampled_from(["", "# c", 'x = "\\n"', "y = '''\n'''", "z = [\n1,\n]"]), unique=True))
def test_what_stands_before_a_key_does_not_change_its_line(before):
    text = "\n".join([*before, "", "[rules.yanked]", 'level = "warn"', ""])
    line = key_lines(text)["rules", "yanked", "level"]
    assert text.splitlines()[line - 1] == 'level = "warn"'
