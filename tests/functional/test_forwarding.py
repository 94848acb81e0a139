"""Receipts forwarded to collectors that answer, hang, refuse, fail and lie; installations go on unless they must not."""

from __future__ import annotations

import json
import re
import time

import pytest
from lib.collectors import LocalCollector, LocalSyslog
from lib.gate import parametrize
from lib.shell import told, wait_until

NOBODY = "http://127.0.0.1:9/receipts"


@pytest.fixture
def collector():
    with LocalCollector() as collector:
        yield collector


@pytest.fixture
def shell(shell):
    shell.offer("app", "1.0")
    return shell


def forward(shell, url, more=""):
    shell.policy(f'[log]\nforward-to = "{url}"\n{more}')


def waiting(shell):
    """The receipts that wait for the next run."""
    return [json.loads(path.read_text()) for path in sorted((shell.tmp / "state" / "outbox").glob("*"))]


def test_a_receipt_is_forwarded_as_it_is_kept(shell, collector):
    forward(shell, collector.url)
    done = shell.install("app")
    assert (done.exit, done.err) == (0, "")
    assert collector.receipts == shell.receipts()
    assert collector.headers[0]["content-type"] == "application/x-ndjson"
    assert "authorization" not in collector.headers[0]
    assert waiting(shell) == []


def test_a_denial_and_an_error_are_forwarded_too(shell, collector):
    forward(shell, collector.url, "[rules.denylist]\npackages = [{ package = 'app', reason = 'x' }]\n")
    assert shell.install("app").exit == 10
    assert shell.install("nosuch").exit == 1
    assert [receipt["exit_code"] for receipt in collector.receipts] == [10, 1]


@parametrize(
    ("secret", "header"),
    [("t0ken", "Bearer t0ken"), ("Splunk t0ken", "Splunk t0ken"), (" t0ken\n", "Bearer t0ken")],
    gate=(0, 1),
)
def test_credentials_come_from_a_variable_and_are_in_no_log(shell, collector, secret, header):
    forward(shell, collector.url, 'credentials = "env:ACME_TOKEN"\n')
    done = shell.install("app", env={"ACME_TOKEN": secret})
    assert (done.exit, collector.headers[0]["authorization"]) == (0, header)
    assert "t0ken" not in done.out + done.err + str(shell.receipts()) + str(collector.received)


def test_credentials_come_from_the_keyring(shell, collector):
    keyring = shell.tmp / "bin" / "keyring"
    keyring.parent.mkdir()
    keyring.write_text('#!/bin/sh\n[ "$*" = "get log.acme.example robot" ] && echo t0ken\n')
    keyring.chmod(0o755)
    forward(shell, collector.url, 'credentials = "keyring:log.acme.example:robot"\n')
    done = shell.install("app", env={"PATH": f"{keyring.parent}:{shell.environ['PATH']}"})
    assert (done.exit, done.err) == (0, "")
    assert collector.headers[0]["authorization"] == "Bearer t0ken"


def test_a_missing_variable_is_told_and_stops_nothing(shell, collector):
    forward(shell, collector.url, 'credentials = "env:ACME_TOKEN"\n')
    done = shell.install("app")
    assert (done.exit, done.err.replace(collector.url, "COLLECTOR")) == (
        0,
        (
            "safe-pip: the receipt was not forwarded to COLLECTOR: the variable ACME_TOKEN, which should hold the"
            " credentials for it, is not set; it waits for the next run\n"
        ),
    )


def test_what_is_not_taken_goes_out_with_the_next_run(shell, collector):
    collector.statuses = [500]
    forward(shell, collector.url)
    done = shell.install("app")
    assert (done.exit, shell.installed()) == (0, {"app": "1.0"})
    assert done.err.replace(collector.url, "COLLECTOR") == told("""
        safe-pip: the receipt was not forwarded to COLLECTOR: it answered 500; it waits for the next run
    """)
    assert waiting(shell) == shell.receipts()
    assert shell.install("app", "--dry-run").exit == 0
    assert collector.received == [shell.receipts()]
    assert waiting(shell) == []


def test_a_redirect_is_not_followed(shell, collector):
    collector.statuses = [302]
    forward(shell, collector.url)
    assert "it answered 302; it waits" in shell.install("app").err


def test_nobody_there(shell):
    forward(shell, NOBODY)
    done = shell.install("app")
    assert (done.exit, done.err) == (
        0,
        (
            f"safe-pip: the receipt was not forwarded to {NOBODY}: no connection: [Errno 111] Connection refused; it waits"
            " for the next run\n"
        ),
    )


@parametrize("how", ["delay", "drip"], gate=(0,))
def test_a_collector_that_hangs_or_drips_is_not_waited_for(shell, collector, how):
    """It would take a minute to answer; the run ends long before."""
    setattr(collector, how, 60.0 if how == "delay" else 0.9)
    forward(shell, collector.url, 'timeout = "1s"\n')
    started = time.monotonic()
    done = shell.install("app")
    assert time.monotonic() - started < 30
    assert done.exit == 0
    assert re.fullmatch(
        "safe-pip: the receipt was not forwarded to COLLECTOR: (no answer within 1 seconds|it did not answer in time);"
        " it waits for the next run\n",
        done.err.replace(collector.url, "COLLECTOR"),
    )
    assert len(waiting(shell)) == 1


def test_a_slow_collector_is_waited_for(shell, collector):
    collector.delay = 1.0
    forward(shell, collector.url)
    assert (shell.install("app").err, len(collector.receipts)) == ("", 1)


def test_a_stranger_among_what_waits_is_passed_over(shell, collector):
    forward(shell, collector.url)
    outbox = shell.tmp / "state" / "outbox"
    outbox.mkdir(parents=True)
    (outbox / "0.json").write_text("{")
    (outbox / "1.json").write_text("[]")
    assert (shell.install("app").err, len(collector.receipts), waiting(shell)) == ("", 1, [])


# --- required

REQUIRED = "required = true\n"


def test_a_required_collector_hears_before_and_after(shell, collector):
    forward(shell, collector.url, REQUIRED)
    assert shell.install("app").exit == 0
    begun, ended = collector.receipts
    assert (begun["exit_code"], ended["exit_code"]) == (None, 0)
    assert begun["id"] == ended["id"]
    assert begun["requested"] == ["app"]
    assert shell.receipts() == [ended]


def test_nothing_is_judged_without_a_required_collector(shell, collector):
    collector.statuses = [503]
    forward(shell, collector.url, REQUIRED)
    assert shell.refuses("install", "app", code=15).replace(collector.url, "COLLECTOR") == told("""
        safe-pip: COLLECTOR has to take the receipt of every run (policy.toml:4), and does not: it answered 503
        safe-pip: way out: try again when it answers, or ask whoever runs it
        safe-pip: nothing was installed (exit 15)
    """)
    assert shell.index.paths() == []
    assert [receipt["exit_code"] for receipt in shell.receipts()] == [15]
    assert shell.install("app").exit == 0
    assert [receipt["exit_code"] for receipt in collector.receipts] == [15, None, 0]


def test_nobody_there_where_somebody_is_required(shell):
    forward(shell, "syslog+tcp://127.0.0.1:9", REQUIRED)
    assert shell.refuses("install", "app", code=15) == told("""
        safe-pip: syslog+tcp://127.0.0.1:9 has to take the receipt of every run (policy.toml:4), and does not: Connection refused
        safe-pip: way out: try again when it answers, or ask whoever runs it
        safe-pip: nothing was installed (exit 15)
    """)


@pytest.mark.parametrize(
    ("options", "last", "installed"),
    [
        ((), "what pip installed stays as it is (exit 15)", {"app": "1.0"}),
        (("--dry-run",), "nothing was installed (exit 15)", {}),
    ],
)
def test_a_required_collector_that_fails_afterwards(shell, collector, options, last, installed):
    collector.statuses = [204, 500]
    forward(shell, collector.url, REQUIRED)
    done = shell.install("app", *options)
    assert (done.exit, shell.installed()) == (15, installed)
    assert done.err.replace(collector.url, "COLLECTOR") == told(f"""
        safe-pip: the receipt was not forwarded to COLLECTOR: it answered 500; it waits for the next run
        safe-pip: way out: it goes out with the next run; until it does, the next one is refused
        safe-pip: {last}
    """)


# --- syslog

MESSAGE = re.compile(rb"<(\d+)>1 (\S+) (\S+) safe-pip (\d+) receipt - (\{.*\})", re.DOTALL)


@parametrize("kind", ["udp", "tcp", "unix", "unix-stream"], gate=(1, 2))
def test_syslog(shell, kind):
    path = shell.tmp / "log" if kind.startswith("unix") else None
    with LocalSyslog(kind, path) as syslog:
        forward(shell, syslog.url)
        done = shell.install("app")
        wait_until(lambda: syslog.messages, "message")
    (message,) = syslog.messages
    if kind == "tcp":
        length, _, message = message.partition(b" ")
        assert int(length) == len(message)
    match = MESSAGE.fullmatch(message.rstrip(b"\n"))
    (receipt,) = shell.receipts()
    assert (done.exit, done.err, match[1], match[2].decode()) == (0, "", b"86", receipt["time"])
    assert json.loads(match[5]) == receipt


def test_a_denial_is_a_warning(shell):
    with LocalSyslog("udp") as syslog:
        forward(shell, syslog.url, "[rules.denylist]\npackages = [{ package = 'app', reason = 'x' }]\n")
        assert shell.install("app").exit == 10
        wait_until(lambda: syslog.messages, "message")
    assert MESSAGE.fullmatch(syslog.messages[0])[1] == b"84"


def test_a_socket_that_is_not_there(shell):
    forward(shell, f"syslog+unix://{shell.tmp}/nosuch")
    assert shell.install("app").err == (
        "safe-pip: the receipt was not forwarded to syslog+unix://TMP/nosuch: No such file or directory; it waits for"
        " the next run\n"
    )


# --- who says where


def test_a_project_does_not_say_where_receipts_go(shell, collector):
    shell.policy("[rules.yanked]\n")
    shell.write("safe-pip.toml", f'[log]\nforward-to = "{collector.url}"\n')
    done = shell.install("app")
    assert (done.exit, collector.headers) == (0, [])
    assert (
        done.err == "safe-pip: policy: safe-pip.toml:1: log: does not count: only policy.toml says where receipts go\n"
    )
