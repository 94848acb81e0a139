from __future__ import annotations

import pytest
from lib.facts import FIND_LINKS, OTHER_SHA, SHA, direct, evidence, messages

from safeinstall.facts.artifact import ArtifactKind
from safeinstall.facts.finding import Finding, Level
from safeinstall.facts.values import Missing
from safeinstall.policy.selectors import parse_release
from safeinstall.rules.hashes import Hashes

UNKNOWN = Missing("default publishes no sha256")


def pins(*hashes, release="acme==1.0"):
    return {parse_release(release): tuple(f"sha256:{sha}" for sha in hashes)}


def test_what_is_not_pinned_is_denied():
    assert list(Hashes().check(evidence("acme==1.0"))) == [
        Finding(
            rule="hashes",
            level=Level.DENY,
            message="no sha256 is pinned for acme==1.0; the policy asks for one",
            key="rules.hashes.require",
            remedy="install from a lock or requirements with hashes, or add"
            f' "acme==1.0" = ["sha256:{SHA}"] to pins in [rules.hashes]',
        )
    ]


def test_what_is_not_pinned_is_denied_also_when_its_hash_is_unknown():
    (finding,) = Hashes().check(evidence("acme==1.0", sha256=UNKNOWN))
    assert (finding.missing, finding.level) == (False, Level.DENY)
    assert finding.remedy == (
        "install from a lock or requirements with hashes, or add its hash to pins in [rules.hashes]"
    )


def test_a_pinned_file_passes():
    assert list(Hashes(pins=pins(OTHER_SHA, SHA)).check(evidence("acme==1.0"))) == []


def test_a_pin_is_for_one_release():
    assert messages(Hashes(pins=pins(SHA, release="acme==2.0")), evidence("acme==1.0")) == [
        "no sha256 is pinned for acme==1.0; the policy asks for one"
    ]


def test_a_hash_of_the_user_is_a_pin():
    assert list(Hashes().check(evidence(user_hashes=frozenset({f"sha256:{SHA}"})))) == []


@pytest.mark.parametrize("require", ["pinned", "index"])
def test_a_hash_of_another_kind_is_compared_where_the_index_publishes_it(require):
    wanted = frozenset({f"sha512:{OTHER_SHA}"})
    same = evidence("acme==1.0", user_hashes=wanted, hashes={"sha512": OTHER_SHA.upper()})
    other = evidence("acme==1.0", user_hashes=wanted, hashes={"sha512": SHA})
    assert messages(Hashes(require=require), same) == []
    assert messages(Hashes(require=require), other) == [
        f"sha512:{SHA} is none of the 1 pinned for acme==1.0 (sha512:{OTHER_SHA})"
    ]


@pytest.mark.parametrize("require", ["pinned", "index"])
@pytest.mark.parametrize("sha256", [SHA, UNKNOWN])
def test_a_hash_of_another_kind_is_otherwise_left_to_the_fetched_file(require, sha256):
    for wanted in ({f"sha512:{SHA}"}, {f"sha384:{SHA}", f"sha256:{OTHER_SHA}"}):
        given = evidence("acme==1.0", user_hashes=frozenset(wanted), sha256=sha256)
        assert messages(Hashes(require=require), given) == []


def test_a_weak_hash_of_the_user_is_no_pin():
    given = evidence("acme==1.0", user_hashes=frozenset({"md5:" + "0" * 32}))
    assert messages(Hashes(), given) == ["no sha256 is pinned for acme==1.0; the policy asks for one"]


def test_a_pin_of_the_policy_binds_beside_a_hash_of_the_user():
    given = evidence("acme==1.0", user_hashes=frozenset({f"sha512:{SHA}"}))
    assert messages(Hashes(pins=pins(OTHER_SHA)), given) == [
        f"sha256:{SHA} is none of the 1 pinned for acme==1.0 (sha256:{OTHER_SHA})"
    ]


def test_a_file_that_is_none_of_the_pinned_is_denied_where_pins_are_required_and_where_not():
    for require in ("pinned", "index"):
        assert list(Hashes(require=require, pins=pins(OTHER_SHA)).check(evidence("acme==1.0"))) == [
            Finding(
                rule="hashes",
                level=Level.DENY,
                message=f"sha256:{SHA} is none of the 1 pinned for acme==1.0 (sha256:{OTHER_SHA})",
                key='rules.hashes.pins."acme==1.0"',
                remedy="find out why the file differs before pinning this hash too",
            )
        ]


def test_a_long_list_of_pins_is_shown_shortened():
    many = pins(*(f"{digit}" * 64 for digit in "4321"))
    shown = ", ".join(f"sha256:{digit * 64}" for digit in "123")
    assert messages(Hashes(pins=many), evidence("acme==1.0")) == [
        f"sha256:{SHA} is none of the 4 pinned for acme==1.0 ({shown}, …)"
    ]


def test_a_published_hash_is_enough_where_the_policy_says_so():
    assert list(Hashes(require="index").check(evidence())) == []


def test_an_index_that_publishes_no_hash_leaves_a_fact_missing():
    for rule in (Hashes(require="index"), Hashes(pins=pins(SHA))):
        assert list(rule.check(evidence("acme==1.0", sha256=UNKNOWN))) == [
            Finding(
                rule="hashes",
                level=Level.DENY,
                missing=True,
                message="the sha256 of this file of acme==1.0 is not known: default publishes no sha256",
                key="rules.hashes.require",
                remedy="take it from an index that publishes sha256 hashes",
            )
        ]


def test_your_own_tree_needs_no_hash_of_an_index():
    tree = direct(kind=ArtifactKind.TREE, url="file:///home/me/acme", sha256=UNKNOWN)
    assert list(Hashes(require="index").check(tree)) == []
    assert messages(Hashes(), tree) == ["no sha256 is pinned for acme==1.0; the policy asks for one"]


def test_a_folder_of_wheels_is_no_path_of_your_own():
    (finding,) = Hashes(require="index").check(evidence(source=FIND_LINKS, url="file:///x.whl", sha256=UNKNOWN))
    assert finding.missing
