"""What can go wrong between an index and us: replies for :class:`lib.index.LocalIndex`, by name.

A program of faults for a path is a list of them: ``index.reply(path, FAULTS["reset in the middle"], None)`` breaks the
first answer and gives the second.
"""

from __future__ import annotations

import gzip
import os
import socket
import struct
import time
from contextlib import suppress
from dataclasses import replace
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING

from lib.index import JSON_TYPE, Reply

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lib.index import Exchange

LOGIN = b"<html><title>Sign in</title><form action=/login><input name=user></form></html>"
HTML = {"Content-Type": "text/html"}


def head(exchange: Exchange, **changed: str | None) -> bytes:
    """Return the status line and the headers; *changed* ones are replaced, or left out."""
    headers = {"Content-Length": str(len(exchange.body)), **exchange.headers}
    headers |= {name.replace("_", "-"): value for name, value in changed.items()}
    lines = [f"HTTP/1.1 {exchange.status} {HTTPStatus(exchange.status).phrase}"]
    lines += [f"{name}: {value}" for name, value in headers.items() if value is not None]
    return "\r\n".join([*lines, "", ""]).encode()


def reset(exchange: Exchange, *, after: float = 0.5) -> None:
    """Send that part of the body, and then a reset."""
    exchange.connection.sendall(head(exchange) + exchange.body[: int(len(exchange.body) * after)])
    time.sleep(0.01)  # a reset overtakes what has not been read
    exchange.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    os.close(exchange.connection.detach())


def hang_up(exchange: Exchange) -> None:
    """Close the connection without a word."""
    exchange.connection.shutdown(socket.SHUT_RDWR)


def babble(exchange: Exchange) -> None:
    """Answer in another protocol."""
    exchange.connection.sendall(b"220 mail.example ESMTP\r\n")


def wrong_length(exchange: Exchange, *, by: int) -> None:
    """Announce another length than is sent."""
    exchange.connection.sendall(head(exchange, Content_Length=str(len(exchange.body) + by)) + exchange.body)


def two_lengths(exchange: Exchange) -> None:
    """Announce two different lengths."""
    exchange.connection.sendall(head(exchange, X="y\r\nContent-Length: 1") + exchange.body)


def chunked_and_cut(exchange: Exchange) -> None:
    """Send the body in chunks, and no last one."""
    size = f"{len(exchange.body):x}\r\n".encode()
    exchange.connection.sendall(head(exchange, Content_Length=None, Transfer_Encoding="chunked") + size + exchange.body)


def endless(exchange: Exchange) -> None:
    """Send the body, and then more for as long as anybody reads."""
    with suppress(OSError):
        exchange.connection.sendall(head(exchange, Content_Length=None, Connection="close") + exchange.body)
        while True:
            exchange.connection.sendall(b" " * 65536)


def provisional(exchange: Exchange) -> None:
    """Announce an answer, again and again."""
    with suppress(OSError):
        while True:
            exchange.connection.sendall(b"HTTP/1.1 103 Early Hints\r\n\r\n" * 100)


def long_head(exchange: Exchange) -> None:
    """Send headers for as long as anybody reads."""
    with suppress(OSError):
        exchange.connection.sendall(b"HTTP/1.1 200 OK\r\n")
        while True:
            exchange.connection.sendall(b"X-Filler: " + b"x" * 4000 + b"\r\n")


def stall(exchange: Exchange, *, after: float = 0.5, seconds: float = 30) -> None:
    """Send that part of the body, and then nothing."""
    with suppress(OSError):
        exchange.connection.sendall(head(exchange) + exchange.body[: int(len(exchange.body) * after)])
        time.sleep(seconds)


def dribble(exchange: Exchange, *, pause: float, in_head: bool = False) -> None:
    """Send one byte at a time."""
    text = head(exchange) + exchange.body
    told = 0 if in_head else len(head(exchange))
    with suppress(OSError):
        exchange.connection.sendall(text[:told])
        for place in range(told, len(text)):
            time.sleep(pause)
            exchange.connection.sendall(text[place : place + 1])


def encoded(exchange: Exchange, *, coding: str, body: bytes) -> None:
    """Send *body* as being encoded."""
    told = head(exchange, Content_Encoding=coding, Content_Length=str(len(body)))
    with suppress(OSError):
        exchange.connection.sendall(told + body)


def cut_gzip(exchange: Exchange) -> None:
    """Send a gzip file without its end, and its length as if that were all."""
    encoded(exchange, coding="gzip", body=gzip.compress(exchange.body)[:-12])


def bomb() -> bytes:
    """Return what unpacks to 300 MB."""
    return gzip.compress(b" " * (1 << 20)) * 300


def unasked_part(exchange: Exchange) -> None:
    """Answer with a part, and say so."""
    part = replace(exchange, status=206, body=exchange.body[:20])
    part.connection.sendall(head(part, Content_Range=f"bytes 0-19/{len(exchange.body)}") + part.body)


def redirect_to(url: str, status: int = 302) -> Reply:
    """Send elsewhere."""
    return Reply(status=status, headers={"Location": url}, body=b"")


def _faults() -> Iterator[tuple[str, Reply]]:
    for status in (500, 502, 503, 504, 403, 451):
        yield f"{status}", Reply(status=status)
    yield "429 and no time", Reply(status=429)
    yield "429 for an hour", Reply(status=429, headers={"Retry-After": "3600"})
    yield "503 until another century", Reply(status=503, headers={"Retry-After": "Fri, 31 Dec 2199 23:59:59 GMT"})
    yield "429 until an impossible day", Reply(status=429, headers={"Retry-After": "Mon, 01 Jan 0001 00:00:00 +2359"})
    yield "hang up", Reply(send=hang_up)
    yield "another protocol", Reply(send=babble)
    yield "reset at once", Reply(send=partial(reset, after=0))
    yield "reset in the middle", Reply(send=reset)
    yield "cut off", Reply(truncate=20)
    yield "longer than it is", Reply(send=partial(wrong_length, by=1))
    yield "shorter than it is", Reply(send=partial(wrong_length, by=-1))
    yield "two lengths", Reply(send=two_lengths)
    yield "no last chunk", Reply(send=chunked_and_cut)
    yield "endless", Reply(send=endless)
    yield "endless head", Reply(send=long_head)
    yield "endless promises", Reply(send=provisional)
    yield "no gzip", Reply(send=partial(encoded, coding="gzip", body=b"plain text"))
    yield "cut gzip", Reply(send=cut_gzip)
    yield "a bomb", Reply(send=partial(encoded, coding="gzip", body=bomb()))
    yield "a bomb in a bomb", Reply(send=partial(encoded, coding="gzip, gzip", body=gzip.compress(bomb())))
    yield "a coding nobody asked for", Reply(send=partial(encoded, coding="br", body=b"\x0b\x02\x80abc\x03"))
    yield "no deflate", Reply(send=partial(encoded, coding="deflate", body=b"\xff" * 40))
    yield "a login page", Reply(body=LOGIN, headers=HTML)
    yield "an empty page", Reply(body=b"", headers=HTML)
    yield "an empty answer", Reply(body=b"", headers={"Content-Type": JSON_TYPE})
    yield "204", Reply(status=204, body=b"")
    yield "a redirect to nowhere", Reply(status=302, body=b"")
    yield "a redirect to a file", redirect_to("file:///etc/passwd")
    yield "a redirect to plain HTTP", redirect_to("http://index.example/")
    yield "a part nobody asked for", Reply(send=unasked_part)
    yield "304 to nothing asked", Reply(status=304, body=b"")


FAULTS: dict[str, Reply] = dict(_faults())
"""Faults that show at once; those that take their time are the functions above."""
