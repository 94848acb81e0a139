from __future__ import annotations

import time
from datetime import datetime, timezone

import pytest
from lib.index import LocalIndex, Reply
from lib.wheels import make_wheel

from safeinstall.errors import ProjectNotFoundError
from safeinstall.facts.artifact import Source, SourceKind
from safeinstall.sources.index.index_pages import IndexPages
from safeinstall.sources.index.page_cache import LONGEST, PageCache
from safeinstall.sources.network.http import HttpClient
from safeinstall.sources.network.transport import HttpSettings

UPLOADED = datetime(2024, 1, 2, 3, 4, 5, 678901, tzinfo=timezone.utc)


@pytest.fixture
def index():
    with LocalIndex() as index:
        index.add(
            *make_wheel("a", "1.0"), upload_time=UPLOADED, requires_python=">=3.8", yanked="broken", provenance=b""
        )
        yield index


@pytest.fixture
def read(index, tmp_path):
    """Read the page of ``a`` as a new process would, *after* some seconds."""
    source = Source(kind=SourceKind.INDEX, url=index.url, name="default")

    def read(after=0.0, kind="linux", admit=lambda _: True, name="a"):
        with HttpClient(HttpSettings(proxy="", netrc=False, retries=0)) as client:
            cache = PageCache(tmp_path / "pages", kind, now=time.time() + after)
            return IndexPages(client, cache, admit).read(f"{index.url}{name}/", source)

    return read


def kept_files(tmp_path):
    return [path for path in tmp_path.rglob("*") if path.is_file()]


def test_what_is_kept_is_what_was_parsed(index, read):
    index.max_age = 60
    first = read()
    assert read() == first
    assert first.files[0].provenance == f"{index.root}/integrity/a-1.0-py3-none-any.whl/provenance"
    assert first.first_upload == first.files[0].upload_time == UPLOADED
    assert len(index.requests) == 1


def test_also_of_what_was_left_out(index, read):
    index.max_age = 60
    index.add(*make_wheel("a", "2.0"), upload_time=None)
    first = read(admit=lambda _: False)
    assert read(admit=lambda _: False) == first
    assert [file.filename for file in first.attested_elsewhere.values()] == ["a-1.0-py3-none-any.whl"]
    assert first.left_out == {"1.0": UPLOADED, "2.0": None}
    assert len(index.requests) == 1


def test_a_page_without_validators_or_age_is_fetched_again(index, read):
    assert read() == read()
    assert len(index.requests) == 2


def test_a_page_past_its_age_is_asked_for_by_its_etag(index, read):
    index.max_age, index.etag = 60, True
    first = read()
    assert read(after=61) == first
    assert [request.headers.get("if-none-match") for request in index.requests] == [
        None,
        index.requests[1].headers["if-none-match"],
    ]
    assert read(after=100) == first  # it was confirmed 39 seconds before
    assert len(index.requests) == 2


def test_no_index_decides_how_long_it_is_not_asked(index, read):
    index.max_age = 10**9
    read()
    read(after=LONGEST + 1)
    assert len(index.requests) == 2


def test_a_clock_that_was_set_back_makes_nothing_fresh(index, read):
    index.max_age = 60
    read()
    read(after=-30)
    assert len(index.requests) == 2


def test_a_changed_page_replaces_what_was_kept(index, read):
    index.etag = True
    read()
    index.add(*make_wheel("a", "2.0"))
    assert [file.filename for file in read().files] == ["a-1.0-py3-none-any.whl", "a-2.0-py3-none-any.whl"]
    assert len(read().files) == 2


@pytest.mark.parametrize(
    ("control", "asked"),
    [
        ("max-age=60", 1),
        ('public, Max-Age="60"', 1),
        ("max-age=60, no-cache", 2),
        ("no-store, max-age=60", 2),
        ("max-age=0", 2),
        ("s-maxage=60", 2),
        ("max-age=never", 2),
    ],
)
def test_cache_control(index, read, tmp_path, control, asked):
    ordinary = Reply(headers={"Cache-Control": control})
    index.reply(index.page_path("a"), ordinary, ordinary)
    read()
    read()
    assert len(index.requests) == asked
    assert bool(kept_files(tmp_path)) is ("no-store" not in control)


def test_the_age_that_a_page_arrives_with_counts(index, read):
    ordinary = Reply(headers={"Cache-Control": "max-age=60", "Age": "50"})
    index.reply(index.page_path("a"), ordinary, ordinary)
    read()
    read(after=20)
    assert len(index.requests) == 2


@pytest.mark.parametrize("damage", [b"", b"x", b"0" * 64 + b"\n{}"])
def test_a_damaged_page_is_fetched_again(index, read, tmp_path, damage):
    index.max_age = 60
    first = read()
    (kept,) = kept_files(tmp_path)
    kept.write_bytes(damage)
    assert read() == first
    assert read() == first
    assert len(index.requests) == 2


def test_another_target_has_pages_of_its_own(index, read):
    index.max_age = 60
    assert read(kind="windows", admit=lambda name: False).files == ()
    assert len(read().files) == 1


def test_an_unknown_project_is_not_remembered(index, read, tmp_path):
    with pytest.raises(ProjectNotFoundError):
        read(name="b")
    assert not kept_files(tmp_path)


def test_a_cache_that_cannot_be_written_keeps_nothing(index, read, tmp_path):
    (tmp_path / "pages").write_text("in the way")
    assert len(read().files) == 1


def test_credentials_are_not_written(index, read, tmp_path):
    index.max_age = 60
    source = Source(kind=SourceKind.INDEX, url=index.url.replace("//", "//me:secret@"), name="default")
    with HttpClient(HttpSettings(proxy="", netrc=False, retries=0)) as client:
        IndexPages(client, PageCache(tmp_path, "x"), lambda _: True).read(f"{source.url}a/", source)
    (kept,) = kept_files(tmp_path)
    assert b"secret" not in kept.read_bytes()
    assert kept.stat().st_mode & 0o077 == 0


def test_says_when_the_index_answered_by_its_own_clock(index, read):
    index.max_age = 60
    assert abs((read().answered - datetime.now(timezone.utc)).total_seconds()) < 3600
    assert read().answered is None  # nobody was asked


def test_a_page_is_not_kept_while_the_clocks_disagree(index, read, tmp_path):
    index.max_age = 60
    assert read(after=-90_000) == read(after=-90_000)
    assert len(index.requests) == 2
    assert kept_files(tmp_path) == []
