"""Our recipes for CI: their own steps, run with bash."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from lib.ci import REPOSITORY, Runner, recipe
from lib.shell import told

DENY = "[rules.denylist]\npackages = [{ package = 'bad', reason = 'so' }]\n"


@pytest.fixture
def shell(shell):
    for name in ("app", "bad", "lib"):
        shell.offer(name, "1.0")
    shell.write("safe-pip.toml", DENY)
    return shell


@pytest.fixture
def runner(shell):
    (shell.tmp / "runner").mkdir()
    return Runner(shell, shell.tmp / "runner")


def failures(report):
    """How many cases of a JUnit report failed."""
    return len(list(ET.parse(report).getroot().iter("failure")))


# --- GitHub

INSTALL = "Install what the policy allows"


@pytest.fixture
def github(runner):
    runner.have("safe-pip")
    return runner


def said(runner, name):
    return (runner.folder / name).read_text()


def test_the_action_installs_what_the_policy_allows(github, shell):
    shell.write("requirements.txt", "app\n")
    shell.write("dev requirements.txt", "lib\n")
    done = github.action(INSTALL, requirements="requirements.txt\ndev requirements.txt\n")
    assert (done.exit, shell.installed()) == (0, {"app": "1.0", "lib": "1.0"})
    assert said(github, "output") == "exit-code=0\n"
    assert "app 1.0" in said(github, "summary")
    assert json.loads((shell.work / "safe-pip.sarif").read_text())["version"] == "2.1.0"


def test_the_action_fails_where_the_policy_denies(github, shell):
    shell.write("requirements.txt", "app\nbad\n")
    done = github.action(INSTALL, reports="json=a.json\njunit=b.xml")
    assert (done.exit, shell.installed()) == (10, {})
    assert said(github, "output") == "exit-code=10\n"
    assert "::error file=requirements.txt,line=2,title=denylist%3A refused bad 1.0::" in done.err
    assert "bad 1.0" in said(github, "summary")
    assert json.loads((shell.work / "a.json").read_text())["status"] == "denied"
    assert failures(shell.work / "b.xml") == 1


def test_the_action_takes_a_policy_and_can_leave_it_at_judging(github, shell):
    shell.write("a policy.toml", "schema = 1\n[rules.denylist]\npackages = [{ package = 'app', reason = 'so' }]\n")
    shell.write("requirements.txt", "app\n")
    assert github.action(INSTALL, policy="a policy.toml", dry_run="true").exit == 10
    assert github.action(INSTALL, dry_run="true").exit == 0
    assert shell.installed() == {}


def test_the_action_installs_into_the_environment_that_is_named(github, shell, template):
    shell.write("requirements.txt", "app\n")
    done = github.action(INSTALL, python=str(shell.target))
    assert (done.exit, shell.installed()) == (0, {"app": "1.0"})


def test_inputs_of_the_action_are_never_run(github, shell):
    """What an input holds reaches the steps as a variable, and bash as one word."""
    for step in recipe("action.yml")["runs"]["steps"]:
        assert "${{" not in step["run"]
    shell.write("requirements.txt", "app\n")
    done = github.action(INSTALL, requirements="$(touch pwned)", policy="`touch pwned`", reports="; touch pwned")
    assert done.exit != 0
    assert sorted(path.name for path in shell.work.iterdir()) == ["requirements.txt", "safe-pip.toml"]


@pytest.mark.live
def test_the_action_sets_itself_up(runner, shell):
    del shell.environ["PIP_INDEX_URL"]
    shell.environ |= {name: value for name, value in os.environ.items() if name.startswith("PIP_")}
    assert runner.action("Set up safe-pip").exit == 0
    done = runner.bash('"$RUNNER_TEMP/safe-pip/bin/safe-pip" --version', {"RUNNER_TEMP": str(runner.folder)})
    assert done.out.startswith("pip ")


# --- GitLab


@pytest.fixture
def gitlab(runner, shell, template_without_pip):
    runner.have(".safe-pip")
    shutil.copytree(template_without_pip, shell.work / ".venv", symlinks=True)
    return runner


def script(runner, **variables):
    job = recipe("ci/gitlab.yml")[".safe-pip"]
    own = {"CI_BUILDS_DIR": str(runner.folder), **job["variables"], **variables}
    return runner.bash("\n".join(job["script"]), {**own, "VIRTUAL_ENV": ""})


def in_venv(shell):
    return sorted(path.stem for path in shell.work.glob(".venv/lib/python*/site-packages/*.dist-info"))


def test_the_job_installs_what_the_policy_allows(gitlab, shell):
    shell.write("requirements.txt", "app\n")
    shell.write("dev.txt", "lib\n")
    done = script(gitlab, SAFE_PIP_REQUIREMENTS="requirements.txt dev.txt")
    assert (done.exit, in_venv(shell)) == (0, ["app-1.0", "lib-1.0"])
    assert failures(shell.work / "safe-pip.xml") == 0
    assert (shell.work / "safe-pip.html").exists()


def test_the_job_fails_where_the_policy_denies(gitlab, shell):
    shell.write("requirements.txt", "bad\n")
    done = script(gitlab)
    assert (done.exit, in_venv(shell)) == (10, [])
    assert failures(shell.work / "safe-pip.xml") == 1


def test_the_job_takes_a_policy_and_options(gitlab, shell):
    shell.write("requirements.txt", "app\n")
    assert script(gitlab, SAFE_PIP_POLICY="baseline", SAFE_PIP_OPTIONS="--dry-run").exit == 0
    assert in_venv(shell) == []


# --- pre-commit

(HOOK,) = recipe(".pre-commit-hooks.yaml")


@pytest.mark.parametrize(
    ("path", "is_judged"),
    [
        ("requirements.txt", True),
        ("requirements-dev.txt", True),
        ("requirements.in", True),
        ("dev-requirements.txt", True),
        ("app/requirements/base.txt", True),
        ("constraints.txt", True),
        ("pylock.toml", True),
        ("services/web/pylock.dev.toml", True),
        ("requirements.md", False),
        ("docs/pylock.toml.txt", False),
        ("notes.txt", False),
    ],
)
def test_the_hook_is_for_requirements_and_locks(path, is_judged):
    assert bool(re.search(HOOK["files"], path)) is is_judged


def commit(shell, *files):
    """Run the hook as pre-commit does, with the names of the changed files as last words."""
    _, *words = shlex.split(HOOK["entry"])
    return shell.run(*words, *HOOK.get("args", ()), *files)


def test_the_hook_judges_each_file_by_itself(shell):
    """The two ask for different versions of one package, so that pip could not take them together."""
    shell.offer("app", "2.0")
    shell.write("requirements.txt", "app==1.0\n")
    shell.write("requirements-dev.txt", "app==2.0\n")
    done = commit(shell, "requirements.txt", "requirements-dev.txt")
    policy = "baseline (built in) + safe-pip.toml"
    assert (done.exit, shell.installed()) == (0, {})
    assert [line for line in done.out.splitlines() if "by policy" in line] == [
        f"safe-pip: requirements.txt by policy {policy}: 1 warned of",
        f"safe-pip: requirements-dev.txt by policy {policy}: 1 warned of",
    ]


def test_the_hook_fails_for_one_refused_file_among_several(shell):
    shell.policy(DENY)
    shell.write("requirements.txt", "bad\n")
    shell.write("requirements-dev.txt", "app\n")
    done = commit(shell, "requirements.txt", "requirements-dev.txt")
    assert (done.exit, done.out) == (
        10,
        told("""
        safe-pip: refused bad 1.0 (bad-1.0-py3-none-any.whl) from INDEX/simple/
          denylist          bad 1.0 is on the denylist as bad: so
                            policy: policy.toml:3 (rules.denylist.packages[0])
          required by       bad (you)
          newest allowed    no file of bad passes this policy
          way out           do without bad, or ask whoever keeps the policy for an exception
        safe-pip: requirements.txt by policy policy.toml + safe-pip.toml: 1 refused
        safe-pip: requirements-dev.txt by policy policy.toml + safe-pip.toml: 1 allowed
    """),
    )


@pytest.mark.live
def test_the_hook_under_pre_commit_itself(tmp_path):
    program = Path(sys.executable).with_name("pre-commit")
    if not program.exists():
        pytest.skip("pre-commit is not installed here")
    work = tmp_path / "work"
    work.mkdir()
    (work / "requirements.txt").write_text("packaging\n")
    git = ["git", "-c", "user.name=x", "-c", "user.email=x@x.example"]
    subprocess.run([*git, "init", "-q"], cwd=work, check=True)
    subprocess.run([*git, "add", "."], cwd=work, check=True)
    done = subprocess.run(
        [program, "try-repo", REPOSITORY, "safe-pip", "--all-files"],
        cwd=work,
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "judge requirements by the policy" in done.stdout
