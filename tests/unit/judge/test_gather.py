from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from lib.facts import FIND_LINKS, INDEX, NOW, OTHER_SHA, SHA, advisory, artifact, direct

from safeinstall.errors import SourceError
from safeinstall.facts.artifact import Source, SourceKind
from safeinstall.facts.values import Lookalike, Missing
from safeinstall.judge.gather import Gatherer
from safeinstall.ports import ListedFile, ProjectPage

ACME = Source(kind=SourceKind.INDEX, url="https://packages.acme.example:8443/simple/", name="acme")
OURS = artifact(hashes={"sha256": SHA})


def page(source, *shas, age=None):
    files = tuple(ListedFile(filename="x", url="https://x/", hashes={"sha256": sha}) for sha in shas)
    return ProjectPage(source=source, files=files, first_upload=NOW - age if age else None)


def gather(made=OURS, *, pages=(), required_by=None, **options):
    options = {"siblings": lambda _: (), "requested": frozenset(), "user_hashes": {}, "advisories": None, **options}
    return Gatherer(as_of=NOW, pages=lambda _: pages, **options).gather(made, required_by)


@pytest.mark.parametrize(
    ("pages", "rivals"),
    [
        ([page(INDEX, SHA)], ()),
        ([page(INDEX, SHA), page(ACME, OTHER_SHA)], (ACME,)),
        ([page(INDEX, SHA), page(ACME)], (ACME,)),
        ([page(INDEX, SHA), page(ACME, OTHER_SHA, SHA)], ()),
        ([page(INDEX, SHA), page(FIND_LINKS, OTHER_SHA)], ()),
        ([page(INDEX, SHA), page(INDEX, OTHER_SHA)], ()),
    ],
)
def test_rivals_are_indexes_that_offer_other_files_of_the_project(pages, rivals):
    assert gather(pages=pages).rivals == rivals


NEAR = Source(kind=SourceKind.INDEX, url="https://near.example/", name="near", mirror_of="default")
FAR = Source(kind=SourceKind.INDEX, url="https://far.example/", name="far", mirror_of="default")


@pytest.mark.parametrize(
    ("source", "pages", "rivals"),
    [
        (INDEX, [page(INDEX, SHA), page(NEAR, OTHER_SHA)], ()),
        (NEAR, [page(INDEX, OTHER_SHA), page(NEAR, SHA)], ()),
        (NEAR, [page(NEAR, SHA), page(FAR, OTHER_SHA)], ()),
        (NEAR, [page(INDEX, SHA), page(NEAR, SHA), page(ACME, OTHER_SHA)], (ACME,)),
        (ACME, [page(INDEX, OTHER_SHA), page(NEAR, OTHER_SHA), page(ACME, SHA)], (INDEX, NEAR)),
    ],
)
def test_an_index_and_its_mirrors_are_no_rivals_of_each_other(source, pages, rivals):
    assert gather(artifact(source=source, hashes={"sha256": SHA}), pages=pages).rivals == rivals


def listing(source, sha, filename="acme-1.0-py3-none-any.whl"):
    hashes = {"sha256": sha} if sha else {}
    return ProjectPage(source=source, files=(ListedFile(filename=filename, url="https://x/", hashes=hashes),))


@pytest.mark.parametrize(
    ("source", "pages", "altered"),
    [
        (NEAR, [listing(INDEX, OTHER_SHA), listing(NEAR, SHA)], INDEX),
        (NEAR, [listing(INDEX, SHA), listing(NEAR, SHA)], None),
        (NEAR, [listing(INDEX, None), listing(NEAR, SHA)], None),
        (NEAR, [listing(INDEX, OTHER_SHA, "acme-1.0.tar.gz"), listing(NEAR, SHA)], None),
        (NEAR, [listing(INDEX, SHA), listing(NEAR, SHA), listing(FAR, OTHER_SHA)], None),
        (NEAR, [listing(NEAR, SHA), listing(FAR, OTHER_SHA)], FAR),
        (NEAR, [listing(INDEX, OTHER_SHA), listing(INDEX, SHA), listing(NEAR, SHA)], None),
        (INDEX, [listing(INDEX, SHA), listing(NEAR, OTHER_SHA)], None),
        (ACME, [listing(ACME, SHA), listing(INDEX, OTHER_SHA)], None),
    ],
)
def test_a_mirror_is_held_against_its_original(source, pages, altered):
    assert gather(artifact(source=source, hashes={"sha256": SHA}), pages=pages).altered == altered


def test_a_file_without_a_hash_is_nowhere_else():
    assert gather(artifact(), pages=[page(INDEX), page(ACME, SHA)]).rivals == (ACME,)


def test_what_comes_from_no_index_has_no_rivals():
    def fail(_):
        raise SourceError("pages were asked for")

    given = Gatherer(None, lambda _: (), frozenset(), {}, NOW, pages=fail)
    assert given.gather(artifact(source=FIND_LINKS), None).rivals == ()


@pytest.mark.parametrize(("indexes", "listed"), [((), True), (("acme",), False), (("acme", "default"), True)])
def test_whether_the_policy_lists_its_index(indexes, listed):
    assert gather(indexes=frozenset(indexes)).is_index_listed is listed
    assert gather(artifact(source=FIND_LINKS), indexes=frozenset(indexes)).is_index_listed


@pytest.mark.parametrize(
    ("entry", "trusted"),
    [
        ("packages.acme.example", True),
        ("packages.acme.example:8443", True),
        ("PACKAGES.acme.example", True),
        ("files.example:443", True),
        ("packages.acme.example:443", False),
        ("acme.example", False),
    ],
)
def test_a_trusted_host_is_that_of_the_index_or_of_the_file(entry, trusted):
    found = gather(artifact(source=ACME), trusted_hosts=["other.example", entry]).trusted_host
    assert found == (entry if trusted else None)


def test_plain_http_has_no_checks_to_switch_off():
    made = artifact(source=Source(kind=SourceKind.INDEX, url="http://acme.example/", name="acme"), url="http://[::2]/x")
    assert gather(made, trusted_hosts=["acme.example", "[::2]"]).trusted_host is None


def test_the_age_of_a_project_is_asked_only_of_a_lookalike():
    pages = [page(INDEX, SHA, age=timedelta(days=3)), page(INDEX, SHA, age=timedelta(days=9)), page(INDEX, SHA)]
    alike = Lookalike(popular="acne", rank=1, trick="one character replaced")
    assert gather(pages=pages).first_upload == Missing("nobody asked")
    assert gather(pages=pages, lookalike=lambda _: alike).first_upload == NOW - timedelta(days=9)
    assert gather(pages=[page(INDEX, SHA)], lookalike=lambda _: alike).first_upload == Missing(
        "default does not tell when it was uploaded"
    )


def test_when_the_popular_project_began_is_asked_of_every_index():
    alike = Lookalike(popular="acne", rank=1, trick="one character replaced")
    asked = {
        "acme": [page(INDEX, SHA)],
        "acne": [page(INDEX, age=timedelta(days=3)), page(ACME, age=timedelta(days=9)), page(ACME)],
    }

    def began(pages):
        given = Gatherer(None, lambda _: (), frozenset(), {}, NOW, pages=pages, lookalike=lambda _: alike)
        return given.gather(OURS, None).popular_upload

    def fail(name):
        if name == "acne":
            raise SourceError("the index did not answer")
        return ()

    assert began(asked.__getitem__) == NOW - timedelta(days=9)
    assert began(lambda _: [page(INDEX, SHA)]) is None
    assert began(fail) is None


@pytest.mark.parametrize(
    ("parent", "pages", "vouched"),
    [
        (artifact("boto3==1.0", hashes={"sha256": SHA}), [page(INDEX, SHA)], "boto3"),
        (artifact("unknown==1.0", hashes={"sha256": SHA}), [page(INDEX, SHA)], None),
        (artifact("boto3==1.0", hashes={"sha256": SHA}, source=FIND_LINKS), [], None),
        (direct("boto3==1.0").artifact, [], None),
        (artifact("boto3==1.0", hashes={"sha256": SHA}), [page(INDEX, SHA), page(ACME, OTHER_SHA)], None),
    ],
    ids=["popular", "not popular", "find-links", "an address", "two indexes"],
)
def test_a_popular_project_of_one_index_vouches_for_what_it_requires(parent, pages, vouched):
    alike = Lookalike(popular="acne", rank=1, trick="one character replaced")
    gatherer = Gatherer(None, lambda _: (), frozenset(), {}, NOW, pages=lambda _: pages, lookalike=lambda _: alike)
    gatherer.popular = frozenset({"boto3"})
    gatherer.hear(parent, ["middle"])
    gatherer.hear(artifact("middle==1.0", hashes={"sha256": SHA}), ["acme"])
    assert gatherer.gather(OURS, None).vouched_by == (vouched and "middle")


def told_at(moment, source=INDEX):
    return ProjectPage(source=source, files=(), answered=moment)


@pytest.mark.parametrize("apart", [timedelta(hours=-23), timedelta(0), timedelta(hours=23)])
def test_clocks_that_agree(apart):
    assert gather(artifact(upload_time=NOW), pages=[told_at(NOW + apart)]).upload_time == NOW


@pytest.mark.parametrize("apart", [timedelta(days=-2000), timedelta(hours=25)])
def test_a_clock_that_disagrees_makes_every_time_missing(apart):
    found = gather(artifact(upload_time=NOW), pages=[told_at(NOW + apart)], advisories=object(), first_uploads=True)
    reason = f"the clock of this machine says {NOW:%Y-%m-%d}, that of default {NOW + apart:%Y-%m-%d}"
    remedy = "set the clock of this machine, or tell whoever runs the index that theirs is wrong"
    assert found.upload_time == found.first_upload == Missing(reason, remedy)
    assert found.advisories == Missing(f"how old the advisories are is not known: {reason}", remedy)


def test_what_expires_does_so_by_the_later_clock():
    assert gather(pages=[told_at(NOW + timedelta(days=900))]).as_of == NOW + timedelta(days=900)
    assert gather(pages=[told_at(NOW - timedelta(days=900))]).as_of == NOW


# When the first file of a version was uploaded


class Advisories:
    def __init__(self, *known):
        self.known = known

    def advisories(self, _):
        return self.known


def old_and_new(source=INDEX):
    files = (("acme-1.0.tar.gz", 900), ("acme-1.0-py3-none-any.whl", 1))
    return ProjectPage(
        source=source,
        files=tuple(
            ListedFile(filename=name, url="https://x/", hashes={"sha256": SHA}, upload_time=NOW - timedelta(days=days))
            for name, days in files
        ),
    )


def test_it_is_asked_where_an_advisory_has_no_end():
    known = (Advisories(advisory(fixed=None)), Advisories(advisory(fixed="2.0")), None)
    uploads = [gather(pages=[old_and_new()], advisories=one).version_upload for one in known]
    assert uploads == [NOW - timedelta(days=900), *2 * [Missing("nobody asked")]]


def test_of_an_address_no_index_is_asked():
    def fail(_):
        raise SourceError("pages were asked for")

    given = Gatherer(Advisories(advisory(fixed=None)), lambda _: (), frozenset(), {}, NOW, pages=fail)
    made = direct("acme==1.0").artifact
    reason = "https://files.acme.example/acme.whl does not tell when it was uploaded"
    assert given.gather(made, None).version_upload == Missing(reason)


def test_of_an_address_that_a_lock_names_all_files_of_the_index_count():
    made = replace(direct("acme==1.0").artifact, lock="pylock.toml", hashes={"sha256": SHA})
    found = gather(made, pages=[old_and_new()], advisories=Advisories(advisory(fixed=None)))
    assert found.version_upload == NOW - timedelta(days=900)
    listed = replace(old_and_new().files[0], hashes={"sha256": SHA}, provenance="https://x/provenance")
    told = gather(made, pages=[ProjectPage(source=INDEX, files=(listed,))])
    assert told.artifact.provenance == "https://x/provenance"
    unheard = gather(made, pages=[], advisories=Advisories(advisory(fixed=None)))
    assert unheard.version_upload == unheard.upload_time
    assert unheard.upload_time.reason == "no index that may be asked lists acme-1.0-py3-none-any.whl"


# Of a mirror's file


@pytest.mark.parametrize(
    ("original", "reason"),
    [
        (
            listing(INDEX, SHA, "acme-1.0.tar.gz"),
            "default has other files of acme 1.0 than this one, and what its mirror near says of that is not believed",
        ),
        (
            listing(INDEX, OTHER_SHA),
            "default has other files of acme 1.0 than this one, and what its mirror near says of that is not believed",
        ),
        (listing(INDEX, SHA), "near does not tell when it was uploaded"),
        (listing(INDEX, SHA, "acme-2.0.tar.gz"), "near does not tell when it was uploaded"),
        (listing(ACME, SHA, "acme-1.0.tar.gz"), "near does not tell when it was uploaded"),
    ],
)
def test_why_it_is_not_known_when_a_mirrors_file_was_uploaded(original, reason):
    made = artifact(source=NEAR, hashes={"sha256": SHA})
    assert gather(made, pages=[original, listing(NEAR, SHA)]).upload_time == Missing(reason)
