"""Whatever becomes of a provenance object on its way: nothing is ever proved but what was, and nothing ever raises."""

from __future__ import annotations

import base64
import copy
import json
from contextlib import suppress
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lib import sigstore
from lib.attested import FILE, SHA, root_of
from lib.sigstore import PUBLISH, SLSA, claims, github, provenance, statement

from safeinstall.facts.provenance import Provenance, Refuted
from safeinstall.facts.values import Missing
from safeinstall.sources.provenance.proofs import KeptProofs
from safeinstall.sources.provenance.verification import Verifier

NAMED = github("acme/app", "release.yml", "pypi")
CERTIFIED = {**claims(NAMED), 23: "pypi"}
OWN = sigstore.own()
OTHERS = [
    OWN.attestation(statement("acme-2.0.tar.gz", "cd" * 32), NAMED, certified=CERTIFIED),
    OWN.attestation(statement(FILE, SHA), github("evil/app")),
    sigstore.Sigstore().attestation(statement(FILE, SHA), NAMED, certified=CERTIFIED),
]
RAW = OWN.attest(FILE, SHA, NAMED, predicate_types=(PUBLISH, SLSA), certified=CERTIFIED)
VERIFIER = Verifier(root_of(OWN))
PROVED = VERIFIER.verify(RAW, filename=FILE, sha256=SHA)
SCALARS = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | st.sampled_from(["", "0", "1"])
)
JSON = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


def places(value, place=()):
    """The paths of all that is inside *value*."""
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, each in inside:
        yield (*place, key)
        yield from places(each, (*place, key))


def at(value, place):
    for key in place:
        value = value[key]
    return value


def changed_text(data, text):
    """*text* with a bit of what it encodes changed, or a character."""
    if text and data.draw(st.booleans()):
        try:
            raw = bytearray(base64.b64decode(text, validate=True))
        except ValueError:
            raw = bytearray()
        if raw:
            raw[data.draw(st.integers(0, len(raw) - 1))] ^= 1 << data.draw(st.integers(0, 7))
            return base64.b64encode(raw).decode()
    place = data.draw(st.integers(0, len(text)))
    return text[:place] + data.draw(st.text(max_size=3)) + text[place + data.draw(st.integers(0, 3)) :]


def mutate(data, found):
    place = data.draw(st.sampled_from(sorted(places(found), key=repr)))
    parent, key = at(found, place[:-1]), place[-1]
    way = data.draw(st.sampled_from(["other", "gone", "twice", "foreign", "text"]))
    if way == "gone":
        del parent[key]
    elif way == "twice" and isinstance(parent, list):
        parent.insert(key, copy.deepcopy(parent[key]))
    elif way == "text" and isinstance(parent[key], str):
        parent[key] = changed_text(data, parent[key])
    elif way == "foreign" and "attestations" in place[:-1]:
        with suppress(LookupError, TypeError):  # something else stands there by now
            parent[key] = copy.deepcopy(
                at(data.draw(st.sampled_from(OTHERS)), place[place.index("attestations") + 2 :])
            )
    else:
        parent[key] = data.draw(JSON)


def check(raw):
    found = VERIFIER.verify(raw, filename=FILE, sha256=SHA)
    if isinstance(found, Provenance):
        known = {replace(each, publisher=replace(each.publisher, environment=None)) for each in PROVED.attestations}
        for each in found.attestations:
            assert (each.publisher.environment or "pypi").casefold() == "pypi"
            assert replace(each, publisher=replace(each.publisher, environment=None)) in known
    else:
        assert isinstance(found, Refuted | Missing)
        assert found.reason.isprintable()


@pytest.fixture(autouse=True, scope="module")
def home(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOME", str(tmp_path_factory.mktemp("home")))
        patch.delenv("XDG_STATE_HOME", raising=False)
        yield


def test_what_is_changed_below_was_proved():
    assert [each.predicate_type for each in PROVED.attestations] == [PUBLISH, SLSA]
    check(RAW)


@settings(max_examples=150)
@given(st.data())
def test_an_object_whose_parts_are_changed(data):
    found = json.loads(RAW)
    for _ in range(data.draw(st.integers(1, 3))):
        if sum(1 for _ in places(found)):
            mutate(data, found)
    check(json.dumps(found).encode())


@settings(max_examples=150)
@given(st.data())
def test_an_object_whose_bytes_are_changed(data):
    raw = bytearray(RAW)
    for _ in range(data.draw(st.integers(1, 3))):
        begin = data.draw(st.integers(0, len(raw)))
        end = begin + data.draw(st.integers(0, 40))
        raw[begin:end] = data.draw(st.binary(max_size=8) | st.just(bytes(raw[begin:end]) * 2))
    check(bytes(raw))


@settings(max_examples=150)
@given(st.data())
def test_a_statement_that_its_publisher_signs_as_it_likes(data):
    stated = statement(FILE, SHA)
    for _ in range(data.draw(st.integers(0, 2))):
        if sum(1 for _ in places(stated)):
            mutate(data, stated)
    signed = OWN.attestation(json.dumps(stated).encode(), NAMED, certified=CERTIFIED)
    check(provenance((NAMED, [signed])))


@settings(max_examples=150)
@given(st.binary(max_size=200) | JSON.map(lambda value: json.dumps(value).encode()))
def test_anything(raw):
    check(raw)


@settings(max_examples=100)
@given(st.data())
def test_a_kept_proof_whose_bytes_are_changed(tmp_path_factory, data):
    folder = tmp_path_factory.getbasetemp() / "kept"
    kept = KeptProofs(folder)
    kept.add(PROVED, "a file")
    (path,) = (path for path in folder.rglob("*") if path.is_file())
    raw = bytearray(path.read_bytes())
    begin = data.draw(st.integers(0, len(raw) - 1))
    raw[begin : begin + data.draw(st.integers(0, 9))] = data.draw(st.binary(max_size=9))
    path.write_bytes(raw)
    assert kept.find("a file") in {None, PROVED}
