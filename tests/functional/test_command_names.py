"""What a wheel calls its commands, with the pip whose distlib finds a name within a name, and the newest."""

from __future__ import annotations

from pathlib import Path

import pytest
from lib.gate import parametrize
from lib.shell import Shell
from lib.targets import find_pip, make_target
from lib.wheels import make_wheel

CONTENTS = "[rules.contents]\n"


@pytest.fixture(scope="session", params=["23.2.1", pytest.param("26.3", marks=pytest.mark.slow)])
def pip(request):
    found = find_pip(request.param, Path(request.config.cache.mkdir("pips")))
    if isinstance(found, str):
        pytest.skip(found)
    return found


@pytest.fixture
def shell(tmp_path, pip, index):
    """A user with a fresh environment of that pip."""
    make_target(tmp_path / "env", pip)
    return Shell(tmp_path, tmp_path / "env", index)


def commands(shell):
    return sorted(path.name for path in (shell.target / "bin").iterdir())


def declaring(*names, target="alpha:main"):
    return "".join(["[console_scripts]\n", *(f"{name} = {target}\n" for name in names)])


@parametrize("policy", ["", CONTENTS], gate=(0,), ids=["no rule", "contents"])
@parametrize("name", ["./python", "./pip", "../bin/pip", "./git", "x/pip", "..\\pip"], gate=(0, 2, 5))
def test_a_name_that_is_not_plain_is_refused_under_every_policy(shell, policy, name):
    shell.policy(policy)
    shell.offer("alpha", "1.0", files={"alpha.py": ""}, entry_points=declaring(name))
    assert shell.refuses("install", "alpha") == (
        f"safe-pip: alpha-1.0-py3-none-any.whl declares a command without a plain name: '{name}'\n"
        "safe-pip: way out: do not install this file; report it to whoever publishes it\n"
        "safe-pip: nothing was installed (exit 10)\n"
    )


@parametrize(
    ("path", "reason"),
    [
        ("scripts/.git", "installs a command without a plain name"),
        ("data/bin/C:git", "installs a command without a plain name"),
        ("./scripts/git", "holds a file whose path is not in its shortest form"),
    ],
    gate=(0,),
)
def test_nor_may_a_file_have_one(shell, path, reason):
    shell.policy("")
    shell.offer("alpha", "1.0", files={"alpha.py": "", f"alpha-1.0.data/{path}": "#!/bin/sh\n"})
    assert f"alpha-1.0-py3-none-any.whl {reason}: 'alpha-1.0.data/{path}'\n" in shell.refuses("install", "alpha")


def test_a_command_that_would_take_the_place_of_another_wheels(shell):
    shell.policy(CONTENTS)
    shell.offer("beta", "1.0", files={"beta.py": ""}, entry_points=declaring("beta", target="beta:main"))
    shell.offer("alpha", "1.0", ["beta"], files={"alpha.py": ""}, entry_points=declaring("./beta"))
    assert "declares a command without a plain name: './beta'" in shell.refuses("install", "alpha")
    shell.offer("alpha", "2.0", ["beta"], files={"alpha.py": ""}, entry_points=declaring("my beta"))
    err = shell.refuses("install", "alpha")
    assert "contents          installs files that beta installs too, but others: bin/beta\n" in err


def test_the_name_that_lands_on_disk_is_judged(shell):
    shell.policy(CONTENTS)
    shell.offer("alpha", "1.0", files={"alpha.py": ""}, entry_points=declaring("my pip"))
    err = shell.refuses("install", "alpha")
    assert "contents          installs commands that are called like trusted ones: pip\n" in err


def test_two_commands_that_case_alone_tells_apart_are_two_here(shell):
    shell.policy(CONTENTS)
    shell.offer("beta", "1.0", files={"beta.py": ""}, entry_points=declaring("beta", target="beta:main"))
    shell.offer(
        "alpha", "1.0", ["beta"], files={"alpha.py": ""}, entry_points=declaring("Beta", "alpha tool", "g++-1.0_x")
    )
    done = shell.install("alpha")
    assert (done.exit, done.err) == (0, "")
    assert {"Beta", "beta", "g++-1.0_x"} <= {*commands(shell)}
    assert {"tool", " tool"} & {*commands(shell)}


def test_and_one_where_case_does_not_count(shell):
    """Every name of the environment has another that leads to the same, as if the file system folded case."""
    shell.policy(CONTENTS)
    for path in [*shell.target.iterdir()]:
        path.with_name(path.name.swapcase()).symlink_to(path.name)
    shell.offer("beta", "1.0", files={"beta.py": ""}, entry_points=declaring("beta", target="beta:main"))
    shell.offer("alpha", "1.0", ["beta"], files={"alpha.py": ""}, entry_points=declaring("Beta"))
    err = shell.refuses("install", "alpha")
    assert "contents          installs files that beta installs too, but others: bin/Beta\n" in err


@parametrize(
    "entry_points",
    [
        "[console_scripts]\nx = alpha\n",
        "[console_scripts]\nx = alpha:main []\n",
        "[plugins]\nx\n",
        f"[console_scripts]\n{'x' * 256} = alpha:main\n",
    ],
    gate=(0, 3),
)
def test_what_pip_fails_on_is_found_before_anything_is_installed(shell, entry_points):
    shell.policy("")
    shell.offer("beta", "1.0")
    shell.index.add(*make_wheel("alpha", "1.0", ["beta"], entry_points=entry_points))
    assert "alpha-1.0-py3-none-any.whl " in shell.refuses("install", "alpha")
    assert shell.installed() == {}
