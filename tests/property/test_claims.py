"""Whatever an index serves as provenance, it says one thing of one file, or why it says nothing."""

from __future__ import annotations

import base64
import json

from hypothesis import given, settings
from hypothesis import strategies as st
from lib.claims import (
    ACTIVESTATE,
    GITHUB,
    GITLAB,
    GOOGLE,
    PUBLISH,
    SLSA,
    attestation,
    bundle,
    claimed,
    statement,
    wrapped,
)
from lib.facts import OTHER_SHA, SHA

from safeinstall.facts.provenance import Provenance, Refuted
from safeinstall.facts.values import Missing
from safeinstall.sources.provenance.objects import parse_claims

WHEEL = "app-1.0-py3-none-any.whl"
HONEST = claimed(WHEEL, SHA)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=9), inner, max_size=4),
    max_leaves=12,
)
PUBLISHERS = st.sampled_from([GITHUB, GITLAB, GOOGLE, ACTIVESTATE])
WORDS = st.sampled_from(["kind", "repository", "workflow", "workflow_filepath", "environment", "email", "project"])
TIMES = st.integers(0, 3)


def told(raw):
    """Return what *raw* says of the wheel. It never raises, and what it tells is fit to print."""
    found = parse_claims(raw, filename=WHEEL, sha256=SHA)
    reasons = [found.reason] if isinstance(found, Refuted | Missing) else []
    shown = [*reasons, *(one.shown for one in getattr(found, "publishers", ()))]
    assert all(text.isprintable() and len(text) < 2000 for text in shown)
    return found


def holders(value):
    """Return every table and list in *value* that is not empty."""
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [value] * bool(inner) + [found for one in inner for found in holders(one)]


@given(st.binary(max_size=200))
def test_bytes_that_are_no_object(raw):
    assert isinstance(told(raw), Refuted)


@settings(max_examples=40)
@given(JSON)
def test_json_that_is_no_object(value):
    assert isinstance(told(json.dumps(value).encode()), Refuted)


@given(st.data())
def test_an_object_in_which_something_else_stands_somewhere(data):
    found = json.loads(HONEST)
    holder = data.draw(st.sampled_from(holders(found)))
    place = data.draw(st.sampled_from(sorted(holder) if isinstance(holder, dict) else range(len(holder))))
    holder[place] = data.draw(JSON)
    told(json.dumps(found).encode())


@given(st.data())
def test_a_statement_in_which_something_else_stands_somewhere(data):
    """The file and its digest are named, or nothing is said of it."""
    stated = statement(WHEEL, SHA)
    holder = data.draw(st.sampled_from(holders(stated)))
    place = data.draw(st.sampled_from(sorted(holder) if isinstance(holder, dict) else range(len(holder))))
    before, holder[place] = holder[place], data.draw(JSON)
    found = told(wrapped(bundle(GITHUB, attestation(stated))))
    assert isinstance(found, Refuted) or holder[place] == before or place == "predicate"


@given(st.integers(0, len(HONEST)), st.integers(0, 8), st.binary(max_size=12))
def test_an_object_of_which_some_bytes_are_others(start, length, other):
    told(HONEST[:start] + other + HONEST[start + length :])


@given(PUBLISHERS, WORDS, JSON)
def test_a_publisher_with_something_else_for_a_name(publisher, key, value):
    found = told(claimed(WHEEL, SHA, {**publisher, key: value}))
    if isinstance(found, Provenance):
        (one,) = found.publishers
        assert one.repository
        assert one.environment != ""


@given(
    st.lists(
        st.tuples(PUBLISHERS, st.sampled_from([SHA, OTHER_SHA]), st.sampled_from([PUBLISH, SLSA, "x"])), max_size=6
    )
)
def test_all_attestations_hold_or_none_does(parts):
    made = [bundle(who, attestation(statement(WHEEL, sha, predicateType=what))) for who, sha, what in parts]
    holds = bool(parts) and all(sha == SHA and what != "x" for _, sha, what in parts)
    assert isinstance(told(wrapped(*made)), Provenance) is holds


@given(TIMES, TIMES)
def test_lines_of_base64_may_be_broken_and_nothing_else(breaks, junk):
    text = base64.encodebytes(json.dumps(statement(WHEEL, SHA)).encode()).decode()
    found = told(wrapped(bundle(GITHUB, attestation("\n" * breaks + text + "*" * junk))))
    assert isinstance(found, Refuted if junk else Provenance)


@given(st.integers(1, 5000))
def test_what_is_deep_is_refused(levels):
    raw = b'{"version": 1, "attestation_bundles": ' + b"[" * levels + b"]" * levels + b"}"
    assert isinstance(told(raw), Refuted)
