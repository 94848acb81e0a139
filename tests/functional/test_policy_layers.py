"""Layers, overrides and exceptions, as a user of ``safe-pip install`` meets them."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone

import pytest
from lib.index import LocalIndex

NOW = datetime.now(timezone.utc).replace(second=0, microsecond=0)
DAY = timedelta(days=1)


@pytest.fixture
def young(shell):
    """A package of two days."""
    shell.offer("app", "1.0", upload_time=NOW - 2 * DAY)
    return shell


def test_a_project_cannot_loosen_what_the_user_asks_for(young):
    young.policy('[rules.minimum-age]\nminimum = "7d"\n')
    young.write("safe-pip.toml", 'mode = "audit"\n[rules.minimum-age]\nminimum = "0s"\n')
    said = young.refuses("install", "app").splitlines()
    assert said[:3] == [
        'safe-pip: policy: safe-pip.toml:1: mode = "audit" does not count: policy.toml asks for "enforce"',
        'safe-pip: policy: safe-pip.toml:3: rules.minimum-age.minimum = "0s" does not count: policy.toml:3 asks for "7d"',
        "safe-pip: refused app 1.0 (app-1.0-py3-none-any.whl) from INDEX/simple/",
    ]
    assert said[-1] == "safe-pip: denied by policy policy.toml + safe-pip.toml; nothing was installed"


def test_a_project_tightens_at_once_and_loosens_when_trusted(young):
    young.write("safe-pip.toml", '[rules.minimum-age]\nminimum = "30d"\n')
    assert "policy: safe-pip.toml:2 (rules.minimum-age.minimum)" in young.refuses("install", "app")
    young.write("safe-pip.toml", '[rules.minimum-age]\nminimum = "1d"\n')
    assert "if you trust safe-pip.toml, look at it and run: safe-pip policy trust" in young.refuses("install", "app")
    assert young.run("policy", "trust").exit == 0
    assert young.install("app").exit == 0
    assert young.installed() == {"app": "1.0"}


def test_an_override_is_named_with_its_line(young):
    young.policy(
        '[rules.minimum-age]\nminimum = "1d"\n[[overrides]]\npackage = "ap*"\nrules.minimum-age.minimum = "9d"\n'
    )
    assert "policy: policy.toml:6 (overrides[0].rules.minimum-age.minimum)" in young.refuses("install", "app")
    young.policy('[rules.minimum-age]\n[[overrides]]\npackage = "app"\nrules.minimum-age.minimum = "1d"\n')
    assert young.install("app").exit == 0


def test_an_exception_is_counted_and_written_by_allow(young):
    young.policy("[rules.minimum-age]\n")
    argv = ("--rule", "minimum-age", "--reason", "urgent", "--expires", "30d")
    assert young.run("policy", "allow", "app==1.0", *argv, "--policy", "policy.toml").exit == 0
    done = young.install("app")
    assert done.exit == 0
    assert done.err.splitlines()[-1] == "safe-pip: 1 finding was let pass by an exception"


def test_a_new_project_is_refused(young):
    young.policy('[rules.minimum-age]\nminimum = "1d"\nnew-project = "30d"\n')
    assert "its project's first file was uploaded 2 days ago; the policy asks for 30 days" in young.refuses(
        "install", "app"
    )
    young.offer("app", "0.1", upload_time=NOW - 90 * DAY)
    assert young.install("app").exit == 0


def test_an_index_of_a_project_is_not_asked(shell):
    with LocalIndex() as other:
        shell.offer("app", "1.0")
        shell.policy("[rules.yanked]\n")
        shell.write("safe-pip.toml", f'[[indexes]]\nname = "other"\nurl = "{other.url}"\npackages = ["*"]\n')
        done = shell.install("app")
        assert (done.exit, other.requests) == (0, [])
        assert done.err.splitlines()[0] == (
            "safe-pip: policy: safe-pip.toml:1: the indexes do not count: policy.toml lists none, so pip's own are asked"
        )


def test_a_broken_policy_of_a_project_stops_the_run(young):
    young.write("safe-pip.toml", "x = [\n")
    assert young.refuses("install", "app", code=12) == (
        "safe-pip: safe-pip.toml:1: not valid TOML: Invalid value, at the end\n"
        "safe-pip: nothing was installed (exit 12)\n"
    )


def test_a_package_is_explained_as_the_policy_sees_it_now(young):
    young.policy("[rules.minimum-age]\n")
    young.offer("app", "0.9", upload_time=NOW - 90 * DAY)
    done = young.run("policy", "explain", "app")
    assert (done.exit, done.err) == (0, "")
    lines = done.out.splitlines()
    assert lines[0] == "denied  app 1.0 (app-1.0-py3-none-any.whl)"
    assert lines[1] == "  minimum-age       uploaded 2 days ago; the policy asks for 7 days"
    assert "pip would take app 1.0 (app-1.0-py3-none-any.whl)" in lines
    assert "the policy allows app 0.9 (app-0.9-py3-none-any.whl)" in lines
    data = json.loads(young.run("policy", "explain", "app", "--format", "json").out)
    assert [(file["version"], file["level"]) for file in data["files"]] == [("1.0", "deny"), ("0.9", "allow")]
    assert done.out.count("uploaded 2 days ago; the policy asks for 7 days") == 1
    assert "no file that could be installed here matches" in young.run("policy", "explain", "app>9").out
    assert young.installed() == {}
