from __future__ import annotations

from datetime import date, timedelta

import pytest
from lib.facts import OTHER_SHA, SHA, evidence
from lib.policies import judged, layered, option
from packaging.utils import canonicalize_name

from safeinstall.errors import PolicyError
from safeinstall.facts.finding import Level
from safeinstall.policy.render import render_value

SYSTEM = """\
schema = 1
contact = "https://sec.example/waivers"
[evidence]
on-missing = "warn"
max-staleness = "7d"
[rules.minimum-age]
minimum = "7d"
security-fix = "12h"
exempt = ["acme-*", "tool>=2"]
indexes = { acme = "1d" }
[rules.vulnerability]
deny-at = "high"
unscored = "warn"
[rules.yanked]
level = "warn"
[rules.allowlist]
packages = ["requests", "numpy>=1.26,<3", "acme-*"]
[rules.denylist]
packages = [{ package = "pycrypto", reason = "unmaintained" }]
[rules.hashes]
require = "index"
pins = { "acme==1.0" = ["sha256:SHA", "sha256:OTHER_SHA"] }
""".replace("OTHER_SHA", OTHER_SHA).replace("SHA", SHA)


@pytest.mark.parametrize(
    ("key", "lower", "merged"),
    [
        ("minimum-age.minimum", '"14d"', '"14d"'),
        ("minimum-age.minimum", '"3d"', '"7d"'),
        ("minimum-age.security-fix", '"1d"', '"1d"'),
        ("minimum-age.security-fix", '"1h"', '"12h"'),
        ("minimum-age.new-project", '"30d"', '"30d"'),
        ("minimum-age.exempt", '["acme-core", "other"]', '["acme-core"]'),
        ("minimum-age.exempt", "[]", "[]"),
        ("minimum-age.exempt", '["*"]', '["acme-*", "tool>=2"]'),
        ("minimum-age.indexes", '{ acme = "2d" }', '{ acme = "2d" }'),
        ("minimum-age.indexes", '{ acme = "0s" }', '{ acme = "1d" }'),
        ("minimum-age.indexes", '{ other = "0s", third = "30d" }', '{ acme = "1d", other = "7d", third = "30d" }'),
        ("minimum-age.on-missing", '"deny"', '"deny"'),
        ("vulnerability.deny-at", '"low"', '"low"'),
        ("vulnerability.deny-at", '"critical"', '"high"'),
        ("vulnerability.unscored", '"deny"', '"deny"'),
        ("yanked.level", '"allow"', '"warn"'),
        ("allowlist.packages", '["numpy<2", "evil"]', '["numpy<2,<3,>=1.26"]'),
        ("allowlist.packages", '["*"]', '["requests", "numpy<3,>=1.26", "acme-*"]'),
        (
            "denylist.packages",
            '[{ package = "evil", reason = "r" }]',
            '[{ package = "pycrypto", reason = "unmaintained" }, { package = "evil", reason = "r" }]',
        ),
        ("hashes.require", '"pinned"', '"pinned"'),
        ("hashes.pins", f'{{ "acme==1.0" = ["sha256:{SHA}"] }}', f'{{ "acme==1.0" = ["sha256:{SHA}"] }}'),
    ],
)
def test_a_key_of_a_lower_layer_counts_as_far_as_it_tightens(key, lower, merged):
    rule, name = key.split(".")
    policy = layered(system=SYSTEM, project=f"[rules.{rule}]\n{name} = {lower}\n")
    assert render_value(option(policy, f"rules.{key}")) == merged


def test_pins_without_a_common_hash_are_those_of_the_upper_layer():
    policy = layered(system=SYSTEM, project='[rules.hashes]\npins = { "acme==1.0" = ["sha256:%s"] }' % ("ef" * 32))
    (pins,) = option(policy, "rules.hashes.pins").values()
    assert pins == (f"sha256:{SHA}", "sha256:" + "cd" * 32)


@pytest.mark.parametrize(("require", "counts"), [("index", True), ("pinned", False)])
def test_pins_for_another_release_count_where_releases_need_none(require, counts):
    policy = layered(
        system=f'[rules.hashes]\nrequire = "{require}"\n',
        project='[rules.hashes]\npins = { "evil==1.0" = ["sha256:%s"] }\n' % ("ef" * 32),
    )
    assert bool(option(policy, "rules.hashes.pins")) is counts
    assert bool(policy.notes) is not counts


def test_keys_that_a_lower_layer_does_not_write_stay():
    policy = layered(system=SYSTEM, project='[rules.minimum-age]\nminimum = "14d"\n')
    assert render_value(option(policy, "rules.minimum-age.exempt")) == '["acme-*", "tool>=2"]'
    assert policy.contact == "https://sec.example/waivers"


def test_a_rule_that_the_upper_layer_does_not_list_is_added():
    policy = layered(system="[rules.yanked]\n", project='[rules.sdists]\nallow = ["acme"]\n')
    assert [rule.id for rule in policy.rules] == ["sdists", "yanked"]
    assert render_value(option(policy, "rules.sdists.allow")) == '["acme"]'
    assert str(policy.origin("rules.sdists.allow")) == "project.toml:2"


@pytest.mark.parametrize(
    ("project", "mode", "select", "on_missing", "days"),
    [
        ('mode = "audit"\nselect = "strict"\n', "enforce", "strict", Level.WARN, 7),
        ('[evidence]\non-missing = "deny"\nmax-staleness = "2d"\n', "enforce", "compliant", Level.DENY, 2),
        ('[evidence]\non-missing = "allow"\nmax-staleness = "90d"\n', "enforce", "compliant", Level.WARN, 7),
    ],
)
def test_settings_tighten(project, mode, select, on_missing, days):
    policy = layered(system=SYSTEM, project=project)
    assert (policy.mode, policy.select) == (mode, select)
    assert (policy.evidence.on_missing, policy.evidence.max_staleness) == (on_missing, timedelta(days=days))


def test_a_weaker_layer_turns_fail_on_on_and_never_off():
    assert layered(system=SYSTEM, project='fail-on = "warn"\n').fail_on == "warn"
    policy = layered(system='fail-on = "warn"\n', project='fail-on = "deny"\n')
    assert (policy.fail_on, policy.notes) == (
        "warn",
        ('project.toml:1: fail-on = "deny" does not count: system.toml:1 asks for "warn"',),
    )


@pytest.mark.parametrize(
    ("key", "lower", "merged"),
    [
        ("exploited", '"deny"', '"deny"'),
        ("exploited", '"allow"', '"warn"'),
        ("deny-at-epss", "0.25", "0.25"),
        ("deny-at-epss", "0.75", "0.5"),
        ("unclosed", '"deny"', '"deny"'),
        ("unclosed", '"allow"', '"warn"'),
        ("unclosed-after", '"1000d"', '"1000d"'),
        ("unclosed-after", '"1d"', '"730d"'),
        ("given-back", '["acme>2"]', '["acme>1,>2"]'),
        ("given-back", '["other"]', "[]"),
        ("unscored-for", '"1000d"', '"1000d"'),
        ("unscored-for", '"1d"', '"365d"'),
    ],
)
def test_what_counts_of_vulnerabilities_only_tightens(key, lower, merged):
    upper = (
        '[rules.vulnerability]\nexploited = "warn"\ndeny-at-epss = 0.5\n'
        'unclosed = "warn"\nunclosed-after = "730d"\nunscored-for = "365d"\ngiven-back = ["acme>1"]\n'
    )
    policy = layered(system=upper, project=f"[rules.vulnerability]\n{key} = {lower}\n")
    assert render_value(option(policy, f"rules.vulnerability.{key}")) == merged


def test_where_unscored_is_unscored_for_good_a_lower_layer_cannot_end_it():
    policy = layered(system="[rules.vulnerability]\n", project='[rules.vulnerability]\nunscored-for = "1d"\n')
    assert option(policy, "rules.vulnerability.unscored-for") is None
    assert policy.notes == (
        'project.toml:2: rules.vulnerability.unscored-for = "1d" does not count: system.toml:1 names none',
    )


def test_a_threshold_where_the_upper_layer_has_none_tightens():
    policy = layered(system="[rules.vulnerability]\n", project="[rules.vulnerability]\ndeny-at-epss = 1\n")
    assert (option(policy, "rules.vulnerability.deny-at-epss"), policy.notes) == (1.0, ())


def test_where_lists_come_from_is_for_the_strongest_layer_to_say():
    own = '[advisories]\nexploited = "https://lists.example/kev.json"\n'
    policy = layered(system=own, project='[advisories]\nexploited = "own.json"\nepss = "epss.csv"\n')
    assert (policy.advisories.exploited, policy.advisories.epss) == ("https://lists.example/kev.json", None)
    assert policy.notes == (
        (
            'project.toml:2: advisories.exploited = "own.json" does not count: '
            'system.toml:2 asks for "https://lists.example/kev.json"'
        ),
        'project.toml:3: advisories.epss = "epss.csv" does not count: system.toml:1 names none',
    )


@pytest.mark.parametrize("value", ["1.5", "-0.1", "nan", "true", '"0.5"'])
def test_a_probability_is_a_number_from_0_to_1(value):
    with pytest.raises(PolicyError) as caught:
        layered(user=f"[rules.vulnerability]\ndeny-at-epss = {value}\n")
    found = {"true": "true", '"0.5"': '"0.5"'}.get(value, value)
    assert caught.value.message == (
        f"user.toml:2: rules.vulnerability.deny-at-epss: expected a number from 0 to 1, such as 0.5, found {found}"
    )


def test_a_rules_own_answer_to_a_missing_fact_is_compared_with_that_of_the_policy():
    upper = '[evidence]\non-missing = "deny"\n[rules.minimum-age]\n'
    policy = layered(system=upper, project='[rules.minimum-age]\non-missing = "warn"\n')
    assert option(policy, "rules.minimum-age.on-missing") is None
    assert len(policy.notes) == 1
    policy = layered(system=upper.replace("deny", "warn"), project='[rules.minimum-age]\non-missing = "deny"\n')
    assert option(policy, "rules.minimum-age.on-missing") is Level.DENY


def test_every_value_knows_the_layer_that_decided():
    project = """\
[rules.minimum-age]
minimum = "14d"
exempt = ["acme-core"]
[rules.vulnerability]
deny-at = "critical"
[rules.denylist]
packages = [
  { package = "evil", reason = "r" },
]
"""
    policy = layered(system=SYSTEM, project=project)
    origins = {
        "rules.minimum-age.minimum": "project.toml:2",
        "rules.minimum-age.exempt[0]": "project.toml:3",
        "rules.minimum-age.security-fix": "system.toml:8",
        "rules.vulnerability.deny-at": "system.toml:12",
        "rules.denylist.packages[0]": "system.toml:19",
        "rules.denylist.packages[1]": "project.toml:8",
    }
    assert {key: str(policy.origin(key)) for key in origins} == origins
    assert policy.file == "system.toml + project.toml"


# -- notes -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("project", "note"),
    [
        (
            '[rules.minimum-age]\nminimum = "1d"',
            'project.toml:2: rules.minimum-age.minimum = "1d" does not count: system.toml:7 asks for "7d"',
        ),
        (
            '[rules.allowlist]\npackages = ["requests", "evil", "bad"]',
            'project.toml:2: rules.allowlist.packages: ["evil", "bad"] does not count: system.toml:17 has ["requests"]',
        ),
        ('mode = "audit"', 'project.toml:1: mode = "audit" does not count: system.toml asks for "enforce"'),
        (
            'contact = "https://evil.example"',
            (
                'project.toml:1: contact = "https://evil.example" does not count: system.toml:2 asks for'
                ' "https://sec.example/waivers"'
            ),
        ),
        ("[grants]\nrequire-approver = true", "project.toml:1: grants: does not count: only system.toml grants"),
        (
            '[[exceptions]]\npackage = "a"\nrules = ["yanked"]\nreason = "r"\nexpires = 2027-01-31',
            "project.toml:1: the exception for a does not count: system.toml grants none from yanked",
        ),
        (
            '[[overrides]]\npackage = "evil"\n[overrides.rules.minimum-age]\nminimum = "0s"',
            'project.toml:4: overrides[0].rules.minimum-age.minimum = "0s" does not count: system.toml:7 asks for "7d"',
        ),
        (
            '[[indexes]]\nname = "evil"\nurl = "https://evil.example/"',
            "project.toml:1: the indexes do not count: system.toml lists none, so pip's own are asked",
        ),
        (
            '[advisories]\nsources = ["osv", "https://evil.example/all.zip"]',
            (
                'project.toml:2: advisories.sources: ["https://evil.example/all.zip"] does not count: system.toml has'
                ' ["osv"]'
            ),
        ),
    ],
)
def test_what_has_no_effect_is_told_in_one_line(project, note):
    assert layered(system=SYSTEM, project=project).notes == (note,)


def test_a_preset_that_is_milder_than_the_upper_layer_is_no_attempt_to_loosen():
    assert layered(system='extends = "strict"\n', project='extends = "baseline"\n').notes == ()


# -- grants ----------------------------------------------------------------------------------------------------------

GRANTS = (
    SYSTEM
    + """
[grants]
exceptions = ["vulnerability", "minimum-age"]
max-exception = "30d"
require-approver = true
[grants.loosen]
select = "compliant"
evidence.on-missing = "warn"
[grants.loosen.rules.minimum-age]
minimum = "2d"
exempt = ["team-*"]
"""
)


@pytest.mark.parametrize(
    ("key", "lower", "merged", "notes"),
    [
        ("minimum", '"3d"', '"3d"', 0),
        ("minimum", '"1d"', '"2d"', 1),
        ("exempt", '["team-a", "evil"]', '["team-a"]', 1),
        ("security-fix", '"1h"', '"12h"', 1),
    ],
)
def test_a_key_is_loosened_as_far_as_it_is_granted(key, lower, merged, notes):
    policy = layered(system=GRANTS, project=f"[rules.minimum-age]\n{key} = {lower}\n")
    assert render_value(option(policy, f"rules.minimum-age.{key}")) == merged
    assert len(policy.notes) == notes


def test_an_override_is_loosened_as_far_as_it_is_granted():
    project = '[[overrides]]\npackage = "team-a"\n[overrides.rules.minimum-age]\nminimum = "2d"\n'
    policy = layered(system=GRANTS.replace("[rules.allowlist]\npackages", "[rules.sdists]\nallow"), project=project)
    assert not judged(policy, evidence("team-a==1.0", age=timedelta(days=3))).denied
    assert judged(policy, evidence("team-b==1.0", age=timedelta(days=3))).denied
    assert policy.notes == ()


EXCEPTION = '[[exceptions]]\npackage = "a"\nrules = {}\nreason = "r"\nexpires = {}\n'


@pytest.mark.parametrize(
    ("rules", "expires", "approver", "note"),
    [
        ('["vulnerability"]', "2026-12-22", "secops", None),
        ('["yanked"]', "2026-12-22", "secops", "system.toml grants none from yanked"),
        ('["vulnerability", "yanked"]', "2026-12-22", "secops", "system.toml grants none from yanked"),
        (
            '["vulnerability"]',
            "2026-12-23",
            "secops",
            'it expires on 2026-12-23, and system.toml:26 grants "30d" at most',
        ),
        ('["vulnerability"]', "2026-12-22", " ", 'system.toml:27 asks for "approved-by"'),
        ('["vulnerability"]', "2026-12-22", None, 'system.toml:27 asks for "approved-by"'),
    ],
)
def test_an_exception_counts_as_far_as_it_is_granted(rules, expires, approver, note):
    text = EXCEPTION.format(rules, expires) + (f'approved-by = "{approver}"\n' if approver is not None else "")
    policy = layered(system=GRANTS, project=text)
    notes = () if note is None else (f"project.toml:1: the exception for a does not count: {note}",)
    assert (policy.notes, len(policy.exceptions)) == (notes, int(note is None))


def test_a_layer_may_except_from_a_rule_that_only_it_lists():
    project = "[rules.sdists]\n" + EXCEPTION.format('["sdists", "yanked"]', "2030-01-01")
    policy = layered(system=SYSTEM, project=project)
    assert [waiver.rules for waiver in policy.exceptions] == [("sdists",)]
    assert str(policy.origin("exceptions[0]")) == "project.toml:2"


def test_a_rule_of_an_override_is_no_rule_that_only_a_lower_layer_lists():
    system = '[[overrides]]\npackage = "a"\n[overrides.rules.sdists]\nallow = []\n'
    policy = layered(system=system, project="[rules.sdists]\n" + EXCEPTION.format('["sdists"]', "2030-01-01"))
    assert policy.exceptions == ()


def test_the_strongest_layer_grants_and_no_other():
    user = '[grants]\nexceptions = ["yanked"]\n'
    project = EXCEPTION.format('["yanked"]', "2027-01-01")
    assert len(layered(user="[rules.yanked]\n" + user, project=project).exceptions) == 1
    assert layered(system="[rules.yanked]\n", user=user, project=project).exceptions == ()


@pytest.mark.parametrize(
    ("grants", "problem"),
    [
        ('exceptions = ["yankd"]', 'grants.exceptions[0]: unknown rule "yankd"; did you mean "yanked"?'),
        ('exceptions = ["malware"]', 'grants.exceptions[0]: the rule "malware" knows no exceptions'),
        ("max-exception = 30", "grants.max-exception: 30 has no unit"),
        ('indexes = ["packages"]', "grants.indexes[0]: expected an absolute URL"),
        (
            'loosen = { contact = "x" }',
            'unknown key "contact" in [grants.loosen]; known: evidence, mode, rules, select',
        ),
        ('loosen = { rules = { yanked = { levle = "warn" } } }', 'unknown key "levle" in [grants.loosen.rules.yanked]'),
        ('loosen = { rules = { yanked = { level = "mild" } } }', "grants.loosen.rules.yanked.level: expected"),
        ("loosen = { rules = { denylist = { packages = [] } } }", "no grant can loosen this"),
        ("loosen = 1", "grants.loosen: expected a table"),
    ],
)
def test_a_wrong_grant_is_a_problem(grants, problem):
    with pytest.raises(PolicyError) as caught:
        layered(system=f"[grants]\n{grants}\n")
    assert problem in caught.value.problems[0]


# -- overrides -------------------------------------------------------------------------------------------------------

OVERRIDES = """\
[rules.minimum-age]
minimum = "7d"
[[overrides]]
package = "acme-core>=2"
rules.minimum-age = { minimum = "1d" }
[[overrides]]
package = "acme-*"
[overrides.rules.minimum-age]
minimum = "0s"
on-missing = "allow"
[overrides.rules.sdists]
"""


@pytest.mark.parametrize(
    ("release", "age", "key"),
    [
        ("other==1.0", 6, "rules.minimum-age.minimum"),
        ("acme-x==1.0", 0, None),
        ("acme-core==1.0", 0, None),
        ("acme-core==2.0", 0, "overrides[0].rules.minimum-age.minimum"),
        ("acme-core==2.0", 2, None),
    ],
)
def test_the_most_specific_override_decides(release, age, key):
    verdict = judged(layered(user=OVERRIDES), evidence(release, age=timedelta(days=age)))
    assert [finding.key for finding in verdict.findings] == ([key] if key else [])


def test_an_override_has_the_line_where_it_is_written():
    policy = layered(user=OVERRIDES)
    assert str(policy.origin("overrides[0].rules.minimum-age.minimum")) == "user.toml:5"
    assert str(policy.origin("overrides[1].rules.sdists.allow")) == "user.toml:11"


def test_of_equally_specific_overrides_the_stricter_option_counts():
    one, two = (f'[[overrides]]\npackage = "a{n}"\nrules.minimum-age.minimum = "{n}d"\n' for n in ("<2", "<3"))
    one, two = one.replace('"<2d"', '"2d"'), two.replace('"<3d"', '"3d"')
    base = "[rules.minimum-age]\n"
    for text in (base + one + two, base + two + one):
        assert judged(layered(user=text), evidence("a==1.0", age=timedelta(days=2, hours=12))).denied
        assert not judged(layered(user=text), evidence("a==1.0", age=timedelta(days=3))).denied


def test_a_lower_override_tightens_what_an_upper_one_says():
    upper = '[rules.minimum-age]\n[[overrides]]\npackage = "acme-*"\nrules.minimum-age.minimum = "1d"\n'
    lower = '[[overrides]]\npackage = "acme-core"\nrules.minimum-age.minimum = "3d"\n'
    policy = layered(system=upper, project=lower)
    assert policy.notes == ()
    verdict = judged(policy, evidence("acme-core==1.0", age=timedelta(days=2)))
    assert [f.key for f in verdict.denials] == ["overrides[1].rules.minimum-age.minimum"]
    assert str(policy.origin(verdict.denials[0].key)) == "project.toml:3"
    assert not judged(policy, evidence("acme-x==1.0", age=timedelta(days=2))).denied


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('package = "*"\nrules.yanked.level = "warn"', '"*" is every package; write the options into [rules]'),
        ('package = "a"', '"rules" is required: the options that differ for this package'),
        ('rules.yanked.level = "warn"', '"package" is required in [[overrides]]'),
        (
            'package = "a"\nrules.yankd.level = "warn"',
            'unknown rule "yankd" in [overrides[0].rules]; did you mean "yanked"?',
        ),
        ('package = "a"\nrules.yanked.levle = "warn"', 'unknown key "levle" in [overrides[0].rules.yanked]'),
        ('package = "a"\nrules = 1', "overrides[0].rules: expected a table"),
        ('package = "a"\nreason = "x"\nrules.yanked.level = "warn"', 'unknown key "reason" in [[overrides]]'),
    ],
)
def test_a_wrong_override_is_a_problem(text, problem):
    with pytest.raises(PolicyError) as caught:
        layered(user=f"[[overrides]]\n{text}\n")
    assert any(problem in line for line in caught.value.problems)


# -- indexes ---------------------------------------------------------------------------------------------------------

INDEXES = """\
[[indexes]]
name = "default"
[[indexes]]
name = "acme"
url = "https://packages.acme.example/simple/"
packages = ["acme-*"]
"""


def routes(policy, *names):
    return [[index.name for index in policy.indexes_for(canonicalize_name(name))] for name in names]


def test_each_layer_must_agree_on_the_index_of_a_name():
    lower = '[[indexes]]\nname = "default"\npackages = ["re*", "acme-*"]\n[[indexes]]\nname = "acme"\nurl = "https://packages.acme.example/simple/"\npackages = ["acme-core"]\n'
    policy = layered(system=INDEXES, project=lower)
    assert routes(policy, "requests", "numpy", "acme-core", "acme-x") == [["default"], [], ["acme"], []]
    assert policy.notes == ()


def test_an_index_that_the_upper_layer_does_not_list_serves_nothing():
    policy = layered(system=INDEXES, project=INDEXES + '[[indexes]]\nname = "evil"\nurl = "https://evil.example/"\n')
    assert routes(policy, "requests", "acme-x") == [["default"], ["acme"]]
    assert policy.notes == ("project.toml:7: the index evil serves nothing: system.toml does not list it",)


def test_another_address_under_a_known_name_does_not_count():
    policy = layered(system=INDEXES, project=INDEXES.replace("acme.example", "evil.example"))
    (acme,) = policy.indexes_for(canonicalize_name("acme-x"))
    assert acme.url == "https://packages.acme.example/simple/"
    assert policy.notes == ("project.toml:3: the index acme keeps the address that it has above",)


def test_a_granted_index_is_added():
    grant = '[grants]\nindexes = ["https://team.example/"]\n'
    team = '[[indexes]]\nname = "default"\n[[indexes]]\nname = "team"\nurl = "https://team.example/"\npackages = ["team-*"]\n'
    policy = layered(system=INDEXES + grant, project=team)
    assert routes(policy, "requests", "team-a", "acme-x") == [["default"], ["team"], []]
    assert (policy.notes, policy.granted_indexes) == ((), {"team"})


def test_indexes_of_a_lower_layer_do_not_count_where_the_upper_lists_none():
    policy = layered(system=SYSTEM, project=INDEXES)
    assert policy.indexes == ()
    assert policy.notes == ("project.toml:1: the indexes do not count: system.toml lists none, so pip's own are asked",)


def test_a_lower_layer_cannot_choose_where_a_name_is_ambiguous():
    mirror = '[[indexes]]\nname = "mirror"\nurl = "https://mirror.example/"\n'
    both = '[[indexes]]\nname = "default"\n' + mirror
    assert routes(layered(system=both, project=mirror), "requests") == [["default", "mirror"]]
    none = '[[indexes]]\nname = "mirror"\nurl = "https://mirror.example/"\npackages = ["acme-*"]\n'
    assert routes(layered(system=both, project=none), "requests", "acme-x") == [[], ["default", "mirror"]]


def test_a_lower_layer_cannot_call_an_index_a_mirror():
    grant = '[grants]\nindexes = ["https://team.example/"]\n'
    team = '[[indexes]]\nname = "default"\n[[indexes]]\nname = "team"\nurl = "https://team.example/"\nmirror-of = "default"\n'
    policy = layered(system=INDEXES + grant, project=team)
    assert [index.mirror_of for index in policy.indexes] == [None] * len(policy.indexes)
    assert [index.mirror_of for index in policy.indexes_for("team-a")] == [None]
    assert policy.notes == ("project.toml:6: which index is a mirror is for system.toml to say",)


# -- digests ---------------------------------------------------------------------------------------------------------


def test_the_digest_is_of_every_layer_and_of_its_place():
    texts = [{"system": "", "user": "#"}, {"system": "#", "user": ""}, {"user": ""}, {"system": "", "project": "#"}]
    assert len({layered(**text).digest for text in texts}) == len(texts)


def test_the_length_of_an_exception_is_counted_from_today():
    text = EXCEPTION.format('["vulnerability"]', "2026-12-22") + 'approved-by = "secops"\n'
    assert len(layered(system=GRANTS, project=text, today=date(2026, 11, 21)).exceptions) == 0
