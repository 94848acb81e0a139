from __future__ import annotations

from datetime import datetime, timezone

import pytest

from safeinstall.sources.index.clock import told_time

NOON = datetime(2026, 11, 22, 12, tzinfo=timezone.utc)


@pytest.mark.parametrize(
    "headers",
    [
        {"date": "Sun, 22 Nov 2026 12:00:00 GMT"},
        {"date": "Sun, 22 Nov 2026 14:00:00 +0200"},
        {"date": "Sun, 22 Nov 2026 12:00:00"},
        {"date": "Sun, 22 Nov 2026 11:00:00 GMT", "age": "3600"},
        {"date": "Sun, 22 Nov 2026 12:00:00 GMT", "age": "-5"},
    ],
)
def test_the_time_of_an_answer(headers):
    assert told_time(headers) == NOON


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"date": "now"},
        {"date": "Fri, 31 Dec 9999 23:59:59 GMT", "age": "9" * 30},
        {"date": "Sun, 22 Nov 2026 12:00:00 GMT", "age": "old"},
        {"date": "Sun, 99 Nov 2026 12:00:00 GMT"},
    ],
)
def test_an_answer_that_does_not_say(headers):
    assert told_time(headers) is None
