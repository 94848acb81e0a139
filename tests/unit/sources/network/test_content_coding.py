from __future__ import annotations

import gzip
import tracemalloc
import zlib

import pytest
from lib.faults import bomb

from safeinstall.sources.network.content_coding import STEP, CodingError, decoded

TEXT = b"some text, some text, some text" * 100
RAW_DEFLATE = zlib.compress(TEXT)[2:-4]


def pieces(data, size=7):
    return [data[n : n + size] for n in range(0, len(data), size)]


@pytest.mark.parametrize(
    ("coding", "body"),
    [
        ("", TEXT),
        ("identity", TEXT),
        ("gzip", gzip.compress(TEXT, mtime=0)),
        (" GZip ", gzip.compress(TEXT, mtime=0)),
        ("x-gzip", gzip.compress(TEXT[:50], mtime=0) + gzip.compress(TEXT[50:], mtime=0)),
        ("deflate", zlib.compress(TEXT)),
        ("deflate", RAW_DEFLATE),
    ],
)
@pytest.mark.parametrize("size", [1, 7, 100_000])
def test_what_was_asked_for(coding, body, size):
    assert b"".join(decoded(pieces(body, size), coding)) == TEXT


def test_an_answer_without_a_body():
    assert list(decoded([], "deflate")) == []


@pytest.mark.parametrize(
    ("coding", "body", "reason"),
    [
        ("br", b"", "its answer is encoded as 'br', which was not asked for"),
        ("gzip, gzip", b"", "its answer is encoded as 'gzip, gzip', which was not asked for"),
        ("gzip", TEXT, "its answer is not encoded as it says"),
        ("gzip", gzip.compress(TEXT, mtime=0) + b"more", "its answer is not encoded as it says"),
        ("deflate", b"\xff" * 20, "its answer is not encoded as it says"),
        ("gzip", gzip.compress(TEXT, mtime=0)[:-1], "its encoded answer was cut off"),
        ("gzip", b"", "its encoded answer was cut off"),
        ("deflate", zlib.compress(TEXT)[:-1], "its encoded answer was cut off"),
        ("deflate", zlib.compress(TEXT) + b"more", "its answer goes on after its end"),
    ],
)
@pytest.mark.parametrize("size", [1, 100_000])
def test_what_is_refused(coding, body, reason, size):
    with pytest.raises(CodingError) as caught:
        list(decoded(pieces(body, size), coding))
    assert str(caught.value) == reason


def test_a_bomb_is_unpacked_in_small_steps():
    body = decoded([bomb()], "gzip")
    tracemalloc.start()
    assert max(len(next(body)) for _ in range(20)) == STEP
    assert tracemalloc.get_traced_memory()[1] < 8 * STEP
    tracemalloc.stop()
