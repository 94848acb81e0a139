"""What is asked about provenance, of whom, and when nobody is."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from lib.facts import FIND_LINKS, INDEX, NOW, OTHER_SHA, SHA, artifact, direct
from packaging.version import Version

from safeinstall.facts.artifact import ArtifactKind, Source, SourceKind
from safeinstall.facts.provenance import Precedent, Refuted, Unattested
from safeinstall.facts.values import Missing
from safeinstall.judge.attestations import Attestations
from safeinstall.ports import ListedFile, ProjectPage

WEEK = timedelta(days=7)
NEW, OLD = "https://packages.example/new", "https://packages.example/old"
JUDGED = artifact("acme==2.0", hashes={"sha256": SHA}, provenance=NEW, upload_time=NOW)
REMEDY = "let an index be asked that lists this very file"


class Asked:
    """Notes what it is asked for, and refutes it by name."""

    def __init__(self):
        self.asked = []

    def provenance(self, artifact, *, verify):
        self.asked.append((artifact.provenance, verify))
        return Refuted(reason=artifact.filename)

    def prefetch_provenance(self, artifact):
        self.asked.append(artifact.provenance)


def listed(version, days, *, provenance=OLD, sha256=OTHER_SHA):
    name = f"acme-{version}-py3-none-any.whl"
    uploaded = None if days is None else NOW - timedelta(days=days)
    hashes = {"sha256": sha256} if sha256 else {}
    return ListedFile(
        filename=name, url=f"https://x/{name}", hashes=hashes, upload_time=uploaded, provenance=provenance
    )


def page(*files, **more):
    return ProjectPage(source=INDEX, files=(listed("2.0", 0, provenance=NEW, sha256=SHA), *files), **more)


@pytest.fixture
def source():
    return Asked()


def asking(source, *pages):
    return Attestations(source, lambda _: pages, lambda _: WEEK)


@pytest.mark.parametrize("verify", [False, True])
def test_what_is_announced_is_asked_for(source, verify):
    assert asking(source).fact(JUDGED, verify=verify) == Refuted(reason=JUDGED.filename)
    assert source.asked == [(NEW, verify)]


@pytest.mark.parametrize(
    ("made", "fact"),
    [
        (replace(JUDGED, provenance=None), Unattested()),
        (replace(JUDGED, hashes={"md5": "x"}), Missing("default publishes no sha256 of it")),
        (replace(JUDGED, unheard="no index lists it"), Missing("no index lists it", REMEDY)),
        (replace(JUDGED, source=FIND_LINKS), Missing("acme-2.0-py3-none-any.whl is of no index", REMEDY)),
        (direct("acme==2.0").artifact, Missing("acme-2.0-py3-none-any.whl is of no index", REMEDY)),
        (direct("acme==2.0", kind=ArtifactKind.TREE).artifact, Missing("acme is of no index", REMEDY)),
        (
            replace(direct("acme==2.0", kind=ArtifactKind.VCS).artifact, lock="pylock.toml"),
            Missing("acme is of no index", REMEDY),
        ),
        (replace(direct("acme==2.0").artifact, lock="pylock.toml"), Unattested()),
    ],
)
def test_what_is_known_without_asking(source, made, fact):
    assert asking(source).fact(made, verify=True) == fact
    asking(source).prefetch(made)
    assert source.asked == []


def test_what_came_before_is_asked_for_too(source):
    found = asking(source, page(listed("1.0", 30), listed("1.1", 20))).precedent(
        JUDGED, NOW, lambda one: one.version == Version("1.1")
    )
    assert found == Precedent(
        version=Version("1.1"),
        filename="acme-1.1-py3-none-any.whl",
        upload_time=NOW - timedelta(days=20),
        provenance=Refuted(reason="acme-1.1-py3-none-any.whl"),
        since=NOW - timedelta(days=30),
    )
    assert source.asked == [(OLD, True)]


def test_what_was_not_attested_before_is_not_asked_for(source):
    found = asking(source, page(listed("1.0", 30, provenance=None))).precedent(JUDGED, NOW, lambda _: True)
    assert (found, source.asked) == (None, [])


def test_what_will_be_asked_for_can_be_begun(source):
    known = asking(source, page(listed("1.0", 30)))
    known.prefetch(JUDGED)
    known.prefetch_earlier(JUDGED, NOW)
    assert source.asked == [NEW, OLD]


def test_the_first_release_has_no_precedent(source):
    assert asking(source, page()).precedent(JUDGED, NOW, lambda _: False) is None


@pytest.mark.parametrize(
    ("made", "pages", "reason"),
    [
        (
            replace(JUDGED, upload_time=None),
            [page(listed("1.0", 30))],
            "default does not tell when acme-2.0-py3-none-any.whl was uploaded",
        ),
        (JUDGED, [page(listed("1.0", None))], "default does not tell when other files of acme were uploaded"),
        (replace(JUDGED, source=FIND_LINKS), [], "acme-2.0-py3-none-any.whl is of no index"),
        (replace(JUDGED, unheard="nobody lists it"), [], "nobody lists it"),
    ],
)
def test_where_no_time_is_told_nobody_knows_what_came_before(source, made, pages, reason):
    assert asking(source, *pages).precedent(made, NOW, lambda _: False).reason == reason


@pytest.mark.parametrize("made", [JUDGED, replace(JUDGED, upload_time=None)])
def test_nor_need_anybody_where_nothing_else_is_attested(source, made):
    assert asking(source, page(listed("1.0", None, provenance=None))).precedent(made, NOW, lambda _: False) is None


def test_another_source_tells_nothing_of_it(source):
    other = replace(INDEX, url="https://other.example/simple/")
    pages = [page(), replace(page(listed("1.0", 30)), source=other)]
    assert asking(source, *pages).precedent(JUDGED, NOW, lambda _: False) is None


def test_of_a_mirror_its_original_tells_what_came_before(source):
    """The mirror may leave out what it likes, and make up the rest."""
    mirror = Source(kind=SourceKind.INDEX, url="https://near.example/", name="near", mirror_of=INDEX.name)
    made, own = replace(JUDGED, source=mirror), replace(page(listed("0.9", 10)), source=mirror)
    assert asking(source, page(listed("1.0", 30)), own).precedent(made, NOW, lambda _: False).version == Version("1.0")
    assert asking(source, own).precedent(made, NOW, lambda _: False).version == Version("0.9")


def test_of_what_a_lock_names_by_its_address_the_index_that_lists_it_tells(source):
    made = replace(direct("acme==2.0").artifact, lock="pylock.toml", upload_time=NOW)
    pages = [ProjectPage(source=FIND_LINKS, files=()), page(listed("1.0", 30))]
    assert asking(source, *pages).precedent(made, NOW, lambda _: False).version == Version("1.0")


def test_of_what_a_lock_binds_to_one_file_the_others_count(source):
    bound = ProjectPage(source=INDEX, files=page().files, beside=(listed("1.0", 30),), lock="pylock.toml")
    assert asking(source, bound).precedent(JUDGED, NOW, lambda _: False).version == Version("1.0")


def test_where_nothing_is_announced_nobody_asks_in_which_order_it_came(source):
    """An index without upload times, of whose files nobody has attested one, has nothing to lose."""
    untimed = replace(JUDGED, upload_time=None, provenance=None)
    for judged in (untimed, JUDGED):
        known = asking(source, page(listed("1.0", None, provenance=None)))
        assert known.precedent(judged, NOW, lambda _: False) is None
    known = asking(source, page(listed("1.0", None)))
    assert known.precedent(untimed, NOW, lambda _: False) == Missing(
        "default does not tell when acme-2.0-py3-none-any.whl was uploaded"
    )


def test_of_an_earlier_file_counts_what_the_index_says_where_nobody_can_prove_it(source):
    source.provenance = lambda artifact, *, verify: Missing("too old") if verify else Refuted(reason="told")
    found = asking(source, page(listed("1.0", 30))).precedent(JUDGED, NOW, lambda _: True)
    assert found.provenance == Refuted(reason="told")
