"""What was proved is kept, and believed only if this user's safe-pip has written it, there, of that."""

from __future__ import annotations

import shutil
import stat
from datetime import datetime, timezone

import pytest

from safeinstall.facts.provenance import Attestation, Provenance, Publisher, PublisherKind
from safeinstall.sources.provenance.proofs import KeptProofs

TERMS = ("file", "name", "object", "root", {"sigstore": "4.5.1"})
PROOF = Provenance(
    attestations=(
        Attestation(
            publisher=Publisher(kind=PublisherKind.GITHUB, repository="acme/app", workflow="r.yml", environment="pypi"),
            predicate_type="publish",
            commit="c0",
            ref="refs/tags/v1",
            run="run",
            repository_url="url",
            logged=datetime(2026, 3, 1, tzinfo=timezone.utc),
            log_index=7,
        ),
        Attestation(publisher=Publisher(kind=PublisherKind.GOOGLE, repository="a@b"), predicate_type="slsa"),
    ),
    verified=True,
)


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.delenv("XDG_STATE_HOME", raising=False)


@pytest.fixture
def kept(tmp_path):
    kept = KeptProofs(tmp_path / "kept")
    kept.add(PROOF, *TERMS)
    return kept


@pytest.fixture
def path(kept, tmp_path):
    return next(path for path in (tmp_path / "kept").rglob("*") if path.is_file())


def test_what_is_kept_is_found_again(kept, path):
    assert kept.find(*TERMS) == PROOF
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize("place", range(len(TERMS)))
def test_it_is_found_on_its_own_terms_alone(kept, place):
    terms = list(TERMS)
    terms[place] = "other" if place < 4 else {"sigstore": "4.5.2"}
    assert kept.find(*terms) is None


@pytest.mark.parametrize("place", [0, 63, 64, 65, 90, -1])
def test_a_changed_byte(kept, path, place):
    data = bytearray(path.read_bytes())
    data[place] ^= 1
    path.write_bytes(data)
    assert kept.find(*TERMS) is None


@pytest.mark.parametrize("data", [b"", b"\n", b"\xff\n{}", b"0" * 64 + b"\n[]", b"x" * (2 << 20)])
def test_what_somebody_else_has_put_there(kept, path, data):
    path.write_bytes(data)
    assert kept.find(*TERMS) is None


def test_what_was_proved_of_another_file_in_its_place(kept, path, tmp_path):
    kept.add(PROOF, "other", *TERMS[1:])
    other = next(each for each in (tmp_path / "kept").rglob("*") if each.is_file() and each != path)
    shutil.copy(other, path)
    assert kept.find(*TERMS) is None
    path.unlink()
    path.symlink_to(other)
    assert kept.find(*TERMS) is None


def test_what_another_user_has_kept(kept, path, tmp_path):
    (tmp_path / "home/.local/state/safe-pip/journals.key").unlink()
    assert kept.find(*TERMS) is None
    kept.add(PROOF, *TERMS)
    assert kept.find(*TERMS) == PROOF


def test_where_nothing_can_be_written_nothing_is_kept(tmp_path):
    (tmp_path / "kept").write_text("a file")
    kept = KeptProofs(tmp_path / "kept")
    kept.add(PROOF, *TERMS)
    assert kept.find(*TERMS) is None
