from __future__ import annotations

import base64
import hashlib

import pytest
from lib.wheels import record

from safeinstall.errors import IntegrityError
from safeinstall.sources.archives.wheel_record import check_record, read_record, write_record

NAME = "demo-1.0-py3-none-any.whl"
INFO = "demo-1.0.dist-info"
MEMBERS = {"demo.py": b"print()", "empty.py": b""}


def digest(algorithm: str, data: bytes) -> str:
    return f"{algorithm}={base64.urlsafe_b64encode(hashlib.new(algorithm, data).digest()).rstrip(b'=').decode()}"


def check(text: str, members: dict[str, bytes] | None = None) -> None:
    """Hold *members* to a RECORD of this text."""
    members = MEMBERS if members is None else members
    visitor = check_record(NAME, read_record(NAME, text.encode()), [*members, f"{INFO}/RECORD"], INFO)
    for name, data in {**members, f"{INFO}/RECORD": text.encode()}.items():
        visitor.begin(name)
        for byte in data:
            visitor.feed(bytes([byte]))
        visitor.end()


def refused(text: str, members: dict[str, bytes] | None = None) -> str:
    with pytest.raises(IntegrityError) as caught:
        check(text, members)
    return caught.value.message.removeprefix(f"{NAME} ")


RIGHT = record(MEMBERS, f"{INFO}/RECORD").decode()


def test_what_is_written_is_what_is_read():
    assert write_record(MEMBERS, f"{INFO}/RECORD").decode() == RIGHT
    check(RIGHT)


@pytest.mark.parametrize(
    "algorithm", ["sha256", "sha384", "sha512", "sha3_256", "sha3_384", "sha3_512", "blake2b", "blake2s"]
)
def test_hashes_that_are_strong_enough(algorithm):
    rows = "".join(f"{name},{digest(algorithm, data)},\n" for name, data in MEMBERS.items())
    check(rows)
    other = rows.replace(digest(algorithm, b""), digest(algorithm, b"x"))
    assert refused(other) == (
        f"holds 'empty.py' with the hash {digest(algorithm, b'')}, but its RECORD says {digest(algorithm, b'x')}"
    )


@pytest.mark.parametrize("algorithm", ["md5", "sha1", "sha224", "sha3_224"])
def test_hashes_that_are_too_weak(algorithm):
    text = RIGHT.replace(digest("sha256", b""), digest(algorithm, b""))
    assert refused(text) == (
        f"has a RECORD with the hash '{digest(algorithm, b'')}', which is none that a wheel may rely on, of 'empty.py'"
    )


@pytest.mark.parametrize("hash_", ["SHA256=abc", "shake_128=abc", "crc=abc", "abc", "=abc"])
def test_hashes_that_nobody_knows(hash_):
    text = RIGHT.replace(digest("sha256", b""), hash_)
    assert refused(text).startswith(f"has a RECORD with the hash '{hash_}', which is none that a wheel may rely on")


@pytest.mark.parametrize("spell", [lambda d: f"{d}=", lambda d: d.replace("_", "/"), lambda d: f"{d} ", lambda _: ""])
def test_hashes_that_are_spelled_otherwise(spell):
    value = digest("sha256", b"").partition("=")[2]
    assert "_" in value or "-" in value
    text = RIGHT.replace(value, spell(value.replace("-", "_")))
    assert refused(text).endswith("which is not urlsafe Base64 without padding, of 'empty.py'")


def test_a_hash_in_hexadecimal():
    found, said = digest("sha256", b""), f"sha256={hashlib.sha256(b'').hexdigest()}"
    assert refused(RIGHT.replace(found, said)) == (
        f"holds 'empty.py' with the hash {found}, but its RECORD says {said}"
    )


def test_no_hash():
    assert refused(RIGHT.replace(digest("sha256", b""), "")) == "has a RECORD with no hash of 'empty.py'"


@pytest.mark.parametrize("size", ["1", "00", "-0", " 0", "x"])
def test_another_size(size):
    assert refused(RIGHT.replace(",0\n", f",{size}\n")) == f"holds 'empty.py' of 0 bytes, but its RECORD says '{size}'"


def test_a_size_may_be_left_out():
    check(RIGHT.replace(",0\n", ",\n"))


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("\n", "has a RECORD whose row 4 has 0 fields instead of three"),
        ("x\n", "has a RECORD whose row 4 has 1 fields instead of three"),
        ("x,,,\n", "has a RECORD whose row 4 has 4 fields instead of three"),
        (f"demo.py,{digest('sha256', b'print()')},7\n", "lists 'demo.py' twice in its RECORD"),
        (f"{INFO}/RECORD,,\n", f"lists '{INFO}/RECORD' twice in its RECORD"),
        ("gone.py,,\n", "does not hold 'gone.py', which its RECORD lists"),
    ],
)
def test_rows_that_must_not_be_there(row, reason):
    assert refused(RIGHT + row) == reason


def test_a_member_without_a_row():
    assert refused(RIGHT, {**MEMBERS, "more.py": b""}) == "holds 'more.py', which its RECORD does not list"


@pytest.mark.parametrize("signature", ["RECORD.jws", "RECORD.p7s"])
def test_a_signature_comes_later(signature):
    check(RIGHT, {**MEMBERS, f"{INFO}/{signature}": b"{}"})
    check(RIGHT + f"{INFO}/{signature},,\n")
    assert "does not list" in refused(RIGHT, {**MEMBERS, signature: b"{}"})
