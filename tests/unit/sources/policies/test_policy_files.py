from __future__ import annotations

import os
import re
from datetime import timedelta

import pytest

from safeinstall.errors import PolicyError
from safeinstall.facts.finding import Level
from safeinstall.policy.locations import key_lines
from safeinstall.sources.policies.policy_files import load_policy
from safeinstall.sources.policies.policy_texts import preset_folder, presets


@pytest.fixture
def here(tmp_path):
    (tmp_path / "cwd").mkdir()
    return tmp_path / "cwd"


def problems(reference, cwd, environ=None):
    with pytest.raises(PolicyError) as caught:
        load_policy(reference, environ or {}, cwd)
    assert caught.value.exit_code == 12
    return caught.value.problems


# -- presets ---------------------------------------------------------------------------------------------------------


def rules(policy):
    return {rule.id: rule for rule in policy.rules}


def test_there_are_three_presets():
    assert presets() == ("baseline", "locked", "strict")


def test_without_a_policy_baseline_applies(here):
    policy = load_policy(None, {}, here)
    assert policy.file == "baseline (built in)"
    assert (policy.mode, policy.select, policy.evidence.on_missing) == ("enforce", "compliant", Level.WARN)
    assert policy.evidence.max_staleness == timedelta(days=7)
    assert policy.advisories.sources == ("osv",)
    listed = rules(policy)
    assert set(listed) == {
        *("contents", "direct-references", "indexes", "malware", "minimum-age", "project-status", "sdists"),
        *("provenance", "typosquats", "vulnerability", "yanked"),
    }
    assert (listed["minimum-age"].minimum, listed["minimum-age"].security_fix) == (
        timedelta(days=3),
        timedelta(hours=12),
    )
    assert (listed["sdists"].allow, listed["yanked"].level) == ((), Level.WARN)
    assert (listed["vulnerability"].deny_at, listed["vulnerability"].unscored) == ("high", Level.DENY)
    direct = listed["direct-references"]
    assert (direct.transitive, direct.local) == (Level.DENY, Level.ALLOW)
    assert (direct.url, direct.vcs, direct.find_links) == (Level.WARN, Level.WARN, Level.WARN)
    indexes, contents = listed["indexes"], listed["contents"]
    assert (indexes.ambiguous, indexes.plain_http, indexes.trusted_host) == (Level.WARN,) * 3
    assert (contents.startup, contents.installer, contents.scripts, contents.overlap) == (
        *(Level.DENY,) * 3,
        Level.WARN,
    )
    names = listed["typosquats"]
    assert (names.sure, names.sure_releases, names.level, names.combined) == (Level.DENY, *(Level.WARN,) * 3)


def test_strict_denies_what_baseline_warns_of(here):
    policy = load_policy("strict", {}, here)
    listed = rules(policy)
    assert set(listed) == set(rules(load_policy("baseline", {}, here)))
    assert (policy.evidence.on_missing, listed["yanked"].level) == (Level.DENY, Level.DENY)
    assert (listed["minimum-age"].minimum, listed["vulnerability"].deny_at) == (timedelta(days=7), "medium")
    direct = listed["direct-references"]
    assert (direct.url, direct.vcs, direct.find_links, direct.transitive) == (Level.DENY,) * 4
    indexes, contents = listed["indexes"], listed["contents"]
    assert (indexes.unlisted, indexes.ambiguous, indexes.plain_http, indexes.trusted_host) == (Level.DENY,) * 4
    assert (contents.startup, contents.installer, contents.scripts, contents.overlap) == (Level.DENY,) * 4
    assert contents.exempt == rules(load_policy("baseline", {}, here))["contents"].exempt
    names = listed["typosquats"]
    assert (names.sure, names.sure_releases, names.level, names.combined) == (*(Level.DENY,) * 3, Level.WARN)


def test_locked_installs_only_what_is_pinned(here):
    policy = load_policy("locked", {}, here)
    assert (policy.select, rules(policy)["hashes"].require) == ("strict", "pinned")
    assert rules(policy)["direct-references"].local is Level.DENY


def test_a_key_of_a_preset_has_the_line_of_the_shipped_file(here):
    policy = load_policy("strict", {}, here)
    origin = policy.origin("rules.minimum-age.security-fix")
    assert origin.file == "baseline (built in)"
    text = (preset_folder() / "baseline.toml").read_text(encoding="utf-8")
    assert text.splitlines()[origin.line - 1] == 'security-fix = "12h"'


@pytest.mark.parametrize("preset", presets())
def test_every_key_of_a_preset_is_commented(preset):
    text = (preset_folder() / f"{preset}.toml").read_text(encoding="utf-8")
    lines = text.splitlines()
    keys = {line for path, line in key_lines(text).items() if len(path) > 1 and "=" in lines[line - 1]}
    commented = {line for line in keys if lines[line - 2].startswith(("#", "[[")) or line - 1 in keys}
    assert keys == commented


# -- files -----------------------------------------------------------------------------------------------------------


def test_a_file_is_named_relative_to_the_working_directory(here):
    (here / "safe-pip.toml").write_text("[rules.yanked]\n")
    policy = load_policy("safe-pip.toml", {"SAFE_PIP_POLICY": "strict"}, here)
    assert (policy.file, list(rules(policy))) == ("safe-pip.toml", ["yanked"])
    assert str(policy.origin("rules.yanked.level")) == "safe-pip.toml:1"


def test_the_environment_names_a_policy_or_a_preset(here):
    assert load_policy(None, {"SAFE_PIP_POLICY": "strict"}, here).file == "strict (built in)"
    path = here.parent / "elsewhere.toml"
    path.write_text("mode = 'audit'\n")
    assert load_policy(None, {"SAFE_PIP_POLICY": str(path)}, here).mode == "audit"


def test_a_variable_that_is_empty_names_nothing_and_no_other_policy_takes_its_place(here):
    with pytest.raises(PolicyError) as caught:
        load_policy(None, {"SAFE_PIP_POLICY": ""}, here)
    assert caught.value.problems == ("SAFE_PIP_POLICY is set to nothing, which names no policy",)


@pytest.mark.parametrize("text", ["", " \n\n"])
def test_an_empty_file_is_no_policy(here, text):
    """A write that was cut off, or a secret that was not mounted, does not allow everything."""
    (here / "cut.toml").write_text(text)
    with pytest.raises(PolicyError) as caught:
        load_policy("cut.toml", {}, here)
    assert caught.value.problems == ("cut.toml: holds nothing; a policy that lets everything pass says so: schema = 1",)


def test_a_preset_comes_before_a_file_of_its_name(here):
    (here / "strict").write_text("schema = 1")
    assert load_policy("strict", {}, here).file == "strict (built in)"
    assert load_policy("./strict", {}, here).file == "./strict"


def test_paths_in_a_policy_are_relative_to_it(here):
    (here / "conf").mkdir()
    (here / "conf" / "own.toml").write_text(
        'extends = ["baseline", "base/org.toml"]\n[advisories]\nsources = ["osv", "dump.zip", "https://m.example/all.zip"]\n'
    )
    (here / "conf" / "base").mkdir()
    (here / "conf" / "base" / "org.toml").write_text('extends = "../../top.toml"\nmode = "audit"\n')
    (here / "top.toml").write_text('contact = "top"\n')
    policy = load_policy("conf/own.toml", {}, here)
    assert (policy.mode, policy.contact) == ("audit", "top")
    assert policy.advisories.sources == ("osv", "conf/dump.zip", "https://m.example/all.zip")
    assert {key: str(policy.origin(key)) for key in ("mode", "contact", "advisories.sources")} == {
        "mode": "conf/base/org.toml:2",
        "contact": "top.toml:1",
        "advisories.sources": "conf/own.toml:3",
    }


def test_inherited_advisory_paths_are_relative_to_the_file_that_names_them(here):
    org = here.parent / "org"
    org.mkdir()
    (org / "policy.toml").write_text('[advisories]\nsources = ["dump.zip"]\n')
    (here / "own.toml").write_text('extends = "../org/policy.toml"\n')
    assert load_policy("own.toml", {}, here).advisories.sources == (str(org.resolve() / "dump.zip"),)


def test_a_policy_that_extends_itself_is_a_circle(here):
    (here / "a.toml").write_text('extends = "a.toml"\n')
    assert problems("a.toml", here) == ("a.toml:1: extends: a.toml → a.toml is a circle",)


def test_a_byte_order_mark_is_no_part_of_the_text(here):
    (here / "a.toml").write_bytes(b'\xef\xbb\xbfmode = "audit"\r\n')
    assert load_policy("a.toml", {}, here).mode == "audit"


# -- bad files -------------------------------------------------------------------------------------------------------


def test_a_missing_file_is_one_line(here):
    assert problems("gone.toml", here) == ("gone.toml: no such policy file",)


@pytest.mark.parametrize("environ", [{}, {"SAFE_PIP_POLICY": "baseline"}])
def test_a_mistyped_preset_is_one_line_that_names_the_presets(here, environ):
    assert problems("basline", here, environ) == (
        "basline: no such policy file, and no preset; presets: baseline, locked, strict",
    )


def test_what_is_extended_and_missing_is_named_with_the_line(here):
    (here / "a.toml").write_text('schema = 1\nextends = ["strict", "gone.toml"]\n')
    assert problems("a.toml", here) == ("a.toml:2: extends: gone.toml: no such policy file",)


def test_a_directory_is_no_policy(here):
    assert problems("../cwd", here) == ("../cwd: cannot be read: Is a directory",)


def test_an_empty_path_is_no_policy(here):
    assert problems("", here) == (": cannot be read: Is a directory",)


def test_a_path_with_a_nul_is_no_policy(here):
    assert problems("a\0b", here) == ("a\0b: cannot be read: embedded null byte",)


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_an_unreadable_file_is_one_line(here):
    (here / "a.toml").touch(mode=0)
    assert problems("a.toml", here) == ("a.toml: cannot be read: Permission denied",)


def test_a_file_that_is_not_utf8_is_one_line(here):
    (here / "a.toml").write_bytes(b"schema = 1\n# caf\xe9\n")
    assert problems("a.toml", here) == ("a.toml:2: not UTF-8, which TOML files are",)


def test_a_file_beyond_a_mebibyte_is_refused(here):
    (here / "a.toml").write_bytes(b"#" * (1024 * 1024) + b"\n")
    assert problems("a.toml", here) == ("a.toml: larger than 1048576 bytes, which no policy is",)
    (here / "a.toml").write_bytes(b"#" * (1024 * 1024 - 1) + b"\n")
    assert load_policy("a.toml", {}, here).rules == ()


def test_no_message_of_a_preset_names_a_path_of_this_machine(here):
    policy = load_policy("locked", {}, here)
    assert re.fullmatch(r"[a-z]+ \(built in\):\d+", str(policy.origin("evidence.on-missing")))
