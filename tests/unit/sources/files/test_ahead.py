from __future__ import annotations

from dataclasses import replace

import pytest
from lib.index import LocalIndex, Reply
from lib.pins import artifact_of, pin_of
from lib.shell import wait_until
from lib.wheels import make_sdist, make_wheel

from safeinstall.facts.artifact import Source, SourceKind
from safeinstall.plan.plan import Plan
from safeinstall.sources.files.ahead import LARGEST, DownloadsAhead
from safeinstall.sources.files.fetch import Downloads
from safeinstall.sources.network.http import HttpClient
from safeinstall.sources.network.transport import HttpSettings


@pytest.fixture
def index():
    with LocalIndex() as index:
        yield index


@pytest.fixture
def downloads(tmp_path):
    with (
        HttpClient(HttpSettings(proxy="", netrc=False, retries=0)) as client,
        Downloads(client, tmp_path / "files") as downloads,
    ):
        yield downloads


@pytest.fixture
def ahead(downloads):
    return DownloadsAhead(downloads)


def offer(index, made, **facts):
    index.add(*made)
    source = Source(kind=SourceKind.INDEX, url=index.url, name="default")
    return artifact_of(*made, **{"url": index.file_url(made[0]), "source": source, **facts})


def folder_of(tmp_path):
    return sorted(path.name for path in (tmp_path / "files").rglob("*") if path.is_file())


def test_what_was_started_is_fetched_once_and_what_was_in_vain_is_removed(index, ahead, downloads, tmp_path):
    a, b, c = (offer(index, make_wheel(name, "1.0")) for name in "abc")
    ahead.start(a)
    ahead.start(b)
    wait_until(lambda: len(index.requests) == 2, "download ahead")
    verified = downloads.finish(Plan.of([pin_of(a), pin_of(c)]))
    downloads.settle()
    assert [file.pin.artifact for file in verified.files] == [a, c]
    assert sorted(index.paths()) == sorted(index.file_path(f"{name}-1.0-py3-none-any.whl") for name in "abc")
    assert folder_of(tmp_path) == ["a-1.0-py3-none-any.whl", "c-1.0-py3-none-any.whl"]


def test_one_file_of_a_project_is_guessed(index, ahead, downloads):
    ahead.start(offer(index, make_wheel("a", "2.0")))
    second = offer(index, make_wheel("a", "1.0"))
    ahead.start(second)
    assert len(downloads.finish(Plan.of([pin_of(second)])).files) == 1
    assert len(index.requests) == 2


@pytest.mark.parametrize(
    "facts",
    [{"size": LARGEST + 1}, {"size": None}, {"source": Source(kind=SourceKind.DIRECT, url="", name="direct")}],
)
def test_what_may_be_too_dear_is_not_guessed(index, ahead, downloads, tmp_path, facts):
    ahead.start(offer(index, make_wheel("a", "1.0"), **facts))
    downloads.close()
    assert not (tmp_path / "files").exists()


def test_a_source_distribution_is_not_guessed(index, ahead, downloads, tmp_path):
    ahead.start(offer(index, make_sdist("a", "1.0")))
    downloads.close()
    assert not (tmp_path / "files").exists()


def test_a_wrong_guess_fails_nothing(index, ahead, downloads):
    lost, taken = offer(index, make_wheel("a", "2.0")), offer(index, make_wheel("a", "1.0"))
    index.reply(index.file_path(lost.filename), Reply(status=500))
    ahead.start(replace(lost, hashes={"sha256": "0" * 64}))
    assert len(downloads.finish(Plan.of([pin_of(taken)])).files) == 1


def test_closing_stops_and_removes_everything(index, ahead, downloads, tmp_path):
    index.delay = 5
    ahead.start(offer(index, make_wheel("a", "1.0")))
    downloads.close()
    ahead.start(offer(index, make_wheel("b", "1.0")))
    assert not (tmp_path / "files").exists()
