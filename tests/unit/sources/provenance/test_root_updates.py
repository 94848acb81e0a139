"""A trusted root is brought up to date by TUF alone: whoever serves it can neither forge it, nor hold it back."""

from __future__ import annotations

import hashlib
from datetime import timedelta

import pytest
from lib import sigstore
from lib.tuf_repository import TufRepository
from securesystemslib.signer import CryptoSigner

from safeinstall.errors import DiskError, SourceError
from safeinstall.sources.network.http import HttpClient, HttpSettings
from safeinstall.sources.provenance.root_updates import fetch_root

ROOT = sigstore.trusted_root()
OTHER = sigstore.Sigstore().trusted_root()


@pytest.fixture
def repository():
    with TufRepository() as repository:
        yield repository


@pytest.fixture
def fetch(repository, tmp_path):
    def run(**changed):
        with HttpClient(HttpSettings(retries=0)) as client:
            return fetch_root(
                client,
                changed.get("url", repository.url),
                changed.get("first", repository.first),
                changed.get("directory", tmp_path / "state"),
            )

    return run


@pytest.fixture
def refused(fetch, repository):
    def run(**changed):
        with pytest.raises(SourceError) as caught:
            fetch(**changed)
        assert caught.value.hint == "try again, or name a mirror with --url; what was here before stays in use"
        url = changed.get("url", repository.url)
        begins = f"the trusted root could not be brought up to date from {url}: "
        assert caught.value.message.startswith(begins)
        return caught.value.message.removeprefix(begins)

    return run


def test_what_the_repository_has_signed_is_fetched_again_and_again(repository, fetch):
    repository.offer_root(ROOT)
    assert fetch() == ROOT
    assert fetch(url=f"{repository.url}/") == ROOT
    repository.offer_root(OTHER)
    assert fetch() == OTHER


def test_keys_that_the_old_ones_vouch_for(repository, fetch):
    first = repository.first
    repository.rotate()
    repository.rotate()
    repository.offer_root(ROOT)
    assert fetch(first=first) == ROOT


def test_another_key(repository, refused):
    repository.offer_root(ROOT, signer=CryptoSigner.generate_ed25519())
    assert refused() == "timestamp was signed by 0/1 keys"


def test_another_repository(repository, refused):
    repository.offer_root(ROOT)
    with TufRepository() as other:
        assert refused(first=other.first) == "timestamp was signed by 0/1 keys"


def test_other_bytes_than_signed(repository, refused):
    repository.offer_root(ROOT, served=OTHER[: len(ROOT)].ljust(len(ROOT)))
    assert (
        refused()
        == (
            f"Observed hash {hashlib.sha256(OTHER[: len(ROOT)].ljust(len(ROOT))).hexdigest()} does not match "
            f"expected hash {hashlib.sha256(ROOT).hexdigest()}"[:200]
        )
    )


def test_lists_that_are_no_longer_good(repository, refused):
    repository.offer_root(ROOT, good_for=-timedelta(days=1))
    assert refused() == "timestamp.json is expired"


def test_lists_from_before_what_was_seen_last(repository, fetch, refused):
    repository.offer_root(ROOT, version=5)
    fetch()
    repository.offer_root(OTHER, version=4)
    assert refused() == "New timestamp version 4 must be >= 5"


def test_a_signed_file_that_is_no_trusted_root(repository, refused):
    repository.offer_root(b"{}")
    assert refused().startswith("it is no trusted root: ")


def test_a_repository_without_a_trusted_root(repository, refused):
    repository.offer_root(ROOT, name="other.json")
    assert refused() == "it has no trusted_root.json"


def test_a_trusted_root_that_is_too_large(repository, refused):
    repository.offer_root(ROOT + b" " * (1 << 20))
    assert refused() == "its trusted_root.json has more than 1048576 bytes"


def test_a_repository_that_does_not_answer(refused):
    assert refused(url="http://127.0.0.1:1") == (
        "cannot read http://127.0.0.1:1/2.root.json: no connection: [Errno 111] Connection refused"
    )


def test_what_was_seen_last_is_not_believed_where_somebody_has_changed_it(repository, fetch, tmp_path):
    repository.offer_root(ROOT)
    fetch()
    files = [path for path in (tmp_path / "state").rglob("*.json") if not path.is_symlink()]
    assert len(files) == 4
    for file in files:
        file.write_bytes(b"{}")
    assert fetch() == ROOT


def test_an_empty_repository(repository, refused):
    assert refused() == f"{repository.url}/timestamp.json is not there (HTTP 404)"


def test_a_first_root_that_is_none(repository, refused):
    repository.offer_root(ROOT)
    assert refused(first=b"{}") == "Failed to deserialize JSON"


def test_plain_http_to_another_machine(refused):
    assert "http://tuf.example" in refused(url="http://tuf.example")


def test_where_nothing_can_be_written(repository, fetch, tmp_path):
    repository.offer_root(ROOT)
    (tmp_path / "state").write_text("a file")
    with pytest.raises(DiskError):
        fetch()
