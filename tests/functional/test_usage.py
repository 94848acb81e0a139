"""What a newcomer sees who uses a command of ours wrongly: what was wrong, what to do, and nothing about installing."""

from __future__ import annotations

import json

import pytest
from lib.gate import parametrize
from lib.shell import copy_environment, told

WRONG = {
    ("policy",): """
        safe-pip: policy: the following arguments are required: COMMAND
        safe-pip: way out: safe-pip policy --help tells how it is used
    """,
    ("policy", "init", "requirements.txt"): """
        safe-pip: policy init does not know what requirements.txt is for
        safe-pip: way out: --from requirements.txt allows what that file names; --output requirements.txt writes the policy there
    """,
    ("policy", "show", "--bogus", "x"): """
        safe-pip: policy show: it does not take --bogus x
        safe-pip: way out: safe-pip policy show --help tells how it is used
    """,
    ("policy", "explain", "minimun-age"): """
        safe-pip: there is no rule minimun-age; did you mean minimum-age?
        safe-pip: way out: --package says that a package is meant
    """,
    ("audit", "nofile.toml"): """
        safe-pip: there is no file nofile.toml
        safe-pip: way out: to judge a package that is not installed: safe-pip install --dry-run NAME
    """,
    ("--python", "env", "fix"): """
        safe-pip: fix: the following arguments are required: file
        safe-pip: way out: safe-pip fix --help tells how it is used
    """,
    ("log", "--since", "soon"): """
        safe-pip: --since soon: neither a date nor a duration
        safe-pip: way out: write 2026-11-01, 36h, 7d or 2w
    """,
    ("policy", "explain", "six", "--files", "0"): """
        safe-pip: policy explain: argument --files: 0 is not a number from 1 on
        safe-pip: way out: safe-pip policy explain --help tells how it is used
    """,
    ("policy", "show", "strict"): """
        safe-pip: policy show: it does not take strict; did you mean --policy strict?
        safe-pip: way out: safe-pip policy show --help tells how it is used
    """,
    ("log", "--json"): """
        safe-pip: log: it does not take --json; did you mean --format json?
        safe-pip: way out: safe-pip log --help tells how it is used
    """,
    ("log", "--pakage", "six"): """
        safe-pip: log: it does not take --pakage six; did you mean --package?
        safe-pip: way out: safe-pip log --help tells how it is used
    """,
    ("log", "--last", "few"): """
        safe-pip: log: argument --last: few is not a number from 1 on
        safe-pip: way out: safe-pip log --help tells how it is used
    """,
    ("audit", "--policy-report", "json"): """
        safe-pip: --policy-report is for the commands that are judged
        safe-pip: way out: safe-pip audit --format FORMAT --output FILE
    """,
    ("why", "six", "-r", "r.txt", "--bad"): """
        safe-pip: why: neither it nor pip install takes --bad
        safe-pip: way out: safe-pip why --help tells how it is used
    """,
    ("why", "six", "--policy-report", "json"): """
        safe-pip: --policy-report is for the commands that are judged
        safe-pip: way out: install, download, wheel, lock
    """,
    ("audit", "--policy"): """
        safe-pip: --policy needs a value: the path of a policy file, or the name of a preset
    """,
}


@parametrize("argv", WRONG, gate=(0, 1, 4, 8, 12), ids=" ".join)
def test_a_command_of_ours_used_wrongly(shell, argv):
    assert shell.refuses(*argv, code=2) == f"{told(WRONG[argv])}safe-pip: stopped (exit 2)\n"
    assert shell.index.paths() == []


@parametrize(
    "argv", [("audit",), ("why", "app"), ("policy", "show"), ("advisories", "status"), ("fix", "r")], gate=(0, 3)
)
def test_a_wrong_policy_ends_a_command_that_never_installs(shell, argv):
    shell.policy("[rules.nonsense]\n")
    shell.write("r", "app==1.0\n")
    assert shell.refuses(*argv, code=12).splitlines()[-1] == "safe-pip: stopped (exit 12)"


@pytest.mark.parametrize(("argv", "near"), [(("policy", "expain", "app"), "explain"), (("advisories", "synk"), "sync")])
def test_a_part_of_a_command_that_is_nearly_one_of_ours(shell, argv, near):
    first, *_ = shell.refuses(*argv, code=2).splitlines()
    assert f"invalid choice: '{argv[1]}'" in first
    assert first.endswith(f"; did you mean {near}?")


@parametrize(
    "argv", [("install", "--polcy", "strict", "app"), ("--polcy=strict", "list"), ("list", "--polic")], gate=(0,)
)
def test_an_option_that_is_nearly_one_of_ours(shell, argv):
    """pip says what it says, exits as it does, and one line more is ours."""
    done, pips = shell.run(*argv), shell.pip(*argv)
    ours = [line for line in done.err.splitlines() if line.startswith("safe-pip: ")]
    assert (done.exit, pips.exit, ours) == (2, 2, ["safe-pip: did you mean --policy?"])
    assert next(line for line in pips.err.splitlines() if "no such option" in line) in done.err


def test_an_option_of_pip_that_it_does_not_know_gets_no_advice(shell):
    assert "safe-pip" not in shell.run("install", "--prefer-binry", "app").err


def test_the_version_on_standard_output_is_pips_alone(shell):
    done, pips = shell.run("--version"), shell.pip("--version")
    assert (done.exit, done.out) == (0, pips.out)
    assert done.err.startswith("safe-pip: version ")


def test_a_command_that_is_nearly_one_of_ours(shell):
    done = shell.run("polcy", "show")
    assert (done.exit, done.err.splitlines()[0]) == (1, "safe-pip: did you mean: safe-pip policy?")
    assert shell.run("list").err == ""


def test_python_before_a_command_of_ours_means_what_it_means_to_pip(shell, template):
    shell.policy("")
    other = shell.tmp / "other"
    copy_environment(template, other)
    shell.offer("app", "1.0")
    assert shell.run("--python", other, "install", "-q", "app").exit == 0
    found = json.loads(shell.run("--python", other, "audit", "--format", "json").out)
    assert (found["subject"], "app" in {p["name"] for p in found["packages"]}) == ("TMP/other", True)
    assert shell.run(f"--python={other}", "why", "app").exit == 0
    assert shell.run("why", "app").exit == 1
    assert "Could not locate Python interpreter" in shell.refuses("--python", "/nowhere", "audit", code=1)


def test_a_policy_named_by_nothing(shell):
    shell.environ["SAFE_PIP_POLICY"] = ""
    message = """
        safe-pip: SAFE_PIP_POLICY is set to nothing, which names no policy
        safe-pip: way out: unset it, or name a file or a preset
    """
    assert shell.refuses("install", "app", code=12) == f"{told(message)}safe-pip: nothing was installed (exit 12)\n"
    done = shell.run("policy", "check")
    assert done.out == "error: SAFE_PIP_POLICY is set to nothing, which names no policy\n1 error, 0 warnings\n"
