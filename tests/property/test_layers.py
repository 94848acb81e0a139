"""Laws of layers, and of policies written out again."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st
from lib.facts import FIND_LINKS, INDEX, OTHER_SHA, SHA, advisory, direct, evidence, listed
from lib.policies import judged, layered
from lib.provenance import attested, github, precedent

from safeinstall.facts.artifact import ArtifactKind
from safeinstall.facts.provenance import Refuted, Unattested
from safeinstall.facts.values import Layout, Missing
from safeinstall.policy.render import render_policy, render_string

UNKNOWN = Missing("nobody knows")
ACME, EVIL = github("acme/app", "a.yml", "pypi"), github("evil/app", "a.yml")
PINS = (f'["sha256:{SHA}"]', f'["sha256:{OTHER_SHA}"]', f'["sha256:{SHA}", "sha256:{OTHER_SHA}"]', "[]")
levels = st.sampled_from(['"deny"', '"warn"', '"allow"'])
spans = st.sampled_from(['"0s"', '"12h"', '"3d"', '"7d"', '"2w"'])
names = st.sampled_from(['"acme"', '"acme<2"', '"ac*"', '"*"', '"other"', '"*me"', '"acme==1.0"'])
lists = st.lists(names, max_size=3).map(lambda items: f"[{', '.join(items)}]")
ENTRY = '{{ package = {}, reason = "r" }}'.format
denied = st.lists(names, max_size=2).map(lambda items: f"[{', '.join(map(ENTRY, items))}]")
PATH_FILES = ("import x", "import y", "import x\nimport y", "import x\nimport z", "import other")
MODULES = dict.fromkeys(["x.py", "y.py", "z.py", "other.py"], "")
LINES = '{{ package = {}, lines = ["import x", "import {}"] }}'.format
exempt = st.lists(names | st.builds(LINES, names, st.sampled_from("yz")), max_size=3).map(
    lambda items: f"[{', '.join(items)}]"
)
bindings = st.builds(
    '{{ package = {}, kind = "GitHub", repository = "{}"{} }}'.format,
    names,
    st.sampled_from(["acme/*", "acme/app", "evil/app"]),
    st.sampled_from(["", ', workflow = "a.yml"', ', environment = "pypi"']),
)
OPTIONS = {
    "minimum-age": {
        "minimum": spans,
        "security-fix": spans,
        "new-project": spans,
        "exempt": lists,
        "indexes": spans.map("{{ default = {} }}".format),
    },
    "allowlist": {"packages": lists},
    "contents": {"startup": levels, "exempt": exempt},
    "denylist": {"packages": denied},
    "hashes": {
        "require": st.sampled_from(['"index"', '"pinned"']),
        "pins": st.sampled_from(PINS).map('{{ "acme==1.0" = {} }}'.format),
    },
    "sdists": {"allow": lists},
    "vulnerability": {
        "deny-at": st.sampled_from(['"low"', '"high"', '"critical"']),
        "unscored": levels,
        "unclosed": levels,
        "given-back": lists,
    },
    "malware": {},
    "provenance": {
        "level": levels,
        "regression": levels,
        "verify": st.sampled_from(["true", "false"]),
        "require": lists,
        "publishers": st.lists(bindings, max_size=3).map(lambda items: f"[{', '.join(items)}]"),
    },
    "yanked": {"level": levels},
    "direct-references": dict.fromkeys(("url", "vcs", "local", "transitive", "find-links"), levels),
}


@st.composite
def tables(draw, prefix="rules"):
    """Some rules with some of their options, as lines."""
    lines = []
    for rule in draw(st.lists(st.sampled_from(list(OPTIONS)), unique=True, max_size=3)):
        lines.append(f"[{prefix}.{rule}]")
        options = {**OPTIONS[rule], "on-missing": levels}
        lines += [f"{key} = {draw(options[key])}" for key in options if draw(st.booleans())]
    return lines


exceptions = st.builds(
    '[[exceptions]]\npackage = {}\nrules = ["{}"]\nreason = "r"\nexpires = {}'.format,
    st.sampled_from(['"acme"', '"acme<2"', '"ac*"']),
    st.sampled_from([rule for rule in OPTIONS if rule != "malware"]),
    st.sampled_from(["2026-11-20", "2026-12-01", "2030-01-01"]),
)
heads = st.lists(
    st.sampled_from(['mode = "audit"', 'select = "strict"', 'fail-on = "warn"', 'contact = "x"', "schema = 1"]),
    unique=True,
    max_size=2,
)
evidences = st.lists(
    st.builds("on-missing = {}".format, levels) | st.builds("max-staleness = {}".format, spans), max_size=1
).map(lambda lines: ["[evidence]", *lines])


@st.composite
def texts(draw, *, audit=True):
    """A policy."""
    lines = [line for line in draw(heads) if audit or "audit" not in line] + draw(evidences) + draw(tables())
    for _ in range(draw(st.integers(0, 2))):
        rules = draw(tables(prefix="overrides.rules"))
        package = draw(st.sampled_from(['"acme"', '"acme<2"', '"ac*"', '"*me"']))
        lines += ["[[overrides]]", f"package = {package}", *rules] if rules else []
    return "\n".join([*lines, *draw(st.lists(exceptions, max_size=2)), ""])


ATTESTED = (attested(ACME), attested(EVIL), attested(ACME, verified=False), attested(ACME, EVIL))
ages = st.integers(-1, 20).map(lambda hours: timedelta(hours=12 * hours))
facts = {
    "age": ages,
    "contents": st.sampled_from([UNKNOWN, *(Layout(startup={"x.pth": text}, modules=MODULES) for text in PATH_FILES)]),
    "upload_time": st.none() | st.just(UNKNOWN),
    "sha256": st.sampled_from([SHA, OTHER_SHA, UNKNOWN]),
    "user_hashes": st.sampled_from([frozenset(), frozenset({f"sha256:{OTHER_SHA}"})]),
    "siblings": st.lists(st.builds(listed, st.sampled_from(["0.9", "1.0", "1.5", "2.0"]), age=ages), max_size=3).map(
        tuple
    ),
    "first_upload": st.sampled_from([UNKNOWN, evidence(age=timedelta(days=5)).upload_time]),
    "version_upload": st.sampled_from([UNKNOWN, evidence(age=timedelta(days=5)).upload_time]),
    "provenance": st.sampled_from([UNKNOWN, Unattested(), Refuted(reason="a foreign log"), *ATTESTED]),
    "claimed": st.sampled_from([None, UNKNOWN, *ATTESTED]),
    "precedent": st.sampled_from([None, UNKNOWN, *(precedent(fact) for fact in (UNKNOWN, Unattested(), *ATTESTED))]),
    "kind": st.sampled_from(ArtifactKind),
    "required_by": st.none() | st.just("other"),
    "advisories": st.sampled_from(
        [
            (),
            (advisory(),),
            (advisory(fixed="1.5"),),
            (advisory(fixed="2.0"),),
            (advisory(severity=UNKNOWN),),
            (advisory("MAL-1", malicious=True),),
            UNKNOWN,
        ]
    ),
}


def made(make, release, upload_time, **rest):
    return make(release, **rest) if upload_time is None else make(release, upload_time=upload_time, **rest)


releases = st.sampled_from(["acme==1.0", "acme==2.0", "other==1.0"])
given_facts = st.one_of(
    st.builds(
        made,
        st.just(evidence),
        releases,
        source=st.sampled_from([INDEX, FIND_LINKS]),
        yanked=st.none() | st.just("x"),
        **facts,
    ),
    st.builds(
        made, st.just(direct), releases, url=st.sampled_from(["file:///tmp/acme", "https://a.example/acme"]), **facts
    ),
)


@settings(max_examples=50)
@given(texts(audit=False), texts(), given_facts)
def test_a_lower_layer_never_makes_a_verdict_milder(upper, lower, given_):
    alone = judged(layered(system=upper), given_)
    assert judged(layered(system=upper, project=lower), given_).level >= alone.level
    both = judged(layered(system=upper, user=lower), given_)
    assert judged(layered(system=upper, user=lower, project=lower), given_).level >= both.level


@settings(max_examples=50)
@given(texts(), given_facts)
def test_a_layer_under_itself_changes_no_verdict(text, given_):
    once, twice = layered(system=text), layered(system=text, project=text)
    assert (twice.mode, twice.select, twice.evidence) == (once.mode, once.select, once.evidence)
    assert judged(twice, given_).level == judged(once, given_).level


@settings(max_examples=50)
@given(tables(), tables(prefix="overrides.rules"), given_facts, st.randoms(use_true_random=False))
def test_the_order_of_tables_in_a_file_does_not_matter(rules, overridden, given_, random):
    def chunks(lines, head=()):
        blocks = []
        for line in lines:
            blocks += [[*head, line]] if line.startswith("[") else []
            blocks[-1] += [] if line.startswith("[") else [line]
        return ["\n".join(block) for block in blocks]

    entries = chunks(overridden, head=("[[overrides]]", 'package = "acme"'))
    entries += chunks(overridden, head=("[[overrides]]", 'package = "ac*"'))
    blocks = [*chunks(rules), *entries]
    shuffled = random.sample(blocks, len(blocks))
    one, other = layered(user="\n".join(blocks)), layered(user="\n".join(shuffled))
    assert judged(one, given_).level == judged(other, given_).level
    assert one.rules == other.rules


@settings(max_examples=50)
@given(texts())
def test_a_policy_that_is_written_out_reads_as_the_same(text):
    policy = layered(user=text)
    again = layered(user=render_policy(policy))
    assert replace(again, digest=policy.digest) == policy


@given(st.text())
def test_any_text_can_be_written(text):
    clean = text.encode("utf-8", "replace").decode()
    policy = layered(user=f"contact = {render_string(clean)}\n")
    assert policy.contact == clean


@given(st.dates(date(2020, 1, 1), date(2100, 1, 1)), st.timedeltas(timedelta(0), timedelta(days=400)))
def test_times_can_be_written(day, span):
    span = timedelta(seconds=int(span.total_seconds()))
    policy = layered(user=f'[rules.minimum-age]\nminimum = "{int(span.total_seconds())}s"\n')
    assert layered(user=render_policy(policy)).rules == policy.rules
    assert day.isoformat() in render_policy(
        layered(
            user=f'[rules.yanked]\n[[exceptions]]\npackage = "a"\nrules = ["yanked"]\nreason = "r"\nexpires = {day}\n'
        )
    )
