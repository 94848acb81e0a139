"""``safe-pip guard install --user``: real shells find the guarded pip first, and bare ones are stopped."""

from __future__ import annotations

import shutil
import stat
import subprocess

import pytest
from lib.shell import TIMEOUT, Done

from safeinstall.guard.shims import FIRST_ON_PATH

STARTS = {"bash": ("-ic",), "zsh": ("-ic",), "fish": ("-c",), "pwsh": ("-NoLogo", "-Command")}
BARE = "import sys; sys.argv[0] = 'pip'; from pip._internal.cli.main import main; sys.exit(main())"
SETTINGS = "[global]\ntimeout = 7\n\n[install]\nno-compile = false"


def in_shell(name):
    here = shutil.which(name) is not None
    return pytest.param(name, marks=pytest.mark.skipif(not here, reason=f"{name} is not on this machine"))


@pytest.fixture
def user(shell):
    """A user with files of their own, and only ``app`` allowed."""
    shell.policy('[rules.allowlist]\npackages = ["app"]\n')
    shell.offer("app", "1.0")
    shell.offer("evil", "1.0")
    (shell.home / ".bashrc").write_text("# mine\nexport MINE=1")
    (shell.home / ".profile").write_text(". ~/.bashrc\n")
    (shell.home / ".zshrc").write_text("")
    (shell.home / ".zshrc").chmod(0o600)
    (shell.home / "dotfiles").mkdir()
    (shell.home / "dotfiles" / "pip.conf").write_text(SETTINGS)
    (shell.home / ".config" / "pip").mkdir(parents=True)
    (shell.home / ".config" / "pip" / "pip.conf").symlink_to("../../dotfiles/pip.conf")
    shell.environ["VIRTUAL_ENV"] = str(shell.target)
    return shell


@pytest.fixture
def guarded(user):
    assert user.run("guard", "install", "--user", "--shells", ",".join(FIRST_ON_PATH)).exit == 0
    return user


def run(shell, *argv, env=None):
    changed = {**shell.environ, **(env or {})}
    done = subprocess.run(
        [str(word) for word in argv],
        cwd=shell.work,
        env={name: value for name, value in changed.items() if value is not None},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
        check=False,
    )
    return Done(done.returncode, shell.neutral(done.stdout), shell.neutral(done.stderr))


def photograph(shell):
    """Return every file and folder of the user's, with permissions and links; what shells leave there is left out."""
    return {
        str(path.relative_to(shell.home)): (
            bytes(path.readlink()) if path.is_symlink() else path.read_bytes() if path.is_file() else None,
            stat.S_IMODE(path.lstat().st_mode),
        )
        for path in shell.home.rglob("*")
        if ".local" not in path.parts and ".cache" not in path.parts
    }


@pytest.mark.parametrize("name", [*map(in_shell, FIRST_ON_PATH)])
def test_a_new_shell_finds_the_guarded_pip_first(guarded, name):
    for pip in ("pip", "pip3"):
        done = run(guarded, name, *STARTS[name], f"command -v {pip}" if name != "pwsh" else f"(gcm {pip}).Source")
        assert done.out == f"TMP/state/shims/{pip}\n"
    assert "refused evil 1.0" in run(guarded, name, *STARTS[name], "pip install evil").err
    done = run(guarded, name, *STARTS[name], "pip install app")
    assert (done.exit, guarded.installed()) == (0, {"app": "1.0"}), done


@pytest.mark.parametrize("name", [*map(in_shell, ["bash", "zsh"])])
def test_a_login_shell_and_a_shell_in_a_shell(guarded, name):
    """The folder comes first once, however often the files are read."""
    login = (name, "-lic") if name == "zsh" else (name, "-lc")
    done = run(guarded, *login, f'{name} -ic "echo \\$PATH"')
    first, *rest = done.out.strip().split(":")
    assert first == "TMP/state/shims"
    assert first not in rest


def test_an_active_environment_comes_first_and_its_pip_is_stopped(guarded):
    """Activation puts the environment before everything: there its own guard, or the user's configuration, holds."""
    line = f'PATH="{guarded.target}/bin:$PATH"; command -v pip; pip install app'
    done = run(guarded, "bash", "-ic", line)
    assert done.out.splitlines()[0] == "TMP/env/bin/pip"
    assert "safe-pip guard: pip by itself installs nothing here." in done.err
    assert guarded.installed() == {}
    assert guarded.run("guard", "install").exit == 0
    assert run(guarded, "bash", "-ic", line).exit == 0
    assert guarded.installed() == {"app": "1.0"}


def test_a_new_environment_is_covered_from_its_first_moment(guarded):
    assert run(guarded, guarded.python, "-m", "venv", "new").exit == 0
    for command in (["new/bin/pip"], ["new/bin/python", "-m", "pip"]):
        done = run(guarded, *command, "install", "app")
        assert done.exit != 0
        assert "safe-pip guard: pip by itself installs nothing here." in done.err
    assert guarded.index.paths() == []


def test_safe_pip_goes_on_knowing_the_settings(guarded):
    assert guarded.install("app").exit == 0
    assert not list(guarded.site.glob("app/__pycache__"))


def test_removal_leaves_every_byte_and_permission_as_it_was(user):
    before = photograph(user)
    assert user.run("guard", "install", "--user", "--shells", ",".join(FIRST_ON_PATH)).exit == 0
    during = photograph(user)
    assert during.keys() - before.keys() >= {
        ".config/fish/conf.d/safe-pip-guard.fish",
        ".config/powershell/profile.ps1",
    }
    assert during[".bashrc"][0].startswith(b"# mine\nexport MINE=1\n# >>> safe-pip guard >>>\n")
    assert user.run("guard", "remove", "--user").exit == 0
    assert photograph(user) == before
    assert not (user.tmp / "state").exists()


def test_what_the_user_wrote_meanwhile_stays(guarded):
    with (guarded.home / ".bashrc").open("a") as file:
        file.write("export LATER=1\n")
    with (guarded.home / ".config" / "fish" / "conf.d" / "safe-pip-guard.fish").open("a") as file:
        file.write("set LATER 1\n")
    assert guarded.run("guard", "install", "--user").exit == 0
    assert guarded.run("guard", "remove", "--user").exit == 0
    assert (guarded.home / ".bashrc").read_text() == "# mine\nexport MINE=1\nexport LATER=1\n"
    assert (guarded.home / ".config" / "fish" / "conf.d" / "safe-pip-guard.fish").read_text() == "set LATER 1\n"


def test_lines_between_the_marks_that_somebody_edited(guarded):
    file = guarded.home / ".bashrc"
    edited = file.read_text().replace("export PATH", "export PATH; echo hello")
    file.write_text(edited)
    done = guarded.run("guard", "remove", "--user")
    assert (done.exit, done.err.splitlines()[0]) == (
        13,
        "safe-pip: TMP/home/.bashrc, which guards this user, was edited since",
    )
    assert file.read_text() == edited
    assert guarded.run("guard", "remove", "--user", "--force").exit == 0
    assert file.read_text() == "# mine\nexport MINE=1\n"


def test_what_fails_half_way_is_taken_back(user):
    (user.home / ".config" / "fish").write_text("a file where a folder should be")
    before = photograph(user)
    done = user.run("guard", "install", "--user", "--shells", "bash,fish")
    assert done.exit == 13
    assert done.err.splitlines()[0].startswith(
        "safe-pip: TMP/home/.config/fish/conf.d/safe-pip-guard.fish cannot be written: "
    )
    assert photograph(user) == before
    assert not (user.tmp / "state").exists()


def test_every_line_is_shown_before_it_is_written(user):
    before = photograph(user)
    done = user.run("guard", "install", "--user", "--shells", "fish", "--dry-run")
    fish = "test \"$PATH[1]\" = 'TMP/state/shims'; or set -gx PATH 'TMP/state/shims' $PATH"
    assert f"    +# >>> safe-pip guard >>>\n    +{fish}\n    +# <<< safe-pip guard <<<\n" in done.out
    assert "would change TMP/home/dotfiles/pip.conf: stops a pip that is not started by safe-pip\n" in done.out
    assert photograph(user) == before


def test_status_tries_every_shell(user):
    shells = [name for name in ("bash", "zsh", "fish") if shutil.which(name)]
    user.run("guard", "install", "--user", "--shells", ",".join(shells))
    done = user.run("guard", "status", "--user")
    assert done.exit == 0, done
    for name in shells:
        assert f"  ok  pip in {name}: judged, and refused by the policy\n" in done.out
    (user.home / ".bashrc").write_text("")
    (user.home / "dotfiles" / "pip.conf").write_text("")
    done = user.run("guard", "status", "--user")
    assert done.exit == 14
    assert "  NO  TMP/home/.bashrc: no longer there\n" in done.out
    assert "  NO  bare pip: NOT GUARDED: pip installed what the policy denies\n" in done.out


def test_what_is_left_of_a_bare_pip(guarded):
    """Said in docs/guard.md: a user's configuration does not hold a pip that is told to leave it out."""
    done = run(guarded, guarded.python, "-c", BARE, "install", "--isolated", "--index-url", guarded.index.url, "evil")
    assert done.exit == 0
    assert guarded.installed() == {"evil": "1.0"}
