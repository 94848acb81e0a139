"""Which trusted root there is to prove with, of when it is, and when there is none."""

from __future__ import annotations

import hashlib
import shutil
import stat
import subprocess
import sys
from datetime import datetime, timedelta, timezone
from importlib.resources import files

import pytest
from lib import sigstore

from safeinstall.facts.terms import Digest
from safeinstall.facts.values import Missing
from safeinstall.policy.model import ProvenanceSettings
from safeinstall.sources.provenance.extra import INSTALL
from safeinstall.sources.provenance.roots import TrustedRoot, bootstrap, keep_root, trusted_root

PUBLIC = files("sigstore._store") / "https%3A%2F%2Ftuf-repo-cdn.sigstore.dev"
SHIPPED = PUBLIC.joinpath("trusted_root.json").read_bytes()
SETTINGS = ProvenanceSettings()
UPDATE = "bring it up to date: safe-pip provenance update-root"
CORRECT = "correct `root` and `root-sha256` under [provenance]"


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.delenv("XDG_STATE_HOME", raising=False)


@pytest.fixture
def shipped(tmp_path):
    """The root that comes with the library, as of a time when it is young."""
    found = trusted_root(ProvenanceSettings(max_root_age=timedelta(days=9999)), tmp_path / "none", NOW)
    assert isinstance(found, TrustedRoot)
    return found


NOW = datetime.now(timezone.utc)
"""Of the library that is installed: what it ships was signed before now."""


def named(path, sha256):
    return ProvenanceSettings(root=str(path), root_sha256=Digest(sha256))


def test_the_public_root_comes_with_the_library(shipped):
    assert (shipped.raw, shipped.origin) == (SHIPPED, "that comes with sigstore")
    assert shipped.sha256 == hashlib.sha256(SHIPPED).hexdigest()
    assert datetime(2026, 1, 1, tzinfo=timezone.utc) < shipped.dated < NOW


def test_it_is_good_for_as_long_as_the_policy_says(shipped, tmp_path):
    last = shipped.dated + timedelta(days=365)
    assert trusted_root(SETTINGS, tmp_path, last) == shipped
    said = "the trusted root that comes with sigstore is 365 days old, and the policy allows 365 days"
    assert trusted_root(SETTINGS, tmp_path, last + timedelta(hours=1)) == Missing(said, UPDATE)
    strict = ProvenanceSettings(max_root_age=timedelta(days=1))
    said = "the trusted root that comes with sigstore is 31 days old, and the policy allows 1 day"
    assert trusted_root(strict, tmp_path, shipped.dated + timedelta(days=31)) == Missing(said, UPDATE)


def test_what_was_updated_takes_its_place_while_it_is_newer(shipped, tmp_path):
    older, newer = shipped.dated - timedelta(days=1), shipped.dated + timedelta(days=300)
    raw = sigstore.trusted_root()
    keep_root(raw, tmp_path / "provenance", dated=older)
    assert trusted_root(SETTINGS, tmp_path / "provenance", newer) == shipped
    kept = keep_root(raw, tmp_path / "provenance", dated=newer)
    assert kept == TrustedRoot(raw, f"updated on {newer:%Y-%m-%d}", newer)
    assert trusted_root(SETTINGS, tmp_path / "provenance", newer + timedelta(days=200)) == kept
    said = f"the trusted root updated on {newer:%Y-%m-%d} is 366 days old, and the policy allows 365 days"
    assert trusted_root(SETTINGS, tmp_path / "provenance", newer + timedelta(days=366)) == Missing(said, UPDATE)
    assert stat.S_IMODE((tmp_path / "provenance/trusted_root.json").stat().st_mode) == 0o600


@pytest.mark.parametrize("place", [2, 20, 90, 130, 200, -1])
def test_an_updated_root_that_was_changed_is_not_believed(shipped, tmp_path, place):
    newer = shipped.dated + timedelta(days=9)
    keep_root(sigstore.trusted_root(), tmp_path, dated=newer)
    path = tmp_path / "trusted_root.json"
    data = bytearray(path.read_bytes())
    data[place] ^= 1
    path.write_bytes(data)
    assert trusted_root(SETTINGS, tmp_path, newer) == shipped


@pytest.mark.parametrize(
    "data", [b"", b"{}\n", b"[]\n", b"null", b'{"dated": 1, "seal": 2}\n', b"\xff", b"x" * (2 << 20)]
)
def test_what_somebody_else_has_put_there_is_not_believed(shipped, tmp_path, data):
    (tmp_path / "trusted_root.json").write_bytes(data)
    assert trusted_root(SETTINGS, tmp_path, shipped.dated) == shipped


def test_an_updated_root_from_elsewhere_is_not_believed(shipped, tmp_path):
    newer = shipped.dated + timedelta(days=9)
    keep_root(sigstore.trusted_root(), tmp_path / "one", dated=newer)
    shutil.copytree(tmp_path / "one", tmp_path / "other")
    assert trusted_root(SETTINGS, tmp_path / "other", newer) == shipped
    (tmp_path / "home/.local/state/safe-pip/journals.key").unlink()
    assert trusted_root(SETTINGS, tmp_path / "one", newer) == shipped


def test_the_root_that_the_policy_names_has_no_age(tmp_path):
    raw = sigstore.trusted_root()
    (tmp_path / "root.json").write_bytes(raw)
    settings = named(tmp_path / "root.json", hashlib.sha256(raw).hexdigest())
    expected = TrustedRoot(raw, str(tmp_path / "root.json"), None)
    assert trusted_root(settings, tmp_path, NOW + timedelta(days=9999)) == expected
    prefixed = named(tmp_path / "root.json", f"sha256:{hashlib.sha256(raw).hexdigest()}")
    assert trusted_root(prefixed, tmp_path, NOW) == expected


def test_the_root_that_the_policy_names_may_be_below_home(tmp_path):
    (tmp_path / "home").mkdir()
    raw = sigstore.trusted_root()
    (tmp_path / "home/root.json").write_bytes(raw)
    assert trusted_root(named("~/root.json", hashlib.sha256(raw).hexdigest()), tmp_path, NOW).raw == raw


@pytest.mark.parametrize("raw", [b"", b"{}", b"[]", b"no JSON", b'{"mediaType": "application/json"}', b"[" * 100_000])
def test_what_is_no_trusted_root_is_none(tmp_path, raw):
    path = tmp_path / "root.json"
    path.write_bytes(raw)
    expected = Missing(
        f"{path} is no trusted root (Sigstore, JSON)", "correct `root` and `root-sha256` under [provenance]"
    )
    assert trusted_root(named(path, hashlib.sha256(raw).hexdigest()), tmp_path, NOW) == expected


def test_another_file_than_the_policy_names(tmp_path):
    path = tmp_path / "root.json"
    path.write_bytes(b"{}")
    said = f"the trusted root {path} is not the one that the policy names: sha256 {hashlib.sha256(b'{}').hexdigest()}"
    assert trusted_root(named(path, "ab" * 32), tmp_path, NOW) == Missing(said, CORRECT)


def test_no_file_where_the_policy_names_one(tmp_path):
    said = f"the trusted root {tmp_path / 'none'} cannot be read: No such file or directory"
    assert trusted_root(named(tmp_path / "none", "ab" * 32), tmp_path, NOW) == Missing(said, CORRECT)
    said = f"the trusted root {tmp_path} cannot be read: Is a directory"
    assert trusted_root(named(tmp_path, "ab" * 32), tmp_path, NOW) == Missing(said, CORRECT)
    large = tmp_path / "large"
    large.write_bytes(b" " * ((1 << 20) + 1))
    said = f"the trusted root {large} cannot be read: File too large"
    assert trusted_root(named(large, "ab" * 32), tmp_path, NOW) == Missing(said, CORRECT)


def test_what_the_public_repository_is_trusted_by_first_comes_with_the_library():
    assert bootstrap() == PUBLIC.joinpath("root.json").read_bytes()


def test_without_the_library_there_is_no_public_root(plain_site):
    code = f"""
import sys; sys.path[:0] = [{str(plain_site)!r}]
from datetime import datetime, timezone
from pathlib import Path
from safeinstall.policy.model import ProvenanceSettings
from safeinstall.sources.provenance import roots
print([roots.trusted_root(ProvenanceSettings(), Path("none"), datetime.now(timezone.utc)), roots.bootstrap()])
"""
    done = subprocess.run([sys.executable, "-S", "-c", code], capture_output=True, text=True, check=True)
    missing = Missing("there is no trusted root on this machine to prove provenance with", INSTALL)
    assert done.stdout == f"{[missing, None]}\n"


def test_what_the_policy_names_is_no_path(tmp_path):
    said = "the trusted root a\0b cannot be read: embedded null byte"
    assert trusted_root(named("a\0b", "ab" * 32), tmp_path, NOW) == Missing(said, CORRECT)
    found = trusted_root(named("~nobody-of-this-name/root.json", "ab" * 32), tmp_path, NOW)
    assert found.reason.startswith("the trusted root ~nobody-of-this-name/root.json cannot be read: ")


def test_a_root_of_the_largest_size_is_kept(shipped, tmp_path):
    raw, newer = b" " * (1 << 20), shipped.dated + timedelta(days=1)
    assert keep_root(raw, tmp_path, dated=newer) == trusted_root(SETTINGS, tmp_path, newer)
