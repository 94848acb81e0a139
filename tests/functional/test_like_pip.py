"""After a good run everything is as plain pip would have left it; what is not ours to judge passes through."""

from __future__ import annotations

import json

import pytest
from lib.gate import parametrize
from lib.shell import copy_environment, told

from safeinstall import __version__


@pytest.fixture
def shell(shell):
    shell.policy("")
    shell.offer("App.Name", "1.0", ["dep[x]>=1"], entry_points="[console_scripts]\napp = app_name:main\n")
    shell.offer("dep", "1.5", extras={"x": ["more"]})
    shell.offer("more", "3.0")
    return shell


@pytest.fixture
def twin(shell, template):
    """The same user with an environment that plain pip acts on."""
    copy_environment(template, shell.tmp / "twin")
    return shell.tmp / "twin"


def plain(shell, twin, *argv):
    """Run plain pip in the other environment."""
    target, shell.target = shell.target, twin
    try:
        return shell.pip(*argv)
    finally:
        shell.target = target


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def left_behind(environment):
    """Return what an installation wrote, without what holds the environment's path."""
    return {
        str(path.relative_to(environment)): path.read_text()
        for path in sorted(environment.rglob("*"))
        if ".dist-info/" in str(path) and path.is_file() and "/pip-" not in str(path) and path.name != "RECORD"
    }


WAYS = {
    "named": ["app.name"],
    "extras": ["dep[x]"],
    "URL": ["app-name @ {index}/files/app_name-1.0-py3-none-any.whl", "dep"],
    "path": ["./dep-1.5-py3-none-any.whl"],
    "-r": ["-r", "requirements.txt"],
    "-t": ["--target", "lib", "dep"],
}


@parametrize("way", WAYS, gate=(0, 5))
def test_what_is_left_behind(shell, twin, way):
    shell.write("dep-1.5-py3-none-any.whl", shell.index.find("dep-1.5-py3-none-any.whl").data)
    shell.write("requirements.txt", "app.name\nmore==3.0\n")
    argv = ["install", *(part.format(index=shell.index.root) for part in WAYS[way])]
    if way == "-t":
        assert (shell.run(*argv).exit, names(shell.work / "lib")) == (0, ["dep", "dep-1.5.dist-info"])
        return
    ours, pips = shell.run(*argv), plain(shell, twin, *argv)
    assert (ours.exit, pips.exit, ours.err) == (0, 0, "")
    assert ours.out.splitlines()[-1] == pips.out.splitlines()[-1]
    assert left_behind(shell.target) == left_behind(twin)
    assert shell.pip("freeze").out == plain(shell, twin, "freeze").out


def test_the_report_has_the_real_addresses(shell, twin):
    shell.install("--report", "ours.json", "app.name")
    plain(shell, twin, "install", "--report", "pips.json", "app.name")
    ours, pips = (json.loads((shell.work / f"{who}.json").read_text()) for who in ("ours", "pips"))
    assert ours == pips


def test_the_report_of_a_dry_run(shell, twin):
    done = shell.install("--dry-run", "--quiet", "--report", "-", "app.name")
    assert (done.exit, done.err) == (0, "")
    expected = plain(shell, twin, "install", "--dry-run", "--quiet", "--report", "-", "app.name")
    ours, pips = json.loads(done.out), json.loads(expected.out)
    for item in (*ours["install"], *pips["install"]):
        item.pop("is_yanked", None)  # unknown to pip before 23.3
    assert ours["install"] == pips["install"]
    assert (ours["environment"], ours["version"]) == (pips["environment"], pips["version"])


def test_a_dry_run_changes_nothing(shell, twin):
    before = shell.snapshot()
    done = shell.install("--dry-run", "app.name")
    pips = plain(shell, twin, "install", "--dry-run", "app.name")
    assert (done.exit, done.err, shell.snapshot()) == (0, "", before)
    assert done.out.splitlines()[-1] == pips.out.splitlines()[-1] == "Would install App.Name-1.0 dep-1.5 more-3.0"
    assert not [path for path in shell.index.paths() if path.endswith(".whl") and shell.receipts() == []]


def test_quiet(shell):
    done = shell.install("-q", "app.name")
    assert (done.exit, done.out, done.err) == (0, "", "")


def test_as_pips_own_a_warning_is_hidden_by_a_second_q_alone(shell):
    shell.policy('[rules.yanked]\nlevel = "warn"\n')
    shell.offer("pulled", "1.0", yanked="broken")
    warned = [line for line in shell.install("--dry-run", "pulled==1.0").err.splitlines() if "safe-pip: warned" in line]
    once, twice = (shell.install("--dry-run", option, "pulled==1.0") for option in ("-q", "-qq"))
    assert len(warned) == 1
    assert (once.out, once.err.splitlines()) == ("", warned)
    assert (twice.out, twice.err) == ("", "")


def test_nothing_to_do(shell, twin):
    shell.install("dep")
    plain(shell, twin, "install", "dep")
    ours, pips = shell.install("dep"), plain(shell, twin, "install", "dep")
    assert (ours.exit, ours.out.replace("TMP/env", "ENV")) == (0, pips.out.replace("TMP/twin", "ENV"))


def test_an_upgrade(shell):
    shell.install("dep")
    shell.offer("dep", "2.0")
    assert shell.install("app.name").exit == 0
    assert shell.installed()["dep"] == "1.5"
    assert shell.install("-U", "dep").exit == 0
    assert shell.installed()["dep"] == "2.0"


def test_the_receipt(shell):
    file = shell.index.find("dep-1.5-py3-none-any.whl")
    shell.install("dep")
    (receipt,) = shell.receipts()
    (entry,) = receipt["files"]
    assert {key: receipt[key] for key in ("schema", "command", "requested", "dry_run", "exit_code", "denied")} == {
        "schema": 2,
        "command": "install",
        "requested": ["dep"],
        "dry_run": False,
        "exit_code": 0,
        "denied": [],
    }
    assert (receipt["prefix"], receipt["policy"]["file"]) == (str(shell.target), "policy.toml")
    assert (entry["name"], entry["version"], entry["sha256"]) == ("dep", "1.5", file.hashes["sha256"])
    assert entry["url"] == shell.index.file_url(file.filename)


@pytest.mark.parametrize("before", [True, False])
def test_a_policy_may_be_named_before_and_after_the_command(shell, before):
    shell.write("none.toml", 'schema = 1\n[rules.allowlist]\npackages = ["other"]\n')
    argv = ["--policy", "none.toml", "install", "dep"] if before else ["install", "dep", "--policy=none.toml"]
    assert "denied by policy none.toml; nothing was installed" in shell.refuses(*argv)


PASSED_THROUGH = [
    ["list"], ["freeze", "--all"], ["--version"], ["help", "install"], ["show", "pip"], ["check"], ["nosuchcommand"], [],
    ["show", "nosuch"],
]  # fmt: skip


@parametrize("argv", PASSED_THROUGH, gate=(0, 6, 8), ids=" ".join)
def test_every_other_command_is_pips_own(shell, argv):
    ours, pips = shell.run(*argv), shell.pip(*argv)
    assert ours.exit == pips.exit
    assert ours.out.replace("TMP/env/bin/python -m pip", "pip") == pips.out.replace("TMP/env/bin/python -m pip", "pip")


def test_uninstalling_passes_through(shell):
    shell.install("more")
    assert (shell.run("uninstall", "-y", "more").exit, shell.installed()) == (0, {})


def test_downloading(shell):
    assert shell.run("download", "-d", "wheels", "app.name").exit == 0
    assert names(shell.work / "wheels") == [
        "app_name-1.0-py3-none-any.whl", "dep-1.5-py3-none-any.whl", "more-3.0-py3-none-any.whl",
    ]  # fmt: skip


# --- the target


@parametrize("way", ["--python", "PIP_PYTHON"], gate=(0,))
def test_another_environment(shell, twin, way):
    before, python = shell.snapshot(), str(twin / "bin" / "python")
    argv, env = ([way, python], None) if way == "--python" else ([], {way: python})
    done = shell.run(*argv, "install", "more", env=env)
    assert (done.exit, done.err, shell.snapshot()) == (0, "", before)
    shell.target = twin
    assert shell.installed() == {"more": "3.0"}


def test_an_environment_named_by_a_relative_path(shell):
    (shell.work / "venv").symlink_to(shell.target)
    assert shell.install("more", env={"VIRTUAL_ENV": "venv"}).exit == 0
    assert shell.installed() == {"more": "3.0"}


def test_an_environment_without_pip(shell, template_without_pip):
    copy_environment(template_without_pip, shell.tmp / "bare")
    shell.target = shell.tmp / "bare"
    done = shell.install("app.name", env={"VIRTUAL_ENV": str(shell.target)})
    assert (done.exit, shell.installed()) == (0, {"app_name": "1.0", "dep": "1.5", "more": "3.0"})


PIPS = {
    "empty": (
        "__version__ = '24.0'\n",
        "the pip of PYTHON cannot be read (ModuleNotFoundError: No module named 'pip._internal')",
    ),
    "leaving": ("raise SystemExit(0)\n", "the pip of PYTHON cannot be read (SystemExit: 0)"),
    "broken": ("raise ValueError('no')\n", "the pip of PYTHON cannot be read (ValueError: no)"),
}


@pytest.mark.parametrize("kind", PIPS)
def test_a_pip_that_cannot_be_guarded(shell, template_without_pip, kind):
    copy_environment(template_without_pip, shell.tmp / "odd")
    shell.target = shell.tmp / "odd"
    (shell.site / "pip").mkdir()
    source, reason = PIPS[kind]
    (shell.site / "pip" / "__init__.py").write_text(source)
    err = shell.refuses(
        "install", "more", code=13, env={"VIRTUAL_ENV": str(shell.target), "PYTHONDONTWRITEBYTECODE": "1"}
    )
    assert err.replace("TMP/odd/bin/python", "PYTHON") == told(f"""
        safe-pip: refused: {reason}
        safe-pip: nothing was installed (exit 13)
    """)


def test_a_pip_that_is_too_old_is_not_the_one_that_installs(shell, template_without_pip):
    copy_environment(template_without_pip, shell.tmp / "old")
    shell.target = shell.tmp / "old"
    shell.write("pip/__init__.py", "__version__ = '22.0'\nraise SystemExit('run')\n").parent.rename(shell.site / "pip")
    done = shell.install("more", env={"VIRTUAL_ENV": str(shell.target)})
    assert (done.exit, shell.installed()) == (0, {"more": "3.0"})


def test_an_interpreter_that_is_not_there(shell):
    assert shell.run("--python", "nowhere/python", "install", "more").exit != 0


# --- what lies in the working directory


@pytest.mark.parametrize("script", [True, False], ids=["console script", "-P -m"])
def test_modules_of_the_working_directory_are_never_imported(shell, script):
    from lib.shell import CONSOLE_SCRIPT

    for name in ("pip", "httpx", "packaging", "safeinstall", "resolvelib", "platformdirs"):
        shell.write(f"{name}/__init__.py", "raise SystemExit('trapped')\n")
    for name in ("json", "sitecustomize", "tomllib", "signal"):
        shell.write(f"{name}.py", "raise SystemExit('trapped')\n")
    if script:
        shell.program = CONSOLE_SCRIPT
    done = shell.install("app.name")
    assert (done.exit, done.err) == (0, "")
    assert shell.run("list").exit == 0


@parametrize("argv", [["--help"], ["-h"], ["help"]], gate=(0,))
def test_help_tells_of_our_commands_before_pips(shell, argv):
    ours, _, pips = shell.run(*argv).out.partition('All else is pip\'s, so is "inspect" without a release or file:\n')
    assert [line.split()[0] for line in ours.splitlines() if line.startswith("  ") and line[2] not in " -"] == [
        "policy", "audit", "fix", "outdated", "why", "inspect", "guard", "advisories", "provenance", "log", "recover",
        "doctor",
    ]  # fmt: skip
    commands = pips.partition("Commands:")[2]
    assert commands
    assert commands == shell.pip(*argv).out.partition("Commands:")[2]


def test_a_file_is_said_to_be_downloaded_once(shell):
    """pip speaks of the files as it would if it had fetched them, or had them already."""
    shell.policy("")
    shell.offer("app", "1.0")
    lines = [shell.install("--force-reinstall", "app").out.splitlines()[2] for _ in range(2)]
    size = len(shell.index.find("app-1.0-py3-none-any.whl").data)
    assert lines == [
        f"  Downloading app-1.0-py3-none-any.whl ({size} bytes)",
        "  Using cached app-1.0-py3-none-any.whl",
    ]


@pytest.mark.parametrize("option", ["--version", "-V"])
def test_the_version_is_told_beside_pips(shell, option):
    done = shell.run(option)
    assert (done.err, done.out[:4]) == (f"safe-pip: version {__version__}\n", "pip ")
