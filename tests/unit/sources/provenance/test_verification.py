"""What becomes of a whole object: what may be told of its trusted root, what is kept, and what is loaded for it."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from lib import sigstore
from lib.attested import APP, BEGINS, FILE, SHA, claimed, root_of
from lib.sigstore import ACME, PUBLISH, SLSA, WHEN, Sigstore, provenance, statement
from lib.sites import site_with_broken_extra

from safeinstall.facts.provenance import Provenance, Refuted
from safeinstall.facts.values import Missing
from safeinstall.sources.provenance.extra import INSTALL
from safeinstall.sources.provenance.roots import TrustedRoot
from safeinstall.sources.provenance.verification import Verifier

TESTS = Path(__file__).parents[3]
EARLIER = datetime(2020, 1, 1, tzinfo=timezone.utc)
LIBRARIES = {"sigstore", "pypi_attestations", "cryptography", "pydantic", "tuf", "requests"}
VERIFY = """
import json, sys
from pathlib import Path
asks = {"connect", "getaddrinfo", "getnameinfo", "gethostbyname", "gethostbyaddr", "sendto", "sendmsg"}
reached = []
sys.addaudithook(lambda event, args: reached.append(event) if event in {f"socket.{each}" for each in asks} else None)
from safeinstall.sources.provenance.roots import TrustedRoot
from safeinstall.sources.provenance.verification import Verifier
folder, directory = Path(sys.argv[1]), Path(sys.argv[2])
verifier = Verifier(TrustedRoot((folder / "root").read_bytes(), "of the test", None), directory)
found = verifier.verify((folder / "object").read_bytes(), filename=sys.argv[3], sha256=sys.argv[4])
loaded = {name.partition(".")[0] for name in sys.modules}
print(json.dumps([type(found).__name__, repr(found), sorted(loaded), reached]))
"""


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.delenv("XDG_STATE_HOME", raising=False)


@pytest.fixture
def verify(tmp_path):
    """Verify in a process of its own; return what it found, as text, what it loaded, and which sockets it made."""
    (tmp_path / "root").write_bytes(sigstore.trusted_root())
    (tmp_path / "object").write_bytes(sigstore.attest(FILE, SHA))

    def run(*, path=()):
        options = ["-S"] if path else []
        code = f"import sys; sys.path[:0] = {list(map(str, path))!r}\n{VERIFY}"
        done = subprocess.run(
            [sys.executable, *options, "-c", code, tmp_path, tmp_path / "kept", FILE, SHA],
            capture_output=True,
            text=True,
            check=True,
        )
        kind, found, loaded, reached = json.loads(done.stdout)
        assert done.stderr == ""
        return kind, found, {*loaded}, reached

    return run


def verified(made, raw, **of):
    return Verifier(root_of(made)).verify(raw, **{"filename": FILE, "sha256": SHA, **of})


# what is loaded, and asked


def test_a_proof_asks_no_network_and_a_second_one_loads_no_library(verify):
    kind, first, loaded, reached = verify()
    assert (kind, reached, loaded & LIBRARIES) == ("Provenance", [], LIBRARIES)
    kind, again, loaded, reached = verify()
    assert (again, reached, loaded & LIBRARIES) == (first, [], set())


def test_what_is_refused_asks_no_network(verify, tmp_path):
    (tmp_path / "object").write_bytes(Sigstore().attest(FILE, SHA))
    kind, _, _, reached = verify()
    assert (kind, reached) == ("Refuted", [])


def test_an_object_that_is_none_loads_no_library(verify, tmp_path):
    (tmp_path / "object").write_bytes(b"{}")
    kind, _, loaded, _ = verify()
    assert (kind, loaded & LIBRARIES) == ("Refuted", set())


def test_without_the_extra_nothing_is_proved_and_nothing_refuted(verify, plain_site):
    kind, found, loaded, _ = verify(path=[plain_site])
    assert (kind, loaded & LIBRARIES) == ("Missing", set())
    assert found == repr(Missing("what proves provenance is not installed", INSTALL))


def test_an_extra_that_cannot_be_loaded_proves_nothing_and_refutes_nothing(verify, tmp_path):
    kind, found, _, _ = verify(path=[site_with_broken_extra(tmp_path / "site")])
    assert (kind, found) == (
        "Missing",
        repr(Missing("what proves provenance cannot be loaded: of another time", INSTALL)),
    )


# several attestations


def test_all_attestations_hold_or_none():
    own, foreign = sigstore.own(), Sigstore()
    good, bad = (made.attestation(statement(FILE, SHA)) for made in (own, foreign))
    reason = BEGINS.replace("the attestation of", "attestation 2 of 2 of") + (
        "its certificate does not lead to the trusted root"
    )
    assert verified(own, provenance((ACME, [good, bad]))) == Refuted(reason=reason)
    assert verified(own, provenance((ACME, [good]), (ACME, [bad]))) == Refuted(reason=reason)


def test_one_and_the_same_attestation_may_be_there_twice():
    own = sigstore.own()
    good = own.attestation(statement(FILE, SHA))
    assert verified(own, provenance((ACME, [good, good]))).publishers == (APP,)


# roots


def test_an_authority_proves_what_was_logged_while_it_was_valid():
    retired = Sigstore(valid=(EARLIER, WHEN + timedelta(days=1)))
    assert isinstance(verified(retired, retired.attest(FILE, SHA)), Provenance)
    late = retired.attest(FILE, SHA, when=WHEN + timedelta(days=2))
    reason = f"{BEGINS}the trusted root has no certificate authority that was valid when it was logged, 2026-03-03"
    assert verified(retired, late) == Refuted(reason=reason)


def test_an_authority_proves_nothing_from_before_its_time():
    young = Sigstore(valid=(WHEN + timedelta(days=1), WHEN + timedelta(days=400)))
    reason = f"{BEGINS}the trusted root has no certificate authority that was valid when it was logged, 2026-03-01"
    assert verified(young, young.attest(FILE, SHA)) == Refuted(reason=reason)


@pytest.mark.parametrize(("part", "name"), [("tlogs", "log"), ("ctlogs", "certificate log")])
def test_a_log_proves_what_it_took_while_it_was_valid(part, name):
    own = sigstore.own()
    root = json.loads(own.trusted_root())
    root[part][0]["publicKey"]["validFor"]["end"] = "2026-02-28T00:00:00Z"
    found = Verifier(TrustedRoot(json.dumps(root).encode(), "of the test", None)).verify(
        own.attest(FILE, SHA), filename=FILE, sha256=SHA
    )
    reason = f"{BEGINS}the trusted root has no {name} that was valid when it was logged, 2026-03-01"
    assert found == Refuted(reason=reason)


def test_a_retired_authority_beside_a_valid_one_proves_nothing_new():
    retired, own = Sigstore(valid=(EARLIER, WHEN - timedelta(days=1))), sigstore.own()
    both = {key: json.loads(own.trusted_root())[key] for key in ("mediaType", "timestampAuthorities")}
    roots = [json.loads(made.trusted_root()) for made in (retired, own)]
    both |= {
        key: [each for root in roots for each in root[key]] for key in ("tlogs", "certificateAuthorities", "ctlogs")
    }
    verifier = Verifier(TrustedRoot(json.dumps(both).encode(), "of the test", None))
    reason = f"{BEGINS}its certificate does not lead to the trusted root"
    assert verifier.verify(retired.attest(FILE, SHA), filename=FILE, sha256=SHA) == Refuted(reason=reason)
    assert verifier.verify(own.attest(FILE, SHA), filename=FILE, sha256=SHA).verified
    earlier = retired.attest(FILE, SHA, when=WHEN - timedelta(days=2))
    assert verifier.verify(earlier, filename=FILE, sha256=SHA).verified


def test_without_a_root_nothing_is_proved_and_nothing_refuted():
    missing = Missing("too old", "bring it up to date")
    assert Verifier(missing).verify(b"", filename=FILE, sha256=SHA) is missing


@pytest.mark.parametrize("raw", [b"", b"{}", b"[]", b"\xff", b'{"mediaType": "x"}'])
def test_a_root_that_is_none_is_said_once_something_is_to_be_proved(raw):
    found = Verifier(TrustedRoot(raw, "of the test", None)).verify(
        sigstore.attest(FILE, SHA), filename=FILE, sha256=SHA
    )
    assert isinstance(found, Missing)
    assert found.reason.startswith("the trusted root of the test cannot be used: it is no trusted root: ")


def test_a_root_without_logs_is_none():
    root = {**json.loads(sigstore.trusted_root()), "tlogs": []}
    verifier = Verifier(TrustedRoot(json.dumps(root).encode(), "of the test", None))
    found = verifier.verify(sigstore.attest(FILE, SHA), filename=FILE, sha256=SHA)
    assert found.reason == (
        "the trusted root of the test cannot be used: it is no trusted root: "
        "trusted root contains no transparency log instances"
    )


# publishers that are not known


@pytest.mark.parametrize(
    ("publisher", "reason"),
    [
        (
            {"kind": "ActiveState", "organization": "acme", "project": "app"},
            "its publisher is of the kind ActiveState, which cannot be proved",
        ),
        ({"kind": "Forge"}, "its publisher is of the kind Forge, which is not known"),
    ],
)
def test_a_publisher_of_an_unknown_kind_is_neither_proved_nor_refuted(publisher, reason):
    found = verified(sigstore.own(), claimed(publisher))
    assert found == Missing(reason, "a newer safe-pip, or a newer pypi-attestations, may know it")


# what is kept


def test_what_was_proved_is_believed_for_the_same_file_name_object_and_root_alone(tmp_path):
    own, raw = sigstore.own(), sigstore.attest(FILE, SHA, predicate_types=(PUBLISH, SLSA))
    of = {"filename": FILE, "sha256": SHA}
    first = Verifier(root_of(own), tmp_path / "kept").verify(raw, **of)
    kept = [path for path in (tmp_path / "kept").rglob("*") if path.is_file()]
    assert len(kept) == 1
    again = Verifier(root_of(own), tmp_path / "kept")
    assert again.verify(raw, **of) == first
    assert again._prover is None
    assert isinstance(again.verify(raw, filename="acme-1.1.tar.gz", sha256=SHA), Refuted)
    assert isinstance(again.verify(raw, filename=FILE, sha256="cd" * 32), Refuted)
    assert isinstance(again.verify(raw + b"x", **of), Refuted)
    assert isinstance(Verifier(root_of(Sigstore()), tmp_path / "kept").verify(raw, **of), Refuted)
    assert [path for path in (tmp_path / "kept").rglob("*") if path.is_file()] == kept


def test_many_threads_prove_with_one_verifier():
    raws = [sigstore.attest(FILE, SHA, when=WHEN + timedelta(days=day)) for day in range(8)]
    verifier, found = Verifier(root_of(sigstore.own())), {}

    def verify(place):
        found[place] = verifier.verify(raws[place], filename=FILE, sha256=SHA)

    threads = [threading.Thread(target=verify, args=(place,)) for place in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [found[place].attestations[0].logged for place in range(8)] == [WHEN + timedelta(days=n) for n in range(8)]
