from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta, timezone

import pytest
from lib.facts import FIND_LINKS, INDEX, NOW, direct, evidence, messages
from lib.policies import judged, layered
from lib.provenance import attested, github, precedent

from safeinstall.facts.artifact import ArtifactKind
from safeinstall.facts.finding import Finding, Level
from safeinstall.facts.provenance import Publisher, PublisherKind, Refuted, Unattested, UnknownPublisher
from safeinstall.facts.terms import PublisherBinding
from safeinstall.facts.values import Missing
from safeinstall.policy.selectors import parse_selector
from safeinstall.rules.provenance import Provenance

OURS = github("acme/app", environment="pypi")
GONE = Missing("default answered 500")
PRESET = Provenance(level=Level.ALLOW, regression=Level.WARN, verify=False)
STRICT = replace(PRESET, regression=Level.DENY)
UNATTESTED = Unattested()
ANNOUNCED = "https://packages.example/integrity/acme-1.0-py3-none-any.whl/provenance"
EXCEPTION = "safe-pip policy allow acme==1.0 --rule provenance --reason '…' --expires 30d"
ENTRY = 'package = "acme", kind = "GitHub", repository = "{}", workflow = "{}"'
MOVED = "if the project tells that it has moved, add [[rules.provenance.publishers]] with {}"


def other(**changes):
    return replace(OURS, **changes)


def before(provenance=None, **fields):
    """The precedent: acme 0.9, attested by :data:`OURS` unless said otherwise."""
    return precedent(provenance or attested(OURS), **fields)


def given(provenance=UNATTESTED, precedent=None, *, announced=ANNOUNCED, lock_publishers=(), lock=None, **facts):
    made = evidence(provenance=provenance, precedent=precedent, **facts)
    told = None if isinstance(provenance, Unattested) else announced
    of_file = replace(made.artifact, provenance=told, lock_publishers=lock_publishers, lock=lock)
    return replace(made, artifact=of_file)


def binding(package="acme", repository="acme/app", kind="GitHub", **fields):
    return PublisherBinding(package=parse_selector(package), kind=kind, repository=repository, **fields)


def bound(*entries):
    return replace(PRESET, publishers=entries)


# -- what nobody has attested ------------------------------------------------------------------------------------------


def test_a_file_that_nobody_has_attested_is_denied_by_default():
    assert list(Provenance().check(given())) == [
        Finding(
            rule="provenance",
            level=Level.DENY,
            message="nobody has attested it; the policy asks for provenance",
            key="rules.provenance.level",
            remedy=f"take a version that is attested, or answer for it: {EXCEPTION}",
        )
    ]


def test_what_nobody_can_prove_now_is_judged_by_what_the_index_says_too():
    """Else whoever may only tighten could turn a denial into a fact that is missing."""
    proving = replace(STRICT, verify=True)
    thief = attested(other(repository="evil/app"), verified=False)
    unproved = replace(given(Missing("the root is too old"), before()), claimed=thief)
    unknown, regression = proving.check(unproved)
    assert (unknown.missing, unknown.message) == (True, "who attested it is not known: the root is too old")
    assert (regression.missing, regression.key) == (False, "rules.provenance.regression")
    assert [finding.missing for finding in bound(binding()).check(unproved)] == [True, False]
    refuted = replace(unproved, claimed=Refuted(reason="a foreign log"))
    assert [finding.final for finding in proving.check(refuted)] == [False, True]
    ours = replace(unproved, claimed=attested(OURS, verified=False))
    assert [finding.missing for finding in proving.check(ours)] == [True]


@pytest.mark.parametrize("level", [Level.WARN, Level.DENY])
def test_its_level_can_be_set(level):
    (found,) = replace(PRESET, level=level).check(given())
    assert (found.level, found.missing) == (level, False)


def test_a_file_that_is_attested_passes():
    assert list(Provenance().check(given(attested(OURS)))) == []


def test_names_that_must_be_attested_are_denied_whatever_the_level():
    rule = replace(PRESET, require=(parse_selector("ac*"),))
    (found,) = rule.check(given())
    assert (found.level, found.message, found.key) == (
        Level.DENY,
        "nobody has attested it; the policy asks for provenance of ac*",
        "rules.provenance.require",
    )
    assert messages(rule, given(release="other==1.0")) == []
    assert messages(rule, given(attested(OURS))) == []


@pytest.mark.parametrize("rule", [Provenance(), PRESET, bound(binding())])
def test_what_does_not_prove_what_it_says_is_denied_and_no_exception_covers_it(rule):
    assert list(rule.check(given(Refuted(reason="the log\nhas no such entry"), before()))) == [
        Finding(
            rule="provenance",
            level=Level.DENY,
            message="its provenance does not prove what it says: the log has no such entry",
            key="rules.provenance",
            remedy="do not install it; tell the project and whoever runs the index",
            final=True,
        )
    ]


EXCEPTED = """\
[rules.provenance]
level = "allow"
regression = "deny"
verify = false
[[exceptions]]
package = "acme"
rules = ["provenance"]
reason = "known"
expires = 2027-01-31
"""


def test_an_exception_covers_a_regression_and_nothing_that_is_refuted():
    policy = layered(system=EXCEPTED)
    assert not judged(policy, given(UNATTESTED, before())).denied
    (found,) = judged(policy, given(Refuted(reason="wrong digest"), before())).denials
    assert found.message == "its provenance does not prove what it says: wrong digest"


# -- what is not known -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rule", "key"),
    [
        (Provenance(), "rules.provenance.level"),
        (replace(PRESET, verify=True), "rules.provenance.verify"),
        (replace(PRESET, require=(parse_selector("acme"),)), "rules.provenance.require"),
        (bound(binding()), "rules.provenance.publishers[0]"),
    ],
)
def test_what_is_asked_for_and_cannot_be_had_is_a_missing_fact(rule, key):
    assert list(rule.check(given(GONE))) == [
        Finding(
            rule="provenance",
            level=Level.DENY,
            missing=True,
            message="who attested it is not known: default answered 500",
            key=key,
            remedy="try again later, or take it from an index that serves provenance (PEP 740)",
            firm=not key.endswith("verify"),
        )
    ]


def test_what_had_to_be_verified_and_was_not_is_a_missing_fact():
    (found,) = Provenance().check(given(attested(OURS, verified=False)))
    assert (found.missing, found.message) == (True, "who attested it has not been verified")
    assert list(PRESET.check(given(attested(OURS, verified=False)))) == []


def test_announced_provenance_that_cannot_be_had_is_missing_where_there_is_something_to_lose():
    for something in (before(), before(GONE), before(Refuted(reason="a foreign log")), Missing("no times")):
        assert messages(STRICT, given(GONE, something)) == ["who attested it is not known: default answered 500"]
        assert messages(replace(STRICT, regression=Level.ALLOW), given(GONE, something)) == []
    for nothing in (None, before(UNATTESTED)):
        assert messages(STRICT, given(GONE, nothing)) == []


@pytest.mark.parametrize(
    ("provenance", "reason"),
    [(GONE, "default answered 500"), (Refuted(reason="a foreign\nlog"), "a foreign log")],
)
@pytest.mark.parametrize("fact", [UNATTESTED, attested(OURS)])
def test_what_came_before_and_cannot_be_had_is_a_missing_fact(fact, provenance, reason):
    (found,) = STRICT.check(given(fact, before(provenance)))
    assert (found.missing, found.key) == (True, "rules.provenance.regression")
    assert found.message == f"who attested acme-0.9-py3-none-any.whl is not known: {reason}"


def test_an_order_of_uploads_that_is_not_known_is_a_missing_fact_of_an_index_alone():
    unknown = Missing("default tells no upload times")
    assert messages(STRICT, given(UNATTESTED, unknown)) == [
        "how its project's files came before is not known: default tells no upload times"
    ]
    assert messages(STRICT, given(UNATTESTED, unknown, source=FIND_LINKS)) == []


@pytest.mark.parametrize("rule", [PRESET, STRICT, replace(PRESET, verify=True)])
@pytest.mark.parametrize("facts", [{"source": FIND_LINKS}, {"kind": ArtifactKind.VCS}])
def test_a_file_of_no_index_has_nothing_to_lose(rule, facts):
    assert messages(rule, given(Missing("it is of no index"), None, announced=None, **facts)) == []


def test_of_a_file_of_no_index_that_is_asked_for_it_provenance_is_missing():
    (found,) = bound(binding()).check(given(Missing("it is of no index"), announced=None, source=FIND_LINKS))
    assert (found.missing, found.message) == (True, "who attested it is not known: it is of no index")


def test_a_path_that_the_user_names_is_asked_for_none():
    own = direct(url="file:///src/acme", kind=ArtifactKind.TREE, provenance=Missing("it is of no index"))
    assert messages(Provenance(publishers=(binding(),)), own) == []
    assert messages(Provenance(), replace(own, required_by="other 1.0")) != []


def test_a_lock_of_which_no_index_tells_anything_is_missing_where_proof_is_asked_for():
    heard = given(Missing("nobody lists it"), announced=None)
    unheard = replace(heard, artifact=replace(heard.artifact, unheard="nobody lists it", lock="pylock.toml"))
    assert messages(replace(PRESET, verify=True), unheard) == ["who attested it is not known: nobody lists it"]
    assert messages(STRICT, unheard) == []


def test_a_publisher_of_a_kind_that_is_not_known_is_nobody_who_is():
    """Else a thief would take a service that this program is too old for, and the denial would be a missing fact."""
    unknown = UnknownPublisher("its publisher is of the kind Forge, which is not known", "a newer safe-pip may know it")
    lost, regression = STRICT.check(given(unknown, before()))
    assert (lost.missing, regression.missing, regression.key) == (True, False, "rules.provenance.regression")
    assert regression.message == f"{unknown.reason}; before, it was GitHub acme/app, release.yml, environment pypi"
    missing, stranger = bound(binding()).check(given(unknown, before()))
    assert (missing.missing, stranger.missing, stranger.level) == (True, False, Level.DENY)
    assert stranger.message == f"{unknown.reason}; the policy binds acme to GitHub acme/app"
    assert messages(STRICT, given(unknown, before(UNATTESTED))) == []
    (locked,) = PRESET.check(given(unknown, lock="pylock.toml", lock_publishers=(OURS,)))
    assert locked.missing


# -- publishers --------------------------------------------------------------------------------------------------------


def test_another_publisher_than_the_bound_one_is_denied_with_both():
    thief = other(repository="evil/app")
    assert list(bound(binding(workflow="release.yml")).check(given(attested(thief)))) == [
        Finding(
            rule="provenance",
            level=Level.DENY,
            message="attested by GitHub evil/app, release.yml, environment pypi;"
            " the policy binds acme to GitHub acme/app, release.yml",
            key="rules.provenance.publishers[0]",
            remedy=MOVED.format(ENTRY.format("evil/app", "release.yml")),
        )
    ]


def test_a_bound_file_that_nobody_has_attested_is_denied():
    (found,) = bound(binding()).check(given(UNATTESTED, before()))
    assert (found.level, found.message) == (
        Level.DENY,
        "nobody has attested it; the policy binds acme to GitHub acme/app",
    )


@pytest.mark.parametrize(
    ("entry", "publisher"),
    [
        (binding(repository="Acme/App"), OURS),
        (binding(), other(repository="ACME/app")),
        (binding(repository="acme/*"), other(repository="acme/another")),
        (binding(workflow="release.yml"), OURS),
        (binding(environment="pypi"), OURS),
        (binding(environment="PyPI"), OURS),
        (binding(), other(workflow="other.yml", environment=None)),
        (
            binding(kind="GitLab", repository="group/sub/app", workflow="ci/release.yml"),
            Publisher(kind=PublisherKind.GITLAB, repository="group/sub/app", workflow="ci/release.yml"),
        ),
        (
            binding(kind="Google", repository="bot@acme.example"),
            Publisher(kind=PublisherKind.GOOGLE, repository="bot@acme.example"),
        ),
    ],
)
def test_who_meets_an_entry(entry, publisher):
    assert messages(bound(entry), given(attested(publisher))) == []


@pytest.mark.parametrize(
    "publisher",
    [
        other(repository="acme/app2"),
        other(repository="acme2/app"),
        other(repository="acme/app/sub"),
        other(kind=PublisherKind.GITLAB),
        other(workflow="other.yml"),
        other(workflow="Release.yml"),
        other(workflow=None),
        other(environment=None),
        other(environment="testing"),
    ],
)
def test_who_does_not(publisher):
    entry = binding(workflow="release.yml", environment="pypi")
    assert len(messages(bound(entry), given(attested(publisher)))) == 1


def test_entries_of_one_selector_are_alternatives():
    rule = bound(binding(), binding(repository="acme/new"))
    for repository in ("acme/app", "acme/new"):
        assert messages(rule, given(attested(other(repository=repository)))) == []
    assert messages(rule, given(attested(other(repository="evil/app", environment=None)))) == [
        "attested by GitHub evil/app, release.yml; the policy binds acme to GitHub acme/app or GitHub acme/new"
    ]


def test_entries_of_several_selectors_must_all_be_met():
    rule = bound(binding("ac*", "acme/*"), binding("acme>=1", "acme/app"), binding("acme>=2", "acme/next"))
    assert messages(rule, given(attested(OURS))) == []
    (found,) = rule.check(given(attested(other(repository="acme/other"))))
    assert found.key == "rules.provenance.publishers[1]"
    assert found.remedy == MOVED.format(
        'package = "acme>=1", kind = "GitHub", repository = "acme/other", workflow = "release.yml"'
    )
    assert [f.key for f in rule.check(given(attested(other(repository="evil/app"))))] == [
        "rules.provenance.publishers[0]",
        "rules.provenance.publishers[1]",
    ]


def test_everybody_who_attested_a_file_must_be_bound():
    both = given(attested(OURS, other(repository="evil/app", environment=None)))
    assert messages(bound(binding()), both) == [
        "attested by GitHub evil/app, release.yml; the policy binds acme to GitHub acme/app"
    ]
    assert messages(bound(binding(), binding(repository="evil/app")), both) == []


def test_a_bound_publisher_is_no_regression():
    moved = given(attested(other(repository="acme/new")), before())
    assert len(messages(STRICT, moved)) == 1
    assert messages(replace(STRICT, publishers=(binding(repository="acme/new"),)), moved) == []


def test_an_entry_of_a_weaker_layer_binds_and_excuses_nothing():
    moved = given(attested(other(repository="acme/new")), before())
    added = replace(STRICT, publishers=(binding(repository="acme/new").added(),))
    assert [finding.key for finding in added.check(moved)] == ["rules.provenance.regression"]
    assert len(messages(added, given(attested(OURS), before()))) == 1
    assert binding().added() == binding()


def test_a_lock_excuses_no_regression():
    moved = given(attested(other(repository="acme/new")), before(), lock="l", lock_publishers=(github("acme/new"),))
    assert [finding.key for finding in STRICT.check(moved)] == ["rules.provenance.regression"]


def test_a_lock_binds_its_file_to_who_attested_it():
    locked = {"lock": "pylock.toml", "lock_publishers": (OURS,)}
    assert messages(PRESET, given(attested(OURS), **locked)) == []
    (found,) = PRESET.check(given(attested(other(repository="evil/app", environment=None)), **locked))
    assert (found.level, found.key, found.message, found.remedy) == (
        Level.DENY,
        "rules.provenance",
        "attested by GitHub evil/app, release.yml; pylock.toml names GitHub acme/app, release.yml, environment pypi",
        "if the project tells that it has moved, lock again",
    )
    assert messages(PRESET, given(UNATTESTED, **locked)) == [
        "nobody has attested it; pylock.toml names GitHub acme/app, release.yml, environment pypi"
    ]
    assert PRESET.wants_proof(given(**locked).artifact)


def test_no_exception_covers_what_a_lock_promises():
    policy = layered(
        system=f"{EXCEPTED}[[rules.provenance.publishers]]\npackage = 'acme'\nkind = 'GitHub'\nrepository = 'x/y'\n"
    )
    for fact in (UNATTESTED, attested(other(repository="acme/new"))):
        (found,) = judged(policy, given(fact, lock="pylock.toml", lock_publishers=(OURS,))).denials
        assert found.message.endswith("; pylock.toml names GitHub acme/app, release.yml, environment pypi")


# -- regression --------------------------------------------------------------------------------------------------------


def test_a_file_that_nobody_attested_after_attested_ones_is_a_regression():
    since = datetime(2024, 11, 14, tzinfo=timezone.utc)
    assert list(STRICT.check(given(UNATTESTED, before(since=since)))) == [
        Finding(
            rule="provenance",
            level=Level.DENY,
            message="nobody has attested it; since 2024-11-14 every file was attested,"
            " acme 0.9 of 2026-01-02 by GitHub acme/app, release.yml, environment pypi",
            key="rules.provenance.regression",
            remedy=f"do not install it before the project tells why; to answer for it: {EXCEPTION}",
        )
    ]
    (message,) = messages(STRICT, given(UNATTESTED, before()))
    assert message == f"nobody has attested it; acme 0.9 of 2026-01-02 was attested by {OURS.shown}"


def test_another_publisher_is_a_regression_with_the_entry_that_says_it_has_moved():
    assert list(STRICT.check(given(attested(other(repository="evil/app")), before()))) == [
        Finding(
            rule="provenance",
            level=Level.DENY,
            message="attested by GitHub evil/app, release.yml, environment pypi, another owner than before:"
            " acme 0.9 of 2026-01-02 was by GitHub acme/app, release.yml, environment pypi",
            key="rules.provenance.regression",
            remedy=MOVED.format(ENTRY.format("evil/app", "release.yml")),
        )
    ]


@pytest.mark.parametrize(
    ("now", "what"),
    [
        (other(kind=PublisherKind.GITLAB), "another service"),
        (other(repository="acme2/app"), "another owner"),
        (other(repository="acme/new"), "another repository"),
        (other(workflow="other.yml"), "another workflow"),
        (other(environment=None), "another environment"),
        (other(environment="testing"), "another environment"),
    ],
)
def test_what_has_changed_is_named(now, what):
    (found,) = PRESET.check(given(attested(now), before()))
    assert found.level is Level.WARN
    assert f", {what} than before:" in found.message


@pytest.mark.parametrize(
    ("then", "now"),
    [
        (OURS, OURS),
        (OURS, other(repository="Acme/App")),
        (other(environment=None), OURS),
        (other(environment=""), OURS),
        (other(environment=""), other(environment=None)),
        (other(environment="PyPI"), OURS),
    ],
)
def test_what_is_no_change(then, now):
    assert messages(STRICT, given(attested(now), before(attested(then)))) == []


def test_of_several_earlier_publishers_the_nearest_counts():
    earlier = before(attested(Publisher(kind=PublisherKind.GITLAB, repository="acme/app"), OURS))
    assert messages(STRICT, given(attested(OURS), earlier)) == []
    assert "another workflow than" in messages(STRICT, given(attested(other(workflow="x.yml")), earlier))[0]


def test_of_several_publishers_each_must_have_been_there():
    thief = other(repository="evil/app", environment=None)
    (found,) = messages(STRICT, given(attested(OURS, thief), before()))
    assert found.startswith("attested by GitHub evil/app, release.yml, another owner than before:")


@pytest.mark.parametrize("fact", [UNATTESTED, attested(OURS)])
@pytest.mark.parametrize("precedent", [None, before(UNATTESTED)])
def test_where_nothing_was_attested_nothing_is_lost(fact, precedent):
    assert messages(STRICT, given(fact, precedent)) == []


def test_a_regression_can_be_allowed():
    allowed = replace(PRESET, regression=Level.ALLOW)
    for fact in (UNATTESTED, attested(other(repository="evil/app"))):
        assert messages(allowed, given(fact, before())) == []


def test_what_an_index_says_of_a_publisher_cannot_look_like_a_line_of_ours():
    liar = other(repository='x/y"\nsafe-pip: \x1b[2J', environment=None)
    (found,) = STRICT.check(given(attested(liar), before()))
    assert found.message.startswith('attested by GitHub x/y" safe-pip: [2J, release.yml, another owner than before')
    assert "add [[rules.provenance.publishers]] for it" in found.remedy


# -- what is asked for -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rule", "proof", "precedent"),
    [
        (Provenance(), True, True),
        (PRESET, False, True),
        (replace(PRESET, verify=True), True, True),
        (replace(PRESET, level=Level.WARN), True, True),
        (replace(PRESET, require=(parse_selector("acme"),)), True, True),
        (replace(PRESET, require=(parse_selector("other"),)), False, True),
        (bound(binding()), True, False),
        (bound(binding("acme>=2")), False, True),
        (replace(PRESET, regression=Level.ALLOW), False, False),
    ],
)
def test_what_it_wants_of_a_file(rule, proof, precedent):
    of_file = given().artifact
    assert (rule.wants_proof(of_file), rule.wants_precedent(of_file)) == (proof, precedent)


@pytest.mark.parametrize(
    ("rule", "key"),
    [
        (Provenance(), "rules.provenance.verify"),
        (PRESET, None),
        (replace(PRESET, level=Level.WARN), "rules.provenance.level"),
        (replace(PRESET, require=(parse_selector("acme"),)), "rules.provenance.require"),
        (bound(binding()), "rules.provenance.publishers"),
    ],
)
def test_what_asks_for_proof_is_known_before_any_file_is(rule, key):
    assert rule.proof == key


def test_it_wants_nothing_of_a_path():
    own = direct(url="file:///src/acme.whl").artifact
    assert not Provenance().wants_proof(own)
    assert not Provenance().wants_precedent(own)
    assert Provenance().wants_proof(replace(own, lock="pylock.toml"))


def test_other_facts_do_not_matter():
    old, young = given(UNATTESTED, before()), given(UNATTESTED, before(), age=timedelta())
    assert list(STRICT.check(old)) == list(STRICT.check(young))
    assert old.artifact.source is INDEX
    assert old.as_of is NOW
