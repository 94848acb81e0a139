from __future__ import annotations

import subprocess
import sys

import pytest
from packaging.version import Version

from safeinstall.facts.advisories import alias_groups, collapse, is_malicious, matching
from safeinstall.facts.advisory import Advisory, AffectedRange
from safeinstall.facts.values import Missing


def advisory(
    id_: str, *versions: str, group: str = "", severity: float | None = None, ranges: tuple = (), summary: str = ""
) -> Advisory:
    aliases = frozenset({id_, *group.split()})
    return Advisory(
        id=id_,
        aliases=aliases,
        summary=summary,
        severity=Missing("unscored") if severity is None else severity,
        malicious=is_malicious(aliases),
        versions=frozenset(map(Version, versions)),
        literal_versions=frozenset(),
        ranges=ranges,
    )


def test_aliases_are_followed_in_both_directions_and_through_ids_without_a_record():
    groups = alias_groups([["PYSEC-1", "GHSA-1"], ["GHSA-2", "CVE-1"], ["PYSEC-1", "CVE-1"], ["PYSEC-9"]])

    assert groups["GHSA-2"] == {"PYSEC-1", "GHSA-1", "GHSA-2", "CVE-1"}
    assert groups["GHSA-1"] is groups["GHSA-2"]
    assert groups["PYSEC-9"] == {"PYSEC-9"}


def test_alias_groups_of_nothing():
    assert alias_groups([[], []]) == {}


def test_a_long_chain_of_aliases_is_one_group():
    links = [[f"A-{n}", f"A-{n + 1}"] for n in range(5000)]

    assert len(alias_groups(reversed(links))["A-0"]) == 5001


def test_collapsing_joins_a_group_and_leaves_others_apart():
    group = "PYSEC-1 GHSA-1 CVE-1"
    fixed = AffectedRange(introduced=None, fixed=Version("2"))
    joined, other = collapse(
        [
            advisory("GHSA-1", "5", group=group, severity=7.5, summary="from GHSA"),
            advisory("PYSEC-9", "1"),
            advisory("PYSEC-1", group=group, ranges=(fixed,), severity=4.0),
            advisory("CVE-1", group=group, ranges=(fixed,)),
        ]
    )

    assert joined == advisory("PYSEC-1", "5", group=group, severity=7.5, summary="from GHSA", ranges=(fixed,))
    assert other == advisory("PYSEC-9", "1")


def test_an_unscored_group_stays_unscored():
    (joined,) = collapse([advisory("PYSEC-1", group="GHSA-1"), advisory("GHSA-1", group="PYSEC-1")])

    assert joined.severity == Missing("unscored")


def test_a_group_with_one_record_of_malware_is_malicious():
    assert advisory("PYSEC-1", group="MAL-2026-1").malicious
    assert not advisory("PYSEC-1", group="CVE-2026-1").malicious


@pytest.mark.parametrize(
    ("version", "ids"), [("1.0", ("A-1", "B-1")), (" v1 ", ("A-1", "B-1")), ("2", ()), ("1.0-x", ())]
)
def test_matching_names_every_record_in_order(version, ids):
    assert matching([advisory("B-1", "1", group="A-1"), advisory("A-1", "1.0.0", group="B-1")], version) == ids


def test_reading_advisories_does_not_load_the_scoring_library():
    program = "import sys, safeinstall.facts.advisories; sys.exit('cvss' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
