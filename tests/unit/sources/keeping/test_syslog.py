from __future__ import annotations

import json

import pytest

from safeinstall.sources.keeping.syslog import syslog_message

RECEIPT = {
    "time": "2026-11-22T18:00:00+00:00",
    "exit_code": 0,
    "who": {"host": "ci-7"},
    "requested": ["a", "b"],
    "files": [{"name": "a" * 500}, {"name": "b"}],
    "denied": [],
    "hidden": [],
}


def test_the_head_is_that_of_the_standard():
    message = syslog_message(RECEIPT, process=7)
    assert message.startswith(b"<86>1 2026-11-22T18:00:00+00:00 ci-7 safe-pip 7 receipt - {")
    assert json.loads(message.partition(b" - ")[2]) == RECEIPT


@pytest.mark.parametrize(("exit_code", "priority"), [(0, b"<86>"), (None, b"<86>"), (10, b"<84>"), (70, b"<84>")])
def test_what_did_not_go_well_is_a_warning(exit_code, priority):
    assert syslog_message({**RECEIPT, "exit_code": exit_code}, process=7).startswith(priority)


@pytest.mark.parametrize(("host", "shown"), [("", b"-"), ("a b\n<é", b"ab<"), ("x" * 300, b"x" * 255)])
def test_a_host_that_the_standard_does_not_allow_is_written_as_it_does(host, shown):
    assert syslog_message({**RECEIPT, "who": {"host": host}}, process=7).split(b" ")[2] == shown


def test_what_no_datagram_carries_is_counted():
    message = syslog_message(RECEIPT, process=7, longest=400)
    found = json.loads(message.partition(b" - ")[2])
    assert len(message) <= 400
    assert found == {**RECEIPT, "files": 2, "denied": 0, "hidden": 0, "requested": 2, "shortened": True}
    assert syslog_message(RECEIPT, process=7, longest=4000) == syslog_message(RECEIPT, process=7)
