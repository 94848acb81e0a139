"""Whatever stands in a policy file: it is read, or it is an error of one line each. It is never passed over."""

from __future__ import annotations

import os

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from safeinstall.app import cli
from safeinstall.errors import PolicyError
from safeinstall.rules.registry import known_rules
from safeinstall.sources.policies import policy_files
from safeinstall.sources.policies.policy_files import load_policy

VALID = b'[rules.minimum-age]\nminimum = "30d"\n'
words = st.sampled_from(
    [
        "schema",
        "mode",
        "select",
        "fail-on",
        "log",
        "forward-to",
        "required",
        "extends",
        "evidence",
        "rules",
        "indexes",
        "exceptions",
        "overrides",
        "grants",
        "loosen",
        "package",
        "packages",
        "on-missing",
        "url",
        "name",
        "pins",
        "require",
        "expires",
        "advisories",
        *known_rules(),
        "\x00",
        "x.y",
        "ü",
    ]
)
scalars = st.one_of(
    st.booleans(), st.integers(), st.floats(), st.text(max_size=8), words, st.dates(), st.datetimes(), st.times()
)
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3), max_leaves=8
)


def toml(value):
    match value:
        case bool():
            return str(value).lower()
        case str():
            return '"' + "".join(f"\\U{ord(c):08x}" if not 0xD800 <= ord(c) < 0xE000 else "?" for c in value) + '"'
        case list():
            return f"[{', '.join(map(toml, value))}]"
        case dict():
            return "{" + ", ".join(f"{toml(k)} = {toml(v)}" for k, v in value.items()) + "}"
        case int() | float():
            return str(value)
        case _:
            return value.isoformat()


documents = st.dictionaries(words, values, min_size=1, max_size=4).map(
    lambda table: "\n".join(f"{toml(key)} = {toml(value)}" for key, value in table.items()).encode()
)
mutated = st.builds(
    lambda at, byte: VALID[:at] + bytes([byte]) + VALID[at + 1 :], st.integers(0, len(VALID)), st.integers(0, 255)
)


@pytest.fixture(scope="module")
def machine(tmp_path_factory):
    """A machine with a policy of the project; nothing else has one."""
    site = tmp_path_factory.mktemp("machine")
    patch = pytest.MonkeyPatch()
    patch.setattr(policy_files, "SYSTEM_FILE", site / "etc" / "policy.toml")
    for folder in ("etc", "config", "cwd"):
        (site / folder).mkdir()
    yield site
    patch.undo()


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.binary(max_size=60) | documents | mutated, place=st.sampled_from(["etc", "config", "cwd", "named"]))
def test_a_policy_file_is_read_or_is_an_error(machine, content, place):
    name = "safe-pip.toml" if place == "cwd" else "policy.toml"
    path = machine / ("cwd" if place == "named" else place) / name
    path.write_bytes(content)
    environ = {"SAFE_PIP_CONFIG_DIR": str(machine / "config"), "SAFE_PIP_STATE_DIR": str(machine / "state")}
    try:
        read = result(lambda: load_policy("policy.toml" if place == "named" else None, environ, machine / "cwd"))
    finally:
        path.unlink()
    if isinstance(read, PolicyError):
        assert read.exit_code == 12
        assert read.problems
        assert all(problem.isprintable() and name in problem for problem in read.problems)
    else:
        assert name in read.file


def result(read):
    try:
        return read()
    except PolicyError as error:
        return error


def deep(brackets):
    return f"x = {brackets[0] * 5000}{brackets[1] * 5000}".encode()


BAD = {
    "deep lists": deep("[]"),
    "deep tables": b"x = " + b"{a=" * 5000 + b"1" + b"}" * 5000,
    "deep keys": b".".join([b"a"] * 5000) + b" = 1",
    "a long number": b"schema = " + b"1" * 10_000,
    "ten megabytes": b"#" * 10_000_000,
    "binary": bytes(range(256)),
    "utf-16": "mode = 'audit'".encode("utf-16"),
    "nul": b"\0",
    "many keys": b"".join(b"k%d = 1\n" % n for n in range(2000)),
}


@pytest.mark.parametrize("content", BAD.values(), ids=BAD.keys())
def test_a_file_that_no_policy_is_ends_with_12_and_a_message(machine, monkeypatch, capfd, content):
    path = machine / "cwd" / "bad.toml"
    path.write_bytes(content)
    assert check(machine, monkeypatch) == 12
    out, err = capfd.readouterr()
    assert "bad.toml" in out
    assert "Traceback" not in out + err


def check(machine, monkeypatch):
    monkeypatch.chdir(machine / "cwd")
    monkeypatch.setenv("SAFE_PIP_CONFIG_DIR", str(machine / "config"))
    return cli.main(["policy", "check", "--policy", "bad.toml"])


@pytest.mark.parametrize("kind", ["directory", "dangling", "loop", "pipe", "device", "missing", "folder is a file"])
def test_what_is_no_file_ends_with_12_and_a_message(machine, monkeypatch, capfd, kind):
    path = machine / "cwd" / "bad.toml"
    path.unlink(missing_ok=True)
    match kind:
        case "directory":
            path.mkdir()
        case "dangling":
            path.symlink_to("gone")
        case "loop":
            path.symlink_to("bad.toml")
        case "pipe":
            os.mkfifo(path)
        case "device":
            path.symlink_to("/dev/zero")
    try:
        assert check(machine, monkeypatch) == 12
    finally:
        path.rmdir() if kind == "directory" else path.unlink(missing_ok=True)
    out, err = capfd.readouterr()
    assert "bad.toml: " in out
    assert "Traceback" not in out + err


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
@pytest.mark.parametrize("place", ["etc", "config"])
def test_a_policy_without_permission_is_no_missing_one(machine, place):
    path = machine / place / "policy.toml"
    path.touch(mode=0)
    environ = {"SAFE_PIP_CONFIG_DIR": str(machine / "config")}
    try:
        with pytest.raises(PolicyError, match="Permission denied"):
            load_policy(None, environ, machine / "cwd")
    finally:
        path.unlink()
