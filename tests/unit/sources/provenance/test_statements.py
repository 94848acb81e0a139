"""Of which file a statement is: names that are one, and names that are made to take long."""

from __future__ import annotations

import hashlib

import pytest
from pypi_attestations import AttestationType

from safeinstall.sources.provenance.statements import PREDICATES, is_name_of

MANY = ".".join(f"a{number}" for number in range(2000))


@pytest.mark.parametrize(
    ("name", "filename"),
    [
        ("acme-1.0.tar.gz", "acme-1.0.tar.gz"),
        ("Acme.App-1.0.0.tar.gz", "acme_app-1.0.tar.gz"),
        ("acme-1.0.zip", "acme-1.0.zip"),
        ("Acme.App-1.0.0-py2.py3-none-any.whl", "acme_app-1.0-py3.py2-none-any.whl"),
        ("acme-1.0-1-cp311-cp311-linux_x86_64.whl", "acme-1.0-1-CP311-cp311-linux_x86_64.whl"),
        ("acme-1.0.tar.bz2", "acme-1.0.tar.bz2"),
    ],
)
def test_one_name(name, filename):
    assert is_name_of(name, filename)


@pytest.mark.parametrize(
    ("name", "filename"),
    [
        ("acme-1.1.tar.gz", "acme-1.0.tar.gz"),
        ("acme2-1.0.tar.gz", "acme-1.0.tar.gz"),
        ("acme-1.0-py3-none-any.whl", "acme-1.0.tar.gz"),
        ("acme-1.0.tar.gz", "acme-1.0-py3-none-any.whl"),
        ("acme-1.0-py3-none-any.whl", "acme-1.0-py2.py3-none-any.whl"),
        ("acme-1.0-1-py3-none-any.whl", "acme-1.0-py3-none-any.whl"),
        ("acme-1.0-1-py3-none-any.whl", "acme-1.0-2-py3-none-any.whl"),
        ("acme-1.0-py3-none-any.whl.whl", "acme-1.0-py3-none-any.whl"),
        ("acme-none-any.whl", "acme-1.0-py3-none-any.whl"),
        ("acme-x-py3-none-any.whl", "acme-1.0-py3-none-any.whl"),
        ("", "acme-1.0.tar.gz"),
        ("acme", "acme-1.0.tar.gz"),
        ("acme-" + "1" * 70_000 + ".tar.gz", "acme-1.0.tar.gz"),
        ("acme-" + "1." * 700_000 + ".tar.gz", "acme-1.0.tar.gz"),
        (f"acme-1.0-{MANY}-{MANY}-{MANY}.whl", "acme-1.0-py3-none-any.whl"),
        (f"acme-1.0-{MANY[:80]}-{MANY[:80]}-{MANY[:80]}.whl", "acme-1.0-py3-none-any.whl"),
    ],
    ids=range(16),
)
def test_another_name(name, filename):
    assert not is_name_of(name, filename)


def test_the_types_of_what_may_be_stated_are_those_that_indexes_take():
    assert {hashlib.sha256(kind.value.encode()).hexdigest() for kind in AttestationType} == PREDICATES
