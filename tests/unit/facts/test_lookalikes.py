from __future__ import annotations

import pytest

from safeinstall.facts.lookalikes import Lookalikes, one_edit
from safeinstall.facts.values import Lookalike
from safeinstall.sources.index.popular_names import popular_names

POPULAR = ["requests", "python-dateutil", "beautifulsoup4", "numpy", "yarl", "six", "django"]


@pytest.fixture(scope="module")
def shipped():
    return Lookalikes(popular_names())


@pytest.mark.parametrize(
    ("name", "popular", "trick"),
    [
        ("reqests", "requests", "one character left out"),
        ("requestss", "requests", "one character added"),
        ("reqeusts", "requests", "two characters swapped"),
        ("rewuests", "requests", "a key beside the right one"),
        ("requists", "requests", "one character replaced"),
        ("nunpy", "numpy", "a character that looks alike"),
        ("dj4ngo", "django", "one character replaced"),
        ("beatifulsoup", "beautifulsoup4", "two characters differ"),
        ("beautiful-soup4", "beautifulsoup4", "other separators"),
        ("dateutil-python", "python-dateutil", "the same words in another order"),
        ("python-requests", "requests", "the same name with an affix"),
        ("requestspy", "requests", "the same name with an affix"),
        ("ayrl", "yarl", "two characters swapped"),
        ("yard", "yarl", None),
        ("sox", "six", None),
        ("requests-oauthlib", "requests", None),
        ("responses", "requests", None),
        ("acme", "requests", None),
    ],
)
def test_tricks(name, popular, trick):
    found = Lookalikes(POPULAR)(name)
    expected = Lookalike(popular=popular, rank=POPULAR.index(popular) + 1, trick=trick) if trick else None
    assert found == expected


@pytest.mark.parametrize("name", POPULAR)
def test_a_popular_name_resembles_none(name):
    assert Lookalikes([*POPULAR, "requestz"])(name) is None


def test_two_edits_are_for_long_and_very_popular_names():
    fillers = [f"filler{n}xyz" for n in range(600)]
    assert Lookalikes(["requests", *fillers])("reeqests") is not None
    assert Lookalikes([*fillers, "requests"])("reeqests") is None
    assert Lookalikes(["django"])("jjango3") is None


def test_names_beyond_the_most_popular_are_known_but_not_copied():
    names = Lookalikes([f"filler{n}xyz" for n in range(2000)] + ["unpopular"])
    assert names("unpopular") is None
    assert names("unpopulra") is None


@pytest.mark.parametrize(
    ("name", "popular"), [("a", "abc"), ("abc", "abc"), ("abcd", "badc"), ("", "ab"), ("xbcy", "abcd")]
)
def test_more_or_less_than_one_edit(name, popular):
    assert one_edit(name, popular) is None


def test_no_popular_name_is_flagged(shipped):
    names = popular_names()
    assert len(names) == len(set(names)) == 10_000
    assert [name for name in names[:1000] if shipped(name)] == []
    assert [name for name in names if shipped(name)] == []


def test_honest_pairs_are_not_flagged(shipped):
    pairs = "pymssql pymysql aiofile aiofiles websocket-client websockets nvidia-curand-cu11 nvidia-curand-cu12"
    assert [name for name in (*pairs.split(), "mypy-boto3-sns", "mypy-boto3-sqs") if shipped(name)] == []


@pytest.mark.parametrize("name", ["reqeusts", "djnago", "python-nmap3", "colourama", "bs4-python"])
def test_any_name_gets_an_answer(shipped, name):
    assert shipped(name) is shipped(name)
