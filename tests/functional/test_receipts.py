"""Every judged run leaves a receipt, however it ends; ``safe-pip log`` shows what ended it."""

from __future__ import annotations

import getpass
import os
import signal
import socket

import pytest
from lib.gate import parametrize
from lib.index import Reply
from lib.shell import wait_until


@pytest.fixture
def shell(shell):
    """A user without any rule, so that only what is wrong shows."""
    shell.policy("")
    shell.offer("app", "1.0")
    return shell


def ended(shell):
    """How the last run ended."""
    receipt = shell.receipts()[-1]
    return receipt["exit_code"], receipt["error"] and receipt["error"]["message"]


def test_a_run_that_the_policy_stops_before_pip_is_heard(shell):
    shell.policy("mod = 1\n")
    assert shell.install("app", "--index-url", "https://user:s3cret@acme.example/").exit == 12
    (receipt,) = shell.receipts()
    assert receipt["error"] == {"message": 'policy.toml:2: unknown key "mod"; did you mean "mode"?', "hint": None}
    assert (receipt["schema"], receipt["command"], receipt["exit_code"]) == (2, "install", 12)
    assert receipt["requested"] == ["app", "--index-url", "https://acme.example/"]
    assert (receipt["policy"], receipt["pip"], receipt["files"]) == (None, None, [])


def test_an_index_that_does_not_answer(shell):
    shell.index.reply("/simple/app/", Reply(status=500))
    assert shell.install("app").exit == 11
    assert ended(shell) == (11, f"{shell.index.url}app/ answered 500 Internal Server Error")
    assert shell.receipts()[0]["policy"]["file"] == "policy.toml"
    lines = shell.run("log").out.splitlines()
    assert lines[1][18:] == (
        "failed (11)      install app  0      policy.toml  INDEX/simple/app/ answered 500 Internal Server Error"
    )


def test_a_requirement_that_nothing_meets(shell):
    assert shell.install("app>2").exit == 1
    assert ended(shell)[0] == 1
    assert shell.receipts()[0]["requested"] == ["app>2"]


def test_the_command_is_shown_as_it_was_typed(shell):
    shell.write("r.txt", "app\n")
    assert (
        shell.install("--dry-run", "-r", "r.txt", "App>=1,<3", "--index-url", "http://u:s3cret@index.invalid/").exit
        == 11
    )
    argv = ["install", "--dry-run", "-r", "r.txt", "App>=1,<3", "--index-url", "http://index.invalid/"]
    assert shell.receipts()[0]["arguments"] == argv
    assert "install --dry-run -r r.txt App>=1,<3 and 2 more  0 " in shell.run("log").out


def test_a_run_that_pip_itself_ends(shell):
    assert shell.install("-r", "nosuch.txt").exit == 1
    assert ended(shell) == (1, None)
    assert shell.receipts()[0]["requested"] == ["-r", "nosuch.txt"]


def test_a_target_that_cannot_be_started(shell):
    broken = shell.tmp / "broken" / "bin" / "python"
    broken.parent.mkdir(parents=True)
    broken.write_text("#!/no/such/interpreter\n")
    broken.chmod(0o700)
    assert shell.install("app", env={"VIRTUAL_ENV": str(broken.parent.parent)}).exit == 13
    assert ended(shell) == (13, f"cannot start {broken}: No such file or directory")


def test_an_option_that_is_refused(shell):
    assert shell.install("app", "--use-deprecated=legacy-resolver").exit == 13
    assert ended(shell) == (13, "pip's legacy resolver chooses files by other rules than those that are judged")


@parametrize(("number", "exit_code"), [(signal.SIGINT, 1), (signal.SIGTERM, 143)], gate=(0,))
def test_a_run_that_is_interrupted(shell, number, exit_code):
    shell.index.reply(shell.index.page_path("app"), Reply(delay=30))
    process = shell.start("install", "app")
    wait_until(shell.index.paths, "request")
    os.killpg(process.pid, number)
    assert shell.finish(process).exit == exit_code
    assert ended(shell) == (exit_code, "cancelled")


def test_a_report_that_could_not_be_written_is_on_record(shell):
    shell.index.reply(shell.index.page_path("app"), Reply(delay=1))
    (shell.work / "out").mkdir()
    process = shell.start("install", "app", "--policy-report", "json=out/r.json")
    wait_until(shell.index.paths, "request")
    (shell.work / "out").rmdir()
    assert shell.finish(process).exit == 1
    assert ended(shell) == (1, "the report cannot be written to out/r.json: No such file or directory")
    assert [file["name"] for file in shell.receipts()[0]["files"]] == ["app"]


def test_who_ran_it_where(shell):
    shell.install("app")
    (receipt,) = shell.receipts()
    assert receipt["who"] == {"user": getpass.getuser(), "host": socket.gethostname(), "directory": str(shell.work)}


def test_what_does_nothing_leaves_none(shell):
    assert shell.install("--help").exit == 0
    assert shell.run("list").exit == 0
    assert not (shell.tmp / "state").exists()
