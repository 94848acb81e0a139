from dataclasses import replace

import pytest
from packaging.version import Version

from safeinstall.facts.artifact import Artifact, ArtifactKind, Source, SourceKind
from safeinstall.sources.files.metadata_cache import MetadataCache

ARTIFACT = Artifact(
    name="a",
    version=Version("1.0"),
    filename="a-1.0-py3-none-any.whl",
    url="https://files.example/a-1.0-py3-none-any.whl",
    kind=ArtifactKind.WHEEL,
    source=Source(kind=SourceKind.INDEX, url="https://i.example/simple/", name="acme"),
    hashes={"sha256": "ab" * 32},
)


@pytest.fixture
def cache(tmp_path):
    return MetadataCache(tmp_path / "cache")


def kept(cache):
    return [path for path in cache._folder.rglob("*") if path.is_file()]


def test_keeps_what_it_is_given(cache):
    assert cache.get(ARTIFACT) is None
    cache.put(ARTIFACT, b"one\ntwo\n")
    assert cache.get(ARTIFACT) == b"one\ntwo\n"
    assert len(kept(cache)) == 1


def test_a_file_without_a_published_hash_is_not_kept(cache):
    unhashed = replace(ARTIFACT, hashes={})
    cache.put(unhashed, b"x")
    assert cache.get(unhashed) is None
    assert kept(cache) == []


@pytest.mark.parametrize(
    "change",
    [
        {"hashes": {"sha256": "cd" * 32}},
        {"url": "https://evil.example/a-1.0-py3-none-any.whl"},
        {"core_metadata": {"sha256": "ef" * 32}},
    ],
)
def test_nobody_can_plant_metadata_for_a_file_that_another_serves(cache, change):
    cache.put(replace(ARTIFACT, **change), b"planted")
    assert cache.get(ARTIFACT) is None


def test_the_query_of_an_address_does_not_matter(cache):
    cache.put(replace(ARTIFACT, url=f"{ARTIFACT.url}?token=1"), b"x")
    assert cache.get(replace(ARTIFACT, url=f"{ARTIFACT.url}?token=2")) == b"x"


@pytest.mark.parametrize("damage", [lambda data: data[:-1], lambda data: b"", lambda data: data + b"x"])
def test_a_damaged_entry_is_not_used_and_is_replaced(cache, damage):
    cache.put(ARTIFACT, b"metadata")
    (path,) = kept(cache)
    path.write_bytes(damage(path.read_bytes()))
    assert cache.get(ARTIFACT) is None
    cache.put(ARTIFACT, b"metadata")
    assert cache.get(ARTIFACT) == b"metadata"


def test_a_place_that_cannot_be_written_is_passed_by(tmp_path):
    (tmp_path / "file").write_text("in the way")
    cache = MetadataCache(tmp_path / "file")
    cache.put(ARTIFACT, b"x")
    assert cache.get(ARTIFACT) is None
    assert (tmp_path / "file").read_text() == "in the way"


def test_leaves_nothing_behind_when_the_entry_cannot_be_replaced(cache):
    cache.put(ARTIFACT, b"x")
    (path,) = kept(cache)
    path.unlink()
    path.mkdir()
    cache.put(ARTIFACT, b"x")
    assert kept(cache) == []
