"""``safe-pip policy``, each command from its arguments to what it prints."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone

import pytest

from safeinstall.commands import policy
from safeinstall.errors import PolicyError, UsageError
from safeinstall.sources.policies.policy_files import load_policy
from safeinstall.sources.policies.policy_texts import presets

SHA = "ab" * 32
TODAY = datetime.now(timezone.utc).date()
BOUND = """\
[[rules.provenance.publishers]]
package = "acme"
kind = "GitHub"
repository = "{}"
{}"""


@pytest.fixture
def run(site, environ, monkeypatch, capsys):
    """Run ``safe-pip policy`` in the project's folder: the exit code, and what was printed."""
    monkeypatch.chdir(site / "cwd")

    def run(*argv, named=None):
        code = policy.main(argv, environ, named)
        return code, capsys.readouterr().out

    return run


@pytest.fixture
def write(site):
    def write(text, name="safe-pip.toml"):
        (site / "cwd" / name).write_text(text)

    return write


# -- init ------------------------------------------------------------------------------------------------------------


def test_a_first_policy_is_short_and_trusted(run, site, environ):
    code, out = run("init")
    text = (site / "cwd" / "safe-pip.toml").read_text()
    assert (code, out.splitlines()[0]) == (0, "wrote safe-pip.toml, which extends baseline")
    assert len(text.splitlines()) < 40
    loaded = load_policy(None, environ, site / "cwd")
    assert (loaded.file, loaded.notes) == ("safe-pip.toml", ())
    assert run("check") == (0, "safe-pip.toml: no error, and nothing to doubt\n")


@pytest.mark.parametrize("preset", presets())
def test_it_extends_any_preset(run, site, environ, preset):
    run("init", "--preset", preset)
    own, built_in = load_policy(None, environ, site / "cwd"), load_policy(preset, environ, site)
    assert own.rules == built_in.rules


REQUIREMENTS = f"""\
-i https://packages.acme.example/simple/
requests[socks]>=2.31 ; python_version > "3"  # for the API
Idna==3.7 \\
    --hash=sha256:{SHA} \\
    --hash=sha256:{"cd" * 32}
-r more.txt
-e ./own
acme @ https://files.acme.example/acme.whl
"""


def test_it_allows_what_a_requirements_file_names_and_pins_its_hashes(run, site, environ, write):
    write(REQUIREMENTS, "requirements.txt")
    write("django~=5.0\n-r requirements.txt\n", "more.txt")
    code, out = run("init", "--from", "requirements.txt")
    assert (code, out.splitlines()[1:4]) == (
        0,
        [
            "allowed: 3 packages; pinned by hash: 1",
            "left out, since it is no package of an index: requirements.txt (line 7): -e ./own",
            (
                "left out, since it is no package of an index: requirements.txt (line 8): acme @"
                " https://files.acme.example/acme.whl"
            ),
        ],
    )
    rules = {rule.id: rule for rule in load_policy(None, environ, site / "cwd").rules}
    assert [str(p) for p in rules["allowlist"].packages] == ["django~=5.0", "idna==3.7", "requests>=2.31"]
    assert rules["hashes"].require == "index"
    assert {str(k): v for k, v in rules["hashes"].pins.items()} == {
        "idna==3.7": (f"sha256:{SHA}", "sha256:" + "cd" * 32)
    }


LOCK = f"""\
lock-version = "1.0"
[[packages]]
name = "Idna"
version = "3.7"
wheels = [{{ url = "https://files.example/idna.whl", hashes = {{ sha256 = "{SHA}" }} }}]
sdist = {{ url = "https://files.example/idna.tar.gz", hashes = {{ sha256 = "{"cd" * 32}" }} }}
[[packages]]
name = "tree"
directory = {{ path = "." }}
"""


def test_it_pins_every_file_of_a_lock(run, site, environ, write):
    write(LOCK, "pylock.toml")
    assert run("init", "--from", "pylock.toml")[1].splitlines()[1:3] == [
        "allowed: 1 packages; pinned by hash: 1",
        "left out, since it is no package of an index: pylock.toml: tree",
    ]
    rules = {rule.id: rule for rule in load_policy(None, environ, site / "cwd").rules}
    assert rules["hashes"].require == "pinned"
    assert [len(pins) for pins in rules["hashes"].pins.values()] == [2]


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (("--preset", "lax"), "there is no preset lax"),
        (("--from", "gone.txt"), "cannot read gone.txt: No such file or directory"),
        (("--from", "bad.toml"), "bad.toml is not a lock"),
        (("--from", "latin.txt"), "cannot read latin.txt: not UTF-8"),
        (("--output", "no/such/folder.toml"), "cannot write"),
    ],
)
def test_what_cannot_be_written_is_told(run, site, write, argv, message):
    write("x = 1", "bad.toml")
    (site / "cwd" / "latin.txt").write_bytes(b"caf\xe9")
    with pytest.raises(UsageError, match=message):
        run("init", *argv)
    assert not (site / "cwd" / "safe-pip.toml").exists()


def test_a_file_is_not_overwritten(run, write):
    write("# mine\n")
    with pytest.raises(UsageError, match="exists"):
        run("init")
    assert run("init", "--force")[0] == 0


# -- check -----------------------------------------------------------------------------------------------------------


def test_every_error_has_its_line_and_a_caret(run, write):
    write('[rules.minimum-age]\nminimun = "7d"\nexempt = "acme"\n[rules.yanked]\nlevel = "block"\n')
    assert run("check") == (
        12,
        """\
safe-pip.toml:2: error: unknown key "minimun" in [rules.minimum-age]; did you mean "minimum"?
 2 | minimun = "7d"
   | ^^^^^^^
safe-pip.toml:3: error: rules.minimum-age.exempt: expected a list, found "acme"; write ["acme"]
 3 | exempt = "acme"
   |          ^^^^^^
safe-pip.toml:5: error: rules.yanked.level: expected "deny", "warn" or "allow", found "block"
 5 | level = "block"
   |         ^^^^^^^
3 errors, 0 warnings
""",
    )


def test_the_errors_of_all_layers_are_told_at_once(run, site, write):
    (site / "etc" / "policy.toml").write_text("modus = 1\n")
    (site / "config" / "policy.toml").write_text("x = [\n")
    write("y = 1\n")
    code, out = run("check", "--format", "json")
    data = json.loads(out)
    assert (code, data["valid"], len(data["remarks"])) == (12, False, 3)


def test_files_can_be_checked_by_name(run, write):
    write("mod = 1\n", "a.toml")
    write("[rules.yanked]\n", "b.toml")
    code, out = run("check", "a.toml", "b.toml", "strict", "gone.toml")
    assert code == 12
    assert "a.toml:1: error: " in out
    assert "gone.toml: error: no such policy file" in out or "error: gone.toml: no such policy file" in out


def exception(expires, package="acme", rules='["yanked"]'):
    return f'[[exceptions]]\npackage = "{package}"\nrules = {rules}\nreason = "r"\nexpires = {expires}\n'


@pytest.mark.parametrize(
    ("text", "warning"),
    [
        ("schema = 1", "p.toml: warning: no rule is listed: nothing but integrity is enforced"),
        ('mode = "audit"\n[rules.yanked]', "p.toml:1: warning: nothing is stopped: denials are only told"),
        (
            "[rules.yanked]\n" + exception("2020-01-01"),
            "p.toml:6: warning: the exception for acme is void since 2020-01-01;",
        ),
        (
            "[rules.yanked]\n" + exception(TODAY + timedelta(days=3)),
            f"p.toml:6: warning: the exception for acme expires on {TODAY + timedelta(days=3)}, in 3 days",
        ),
        ("[rules.yanked]\n" + exception("2099-01-01"), "nobody will look at it again for more than a year"),
        (
            '[rules.yanked]\n[grants]\nindexes = ["https://a.example/"]',
            "p.toml:3: warning: no index can be added to none: list the others as [[indexes]]",
        ),
        (
            "[rules.malware]\n" + exception(TODAY + timedelta(days=100)),
            "p.toml:4: warning: the policy does not list the rule yanked, so nothing has to be excepted from it",
        ),
        (
            '[rules.allowlist]\npackages = [\n"acme-*",\n"acme-core>=2",\n"b",\n"b",\n]',
            'p.toml:4: warning: "acme-core>=2" adds nothing to "acme-*"',
        ),
        ('[rules.allowlist]\npackages = [\n"b",\n"b",\n]', 'p.toml:4: warning: "b" adds nothing to "b"'),
        (
            '[rules.yanked]\n[[indexes]]\nname = "default"\n[[indexes]]\nname = "a"\nurl = "https://a.example/"\npackages = ["*"]',
            "p.toml:7: warning: the index a may serve any name, as another may",
        ),
        (
            "[rules.vulnerability]\ndeny-at-epss = 0.5",
            "p.toml:2: warning: deny-at-epss asks for a list, and `epss` under [advisories] names none",
        ),
        (
            '[advisories]\nepss = "epss.csv"\n[rules.vulnerability]\nexploited = "warn"',
            "p.toml:4: warning: exploited asks for a list, and `exploited` under [advisories] names none",
        ),
        (
            BOUND.format("acme/*", "") + BOUND.format("acme/app", 'workflow = "a.yml"\n'),
            'p.toml:5: warning: another entry for "acme" has GitHub acme/app, a.yml already',
        ),
        (BOUND.format("acme/app", "") * 2, 'p.toml:5: warning: another entry for "acme" has GitHub acme/app already'),
    ],
)
def test_what_is_hardly_meant_is_a_warning(run, write, text, warning):
    write(text, "p.toml")
    code, out = run("check", "p.toml")
    assert code == 0
    assert warning in out
    assert run("check", "--strict", "p.toml")[0] == 12


def test_what_selects_no_package_of_the_project_is_a_warning(run, write):
    write(
        '[rules.allowlist]\npackages = ["acme", "other", "new"]\n'
        '[[overrides]]\npackage = "tool-*"\nrules.yanked.level = "warn"\n'
        + exception(TODAY + timedelta(days=99), "acme<1"),
        "p.toml",
    )
    write("acme==1.0\nnew>=2\n", "requirements.txt")
    _, out = run("check", "p.toml", "--against", "requirements.txt")
    assert [line for line in out.splitlines() if "selects none" in line] == [
        'p.toml:6: warning: "acme<1" selects none of the packages',
        'p.toml:3: warning: "tool-*" selects none of the packages',
        'p.toml:2: warning: "other" selects none of the packages',
    ]


def test_a_publisher_of_no_package_of_the_project_is_a_warning(run, write):
    write(BOUND.format("acme/app", "") + '[rules.provenance]\nrequire = ["tool"]\n', "p.toml")
    write("other==1.0\n", "requirements.txt")
    _, out = run("check", "p.toml", "--against", "requirements.txt")
    assert [line for line in out.splitlines() if "selects none" in line] == [
        'p.toml:6: warning: "tool" selects none of the packages',
        'p.toml:1: warning: "acme" selects none of the packages',
    ]


def test_what_a_project_asks_for_without_the_right_is_a_warning(run, write):
    write('mode = "audit"\n')
    code, out = run("check")
    assert code == 0
    assert 'safe-pip.toml:1: warning: mode = "audit" does not count' in out


# -- show ------------------------------------------------------------------------------------------------------------


def test_every_value_is_shown_with_its_origin(run, site, write):
    (site / "etc" / "policy.toml").write_text('[rules.minimum-age]\nminimum = "7d"\n')
    write('[rules.minimum-age]\nexempt = []\nminimum = "14d"\n[rules.yanked]\n')
    code, out = run("show")
    assert code == 0
    assert 'minimum = "14d"  # safe-pip.toml:3' in out
    assert "exempt = []  # default" in out
    assert 'level = "deny"  # default' in out
    _, out = run("show", "--format", "json")
    data = json.loads(out)
    assert data["origins"]["rules.minimum-age.minimum"] == "safe-pip.toml:3"
    assert set(data) == {"file", "digest", "policy", "origins", "notes"}


def test_it_is_written_to_a_file(run, site, write):
    write("[rules.yanked]\n")
    code, out = run("show", "--output", "all.toml")
    assert (code, out) == (0, "")
    assert load_policy("all.toml", {}, site / "cwd").rules == load_policy("baseline", {}, site / "etc").rules
    with pytest.raises(UsageError, match="cannot write"):
        run("show", "--output", "no/such/file")


# -- explain ---------------------------------------------------------------------------------------------------------


def test_a_rule_is_explained_with_what_holds_here(run, write):
    write(
        'extends = "baseline"\n[rules.minimum-age]\nminimum = "30d"\n[[overrides]]\npackage = "acme-*"\nrules.minimum-age.minimum = "60d"\n'
    )
    code, out = run("explain", "minimum-age")
    assert code == 0
    for line in (
        "minimum-age: Deny files that were uploaded less than minimum ago.",
        '      here: "30d"  (safe-pip.toml:3)',
        "lists this rule; other options for acme-*",
    ):
        assert line in out
    assert "``" not in out


def test_a_rule_that_is_not_listed_is_explained_too(run):
    assert "does not list this rule" in run("explain", "allowlist")[1]
    data = json.loads(run("explain", "allowlist", "--format", "json")[1])
    assert (data["rule"], data["listed"], list(data["options"])) == ("allowlist", False, ["packages", "on-missing"])


@pytest.mark.parametrize("subject", ["no rule", "x @ https://files.example/x.whl"])
def test_what_is_neither_rule_nor_package_is_a_usage_error(run, subject):
    with pytest.raises(UsageError):
        run("explain", subject)


# -- test ------------------------------------------------------------------------------------------------------------

CASES = f"""\
today = 2026-11-22
[[cases]]
package = "acme==1.0"
expect = "allow"
[[cases]]
package = "acme==1.0"
expect = "deny"
rules = ["minimum-age"]
age = "1d"
[[cases]]
package = "acme==1.0"
expect = "deny"
rules = ["vulnerability"]
advisories = [{{ id = "CVE-2026-1", severity = "9.8" }}]
[[cases]]
package = "acme==1.0"
expect = "deny"
rules = ["vulnerability"]
advisories = [{{ id = "CVE-2026-2", severity = "2.0", exploited = 2026-05-02, epss = 0.9 }}]
[[cases]]
package = "acme==1.0"
expect = "warn"
rules = ["vulnerability"]
advisories = [{{ id = "CVE-2017-1", severity = "7.5", published = 2017-09-05 }}]
[[cases]]
package = "acme==2.0"
expect = "allow"
advisories = [{{ id = "CVE-2026-1", severity = "9.8", fixed = "2.0" }}]
[[cases]]
package = "acme==1.0"
expect = "deny"
rules = ["sdists"]
kind = "sdist"
[[cases]]
package = "acme==1.0"
expect = "deny"
rules = ["direct-references"]
url = "https://files.example/acme.whl"
required-by = "other"
[[cases]]
package = "acme==1.0"
expect = "warn"
rules = ["yanked"]
yanked = "broken"
[[cases]]
package = "acme==1.0"
expect = "warn"
rules = ["minimum-age"]
missing = ["age", "advisories", "sha256"]
[[cases]]
package = "acme==1.0"
expect = "deny"
rules = ["malware"]
advisories = [{{ id = "MAL-2026-1" }}]
sha256 = "sha256:{SHA}"
"""


def test_cases_are_judged(run, write):
    write(CASES, "cases.toml")
    code, out = run("test", "cases.toml", named="baseline")
    assert (code, out.splitlines()[-1]) == (0, "11 cases, 0 failed, by baseline (built in)"), out
    assert out.splitlines()[1] == "ok      cases.toml:5: acme==1.0: deny by minimum-age"


def test_a_case_that_is_judged_otherwise_fails(run, write):
    write(
        'today = 2026-11-22\n[[cases]]\npackage = "a==1"\nexpect = "deny"\nrules = ["allowlist"]\nage = "1d"\n',
        "c.toml",
    )
    code, out = run("test", "c.toml", named="baseline")
    assert (code, out.splitlines()[0]) == (
        1,
        (
            "FAILED  c.toml:2: a==1: expected deny by allowlist, found deny (minimum-age: uploaded 1 day ago; the policy"
            " asks for 3 days)"
        ),
    )
    data = json.loads(run("test", "c.toml", "--format", "json", named="baseline")[1])
    assert (data["failed"], data["cases"][0]["passed"]) == (1, False)


def test_provenance_is_judged_where_the_case_tells_it(run, write):
    write('extends = "strict"\n' + BOUND.format("acme/app", ""), "p.toml")
    ours, thief = (
        '{ kind = "GitHub", repository = "acme/app", workflow = "a.yml" }',
        '{ kind = "GitHub", repository = "x/y" }',
    )
    case = '[[cases]]\npackage = "{}==1"\nexpect = "{}"\n{}\n'
    text = "".join(
        case.format(*c)
        for c in (
            ("acme", "allow", ""),
            ("acme", "allow", f"attested-by = [{ours}]"),
            ("acme", "deny", 'rules = ["provenance"]\nattested-by = []'),
            ("acme", "deny", f'rules = ["provenance"]\nattested-by = [{thief}]'),
            ("acme", "deny", 'rules = ["provenance"]\nmissing = ["provenance"]'),
            ("other", "allow", "attested-by = []"),
            ("other", "deny", f'rules = ["provenance"]\nattested-by = []\nattested-before = [{ours}]'),
            ("other", "deny", f'rules = ["provenance"]\nattested-by = [{thief}]\nattested-before = [{ours}]'),
            ("other", "allow", f"attested-by = [{ours}]\nattested-before = [{ours}]"),
        )
    )
    write("today = 2026-11-22\n" + text, "c.toml")
    code, out = run("test", "c.toml", named="p.toml")
    assert code == 0, out


def test_a_licence_is_judged_where_the_case_tells_it(run, write):
    write('[rules.licenses]\nallow = ["MIT"]\n', "p.toml")
    case = '[[cases]]\npackage = "a==1"\nexpect = "{}"\n{}\n'
    text = "".join(
        case.format(*c) for c in (("allow", ""), ("allow", 'license = "MIT"'), ("deny", 'license = "GPL-3.0-only"'))
    )
    write("today = 2026-11-22\n" + text, "c.toml")
    code, out = run("test", "c.toml", named="p.toml")
    assert code == 0, out


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (
            "today = 2026-11-22\n[[cases]]\npackage = 'a'\nexpect = 'deny'",
            'c.toml:3: cases[0].package: "a" is not one version',
        ),
        ("[[cases]]\npackage = 'a==1'\nexpect = 'deny'", '"today" is required'),
        ("today = 2026-11-22\n[[case]]", 'unknown key "case"; did you mean "cases"?'),
        (
            "today = 2026-11-22\n[[cases]]\npackage = 'a==1'\nexpect = 'deny'\nadvisories = [{id = 'X', severity = 'bad'}]",
            'expected a CVSS score such as "7.5", found "bad"',
        ),
        (
            "today = 2026-11-22\n[[cases]]\npackage = 'a==1'\nexpect = 'deny'\nadvisories = [{id = 'X', fixed = '?'}]",
            '"?" is not a version',
        ),
    ],
)
def test_a_wrong_case_is_an_error(run, write, text, problem):
    write(text, "c.toml")
    with pytest.raises(PolicyError) as caught:
        run("test", "c.toml", named="baseline")
    assert any(problem in line for line in caught.value.problems)


def test_no_case_is_no_success(run, write):
    write("today = 2026-11-22\ncases = []\n", "c.toml")
    with pytest.raises(UsageError, match="there is no case"):
        run("test", "c.toml", named="baseline")


# -- allow -----------------------------------------------------------------------------------------------------------

ALLOW = ("allow", "acme==1.0", "--rule", "yanked", "--reason", 'say "why"', "--expires", "30d")


def test_an_exception_is_appended_and_nothing_else_changes(run, site, environ, write):
    before = "# kept\n[rules.yanked]  # kept, too\n"
    run("init")
    write(before)
    run("trust")
    code, out = run(*ALLOW, "--advisory", "CVE-1", "--hash", f"sha256:{SHA}", "--approved-by", "secops")
    text = (site / "cwd" / "safe-pip.toml").read_text()
    assert code == 0
    assert text.startswith(before)
    assert out.splitlines() == [
        "safe-pip.toml:4: the exception is written to safe-pip.toml",
        "safe-pip.toml was trusted, and is so with this change",
    ]
    (waiver,) = load_policy(None, environ, site / "cwd").exceptions
    assert (str(waiver.package), waiver.rules, waiver.reason) == ("acme==1.0", ("yanked",), 'say "why"')
    assert waiver.expires == TODAY + timedelta(days=30)
    assert (waiver.advisories, waiver.hashes, waiver.approved_by) == (("CVE-1",), (f"sha256:{SHA}",), "secops")


def test_an_exception_that_does_not_count_says_so(run, write):
    write("[rules.yanked]")
    assert run(*ALLOW)[1].splitlines()[1:] == [
        "safe-pip.toml:3: the exception for acme==1.0 does not count: baseline (built in) grants none from yanked",
        "if you trust safe-pip.toml, look at it and run: safe-pip policy trust",
    ]


def test_an_exception_in_pyproject_toml(run, site, environ, write):
    write('[tool.safe-pip]\nextends = "baseline"\n\n[tool.ruff]\n', "pyproject.toml")
    run("trust")
    run(*ALLOW)
    assert "[[tool.safe-pip.exceptions]]" in (site / "cwd" / "pyproject.toml").read_text()
    assert len(load_policy(None, environ, site / "cwd").exceptions) == 1


def test_the_file_is_named(run, site, write):
    write("[rules.yanked]\n", "org.toml")
    run(*ALLOW, named="org.toml")
    assert len(load_policy("org.toml", {}, site / "cwd").exceptions) == 1


def test_the_file_is_named_by_the_variable(run, site, environ, write, monkeypatch):
    write("[rules.yanked]\n", "org.toml")
    write("schema = 1\n")
    monkeypatch.setitem(environ, "SAFE_PIP_POLICY", "org.toml")
    run(*ALLOW)
    assert len(load_policy("org.toml", {}, site / "cwd").exceptions) == 1
    assert (site / "cwd" / "safe-pip.toml").read_text() == "schema = 1\n"


@pytest.mark.parametrize(
    ("argv", "text", "error", "message"),
    [
        (("--rule", "yankd"), "schema = 1\n", PolicyError, 'unknown rule "yankd"; did you mean "yanked"?'),
        (("--rule", "malware"), "schema = 1\n", PolicyError, "knows no exceptions"),
        (("--reason", " "), "schema = 1\n", PolicyError, "is empty"),
        (("--expires", "soon"), "schema = 1\n", UsageError, "expected a date"),
        (("--expires", "2020-01-01"), "schema = 1\n", UsageError, "not in the future"),
        (("--expires", "0d"), "schema = 1\n", UsageError, "not in the future"),
        (("--expires", "99999999d"), "schema = 1\n", UsageError, "expected a date"),
        (("--hash", "md5:1"), "schema = 1\n", PolicyError, "is not a hash"),
        ((), "exceptions = [\n]", PolicyError, "nothing can be added to an inline list"),
        ((), "x = [", PolicyError, "not valid TOML"),
    ],
)
def test_a_wrong_exception_is_not_written(*, run, site, write, argv, text, error, message):
    write(text)
    with pytest.raises(error) as caught:
        run(*ALLOW, *argv)
    assert message in caught.value.message
    assert (site / "cwd" / "safe-pip.toml").read_text() == text


@pytest.mark.parametrize("named", [None, "baseline", "https://policies.example/p.toml"])
def test_there_must_be_a_file_to_edit(run, named):
    with pytest.raises(UsageError):
        run(*ALLOW, named=named)


# -- trust, diff, schema ---------------------------------------------------------------------------------------------


def test_trust_is_given_and_taken_back(run, site, environ, write):
    with pytest.raises(UsageError, match="no project here has a policy"):
        run("trust")
    write('mode = "audit"\n')
    path = site / "cwd" / "safe-pip.toml"
    assert run("trust") == (0, f"{path} is trusted as it is now; a change needs new trust\n")
    assert load_policy(None, environ, site / "cwd").mode == "audit"
    assert run("trust", "--forget") == (0, f"{path} is no longer trusted: it can only tighten\n")
    assert load_policy(None, environ, site / "cwd").mode == "enforce"


OLD = """\
mode = "audit"
contact = "a"
[evidence]
max-staleness = "2d"
[rules.minimum-age]
minimum = "7d"
exempt = ["a", "b"]
[rules.denylist]
packages = []
[rules.yanked]
[[overrides]]
package = "acme-*"
rules.minimum-age.minimum = "1d"
[[exceptions]]
package = "x"
rules = ["yanked"]
reason = "r"
expires = 2027-01-01
"""
NEW = """\
contact = "b"
[evidence]
max-staleness = "5d"
[rules.minimum-age]
minimum = "3d"
exempt = ["b"]
on-missing = "warn"
[rules.denylist]
packages = [{ package = "evil", reason = "r" }]
[rules.sdists]
[[indexes]]
name = "default"
[[overrides]]
package = "acme-*"
rules.minimum-age.minimum = "2d"
[[exceptions]]
package = "y"
rules = ["sdists"]
reason = "r"
expires = 2027-01-01
[grants]
exceptions = ["yanked"]
"""


def test_each_difference_says_whether_it_loosens(run, write):
    write(OLD, "old.toml")
    write(NEW, "new.toml")
    code, out = run("diff", "old.toml", "new.toml", "--fail-if-loosened")
    assert (code, out) == (
        1,
        """\
tightens  mode: "audit" → "enforce"
says      contact: "a" → "b"
loosens   evidence.max-staleness: "2d" → "5d"
differs   indexes: [] → [{ name = "default" }]
tightens  rules.denylist.packages: [] → [{ package = "evil", reason = "r" }]
loosens   rules.minimum-age.minimum: "7d" → "3d"
tightens  rules.minimum-age.exempt: ["a", "b"] → ["b"]
loosens   rules.minimum-age.on-missing: "warn" is new
tightens  rules.sdists: listed is new
loosens   rules.yanked: listed is gone
tightens  overrides."acme-*".rules.minimum-age.minimum: "1d" → "2d"
tightens  exceptions."x": { package = "x", rules = ["yanked"], reason = "r", expires = 2027-01-01 } is gone
loosens   exceptions."y": { package = "y", rules = ["sdists"], reason = "r", expires = 2027-01-01 } is new
differs   grants: {} → { exceptions = ["yanked"] }
14 differences: some changes may let more pass
""",
    )
    assert json.loads(run("diff", "old.toml", "new.toml", "--format", "json")[1])["loosened"] is True


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        ("schema = 1\n", BOUND.format("acme/app", ""), "tightens  rules.provenance: listed is new"),
        (
            "[rules.provenance]\n",
            BOUND.format("acme/app", ""),
            'tightens  rules.provenance.publishers: [] → [{ package = "acme", kind = "GitHub", repository = "acme/app" }]',
        ),
        (
            BOUND.format("acme/app", ""),
            BOUND.format("acme/app", 'workflow = "a.yml"\n'),
            "tightens  rules.provenance.pub",
        ),
        (BOUND.format("acme/app", ""), BOUND.format("acme/*", ""), "loosens   rules.provenance.publishers: "),
        (BOUND.format("acme/app", ""), BOUND.format("acme/new", ""), "differs   rules.provenance.publishers: "),
        (
            BOUND.format("acme/app", ""),
            BOUND.format("acme/app", "") + BOUND.format("acme/new", ""),
            "loosens   rules.provenance.publishers: ",
        ),
        ("schema = 1\n", '[provenance]\nmax-root-age = "1d"\n', 'tightens  provenance.max-root-age: "365d" → "1d"'),
    ],
)
def test_a_difference_of_provenance(run, write, old, new, line):
    write(old, "old.toml")
    write(new, "new.toml")
    out = run("diff", "old.toml", "new.toml")[1]
    assert line in out, out


def test_the_same_policy_has_no_difference(run):
    assert run("diff", "baseline", "baseline", "--fail-if-loosened") == (0, "the same\n")
    assert run("diff", "baseline", "strict", "--fail-if-loosened")[0] == 0
    assert run("diff", "strict", "baseline")[0] == 0


def test_the_schema_is_json_with_every_rule(run):
    schema = json.loads(run("schema")[1])
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert schema["properties"]["rules"]["properties"]["minimum-age"]["properties"]["minimum"]["description"]


@pytest.mark.parametrize("argv", [(), ("shwo",), ("diff", "a"), ("allow", "x")])
def test_a_wrong_command_line_is_a_usage_error(run, argv):
    with pytest.raises(UsageError) as caught:
        run(*argv)
    assert (caught.value.exit_code, caught.value.message[:6]) == (2, "policy")
