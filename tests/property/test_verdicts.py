"""Laws of verdicts."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st
from lib.facts import FIND_LINKS, INDEX, NOW, SHA, advisory, artifact, direct, evidence, listed
from lib.pins import metadata_of

from safeinstall.facts.artifact import ArtifactKind
from safeinstall.facts.evidence import Price
from safeinstall.facts.finding import Level
from safeinstall.facts.terms import StartupExemption
from safeinstall.facts.values import Layout, Likeness, Lookalike, Missing
from safeinstall.facts.verdict import Verdict, Waiver
from safeinstall.judge.evaluate import evaluate
from safeinstall.policy.selectors import parse_release, parse_selector
from safeinstall.rules.allowlist import Allowlist
from safeinstall.rules.contents import Contents
from safeinstall.rules.denylist import Denied, Denylist
from safeinstall.rules.direct_references import DirectReferences
from safeinstall.rules.hashes import Hashes
from safeinstall.rules.indexes import Indexes
from safeinstall.rules.licenses import Licenses
from safeinstall.rules.malware import Malware
from safeinstall.rules.minimum_age import MinimumAge
from safeinstall.rules.project_status import ProjectStatus
from safeinstall.rules.registry import known_rules
from safeinstall.rules.sdists import Sdists
from safeinstall.rules.typosquats import Typosquats
from safeinstall.rules.vulnerability import Vulnerability
from safeinstall.rules.yanked import Yanked

UNKNOWN = Missing("nobody knows")
VERSIONS = ["1.0", "1.1", "1.2rc1", "1.2", "2.0"]
ages = st.integers(-1, 20).map(lambda hours: timedelta(hours=12 * hours))
selectors = st.lists(st.sampled_from(["acme", "acme<1.2", "ac*", "other"]).map(parse_selector), max_size=2).map(tuple)
exemptions = st.builds(
    lambda packages, lines: tuple(StartupExemption(package=package, lines=lines) for package in packages),
    selectors,
    st.sampled_from([None, ("import x",), ("import x", "import y")]),
)
levels = st.sampled_from(Level)
on_missing = st.none() | levels
advisories = st.lists(
    st.builds(
        advisory,
        st.sampled_from(["PYSEC-1", "GHSA-2", "MAL-3"]),
        fixed=st.sampled_from([None, *VERSIONS]),
        introduced=st.sampled_from([None, *VERSIONS]),
        malicious=st.booleans(),
        severity=st.sampled_from([3.0, 9.8, UNKNOWN]),
        exploited=st.sampled_from([None, NOW.date()]),
        epss=st.sampled_from([None, 0.1, 0.9]),
    ),
    max_size=2,
).map(tuple)
siblings = st.lists(st.builds(listed, st.sampled_from(VERSIONS), age=ages, yanked=st.booleans()), max_size=4).map(tuple)
layouts = st.builds(
    Layout,
    modules=st.dictionaries(st.sampled_from(["acme.py", "pip/x.py", "sitecustomize.py", "x.pth"]), st.just("")),
    scripts=st.dictionaries(st.sampled_from(["acme", "python3", "pip\x1b"]), st.just("")),
    data=st.lists(st.sampled_from(["share/x", "lib/python3/os.py"]), max_size=2).map(tuple),
    startup=st.dictionaries(st.just("x.pth"), st.sampled_from(["src", "import x\nimport y", "import \x1b[2J"])),
)
licensed = [
    metadata_of(artifact(), metadata_extra=extra)
    for extra in (
        "",
        "License-Expression: MIT OR GPL-3.0-only\n",
        "License: who\x1bknows\n",
        "License-Expression: MIT\n",
    )
]
facts = {
    "is_index_listed": st.booleans(),
    "rivals": st.sampled_from([(), (INDEX,)]),
    "trusted_host": st.sampled_from([None, "packages.example"]),
    "project_status": st.sampled_from([None, "active", "archived", "quarantined", "deprecated", "what\x1b"]),
    "lookalike": st.none()
    | st.builds(
        Lookalike, popular=st.just("acne"), rank=st.just(3), trick=st.just("…"), likeness=st.sampled_from(Likeness)
    ),
    "popular_upload": st.sampled_from([None, NOW, NOW - timedelta(days=900)]),
    "vouched_by": st.sampled_from([None, "acne"]),
    "first_upload": st.sampled_from([NOW, NOW - timedelta(days=400)]),
    "version_upload": st.sampled_from([NOW, NOW - timedelta(days=1000)]),
    "metadata": st.sampled_from(licensed),
    "contents": layouts,
    "overlaps": st.sampled_from([{}, {"other": ("tests/x.py", "acme/x.py")}]),
    "age": ages,
    "siblings": siblings,
    "advisories": advisories,
    "kind": st.sampled_from(ArtifactKind),
    "required_by": st.none() | st.just("other 1.0"),
    "user_hashes": st.sampled_from([frozenset(), frozenset({f"sha256:{SHA}"}), frozenset({"sha256:" + "0" * 64})]),
}
releases = st.sampled_from(VERSIONS).map("acme=={}".format)
complete = st.one_of(
    st.builds(evidence, releases, source=st.sampled_from([INDEX, FIND_LINKS]), yanked=st.none() | st.just(""), **facts),
    st.builds(direct, releases, url=st.sampled_from(["file:///tmp/acme", "https://files.example/acme"]), **facts),
)


def rules_of(missing):
    """Rules of every kind, with options of every kind."""
    own = {"on_missing": missing}
    return st.one_of(
        st.builds(Allowlist, packages=selectors, **own),
        st.builds(Denylist, packages=selectors.map(lambda s: tuple(Denied(package=p, reason="r") for p in s)), **own),
        st.builds(
            MinimumAge,
            minimum=ages,
            exempt=selectors,
            security_fix=st.none() | ages,
            **own,
        ),
        st.builds(
            Hashes,
            require=st.sampled_from(["index", "pinned"]),
            pins=st.sampled_from([{}, {parse_release("acme==1.1"): (f"sha256:{SHA}",)}]),
            **own,
        ),
        st.builds(Sdists, allow=selectors, **own),
        st.builds(Yanked, level=levels, **own),
        st.builds(
            Indexes, unlisted=levels, ambiguous=levels, altered=levels, plain_http=levels, trusted_host=levels, **own
        ),
        st.builds(ProjectStatus, archived=levels, deprecated=levels, exempt=selectors, **own),
        st.builds(
            Typosquats, level=levels, sure=levels, sure_releases=levels, combined=levels, exempt=selectors, **own
        ),
        st.builds(Licenses, allow=st.sampled_from([(), ("MIT",), ("GPL-3.0-only",)]), **own),
        st.builds(Contents, startup=levels, installer=levels, scripts=levels, overlap=levels, exempt=exemptions, **own),
        st.builds(DirectReferences, url=levels, vcs=levels, local=levels, transitive=levels, find_links=levels, **own),
        st.builds(Malware, **own),
        st.builds(
            Vulnerability,
            deny_at=st.sampled_from(["low", "critical"]),
            unscored=levels,
            unclosed=levels,
            given_back=selectors,
            exploited=levels,
            deny_at_epss=st.sampled_from([None, 0.5]),
            **own,
        ),
    )


rules = st.lists(rules_of(on_missing), max_size=4)
waivers = st.lists(
    st.builds(
        Waiver,
        package=st.just(parse_selector("acme<2")),
        rules=st.lists(st.sampled_from(list(known_rules())), min_size=1).map(tuple),
        reason=st.just("r"),
        expires=st.sampled_from([date(2026, 11, 22), date(2027, 1, 1)]),
        advisories=st.sampled_from([(), ("PYSEC-1",)]),
    ),
    max_size=2,
)
settings = st.fixed_dictionaries(
    {
        "exceptions": waivers,
        "on_missing": levels,
        "mode": st.sampled_from(["enforce", "audit"]),
        "fail_on": st.sampled_from(["warn", "deny"]),
    }
)


@given(complete, rules, rules_of(on_missing), settings)
def test_adding_a_rule_never_makes_a_verdict_milder(given_, some, another, how):
    before = evaluate(given_, rules=some, **how)
    after = evaluate(given_, rules=[*some, another], **how)
    assert after.level >= before.level


@given(complete, rules.flatmap(lambda some: st.tuples(st.just(some), st.permutations(some))), settings)
def test_the_order_of_rules_does_not_matter(given_, orders, how):
    some, permuted = orders
    assert evaluate(given_, rules=some, **how) == evaluate(given_, rules=permuted, **how)


@given(complete, rules, settings)
def test_rules_in_turn_say_what_they_say_at_once(given_, some, how):
    verdict = Verdict(artifact=given_.artifact)
    for price in Price:
        verdict = verdict.also(evaluate(given_, rules=[r for r in some if r.needs is price], **how).findings)
    assert verdict == evaluate(given_, rules=some, **how)


def _without_one_age(siblings_):
    first, *others = siblings_
    return (replace(first, upload_time=None), *others)


def _blind(given_, fact):
    """The same file with one fact fewer."""
    if fact in {"exploited", "epss"}:
        return replace(given_, advisories=tuple(replace(a, **{fact: UNKNOWN}) for a in given_.advisories))
    if fact == "siblings":
        return replace(given_, siblings=_without_one_age(given_.siblings)) if given_.siblings else given_
    return replace(given_, **{fact: UNKNOWN})


@given(
    complete,
    st.lists(rules_of(st.none() | st.just(Level.DENY)), max_size=4),
    st.sampled_from(
        [
            *("upload_time", "version_upload", "first_upload", "sha256", "advisories", "siblings", "metadata"),
            *("contents", "exploited", "epss"),
        ]
    ),
)
def test_a_missing_fact_is_never_better_than_the_fact(given_, some, fact):
    how = {"rules": some, "exceptions": [], "on_missing": Level.DENY, "mode": "enforce", "fail_on": "deny"}
    assert evaluate(_blind(given_, fact), **how).level >= evaluate(given_, **how).level


@given(complete, rules, settings)
def test_an_audit_stops_nothing_and_hides_nothing(given_, some, how):
    enforced = evaluate(given_, rules=some, **{**how, "mode": "enforce"})
    audited = evaluate(given_, rules=some, **{**how, "mode": "audit"})
    assert not audited.denied
    assert len([f for f in audited.findings if f.audited]) == len(enforced.denials)


@given(complete, rules, settings)
def test_to_fail_on_warnings_makes_no_verdict_milder_and_lets_no_warning_stand(given_, some, how):
    milder = evaluate(given_, rules=some, **{**how, "fail_on": "deny"})
    stricter = evaluate(given_, rules=some, **{**how, "fail_on": "warn"})
    assert stricter.level >= milder.level
    assert not any(f.level is Level.WARN and not (f.audited or f.suppressed_by) for f in stricter.findings)


@given(complete, rules, settings)
def test_every_finding_is_one_line_and_every_denial_names_its_key_and_a_way_out(given_, some, how):
    for finding in evaluate(given_, rules=some, **how).findings:
        assert finding.message.isprintable()
        assert not finding.message.startswith(("WARNING:", "ERROR:"))
        assert finding.key.startswith(("rules.", "evidence."))
        if finding.level is Level.DENY and not finding.missing:
            assert finding.remedy


@given(complete, st.timedeltas(timedelta(0), timedelta(days=400)))
def test_a_file_that_is_old_enough_stays_so(given_, later):
    rule = MinimumAge(minimum=timedelta(days=3))
    if not list(rule.check(given_)):
        assert list(rule.check(replace(given_, as_of=NOW + later))) == []
