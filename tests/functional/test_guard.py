"""``safe-pip guard`` of an environment: every way to its pip is judged or stopped, and taking it away leaves no trace."""

from __future__ import annotations

import json
import shutil
import stat
import subprocess
import sys
from importlib.metadata import distributions
from pathlib import Path

import pytest
from lib.backend import BACKEND, tree
from lib.gate import parametrize
from lib.index import LocalIndex
from lib.repack import repacked
from lib.shell import TIMEOUT, Done, Shell, copy_environment, told
from lib.wheels import make_wheel

BARE = "import sys; sys.argv[0] = 'pip'; from pip._internal.cli.main import main; sys.exit(main())"
STOPPED = (
    'safe-pip guard: pip by itself installs nothing here. Use "safe-pip install" ("safe-pip guard status" tells more). '
    "To pip, this text is not a valid value for no-index option, "
    "please specify a boolean value like yes/no, true/false or 1/0 instead."
)


def furnish(shell):
    """Let only ``app`` be installed."""
    shell.policy('[rules.allowlist]\npackages = ["app", "tinybuild"]\n[rules.sdists]\nallow = ["app"]\n')
    shell.offer("app", "1.0")
    shell.offer("evil", "1.0")
    return shell


@pytest.fixture
def shell(shell):
    """An environment that is not yet guarded."""
    return furnish(shell)


@pytest.fixture
def guarded(shell):
    assert shell.run("guard", "install").exit == 0
    return shell


@pytest.fixture(scope="module")
def refusing(tmp_path_factory, template):
    """A guarded environment for tests that leave it as it is."""
    with LocalIndex() as index:
        tmp = tmp_path_factory.mktemp("refusing")
        copy_environment(template, tmp / "env")
        shell = furnish(Shell(tmp, tmp / "env", index))
        assert shell.run("guard", "install").exit == 0
        for name in ("app", "evil"):
            shell.write(f"{name}-1.0-py3-none-any.whl", index.find(f"{name}-1.0-py3-none-any.whl").data)
        shell.write("requirements.txt", "app\n")
        yield shell


def run(shell, *argv, env=None):
    """Run a program as the user, without safe-pip's help."""
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


def photograph(folder):
    """Return everything below *folder* but compiled files: bytes, permissions, links, and which folders there are."""
    found = {}
    for path in sorted(folder.rglob("*")):
        if "__pycache__" in path.parts:
            continue
        what = bytes(path.readlink()) if path.is_symlink() else path.read_bytes() if path.is_file() else None
        found[str(path.relative_to(folder))] = (what, stat.S_IMODE(path.lstat().st_mode))
    return found


def pip_scripts(shell):
    return sorted((shell.target / "bin").glob("pip*"))


# Every way to pip

WAYS = {
    "pip": ("bin/pip",),
    "pip3": ("bin/pip3",),
    "python -m pip": ("bin/python", "-m", "pip"),
    "python -I -m pip": ("bin/python", "-I", "-m", "pip"),
    "python pip/__main__.py": ("bin/python", "PIP/__main__.py"),
    "python pip": ("bin/python", "PIP"),
}
SMUGGLED = {
    "nothing": ({}, ()),
    "PIP_INDEX_URL": ({"PIP_INDEX_URL": "INDEX"}, ()),
    "PIP_CONFIG_FILE": ({"PIP_CONFIG_FILE": "/dev/null"}, ()),
    "PIP_NO_INDEX": ({"PIP_NO_INDEX": "0"}, ()),
    "--index-url": ({"PIP_INDEX_URL": None}, ("--index-url", "INDEX")),
    "--isolated": ({}, ("--isolated", "--index-url", "INDEX")),
    "a direct path": ({}, ("evil-1.0-py3-none-any.whl",)),
}


def way(shell, name):
    places = {"PIP": str(shell.site / "pip"), "bin": str(shell.target / "bin")}
    words = []
    for word in WAYS[name]:
        head, slash, rest = word.partition("/")
        words.append(f"{places[head]}{slash}{rest}" if head in places else word)
    return words


@pytest.mark.parametrize("smuggled", SMUGGLED)
@parametrize("name", ["pip", "python -m pip"], gate=(0,))
def test_what_the_policy_denies_is_refused(refusing, name, smuggled):
    env, options = SMUGGLED[smuggled]
    filled = [refusing.index.url if word == "INDEX" else word for word in options]
    env = {key: refusing.index.url if value == "INDEX" else value for key, value in env.items()}
    done = run(refusing, *way(refusing, name), "install", *filled, "evil", env=env)
    assert done.exit == 10, done
    assert "safe-pip: refused evil 1.0" in done.err
    assert refusing.installed() == {}


@parametrize("name", WAYS, gate=(0, 2, 4))
def test_by_every_name_pip_is_judged_and_still_installs(guarded, name):
    assert run(guarded, *way(guarded, name), "install", "evil").exit == 10
    done = run(guarded, *way(guarded, name), "install", "app")
    assert (done.exit, guarded.installed()) == (0, {"app": "1.0"}), done
    assert done.out.endswith("Successfully installed app-1.0\n")


def test_every_script_acts_on_its_own_environment(guarded, tmp_path, template):
    """Whatever is active: as pip's own scripts do."""
    other = tmp_path / "other"
    copy_environment(template, other)
    done = run(guarded, guarded.target / "bin" / "pip", "install", "app", env={"VIRTUAL_ENV": str(other)})
    assert (done.exit, guarded.installed()) == (0, {"app": "1.0"}), done
    done = run(guarded, guarded.target / "bin" / "pip", "--python", other / "bin" / "python", "install", "evil")
    assert "refused evil 1.0" in done.err


@parametrize(
    ("env", "words"),
    [
        ({}, ("install", "app")),
        ({"PIP_NO_INDEX": "0"}, ("install", "app")),
        ({}, ("install", "--isolated", "app")),
        ({}, ("install", "--index-url", "INDEX", "app")),
        ({}, ("install", "--find-links", ".", "app")),
        ({}, ("install", "./app-1.0-py3-none-any.whl")),
        ({}, ("install", "-r", "requirements.txt")),
        ({}, ("download", "app")),
        ({}, ("wheel", "app")),
    ],
    gate=(0, 1, 2, 7),
)
def test_a_pip_that_passes_by_the_shims_is_stopped_by_its_configuration(refusing, env, words):
    asked = len(refusing.index.requests)
    words = [refusing.index.url if word == "INDEX" else word for word in words]
    done = run(refusing, refusing.python, "-c", BARE, *words, env=env)
    assert done.exit != 0
    assert done.err.splitlines()[-1] == STOPPED
    assert (refusing.installed(), refusing.index.requests[asked:]) == ({}, [])


def test_commands_that_install_nothing_are_as_before(guarded):
    run(guarded, guarded.target / "bin" / "pip", "install", "app")
    assert "app==1.0\n" in run(guarded, guarded.target / "bin" / "pip", "freeze").out
    assert "app==1.0\n" in run(guarded, guarded.python, "-m", "pip", "freeze").out
    assert "app==1.0\n" in run(guarded, guarded.python, "-c", BARE, "freeze").out
    assert run(guarded, guarded.python, "-m", "pip", "uninstall", "-y", "app").exit == 0
    assert guarded.installed() == {}


@pytest.mark.slow
def test_inspect_of_the_environment_is_pips(guarded):
    """Ours, which has its name, is of a release."""
    run(guarded, guarded.target / "bin" / "pip", "install", "app")
    bare, ours = (guarded.python, "-c", BARE), Path(sys.executable).with_name("safe-pip")
    site = str(guarded.site)
    for options in (
        [],
        ["--local", "--no-color"],
        ["--path", site],
        ["--user", "--local", "--path", site],
        ["--nothing"],
    ):
        expected = run(guarded, *bare, "inspect", *options)
        for words in ((guarded.target / "bin" / "pip",), (guarded.python, "-m", "pip"), (ours,)):
            assert run(guarded, *words, "inspect", *options) == expected
    assert '"name": "app"' in run(guarded, guarded.python, "-m", "pip", "inspect", "--local").out
    done = run(guarded, guarded.python, "-m", "pip", "inspect", "app==1.0")
    assert (done.exit, done.out.splitlines()[0]) == (0, "app 1.0")


def test_builds_that_the_policy_allows(guarded):
    """pip starts itself to fill the environment of a build: that one is not to begin anew."""
    guarded.offer("tinybuild", "1.0", files={"tinybuild.py": BACKEND})
    for path, text in tree("app", "2.0").items():
        guarded.write(f"app/{path}", text)
    done = run(guarded, guarded.target / "bin" / "pip", "install", "./app")
    assert (done.exit, guarded.installed()) == (0, {"app": "2.0"}), done


def test_an_environment_made_from_a_guarded_one(guarded):
    assert run(guarded, guarded.python, "-m", "venv", "new").exit == 0
    assert "pip" in run(guarded, guarded.work / "new" / "bin" / "pip", "list").out


# What safe-pip sees


def test_safe_pip_goes_on_knowing_the_settings(shell):
    (shell.target / "pip.conf").write_text(f"[global]\nindex-url = {shell.index.url}\n[install]\nno-compile = false\n")
    assert shell.run("guard", "install").exit == 0
    done = run(shell, shell.target / "bin" / "pip", "install", "app", env={"PIP_INDEX_URL": None})
    assert (done.exit, shell.installed()) == (0, {"app": "1.0"}), done
    assert not list(shell.site.glob("app/__pycache__"))


@pytest.mark.slow
def test_settings_that_are_changed_under_guard_are_heard_and_stay(guarded):
    pip = guarded.target / "bin" / "pip"
    assert run(guarded, pip, "config", "--site", "set", "global.index-url", guarded.index.url).exit == 0
    done = run(guarded, pip, "install", "app", env={"PIP_INDEX_URL": None})
    assert (done.exit, guarded.installed()) == (0, {"app": "1.0"}), done
    assert run(guarded, guarded.python, "-c", BARE, "install", "app").err.splitlines()[-1] == STOPPED
    assert guarded.run("guard", "status").exit == 0
    assert guarded.run("guard", "remove").exit == 0
    text = (guarded.target / "pip.conf").read_text()
    assert "safe-pip" not in text
    assert f"index-url = {guarded.index.url}" in text


def test_an_audit_of_a_guarded_environment(guarded):
    run(guarded, guarded.target / "bin" / "pip", "install", "app")
    assert guarded.run("audit", "--python", guarded.python).out.endswith(" refused, 1 allowed\n")


# Taking it away


def test_removal_leaves_every_byte_and_permission_as_it_was(shell):
    (shell.target / "bin" / "pip3").unlink()
    (shell.target / "bin" / "pip3").symlink_to("pip")
    (shell.target / "bin" / "pip").chmod(0o751)
    before = photograph(shell.target)
    assert shell.run("guard", "install").exit == 0
    assert photograph(shell.target) != before
    assert shell.run("guard", "install").exit == 0
    done = shell.run("guard", "remove")
    assert done.exit == 0
    assert done.out.endswith("TMP/env is no longer guarded\n")
    assert photograph(shell.target) == before
    assert not (shell.tmp / "state" / "guard").exists()


@pytest.mark.parametrize("text", ["", "[global]\ntimeout = 7", "[install]\nuser = no\n\n[list]\nformat = json\n"])
def test_settings_come_back_as_they_were(shell, text):
    configuration = shell.target / "pip.conf"
    configuration.write_text(text)
    configuration.chmod(0o600)
    shell.run("guard", "install")
    assert configuration.read_text() != text
    assert stat.S_IMODE(configuration.stat().st_mode) == 0o600
    shell.run("guard", "remove")
    assert (configuration.read_text(), stat.S_IMODE(configuration.stat().st_mode)) == (text, 0o600)


def test_an_environment_without_pip(tmp_path, shell, template_without_pip):
    bare = tmp_path / "bare"
    copy_environment(template_without_pip, bare)
    before = photograph(bare)
    assert shell.run("guard", "install", "--python", bare).exit == 0
    assert run(shell, bare / "bin" / "pip", "install", "evil").exit == 10
    assert run(shell, bare / "bin" / "pip", "install", "app").exit == 0
    assert run(shell, bare / "bin" / "pip", "uninstall", "-y", "app").exit == 0
    assert shell.run("guard", "status").exit == 0
    assert shell.run("guard", "remove", "--python", bare).exit == 0
    assert photograph(bare) == before


def test_files_that_others_share_are_not_written_to(shell, template):
    """The environments of these tests are links to one."""
    before = photograph(template)
    shell.run("guard", "install")
    assert photograph(template) == before


def test_a_pip_that_several_environments_share_is_left_alone(tmp_path, shell):
    folder = shell.site / "pip"
    shutil.move(folder, tmp_path / "shared-pip")
    folder.symlink_to(tmp_path / "shared-pip")
    before = photograph(tmp_path / "shared-pip")
    assert shell.run("guard", "install").exit == 0
    done = run(shell, shell.python, "-m", "pip", "install", "app")
    assert done.err.splitlines()[-1] == STOPPED
    assert photograph(tmp_path / "shared-pip") == before
    assert shell.run("guard", "status").exit == 0


def test_nothing_is_left_half_done(shell):
    (shell.target / "pip.conf").mkdir()
    before = photograph(shell.target)
    assert shell.run("guard", "install").err == told("""
        safe-pip: TMP/env/pip.conf cannot be read: Is a directory
        safe-pip: stopped (exit 13)
    """)
    assert photograph(shell.target) == before


def test_a_configuration_that_pip_cannot_read_is_not_guarded(shell):
    (shell.target / "pip.conf").write_text("timeout = 7\n")
    before = photograph(shell.target)
    assert shell.run("guard", "install").err == told("""
        safe-pip: TMP/env/pip.conf cannot be used: File contains no section headers.
        safe-pip: way out: mend it, and try again
        safe-pip: stopped (exit 13)
    """)
    assert photograph(shell.target) == before


# A new pip


@pytest.fixture
def newer(shell):
    """A newer pip on the index, of the same files."""
    (own,) = (d for d in distributions(path=[str(shell.site)]) if d.metadata["Name"] == "pip")
    filename, data = repacked(own, version="99.0")
    shell.index.add(filename, data)
    shell.policy("")
    return shell


def test_pip_replaces_itself_and_stays_guarded(newer):
    newer.run("guard", "install")
    done = run(newer, newer.target / "bin" / "pip", "install", "-U", "pip")
    assert done.exit == 0, done
    assert "safe-pip: pip has replaced its own files; TMP/env is guarded again\n" in done.err
    assert newer.run("guard", "status").exit == 0
    assert newer.run("guard", "remove").exit == 0
    for script in pip_scripts(newer):
        assert "safe-pip" not in script.read_text()
    assert run(newer, newer.target / "bin" / "pip", "--version").out.startswith("pip 99.0 from")
    assert not (newer.target / "pip.conf").exists()


def test_a_pip_that_was_replaced_behind_our_back_is_told_and_guarded_again(newer):
    newer.run("guard", "install")
    env = {"PIP_CONFIG_FILE": "/dev/null"}
    assert run(newer, newer.python, "-c", BARE, "install", "-U", "pip", env=env).exit == 0
    done = newer.run("guard", "status")
    assert done.exit == 14
    assert "  NO  TMP/env/bin/pip: rewritten by something else since\n" in done.out
    assert "  ok  python -m pip: stopped by pip's configuration\n" in done.out
    done = newer.run("guard", "install")
    assert (
        "changes TMP/env/bin/pip: starts safe-pip; what was there is kept (rewritten by something else since)"
        in done.out
    )
    assert newer.run("guard", "status").exit == 0


def test_removal_keeps_the_scripts_of_a_pip_that_came_since(newer):
    newer.run("guard", "install")
    run(newer, newer.python, "-c", BARE, "install", "-U", "pip", env={"PIP_CONFIG_FILE": "/dev/null"})
    after = photograph(newer.target)
    done = newer.run("guard", "remove")
    assert "as it is: TMP/env/bin/pip (left as it is: rewritten by something else since)\n" in done.out
    del after["pip.conf"]
    assert photograph(newer.target) == after


# Files that were changed since


def test_an_edited_shim_is_not_overwritten(guarded):
    pip = guarded.target / "bin" / "pip"
    original = pip.read_text()
    pip.write_text(original + "# by hand\n")
    before = photograph(guarded.target)
    for command, way_out in {
        "install": "look at it; --force writes over it, and keeps what was there before the first guard",
        "remove": "look at it; --force puts back what was there before the guard",
    }.items():
        done = guarded.run("guard", command)
        said = "TMP/env/bin/pip, which guards TMP/env, was edited since"
        assert (done.exit, done.err.splitlines()[:2]) == (13, [f"safe-pip: {said}", f"safe-pip: way out: {way_out}"])
        assert photograph(guarded.target) == before
    assert guarded.run("guard", "install", "--force").exit == 0
    assert pip.read_text() == original
    pip.write_text(original + "# by hand\n")
    assert guarded.run("guard", "remove", "--force").exit == 0
    assert "safe-pip" not in pip.read_text()


def test_a_mark_without_the_other(guarded):
    configuration = guarded.target / "pip.conf"
    configuration.write_text(configuration.read_text().replace("# <<< safe-pip guard <<<\n", ""))
    assert "TMP/env/pip.conf, which guards TMP/env, was edited since" in guarded.run("guard", "remove").err
    assert guarded.run("guard", "remove", "--force").exit == 0
    assert not configuration.exists()


def test_a_guard_that_somebody_else_installed(guarded):
    before = photograph(guarded.target)
    done = guarded.run("guard", "install", env={"SAFE_PIP_STATE_DIR": str(guarded.tmp / "another")})
    assert done.exit == 13
    assert done.err.startswith("safe-pip: TMP/env/bin/pip is guarded already, but nothing is recorded about it here\n")
    assert photograph(guarded.target) == before


def test_a_record_that_cannot_be_read(guarded):
    (record,) = (guarded.tmp / "state" / "guard").iterdir()
    record.write_text("{")
    for command in ("install", "remove", "status"):
        done = guarded.run("guard", command)
        assert done.exit == 13
        assert done.err.startswith("safe-pip: the record of a guard cannot be read: TMP/state/guard/environment-")


@pytest.mark.slow
def test_an_environment_that_was_moved(newer):
    """Its shims stay, and name what is gone; with a pip written anew it can be guarded where it is now."""
    newer.run("guard", "install")
    moved = newer.tmp / "moved"
    newer.target.rename(moved)
    env = {"VIRTUAL_ENV": str(moved)}
    assert run(newer, moved / "bin" / "pip", "install", "app").exit != 0
    way_out = newer.run("guard", "install", env=env).err.partition("its own files again: safe-pip ")[2].splitlines()[0]
    assert way_out == "--python TMP/moved/bin/python install --force-reinstall pip"
    assert newer.run(*way_out.replace("TMP", str(newer.tmp)).split()).exit == 0
    assert newer.run("guard", "install", env=env).exit == 0
    assert newer.run("guard", "status", "--python", moved).exit == 0
    assert newer.run("guard", "remove", env=env).exit == 0
    assert "safe-pip" not in (moved / "bin" / "pip").read_text()


# Status


def test_status_tells_what_was_tried(guarded):
    done = guarded.run("guard", "status")
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    scripts = sorted(f"TMP/env/bin/{path.name}" for path in pip_scripts(guarded))
    module = f"TMP/env/lib/python{version}/site-packages/pip/__main__.py"
    tried = [*scripts, "python -m pip", "PIP_CONFIG_FILE=/dev/null python -m pip"]
    stopped = ["bare pip", "bare pip, PIP_NO_INDEX=0", "bare pip --isolated"]
    assert (done.exit, done.out.splitlines()) == (
        0,
        [
            "TMP/env: guarded",
            *(f"  ok  {path}: in place" for path in [*scripts, module, "TMP/env/pip.conf"]),
            *(f"  ok  {name}: judged, and refused by the policy" for name in tried),
            *(f"  ok  {name}: stopped by pip's configuration" for name in stopped),
        ],
    )
    assert guarded.installed() == {}


def test_status_as_json(guarded):
    (guarded.target / "pip.conf").unlink()
    done = guarded.run("guard", "status", "--format", "json")
    (row,) = json.loads(done.out)
    assert (done.exit, row["scope"], row["name"], row["holds"]) == (14, "environment", "TMP/env", False)
    failed = {tried["what"]: tried["how"] for tried in row["tried"] if not tried["holds"]}
    through = "NOT GUARDED: pip installed what the policy denies"
    assert failed == {
        "TMP/env/pip.conf": "no longer there",
        "bare pip": through,
        "bare pip, PIP_NO_INDEX=0": through,
        "bare pip --isolated": through,
    }


def test_nothing_is_guarded(shell):
    done = shell.run("guard", "status")
    assert (done.exit, done.out) == (14, "nothing is guarded; safe-pip guard install --help\n")
    done = shell.run("guard", "status", "--python", shell.target)
    assert done.exit == 14
    assert "  NO  the record: there is none: safe-pip guard install was not run, or elsewhere\n" in done.out
    assert "  NO  TMP/env/bin/pip: NOT GUARDED: pip installed what the policy denies\n" in done.out


def test_an_environment_that_is_gone(guarded):
    shutil.rmtree(guarded.target)
    env = {"VIRTUAL_ENV": None}
    done = guarded.run("guard", "status", env=env)
    assert done.exit == 14
    gone = "it is gone; safe-pip guard remove --python TMP/env/bin/python forgets it"
    assert f"  NO  the environment: {gone}\n" in done.out
    assert guarded.run("guard", "remove", "--python", guarded.target, env=env).exit == 0
    assert not guarded.target.exists()
    assert guarded.run("guard", "status", env=env).out == "nothing is guarded; safe-pip guard install --help\n"


# Wrong ways


def test_a_dry_run_changes_nothing(shell):
    before = photograph(shell.target)
    done = shell.run("guard", "install", "--dry-run")
    assert done.exit == 0
    assert "would change TMP/env/bin/pip: starts safe-pip; what was there is kept\n" in done.out
    assert "would create TMP/env/pip.conf: stops a pip that is not started by safe-pip\n" in done.out
    assert photograph(shell.target) == before
    assert not (shell.tmp / "state").exists()


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (("install", "--python", "nowhere"), "nowhere is neither an environment nor an interpreter"),
        (("remove",), "nothing is recorded of a guard of TMP/env"),
        (("install", "--shells", "zsh"), "--shells goes with --user alone"),
        (("install", "--user", "--shells", "csh"), "csh is no shell that is known here"),
    ],
)
def test_wrong_words(shell, argv, said):
    before = photograph(shell.target)
    done = shell.run("guard", *argv)
    assert (done.exit, done.err.splitlines()[0]) == (2, f"safe-pip: {said}")
    assert photograph(shell.target) == before


def test_no_environment_is_active(shell):
    assert shell.run("guard", "install", env={"VIRTUAL_ENV": None}).err == told("""
        safe-pip: no environment is active
        safe-pip: way out: name what to guard: --python ENVIRONMENT_OR_INTERPRETER, --user or --system
        safe-pip: stopped (exit 2)
    """)


def test_an_interpreter_that_is_none(shell):
    script = shell.write("python", "#!/bin/sh\necho broken >&2\nexit 1\n")
    script.chmod(0o755)
    assert shell.run("guard", "install", "--python", script).err == told("""
        safe-pip: cannot ask TMP/work/python: broken
        safe-pip: stopped (exit 13)
    """)


def test_safe_pip_is_gone(guarded):
    """What is in its place stops all the same."""
    for path in (guarded.target / "bin" / "pip", guarded.site / "pip" / "__main__.py"):
        path.write_text(path.read_text().replace(sys.executable, "/nowhere/python"))
    done = run(guarded, guarded.target / "bin" / "pip", "install", "app")
    said = "pip: pip is guarded here, and safe-pip is gone from /nowhere/python; nothing was done (exit 13)\n"
    assert (done.exit, done.err) == (13, said)
    done = run(guarded, guarded.python, "-m", "pip", "install", "app")
    said = "pip: pip is guarded here, and safe-pip cannot be started: /nowhere/python: No such file or directory\n"
    assert (done.exit, done.err) == (1, said)
    assert guarded.installed() == {}


def test_a_safe_pip_that_only_a_variable_finds(shell, tmp_path):
    """A shim hears no PYTHONPATH."""
    source = Path(__file__).parent.parent.parent
    python = tmp_path / "env" / "bin" / "python"
    own = subprocess.run(
        [sys.executable, "-c", "import httpx, os; print(os.path.dirname(os.path.dirname(httpx.__file__)))"],
        capture_output=True, text=True, check=True,
    ).stdout.strip()  # fmt: skip
    shell.program = (str(python), "-m", "safeinstall")
    done = shell.run("guard", "install", env={"PYTHONPATH": f"{source}:{own}"})
    assert done.exit == 13
    assert "finds safe-pip by PYTHONPATH or among a user's packages" in done.err


def test_another_wheel_than_the_probe_cannot_be_named(guarded):
    """The probe is found in its own folder alone, whatever is configured."""
    guarded.write("links/safe_pip_guard_probe-9-py3-none-any.whl", make_wheel("safe-pip-guard-probe", "9")[1])
    assert guarded.run("guard", "status", env={"PIP_FIND_LINKS": "links"}).exit == 0
