"""Whatever goes wrong: one clear message, the right exit code, an environment that is untouched."""

from __future__ import annotations

import platform
import socket

import pytest
from lib.gate import parametrize
from lib.index import JSON_TYPE, Reply
from lib.shell import told
from lib.wheels import core_metadata, make_sdist, make_wheel


@pytest.fixture
def shell(shell):
    """A user without any rule, so that only what is wrong shows."""
    shell.policy("")
    shell.offer("app", "1.0", ["dep>=1"])
    shell.offer("dep", "1.0")
    return shell


# --- requirements


def test_no_such_package(shell):
    assert shell.refuses("install", "nosuch", code=1) == told("""
        ERROR: Could not find a version that satisfies the requirement nosuch (from versions: none)
        ERROR: No matching distribution found for nosuch
    """)


@parametrize(
    ("argv", "asked"),
    [(["Reqeusts"], "Reqeusts"), (["-r", "r.txt"], "nunpy"), (["needy"], "djagno")],
    gate=(0,),
)
def test_a_slip_of_a_popular_name(shell, argv, asked):
    """The popular project is pointed out, and never installed in its place."""
    shell.write("r.txt", "app\nnunpy>=1\n")
    shell.offer("needy", "1.0", ["djagno"])
    meant = {"Reqeusts": "requests", "nunpy": "numpy", "djagno": "django"}[asked]
    shell.offer(meant, "1.0")
    err = shell.refuses("install", *argv, code=1).splitlines()
    assert err[-1] == f"safe-pip: no such project: {asked}; did you mean {meant}?"
    assert all(line.startswith("ERROR: ") for line in err[:-1])
    assert f"/simple/{meant}/" not in shell.index.paths()


def test_no_advice_on_what_is_there_or_where_nobody_was_asked(shell):
    shell.offer("reqeusts", "1.0")
    assert "did you mean" not in shell.refuses("install", "reqeusts>2", code=1)
    assert "did you mean" not in shell.refuses("install", "--no-index", "nunpy", code=1)
    assert "did you mean" not in shell.refuses("install", "nothing-like-it", code=1)


def test_what_pip_logs_has_the_failure_too(shell):
    assert "No matching distribution" in shell.refuses("install", "--log", shell.tmp / "log", "nosuch", code=1)
    assert "ERROR: No matching distribution found for nosuch" in (shell.tmp / "log").read_text()


def test_a_requirement_that_would_steer_a_terminal(shell):
    shell.offer("evil", "1.0", ["app===1\x1b]0;title\x07"])
    done = shell.install("evil")
    assert (done.exit, "\x1b" in done.out + done.err) == (1, False)


def test_no_matching_version(shell):
    assert shell.refuses("install", "app>=2", code=1) == told("""
        ERROR: Could not find a version that satisfies the requirement app>=2 (from versions: 1.0)
        ERROR: No matching distribution found for app>=2
    """)


def test_a_dependency_that_does_not_exist(shell):
    shell.offer("tool", "1.0", ["nosuch>1"])
    assert shell.refuses("install", "tool", code=1) == told("""
        ERROR: Could not find a version that satisfies the requirement nosuch>1 (from tool) (from versions: none)
        ERROR: No matching distribution found for nosuch>1
    """)


def test_a_conflict(shell):
    shell.offer("other", "1.0", ["dep<1"])
    done, pips = shell.install("app", "other"), shell.pip("install", "app", "other")
    assert (done.exit, done.err) == (1, pips.err)
    told = [
        line for line in pips.out.splitlines() if line.startswith("INFO: pip is looking at multiple versions of other")
    ]
    head, cause = pips.out.partition("Collecting")[0], pips.out[pips.out.index("\nThe conflict") :]
    assert done.out == "".join(f"{line}\n" for line in told) + head + cause
    assert shell.installed() == {}


def test_a_python_that_is_too_old(shell):
    shell.offer("newer", "1.0", requires_python=">=9")
    assert shell.refuses("install", "newer", code=1).replace(platform.python_version(), "VERSION") == told("""
        ERROR: Package 'newer' requires a different Python: VERSION not in '>=9'
    """)


@pytest.mark.parametrize("argv", [("-r", "nosuch.txt"), ("--no-such-option", "app"), ("./nosuch",), ()])
def test_what_pip_itself_refuses_is_told_by_pip(shell, argv):
    ours, pips = shell.install(*argv), shell.pip("install", *argv)
    assert (ours.exit, ours.err.splitlines()[-1]) == (pips.exit, pips.err.splitlines()[-1])
    assert set(shell.index.paths()) <= {"/simple/pip/"}


def test_a_requirement_that_only_an_old_pip_can_read(shell):
    err = shell.refuses("install", "app==", code=1)
    assert "Invalid requirement: 'app=='" in err


# --- indexes

ANSWERS = {
    "401": Reply(status=401),
    "403": Reply(status=403),
    "404 everywhere": Reply(status=404),
    "500": Reply(status=500),
    "no JSON": Reply(body=b"{", headers={"Content-Type": JSON_TYPE}),
    "other JSON": Reply(body=b"[]", headers={"Content-Type": JSON_TYPE}),
    "newer JSON": Reply(body=b'{"meta": {"api-version": "2.0"}, "files": []}', headers={"Content-Type": JSON_TYPE}),
    "a captive portal": Reply(
        body=b"<html><title>Sign in</title><a href=/login>Sign in</a></html>", headers={"Content-Type": "text/html"}
    ),
    "something else": Reply(body=b"%PDF", headers={"Content-Type": "application/pdf"}),
    "a page cut off": Reply(truncate=20),
}


TOLD = {
    "401": [
        "INDEX/simple/app/ answered 401 Unauthorized",
        "way out: check the user and password for this index, or ask whoever runs it whether it blocks this",
    ],
    "403": [
        "INDEX/simple/app/ answered 403 Forbidden",
        "way out: check the user and password for this index, or ask whoever runs it whether it blocks this",
    ],
    "404 everywhere": [
        "ERROR: Could not find a version that satisfies the requirement app (from versions: none)",
        "ERROR: No matching distribution found for app",
    ],
    "500": [
        "INDEX/simple/app/ answered 500 Internal Server Error",
        "way out: try again later",
    ],
    "no JSON": [
        "the project page INDEX/simple/app/ cannot be used: it is not JSON",
        "way out: this is a fault of the index: report it to whoever runs it",
    ],
    "other JSON": [
        "the project page INDEX/simple/app/ cannot be used: it is no JSON object",
        "way out: this is a fault of the index: report it to whoever runs it",
    ],
    "newer JSON": [
        "the project page INDEX/simple/app/ cannot be used: its API version is 2.0, and only 1.x is understood",
        "way out: this is a fault of the index: report it to whoever runs it",
    ],
    "a captive portal": [
        "INDEX/simple/app/ is no project page: none of its links names a file to install",
        "way out: check the address of the index, and that no login page or proxy answers in its place",
    ],
    "something else": [
        "INDEX/simple/app/ is no project page: its content type is 'application/pdf'",
        "way out: check the address of the index, and that no login page or proxy answers in its place",
    ],
    "a page cut off": [
        "cannot read INDEX/simple/app/: the connection broke before the whole answer had come",
        "way out: try again",
    ],
}


def lines(err, code):
    """Return the lines of a message without what all of them have."""
    found = [line.removeprefix("safe-pip:").removeprefix(" ") for line in err.splitlines()]
    if code == 1:  # pip's own failure, in pip's words alone
        return found
    assert found[-1] == f"nothing was installed (exit {code})"
    return found[:-1]


@parametrize("answer", ANSWERS, gate=(0, 2, 3, 4, 7))
def test_an_index_that_answers(shell, answer):
    shell.index.reply("*", ANSWERS[answer])
    code = 1 if answer == "404 everywhere" else 11
    err = shell.refuses("install", "app", code=code)
    assert lines(err, code) == TOLD[answer]


def test_an_index_that_nobody_answers_for(shell):
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{closed.getsockname()[1]}/simple/"
        err = shell.refuses("install", "--index-url", url, "app", code=11)
    assert err.replace(url, "URL/") == told("""
        safe-pip: cannot read URL/app/: no connection: [Errno 111] Connection refused
        safe-pip: way out: check the network, the address and the proxy
        safe-pip: nothing was installed (exit 11)
    """)


def test_an_index_without_a_name(shell):
    err = shell.refuses("install", "--index-url", "https://no-such-host.invalid/simple/", "app", code=11)
    assert err.splitlines()[0].startswith("safe-pip: cannot read https://no-such-host.invalid/simple/app/: ")


def test_the_password_of_an_index_is_never_shown(shell):
    shell.index.reply("*", Reply(status=403))
    url = shell.index.url.replace("://", "://user:secret@")
    err = shell.refuses("install", "--index-url", url, "app", code=11)
    assert "secret" not in err
    assert "403" in err


def test_a_second_index_that_fails_is_not_passed_over(shell):
    """Its files might have been the ones to take: to be without them is not to know."""
    shell.index.reply("/other/app/", Reply(status=500))
    assert shell.refuses("install", "--extra-index-url", f"{shell.index.root}/other/", "app", code=11) == told("""
        safe-pip: INDEX/other/app/ answered 500 Internal Server Error
        safe-pip: way out: try again later
        safe-pip: nothing was installed (exit 11)
    """)


def test_a_file_that_is_listed_and_not_there(shell):
    shell.index.reply(shell.index.file_path("dep-1.0-py3-none-any.whl"), Reply(status=404))
    assert shell.refuses("install", "app", code=11) == told("""
        safe-pip: INDEX/simple/ offers dep-1.0-py3-none-any.whl but does not have it: INDEX/files/dep-1.0-py3-none-any.whl answered 404 Not Found
        safe-pip: way out: try again later, or report it to whoever runs the index
        safe-pip: nothing was installed (exit 11)
    """)


def test_a_wheel_that_is_no_zip(shell):
    shell.index.add("bad-1.0-py3-none-any.whl", b"not a zip", metadata=False)
    assert shell.refuses("install", "bad", code=1) == told("""
        WARNING: Ignoring version 1.0 of bad since it has invalid metadata: bad-1.0-py3-none-any.whl cannot be read as a wheel
        ERROR: Could not find a version that satisfies the requirement bad (from versions: 1.0)
        ERROR: No matching distribution found for bad
    """)


def test_metadata_that_is_none(shell):
    shell.offer("bad", "1.0", metadata=b"no metadata at all")
    assert shell.refuses("install", "bad", code=1) == told("""
        WARNING: Ignoring version 1.0 of bad since it has invalid metadata: the metadata of bad 1.0 has no Name
        ERROR: Could not find a version that satisfies the requirement bad (from versions: 1.0)
        ERROR: No matching distribution found for bad
    """)


RIGHT_FIRST, RIGHT_SECOND = "Name: bad\nName: other\n", "Name: other\nName: bad\n"


def twice_named(names):
    return core_metadata("bad", "1.0").replace("Name: bad\n", names)


@parametrize(
    "listed",
    [
        (*make_wheel("bad", "1.0", metadata=twice_named(RIGHT_FIRST)), True),
        (*make_wheel("bad", "1.0", metadata=twice_named(RIGHT_SECOND)), True),
        (*make_wheel("bad", "1.0", metadata=twice_named(RIGHT_FIRST)), False),
        (*make_wheel("bad", "1.0"), twice_named(RIGHT_FIRST).encode()),
        (*make_sdist("bad", "1.0", metadata_version="2.2", metadata_extra="Name: other"), False),
        (*make_sdist("bad", "1.0", metadata_version="1.1", metadata_extra="Name: other"), False),
    ],
    gate=(0, 3, 4),
    ids=["right first", "right second", "no separate metadata", "separate metadata alone", "static sdist", "old sdist"],
)
def test_metadata_with_two_names(shell, listed):
    filename, data, separate = listed
    shell.index.add(filename, data, metadata=separate)
    assert shell.refuses("install", "bad", code=1) == told("""
        WARNING: Ignoring version 1.0 of bad since it has invalid metadata: the metadata of bad 1.0 has more than one Name
        ERROR: Could not find a version that satisfies the requirement bad (from versions: 1.0)
        ERROR: No matching distribution found for bad
    """)


def test_metadata_with_two_names_behind_separate_metadata_with_one(shell):
    wheel = make_wheel("bad", "1.0", metadata=twice_named(RIGHT_FIRST))
    shell.index.add(*wheel, metadata=core_metadata("bad", "1.0").encode())
    assert shell.refuses("install", "bad") == told("""
        safe-pip: bad-1.0-py3-none-any.whl from INDEX/simple/: the metadata of bad 1.0 has more than one Name
        safe-pip: nothing was installed (exit 10)
    """)


def test_a_wheel_of_ones_own_with_two_summaries(shell):
    filename, data = make_wheel("bad", "1.0", metadata_extra="Summary: a\nSummary: b")
    shell.write(filename, data)
    assert shell.refuses("install", f"./{filename}") == told("""
        safe-pip: the metadata of bad 1.0 has more than one Summary
        safe-pip: nothing was installed (exit 10)
    """)


def test_what_is_installed_with_two_summaries_stays_and_counts(shell):
    filename, data = make_wheel("dep", "1.5", metadata_extra="Summary: a\nSummary: b")
    shell.write(filename, data)
    assert shell.pip("install", "--no-deps", f"./{filename}").exit == 0
    done = shell.install("app")
    assert (done.exit, done.err, shell.installed()) == (0, "", {"app": "1.0", "dep": "1.5"})
    assert shell.run("audit").exit == 0


# --- policies

POLICIES = {
    "unknown key": '[rules.minimum-age]\nminimun = "7d"\n',
    "unknown rule": "[rules.minimum-agee]\n",
    "unknown table": "[rule.minimum-age]\n",
    "wrong type": '[rules.allowlist]\npackages = "requests"\n',
    "bare number": "[rules.minimum-age]\nminimum = 7\n",
    "not TOML": "[rules\n",
    "several": 'mode = "off"\nselect = "best"\n[rules.yanked]\nlevel = "no"\n',
}


PROBLEMS = {
    "unknown key": [
        'policy.toml:3: unknown key "minimun" in [rules.minimum-age]; did you mean "minimum"?',
    ],
    "unknown rule": [
        'policy.toml:2: unknown rule "minimum-agee" in [rules]; did you mean "minimum-age"?',
    ],
    "unknown table": [
        'policy.toml:2: unknown key "rule"; did you mean "rules"?',
    ],
    "wrong type": [
        'policy.toml:3: rules.allowlist.packages: expected a list, found "requests"; write ["requests"]',
    ],
    "bare number": [
        'policy.toml:3: rules.minimum-age.minimum: 7 has no unit, and tools differ (npm counts days, pnpm minutes, bun seconds); write "7d" for days or "7h" for hours',
    ],
    "not TOML": [
        "policy.toml:2: not valid TOML: Expected ']' at the end of a table declaration, column 7",
    ],
    "several": [
        'policy.toml:2: mode: expected "enforce" or "audit", found "off"',
        'policy.toml:3: select: expected "strict" or "compliant", found "best"',
        'policy.toml:5: rules.yanked.level: expected "deny", "warn" or "allow", found "no"',
    ],
}


@parametrize("policy", POLICIES, gate=range(4))
def test_a_broken_policy(shell, policy):
    shell.policy(POLICIES[policy])
    assert lines(shell.refuses("install", "app", code=12), 12) == PROBLEMS[policy]
    assert shell.index.paths() == []


NO_FILES = {
    "missing": [
        "nosuch.toml: no such policy file",
    ],
    "directory": [
        ".: cannot be read: Is a directory",
    ],
    "preset": [
        "bin: no such policy file, and no preset; presets: baseline, locked, strict",
    ],
}


@pytest.mark.parametrize(("policy", "what"), [("nosuch.toml", "missing"), (".", "directory"), ("bin", "preset")])
def test_a_policy_that_is_no_file(shell, policy, what):
    err = shell.refuses("--policy", policy, "install", "app", code=12)
    assert lines(err, 12) == NO_FILES[what]


def test_a_policy_that_is_binary(shell):
    shell.write("policy.toml", b"\xff\xfe\x00")
    assert shell.refuses("install", "app", code=12) == told("""
        safe-pip: policy.toml:1: not UTF-8, which TOML files are
        safe-pip: nothing was installed (exit 12)
    """)


def test_an_option_of_ours_that_does_not_exist(shell):
    assert "--policy needs a value" in shell.refuses("--policy=", "install", "app", code=2)
    assert shell.refuses("install", "--policy-file", "x", "app", code=2) == told("""
        safe-pip: there is no option --policy-file
        safe-pip: way out: the options of safe-pip: --policy, --policy-report, --policy-select
        safe-pip: nothing was installed (exit 2)
    """)
    assert shell.refuses("install", "app", "--policy", code=2) == told("""
        safe-pip: --policy needs a value: the path of a policy file, or the name of a preset
        safe-pip: nothing was installed (exit 2)
    """)


# --- surroundings


def test_a_receipt_that_cannot_be_written_is_told_and_stops_nothing(shell):
    (shell.tmp / "state").write_text("a file where a directory should be")
    done = shell.install("app")
    assert (done.exit, shell.installed()) == (0, {"app": "1.0", "dep": "1.0"})
    assert done.err == told("""
        safe-pip: no journal could be kept: [Errno 20] Not a directory: 'TMP/state/installing'; should pip fail, what it has changed is not undone
        safe-pip: the receipt could not be written to TMP/state/receipts.jsonl: File exists
    """)


def test_a_cache_that_cannot_be_written_stops_nothing(shell):
    (shell.tmp / "cache").write_text("a file where a directory should be")
    done = shell.install("app")
    assert (done.exit, done.err, shell.installed()) == (0, "", {"app": "1.0", "dep": "1.0"})


def test_a_report_that_cannot_be_written(shell):
    for argv in (["app"], ["--dry-run", "app"]):
        assert shell.refuses("install", "--report", "no/such/report.json", *argv, code=1) == told("""
            ERROR: the report cannot be written to no/such/report.json: No such file or directory
        """)


def test_a_report_that_turns_out_not_to_fit_is_told_as_it_is(shell):
    """pip has installed by then: nothing says otherwise."""
    done = shell.install("--report", "/dev/full", "app")
    assert (done.exit, shell.installed()) == (1, {"app": "1.0", "dep": "1.0"})
    assert done.err == told("""
        safe-pip: pip has installed, but its report cannot be passed on: [Errno 28] No space left on device
        safe-pip: what pip installed stays as it is (exit 1)
    """)


def test_an_installed_distribution_that_is_broken_does_not_matter_unless_it_is_asked_for(shell):
    (shell.site / "broken-1.0.dist-info").mkdir()
    (shell.site / "broken-1.0.dist-info" / "METADATA").write_text("nothing")
    assert shell.install("app").exit == 0
