"""``safe-pip fix``: an old file becomes one that passes, and pip installs it."""

from __future__ import annotations

import json

import pytest
from lib.shell import told

RECORD = {
    "modified": "2026-01-01T00:00:00Z",
    "summary": "a hole",
    "severity": [{"type": "CVSS_V3", "score": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"}],
}


def vulnerable(shell, name, *versions):
    affected = [{"package": {"ecosystem": "PyPI", "name": name}, "versions": list(versions)}]
    shell.write(f"advisories/PYSEC-{name}.json", json.dumps({"id": f"PYSEC-{name}", "affected": affected, **RECORD}))


@pytest.fixture
def old(shell):
    """An index of a few lines of releases, of which the old ones have holes."""
    shell.policy('[advisories]\nsources = ["advisories"]\n[rules.vulnerability]\n')
    for version in ("1.0", "1.0.1", "1.0.2", "1.1", "2.0"):
        shell.offer("app", version)
    for version in ("2.5", "3.0", "3.1"):
        shell.offer("lib", version)
    vulnerable(shell, "app", "1.0", "1.0.1")
    vulnerable(shell, "lib", "2.5")
    return shell


def test_an_old_file_becomes_one_that_passes_and_pip_installs_it(old):
    text = "# ours\napp == 1.0  # the framework\nlib>=2,<3 ; python_version > '3'\n"
    file = old.write("requirements.txt", text)
    assert old.run("install", "--dry-run", "-r", "requirements.txt").exit == 10
    done = old.run("fix", "requirements.txt")
    assert (done.exit, file.read_text()) == (0, text)
    assert done.out == told("""
        --- a/requirements.txt
        +++ b/requirements.txt
        @@ -1,3 +1,3 @@
         # ours
        -app == 1.0  # the framework
        -lib>=2,<3 ; python_version > '3'
        +app == 1.0.2  # the framework
        +lib>=2,<4 ; python_version > '3'
    """)
    assert done.err == told("""
        safe-pip: app 1.0 → 1.0.2: vulnerability: PYSEC-app, severity critical (9.8), denied from low: a hole
        safe-pip: lib 2.5 → 3.0: vulnerability: PYSEC-lib, severity critical (9.8), denied from low: a hole
        safe-pip: requirements.txt: 2 changed, not written (--apply writes it); what it asks for then passes the policy
    """)
    assert old.run("fix", "--apply", "requirements.txt").out == done.out
    assert file.read_text() == "# ours\napp == 1.0.2  # the framework\nlib>=2,<4 ; python_version > '3'\n"
    assert sorted(path.name for path in old.work.iterdir()) == ["advisories", "policy.toml", "requirements.txt"]
    again = old.run("fix", "requirements.txt")
    assert (again.exit, again.out, again.err) == (0, "", "safe-pip: requirements.txt: nothing to do\n")
    assert old.install("-r", "requirements.txt").exit == 0
    assert old.installed() == {"app": "1.0.2", "lib": "3.1"}


def test_hashes_of_what_changes_are_those_of_the_index(old):
    first, second = (old.index.find(f"{n}-py3-none-any.whl").hashes["sha256"] for n in ("app-1.0", "lib-3.0"))
    old.write("r.txt", f"app==1.0 \\\n    --hash=sha256:{first}\nlib==3.0 --hash=sha256:{second}\n")
    assert old.run("fix", "--apply", "r.txt").exit == 0
    new = old.index.find("app-1.0.2-py3-none-any.whl").hashes["sha256"]
    assert (old.work / "r.txt").read_text() == (
        f"app==1.0.2 \\\n    --hash=sha256:{new}\nlib==3.0 --hash=sha256:{second}\n"
    )
    assert old.install("-r", "r.txt").exit == 0


def test_what_another_pin_holds_back_moves_with_it(old):
    old.offer("user", "1.0", ["app<1.0.2"])
    old.offer("user", "1.1", ["app>=1.1"])
    old.write("r.txt", "user==1.0\napp==1.0\nlib==3.0\n")
    done = old.run("fix", "--apply", "r.txt")
    assert done.exit == 0, done
    assert (old.work / "r.txt").read_text() == "user==1.1\napp==1.1\nlib==3.0\n"
    assert "user 1.0 → 1.1: so that the others fit" in done.err


def test_a_dependency_is_reached_by_the_pin_that_brings_it(old):
    old.offer("user", "1.0", ["app<1.0.2"])
    old.offer("user", "2.0", ["app"])
    old.write("r.txt", "user<2\n")
    assert old.run("fix", "--apply", "r.txt").exit == 0
    assert (old.work / "r.txt").read_text() == "user<3\n"


def test_pyproject(old):
    text = '[project]\nname = "own"\nversion = "1"\ndependencies = ["app==1.0"] # x\n[dependency-groups]\ndev = ["lib==2.5", "own"]\n'
    old.write("pyproject.toml", text)
    done = old.run("fix", "--apply", "pyproject.toml")
    assert done.exit == 0, done
    assert (old.work / "pyproject.toml").read_text() == text.replace("app==1.0", "app==1.0.2").replace("2.5", "3.0")


def test_machines_read_the_changes(old):
    old.offer("user", "1.0", ["app<1.0.2"])
    old.offer("user", "1.1", ["app>=1.1"])
    file = old.write("r.txt", "user==1.0\napp==1.0\n")
    done = old.run("fix", "--format", "json", "r.txt")
    said = json.loads(done.out)
    assert (done.exit, done.err, file.read_text()) == (0, "", "user==1.0\napp==1.0\n")
    assert {key: said[key] for key in ("file", "exit_code", "applied", "problem", "refused")} == {
        "file": "r.txt",
        "exit_code": 0,
        "applied": False,
        "problem": None,
        "refused": [],
    }
    user, app = said["changes"]
    assert user == {"name": "user", "from": "1.0", "to": "1.1", "part": None, "findings": []}
    assert {**app, "findings": [(f["rule"], f["advisories"], f["origin"]) for f in app["findings"]]} == {
        "name": "app",
        "from": "1.0",
        "to": "1.1",
        "part": None,
        "findings": [("vulnerability", ["PYSEC-app"], "policy.toml:4")],
    }
    assert said["diff"] == old.run("fix", "r.txt").out
    assert old.run("fix", "--apply", "--format", "json", "--output", "fix.json", "r.txt").out == ""
    assert json.loads((old.work / "fix.json").read_text()) == {**said, "applied": True}
    assert file.read_text() == "user==1.1\napp==1.1\n"
    again = json.loads(old.run("fix", "--apply", "--format", "json", "r.txt").out)
    assert (again["applied"], again["changes"], again["diff"]) == (False, [], "")


def test_machines_read_why_nothing_can_be_done(old):
    vulnerable(old, "lib", "2.5", "3.0", "3.1")
    old.write("r.txt", "lib==2.5\n")
    done = old.run("fix", "--format", "json", "r.txt")
    said = json.loads(done.out)
    assert (done.exit, done.err, said["exit_code"], said["diff"], said["changes"]) == (10, "", 10, "", [])
    assert said["problem"] == "no choice of versions passes"
    (lib,) = said["refused"]
    assert (lib["name"], lib["version"], lib["newest_allowed"]) == ("lib", "2.5", None)


def test_the_diff_can_go_to_a_file(old):
    old.write("r.txt", "app==1.0\n")
    done = old.run("fix", "--output", "r.diff", "r.txt")
    assert (done.exit, done.out) == (0, "")
    assert (old.work / "r.diff").read_text().startswith("--- a/r.txt\n+++ b/r.txt\n")
    assert old.run("fix", "--output", "no/r.diff", "r.txt").exit == 2


EXCLUSIVE = """\
[project]
name = "own"
version = "1"
dependencies = ["common>=1,<2"]
[project.optional-dependencies]
old = ["app==1.0"]
new = ["app==2.0", "lib==2.5"]
all = ["own[new]", "lib>=2"]
[dependency-groups]
dev = ["lib==2.5", {include-group = "types"}]
types = ["app==1.0.1"]
"""
APART = (
    "judged apart, since pip cannot install all of it together: extra old, extra new, extra all, group dev, group types"
)


def test_extras_that_exclude_each_other_are_judged_apart(old):
    old.offer("common", "1.0")
    file = old.write("pyproject.toml", EXCLUSIVE)
    done = old.run("fix", "--apply", "pyproject.toml")
    assert done.exit == 0, done
    assert done.err == told(f"""
        safe-pip: pyproject.toml: {APART}
        safe-pip: app 1.0 → 1.0.2 (extra old): vulnerability: PYSEC-app, severity critical (9.8), denied from low: a hole
        safe-pip: lib 2.5 → 3.0 (extra new): vulnerability: PYSEC-lib, severity critical (9.8), denied from low: a hole
        safe-pip: app 1.0.1 → 1.0.2 (group dev): vulnerability: PYSEC-app, severity critical (9.8), denied from low: a hole
        safe-pip: pyproject.toml: 3 changed, written; what it asks for then passes the policy
    """)
    changed = EXCLUSIVE.replace("app==1.0.1", "app==1.0.2").replace('"app==1.0"', '"app==1.0.2"')
    assert file.read_text() == changed.replace("lib==2.5", "lib==3.0")
    assert old.run("fix", "pyproject.toml").out == ""


def test_what_cannot_be_fixed_in_one_extra_is_told_with_its_name(old):
    vulnerable(old, "app", "1.0", "1.0.1", "1.0.2", "1.1", "2.0")
    file = old.write("pyproject.toml", EXCLUSIVE.replace('["common>=1,<2"]', "[]"))
    before = file.read_text()
    done = old.run("fix", "--apply", "pyproject.toml")
    assert (done.exit, done.out, file.read_text()) == (10, "", before)
    assert "safe-pip: extra old: no choice of versions passes\n" in done.err


def test_what_no_pip_can_install_is_told_with_its_part(old):
    old.write("pyproject.toml", EXCLUSIVE.replace('"lib>=2"', '"app==1.0"').replace('["common>=1,<2"]', "[]"))
    done = old.run("fix", "pyproject.toml")
    assert (done.exit, done.out) == (1, "")
    assert "safe-pip: extra all: " in done.err


def test_a_lock(old):
    files = {n: old.index.find(f"{n}-py3-none-any.whl") for n in ("app-1.0", "lib-3.0")}
    tables = [
        f'[[packages]]\nname = "{n[:3]}"\nversion = "{n[4:]}"  # ours\nwheels = [{{ name = "{f.filename}",'
        f' url = "{old.index.file_url(f.filename)}", hashes = {{ sha256 = "{f.hashes["sha256"]}" }} }}]\n'
        for n, f in files.items()
    ]
    old.write("pylock.toml", "\n".join(['lock-version = "1.0"\ncreated-by = "test"\n', *tables]))
    done = old.run("fix", "--apply", "pylock.toml")
    assert done.exit == 0, done
    text = (old.work / "pylock.toml").read_text()
    assert 'version = "1.0.2"' in text
    assert text.endswith(tables[1])
    assert old.install("-r", "pylock.toml").exit == 0
    assert old.installed() == {"app": "1.0.2", "lib": "3.0"}


def test_what_cannot_be_fixed_says_why(old):
    vulnerable(old, "lib", "2.5", "3.0", "3.1")
    file = old.write("r.txt", "lib==2.5\n")
    done = old.run("fix", "--apply", "r.txt")
    assert (done.exit, done.out, file.read_text()) == (10, "", "lib==2.5\n")
    assert done.err == told("""
        safe-pip: refused lib 2.5 (lib-2.5-py3-none-any.whl) from INDEX/simple/
          vulnerability     PYSEC-lib, severity critical (9.8), denied from low: a hole
                            policy: policy.toml:4 (rules.vulnerability.deny-at)
          required by       lib==2.5 (you)
          newest allowed    no file of lib passes this policy
          way out           no fixed version is known: take another package, or write an exception for PYSEC-lib
        safe-pip: no choice of versions passes
        safe-pip: r.txt cannot be fixed; nothing was changed (exit 10)
    """)


def test_a_constraint_is_not_ours_to_move(old):
    old.write("c.txt", "app<1.0.2\n")
    old.write("r.txt", "-c c.txt\napp==1.0\n")
    done = old.run("fix", "r.txt")
    assert done.exit == 10
    assert "r.txt cannot be fixed; nothing was changed (exit 10)" in done.err


@pytest.mark.parametrize(
    ("file", "text", "code", "message"),
    [
        ("absent.txt", None, 2, "cannot read absent.txt: No such file or directory"),
        ("r.txt", b"\xff\xfe", 2, "cannot read r.txt: not UTF-8"),
        ("pylock.toml", b"", 2, "cannot read pylock.toml: it is not a lock (PEP 751)"),
        ("pyproject.toml", b"[project", 2, "cannot read pyproject.toml"),
        ("pyproject.toml", b"project = 1", 2, "[project] is not a table"),
        ("r.txt", b"absent==1\n", 1, "No matching distribution found for absent==1"),
    ],
)
def test_bad_input(old, file, text, code, message):
    if text is not None:
        old.write(file, text)
    done = old.run("fix", file)
    assert (done.exit, done.out) == (code, "")
    assert message in done.err
