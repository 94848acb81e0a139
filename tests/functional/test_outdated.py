"""``safe-pip outdated``: what is newer, what of it passes, and from when on the rest will; and the line of an install."""

from __future__ import annotations

import hashlib
import json
import shutil
from datetime import datetime, timedelta, timezone

import pytest
from lib.index import Reply
from lib.shell import told
from lib.wheels import make_wheel

AGE = '[rules.minimum-age]\nminimum = "7d"\n'
HOLES = '[advisories]\nsources = ["advisories"]\n[rules.vulnerability]\n'


@pytest.fixture
def young():
    """An upload of two days and an hour ago."""
    return datetime.now(timezone.utc) - timedelta(days=2, hours=1)


@pytest.fixture
def ripe(young):
    """Seven days later, as it is told: rounded up."""
    return f"{young + timedelta(days=7, minutes=1):%Y-%m-%d %H:%M} UTC"


@pytest.fixture
def waits(ripe):
    return f"minimum-age: uploaded 2 days 1 hour ago; the policy asks for 7 days; complies from {ripe} on"


def put(shell, name, version, *, kind="dist-info", **files):
    folder = shell.site / f"{name}-{version}.{kind}"
    folder.mkdir()
    (folder / ("METADATA" if kind == "dist-info" else "PKG-INFO")).write_text(
        f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
    )
    for file, text in files.items():
        (folder / file.replace("_json", ".json")).write_text(text)


def hole(shell, id_, name, fixed=None):
    events = [{"introduced": "1.1"}, *([{"fixed": fixed}] if fixed else [])]
    affected = {"package": {"ecosystem": "PyPI", "name": name}, "ranges": [{"type": "ECOSYSTEM", "events": events}]}
    record = {"id": id_, "modified": "2026-01-01T00:00:00Z", "summary": "a hole", "affected": [affected]}
    shell.write(f"advisories/{id_}.json", json.dumps(record))


@pytest.fixture
def shop(shell, young):
    """An index on which newest versions are young, vulnerable, yanked, unfinished, or for another platform."""
    for path in [*shell.site.glob("pip*"), *shell.site.glob("setuptools*")]:
        shutil.rmtree(path)
    shell.policy(HOLES + AGE)
    shell.write("advisories/README", "")
    hole(shell, "PYSEC-1", "holed")
    for name in ("app", "holed", "pre", "taken", "other", "calm"):
        shell.offer(name, "1.0")
    shell.offer("app", "1.5")
    shell.offer("app", "2.0", upload_time=young)
    shell.offer("holed", "1.1")
    shell.offer("pre", "2.0rc1")
    shell.offer("taken", "2.0", yanked="broken")
    shell.index.add(*make_wheel("other", "2.0", tag="cp311-cp311-win_amd64"))
    shell.index.add(*make_wheel("foreign", "2.0", tag="cp311-cp311-win_amd64"))
    shell.offer("old", "3.0", requires_python="<3")
    return shell


def test_an_environment(shop, ripe):
    for name in ("app", "holed", "pre", "taken", "other", "calm", "foreign", "private"):
        put(shop, name, "1.0")
    put(shop, "eggy", "0.9", kind="egg-info")
    put(shop, "mine", "1.0", direct_url_json=json.dumps({"url": "file:///srv/mine", "dir_info": {"editable": True}}))
    shop.offer("eggy", "1.0")
    before = shop.snapshot()
    done = shop.run("outdated")
    assert (done.exit, shop.snapshot()) == (0, before)
    assert done.out == told(f"""
        Package  Installed  Allowed  Newest  Held back by   Allowed from
        -------  ---------  -------  ------  -------------  --------------------
        app      1.0        1.5      2.0     minimum-age    {ripe}
        eggy     0.9        1.0      1.0
        holed    1.0        1.0      1.1     vulnerability  not by waiting
    """)
    assert done.err == told("""
        safe-pip: without a file for this environment: foreign
        safe-pip: from an address or a directory, whose name no index was told: mine
        safe-pip: on no index: private
        safe-pip: TMP/env by policy policy.toml: 3 outdated, 2 of them held back, 4 up to date, 3 not listed
    """)
    assert not [path for path in shop.index.paths() if "mine" in path or "/files/" in path]


def test_requirements_and_what_their_own_bounds_leave(shop, ripe):
    shop.write("a.txt", "app<1.4\nholed==1.1\ncalm\npre\n")
    shop.write("b.txt", "-c bounds.txt\ntaken\nnowhere\nmine @ https://me:secret@files.example/mine-1.0.tar.gz\n")
    shop.write("bounds.txt", "taken<1\n")
    done = shop.run("outdated", "-r", "a.txt", "-r", "b.txt")
    assert done.exit == 0
    assert done.out == told(f"""
        Package  Asked for  Within that  Allowed  Newest  Held back by   Allowed from
        -------  ---------  -----------  -------  ------  -------------  --------------------
        app      <1.4       1.0          1.5      2.0     minimum-age    {ripe}
        holed    ==1.1      none         1.0      1.1     vulnerability  not by waiting
        taken    any        none         1.0      1.0
    """)
    assert done.err == told("""
        safe-pip: from an address or a directory, whose name no index was told: mine
        safe-pip: on no index: nowhere
        safe-pip: a.txt, b.txt by policy policy.toml: 3 outdated, 2 of them held back, 2 up to date, 2 not listed
    """)
    assert not [path for path in shop.index.paths() if "mine" in path or "/files/" in path]


def test_everything_for_programs(shop, young):
    shop.write("requirements.txt", "app\ncalm\nnowhere\n")
    done = shop.run("outdated", "-r", "requirements.txt", "--format", "json", "--output", "said.json")
    assert (done.exit, done.out) == (0, "")
    said = json.loads((shop.work / "said.json").read_text())
    app, calm = said["projects"]
    (finding,) = app.pop("findings")
    assert app == {
        "name": "app",
        "asked_for": "",
        "within": "1.5",
        "allowed": "1.5",
        "newest": "2.0",
        "outdated": True,
        "held_back": True,
        "allowed_from": (young + timedelta(days=7)).isoformat(),
    }
    assert (finding["rule"], finding["origin"]) == ("minimum-age", "policy.toml:6")
    assert (calm["newest"], calm["outdated"], calm["held_back"], calm["allowed_from"]) == ("1.0", False, False, None)
    assert said["not_listed"] == [{"name": "nowhere", "reason": "on no index"}]
    assert (said["exit_code"], said["problems"]) == (0, [])


def test_a_lock_and_a_project(shop, ripe):
    wheel = shop.index.find("app-1.0-py3-none-any.whl")
    digest = hashlib.sha256(wheel.data).hexdigest()
    shop.write(
        "pylock.toml",
        'lock-version = "1.0"\ncreated-by = "pip"\n[[packages]]\nname = "app"\nversion = "1.0"\n[[packages.wheels]]\n'
        f'name = "{wheel.filename}"\nurl = "{shop.index.file_url(wheel.filename)}"\n'
        f'hashes = {{ sha256 = "{digest}" }}\n',
    )
    shop.write("pyproject.toml", '[project]\nname = "own"\ndependencies = ["holed<1.1"]\n')
    done = shop.run("outdated", "-r", "pylock.toml", "-r", "pyproject.toml")
    assert done.out == told(f"""
        Package  Asked for  Within that  Allowed  Newest  Held back by   Allowed from
        -------  ---------  -----------  -------  ------  -------------  --------------------
        app      ==1.0      1.0          1.5      2.0     minimum-age    {ripe}
        holed    <1.1       1.0          1.0      1.1     vulnerability  not by waiting
    """)


@pytest.mark.slow
def test_prereleases_where_they_are_asked_for(shop):
    put(shop, "pre", "1.0")
    assert shop.run("outdated").out == ""
    assert "pre      1.0        2.0rc1   2.0rc1\n" in shop.run("outdated", "--pre").out
    assert "pre      1.0        1.0      1.0\n" in shop.run("outdated", "--all").out
    shop.write("requirements.txt", "--pre\npre\n")
    assert (
        "pre      any        2.0rc1       2.0rc1   2.0rc1\n"
        in shop.run("outdated", "--all", "-r", "requirements.txt").out
    )


def test_an_index_that_does_not_answer(shop):
    put(shop, "app", "1.0")
    put(shop, "calm", "1.0")
    shop.index.reply(shop.index.page_path("calm"), Reply(status=503))
    done = shop.run("outdated")
    assert done.exit == 11
    assert "app      1.0        1.5      2.0     minimum-age" in done.out
    assert done.err.startswith("safe-pip: no answer: INDEX/simple/calm/")
    assert done.err.endswith("by policy policy.toml: 1 outdated, 1 of them held back\n")


def test_nothing_passes(shop):
    shop.policy('[rules.denylist]\npackages = [{ package = "calm", reason = "too calm" }]\n')
    put(shop, "calm", "0.1")
    assert shop.run("outdated").out == told("""
        Package  Installed  Allowed  Newest  Held back by  Allowed from
        -------  ---------  -------  ------  ------------  --------------
        calm     0.1        none     1.0     denylist      not by waiting
    """)


def test_what_holds_back_is_metadata(shop):
    shop.policy('[rules.licenses]\nallow = ["MIT"]\n')
    for version, license_ in (("1.0", "MIT"), ("2.0", "GPL-3.0-only")):
        wheel = make_wheel("licensed", version, metadata_extra=f"License-Expression: {license_}\n")
        shop.index.add(*wheel)
    put(shop, "licensed", "0.1")
    assert "licensed  0.1        1.0      2.0     licenses      not by waiting\n" in shop.run("outdated").out
    assert not [path for path in shop.index.paths() if path.endswith(".whl")]


def test_wrong_use(shop):
    assert shop.run("outdated", "requirements.txt").err == told("""
        safe-pip: outdated: it does not take requirements.txt; did you mean -r requirements.txt?
        safe-pip: way out: safe-pip outdated --help tells how it is used
        safe-pip: stopped (exit 2)
    """)
    assert shop.run("outdated", "-r", "nowhere.txt").err == told("""
        safe-pip: there is no file nowhere.txt
        safe-pip: way out: give the path of a requirements file, a lock or a pyproject.toml
        safe-pip: stopped (exit 2)
    """)
    shop.write("sub/requirements.txt", "")
    for command in ("outdated", "audit"):
        assert shop.run(command, "-r", "sub/requirement.txt").err == told("""
            safe-pip: there is no file sub/requirement.txt
            safe-pip: way out: did you mean sub/requirements.txt?
            safe-pip: stopped (exit 2)
        """)


@pytest.mark.parametrize("command", ["outdated", "audit"])
def test_what_a_project_requires_that_only_its_build_tells_is_not_nothing(shop, command):
    shop.write("own/pyproject.toml", '[project]\nname = "own"\nversion = "1"\ndynamic = ["dependencies"]\n')
    done = shop.run(command, "-r", "own/pyproject.toml")
    assert (done.exit, done.out) == (13, "")
    assert done.err == told("""
        safe-pip: own/pyproject.toml leaves its dependencies to the build of the project (dynamic), and this command builds nothing
        safe-pip: way out: have it built, if the policy lets it be: safe-pip install --dry-run own
        safe-pip: stopped (exit 13)
    """)


# --- after an install


def test_an_install_tells_from_when_on_what_it_passed_over_complies(shell, young, waits):
    shell.policy(AGE)
    shell.offer("app", "1.0")
    shell.offer("app", "2.0", upload_time=young)
    assert shell.install("app", "--dry-run", "-q").err == ""
    assert shell.install("app").err == f"safe-pip: app 1.0 instead of 2.0: {waits}\n"


def test_what_does_not_end_by_itself_is_told_before_what_does(shell, young):
    shell.policy(AGE + HOLES)
    hole(shell, "PYSEC-1", "app", fixed="3.0")
    shell.offer("app", "1.0")
    shell.offer("app", "2.0", upload_time=young)
    assert shell.install("app").err == (
        "safe-pip: app 1.0 instead of 2.0: vulnerability: PYSEC-1, severity unknown: a hole;"
        " way out: take 3.0 or later, or write an exception for PYSEC-1\n"
    )


def test_an_exception_that_expires_before_then_promises_nothing(shell, young):
    tomorrow = datetime.now(timezone.utc).date() + timedelta(days=1)
    shell.policy(
        f'{AGE}{HOLES}[[exceptions]]\npackage = "app"\nrules = ["vulnerability"]\nreason = "until then"\n'
        f"expires = {tomorrow}\n"
    )
    hole(shell, "PYSEC-1", "app", fixed="3.0")
    shell.offer("app", "1.0")
    shell.offer("app", "2.0", upload_time=young)
    first = shell.install("app").err.splitlines()[0]
    assert (
        first == "safe-pip: app 1.0 instead of 2.0: minimum-age: uploaded 2 days 1 hour ago; the policy asks for 7 days"
    )


def test_many_are_three_lines(shell, young, waits):
    shell.policy(AGE)
    for n in range(4):
        shell.offer(f"app{n}", "1.0", [f"app{n + 1}"] if n < 3 else [])
        shell.offer(f"app{n}", "2.0", upload_time=young)
    first = "".join(f"safe-pip: app{n} 1.0 instead of 2.0: {waits}\n" for n in range(2))
    assert shell.install("--dry-run", "app0").err == f"{first}safe-pip: and 2 more; -v tells them all\n"
    assert shell.install("app0").err == f"{first}safe-pip: and 2 more; safe-pip outdated lists them\n"
    rows = [line.split()[:4] for line in shell.run("outdated").out.splitlines() if line.startswith("app")]
    assert rows == [[f"app{n}", "1.0", "1.0", "2.0"] for n in range(4)]
