"""What the author of a repository may try against whoever works in it. Nothing that was denied may pass."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from lib.facts import FIND_LINKS, OTHER_SHA, SHA, advisory, direct, evidence, listed
from lib.policies import judged, layered
from lib.provenance import attested, github, precedent
from packaging.utils import canonicalize_name

from safeinstall.facts.artifact import ArtifactKind
from safeinstall.facts.provenance import Unattested
from safeinstall.facts.values import Missing

DAY = timedelta(days=1)
UNKNOWN = Missing("nobody knows")
SYSTEM = f"""\
schema = 1
extends = "strict"
[advisories]
sources = ["osv"]
[[indexes]]
name = "default"
packages = ["*"]
[[indexes]]
name = "acme"
url = "https://packages.acme.example/simple/"
packages = ["acme-*"]
[rules.allowlist]
packages = ["acme", "acme-*", "tool<2"]
[rules.denylist]
packages = [{{ package = "acme==6.6", reason = "broken" }}]
[rules.hashes]
require = "pinned"
[rules.hashes.pins]
"acme==1.0" = ["sha256:{SHA}"]
"acme==2.0" = ["sha256:{SHA}"]
"acme==3.0" = ["sha256:{SHA}"]
"acme==6.6" = ["sha256:{SHA}"]
"tool==1.0" = ["sha256:{SHA}"]
"tool==2.0" = ["sha256:{SHA}"]
[[rules.provenance.publishers]]
package = "acme-core"
kind = "GitHub"
repository = "acme/core"
[rules.minimum-age]
minimum = "7d"
[[overrides]]
package = "acme==3.0"
rules.minimum-age.minimum = "30d"
[[exceptions]]
package = "tool==1.0"
rules = ["minimum-age"]
reason = "urgent"
expires = 2026-11-01
[grants]
exceptions = ["licenses"]
max-exception = "30d"
"""
BASE = "[rules.{}]\n{}\n"
EXCEPTION = """\
[[exceptions]]
package = "{}"
rules = ["{}"]
reason = "trust me"
expires = 2099-01-01
approved-by = "secops"
"""
OVERRIDE = '[[overrides]]\npackage = "{}"\n[overrides.rules.{}]\n{}\n'

YOUNG = evidence(age=DAY)
OLD_RULE = evidence("acme==3.0", age=10 * DAY)
UNLISTED = evidence("evil==1.0")
LISTED_DENIED = evidence("acme==6.6")
OTHER_FILE = evidence(sha256=OTHER_SHA)
UNPINNED = evidence("acme==9.0")
HOLE = evidence(advisories=(advisory(severity=9.8),))
UNSCORED = evidence(advisories=(advisory(severity=UNKNOWN),))
UNCLOSED = evidence(advisories=(advisory("CVE-2017-1", severity=7.0, fixed=None, published=date(2017, 1, 1)),))
UNSCORED_FOR_LONG = evidence(advisories=(advisory("CVE-2017-1", severity=UNKNOWN, published=date(2017, 1, 1)),))
MALWARE = evidence(advisories=(advisory("MAL-2026-1", malicious=True, fixed=None),))
SDIST = evidence(kind=ArtifactKind.SDIST)
YANKED = evidence(yanked="oops")
AGELESS = evidence(upload_time=UNKNOWN)
URL = direct(url="https://files.acme.example/acme.whl", required_by="other")
LINKED = evidence(source=FIND_LINKS)
REPAIR = evidence(
    "acme==2.0", age=13 * timedelta(hours=1), advisories=(advisory(fixed="2.0"),), siblings=(listed("1.0"),)
)

BINDING = """\
[[rules.provenance.publishers]]
package = "{}"
kind = "GitHub"
repository = "evil/*"
"""
EVIL_CORE = evidence("acme-core==1.0", provenance=attested(github("evil/core")))
BEFORE = precedent(attested(github("acme/tool")))
MOVED = evidence("tool==1.0", provenance=attested(github("evil/tool")), precedent=BEFORE)
LOST = evidence("tool==1.0", provenance=Unattested(), precedent=BEFORE)
UNBOUND = evidence("acme-core==1.0", provenance=Unattested())

ATTEMPTS = {
    "another publisher": (BINDING.format("acme-core"), EVIL_CORE),
    "another publisher for this version": (BINDING.format("acme-core==1.0"), EVIL_CORE),
    "another publisher for more": (BINDING.format("acme-*"), EVIL_CORE),
    "another publisher by an override": (
        OVERRIDE.format("acme-core", "provenance", 'publishers = []\nlevel = "allow"'),
        EVIL_CORE,
    ),
    "no publisher": (BASE.format("provenance", "publishers = []"), UNBOUND),
    "a publisher of one's own": (BINDING.format("tool"), MOVED),
    "a publisher of one's own by an override": (
        '[[overrides]]\npackage = "tool"\n' + BINDING.format("tool").replace("[[rules", "[[overrides.rules"),
        MOVED,
    ),
    "no comparison": (BASE.format("provenance", 'regression = "allow"'), LOST),
    "an exception for lost provenance": (EXCEPTION.format("tool", "provenance"), LOST),
    "another root": (f'[provenance]\nroot = "evil.json"\nroot-sha256 = "sha256:{SHA}"\n', EVIL_CORE),
    "a shorter age": (BASE.format("minimum-age", 'minimum = "0s"'), YOUNG),
    "no age for one package": (BASE.format("minimum-age", 'exempt = ["acme"]'), YOUNG),
    "no age for all": (BASE.format("minimum-age", 'exempt = ["*"]'), YOUNG),
    "no age for an index": (BASE.format("minimum-age", 'indexes = { default = "0s" }'), YOUNG),
    "an age that is missing": (BASE.format("minimum-age", 'on-missing = "allow"'), AGELESS),
    "no age by an override": (OVERRIDE.format("acme", "minimum-age", 'minimum = "0s"'), YOUNG),
    "a more specific override": (OVERRIDE.format("acme==1.0", "minimum-age", 'exempt = ["acme"]'), YOUNG),
    "an override against an override": (OVERRIDE.format("acme==3.0", "minimum-age", 'minimum = "7d"'), OLD_RULE),
    "a shorter wait for repairs": (
        BASE.format("minimum-age", 'security-fix = "0s"'),
        evidence("acme==2.0", age=DAY / 4),
    ),
    "a wait so long that only an ancient version is old enough": (
        BASE.format("minimum-age", 'minimum = "300d"'),
        evidence(
            "acme==3.0",
            age=DAY,
            advisories=(advisory(fixed="2.0"),),
            siblings=(listed("1.0"), listed("2.0", age=100 * DAY)),
        ),
    ),
    "more names on the allowlist": (BASE.format("allowlist", 'packages = ["evil"]'), UNLISTED),
    "every name on the allowlist": (BASE.format("allowlist", 'packages = ["*"]'), UNLISTED),
    "every version on the allowlist": (BASE.format("allowlist", 'packages = ["tool"]'), evidence("tool==2.0")),
    "an allowlist by an override": (OVERRIDE.format("evil", "allowlist", 'packages = ["evil"]'), UNLISTED),
    "an empty denylist": (BASE.format("denylist", "packages = []"), LISTED_DENIED),
    "another denylist": (BASE.format("denylist", 'packages = [{ package = "x", reason = "r" }]'), LISTED_DENIED),
    "hashes of the index": (BASE.format("hashes", 'require = "index"'), UNPINNED),
    "a pin of one's own": (BASE.format("hashes", f'pins = {{ "acme==9.0" = ["sha256:{SHA}"] }}'), UNPINNED),
    "one more hash": (
        BASE.format("hashes", f'pins = {{ "acme==1.0" = ["sha256:{SHA}", "sha256:{OTHER_SHA}"] }}'),
        OTHER_FILE,
    ),
    "another hash": (BASE.format("hashes", f'pins = {{ "acme==1.0" = ["sha256:{OTHER_SHA}"] }}'), OTHER_FILE),
    "no hash": (BASE.format("hashes", 'require = "index"\npins = { "acme==1.0" = [] }'), OTHER_FILE),
    "a higher severity": (
        BASE.format("vulnerability", 'deny-at = "critical"'),
        evidence(advisories=(advisory(severity=5.0),)),
    ),
    "unscored is harmless": (BASE.format("vulnerability", 'unscored = "allow"'), UNSCORED),
    "an old hole is none": (BASE.format("vulnerability", 'unclosed = "allow"\nunclosed-after = "0s"'), UNCLOSED),
    "unscored holes pass with time": (BASE.format("vulnerability", 'unscored-for = "0s"'), UNSCORED_FOR_LONG),
    "no database, no holes": (BASE.format("vulnerability", 'on-missing = "allow"'), evidence(advisories=UNKNOWN)),
    "missing malware records": (BASE.format("malware", 'on-missing = "allow"'), evidence(advisories=UNKNOWN)),
    "missing facts": ('[evidence]\non-missing = "allow"\n', AGELESS),
    "missing facts, twice": ('[evidence]\non-missing = "allow"\n[rules.minimum-age]\non-missing = "warn"\n', AGELESS),
    "builds": (BASE.format("sdists", 'allow = ["acme"]'), SDIST),
    "yanked files": (BASE.format("yanked", 'level = "allow"'), YANKED),
    "references of dependencies": (BASE.format("direct-references", 'transitive = "allow"\nurl = "allow"'), URL),
    "find-links": (BASE.format("direct-references", 'find-links = "allow"'), LINKED),
    "an audit": ('mode = "audit"\n', YOUNG),
    "an audit by extends": ('extends = "baseline"\nmode = "audit"\n', YOUNG),
    "a milder preset": ('extends = "baseline"\n', evidence(age=4 * DAY)),
    "an exception": (EXCEPTION.format("acme==1.0", "minimum-age"), YOUNG),
    "an exception for a vulnerability": (EXCEPTION.format("acme", "vulnerability"), HOLE),
    "an exception with a granted rule beside": (
        EXCEPTION.format("acme", "minimum-age").replace('["minimum-age"]', '["licenses", "minimum-age"]'),
        YOUNG,
    ),
    "an exception from the allowlist": (EXCEPTION.format("evil", "allowlist"), UNLISTED),
    "an exception by an own rule": ("[rules.minimum-age]\n" + EXCEPTION.format("acme", "minimum-age"), YOUNG),
    "the expired exception again": (EXCEPTION.format("tool==1.0", "minimum-age"), evidence("tool==1.0", age=DAY)),
    "grants of its own": ('[grants]\nexceptions = ["minimum-age"]\n' + EXCEPTION.format("acme", "minimum-age"), YOUNG),
    "loosening of its own": (
        '[grants.loosen.rules.minimum-age]\nminimum = "0s"\n[rules.minimum-age]\nminimum = "0s"\n',
        YOUNG,
    ),
    "an empty file": ("", YOUNG),
    "rules without options": ("[rules.minimum-age]\n[rules.hashes]\n[rules.allowlist]\n[rules.sdists]\n", YOUNG),
    "malware stays malware": (OVERRIDE.format("acme", "malware", 'on-missing = "allow"'), MALWARE),
}


@pytest.mark.parametrize(("project", "given"), ATTEMPTS.values(), ids=ATTEMPTS.keys())
def test_what_the_system_denies_a_project_cannot_let_pass(project, given):
    system = layered(system=SYSTEM)
    assert judged(system, given).denied
    for policy in (layered(system=SYSTEM, project=project), layered(system=SYSTEM, user="", project=project)):
        verdict = judged(policy, given)
        assert verdict.denied
        assert {f.rule for f in verdict.denials} >= {f.rule for f in judged(system, given).denials}


def test_a_repair_of_a_forged_advisory_needs_a_source_that_the_system_names():
    project = '[advisories]\nsources = ["osv", "forged.zip"]\n'
    assert layered(system=SYSTEM, project=project).advisories.sources == ("osv",)
    assert layered(system=SYSTEM, project="[advisories]\nsources = []\n").advisories.sources == ("osv",)


def test_an_older_database_is_no_younger():
    policy = layered(system=SYSTEM, project='[evidence]\nmax-staleness = "365d"\n')
    assert policy.evidence.max_staleness == 7 * DAY


@pytest.mark.parametrize("select", ["compliant", "strict"])
def test_the_choice_of_versions_only_tightens(select):
    policy = layered(system='select = "strict"\n', project=f'select = "{select}"\n')
    assert policy.select == "strict"


EVIL = '[[indexes]]\nname = "{}"\nurl = "https://evil.example/"\npackages = {}\n'


@pytest.mark.parametrize(
    "project",
    [
        EVIL.format("evil", '["*"]'),
        EVIL.format("evil", '["acme-core", "requests"]'),
        EVIL.format("default", '["*"]'),
        EVIL.format("acme", '["*"]'),
        '[[indexes]]\nname = "default"\npackages = ["*", "acme-*", "acme-core", "requests"]\n',
        '[[indexes]]\nname = "default"\n[[indexes]]\nname = "acme"\nurl = "https://packages.acme.example/simple/"\npackages = ["acme-none"]\n',
        '[grants]\nindexes = ["https://evil.example/"]\n' + EVIL.format("evil", '["*"]'),
    ],
)
def test_a_name_comes_from_where_the_system_says_or_from_nowhere(project):
    system, policy = layered(system=SYSTEM), layered(system=SYSTEM, project=project)
    for name in map(canonicalize_name, ("requests", "acme-core", "acme-none")):
        assert set(policy.indexes_for(name)) <= set(system.indexes_for(name))


def test_where_the_system_lists_no_index_a_project_lists_none_either():
    policy = layered(system='extends = "strict"\n', project=EVIL.format("evil", '["requests"]'))
    assert (policy.indexes, len(policy.notes)) == ((), 1)


def test_a_repair_passes_where_the_system_says_so():
    assert "minimum-age" not in {f.rule for f in judged(layered(system=SYSTEM), REPAIR).denials}


def test_none_of_it_is_silent():
    quiet = {"an empty file", "rules without options", "a milder preset", "an empty denylist", "another denylist"}
    silent = {name for name, (project, _) in ATTEMPTS.items() if not layered(system=SYSTEM, project=project).notes}
    assert silent <= quiet | {
        "malware stays malware",
        "a shorter wait for repairs",
        "another hash",
        "no hash",
        "another publisher for this version",
        "another publisher for more",
        "another publisher by an override",
        "no publisher",
        "a publisher of one's own",
        "a publisher of one's own by an override",
        "a wait so long that only an ancient version is old enough",
    }


def test_there_are_enough_attempts():
    assert len(ATTEMPTS) >= 25
