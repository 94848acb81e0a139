from __future__ import annotations

import hashlib
import os
import threading
from contextlib import contextmanager
from functools import partial

import pytest
from lib.faults import reset, unasked_part
from lib.index import LocalIndex, Reply
from lib.pins import artifact_of

from safeinstall.errors import DiskError, IntegrityError, SourceError, UnsatisfiableError
from safeinstall.facts.artifact import Source, SourceKind
from safeinstall.sources.files.download import ATTEMPTS, Downloader
from safeinstall.sources.files.download_cache import PART_FROM, PARTS, DownloadCache
from safeinstall.sources.network.http import HttpClient, HttpSettings

NAME = "demo-1.0.tar.gz"
DATA = os.urandom(PART_FROM * 2)
HALF = Reply(send=reset)
SHA256 = hashlib.sha256(DATA).hexdigest()


@pytest.fixture
def index():
    with LocalIndex() as running:
        running.add(NAME, DATA)
        yield running


@pytest.fixture
def cache(tmp_path):
    return DownloadCache(tmp_path / "cache")


@pytest.fixture
def client():
    with HttpClient(HttpSettings(retries=0, netrc=False, proxy="")) as opened:
        yield opened


@pytest.fixture
def obtain(index, client, cache, tmp_path):
    """Fetch the file; what broke off is kept as at the end of a run."""

    def obtain(**facts):
        source = Source(kind=SourceKind.INDEX, url=index.url, name="acme")
        artifact = artifact_of(NAME, DATA, **{"url": index.file_url(NAME), "source": source, **facts})
        downloader = Downloader(client, cache, lambda _: None, threading.Event())
        path = tmp_path / "file"
        path.unlink(missing_ok=True)
        try:
            return downloader.obtain(artifact, path).sha256
        except SourceError:
            downloader.keep(artifact, path)
            raise

    return obtain


def ranges(index):
    """What each request asked for."""
    return [request.headers.get("range", "") for request in index.requests]


def break_off(index, obtain, times=ATTEMPTS):
    """Let a whole run fail, at different places. On a busy machine a reset overtakes all that was sent, now and then."""
    index.reply(
        index.file_path(NAME), *[Reply(send=partial(reset, after=0.6))] * 4, Reply(send=partial(reset, after=0))
    )
    with pytest.raises(SourceError):
        obtain()
    index.forget()


def test_goes_on_where_the_connection_broke(index, obtain):
    index.reply(index.file_path(NAME), HALF, HALF, None)
    assert obtain() == SHA256
    first, second, third = ranges(index)
    assert first == ""
    assert 0 < int(second.removeprefix("bytes=")[:-1]) < int(third.removeprefix("bytes=")[:-1]) < len(DATA)


def test_asks_for_the_rest_of_the_same_state_only(index, obtain):
    index.etag = True
    index.reply(index.file_path(NAME), HALF, None)
    assert obtain() == SHA256
    assert index.requests[1].headers["if-range"].startswith('"')


def test_a_state_that_changed_is_taken_whole(index, obtain):
    index.reply(index.file_path(NAME), Reply(send=reset, headers={"ETag": '"old"'}), None)
    assert obtain() == SHA256
    assert index.requests[1].headers["if-range"] == '"old"'


def test_nothing_to_tell_a_state_by_begins_anew(index, obtain):
    index.reply(index.file_path(NAME), Reply(send=reset, headers={"ETag": 'W/"weak"'}), None)
    assert obtain(hashes={}) == SHA256
    assert ranges(index) == ["", ""]


def test_a_server_without_ranges(index, obtain):
    index.ranges = False
    index.reply(index.file_path(NAME), HALF, None)
    assert obtain() == SHA256


@pytest.mark.parametrize(
    "answer",
    [
        Reply(status=206, headers={"Content-Range": f"bytes 7-{len(DATA) - 1}/{len(DATA)}"}, body=DATA[7:]),
        Reply(status=206, headers={"Content-Range": "nonsense"}, body=DATA),
        Reply(status=416, body=b""),
    ],
    ids=["another part", "nonsense", "416"],
)
def test_another_part_than_was_asked_for_is_not_used(index, obtain, answer):
    index.reply(index.file_path(NAME), HALF, answer, None)
    assert obtain() == SHA256
    assert [wanted[:6] for wanted in ranges(index)] == ["", "bytes=", ""]


def test_a_part_nobody_asked_for(index, obtain):
    index.reply(index.file_path(NAME), Reply(send=unasked_part))
    with pytest.raises(SourceError) as caught:
        obtain(hashes={}, size=None)
    assert caught.value.message == f"{index.file_url(NAME)} answered with a part that was not asked for"


def test_a_rest_of_another_file_is_found_and_the_whole_is_asked_for(index, obtain):
    """The hash is of all that is here, whenever it came."""
    broken = Reply(status=200, body=b"x" * len(DATA), send=reset)
    index.reply(index.file_path(NAME), broken, None)
    assert obtain() == SHA256
    assert [wanted[:6] for wanted in ranges(index)] == ["", "bytes=", ""]


def test_a_lie_stays_a_lie(index, obtain):
    index.reply(index.file_path(NAME), Reply(body=b"x" * len(DATA), send=reset), Reply(body=b"x" * len(DATA)))
    with pytest.raises(IntegrityError):
        obtain()
    assert len(index.requests) == 3


def test_attempts_are_bounded(index, obtain):
    index.reply(index.file_path(NAME), HALF)
    with pytest.raises(SourceError):
        obtain()
    assert len(index.requests) == ATTEMPTS


def test_a_later_run_goes_on(index, obtain, cache):
    break_off(index, obtain)
    kept = cache.find_part(SHA256).stat().st_size
    assert kept >= PART_FROM
    assert obtain() == SHA256
    assert ranges(index) == [f"bytes={kept}-"]
    assert cache.find_part(SHA256) is None
    assert cache.find(SHA256).read_bytes() == DATA


@pytest.mark.parametrize("damage", [b"x" * PART_FROM, b"", DATA + b"more"], ids=["other bytes", "nothing", "too much"])
def test_a_damaged_beginning_is_mended(index, obtain, cache, damage):
    break_off(index, obtain)
    cache.find_part(SHA256).write_bytes(damage)
    assert obtain() == SHA256
    assert cache.find_part(SHA256) is None


def test_a_beginning_that_is_a_link_is_not_lent(index, obtain, cache, tmp_path):
    break_off(index, obtain)
    (tmp_path / "secret").write_bytes(b"x" * PART_FROM)
    cache.find_part(SHA256).unlink()
    (cache.directory / "parts" / SHA256).symlink_to(tmp_path / "secret")
    assert obtain() == SHA256
    assert (tmp_path / "secret").read_bytes() == b"x" * PART_FROM


def test_what_would_save_little_is_not_kept(tmp_path, cache):
    small = tmp_path / "small"
    small.write_bytes(b"x" * (PART_FROM - 1))
    cache.keep_part(SHA256, small)
    assert cache.find_part(SHA256) is None


def test_few_beginnings_are_kept(tmp_path, cache):
    path = tmp_path / "part"
    path.write_bytes(b"x" * PART_FROM)
    names = [hashlib.sha256(bytes([n])).hexdigest() for n in range(PARTS + 2)]
    for when, name in enumerate(names):
        cache.keep_part(name, path)
        os.utime(cache.find_part(name), (when, when))
    cache.keep_part(SHA256, path)
    assert sorted(part.name for part in (cache.directory / "parts").iterdir()) == sorted([*names[-PARTS + 1 :], SHA256])


def test_what_a_link_in_the_cache_leads_to_is_not_removed(tmp_path):
    cache, path, home = DownloadCache(tmp_path / "cache"), tmp_path / "part", tmp_path / "home"
    path.write_bytes(bytes(PART_FROM))
    home.mkdir()
    cache.directory.mkdir()
    (cache.directory / "parts").symlink_to(home)
    precious = [home / f"{number}.txt" for number in range(PARTS + 1)]
    for each in precious:
        each.write_text("precious")
    cache.keep_part(SHA256, path)
    assert sorted(home.iterdir()) == precious


def test_a_place_that_cannot_be_written_is_told(index, client, tmp_path):
    source = Source(kind=SourceKind.INDEX, url=index.url, name="acme")
    downloader = Downloader(client, None, lambda _: None, threading.Event())
    with pytest.raises(DiskError) as caught:
        downloader.obtain(artifact_of(NAME, DATA, url=index.file_url(NAME), source=source), tmp_path / "no" / "file")
    assert caught.value.message == f"{NAME} cannot be written: No such file or directory"
    assert caught.value.hint == "make room where temporary files go, or name another place with TMPDIR"


def test_nothing_is_read_of_a_body_that_is_announced_as_larger_than_the_page_says(index, obtain, tmp_path):
    index.reply(index.file_path(NAME), Reply(body=DATA * 2))
    with pytest.raises(IntegrityError) as caught:
        obtain()
    assert caught.value.message == f"{NAME} from acme is larger than {len(DATA)} bytes"
    assert (tmp_path / "file").read_bytes() == b""


def test_no_more_is_read_of_an_endless_body_than_the_page_says(index, tmp_path):
    sent = []

    class Endless:
        status, headers = 200, {}

        @property
        def chunks(self):
            while True:
                sent.append(1)
                yield b"x" * 1000

    class Client:
        @contextmanager
        def stream(self, url, *, headers, index_url, accept):
            yield Endless()

    artifact = artifact_of(NAME, DATA, url=index.file_url(NAME), size=10_000)
    with pytest.raises(IntegrityError) as caught:
        Downloader(Client(), None, lambda _: None, threading.Event()).obtain(artifact, tmp_path / "file")
    assert caught.value.message == f"{NAME} from default is larger than 10000 bytes"
    assert len(sent) == 11


WANTED = "sha256:" + "ab" * 32


@pytest.mark.parametrize("sets", [[[WANTED]], [[f"sha256:{SHA256}"], [WANTED]]])
def test_a_file_has_one_hash_of_each_set_that_the_user_allows(index, obtain, cache, sets):
    """And it does not matter to the cache, which goes by what files are."""
    assert obtain() == SHA256
    with pytest.raises(IntegrityError) as caught:
        obtain(user_hashes=tuple(map(frozenset, sets)))
    assert caught.value.message == f"{NAME} from acme has sha256:{SHA256}; you ask for {WANTED}"
    assert cache.find(SHA256).read_bytes() == DATA
    assert len(index.requests) == 1


def test_a_file_without_a_hash_of_the_user_is_not_taken_where_one_is_needed(obtain):
    with pytest.raises(UnsatisfiableError) as caught:
        obtain(lacks_hash=True, hashes={})
    assert caught.value.message.splitlines()[1] == f"    demo==1.0 --hash=sha256:{SHA256}"
