from __future__ import annotations

import pytest

from safeinstall.facts.names.spelling import are_near, edited, one_edit, shape, undoubled


@pytest.mark.parametrize(
    ("name", "other", "trick"),
    [
        ("reqeusts", "requests", "two characters swapped"),
        ("erquests", "requests", "two characters swapped"),
        ("requestss", "requests", "a character doubled"),
        ("rrequests", "requests", "a character doubled"),
        ("pilow", "pillow", "a doubled character written once"),
        ("reqests", "requests", "one character left out"),
        ("equests", "requests", "its first or last character left out"),
        ("request", "requests", "its first or last character left out"),
        ("requiests", "requests", "one character added"),
        ("f1ask", "flask", "a character that looks alike"),
        ("djang0", "django", "a character that looks alike"),
        ("nunpy", "numpy", "a character that looks or sounds nearly alike"),
        ("asynkio", "asyncio", "a character that looks or sounds nearly alike"),
        ("rewuests", "requests", "a key beside the right one"),
        ("requists", "requests", "one character replaced"),
        ("dj4ngo", "django", "one character replaced"),
    ],
)
def test_the_edit_that_leads_from_one_to_the_other(name, other, trick):
    assert one_edit(name, other) == trick


@pytest.mark.parametrize(
    ("name", "other"), [("a", "abc"), ("abc", "abc"), ("abcd", "badc"), ("", "ab"), ("xbcy", "abcd")]
)
def test_more_or_less_than_one_edit(name, other):
    assert one_edit(name, other) is None


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("rnatplotlib", "matplotlib"),
        ("vverkzeug", "werkzeug"),
        ("clocker", "docker"),
        ("b0t0", "boto"),
        ("1xml", "lxml"),
        ("c1oudpick1e", "cloudpickle"),
    ],
)
def test_what_a_hasty_eye_takes_for_the_same(one, other):
    assert shape(one) == shape(other)
    assert shape(f"{one}\nabc") == f"{shape(other)}\nabc"


def test_what_is_known_and_one_edit_away():
    known = {"flask", "lask", "flas", "lfask", "flaks", "aflask", "fla9sk", "flask9", "alask", "flasz", "fl", "flaskzz"}
    assert set(edited("flask", known)) == known - {"fl", "flaskzz"}
    assert set(edited("", {"a", "ab"})) == {"a"}


@pytest.mark.parametrize("popular", ["a", "acme", "beautifulsoup4", "matplotlib", "typingextensions"])
def test_every_edit_at_every_place_is_found(popular):
    splits = [(popular[:place], popular[place:]) for place in range(len(popular) + 1)]
    left_out = [a + b[1:] for a, b in splits if b]
    swapped = [a + b[1] + b[0] + b[2:] for a, b in splits if len(b) > 1 and b[0] != b[1]]
    changed = [made for a, b in splits for made in (a + "q" + b, a + "q" + b[1:])]
    assert [name for name in (*left_out, *swapped, *changed) if popular not in edited(name, {popular, "other"})] == []


@pytest.mark.parametrize(
    ("name", "other", "near"),
    [
        ("reeqests", "requests", True),
        ("reqeust", "requests", True),
        ("rqusts1", "requests", False),
        ("abc", "abc", True),
    ],
)
def test_two_edits(name, other, near):
    assert are_near(name, other, 2) is near


def test_runs_written_once():
    assert undoubled("seleeniumm") == "selenium"
