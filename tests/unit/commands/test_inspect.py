from __future__ import annotations

from dataclasses import replace
from hashlib import sha256

import pytest
from lib.facts import artifact
from packaging.version import Version

from safeinstall.commands.inspect.inspector import _notes
from safeinstall.commands.inspect.subject import Subject, read_subject
from safeinstall.errors import UsageError
from safeinstall.facts.provenance import Attestation, Provenance, Publisher, PublisherKind, Refuted, Unattested
from safeinstall.facts.values import Missing
from safeinstall.report.inspection.model import InspectedFile


@pytest.mark.parametrize("word", ["Acme.App==1.0", "acme-app == 1.0", "acme_app[extra]==1.0", "acme-app===1.0"])
def test_a_release(word):
    assert read_subject(word) == Subject(name="acme-app", version=Version("1.0"))


@pytest.mark.parametrize("name", ["acme-1.0-py3-none-any.whl", "acme-1.0.tar.gz", "acme-1.0.zip"])
def test_a_file(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    (tmp_path / name).write_bytes(b"x")
    expected = Subject(name="acme", version=Version("1.0"), path=tmp_path / name, sha256=sha256(b"x").hexdigest())
    assert read_subject(name) == read_subject(str(tmp_path / name)) == expected


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("acme", "inspect: 'acme' is no release and no file"),
        ("acme>=1.0", "inspect: 'acme>=1.0' is not one release"),
        ("acme==1.*", "inspect: 'acme==1.*' is no release and no file"),
        ("acme==1.0,<2", "inspect: 'acme==1.0,<2' is no release and no file"),
        ("acme==1.0; python_version>'3'", "inspect: \"acme==1.0; python_version>'3'\" is not one release"),
        ("acme @ https://a.example/b", "inspect: 'acme @ https://a.example/b' is no release and no file"),
        ("", "inspect: '' is no release and no file"),
        ("acme-1.0.tar.gz", "inspect: there is no file acme-1.0.tar.gz"),
    ],
)
def test_what_is_neither(word, said):
    with pytest.raises(UsageError) as caught:
        read_subject(word)
    assert caught.value.message == said


def test_a_file_whose_name_says_nothing(tmp_path):
    (tmp_path / "acme.whl").write_bytes(b"x")
    with pytest.raises(UsageError, match=r"^inspect: Invalid wheel filename"):
        read_subject(str(tmp_path / "acme.whl"))


def attested(repository="acme/app", commit="1" * 40):
    who = Publisher(kind=PublisherKind.GITHUB, repository=repository)
    url = f"https://github.com/{repository}"
    one = Attestation(publisher=who, predicate_type="publish", commit=commit, repository_url=url)
    return Provenance(attestations=(one,), verified=True)


@pytest.mark.parametrize(
    ("facts", "notes"),
    [
        ([attested(), attested()], []),
        ([Unattested(), Unattested()], []),
        ([attested(), attested("other/app")], ["its files were published by different publishers"]),
        ([attested(), attested(commit="2" * 40)], ["its files were built from different commits"]),
        ([attested(), Unattested()], ["of one of its files nobody says who built it"]),
        ([attested(), Refuted(reason="forged")], []),
        ([attested(), Missing("no answer")], []),
    ],
)
def test_files_of_a_release_that_contradict_each_other(facts, notes):
    files = [InspectedFile(artifact=artifact(), provenance=fact) for fact in facts]
    assert list(_notes(files)) == notes


def test_an_attestation_without_a_commit_contradicts_none():
    (one,) = attested().attestations
    bare = Provenance(attestations=(replace(one, commit=None),), verified=True)
    assert list(_notes([InspectedFile(artifact=artifact(), provenance=fact) for fact in (attested(), bare)])) == []
