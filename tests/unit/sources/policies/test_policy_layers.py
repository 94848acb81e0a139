"""Which files are layers, whom they come from, and which of them are trusted."""

from __future__ import annotations

import json
import os
from datetime import timedelta
from hashlib import sha256

import pytest

from safeinstall.errors import PolicyError
from safeinstall.sources.places import directories
from safeinstall.sources.policies.policy_files import find_project, load_policy
from safeinstall.sources.policies.trust import distrust, is_trusted, trust, was_trusted

LOOSE = '[rules.minimum-age]\nminimum = "1d"\n'
TIGHT = '[rules.minimum-age]\nminimum = "30d"\n'


def age(policy):
    return {rule.id: rule for rule in policy.rules}["minimum-age"].minimum


def days(number):
    return timedelta(days=number)


def files(policy):
    return [name.rsplit("/", 1)[-1] for name in policy.file.split(" + ")]


def test_the_layers_are_the_systems_the_users_and_the_projects(site, environ):
    (site / "etc" / "policy.toml").write_text(LOOSE)
    (site / "config" / "policy.toml").write_text(TIGHT)
    (site / "cwd" / "safe-pip.toml").write_text('[rules.minimum-age]\nminimum = "14d"\n')
    policy = load_policy(None, environ, site / "cwd")
    assert files(policy) == ["policy.toml", "policy.toml", "safe-pip.toml"]
    assert age(policy) == days(30)
    assert str(policy.origin("rules.minimum-age.minimum")) == f"{site}/config/policy.toml:2"


@pytest.mark.parametrize("how", ["option", "variable"])
def test_a_file_that_is_named_takes_the_users_place(site, environ, how):
    (site / "etc" / "policy.toml").write_text(LOOSE)
    (site / "config" / "policy.toml").write_text(TIGHT)
    (site / "cwd" / "own.toml").write_text('[rules.minimum-age]\nminimum = "2d"\n')
    if how == "variable":
        environ["SAFE_PIP_POLICY"] = "own.toml"
    policy = load_policy("own.toml" if how == "option" else None, environ, site / "cwd")
    assert (files(policy), age(policy)) == (["policy.toml", "own.toml"], days(2))


@pytest.mark.parametrize(
    "name", ["XDG_CONFIG_DIRS", "HOME", "XDG_CONFIG_HOME", "SAFE_PIP_CONFIG_DIR", "SAFE_PIP_POLICY"]
)
def test_no_variable_moves_or_drops_the_system_layer(site, environ, name, monkeypatch):
    (site / "etc" / "policy.toml").write_text(TIGHT)
    (site / "elsewhere").mkdir()
    value = "baseline" if name == "SAFE_PIP_POLICY" else str(site / "elsewhere")
    monkeypatch.setenv(name, value)
    assert age(load_policy(None, {**environ, name: value}, site / "cwd")) == days(30)
    assert age(load_policy("baseline", {**environ, name: value}, site / "cwd")) == days(30)


def test_the_system_layer_is_where_pip_has_its_own(monkeypatch):
    monkeypatch.setenv("XDG_CONFIG_DIRS", "/tmp")
    assert str(directories.SYSTEM_CONFIG) in ("/etc/xdg/safe-pip", "/Library/Application Support/safe-pip")


def test_a_system_file_that_cannot_be_read_is_no_missing_one(site, environ):
    (site / "etc" / "policy.toml").mkdir()
    with pytest.raises(PolicyError):
        load_policy(None, environ, site / "cwd")
    (site / "etc" / "policy.toml").rmdir()
    (site / "etc" / "policy.toml").symlink_to(site / "gone")
    with pytest.raises(PolicyError):
        load_policy(None, environ, site / "cwd")


# -- projects --------------------------------------------------------------------------------------------------------


def test_the_nearest_project_counts(site, environ):
    deep = site / "cwd" / "a" / "b"
    deep.mkdir(parents=True)
    (site / "cwd" / "safe-pip.toml").write_text(TIGHT)
    (site / "cwd" / "a" / "pyproject.toml").write_text('[project]\nname = "a"\n')
    policy = load_policy(None, environ, deep)
    assert (age(policy), str(policy.origin("rules.minimum-age.minimum"))) == (days(30), f"{site}/cwd/safe-pip.toml:2")
    (site / "cwd" / "a" / "pyproject.toml").write_text(
        '[project]\nname = "a"\n\n[tool.safe-pip.rules.minimum-age]\nminimum = "60d"\n'
    )
    policy = load_policy(None, environ, deep)
    assert age(policy) == days(60)
    assert str(policy.origin("rules.minimum-age.minimum")) == f"{site}/cwd/a/pyproject.toml:5"


def test_safe_pip_toml_comes_before_pyproject_toml(site, environ):
    (site / "cwd" / "safe-pip.toml").write_text(TIGHT)
    (site / "cwd" / "pyproject.toml").write_text('[tool.safe-pip.rules.minimum-age]\nminimum = "60d"\n')
    assert age(load_policy(None, environ, site / "cwd")) == days(30)


@pytest.mark.parametrize("text", ["x = [", "[tool.ruff]\n", '[project]\ndependencies = ["safe-pip"]\n', "tool = 1\n"])
def test_a_pyproject_that_does_not_speak_of_us_is_no_policy(site, environ, text):
    (site / "cwd" / "pyproject.toml").write_text(text)
    assert files(load_policy(None, environ, site / "cwd")) == ["baseline (built in)"]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("[tool.safe-pip]\nx = [\n", "pyproject.toml:2: not valid TOML: Invalid value, at the end"),
        ("[tool.safe-pip]\nmod = 1\n", 'pyproject.toml:2: unknown key "mod"; did you mean "mode"?'),
        ("[tool]\nsafe-pip = 1\n", "pyproject.toml:2: tool.safe-pip: expected a table"),
        (
            "[project]\n[tool.safe-pip.rules.yankd]\n",
            'pyproject.toml:2: unknown rule "yankd" in [rules]; did you mean "yanked"?',
        ),
    ],
)
def test_a_broken_table_of_ours_is_an_error(site, environ, text, problem):
    (site / "cwd" / "pyproject.toml").write_text(text)
    with pytest.raises(PolicyError) as caught:
        load_policy(None, environ, site / "cwd")
    assert caught.value.problems == (problem,)


def test_the_projects_file_named_explicitly_counts_once_and_in_full(site, environ):
    (site / "cwd" / "safe-pip.toml").write_text(LOOSE)
    policy = load_policy("safe-pip.toml", environ, site / "cwd")
    assert (files(policy), age(policy), policy.notes) == (["safe-pip.toml"], days(1), ())


# -- trust -----------------------------------------------------------------------------------------------------------


def test_a_project_tightens_the_defaults_at_once(site, environ):
    (site / "cwd" / "safe-pip.toml").write_text(TIGHT)
    policy = load_policy(None, environ, site / "cwd")
    assert (files(policy), age(policy), policy.notes) == (["baseline (built in)", "safe-pip.toml"], days(30), ())
    assert len(policy.rules) > 1


def test_a_project_loosens_the_defaults_only_when_trusted(site, environ):
    (site / "cwd" / "safe-pip.toml").write_text(LOOSE)
    policy = load_policy(None, environ, site / "cwd")
    assert age(policy) == days(3)
    line = policy.origin("rules.minimum-age.minimum").line
    assert policy.notes == (
        f'safe-pip.toml:2: rules.minimum-age.minimum = "1d" does not count: baseline (built in):{line} asks for "3d"',
        "if you trust safe-pip.toml, look at it and run: safe-pip policy trust",
    )
    project = find_project(environ, site / "cwd")
    trust(project.path, project.layer.trust, environ)
    policy = load_policy(None, environ, site / "cwd")
    assert (files(policy), age(policy), policy.notes) == (["safe-pip.toml"], days(1), ())


def test_a_changed_file_needs_new_trust(site, environ):
    path = site / "cwd" / "safe-pip.toml"
    path.write_text(LOOSE)
    project = find_project(environ, site / "cwd")
    trust(project.path, project.layer.trust, environ)
    path.write_text(LOOSE + "# one more line\n")
    assert age(load_policy(None, environ, site / "cwd")) == days(3)
    path.write_text(LOOSE)
    assert age(load_policy(None, environ, site / "cwd")) == days(1)


def test_trust_is_in_what_a_project_extends_too(site, environ):
    (site / "cwd" / "safe-pip.toml").write_text('extends = "base.toml"\n')
    (site / "cwd" / "base.toml").write_text(TIGHT)
    project = find_project(environ, site / "cwd")
    trust(project.path, project.layer.trust, environ)
    assert files(load_policy(None, environ, site / "cwd")) == ["safe-pip.toml"]
    (site / "cwd" / "base.toml").write_text(LOOSE)
    assert age(load_policy(None, environ, site / "cwd")) == days(3)


def test_trust_is_in_one_place_only(site, environ):
    (site / "cwd" / "safe-pip.toml").write_text(LOOSE)
    project = find_project(environ, site / "cwd")
    trust(project.path, project.layer.trust, environ)
    (site / "clone").mkdir()
    (site / "clone" / "safe-pip.toml").write_text(LOOSE)
    assert age(load_policy(None, environ, site / "clone")) == days(3)


def test_trust_does_not_count_against_a_system_or_user_policy(site, environ):
    (site / "cwd" / "safe-pip.toml").write_text(LOOSE)
    project = find_project(environ, site / "cwd")
    trust(project.path, project.layer.trust, environ)
    (site / "etc" / "policy.toml").write_text('[rules.minimum-age]\nminimum = "5d"\n')
    policy = load_policy(None, environ, site / "cwd")
    assert age(policy) == days(5)
    assert len(policy.notes) == 1


def test_trust_can_be_taken_back(site, environ):
    path = site / "x"
    trust(path, "sha256:a", environ)
    trust(site / "y", "sha256:b", environ)
    assert (is_trusted(path, "sha256:a", environ), was_trusted(path, environ)) == (True, True)
    distrust(path, environ)
    assert (was_trusted(path, environ), is_trusted(site / "y", "sha256:b", environ)) == (False, True)


@pytest.mark.parametrize("record", ["", "[]", "{", "[" * 9000, "\udcff"])
def test_a_record_that_cannot_be_read_trusts_nothing(site, environ, record):
    (site / "state" / "trusted-policies.json").write_text(record, errors="surrogateescape")
    assert not was_trusted(site / "x", environ)


def test_a_record_that_cannot_be_written_is_told(site, environ):
    (site / "state" / "trusted-policies.json").mkdir()
    with pytest.raises(PolicyError, match="cannot be written"):
        trust(site / "x", "sha256:a", environ)


def test_the_record_is_a_path_and_a_hash(site, environ):
    trust(site / "x", "sha256:a", environ)
    assert json.loads((site / "state" / "trusted-policies.json").read_text()) == {f"{site}/x": "sha256:a"}
    assert [path.name for path in (site / "state").iterdir()] == ["trusted-policies.json"]


# -- addresses -------------------------------------------------------------------------------------------------------


def address(content):
    return f"https://policies.acme.example/org.toml#sha256={sha256(content.encode()).hexdigest()}"


@pytest.fixture
def cached(site):
    """Content that was fetched before."""

    def put(content):
        folder = site / "cache" / "policies"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{sha256(content.encode()).hexdigest()}.toml").write_text(content)
        return address(content)

    return put


def test_a_policy_with_an_address_is_fetched_once(site, environ, cached):
    policy = load_policy(cached(TIGHT), environ, site / "cwd")
    assert (policy.file, age(policy)) == ("https://policies.acme.example/org.toml", days(30))


def test_a_policy_extends_an_address(site, environ, cached):
    (site / "cwd" / "own.toml").write_text(f'extends = "{cached(TIGHT)}"\n[advisories]\nsources = ["a.zip"]\n')
    policy = load_policy("own.toml", environ, site / "cwd")
    assert str(policy.origin("rules.minimum-age.minimum")) == "https://policies.acme.example/org.toml:2"


@pytest.mark.parametrize(
    "reference",
    [
        "https://policies.acme.example/org.toml",
        "https://policies.acme.example/org.toml#sha256=abc",
        "https://policies.acme.example/org.toml#md5=" + "a" * 64,
        "ftp://policies.acme.example/org.toml#sha256=" + "a" * 64,
        "file:///etc/policy.toml#sha256=" + "a" * 64,
    ],
)
def test_an_address_without_a_hash_is_refused(site, environ, reference):
    with pytest.raises(PolicyError, match="an address needs the hash of what is there"):
        load_policy(reference, environ, site / "cwd")


def test_other_bytes_than_the_hash_are_refused(site, environ, monkeypatch):
    monkeypatch.setattr("safeinstall.sources.policies.policy_texts._fetch", lambda url, environ: LOOSE.encode())
    with pytest.raises(PolicyError, match=r"is sha256:.*, not sha256:"):
        load_policy(address(TIGHT), environ, site / "cwd")
    assert age(load_policy(address(LOOSE), environ, site / "cwd")) == days(1)


def test_a_cache_that_was_changed_is_not_believed(site, environ, cached, monkeypatch):
    reference = cached(TIGHT)
    (kept,) = (site / "cache" / "policies").iterdir()
    kept.write_text(LOOSE)
    monkeypatch.setattr("safeinstall.sources.policies.policy_texts._fetch", lambda url, environ: TIGHT.encode())
    assert age(load_policy(reference, environ, site / "cwd")) == days(30)


def test_plain_http_is_refused(site, environ):
    with pytest.raises(PolicyError):
        load_policy("http://policies.acme.example/org.toml#sha256=" + "a" * 64, environ, site / "cwd")


def test_a_project_that_is_not_trusted_makes_us_fetch_nothing(site, environ, cached):
    (site / "cwd" / "safe-pip.toml").write_text(f'extends = ["baseline", "{cached(TIGHT)}"]\n')
    policy = load_policy(None, environ, site / "cwd")
    assert age(policy) == days(3)
    assert [note.rpartition(": ")[2] for note in policy.notes] == [
        f"{address(TIGHT)} is not fetched for a policy that is not trusted",
        "safe-pip policy trust",
    ]
    project = find_project(environ, site / "cwd")
    trust(project.path, project.layer.trust, environ)
    assert age(load_policy(None, environ, site / "cwd")) == days(30)


def test_paths_in_a_fetched_policy_are_addresses_beside_it(site, environ, cached):
    base = address(TIGHT).replace("org.toml", "base.toml")
    cached(TIGHT)
    text = f'extends = "base.toml#{base.partition("#")[2]}"\n[advisories]\nsources = ["dump.zip"]\n'
    policy = load_policy(cached(text), environ, site / "cwd")
    assert policy.advisories.sources == ("https://policies.acme.example/dump.zip",)
    assert str(policy.origin("rules.minimum-age.minimum")) == "https://policies.acme.example/base.toml:2"


# -- files that are none ---------------------------------------------------------------------------------------------


def test_a_pipe_is_no_policy(site, environ):
    os.mkfifo(site / "cwd" / "safe-pip.toml")
    with pytest.raises(PolicyError, match="not a regular file"):
        load_policy(None, environ, site / "cwd")


@pytest.mark.parametrize("device", ["/dev/zero", "/dev/stdin"])
def test_a_device_is_no_policy(site, environ, device):
    (site / "cwd" / "safe-pip.toml").symlink_to(device)
    with pytest.raises(PolicyError):
        load_policy(None, environ, site / "cwd")
