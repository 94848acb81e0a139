"""Provenance objects are fetched once, kept for good, and proved where that is asked for."""

from __future__ import annotations

import json
import tracemalloc
from contextlib import ExitStack
from dataclasses import replace
from threading import Event

import pytest
from lib.claims import GITHUB, by, claimed
from lib.facts import FIND_LINKS, artifact
from lib.index import LocalIndex, Reply
from lib.shell import wait_until
from lib.wheels import make_wheel

from safeinstall.errors import SourceError
from safeinstall.facts.artifact import Source, SourceKind
from safeinstall.facts.provenance import Provenance, Refuted, Unattested
from safeinstall.facts.values import Missing
from safeinstall.sources.network.http import HttpClient, HttpSettings
from safeinstall.sources.provenance import index_provenance
from safeinstall.sources.provenance.extra import INSTALL
from safeinstall.sources.provenance.index_provenance import IndexProvenance
from safeinstall.sources.provenance.object_json import BYTES
from safeinstall.sources.provenance.objects import parse_claims

WHEEL = "app-1.0-py3-none-any.whl"


@pytest.fixture
def server():
    with LocalIndex() as server:
        server.add(*make_wheel("app", "1.0"), provenance=by(GITHUB))
        yield server


@pytest.fixture
def opened(tmp_path, server):
    """Opens provenance as a new process would, with the same cache."""
    with ExitStack() as stack:

        def opened(*indexes, **options):
            settings = HttpSettings(proxy="", netrc=False, retries=0)
            client = stack.enter_context(HttpClient(settings, sleep=lambda _: None))
            return stack.enter_context(IndexProvenance(client, tmp_path / "provenance", indexes, **options))

        yield opened


def made(server, filename=WHEEL, **changed):
    listed = server.find(filename)
    source = Source(kind=SourceKind.INDEX, url=server.url, name="default")
    path = server.provenance_path(filename)
    return replace(
        artifact("app==1.0", hashes=listed.hashes, source=source, provenance=f"{server.root}{path}"), **changed
    )


def asked(server):
    return [path for path in server.paths() if path.startswith("/integrity/")]


class Verifies:
    """Proves what an object says, or tells why not, and notes how often."""

    def __init__(self, answer=None):
        self.answer, self.calls = answer, 0

    def verify(self, raw, *, filename, sha256):
        self.calls += 1
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer or replace(parse_claims(raw, filename=filename, sha256=sha256), verified=True)


def test_what_an_index_says_is_not_proved(server, opened):
    found = opened().provenance(made(server), verify=False)
    assert ([one.shown for one in found.publishers], found.verified) == (["GitHub acme/app, release.yml"], False)
    assert server.requests[0].headers["accept"].startswith("application/vnd.pypi.integrity.v1+json, ")


def test_an_object_is_asked_for_once_and_kept_for_good(server, opened):
    provenance = opened()
    provenance.prefetch_provenance(made(server))
    first = provenance.provenance(made(server), verify=False)
    assert provenance.provenance(made(server), verify=False) is first
    assert asked(server) == [server.provenance_path(WHEEL)]
    server.forget()
    assert opened().provenance(made(server), verify=False) == first
    assert asked(server) == []


@pytest.mark.parametrize("damage", [b"", b"x", b"not it\n{}"])
def test_what_is_damaged_is_fetched_anew(server, opened, tmp_path, damage):
    first = opened().provenance(made(server), verify=False)
    (kept,) = [path for path in (tmp_path / "provenance").rglob("*") if path.is_file()]
    kept.write_bytes(damage)
    assert opened().provenance(made(server), verify=False) == first
    assert len(asked(server)) == 2


def test_what_one_index_says_is_said_of_no_file_of_another(server, opened):
    assert isinstance(opened().provenance(made(server), verify=False), Provenance)
    with LocalIndex() as other:
        other.add(*make_wheel("app", "1.0"))
        found = opened().provenance(made(other), verify=False)
    assert isinstance(found, Missing)


def test_what_is_refuted_is_not_kept(server, opened, tmp_path):
    path = server.provenance_path(WHEEL)
    server.reply(path, Reply(body=claimed("other-1.0-py3-none-any.whl", "ab" * 32)), None)
    refuted = opened().provenance(made(server), verify=False)
    assert refuted == Refuted(
        reason="the attestation of GitHub acme/app, release.yml does not hold: "
        "it is of another file: other-1.0-py3-none-any.whl"
    )
    assert isinstance(opened().provenance(made(server), verify=False), Provenance)


def test_large_objects_are_not_held_in_memory_and_can_be_proved_all_the_same(server, opened):
    files = [make_wheel("app", f"1.{number}") for number in range(20)]
    for file, data in files:
        server.add(file, data, provenance=lambda *about: claimed(*about)[:-1] + b" " * 1_000_000 + b"}")
    provenance = opened(open_verifier=Verifies)
    artifacts = [replace(made(server, file), filename=file) for file, _ in files]
    tracemalloc.start()
    for one in artifacts:
        assert isinstance(provenance.provenance(one, verify=False), Provenance)
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert held < 5_000_000
    assert all(provenance.provenance(one, verify=True).verified for one in artifacts)
    assert len(asked(server)) == 20


class Distrusts(Verifies):
    """Refutes what anything but the workflow ``mended.yml`` has attested."""

    def verify(self, raw, *, filename, sha256):
        proved = super().verify(raw, filename=filename, sha256=sha256)
        return proved if proved.publishers[0].workflow == "mended.yml" else Refuted(reason="no signature")


def test_what_was_kept_and_is_refuted_by_proof_is_asked_for_once_more(server, opened):
    opened().provenance(made(server), verify=False)
    provenance = opened(open_verifier=Distrusts)
    assert [provenance.provenance(made(server), verify=True) for _ in "ab"] == [Refuted(reason="no signature")] * 2
    assert len(asked(server)) == 2
    mended = claimed(WHEEL, server.find(WHEEL).hashes["sha256"], {**GITHUB, "workflow": "mended.yml"})
    server.reply(server.provenance_path(WHEEL), Reply(body=mended))
    for _ in "ab":  # and that is kept in its place
        assert opened(open_verifier=Distrusts).provenance(made(server), verify=True).verified
    assert len(asked(server)) == 3


def test_what_is_refuted_stays_so_where_the_index_does_not_answer(server, opened):
    opened().provenance(made(server), verify=False)
    server.reply(server.provenance_path(WHEEL), Reply(status=404))
    assert opened(open_verifier=Distrusts).provenance(made(server), verify=True) == Refuted(reason="no signature")


def test_an_object_that_is_not_there_is_missing_and_not_unattested(server, opened):
    server.reply(server.provenance_path(WHEEL), Reply(status=404))
    found = opened().provenance(made(server), verify=False)
    address = f"{server.root}{server.provenance_path(WHEEL)}"
    assert found == Missing(
        f"default announces it, but {address} answered 404 Not Found", "report it to whoever runs the index"
    )


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        (Reply(status=500), "answered 500 Internal Server Error"),
        (Reply(status=403), "answered 403 Forbidden"),
        (Reply(body=b" " * (BYTES + 1)), f"answers with more than {BYTES} bytes"),
        (Reply(body=b"<form>", headers={"Content-Type": "text/html"}), "its content type is 'text/html'"),
        (Reply(status=302, headers={"Location": "ftp://x.example/"}), "which is no HTTP address"),
    ],
)
def test_what_does_not_come_is_missing(server, opened, reply, reason):
    server.reply(server.provenance_path(WHEEL), reply)
    found = opened().provenance(made(server), verify=False)
    assert reason in found.reason


@pytest.mark.parametrize("address", ["ftp://x.example/p", "javascript:alert(1)", "https://[/", "http://x.example/p"])
def test_what_cannot_be_asked_for_is_missing(server, opened, address):
    found = opened().provenance(made(server, provenance=address), verify=False)
    assert isinstance(found, Missing)
    assert found.remedy


def test_what_is_late_is_missing(server, opened, monkeypatch):
    monkeypatch.setattr(index_provenance, "PATIENCE", 0.0)
    server.reply(server.provenance_path(WHEEL), Reply(delay=0.2))
    provenance = opened()
    found = provenance.provenance(made(server), verify=False)
    assert found.reason == f"{server.root}{server.provenance_path(WHEEL)} did not answer within 0 seconds"
    wait_until(lambda: isinstance(provenance.provenance(made(server), verify=False), Provenance), "late answer")


def test_what_is_kept_does_not_wait_for_a_server_that_is_late(server, opened, monkeypatch):
    other, data = make_wheel("app", "1.0", tag="py2-none-any")
    server.add(other, data, provenance=by(GITHUB))
    kept = replace(made(server, other), filename=other)
    assert isinstance(opened().provenance(kept, verify=False), Provenance)
    server.reply(server.provenance_path(WHEEL), Reply(delay=0.2))
    monkeypatch.setattr(index_provenance, "PATIENCE", 0.0)
    provenance = opened(workers=1)
    assert isinstance(provenance.provenance(made(server), verify=False), Missing)
    assert isinstance(provenance.provenance(kept, verify=False), Provenance)
    wait_until(lambda: isinstance(provenance.provenance(made(server), verify=False), Provenance), "late answer")


def test_an_index_that_is_late_keeps_nobody_from_another(server, opened, monkeypatch):
    monkeypatch.setattr(index_provenance, "PATIENCE", 5.0)
    ends = Event()
    server.reply(server.provenance_path(WHEEL), Reply(send=lambda _: ends.wait()))
    provenance = opened(workers=1)
    with LocalIndex() as other:
        other.add(*make_wheel("app", "1.0"), provenance=by(GITHUB))
        provenance.prefetch_provenance(made(server))
        found = provenance.provenance(made(other), verify=False)
        ends.set()
    assert isinstance(found, Provenance)


def test_nobody_waits_again_for_an_index_that_serves_each_object_from_elsewhere(server, opened, monkeypatch):
    monkeypatch.setattr(index_provenance, "PATIENCE", 0.0)
    with LocalIndex() as other:
        other.add(*make_wheel("app", "1.0"), provenance=by(GITHUB))
        first, second = made(server), made(other, source=made(server).source)
        server.reply(server.provenance_path(WHEEL), Reply(delay=0.2))
        provenance = opened()
        assert isinstance(provenance.provenance(first, verify=False), Missing)
        monkeypatch.setattr(index_provenance, "PATIENCE", 60.0)
        other.reply(other.provenance_path(WHEEL), Reply(delay=0.2))
        assert isinstance(provenance.provenance(second, verify=False), Missing)
        wait_until(lambda: isinstance(provenance.provenance(second, verify=False), Provenance), "late answer")


def test_what_is_unannounced_or_of_no_index_is_not_asked_for(server, opened):
    provenance = opened()
    unattested, elsewhere = made(server, provenance=None), made(server, provenance=None, source=FIND_LINKS)
    for one in (unattested, elsewhere, made(server, hashes={})):
        provenance.prefetch_provenance(one)
    assert provenance.provenance(unattested, verify=True) == Unattested()
    assert provenance.provenance(elsewhere, verify=True) == Missing(f"{WHEEL} is of no index")
    assert provenance.provenance(made(server, hashes={}), verify=True) == Missing(
        f"default publishes no sha256 of {WHEEL}"
    )
    assert server.requests == []


def test_the_index_at_that_address_lends_its_credentials(server, opened):
    server.credentials = ("me", "secret")
    own = Source(kind=SourceKind.INDEX, url=server.url.replace("//", "//me:secret@"), name="own")
    mirror = replace(own, url="http://127.0.0.1:9/simple/", name="mirror")
    elsewhere = made(server, source=mirror)
    assert isinstance(opened(mirror).provenance(elsewhere, verify=False), Missing)
    assert isinstance(opened(mirror, own).provenance(elsewhere, verify=False), Provenance)


def test_no_credentials_go_elsewhere(server, opened):
    own = Source(kind=SourceKind.INDEX, url="http://me:secret@127.0.0.1:9/simple/", name="own")
    assert isinstance(opened(own).provenance(made(server, source=own), verify=False), Provenance)
    assert all("authorization" not in request.headers for request in server.requests)


def test_what_a_page_of_this_machine_announces_is_read_and_not_kept(server, opened, tmp_path):
    place = tmp_path / "app.json"
    place.write_bytes(server.find(WHEEL).provenance)
    here = made(server, provenance=place.as_uri())
    assert isinstance(opened().provenance(here, verify=False), Provenance)
    place.unlink()
    assert opened().provenance(here, verify=False) == Missing(
        f"cannot read {place.as_uri()}: No such file or directory", "check the file"
    )


def test_proof_is_asked_for_once_and_only_of_what_holds(server, opened):
    verifier, opened_times = Verifies(), []
    provenance = opened(open_verifier=lambda: opened_times.append(1) or verifier)
    assert not provenance.provenance(made(server), verify=False).verified
    assert opened_times == []
    assert provenance.provenance(made(server), verify=True).verified
    assert provenance.provenance(made(server), verify=True).verified
    assert not provenance.provenance(made(server), verify=False).verified
    refuted = provenance.provenance(made(server, hashes={"sha256": "ab" * 32}), verify=True)
    assert isinstance(refuted, Refuted)
    assert (len(opened_times), verifier.calls) == (1, 1)


@pytest.mark.parametrize(
    ("answer", "fact"),
    [
        (Refuted(reason="forged"), Refuted(reason="forged")),
        (Missing("too old"), Missing("too old")),
        (
            SourceError("the trusted root cannot be read", hint="bring it"),
            Missing("the trusted root cannot be read", "bring it"),
        ),
    ],
)
def test_what_is_not_proved_is_told(server, opened, answer, fact):
    assert opened(open_verifier=lambda: Verifies(answer)).provenance(made(server), verify=True) == fact


def test_without_what_proves_it_the_fact_is_missing(server, opened):
    found = opened().provenance(made(server), verify=True)
    assert found == Missing("what proves provenance is not installed", INSTALL)


def test_when_it_is_closed_nothing_more_is_begun(server, opened):
    provenance = opened()
    with provenance:
        pass
    provenance.prefetch_provenance(made(server))
    assert server.requests == []


def test_the_address_may_hold_a_token_that_is_good_for_one_answer(server, opened):
    once = made(server, provenance=f"{server.root}{server.provenance_path(WHEEL)}?token=1")
    assert isinstance(opened().provenance(once, verify=False), Provenance)
    again = replace(once, provenance=once.provenance.replace("token=1", "token=2"))
    assert isinstance(opened().provenance(again, verify=False), Provenance)
    assert len(server.requests) == 1


def test_pages_announce_what_is_served(server):
    (entry,) = json.loads(server.page("app", as_html=False)[1])["files"]
    assert entry["provenance"] == server.provenance_path(WHEEL)
    assert f'data-provenance="{server.provenance_path(WHEEL)}"'.encode() in server.page("app", as_html=True)[1]
