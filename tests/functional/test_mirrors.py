"""Indexes that offer the same projects with different files: told once, settled by one entry, and never by itself."""

from __future__ import annotations

import hashlib
import re
from datetime import datetime, timedelta, timezone

import pytest
from lib.index import LocalIndex
from lib.wheels import make_wheel

OLD = datetime.now(timezone.utc) - timedelta(days=400)
COUNT = 30


def copy(shell, folder, *files):
    """Let the index in *folder* of the disk list *files*, as a mirror without upload times does."""
    for file in files:
        name = re.split(r"-\d", file.filename)[0].replace("_", "-")
        place = shell.tmp / folder / "simple" / name
        place.mkdir(parents=True, exist_ok=True)
        shell.write(shell.tmp / folder / "files" / file.filename, file.data)
        digest = hashlib.sha256(file.data).hexdigest()
        page = place / "index.html"
        before = page.read_text() if page.exists() else ""
        page.write_text(f'{before}<a href="../../files/{file.filename}#sha256={digest}">{file.filename}</a>\n')
    return (shell.tmp / folder / "simple").as_uri()


@pytest.fixture
def lab(shell):
    """A machine as many are: a default index, two partial copies of it on the disk, find-links and a constraint.

    The last of thirty projects requires the others. A third are the same everywhere, a third are older in a copy.
    """
    names = [f"lib{n}" for n in range(COUNT)]
    near, far = [], []
    for n, name in enumerate(names):
        first = shell.offer(name, "1.0", upload_time=OLD)
        if n % 3 == 0:
            near.append(first)
        if n % 3 == 1:
            shell.offer(name, "2.0", upload_time=OLD)
            (far if n % 2 else near).append(first)
    shell.offer("lab", "1.0", names, upload_time=OLD)
    wheel, data = make_wheel("other", "1.0")
    shell.write(f"wheels/{wheel}", data)
    shell.write("constraints.txt", "lib1<3\n")
    shell.environ |= {
        "PIP_EXTRA_INDEX_URL": f"{copy(shell, 'near', *near)} {copy(shell, 'far', *far)}",
        "PIP_FIND_LINKS": str(shell.work / "wheels"),
        "PIP_CONSTRAINT": str(shell.work / "constraints.txt"),
    }
    return shell


def ours(done):
    assert done.exit == 0, done
    return [line for line in done.err.splitlines() if line.startswith("safe-pip: ")]


def test_a_first_run_with_baseline_prints_three_lines(lab):
    lab.policy('extends = "baseline"\n')
    missing, rivals, ages = ours(lab.install("lab"))
    assert missing.startswith(
        "safe-pip: warned: lab 1.0, lib0 1.0, lib1 2.0 and 28 more: malware, vulnerability: there are no advisories on this machine: "
    )
    assert re.sub(r'(name|mirror-of) = "[\w-]+"', r'\1 = "NAME"', rivals) == (
        "safe-pip: warned: lib1 2.0, lib10 2.0, lib13 2.0 and 7 more: indexes: INDEX/simple and file://TMP/far/simple,"
        " file://TMP/near/simple offer the same projects with different files; nothing says which is meant; if these are"
        ' mirrors of INDEX/simple, the policy can say so: indexes = [{ name = "NAME", url = "INDEX/simple" },'
        ' { name = "NAME", url = "file://TMP/near/simple", mirror-of = "NAME" },'
        ' { name = "NAME", url = "file://TMP/far/simple", mirror-of = "NAME" }]'
    )
    assert ages == (
        "safe-pip: warned: lib0 1.0, lib12 1.0, lib15 1.0 and 7 more: minimum-age: the upload time is not known:"
        " file://TMP/near/simple does not tell when it was uploaded"
    )
    assert len(lab.installed()) == COUNT + 1


def test_with_the_entry_that_was_told_there_is_nothing_to_say(lab):
    """Not even the age: the original knows it of the same file."""
    lab.policy('extends = "baseline"\n')
    (rivals,) = (line for line in ours(lab.install("--dry-run", "lab")) if "mirror-of" in line)
    entry = rivals[rivals.index("indexes = [") :].replace("TMP", str(lab.tmp)).replace("INDEX", lab.index.root)
    lab.policy(f'extends = "baseline"\n{entry}\n[advisories]\nsources = ["advisories"]\n')
    lab.write("advisories/X-1.json", '{"id": "X-1", "modified": "2026-01-01T00:00:00Z", "affected": []}')
    assert ours(lab.install("lab")) == []
    assert lab.run("policy", "check", "policy.toml").out == "policy.toml: no error, and nothing to doubt\n"


MIRROR = """[[indexes]]
name = "main"
url = "{main}"
[[indexes]]
name = "near"
url = "{near}"
{mirror}
"""


def with_mirror(shell, *files, mirror='mirror-of = "main"', rules="[rules.indexes]\n"):
    near = copy(shell, "near", *files)
    shell.environ["PIP_EXTRA_INDEX_URL"] = near
    shell.policy(rules + MIRROR.format(main=shell.index.url, near=near, mirror=mirror))


def test_a_name_of_two_indexes_is_still_denied_where_neither_is_a_mirror(shell):
    file = shell.offer("app", "1.0")
    shell.offer("app", "9.0")
    with_mirror(shell, file, mirror="")
    assert "main offers app, and so does near, with other files; nothing says which is meant" in shell.refuses(
        "install", "app==9.0"
    )
    with_mirror(shell, mirror='mirror-of = "main"')
    assert shell.install("app==9.0").exit == 0


def forged(shell, *, version="1.0"):
    """A file that the default index offers too, with other bytes."""
    filename, data = make_wheel("app", version, files={"app/__init__.py": "evil = True\n"})
    return type("File", (), {"filename": filename, "data": data})


def test_a_mirror_that_offers_other_bytes_is_passed_over_and_told(shell):
    shell.offer("app", "1.0")
    with_mirror(shell, forged(shell))
    done = shell.install("app")
    assert (done.exit, shell.installed()) == (0, {"app": "1.0"})
    assert done.err == (
        "safe-pip: app app-1.0-py3-none-any.whl instead of app-1.0-py3-none-any.whl: indexes: near offers other bytes"
        " under the name app-1.0-py3-none-any.whl than main does; way out: find out which are right; until then take"
        " near out of [[indexes]]\n"
    )
    assert not (shell.site / "app" / "__init__.py").read_text().startswith("evil")


def test_what_pip_would_take_is_refused_where_that_is_the_forged_file(shell):
    shell.offer("app", "1.0")
    with_mirror(shell, forged(shell), rules='select = "strict"\n[rules.indexes]\n')
    err = shell.refuses("install", "app")
    assert "near offers other bytes under the name app-1.0-py3-none-any.whl than main does" in err
    assert "rules.indexes.altered" in err


def test_a_mirror_that_tells_no_hash_has_to_keep_those_of_its_original(shell):
    shell.offer("app", "1.0")
    with_mirror(shell, forged(shell))
    page = shell.tmp / "near/simple/app/index.html"
    page.write_text(re.sub("#sha256=[0-9a-f]+", "", page.read_text()))
    err = shell.refuses("install", "app")
    assert "has sha256" in err
    assert "was promised" in err


def test_a_mirrors_own_build_of_a_version_of_its_original_has_no_age(shell):
    """Whatever the mirror says of it: here, that it is old."""
    shell.offer("app", "1.0", upload_time=OLD)
    with LocalIndex() as near:
        near.add(*make_wheel("app", "1.0", build="1", files={"app/__init__.py": ""}), upload_time=OLD)
        shell.environ["PIP_EXTRA_INDEX_URL"] = near.url
        entry = MIRROR.format(main=shell.index.url, near=near.url, mirror='mirror-of = "main"')
        shell.policy('select = "strict"\n[rules.indexes]\n[rules.minimum-age]\n' + entry)
        err = shell.refuses("install", "app", code=11)
    assert (
        "  minimum-age       the upload time is not known: main has other files of app 1.0 than this one, and what its"
        " mirror near says of that is not believed\n"
    ) in err
