import io
import re
import zipfile

import pytest
from lib.wheels import make_wheel, zip_archive

from safeinstall.errors import MetadataInvalidError
from safeinstall.sources.files.wheel_metadata import TAIL, NoRangesError, RemoteFile, read_wheel_metadata

METADATA = b"Metadata-Version: 2.1\nName: a\nVersion: 1.0\n"
NOISE = bytes(range(256)) * 1024


class Server:
    """Answers range requests for one file, and counts them."""

    def __init__(self, data):
        self.data = data
        self.asked = []

    def fetch(self, wanted):
        self.asked.append(wanted)
        first, last = re.fullmatch(r"bytes=(\d*)-(\d+)", wanted).groups()
        start = int(first) if first else max(0, len(self.data) - int(last))
        end = int(last) + 1 if first else len(self.data)
        return {"content-range": f"bytes {start}-{end - 1}/{len(self.data)}"}, self.data[start:end]

    def read(self, *, size=None):
        return read_wheel_metadata(RemoteFile(self.fetch, size), "a-1.0-py3-none-any.whl", "a")


def stored(*members):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, data in members:
            archive.writestr(name, data)
    return buffer.getvalue()


def refusal(data):
    with pytest.raises(MetadataInvalidError) as caught:
        read_wheel_metadata(io.BytesIO(data), "a-1.0-py3-none-any.whl", "a")
    return caught.value.message


def test_reads_a_wheel_on_disk():
    _, data = make_wheel("a", "1.0", ["b"])
    assert b"Requires-Dist: b" in read_wheel_metadata(io.BytesIO(data), "a-1.0-py3-none-any.whl", "a")


def test_one_request_is_enough_for_metadata_near_the_end():
    server = Server(stored(("a/noise", NOISE), ("a-1.0.dist-info/METADATA", METADATA)))
    assert server.read() == METADATA
    assert server.asked == [f"bytes=-{TAIL}"]


def test_asks_for_the_tail_by_position_when_the_size_is_known():
    server = Server(stored(("a/noise", NOISE), ("a-1.0.dist-info/METADATA", METADATA)))
    assert server.read(size=len(server.data)) == METADATA
    assert server.asked == [f"bytes={len(server.data) - TAIL}-{len(server.data) - 1}"]


def test_a_wrong_size_does_no_harm():
    server = Server(stored(("a/noise", NOISE), ("a-1.0.dist-info/METADATA", METADATA)))
    assert server.read(size=len(server.data) - 100) == METADATA


def test_metadata_at_the_beginning_costs_a_second_request():
    server = Server(stored(("a-1.0.dist-info/METADATA", METADATA), ("a/noise", NOISE)))
    assert server.read() == METADATA
    assert len(server.asked) == 2


def test_a_long_directory_costs_another_request():
    members = [(f"a/{'x' * 200}{number}", b"") for number in range(1000)]
    server = Server(stored(("a-1.0.dist-info/METADATA", METADATA), *members))
    assert server.read() == METADATA
    assert len(server.asked) == 3


def test_a_small_file_is_read_whole():
    server = Server(stored(("a-1.0.dist-info/METADATA", METADATA)))
    assert server.read() == METADATA
    assert len(server.asked) == 1


def test_a_remote_file_reads_as_a_file():
    data = bytes(range(256)) * 1000
    file = RemoteFile(Server(data).fetch, None)
    assert (file.seekable(), file.readable(), file.tell()) == (True, True, 0)
    assert file.read(3) == data[:3]
    assert file.seek(10, io.SEEK_CUR) == 13
    assert file.read(2) == data[13:15]
    assert file.seek(-4, io.SEEK_END) == len(data) - 4
    assert file.read() == data[-4:]
    assert file.read(1) == b""
    with pytest.raises(ValueError, match="negative position"):
        file.seek(-1)


@pytest.mark.parametrize(
    ("headers", "data"),
    [
        ({}, b"abc"),
        ({"content-range": "bytes */10"}, b"abc"),
        ({"content-range": "bytes 0-2/3"}, b"abcd"),
        ({"content-range": "bytes 0-2/2"}, b"abc"),
    ],
)
def test_an_answer_that_contradicts_itself_is_no_range(headers, data):
    with pytest.raises(NoRangesError):
        RemoteFile(lambda wanted: (headers, data), None)


def test_a_file_that_changes_between_requests_is_not_put_together():
    server = Server(stored(("a-1.0.dist-info/METADATA", METADATA), ("a/noise", NOISE)))
    file = RemoteFile(server.fetch, None)
    server.data = server.data + b"more"
    with pytest.raises(NoRangesError):
        file.read(10)


def test_another_range_than_the_one_asked_for_is_not_taken():
    server = Server(NOISE)
    answers = iter([server.fetch(f"bytes=-{TAIL}"), server.fetch("bytes=50-59")])
    file = RemoteFile(lambda wanted: next(answers), None)
    with pytest.raises(NoRangesError):
        file.read(10)


@pytest.mark.parametrize(
    ("members", "reason"),
    [
        ([("a/x", b"")], "holds 0 .dist-info directories instead of one"),
        (
            [("a-1.0.dist-info/METADATA", b""), ("b-1.0.dist-info/METADATA", b"")],
            "holds 2 .dist-info directories instead of one",
        ),
        ([("b-1.0.dist-info/METADATA", b"")], "holds 'b-1.0.dist-info', which is of another name"),
        ([("a-1.0.dist-info/WHEEL", b"")], "holds 0 METADATA files instead of one"),
        ([("a/a-1.0.dist-info/METADATA", b"")], "holds 0 .dist-info directories instead of one"),
    ],
)
def test_only_the_projects_own_metadata_counts(members, reason):
    assert refusal(zip_archive(members)) == f"a-1.0-py3-none-any.whl {reason}"


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_two_metadata_files_are_none():
    data = stored(("a-1.0.dist-info/METADATA", b"one"), ("a-1.0.dist-info/METADATA", b"two"))
    assert refusal(data) == "a-1.0-py3-none-any.whl holds 2 METADATA files instead of one"


def test_a_directory_name_is_compared_as_a_project_name():
    data = stored(("Foo.Bar-1.0.dist-info/METADATA", METADATA))
    assert read_wheel_metadata(io.BytesIO(data), "foo_bar-1.0-py3-none-any.whl", "foo-bar") == METADATA


@pytest.mark.parametrize("data", [b"", b"no zip", make_wheel("a", "1.0")[1][:-10]])
def test_what_is_no_zip_is_told(data):
    assert refusal(data) == "a-1.0-py3-none-any.whl cannot be read as a wheel"


def test_a_damaged_member_is_told():
    data = bytearray(stored(("a-1.0.dist-info/METADATA", METADATA)))
    data[data.index(b"Metadata")] ^= 1
    assert refusal(bytes(data)) == "a-1.0-py3-none-any.whl cannot be read as a wheel"


def test_a_bomb_is_not_unpacked(monkeypatch):
    monkeypatch.setattr("safeinstall.sources.files.wheel_metadata.METADATA_LIMIT", 10)
    data = stored(("a-1.0.dist-info/METADATA", METADATA))
    assert refusal(data) == "a-1.0-py3-none-any.whl holds a METADATA of more than 10 bytes"
