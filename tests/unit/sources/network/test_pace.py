from __future__ import annotations

import time
from functools import partial

import pytest
from lib.faults import dribble, long_head, provisional, stall
from lib.index import LocalIndex, Reply

from safeinstall.errors import SourceError
from safeinstall.sources.network.http import HttpClient, HttpSettings

LATE = "it did not answer in time"
BROKEN = "the connection broke before the whole answer had come"


@pytest.fixture
def index():
    with LocalIndex() as index:
        index.add("a-1.0.tar.gz", b"body " * 1000)
        yield index


@pytest.fixture
def client():
    with HttpClient(HttpSettings(proxy="", netrc=False, retries=0, timeout=0.1)) as client:
        yield client


@pytest.fixture
def patient():
    """A client that also a busy machine does not keep waiting for too long."""
    with HttpClient(HttpSettings(proxy="", netrc=False, retries=0, timeout=0.6)) as client:
        yield client


@pytest.mark.parametrize(
    ("send", "reason"),
    [
        (partial(dribble, pause=0.02), LATE),
        (partial(dribble, pause=0.02, in_head=True), LATE),
        (partial(stall, seconds=1), LATE),
        (partial(stall, after=0, seconds=1), LATE),
    ],
    ids=["body byte by byte", "head byte by byte", "stall", "stall after the head"],
)
def test_an_answer_that_would_never_come_to_its_end(index, client, send, reason):
    index.reply(index.file_path("a-1.0.tar.gz"), Reply(send=send))
    with pytest.raises(SourceError) as caught:
        client.get(index.file_url("a-1.0.tar.gz"))
    assert caught.value.message == f"cannot read {index.file_url('a-1.0.tar.gz')}: {reason}"


@pytest.mark.parametrize("send", [provisional, long_head], ids=["promises", "headers"])
def test_a_head_that_would_never_come_to_its_end(index, patient, send):
    index.reply(index.file_path("a-1.0.tar.gz"), Reply(send=send))
    with pytest.raises(SourceError) as caught:
        patient.get(index.file_url("a-1.0.tar.gz"))
    assert caught.value.message == f"cannot read {index.file_url('a-1.0.tar.gz')}: {BROKEN}"


def test_a_slow_answer_that_keeps_the_pace(index, patient):
    def steadily(exchange):
        exchange.connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 6000\r\n\r\n")
        for _ in range(30):
            time.sleep(0.09)
            exchange.connection.sendall(b"x" * 200)

    index.reply(index.file_path("a-1.0.tar.gz"), Reply(send=steadily))
    assert patient.get(index.file_url("a-1.0.tar.gz")).body == b"x" * 6000


def test_only_waiting_counts(index, patient):
    """Whoever takes long to use what has come does not make the server slow."""
    with patient.stream(index.file_url("a-1.0.tar.gz"), headers={"accept-encoding": "identity"}) as stream:
        time.sleep(2.5)
        assert b"".join(stream.chunks) == b"body " * 1000


def test_one_connection_serves_many_requests(index, patient):
    """Each answer has its own time."""
    index.delay = 0.25
    assert [patient.get(index.file_url("a-1.0.tar.gz")).status for _ in range(11)] == [200] * 11
