from __future__ import annotations

import gzip
from dataclasses import replace
from hashlib import sha256

import pytest
from lib.facts import artifact
from lib.wheels import make_sdist, make_wheel
from packaging.version import Version

from safeinstall.commands.inspect import main
from safeinstall.commands.inspect.inspector import _notes
from safeinstall.commands.inspect.subject import Subject, read_subject
from safeinstall.errors import SourceError, UsageError
from safeinstall.facts.provenance import Attestation, Provenance, Publisher, PublisherKind, Refuted, Unattested
from safeinstall.facts.values import Missing
from safeinstall.report.inspection.model import InspectedFile


@pytest.mark.parametrize("word", ["Acme.App==1.0", "acme-app == 1.0", "acme_app[extra]==1.0", "acme-app===1.0"])
def test_a_release(word):
    assert read_subject(word) == Subject(name="acme-app", version=Version("1.0"))


@pytest.mark.parametrize("name", ["acme-1.0-py3-none-any.whl", "acme-1.0.tar.gz", "acme-1.0.zip"])
def test_a_file(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    data = make_wheel("acme", "1.0")[1] if not name.endswith("gz") else make_sdist("acme", "1.0")[1]
    (tmp_path / name).write_bytes(data)
    expected = Subject(name="acme", version=Version("1.0"), path=tmp_path / name, sha256=sha256(data).hexdigest())
    assert read_subject(name) == read_subject(str(tmp_path / name)) == expected


@pytest.mark.parametrize("data", [b"", b"x", b"\x1f\x8b\x08", *(gzip.compress(b"x" * n, mtime=0) for n in (1, 600))])
@pytest.mark.parametrize(("suffix", "form"), [("-py3-none-any.whl", "zip"), (".zip", "zip"), (".tar.gz", "tar.gz")])
def test_a_file_that_is_not_what_it_is_called(tmp_path, data, suffix, form):
    path = tmp_path / f"acme-1.0{suffix}"
    path.write_bytes(data)
    with pytest.raises(SourceError) as caught:
        read_subject(str(path))
    assert caught.value.message == f"{path} is called like a {form} archive and is none"


@pytest.mark.parametrize(
    ("word", "hint"),
    [
        ("Sampleproject", "safe-pip inspect Sampleproject==VERSION"),
        ("acme[x]>=1,<2", "safe-pip inspect acme==VERSION"),
        ("./acme", "safe-pip inspect NAME==VERSION, or the path of a wheel or source distribution"),
        ("https://a.example/x", "safe-pip inspect NAME==VERSION, or the path of a wheel or source distribution"),
        ("https://a.example/acme-1.0.zip?x=/y", "safe-pip inspect acme==1.0, or download the file and give its path"),
        ("file:///a/acme-1.0-py3-none-any.whl", "safe-pip inspect acme==1.0, or download the file and give its path"),
    ],
)
def test_how_to_name_it(word, hint):
    with pytest.raises(UsageError) as caught:
        read_subject(word)
    assert caught.value.hint == hint


@pytest.mark.parametrize(
    ("words", "option", "setting"),
    [
        (["--index-url", "https://a.example", "acme==1.0"], "--index-url", "PIP_INDEX_URL=URL"),
        (["acme==1.0", "-i", "https://a.example"], "-i", "PIP_INDEX_URL=URL"),
        (["acme==1.0", "--extra-index-url=https://u:p@a.example"], "--extra-index-url", "PIP_EXTRA_INDEX_URL=URL"),
        (["--no-index", "acme==1.0"], "--no-index", "PIP_NO_INDEX=1"),
    ],
)
def test_where_to_look_is_pips_to_set(words, option, setting):
    with pytest.raises(UsageError) as caught:
        main(words, {}, None)
    assert caught.value.message == f"inspect: it does not take {option}"
    assert caught.value.hint == f"{setting} in the environment, or in pip's configuration, counts here, too"


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
        (
            "https://u:p@a.example/acme-1.0.tar.gz",
            "inspect: https://****@a.example/acme-1.0.tar.gz is an address, and no file of this machine",
        ),
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
