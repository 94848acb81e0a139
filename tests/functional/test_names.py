"""Names that resemble a popular one, with real pip and a real index: what is told, denied, and let pass."""

from __future__ import annotations

import json
import re
from datetime import datetime, timedelta, timezone

from lib.gate import parametrize
from lib.wheels import make_wheel

from safeinstall.sources.index.popular_names import names_as_of

RULE = "[rules.typosquats]\n"


def ago(days):
    return datetime.now(timezone.utc) - timedelta(days=days, hours=1)


def releases(shell, name, *, days, number=3, requires=()):
    for minor in range(number):
        shell.offer(name, f"1.{minor}", requires, upload_time=ago(days))


def test_the_default_policy_denies_what_is_no_accident(shell):
    releases(shell, "requests", days=4000)
    releases(shell, "reqeusts", days=5)
    err = shell.refuses("install", "reqeusts==1.2", "--policy", "baseline").partition("  newest allowed")[0]
    assert (
        re.sub(r"in\):\d+", "in):LINE", err)
        == """\
safe-pip: refused reqeusts 1.2 (reqeusts-1.2-py3-none-any.whl) from INDEX/simple/
  typosquats        its name is requests (rank 6 of the most popular) but for two characters swapped, and the project is\
 5 days old
                    policy: baseline (built in):LINE (rules.typosquats.young)
  required by       reqeusts==1.2 (you)
"""
    )


@parametrize("name", ["requiests", "requests-retry-session", "python-requests"], gate=(0,))
def test_and_warns_of_what_can_be_one(shell, name):
    releases(shell, name, days=5)
    done = shell.install(name, "--policy", "baseline")
    assert (done.exit, shell.installed()) == (0, {name.replace("-", "_"): "1.2"})
    assert "its name is requests (rank 6 of the most popular) but for" in done.err


def test_who_waited_is_told_by_baseline_and_without_releases_denied_by_strict(shell):
    shell.policy('[rules.typosquats]\nsure-releases = "deny"\n')
    releases(shell, "rnatplotlib", days=200)
    releases(shell, "vverkzeug", days=200, number=2)
    done = shell.install("rnatplotlib")
    assert (done.exit, shell.installed()) == (0, {"rnatplotlib": "1.2"})
    assert (
        "matplotlib (rank 169 of the most popular) but for a character that looks alike, and the project is 200 days"
        in (done.err)
    )
    assert "and the project has 2 releases" in shell.refuses("install", "vverkzeug")


def test_what_began_before_the_popular_one_copied_nothing(shell):
    shell.policy(RULE)
    releases(shell, "requests", days=2)
    releases(shell, "reqeusts", days=5)
    done = shell.install("reqeusts")
    assert (done.exit, shell.installed()) == (0, {"reqeusts": "1.2"})
    assert "the project is 5 days old, though it is older than requests" in done.err


def test_what_a_popular_project_requires_is_warned_of_and_what_another_requires_denied(shell):
    shell.policy(RULE)
    releases(shell, "reqeusts", days=5)
    releases(shell, "boto3", days=4000, requires=["reqeusts"])
    releases(shell, "zebrafinch", days=4000, requires=["reqeusts"])
    assert "typosquats        its name is requests" in shell.refuses("install", "zebrafinch")
    done = shell.install("boto3", "zebrafinch")
    assert (done.exit, shell.installed()) == (0, {"zebrafinch": "1.2", "boto3": "1.2", "reqeusts": "1.2"})
    assert "and the project is 5 days old; boto3 requires it" in done.err


def test_a_popular_project_that_anybody_could_have_made_vouches_for_nothing(shell, tmp_path):
    shell.policy(RULE)
    releases(shell, "reqeusts", days=5)
    filename, data = make_wheel("boto3", "99.0", ["reqeusts"])
    (tmp_path / filename).write_bytes(data)
    assert "typosquats        its name is requests" in shell.refuses("install", "boto3", "--find-links", str(tmp_path))
    assert "typosquats        its name is requests" in shell.refuses("install", str(tmp_path / filename))


def test_names_that_popular_projects_are_known_to_require_are_warned_of_at_most(shell):
    shell.policy(RULE)
    releases(shell, "httpx2", days=5)
    done = shell.install("httpx2")
    assert (done.exit, shell.installed()) == (0, {"httpx2": "1.2"})
    assert "httpx (rank 34 of the most popular) but for one character added, and the project is 5 days old; openai" in (
        done.err
    )


def test_many_at_once_do_not_wait_for_each_other(shell):
    shell.policy('[rules.typosquats]\nsure = "warn"\n')
    names = [f"{name}{name[-1]}" for name in ("requests", "urllib3", "certifi", "boto3", "botocore", "numpy", "pandas")]
    names += [f"{name}{name[-1]}" for name in ("cryptography", "pydantic", "pyyaml", "flask", "django", "click")]
    for name in names:
        releases(shell, name, days=5, number=1)
        releases(shell, name[:-1], days=4000, number=1)
    releases(shell, "zebrafinch", days=4000, requires=names)
    assert shell.install("zebrafinch").exit == 0
    assert set(shell.installed()) == {"zebrafinch", *names}


def test_a_popular_project_is_not_asked_for_unless_a_name_resembles_it(shell):
    shell.policy(RULE)
    releases(shell, "zebrafinch", days=5)
    assert shell.install("zebrafinch").exit == 0
    assert {path for path in shell.index.paths() if path.startswith("/simple/")} == {"/simple/zebrafinch/"}


@parametrize(
    ("name", "said"),
    [
        (
            "reqeusts",
            "the name reqeusts is requests (rank 6 of {}) but for two characters swapped: a sure resemblance (rules.typosquats)",
        ),
        ("requests", "the name requests is popular itself: rank 6 of {}"),
        ("zebrafinch", "the name zebrafinch resembles none of {}"),
        (
            "httpx2",
            "the name httpx2 is httpx (rank 34 of {}) but for one character added: an unsure resemblance (rules.typosquats); openai requires it",
        ),
    ],
    gate=(0, 2),
)
def test_explain_says_what_a_name_resembles(shell, name, said):
    shell.policy(RULE)
    done = shell.run("policy", "explain", name)
    assert (done.exit, done.out.splitlines()[-1]) == (0, said.format(f"the 10000 most popular of {names_as_of()}"))


def test_explain_as_data(shell):
    shell.policy(RULE)
    told = json.loads(shell.run("policy", "explain", "vverkzeug", "--format", "json").out)
    assert told["name"] == {
        "as-of": names_as_of(),
        "required-by": None,
        "resembles": "werkzeug",
        "rank": 140,
        "trick": "a character that looks alike",
        "likeness": "sure",
    }
    assert f"popular names: those of {names_as_of()}" in shell.run("policy", "explain", "typosquats").out
