from __future__ import annotations

import sys
from pathlib import Path

import pip
import pytest

from safeinstall.errors import RefusedError, UsageError
from safeinstall.guard.environment import Environment, check_own_interpreter, find_environment


def test_by_folder_by_interpreter_and_because_it_is_active(bare, environ):
    python = str(bare / "bin" / "python")
    for wanted, more in [
        (str(bare), {}),
        (python, {}),
        (None, {"VIRTUAL_ENV": str(bare)}),
        (None, {"PIP_PYTHON": python, "VIRTUAL_ENV": "/elsewhere"}),
    ]:
        found = find_environment(wanted, {**environ, **more})
        assert found == Environment(python, bare, bare / "bin", None, has_pip=False)
        assert [path.name for path in found.commands] == ["pip", "pip3"]


def test_none_and_a_wrong_one(environ, tmp_path):
    with pytest.raises(UsageError, match="no environment is active"):
        find_environment(None, environ)
    (tmp_path / "empty").mkdir()
    for wanted in (str(tmp_path / "empty"), "nowhere"):
        with pytest.raises(UsageError, match="is neither an environment nor an interpreter"):
            find_environment(wanted, environ)
    with pytest.raises(RefusedError, match="cannot ask /usr/bin/false"):
        find_environment("/usr/bin/false", environ)


@pytest.mark.parametrize(
    ("head", "starts"),
    [
        ("#!{python}\n", True),
        ("#! {python}\n", True),
        ("#!/bin/sh\n'''exec' {python} \"$0\" \"$@\"\n' '''\n", True),
        ("#!/bin/sh\n'''exec' \"{python}\" \"$0\" \"$@\"\n' '''\n", True),
        ("#!/bin/sh\nexec something\n", False),
        ("#!/nowhere/python\n", False),
        ("import pip\n", False),
    ],
)
def test_scripts_beside_the_interpreter_that_start_it(tmp_path, head, starts):
    """Where a distribution's scripts are not where pip would put new ones."""
    (tmp_path / "bin").mkdir()
    python = tmp_path / "bin" / "python3"
    python.symlink_to(sys.executable)
    for name in ("pip", "pip3.11", "pip-audit", "pipx"):
        (tmp_path / "bin" / name).write_text(head.format(python=python))
    environment = Environment(str(python), tmp_path, tmp_path / "local", None, has_pip=True)
    found = {path.relative_to(tmp_path) for path in environment.commands}
    own = {Path("local/pip"), Path("local/pip3")}
    assert found == own | ({Path("bin/pip"), Path("bin/pip3.11")} if starts else set())


def test_a_pip_of_its_own_and_one_that_others_share(bare, environ):
    assert find_environment(sys.executable, environ).pip == Path(pip.__file__).parent
    (site,) = (bare / "lib").glob("python*/site-packages")
    (site / "pip").symlink_to(Path(pip.__file__).parent)
    shared = find_environment(str(bare), environ)
    assert (shared.pip, shared.has_pip) == (None, True)


def test_safe_pip_is_found_without_a_variable():
    check_own_interpreter()
