from __future__ import annotations

from dataclasses import replace

import pytest
from lib.facts import INDEX, SHA, artifact, direct

from safeinstall.errors import SourceError
from safeinstall.facts.artifact import SourceKind
from safeinstall.facts.origins.origin import AttestedCommit
from safeinstall.facts.provenance import Attestation, Provenance, Publisher, PublisherKind, Unattested
from safeinstall.facts.values import Missing
from safeinstall.judge.origins import LARGEST, Origins, find_sdist
from safeinstall.ports import ListedFile, ProjectPage

OTHER = replace(INDEX, url="https://other.example/simple/", name="other")
WHEEL = artifact("acme==1.0", hashes={"sha256": SHA})


def listed(filename, **fields):
    return ListedFile(
        **{"filename": filename, "url": f"https://f.example/{filename}", "hashes": {"sha256": SHA}, **fields}
    )


def page(*files, source=INDEX, **fields):
    return ProjectPage(source=source, files=files, **fields)


def found(*pages, wheel=WHEEL):
    answer = find_sdist(wheel, lambda _: pages)
    return answer.reason if isinstance(answer, Missing) else answer.filename


SDIST = listed("acme-1.0.tar.gz", hashes={"sha256": "ef" * 32})


def test_the_source_distribution_of_the_same_release():
    pages = page(listed("acme-0.9.tar.gz"), listed("acme-1.0-py3-none-any.whl"), SDIST, listed("acme-1.0.zip"))
    assert found(pages) == "acme-1.0.tar.gz"


def test_also_where_a_lock_binds_the_project_to_the_wheel():
    assert found(page(listed(WHEEL.filename), beside=(SDIST,))) == "acme-1.0.tar.gz"
    locked = replace(direct("acme==1.0").artifact, lock="pylock.toml", filename=WHEEL.filename)
    assert found(page(listed(WHEEL.filename), SDIST), wheel=locked) == "acme-1.0.tar.gz"
    assert found(page(SDIST), wheel=locked) == "there is no source distribution of acme 1.0"


def test_of_another_index_it_is_somebody_else_s():
    assert found(page(SDIST, source=OTHER)) == "there is no source distribution of acme 1.0"
    other = listed(WHEEL.filename, hashes={"sha256": "cd" * 32})
    assert found(page(other, SDIST, source=OTHER)) == "there is no source distribution of acme 1.0"
    unknown = artifact("acme==1.0")
    assert found(page(listed(WHEEL.filename, hashes={}), SDIST, source=OTHER), wheel=unknown).startswith("there is no")


def test_but_not_of_one_that_lists_the_very_same_wheel():
    theirs = page(listed(WHEEL.filename), listed("acme-1.0.zip"), source=OTHER)
    assert found(page(listed(WHEEL.filename)), theirs) == "acme-1.0.zip"
    assert found(theirs, page(listed(WHEEL.filename), SDIST)) == "acme-1.0.tar.gz"


@pytest.mark.parametrize(
    ("file", "reason"),
    [
        (listed("acme-1.1.tar.gz"), "there is no source distribution of acme 1.0"),
        (listed("acme-1.0.tar.gz", hashes={}), "default publishes no sha256 of acme-1.0.tar.gz"),
        (listed("acme-1.0.tar.gz", hashes={"md5": "0"}), "default publishes no sha256 of acme-1.0.tar.gz"),
        (listed("acme-1.0.tar.gz", size=LARGEST + 1), "acme-1.0.tar.gz is larger than 64 MiB"),
    ],
)
def test_one_that_is_not_fetched(file, reason):
    assert found(page(file)) == reason


def test_a_file_of_no_index():
    wheel = direct("acme==1.0").artifact
    assert wheel.source.kind is SourceKind.DIRECT
    assert found(page(SDIST), wheel=wheel) == f"{wheel.filename} is of no index"


def test_an_index_that_does_not_answer():
    def pages(_):
        raise SourceError("it does not answer", hint="ask again")

    assert find_sdist(WHEEL, pages) == Missing("it does not answer", "ask again")


def attested(*, verified=True, **fields):
    who = Publisher(kind=PublisherKind.GITHUB, repository="acme/app")
    one = Attestation(publisher=who, predicate_type="publish", **fields)
    return Provenance(attestations=(one,), verified=verified)


WHERE = {"repository_url": "https://g.example/acme/app", "commit": "1" * 40}


@pytest.mark.parametrize(
    ("provenance", "expected"),
    [
        (attested(**WHERE), AttestedCommit(repository="https://g.example/acme/app", commit="1" * 40)),
        (attested(verified=False, **WHERE), None),
        (attested(commit="1" * 40), None),
        (attested(repository_url="https://g.example/acme/app"), None),
        (Unattested(), None),
        (Missing("nobody asked"), None),
    ],
)
def test_only_a_commit_that_is_proved_is_a_source(provenance, expected):
    asked = []

    class Source:
        def origin(self, wheel, sdist, commit):
            asked.append(commit)

        def prefetch_origin(self, wheel, sdist):
            asked.append(sdist.filename)

    origins = Origins(Source(), lambda _: [page(SDIST)], lambda file: file)
    origins.prefetch(WHEEL)
    origins.fact(WHEEL, provenance)
    assert asked == ["acme-1.0.tar.gz", expected]


def test_nothing_is_begun_without_a_source_distribution():
    class Source:
        def prefetch_origin(self, wheel, sdist):
            pytest.fail("asked")

    Origins(Source(), lambda _: [page()], lambda file: file).prefetch(WHEEL)
