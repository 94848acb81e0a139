from __future__ import annotations

import pytest

from safeinstall.facts.names.lookalikes import Lookalikes
from safeinstall.facts.values import Likeness, Lookalike
from safeinstall.sources.index.popular_names import popular_names

POPULAR = [
    *("requests", "python-dateutil", "beautifulsoup4", "numpy", "yarl", "six", "django", "matplotlib", "werkzeug"),
    *("docker", "scikit-learn", "websocket-client", "requests-oauthlib", "uv"),
]
SURE, UNSURE, COMBINED = Likeness.SURE, Likeness.UNSURE, Likeness.COMBINED
FILLERS = [f"filler{number}xyz" for number in range(2000)]


@pytest.fixture(scope="module")
def shipped():
    return Lookalikes(popular_names())


@pytest.mark.parametrize(
    ("name", "popular", "trick", "likeness"),
    [
        ("beautiful-soup4", "beautifulsoup4", "other separators", SURE),
        ("scikitlearn", "scikit-learn", "other separators", SURE),
        ("dateutil-python", "python-dateutil", "the same words in another order", SURE),
        ("learnscikit", None, None, None),
        ("reqeusts", "requests", "two characters swapped", SURE),
        ("requestss", "requests", "a character doubled", SURE),
        ("reqests", "requests", "one character left out", SURE),
        ("rnatplotlib", "matplotlib", "a character that looks alike", SURE),
        ("vverkzeug", "werkzeug", "a character that looks alike", SURE),
        ("clocker", "docker", "a character that looks alike", SURE),
        ("clj4ngo", None, None, None),
        ("d0cker", "docker", "a character that looks alike", SURE),
        ("rnatp1otl1b", "matplotlib", "a character that looks alike", SURE),
        ("sc1k1t-learn", "scikit-learn", "a character that looks alike", SURE),
        ("dokcer-docker", None, None, None),
        ("ayrl", "yarl", "two characters swapped", UNSURE),
        ("yard", None, None, None),
        ("sox", None, None, None),
        ("sixx", "six", "a character doubled", UNSURE),
        ("ssix", "six", "a character doubled", UNSURE),
        ("sxi", "six", "two characters swapped", UNSURE),
        ("s1x", "six", "a character that looks alike", UNSURE),
        ("sixy", None, None, None),
        ("siz", None, None, None),
        ("uvv", "uv", "a character doubled", UNSURE),
        ("vu", None, None, None),
        ("nunpy", "numpy", "a character that looks or sounds nearly alike", UNSURE),
        ("rewuests", "requests", "a key beside the right one", UNSURE),
        ("requiests", "requests", "one character added", UNSURE),
        ("requists", "requests", "one character replaced", UNSURE),
        ("beatifulsoup", "beautifulsoup4", "two characters differ", UNSURE),
        ("websocket", "websocket-client", "its last word left out", UNSURE),
        ("dateutil", "python-dateutil", "an affix left out", UNSURE),
        ("python-requests", "requests", "an affix", UNSURE),
        ("requestspy", "requests", "an affix", UNSURE),
        ("my-django", "django", "an affix", UNSURE),
        ("numpy-js", "numpy", "an affix", UNSURE),
        ("numpy-ai", "numpy", "an affix", UNSURE),
        ("docker-utils", "docker", "an affix", UNSURE),
        ("docker-sdk", "docker", "an affix", UNSURE),
        ("docker-client", "docker", "an affix", UNSURE),
        ("docker-gpu", "docker", "an affix", UNSURE),
        ("django-cuda", "django", "an affix", UNSURE),
        ("six-cuda", None, None, None),
        ("python-reqeusts", "requests", "an affix and two characters swapped", UNSURE),
        ("reqeusts-python", "requests", "an affix and two characters swapped", UNSURE),
        ("pyreqeusts", "requests", "an affix and two characters swapped", UNSURE),
        ("reqests-client", "requests", "an affix and one character left out", UNSURE),
        ("my-rnatp1otlib", "matplotlib", "an affix and a character that looks alike", UNSURE),
        ("scikitt-learn-utils", "scikit-learn", "an affix and a character doubled", UNSURE),
        ("python-requasts", None, None, None),
        ("python-ayrl", None, None, None),
        ("my-" + "x" * 200, None, None, None),
        ("requests-retry-session", "requests", "further words", COMBINED),
        ("requests-oauthlib-retry-session", "requests-oauthlib", "further words", COMBINED),
        ("requests-acme", None, None, None),
        ("six-more-words", None, None, None),
        ("responses", None, None, None),
        ("acme", None, None, None),
    ],
)
def test_tricks(name, popular, trick, likeness):
    expected = popular and Lookalike(popular=popular, rank=POPULAR.index(popular) + 1, trick=trick, likeness=likeness)
    assert Lookalikes(POPULAR)(name) == expected


@pytest.mark.parametrize("name", POPULAR)
def test_a_popular_name_resembles_none(name):
    assert Lookalikes([*POPULAR, "requestz"])(name) is None
    assert name in Lookalikes(POPULAR)


@pytest.mark.parametrize(
    "name", ["unpopulra", "unpoppular", "unpoplar", "unp0pular", "un-popular", "popular-un-popular", "unpopuar"]
)
def test_what_is_sure_counts_against_every_name(name):
    popular = Lookalikes([*FILLERS, "unpopular", "un-popular-popular"])
    assert popular(name) is not None
    assert popular("unpopulsr") is None


def test_a_slip_beside_an_affix_counts_for_what_is_popular_enough():
    for before, name, is_told in (
        *((1994, "python-reqeusts", True), (2000, "python-reqeusts", False)),
        *((494, "python-reqests", True), (500, "python-reqests", False)),
        *((494, "flaask-utils", True), (500, "flaask-utils", False)),
        *((1994, "pipp", True), (2000, "pipp", False)),
    ):
        popular = ["requests", "flask", "pip"]
        assert (Lookalikes([*FILLERS[:before], *popular])(name) is not None) is is_told, (before, name)


def test_a_popular_name_with_an_affix_left_out_is_itself():
    assert Lookalikes(["requests", "python-request", "request"])("request-py").trick == "an affix"


def test_two_edits_are_for_names_that_are_famous_and_of_as_many_words():
    assert Lookalikes(["requests", *FILLERS])("reeqests").trick == "two characters differ"
    assert Lookalikes([*FILLERS[:100], "requests"])("riquists") is None
    assert Lookalikes([*FILLERS[:100], "requests"])("reequest").trick == "two characters differ"
    assert Lookalikes([*FILLERS[:500], "requests"])("reequest") is None
    assert Lookalikes([*FILLERS[:100], "matplotlib"])("matteplotlib").trick == "two characters differ"
    assert Lookalikes([*FILLERS[:500], "matplotlib"])("matteplotlib") is None
    assert Lookalikes(["scikit-learn"])("sikitlern") is None
    assert Lookalikes(["django"])("jjango3") is None


def test_names_of_one_family_differ_in_short_words():
    assert Lookalikes([*FILLERS[:500], "types-boto3-ec2"])("types-boto3-ecs") is None
    assert Lookalikes([*FILLERS[:500], "types-requests"])("types-reqiests") is not None


def test_what_many_popular_names_begin_with_may_be_extended_in_words_of_its_own():
    family = [f"pytest-{word}" for word in ["aa", "ab", "ac", "ad", "ae", "af", "ag", "ah", "ai", "aj"]]
    common = [f"x{number}-{word}-y{number}" for number in range(3) for word in ("mock", "server")]
    hub = Lookalikes(["pytest", *family, *common])
    assert hub("pytest-mock-server").likeness is COMBINED
    assert hub("pytest-mock-acme") is None
    assert Lookalikes(["pytest", *family[1:], *common])("pytest-mock-acme").likeness is COMBINED


def test_no_popular_name_is_flagged(shipped):
    names = popular_names()
    assert len(names) == len(set(names)) == 10_000
    assert [name for name in names if shipped(name)] == []


def test_honest_pairs_are_not_flagged(shipped):
    pairs = "pymssql pymysql aiofile aiofiles websocket-client websockets nvidia-curand-cu11 nvidia-curand-cu12"
    assert [name for name in (*pairs.split(), "mypy-boto3-sns", "mypy-boto3-sqs") if shipped(name)] == []


@pytest.mark.parametrize(
    "name", ["reqeusts", "djnago", "python-nmap3", "colourama", "bs4-python", "a", "0", "x-" * 40 + "y", "a" * 100_000]
)
def test_any_name_gets_an_answer(shipped, name):
    assert shipped(name) is shipped(name)


@pytest.mark.parametrize("name", ["config-parserr", "cofnig-parser", "confiigparser", "ocnfigparser"])
def test_of_two_popular_names_that_differ_in_separators_both_are_watched(name):
    lookalikes = Lookalikes([*FILLERS, "configparser", "config-parser"])
    assert lookalikes(name).likeness is SURE
