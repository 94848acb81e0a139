from __future__ import annotations

import pytest
from lib.facts import FIND_LINKS, INDEX, SHA, direct, evidence, messages

from safeinstall.facts.artifact import Source, SourceKind
from safeinstall.facts.finding import Finding, Level
from safeinstall.rules.indexes import Indexes

ACME = Source(kind=SourceKind.INDEX, url="https://u:secret@packages.acme.example/simple/", name="acme")


def over(url, **facts):
    """Facts of a file of the index at *url*."""
    return evidence(source=Source(kind=SourceKind.INDEX, url=url, name="acme"), **facts)


def test_a_file_of_a_listed_index_passes():
    assert messages(Indexes(), evidence()) == []


def test_a_file_of_an_index_that_is_not_listed():
    assert list(Indexes().check(evidence(is_index_listed=False))) == [
        Finding(
            rule="indexes",
            level=Level.DENY,
            message="default is not an index of this policy",
            key="rules.indexes.unlisted",
            remedy="list it in [[indexes]]",
        )
    ]


def test_a_name_that_two_indexes_offer():
    assert list(Indexes().check(evidence("acme-core==99.0", rivals=(ACME,)))) == [
        Finding(
            rule="indexes",
            level=Level.DENY,
            message="default offers acme-core, and so does acme, with other files; nothing says which is meant",
            key="rules.indexes.ambiguous",
            remedy='bind the name to one index: "acme-core" in packages of an entry of [[indexes]], or say by mirror-of'
            " that one is a mirror",
            rivals=("default", "acme"),
        )
    ]


def test_a_mirror_that_offers_other_bytes_under_the_same_name():
    mirror = Source(kind=SourceKind.INDEX, url="https://near.example/", name="near", mirror_of="default")
    given = evidence("app==1.0", source=mirror, altered=INDEX)
    assert list(Indexes().check(given)) == [
        Finding(
            rule="indexes",
            level=Level.DENY,
            message="near offers other bytes under the name app-1.0-py3-none-any.whl than default does",
            key="rules.indexes.altered",
            remedy="find out which are right; until then take near out of [[indexes]]",
        )
    ]
    assert messages(Indexes(altered=Level.ALLOW), given) == []


@pytest.mark.parametrize(
    "url", ["http://packages.example/simple/", "http://10.0.0.1/simple/", "http://localhost.example/", "http://[::2]/"]
)
def test_plain_http(url):
    assert messages(Indexes(), over(url)) == [
        "comes from acme over plain HTTP, which anybody on the way can change",
    ]


@pytest.mark.parametrize(
    "url",
    [
        "https://packages.example/simple/",
        "http://localhost:3141/simple/",
        "http://127.0.0.2:8000/",
        "http://[::1]/",
        "file:///srv/simple/",
    ],
)
def test_this_machine_and_encrypted_connections_are_fine(url):
    assert messages(Indexes(), over(url)) == []


def test_a_file_over_plain_http_is_bound_by_the_hash_that_the_index_publishes():
    url = "http://files.example/acme.whl"
    assert messages(Indexes(), evidence(url=url, hashes={"sha256": SHA})) == []
    assert len(messages(Indexes(), evidence(url=url, hashes={"md5": "00"}))) == 1


def test_a_trusted_host():
    assert messages(Indexes(), evidence(trusted_host="packages.example:443")) == [
        "comes from default, whose certificate is not checked: trusted-host packages.example:443"
    ]


def test_each_option_is_a_level_of_its_own():
    given = over("http://packages.example/", is_index_listed=False, rivals=(INDEX,), trusted_host="packages.example")
    rule = Indexes(unlisted=Level.WARN, ambiguous=Level.ALLOW, plain_http=Level.DENY, trusted_host=Level.WARN)
    assert [(f.key, f.level) for f in rule.check(given)] == [
        ("rules.indexes.unlisted", Level.WARN),
        ("rules.indexes.plain-http", Level.DENY),
        ("rules.indexes.trusted-host", Level.WARN),
    ]


@pytest.mark.parametrize(
    "given",
    [
        evidence(source=FIND_LINKS, rivals=(INDEX,)),
        direct(url="http://files.example/acme.whl", trusted_host="files.example"),
    ],
)
def test_what_comes_from_no_index_is_not_its_business(given):
    assert messages(Indexes(), given) == []


def test_no_credentials_are_shown():
    (message,) = messages(Indexes(), evidence(source=ACME, rivals=(INDEX,)))
    assert "secret" not in message
