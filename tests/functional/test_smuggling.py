"""What the surroundings tell pip is heard, and judged like everything else."""

from __future__ import annotations

import pytest
from lib.gate import parametrize
from lib.index import LocalIndex


@pytest.fixture
def shell(shell):
    """Only ``app`` may be installed; ``evil`` waits wherever pip might look."""
    shell.policy('[rules.allowlist]\npackages = ["app"]\n[rules.direct-references]\nfind-links = "deny"\n')
    shell.offer("app", "1.0")
    evil = shell.offer("evil", "1.0")
    shell.write("links/evil-1.0-py3-none-any.whl", evil.data)
    shell.write("links/app-9.0-py3-none-any.whl", shell.offer("app", "9.0").data)
    del shell.index.projects["app"][-1]
    shell.write("extra.txt", "evil\n")
    shell.write("pip.conf", "[install]\nrequirement = extra.txt\n")
    return shell


@parametrize("env", [{"PIP_REQUIREMENT": "extra.txt"}, {"PIP_CONFIG_FILE": "pip.conf"}], gate=(0,))
def test_further_requirements(shell, env):
    assert "refused evil 1.0" in shell.refuses("install", "app", env=env)


def test_find_links(shell):
    """What is there is not asked; the version of the index is taken."""
    done = shell.install("app", env={"PIP_FIND_LINKS": "links"})
    assert (done.exit, shell.installed()) == (0, {"app": "1.0"})
    assert "links was not asked: direct-references: comes from a find-links location (links)" in done.err


def test_only_find_links(shell):
    env = {"PIP_FIND_LINKS": "links", "PIP_NO_INDEX": "1"}
    assert "refused app any version (every file) from links" in shell.refuses("install", "app", env=env)
    assert shell.index.paths() == []


def test_no_index(shell):
    assert shell.refuses("install", "app", code=1, env={"PIP_NO_INDEX": "1"}).splitlines()[1:] == [
        "ERROR: No matching distribution found for app",
    ]
    assert shell.index.paths() == []


def test_a_further_index(shell):
    with LocalIndex() as other:
        data = shell.index.find("evil-1.0-py3-none-any.whl").data
        other.add("evil-2.0-py3-none-any.whl", data)
        assert "refused evil 2.0" in shell.refuses("install", "evil", env={"PIP_EXTRA_INDEX_URL": other.url})
        # Nor does pip, once let go on, ask any index again.
        asked = len(other.requests)
        done = shell.install("app", env={"PIP_EXTRA_INDEX_URL": other.url})
        assert (done.exit, [r.path for r in other.requests[asked:]]) == (0, ["/simple/app/"])


def test_another_target(shell):
    before = shell.snapshot()
    assert shell.install("app", env={"PIP_TARGET": "lib"}).exit == 0
    assert (shell.work / "lib" / "app" / "__init__.py").exists()
    assert shell.snapshot() == before
    shell.refuses("install", "evil", env={"PIP_TARGET": "lib"})


def test_an_option_that_is_the_value_of_another(shell):
    """``--log --dry-run`` writes a log of that name, and installs."""
    done = shell.install("--log", "--dry-run", "app")
    assert (done.exit, shell.installed()) == (0, {"app": "1.0"})
    assert (shell.work / "--dry-run").exists()


def test_an_abbreviated_option(shell):
    assert "refused evil 1.0" in shell.refuses("install", "--requirem", "extra.txt")


def test_a_command_that_is_the_value_of_an_option(shell):
    shell.refuses("--log", "list", "install", "evil")


def test_variables_that_pip_sets_for_itself(shell):
    env = {"_PIP_RUNNING_IN_SUBPROCESS": "1", "_PIP_STANDALONE_CERT": "x", "PIP_PYTHON": str(shell.python)}
    assert "refused evil 1.0" in shell.refuses("install", "evil", env=env)


@parametrize("variable", ["PYTHONPATH", "PYTHONSTARTUP", "PYTHONHOME"], gate=(0,))
def test_no_python_variable_lets_anything_pass(shell, variable):
    shell.write("python/pip/__init__.py", "raise SystemExit(0)\n")
    done = shell.run("install", "evil", env={variable: str(shell.work / "python")})
    assert done.exit != 0
    assert shell.installed() == {}
